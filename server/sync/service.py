"""What has changed in a tablet's scope since it last asked, in the order of commits (server/PROTOCOL.md)."""

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.cases import service as cases
from server.cases.view import iso
from server.db import Connection, queries
from server.errors import BadInput, DeviceRevoked, XungeError
from server.grids import service as grids
from server.holds import told as holds
from server.packs import body_of, current
from server.protocol.wire import ENVELOPE, sha256, time_text
from server.security import DeviceViewer, Viewer
from server.telling import service as telling

sql = queries(__file__)
LOG_PAGE, SNAPSHOT_PAGE, TIMELINE = 1000, 200, 30
FIRST_MESSAGES = 50
KEEP_CLOSED_DAYS = 30
NOTHING = uuid.UUID(int=0)


class CursorGone(XungeError):
    status, code = 410, "cursor_gone"
    sentence = (
        "The server's log was restored or trimmed. Fetch everything again; what waits to be sent stays."
    )


@dataclass(frozen=True)
class Cursor:
    """How far a tablet has followed: in epoch `epoch` and scope `scope`, up to (`seq`, `n`) of the log.

    While its first copy is under way `after` is the id of the last case that it got.
    """

    epoch: str
    scope: str
    seq: int
    n: int = 1 << 30
    after: str | None = None

    def text(self) -> str:
        raw = json.dumps([self.epoch, self.scope, self.seq, self.n, self.after])
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        try:
            epoch, scope, seq, n, after = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(
                str(epoch), str(scope), int(seq), int(n), None if after is None else str(uuid.UUID(after))
            )
        except (ValueError, TypeError):
            raise BadInput("The cursor is not one that this server gave.") from None


def scope_hash(viewer: Viewer) -> str:
    """What the viewer may see, as a short text that changes when it does."""
    return sha256(json.dumps(viewer.scope_params(), sort_keys=True))[:16]


def keep_closed_since(conn: Connection, viewer: Viewer, now: datetime) -> datetime:
    """Closed cases from before this local midnight leave the tablets; said to both sides, so that they agree."""
    zone = ZoneInfo(_district(conn, viewer)["timezone"])
    return datetime.combine(now.astimezone(zone).date() - timedelta(days=KEEP_CLOSED_DAYS), time(), zone)


def _district(conn: Connection, viewer: Viewer) -> dict[str, Any]:
    return next(row for row in cases.sql.timezones(conn) if row["id"] == viewer.district_id)


def district_json(conn: Connection, viewer: Viewer) -> dict[str, Any]:
    """The district of the tablet's person: code, name, timezone."""
    row = _district(conn, viewer)
    return {"code": row["code"], "name": row["name"], "timezone": row["timezone"]}


def person_json(viewer: Viewer) -> dict[str, Any]:
    """Who the tablet belongs to, and who that is to the transition table."""
    actor = viewer.actor()
    return {
        "id": viewer.person_id,
        "name": viewer.name,
        "role": viewer.role,
        "organisation": viewer.organisation_name,
        "actor": {
            "person": actor.person,
            "role": actor.role,
            "duties": sorted(actor.duties),
            "organisation": actor.organisation,
            "nodes": sorted(actor.nodes),
        },
    }


def changes(
    conn: Connection, device: DeviceViewer, cursor_text: str, limit: int, now: datetime
) -> dict[str, Any]:
    """What changed since the cursor, in the order of commits: never a row missed, some perhaps told twice."""
    if device.state == "revoked":
        raise DeviceRevoked
    viewer = device.viewer
    at = sql.position_now(conn, district_id=viewer.district_id)
    since = keep_closed_since(conn, viewer, now)
    scope = scope_hash(viewer)
    cursor = Cursor.read(cursor_text) if cursor_text else None
    if cursor and (
        cursor.epoch != str(at["epoch"]) or cursor.seq > at["seq"] or cursor.seq < at["oldest"] - 1
    ):
        raise CursorGone
    found: list[dict[str, Any]] = []
    if cursor is None or cursor.scope != scope:
        found = _beginning(conn, device, at["seq"], cursor is not None, now)
        cursor = Cursor(str(at["epoch"]), scope, at["seq"], after=str(NOTHING))
    if cursor.after is not None:
        rows = list(
            sql.snapshot_page(
                conn,
                **viewer.scope_params(),
                after_id=uuid.UUID(cursor.after),
                keep_closed_since=since,
                limit=min(limit, SNAPSHOT_PAGE),
            )
        )
        found += _case_changes(conn, viewer, rows, cursor.seq, now)
        more = len(rows) == min(limit, SNAPSHOT_PAGE)
        following = Cursor(cursor.epoch, scope, cursor.seq, cursor.n, str(rows[-1]["id"]) if more else None)
        more = more or cursor.seq < at["seq"]
    else:
        followed, following, more = _follow(conn, device, cursor, limit, since, now)
        found += followed
    return {"changes": found, "cursor": following.text(), "more": more, "keep_closed_since": iso(since)}


def _beginning(
    conn: Connection, device: DeviceViewer, seq: int, anew: bool, now: datetime
) -> list[dict[str, Any]]:
    """What comes before the first case: forget what was (when the scope changed), who, pack, grids, messages, and what
    was decided about held acts of this tablet."""
    viewer = device.viewer
    found = [{"seq": seq, "kind": "leave", "id": "*", "version": None, "body": None}] if anew else []
    found.append(
        {
            "seq": seq,
            "kind": "person",
            "id": str(viewer.person_id),
            "version": None,
            "body": person_json(viewer),
        }
    )
    found += _pack_change(conn, viewer, seq) + _grid_change(conn, viewer, seq)
    newest = telling.page(conn, viewer, FIRST_MESSAGES, None, now)["items"]
    found += [_message_change(message, seq) for message in reversed(newest)]
    decided = holds.decisions(conn, device.device_id, viewer.lang)
    return found + [_decision_change(decision, seq) for decision in decided]


def _pack_change(conn: Connection, viewer: Viewer, seq: int) -> list[dict[str, Any]]:
    version, pack = current(conn, viewer.district_id)
    return [{"seq": seq, "kind": "pack", "id": pack.code, "version": version, "body": body_of(conn, version)}]


def _grid_change(conn: Connection, viewer: Viewer, seq: int) -> list[dict[str, Any]]:
    package = grids.package(conn, sorted(viewer.nodes)) if viewer.nodes else None
    return (
        [{"seq": seq, "kind": "grid", "id": "package", "version": None, "body": package}] if package else []
    )


def _message_change(message: dict[str, Any], seq: int) -> dict[str, Any]:
    return {"seq": seq, "kind": "message", "id": str(message["id"]), "version": None, "body": message}


def _decision_change(decision: dict[str, Any], seq: int) -> dict[str, Any]:
    return {"seq": seq, "kind": "decision", "id": decision["command_id"], "version": None, "body": decision}


def _case_changes(
    conn: Connection, viewer: Viewer, rows: Sequence[dict[str, Any]], seq: int, now: datetime
) -> list[dict[str, Any]]:
    # Unmasked: who works on the spot must be able to call, without a network; the tablet is sealed.
    whole = cases.whole_cases(conn, rows, viewer.lang, now, bare=True)
    timelines = cases.timelines(conn, [row["id"] for row in rows], viewer.lang, bare=True)
    for row, case in zip(rows, whole, strict=True):
        case["events"] = timelines.get(row["id"], [])[-TIMELINE:]
        for photo in case["attachments"]:
            photo["url"] = f"/sync/v1/attachments/{photo['id']}"
            photo["thumb_url"] = f"{photo['url']}?thumb=1"
    return [
        {"seq": seq, "kind": "case", "id": case["id"], "version": case["version"], "body": case}
        for case in whole
    ]


def _follow(
    conn: Connection, device: DeviceViewer, cursor: Cursor, limit: int, since: datetime, now: datetime
) -> tuple[list[dict[str, Any]], Cursor, bool]:
    """The next rows of the log that concern the viewer; a case that is no longer visible leaves."""
    page, viewer = min(limit, LOG_PAGE), device.viewer
    scope = viewer.scope_params()
    log = list(
        sql.log_page(
            conn,
            district_id=viewer.district_id,
            nodes=sorted(viewer.nodes),
            organisations=[scope["organisation"]],
            people=[scope["person"]],
            seq=cursor.seq,
            n=cursor.n,
            limit=page,
        )
    )
    if not log:
        return [], cursor, False
    latest = {(row["kind"], row["id"]): row["seq"] for row in log if row["mine"]}
    ids = [uuid.UUID(id_) for kind, id_ in latest if kind == "case"]
    rows = [
        r
        for r in cases.sql.many_by_id(conn, **scope, ids=ids)
        if r["closed_at"] is None or r["closed_at"] >= since
    ]
    found: list[dict[str, Any]] = []
    for (kind, id_), seq in latest.items():
        if kind == "pack":
            found += _pack_change(conn, viewer, seq)
        elif kind == "grid":
            found += _grid_change(conn, viewer, seq)
        elif kind == "case" and uuid.UUID(id_) not in {r["id"] for r in rows}:
            found.append({"seq": seq, "kind": "leave", "id": id_, "version": None, "body": None})
    for change in _case_changes(conn, viewer, rows, cursor.seq, now):
        found.append({**change, "seq": latest["case", change["id"]]})
    messages = [int(id_) for kind, id_ in latest if kind == "message"]
    for message in telling.by_id(conn, viewer, messages) if messages else ():
        found.append(_message_change(message, latest["message", str(message["id"])]))
    decided = [id_ for kind, id_ in latest if kind == "decision"]
    for decision in holds.decisions(conn, device.device_id, viewer.lang, decided) if decided else ():
        found.append(_decision_change(decision, latest["decision", decision["command_id"]]))
    last = log[-1]
    return (
        sorted(found, key=lambda c: c["seq"]),
        Cursor(cursor.epoch, cursor.scope, last["seq"], last["n"]),
        len(log) == page,
    )


def digest(conn: Connection, device: DeviceViewer, cursor_text: str, now: datetime) -> dict[str, Any]:
    """How many cases the tablet should hold, and a hash over their ids and versions.

    Only a tablet that has followed to the end can compare: with a cursor that is behind, the answer is "catch up".
    """
    viewer = device.viewer
    at = sql.position_now(conn, district_id=viewer.district_id)
    if cursor_text:
        cursor = Cursor.read(cursor_text)
        if (cursor.epoch, cursor.scope, cursor.after) != (str(at["epoch"]), scope_hash(viewer), None) or (
            sql.behind(conn, district_id=viewer.district_id, seq=cursor.seq, n=cursor.n)
        ):
            return {"catch_up": True}
    rows = list(
        sql.digest_rows(conn, **viewer.scope_params(), keep_closed_since=keep_closed_since(conn, viewer, now))
    )
    text = "\n".join(f"{row['id']}:{row['version']}" for row in rows)
    here = cursor_text or Cursor(str(at["epoch"]), scope_hash(viewer), at["seq"]).text()
    told = {"cursor": here, "count": len(rows), "digest": sha256(text)}
    return {"catch_up": False, "scope_hash": scope_hash(viewer), **told}


def stamp(now: datetime) -> dict[str, str]:
    """What every answer to a tablet carries."""
    return {"envelope": ENVELOPE, "server_time": time_text(now)}
