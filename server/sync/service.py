"""What has changed in a tablet's scope since it last asked, in the order of commits (server/PROTOCOL.md)."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.cases import service as cases
from server.cases.view import iso
from server.content import service as content
from server.db import Connection, queries
from server.errors import DeviceRevoked
from server.grids import service as grids
from server.holds import told as holds
from server.package import service as packages
from server.packs import body_of, current
from server.protocol.package import FORMAT
from server.protocol.wire import ENVELOPE, sha256, time_text
from server.security import DeviceViewer, Viewer
from server.sync.cursors import NOTHING, Cursor, CursorGone, Difference, Scope, epoch_text
from server.sync.records import case_changes
from server.telling import service as telling

sql = queries(__file__)
LOG_PAGE, SNAPSHOT_PAGE = 1000, 500
FIRST_MESSAGES = 50
WHO = 8  # digits of a cursor's hash of the person, and of what packages depend on that the log does not tell
PLAIN, SIGNED = 1, 2  # the offline package within the answer as JSON, or by its key as a file to be fetched
KEEP_CLOSED_DAYS = 30


@dataclass(frozen=True)
class Changes:
    """One answer: changes as JSON texts, ready to be sent; `told` what stands beside them."""

    changes: list[str]
    told: dict[str, Any]

    def body(self, now: datetime) -> bytes:
        """The whole answer. Cases were written as JSON by the database and are passed on unread."""
        head = json.dumps({**stamp(now), **self.told}, ensure_ascii=False, separators=(",", ":"))
        return f'{head[:-1]},"changes":[{",".join(self.changes)}]}}'.encode()


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
    conn: Connection, device: DeviceViewer, cursor_text: str, limit: int, now: datetime, package: int = PLAIN
) -> Changes:
    """What changed since the cursor, in the order of commits: never a row missed, some perhaps told twice.

    `package`: the newest format of the offline package that the tablet reads; with PLAIN the grids come in the answer.
    """
    if device.state == "revoked":
        raise DeviceRevoked
    viewer, since = device.viewer, keep_closed_since(conn, device.viewer, now)
    at = sql.position_now(conn, district_id=viewer.district_id)
    found, cursor = _begin(conn, device, at, Cursor.read(cursor_text) if cursor_text else None, now, package)
    if cursor.after is not None:
        copied, following = _copy(conn, viewer, cursor, limit, since, now)
        found, more = found + copied, following.after is not None or following.seq < at["seq"]
    else:
        followed, following, more = _follow(conn, device, cursor, limit, since, now, package)
        found += followed
    return Changes(found, {"cursor": following.text(), "more": more, "keep_closed_since": iso(since)})


def _begin(
    conn: Connection,
    device: DeviceViewer,
    at: dict[str, Any],
    cursor: Cursor | None,
    now: datetime,
    package: int,
) -> tuple[list[str], Cursor]:
    """From where an answer goes on, and what comes before its first case."""
    viewer = device.viewer
    epoch, scope = epoch_text(at["epoch"]), Scope.of(viewer)
    who = sha256(json.dumps([person_json(viewer), viewer.lang]))[:WHO]
    if package >= SIGNED:
        who += sha256(json.dumps([packages.stamp(), viewer.role]))[:WHO]
    if cursor and (cursor.epoch != epoch or cursor.seq > at["seq"] or cursor.seq < at["oldest"] - 1):
        raise CursorGone
    if cursor and cursor.scope == scope:
        beside = [] if cursor.who[:WHO] == who[:WHO] else [_person_change(viewer, cursor.seq)]
        if who[WHO:] and who[WHO:] != cursor.who[WHO:]:
            beside += _grid_change(conn, viewer, cursor.seq, package)
        return beside, Cursor(epoch, who, scope, cursor.seq, cursor.n, cursor.after, cursor.before)
    if (
        cursor is None
        or cursor.after
        or (cursor.scope.home, cursor.scope.person) != (scope.home, scope.person)
    ):
        anew = [] if cursor is None else [leave("*", at["seq"])]
        whole = Cursor(epoch, who, scope, at["seq"], after=NOTHING)
        return anew + _beside(conn, device, at["seq"], now, package, with_pack=True), whole
    # Another beat: what went is named, what came is copied, and the log goes on where it stood.
    seq, gone = cursor.seq, Difference.between(cursor.scope, scope)
    names = [f"node:{node}" for node in gone.nodes]
    names += [f"organisation:{gone.organisation}"] if gone.organisation else []
    left = [leave(name, seq, stay=gone.stay, reporter=scope.person) for name in names]
    left += [leave("message:*", seq), leave("document:*", seq)]
    part = Cursor(epoch, who, scope, seq, cursor.n, NOTHING, cursor.scope)
    return left + _beside(conn, device, seq, now, package), part


def change(kind: str, name: str, version: int | None, body: Any, seq: int) -> str:
    """One change as JSON text."""
    return json.dumps(
        {"seq": seq, "kind": kind, "id": name, "version": version, "body": body},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def leave(name: str, seq: int, **body: Any) -> str:
    """Something goes: a case by its id, what lies in a node or in the hands of an organisation, or everything."""
    return change("leave", name, None, body or None, seq)


def _person_change(viewer: Viewer, seq: int) -> str:
    return change("person", str(viewer.person_id), None, person_json(viewer), seq)


def _beside(
    conn: Connection, device: DeviceViewer, seq: int, now: datetime, package: int, with_pack: bool = False
) -> list[str]:
    """What belongs to a scope beside its cases: who, pack, grids, messages, decisions about acts of this tablet."""
    viewer = device.viewer
    newest = telling.page(conn, viewer, FIRST_MESSAGES, None, now)["items"]
    return [
        _person_change(viewer, seq),
        *(_pack_change(conn, viewer, seq) if with_pack else ()),
        *_grid_change(conn, viewer, seq, package),
        *(_message_change(message, seq) for message in reversed(newest)),
        *(_document_change(one, seq) for one in reversed(content.for_reader(conn, viewer))),
        *(_decision_change(one, seq) for one in holds.decisions(conn, device.device_id, viewer.lang)),
    ]


def _pack_change(conn: Connection, viewer: Viewer, seq: int) -> list[str]:
    version, pack = current(conn, viewer.district_id)
    return [change("pack", pack.code, version, body_of(conn, version), seq)]


def _grid_change(conn: Connection, viewer: Viewer, seq: int, package: int) -> list[str]:
    """The package's key, for tablets that fetch it; those of before are sent the grids as they always were."""
    if not viewer.nodes:
        return []
    if package >= SIGNED:
        key = packages.key_of(conn, packages.Scope.of(viewer))
        return [change("grid", "package", None, {"format": FORMAT, "key": key}, seq)]
    return [change("grid", "package", None, grids.package(conn, sorted(viewer.nodes)), seq)]


def _message_change(message: dict[str, Any], seq: int) -> str:
    return change("message", str(message["id"]), None, message, seq)


def _document_change(document: dict[str, Any], seq: int) -> str:
    return change("document", str(document["id"]), document["version"], document, seq)


def _decision_change(decision: dict[str, Any], seq: int) -> str:
    return change("decision", decision["command_id"], None, decision, seq)


def _copy(
    conn: Connection, viewer: Viewer, cursor: Cursor, limit: int, since: datetime, now: datetime
) -> tuple[list[str], Cursor]:
    """The next cases of a copy: of the whole scope, or of what came to it."""
    page = min(limit, SNAPSHOT_PAGE)
    asked = {**cursor.scope.params(), "after_id": cursor.after, "keep_closed_since": since, "limit": page}
    if cursor.before is None:
        rows = list(sql.copy_page(conn, **asked))
    else:
        gone = Difference.between(cursor.before, cursor.scope)
        old = {f"old_{name}": value for name, value in cursor.before.params().items()}
        rows = list(
            sql.copy_of_what_came(conn, **asked, **old, gone=gone.nodes, gone_organisation=gone.organisation)
        )
    return (
        case_changes(conn, rows, cursor.seq, viewer.lang, now),
        cursor.copied_to(rows[-1]["id"] if len(rows) == page else None),
    )


def _follow(
    conn: Connection,
    device: DeviceViewer,
    cursor: Cursor,
    limit: int,
    since: datetime,
    now: datetime,
    package: int,
) -> tuple[list[str], Cursor, bool]:
    """The next rows of the log that concern the viewer; a case that is no longer visible leaves."""
    page, viewer = min(limit, LOG_PAGE), device.viewer
    scope = viewer.scope_params()
    log = list(
        sql.log_page(
            conn,
            district_id=viewer.district_id,
            nodes=sorted(viewer.nodes),
            organisations=viewer.hands,
            people=[scope["person"]],
            seq=cursor.seq,
            n=cursor.n,
            limit=page,
        )
    )
    if not log:
        return [], cursor, False
    latest = {(row["kind"], row["id"]): row["seq"] for row in log if row["mine"]}
    seqs = {uuid.UUID(id_): seq for (kind, id_), seq in latest.items() if kind == "case"}
    rows = list(sql.cases_by_id(conn, **scope, ids=list(seqs), keep_closed_since=since)) if seqs else []
    here = {row["id"] for row in rows}
    found = [(seq, leave(str(id_), seq)) for id_, seq in seqs.items() if id_ not in here]
    found += [
        (seqs[row["id"]], text)
        for row, text in zip(rows, case_changes(conn, rows, seqs, viewer.lang, now), strict=True)
    ]
    for (kind, _), seq in latest.items():
        if kind == "pack":
            found += [(seq, text) for text in _pack_change(conn, viewer, seq)]
    if grids_at := [seq for (kind, _), seq in latest.items() if kind == "grid"]:
        found += [(seq, text) for seq in grids_at[-1:] for text in _grid_change(conn, viewer, seq, package)]
    messages = [int(id_) for kind, id_ in latest if kind == "message"]
    for message in telling.by_id(conn, viewer, messages) if messages else ():
        seq = latest["message", str(message["id"])]
        found.append((seq, _message_change(message, seq)))
    documents = [int(id_) for kind, id_ in latest if kind == "document"]
    published = {d["id"]: d for d in content.for_reader(conn, viewer, documents)} if documents else {}
    for id_ in documents:
        seq, document = latest["document", str(id_)], published.get(id_)
        found.append((seq, _document_change(document, seq) if document else leave(f"document:{id_}", seq)))
    decided = [id_ for kind, id_ in latest if kind == "decision"]
    for decision in holds.decisions(conn, device.device_id, viewer.lang, decided) if decided else ():
        seq = latest["decision", decision["command_id"]]
        found.append((seq, _decision_change(decision, seq)))
    last = log[-1]
    return (
        [text for _, text in sorted(found, key=lambda one: one[0])],
        cursor.followed_to(last["seq"], last["n"]),
        len(log) == page,
    )


def stamp(now: datetime) -> dict[str, str]:
    """What every answer to a tablet carries."""
    return {"envelope": ENVELOPE, "server_time": time_text(now)}
