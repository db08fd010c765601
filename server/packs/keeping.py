"""Which version of a pack is in force: migrate keeps what the program brings, a district puts its own in its place.

A version never changes. A case refers to the version that it was made under; new cases and tablets take the one in
force, without a restart.
"""

import json
from datetime import datetime
from typing import Any

from server.audit import service as audit
from server.db import Connection
from server.errors import BadInput
from server.packs import SQL, names, read_folder
from server.packs.check import found_wrong
from server.packs.folder import Finding, Written
from server.people.service import only_admin
from server.protocol.wire import sha256
from server.security import Viewer


class FaultyPack(BadInput):
    """A pack that was refused whole; `findings` say where and why. What was in force stays."""

    sentence = "The pack was refused whole: {first}. The one in force stays."

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(first=findings[0].text())


def keep_shipped(conn: Connection) -> None:
    """Keeps every pack that came with the program; tablets of districts that follow a new one are told."""
    for code in names():
        version = _keep(conn, code, read_folder(code))
        if SQL.ship(conn, code=code, version_id=version) is not None:
            list(SQL.tell_followers(conn, code=code, version_id=version))


def put(
    conn: Connection, district_id: int, written: Written, who: Viewer | None, address: str, now: datetime
) -> int:
    """Puts a pack in force in one district: the version's id. FaultyPack when anything is wrong with it."""
    if findings := found_wrong(written):
        raise FaultyPack(findings)
    code, version = written.data["code"], _keep(conn, written.data["code"], written.data)
    _in_force(conn, district_id, version, code, written.main.name, who, now)
    _told(conn, district_id, code, version, who, address, now)
    return version


def follow(
    conn: Connection, district_id: int, code: str, who: Viewer | None, address: str, now: datetime
) -> None:
    """From now on the district has the pack `code` as the program brings it, and as later programs will."""
    if code not in names():
        raise BadInput("There is no pack called {code}.", code=code)
    _in_force(conn, district_id, None, code, "", who, now)
    SQL.follow(conn, district_id=district_id, code=code)
    version = SQL.current_version(conn, district_id=district_id)["id"]
    _told(conn, district_id, code, version, who, address, now)


def administered(viewer: Viewer) -> int:
    """The district whose packs the viewer may change."""
    return only_admin(viewer)


def _keep(conn: Connection, code: str, data: dict[str, Any]) -> int:
    body = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return int(SQL.keep_version(conn, code=code, sha256=sha256(body), body=body))


def _in_force(
    conn: Connection,
    district_id: int,
    version: int | None,
    code: str,
    file: str,
    who: Viewer | None,
    now: datetime,
) -> None:
    SQL.put(conn, district_id=district_id, version_id=version, code=code, file=file, now=now,
            put_by=who.person_id if who else None)  # fmt: skip


def _told(
    conn: Connection,
    district_id: int,
    code: str,
    version: int,
    who: Viewer | None,
    address: str,
    now: datetime,
) -> None:
    """The log of the administrator, and the log that tablets follow."""
    audit.log(
        conn, "pack_put", who, address, {"district": district_id, "pack": code, "version": version}, now
    )
    list(SQL.tell(conn, district_id=district_id, code=code, version_id=version))
