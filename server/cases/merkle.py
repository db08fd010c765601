"""A hash tree as in RFC 6962: one root for many lines, and a short proof that a line is among them.

A leaf is SHA-256(0x00 || line), a node SHA-256(0x01 || left || right); the left side of a node holds the largest power
of two of leaves that leaves some for the right.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").hexdigest()


def leaf(line: str) -> bytes:
    return sha256(b"\x00" + line.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The root of lines that come one by one, with no more memory than the tree is high."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, line: str) -> None:
        self._whole.append(leaf(line))
        self.size += 1
        size = self.size
        while size % 2 == 0:
            right = self._whole.pop()
            self._whole.append(node(self._whole.pop(), right))
            size //= 2

    @property
    def root(self) -> str:
        """Lower-case hex; of no lines the hash of nothing."""
        if not self._whole:
            return EMPTY
        *rest, top = self._whole
        for left in reversed(rest):
            top = node(left, top)
        return top.hex()


def path(lines: Sequence[str], index: int) -> list[str]:
    """The hashes beside the way from line `index` up to the root, lowest first."""
    if len(lines) < 2:
        return []
    split = 1 << (len(lines) - 1).bit_length() - 1
    if index < split:
        return [*path(lines[:split], index), _root(lines[split:])]
    return [*path(lines[split:], index - split), _root(lines[:split])]


def _root(lines: Iterable[str]) -> str:
    tree = Tree()
    for line in lines:
        tree.add(line)
    return tree.root


def root_by(line: str, index: int, size: int, beside: Sequence[str]) -> str:
    """The root that line `index` of `size` has by its path: the line is in the tree whose root this is."""
    if size < 2:
        return leaf(line).hex()
    split = 1 << (size - 1).bit_length() - 1
    *lower, top = beside
    if index < split:
        return node(bytes.fromhex(root_by(line, index, split, lower)), bytes.fromhex(top)).hex()
    return node(bytes.fromhex(top), bytes.fromhex(root_by(line, index - split, size - split, lower))).hex()
