"""Tablets come in by a code that works once: making codes, enrolling, withdrawing."""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.db import Connection, Database, queries
from server.errors import EnrolRefused, NotFound
from server.people.service import only_admin, person_id_of
from server.security import Viewer, fresh_token, load_viewer, token_hash
from server.security.tokens import DEVICE

SQL = queries(__file__)
# Without 0 O, 1 I L, which look alike on paper and on a dirty screen: 31 signs, 12 places, 59 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, GROUP = 3, 4
GOOD_FOR = timedelta(hours=24)
ADDRESS_WINDOW = timedelta(minutes=10)
ADDRESS_REFUSALS = 20


@dataclass(frozen=True)
class EnrolResult:
    """What a tablet gets: its token (shown this once), whose it is, the codes of its grids, its next seq."""

    device_token: str
    viewer: Viewer
    device_id: UUID
    scope: list[str]
    next_seq: int


@dataclass(frozen=True)
class EnrolCode:
    """A code like 7KQX-2M9D-VH4T, shown this once; `id` names it where it may be withdrawn."""

    id: int
    code: str
    expires_at: datetime


def make_enrol_code(conn: Connection, login: str, now: datetime) -> str:
    """A code made by the server's operator, good once within 24 hours. BadInput when there is nobody of that name."""
    person_id = person_id_of(conn, login)
    audit.log(conn, "enrol_code_made", person_id, at=now)
    return _fresh_code(conn, person_id, None, now).code


def make_code_for(conn: Connection, viewer: Viewer, login: str, address: str, now: datetime) -> EnrolCode:
    """A code for somebody of the administrator's district; NotFound for anybody else."""
    login = login.strip().lower()
    if SQL.person_in_district(conn, login=login, district_id=only_admin(viewer)) is None:
        raise NotFound
    person_id = person_id_of(conn, login)
    audit.log(conn, "enrol_code_made", viewer, address, {"login": login}, now)
    return _fresh_code(conn, person_id, viewer.person_id, now)


def _fresh_code(conn: Connection, person_id: int, made_by: int | None, now: datetime) -> EnrolCode:
    code, expires_at = "".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP)), now + GOOD_FOR
    id_ = SQL.add_enrol_code(
        conn,
        code_hash=token_hash(code),
        person_id=person_id,
        made_by=made_by,
        now=now,
        expires_at=expires_at,
    )
    shown = "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))
    return EnrolCode(int(id_), shown, expires_at)


def open_codes(conn: Connection, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    """Codes of the administrator's district that still work: for whom, made by whom, until when; never the code."""
    return [dict(row) for row in SQL.open_codes(conn, district_id=only_admin(viewer), now=now)]


def withdraw_code(conn: Connection, viewer: Viewer, code_id: int, address: str, now: datetime) -> None:
    """A code that nobody used works no more. NotFound when it was used, is gone, or is another district's."""
    login = SQL.withdraw_enrol_code(conn, id=code_id, district_id=only_admin(viewer))
    if login is None:
        raise NotFound
    audit.log(conn, "enrol_code_withdrawn", viewer, address, {"login": login}, now)


def as_typed(code: str) -> str:
    """The code without what hands and Chinese input methods put in: wide letters, spaces, dashes, case."""
    plain = unicodedata.normalize("NFKC", code[:100]).upper()
    return "".join(letter for letter in plain if letter.isalnum())


def enrol(
    database: Database,
    code: str,
    device_id: UUID,
    model: str,
    app_version: str,
    now: datetime,
    address: str = "",
) -> EnrolResult:
    """Gives a tablet its token. Enrolled again it keeps counting its seq; with another it changes hands.

    A lost answer is made up for: the code works again for the same tablet until that is heard with its token. Raises
    EnrolRefused with one sentence for wrong, spent, expired and too many tries; each is logged. What comes again from
    the tablet that spent the code is no guess and does not count as a try.
    """
    with database.read() as conn:
        tries = audit.count_from_address(conn, ["enrol_refused"], address, now - ADDRESS_WINDOW)
    if tries >= ADDRESS_REFUSALS:
        audit.log_refusal(database, "enrol_slowed", None, address, {}, now)
        raise EnrolRefused
    hashed = token_hash(as_typed(code))
    result = database.run(lambda conn: _enrol(conn, hashed, device_id, model, app_version, now, address))
    if result is None:
        with database.read() as conn:
            again = SQL.spent_by(conn, code_hash=hashed) == device_id
        what = "enrol_repeated" if again else "enrol_refused"
        audit.log_refusal(database, what, None, address, {"device": str(device_id)}, now)
        raise EnrolRefused
    return result


def _enrol(
    conn: Connection,
    code_hash: bytes,
    device_id: UUID,
    model: str,
    app_version: str,
    now: datetime,
    address: str,
) -> EnrolResult | None:
    spent = SQL.spend_enrol_code(conn, code_hash=code_hash, device_id=device_id, now=now)
    viewer = load_viewer(conn, spent["person_id"], now, how="device") if spent else None
    if viewer is None:
        return None
    before = SQL.device_before(conn, device_id=device_id)
    token = fresh_token(DEVICE)
    put = SQL.put_device(
        conn,
        device_id=device_id,
        person_id=viewer.person_id,
        token_hash=token_hash(token),
        model=model,
        app_version=app_version,
        now=now,
    )
    detail: dict[str, Any] = {"device": str(device_id)}
    if before:
        detail["before"] = {"person": before["person_id"], "state": before["state"]}
    handed_over = before and before["person_id"] != viewer.person_id
    audit.log(conn, "device_changed_hands" if handed_over else "enrolled", viewer, address, detail, now)
    return EnrolResult(token, viewer, device_id, scope_codes(conn, viewer), put["last_seq"] + 1)


def scope_codes(conn: Connection, viewer: Viewer) -> list[str]:
    """The codes of the grids that the viewer's office acts in, upper levels first."""
    return [row["code"] for row in SQL.codes_of_nodes(conn, nodes=sorted(viewer.nodes))]


def devices_page(conn: Connection, viewer: Viewer, limit: int, after: UUID | None = None) -> dict[str, Any]:
    """The tablets of the administrator's district with their state and their gaps in seq, by id."""
    rows = list(
        SQL.devices_page(conn, district_id=only_admin(viewer), limit=limit + 1, after=after),
    )
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": str(items[-1]["id"]) if len(rows) > limit else None}


def revoke_device(conn: Connection, viewer: Viewer, device_id: UUID, address: str, now: datetime) -> None:
    """Withdraws a tablet: what it still holds is taken in and held, then it wipes itself. Or NotFound."""
    row = SQL.revoke_device(conn, device_id=device_id, district_id=only_admin(viewer))
    if row is None:
        raise NotFound
    detail = {"device": str(device_id), "person": row["person_id"]}
    audit.log(conn, "device_revoked", viewer, address, detail, now)
