"""Proves that what was anchored still stands: the anchors, their files, and every head in the chains of today.

With files that were kept outside this finds what the chains alone cannot tell: a tail that was cut off, or a chain that
was written anew with hashes that fit. What happened since the last anchor is beyond it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from server.audit import access
from server.cases import merkle
from server.cases.anchors import AT_ONCE, HEADER, HEADS, SQL, Anchor, Head, line_of, read_anchor, read_heads
from server.cases.link import Break
from server.db import Connection
from server.errors import BadInput, NotFound


def _(msgid: str) -> str:
    return msgid


GONE = _("anchor {anchor} of {day} holds this event, but it is not there")
REWRITTEN = _("anchor {anchor} of {day} holds another event at this place")
# These are of no case.
ALTERED_ROW = _("Anchor {anchor} of {day} in the database was altered or does not follow the one before")
ALTERED_FILE = _("File {file} was altered or is not an anchor")
OTHER_HEADS = _("File {file} does not hold what anchor {anchor} of {day} stands for")
NO_HEADS = _("File {file} is missing")
NO_ROW = _("The database has no anchor {anchor} of {day}, or another one under this number")
NO_FILE = _("The files of anchor {anchor} are missing between others")
ACCESS_CUT = _("The access log does not hold row {n} as anchor {anchor} of {day} has it")
ACCESS_BROKEN = _("The access log is broken at row {n}")


@dataclass
class Anchored:
    """How many anchors and heads were compared, and what does not hold. A fault of no case has an empty number."""

    anchors: int = 0
    heads: int = 0
    broken: list[Break] = field(default_factory=list)

    def fault(self, why: str, **params: Any) -> None:
        self.broken.append(Break("", 0, why, params))


def verify_records(conn: Connection) -> Anchored:
    """What needs no file: the access log and the table of anchors follow on, and agree with each other."""
    found = Anchored()
    _rows, broken = access.verify_access(conn)
    if broken is not None:
        found.fault(ACCESS_BROKEN, n=broken)
    previous = ""
    for n, row in enumerate(SQL.all_anchors(conn), 1):
        anchor, stated = _of_row(row)
        if anchor.n != n or anchor.previous != previous or anchor.hash != stated:
            found.fault(ALTERED_ROW, anchor=n, day=anchor.day)
            break
        previous = stated
        found.anchors += 1
        _compare_access(conn, anchor, found)
    return found


def verify_files(conn: Connection, where: Path) -> Anchored:
    """What needs files: one anchor's, or a folder of them. Raises BadInput when there is none."""
    paths = sorted(where.glob(f"*{HEADER}")) if where.is_dir() else [_header_of(where)]
    if not paths or not paths[0].is_file():
        raise BadInput("There is no anchor in {where}.", where=where)
    rows = {row["n"]: _of_row(row) for row in SQL.all_anchors(conn)}
    found, before = Anchored(), None
    for path in paths:
        try:
            anchor, stated = read_anchor(path)
        except ValueError:
            found.fault(ALTERED_FILE, file=path.name)
            continue
        if anchor.hash != stated or (before and before.n + 1 == anchor.n and before.hash != anchor.previous):
            found.fault(ALTERED_FILE, file=path.name)
            continue
        for missing in range(before.n + 1 if before else anchor.n, anchor.n):
            found.fault(NO_FILE, anchor=missing)
        before = anchor
        if anchor.n not in rows or rows[anchor.n][0].hash != anchor.hash:
            found.fault(NO_ROW, anchor=anchor.n, day=anchor.day)
        _compare_access(conn, anchor, found)
        _compare_heads(conn, anchor, path.with_name(path.name.removesuffix(HEADER) + HEADS), found)
        found.anchors += 1
    return found


def _header_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(HEADS).removesuffix(HEADER) + HEADER)


def _of_row(row: dict[str, Any]) -> tuple[Anchor, str]:
    columns = {**row, "day": row["day"].isoformat() if isinstance(row["day"], date) else row["day"]}
    stated = columns.pop("hash")
    return Anchor(**columns), stated


def _compare_access(conn: Connection, anchor: Anchor, found: Anchored) -> None:
    if anchor.access_n and access.SQL.hash_of_row(conn, n=anchor.access_n) != anchor.access_hash:
        found.fault(ACCESS_CUT, n=anchor.access_n, anchor=anchor.n, day=anchor.day)


def _compare_heads(conn: Connection, anchor: Anchor, path: Path, found: Anchored) -> None:
    """Every head of the file stands in its chain, and the file is what the anchor stands for."""
    if not path.is_file():
        found.fault(NO_HEADS, file=path.name)
        return
    tree = merkle.Tree()
    try:
        for heads in _chunks(read_heads(path)):
            for head in heads:
                tree.add(line_of(head))
            found.broken += _differing(conn, anchor, heads)
    except (ValueError, OSError, EOFError, TypeError):
        found.fault(ALTERED_FILE, file=path.name)
        return
    found.heads += tree.size
    if (tree.size, tree.root) != (anchor.cases, anchor.root):
        found.fault(OTHER_HEADS, file=path.name, anchor=anchor.n, day=anchor.day)


def _chunks(heads: Iterable[Head]) -> Iterator[list[Head]]:
    rows = iter(heads)
    while chunk := list(islice(rows, AT_ONCE)):
        yield chunk


def _differing(conn: Connection, anchor: Anchor, heads: list[Head]) -> list[Break]:
    ids, ns, hashes = (list(column) for column in zip(*heads, strict=True))
    params = {"anchor": anchor.n, "day": anchor.day}
    return [
        Break(row["number"] or row["case_id"], row["n"], REWRITTEN if row["hash"] else GONE, params)
        for row in SQL.heads_that_differ(conn, ids=ids, ns=ns, hashes=hashes)
    ]


def inclusion(folder: Path, case_id: str) -> dict[str, Any]:
    """The newest anchor that holds a case, the case's head in it, and the way from there to the root.

    Whoever has the anchor's header checks it by `merkle.root_by`, without seeing any other case. Raises NotFound.
    """
    for path in sorted(folder.glob(f"*{HEADER}"), reverse=True):
        anchor, stated = read_anchor(path)
        heads = list(read_heads(path.with_name(path.name.removesuffix(HEADER) + HEADS)))
        for index, head in enumerate(heads):
            if head[0] == case_id:
                beside = merkle.path([line_of(one) for one in heads], index)
                return {"anchor": anchor.n, "day": anchor.day, "hash": stated, "root": anchor.root, "head": list(head),
                        "index": index, "size": anchor.cases, "beside": beside}  # fmt: skip
    raise NotFound
