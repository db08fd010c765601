"""A package is rows with a hash: from any one to any other leads a step, and nothing else is taken."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile.core.package import Package
from server.protocol.package import (
    NotAPackage,
    Rows,
    applied,
    content_of,
    made_of,
    packed_shape,
    step,
    unpacked_shape,
)

WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
DEGREES = st.floats(103, 105)
CODES = st.sampled_from(["1", "2", "3", "4", "路灯"])


def keyed(row: st.SearchStrategy[tuple[Any, ...]], keys: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(row, max_size=6, unique_by=lambda one: one[:keys])


ROWS = st.fixed_dictionaries(
    {
        "about": keyed(st.tuples(st.sampled_from(["key", "error_m"]), st.integers(0, 9).map(json.dumps)), 1),
        "nodes": keyed(
            st.tuples(
                st.integers(1, 6), CODES, WORDS, st.integers(0, 3), st.none() | st.integers(1, 6), WORDS,
                st.sampled_from(["scope", "above", "neighbour"]), DEGREES, DEGREES, st.none() | st.just("[]"),
            ),
            1,
        ),
        "layers": keyed(st.tuples(CODES, WORDS, st.just("point"), WORDS, WORDS), 1),
        "facilities": keyed(
            st.tuples(CODES, CODES, WORDS, DEGREES, DEGREES, CODES, st.just("{}"), st.none()), 2
        ),
    }
)  # fmt: skip


FEW = settings(max_examples=30, deadline=None)


@FEW
@given(before=ROWS, after=ROWS, elsewhere=ROWS)
def test_a_step_leads_from_any_package_to_any_other_and_from_no_third_one(
    before: Rows, after: Rows, elsewhere: Rows
) -> None:
    old, new, other = made_of(before), made_of(after), made_of(elsewhere)
    there = applied(old, step(old, new))
    assert content_of(there) == content_of(applied(None, new)) == content_of(new)
    assert Package(there).ground() == Package(new).ground()
    for held in {other, None} - {old}:
        if held is None or content_of(held) != content_of(old):
            with pytest.raises(NotAPackage):
                applied(held, step(old, new))


@FEW
@given(rows=ROWS, at=st.floats(0, 1, exclude_max=True), other=st.integers(1, 255))
def test_a_file_with_another_byte_gives_the_same_rows_or_nothing(rows: Rows, at: float, other: int) -> None:
    whole = made_of(rows)
    place = int(at * len(whole))
    spoilt = whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :]
    try:
        taken = applied(None, spoilt)
    except NotAPackage:
        return
    # Spare bytes of a page may differ: its rows then are what they were.
    assert content_of(taken) == content_of(whole) and Package(taken).ground() == Package(whole).ground()


def changed(package: bytes, *statements: str) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.deserialize(package)
        for statement in statements:
            conn.execute(statement)
        return conn.serialize()


@pytest.mark.parametrize(
    "statements",
    [
        ["update file set format = 'xunge-package/1'"],
        ["drop table file"],
        ["drop table nodes"],
        ["insert into gone values ('sqlite_master', '[1]')"],
        ["insert into gone values ('layers', 'no json')"],
        ["insert into gone values ('facilities', '[1]')"],
        ["insert into layers values ('more', '', 'point', '', '')"],
        ["drop table layers", "create view layers as select * from no_such_table"],
    ],
)
def test_a_file_of_another_make_is_refused_whole(statements: list[str]) -> None:
    whole = made_of({"layers": [("lamps", "路灯", "point", "", "")]})
    with pytest.raises(NotAPackage):
        applied(None, changed(whole, *statements))


LAMPS = made_of(
    {
        "layers": [(code, code, "point", "", "") for code in ("lamps", "bins")],
        "facilities": [
            (layer, str(number), "", 104 + number * 0.0001, lat, "", "{}", None)
            for layer, lat in (("lamps", 30.0), ("bins", 30.001))
            for number in range(100)
        ],
    }
)


@settings(deadline=None)
@given(lon=st.floats(103.99, 104.02), lat=st.floats(29.99, 30.01), radius=st.floats(1, 3000))
def test_the_nearest_are_those_that_measuring_all_of_them_gives(
    lon: float, lat: float, radius: float
) -> None:
    package = Package(LAMPS)
    everything = package.nearest(lon, lat, ["lamps", "bins"], 200, 1_000_000)
    assert len(everything) == 200
    assert (
        package.nearest(lon, lat, ["bins", "lamps"], 5, radius)
        == [one for one in everything if one[1] <= radius][:5]
    )
    in_box = package.facilities_within(104.0005, 29.9999, 104.0010, 30.0005, ["lamps", "bins"])
    assert {(one.layer, one.code) for one in in_box} == {("lamps", str(n)) for n in range(5, 11)}


PLACE = st.tuples(st.integers(-1_800_000_000, 1_800_000_000), st.integers(-900_000_000, 900_000_000))
RING = st.lists(PLACE.map(lambda at: (at[0] / 1e7, at[1] / 1e7)), min_size=1, max_size=8)


@given(shape=st.lists(st.lists(RING, max_size=3), max_size=3))
def test_a_shape_comes_back_to_the_last_of_its_seven_decimals(
    shape: list[list[list[tuple[float, float]]]],
) -> None:
    assert unpacked_shape(packed_shape(shape)) == shape
