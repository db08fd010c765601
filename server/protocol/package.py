"""The tablet's offline package as a file: SQLite tables, a hash of their rows, and the step from one to the next.

A whole package is the step from nothing. What is applied is copied row by row into tables that this module made itself:
of a file from elsewhere only its rows are read, never its schema.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import accumulate
from typing import Any

FORMAT = "xunge-package/2"
# Table → its columns, the first ones the key, with how many of them; what a file of another format has is not read.
TABLES: dict[str, tuple[int, tuple[str, ...]]] = {
    "about": (1, ("key", "value")),
    "nodes": (1, ("id", "code", "name", "level", "parent", "kind", "part", "lon", "lat", "shape")),
    "basemap": (1, ("id", "feature")),
    "layers": (1, ("code", "name", "kind", "category_system", "category_code")),
    "facilities": (2, ("layer", "code", "name", "lon", "lat", "grid", "properties", "shape")),
    "pack": (1, ("version", "body")),
}
PER_DEGREE = 10**7
INTEGERS = {"id", "level", "parent", "version"}
NUMBERS = {"lon", "lat"}
Row = Sequence[Any]
Rows = Mapping[str, Iterable[Row]]


class NotAPackage(Exception):
    """The bytes are no package, or not the step that they should be; nothing of them was taken."""


def made_of(rows: Rows) -> bytes:
    """A whole package with these rows by table; the same rows give the same content."""
    with closing(_new()) as made:
        for table, of_table in rows.items():
            _put(made, table, of_table)
        return _finished(made, "")


def content_of(package: bytes) -> str:
    """What a package says that its content is: the hash after it was applied, hexadecimal SHA-256."""
    return _told(package)["content"]


def step(old: bytes, new: bytes) -> bytes:
    """What leads from one whole package to another: the rows that came or changed, and the keys of those that went."""
    with closing(_opened(old)) as before, closing(_opened(new)) as after, closing(_new()) as made:
        for table, (keys, _) in TABLES.items():
            known = {row[:keys]: row for row in _rows(before, table)}
            now = {row[:keys]: row for row in _rows(after, table)}
            _put(made, table, (row for key, row in now.items() if known.get(key) != row))
            gone = [(table, _text(list(key))) for key in known if key not in now]
            made.executemany("insert into gone values (?, ?)", gone)
        return _finished(made, hash_of(before), hash_of(after))


def applied(held: bytes | None, came: bytes) -> bytes:
    """The whole package after a file that came; `held` is the package that is here. Raises NotAPackage.

    Either everything fits – the file starts from what is held, and what comes out has the content that it names – or
    nothing is taken of it.
    """
    told = _told(came)
    with closing(_new()) as made, closing(_opened(came)) as file:
        try:
            if told["base"]:
                if held is None:
                    raise NotAPackage("a difference from a package that is not here")
                with closing(_opened(held)) as before:
                    if hash_of(before) != told["base"]:
                        raise NotAPackage("a difference from another package")
                    for table in TABLES:
                        _put(made, table, _rows(before, table))
            for table, key in file.execute("select tbl, key from gone"):
                _delete(made, str(table), json.loads(key))
            for table in TABLES:
                _put(made, table, _rows(file, table))
        except (sqlite3.Error, ValueError, TypeError) as fault:
            raise NotAPackage(str(fault)) from fault
        if hash_of(made) != told["content"]:
            raise NotAPackage("not the content that it names")
        return _finished(made, "")


def opened(package: bytes) -> sqlite3.Connection:
    """A whole package, in memory, for reading. Raises NotAPackage."""
    _told(package)
    return _opened(package)


def facilities_of(file: bytes) -> dict[str, int]:
    """How many facilities of each layer a file puts, whole or a difference."""
    with closing(opened(file)) as conn:
        return dict(conn.execute("select layer, count(*) from facilities group by layer").fetchall())


def bounds_of(conn: sqlite3.Connection) -> tuple[float, float, float, float]:
    """West, south, east, north of an opened package, degrees."""
    found = conn.execute("select value from about where key = 'bounds'").fetchone()
    west, south, east, north = json.loads(found[0])
    return west, south, east, north


def packed_shape(polygons: Sequence[Sequence[Sequence[Sequence[float]]]]) -> str:
    """The coordinates of a MultiPolygon (degrees) as text: each ring a list of whole numbers in 1e-7 degree, the first
    place and from then on the way to the next one. A third of what degrees take, and still to be read by anybody."""
    return _text([[_ways(ring) for ring in polygon] for polygon in polygons])


def unpacked_shape(text: str) -> list[list[list[tuple[float, float]]]]:
    """The coordinates of a MultiPolygon again, degrees."""
    return [[_places(ways) for ways in polygon] for polygon in json.loads(text)]


def _ways(ring: Sequence[Sequence[float]]) -> list[int]:
    ways, x, y = [], 0, 0
    for lon, lat in ring:
        at = round(lon * PER_DEGREE), round(lat * PER_DEGREE)
        ways += [at[0] - x, at[1] - y]
        x, y = at
    return ways


def _places(ways: Sequence[int]) -> list[tuple[float, float]]:
    return [
        (x / PER_DEGREE, y / PER_DEGREE)
        for x, y in zip(accumulate(ways[::2]), accumulate(ways[1::2]), strict=True)
    ]


def signed_text(key: str, content: str, file: str, tiles: str) -> bytes:
    """What the office signs: whose package of which state (its key), the content, the file that leads there (SHA-256)
    and the file of map pictures beside it (SHA-256, "" for none)."""
    return "\n".join((FORMAT, key, content, file, tiles)).encode()


def hash_of(conn: sqlite3.Connection) -> str:
    """The content of all tables: every row in the order of its keys as JSON, hashed by table, then over the tables."""
    whole = hashlib.sha256()
    for table in TABLES:
        one = hashlib.sha256()
        for row in _rows(conn, table):
            one.update(_text(list(row)).encode() + b"\n")
        whole.update(f"{table} {one.hexdigest()}\n".encode())
    return whole.hexdigest()


def _new() -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("pragma page_size = 1024")  # a difference of one row stays small
    for table, (keys, columns) in TABLES.items():
        typed = ", ".join(f"{name} {_kind(name)}" for name in columns)
        conn.execute(
            f"create table {table} ({typed}, primary key ({', '.join(columns[:keys])})) without rowid"
        )
    conn.execute("create index facilities_place on facilities (layer, lat)")
    conn.execute("create table gone (tbl text, key text)")
    conn.execute("create table file (format text, base text, content text)")
    return conn


def _kind(column: str) -> str:
    return "integer" if column in INTEGERS else "real" if column in NUMBERS else "text"


def _put(conn: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    columns = TABLES[table][1]
    conn.execute("begin")
    conn.executemany(f"insert or replace into {table} values ({', '.join('?' * len(columns))})", rows)
    conn.execute("commit")


def _delete(conn: sqlite3.Connection, table: str, key: Any) -> None:
    if table not in TABLES:
        raise NotAPackage(f"a table {table}")
    keys, columns = TABLES[table]
    wanted = " and ".join(f"{name} = ?" for name in columns[:keys])
    conn.execute(f"delete from {table} where {wanted}", key)


def _rows(conn: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    keys, columns = TABLES[table]
    order = ", ".join(columns[:keys])
    yield from conn.execute(f"select {', '.join(columns)} from {table} order by {order}")


def _finished(conn: sqlite3.Connection, base: str, content: str = "") -> bytes:
    conn.execute("delete from file")
    conn.execute("insert into file values (?, ?, ?)", (FORMAT, base, content or hash_of(conn)))
    return conn.serialize()


def _opened(package: bytes) -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        conn.deserialize(package)
        conn.execute("pragma trusted_schema = off")
        conn.execute("pragma query_only = on")
        if conn.execute("pragma quick_check(1)").fetchone()[0] != "ok":
            raise NotAPackage("a damaged file")
    except (sqlite3.Error, OverflowError) as fault:
        conn.close()
        raise NotAPackage(str(fault)) from fault
    except NotAPackage:
        conn.close()
        raise
    return conn


def _told(package: bytes) -> dict[str, str]:
    """What a file says of itself: base and content, "" and hash for a whole one."""
    with closing(_opened(package)) as conn:
        try:
            found = conn.execute("select format, base, content from file").fetchone()
        except sqlite3.Error as fault:
            raise NotAPackage(str(fault)) from fault
    if found is None or found[0] != FORMAT:
        raise NotAPackage(f"not of the format {FORMAT}")
    return {"base": str(found[1]), "content": str(found[2])}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
