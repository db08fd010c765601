"""Configuration as data: packs are read from folders here, checked, kept as versions, and never branch the code."""

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

from server.db import Connection, queries
from server.errors import SetupFault
from server.packs.check import found_wrong
from server.packs.folder import FOLDER, MAIN, read_written
from server.protocol.pack import Pack, read_pack

SQL = queries(__file__)


def read_folder(code: str) -> dict[str, Any]:
    """The data of the pack in folder `code`, in one piece. SetupFault with file, line and reason when it is faulty."""
    written = read_written(FOLDER / code)
    findings = found_wrong(written)
    if findings:
        raise SetupFault("The pack {code} cannot be used: {reason}", code=code, reason=findings[0].text())
    return written.data


def names() -> list[str]:
    """The codes of all packs that come with this program."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{MAIN}"))


def current(conn: Connection, district_id: int) -> tuple[int, Pack]:
    """The pack that new cases of the district are made under, and its version's id (`migrate` stores them)."""
    version = SQL.current_version(conn, district_id=district_id)
    if version is None:
        raise SetupFault("The pack of district {district} is not stored; run migrate.", district=district_id)
    return int(version["id"]), _pack(conn, version)


def pack_of_version(conn: Connection, version_id: int) -> Pack:
    """The pack as it was in that version."""
    return _pack(conn, SQL.version(conn, version_id=version_id))


def pack_known(conn: Connection, version_id: int, sha256: str) -> Pack:
    """The same for whoever has read the version's digest in a query of his own."""
    return _pack(conn, {"id": version_id, "sha256": sha256})


def body_of(conn: Connection, version_id: int) -> dict[str, Any]:
    """The data of a pack version, as `read_pack` takes it: what tablets are sent."""
    return dict(json.loads(SQL.body(conn, version_id=version_id)["body"]))


# A body is large and a version never changes: it is read once, and known again by its digest in whatever database.
_read: OrderedDict[str, Pack] = OrderedDict()
_reading = Lock()
KEPT = 64


def _pack(conn: Connection, version: dict[str, Any]) -> Pack:
    digest = version["sha256"]
    with _reading:
        if digest in _read:
            _read.move_to_end(digest)
            return _read[digest]
    pack = read_pack(body_of(conn, version["id"]))
    with _reading:
        _read[digest] = pack
        while len(_read) > KEPT:
            _read.popitem(last=False)
    return pack
