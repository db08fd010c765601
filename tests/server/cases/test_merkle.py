"""One root stands for many lines, and a short way proves that a line is among them."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from server.cases.merkle import EMPTY, Tree, path, root_by

many_lines = st.lists(st.text(max_size=5), max_size=40)


def root_of(lines: list[str]) -> str:
    tree = Tree()
    for line in lines:
        tree.add(line)
    return tree.root


def by_the_book(lines: list[str]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not lines:
        return sha256(b"").digest()
    if len(lines) == 1:
        return sha256(b"\x00" + lines[0].encode()).digest()
    k = 1
    while k * 2 < len(lines):
        k *= 2
    return sha256(b"\x01" + by_the_book(lines[:k]) + by_the_book(lines[k:])).digest()


@given(many_lines)
def test_the_root_is_that_of_the_book(lines: list[str]) -> None:
    assert root_of(lines) == by_the_book(lines).hex()


def test_nothing_has_a_root_of_its_own() -> None:
    assert root_of([]) == EMPTY


@given(many_lines.filter(bool), st.data())
def test_every_line_is_proved_by_the_hashes_beside_its_way_and_no_other_line_is(
    lines: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    beside = path(lines, index)
    assert len(beside) <= (len(lines) - 1).bit_length()
    assert root_by(lines[index], index, len(lines), beside) == root_of(lines)
    assert root_by(lines[index] + "x", index, len(lines), beside) != root_of(lines)
