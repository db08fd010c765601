"""Links that let in who has no account: a resident to the case that they wait for, an outside party to one given to it.

A token is random and only its SHA-256 is kept, so it is shown where it is made and never again (decision 25). A
resident's link comes with a code for paper: ten digits that count only together with the case's number. Whether an
outside party's link still opens is read from the case itself: it is theirs, in this cycle, or it is not.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.db import Connection, queries
from server.errors import Conflict
from server.security import token_hash

sql = queries(__file__, "guests.sql")
TOKEN_BYTES, CODE_DIGITS = 18, 10
LASTS, OPENED_BY_CODE_LASTS = timedelta(days=365), timedelta(days=1)
AFTER_DUE = timedelta(days=30)


class NotForwarded(Conflict):
    code = "not_forwarded"
    sentence = "The case is not with an outside party now."


@dataclass(frozen=True)
class ResidentLink:
    """A fresh link; `code` ("" without one) is typed together with the case's number."""

    token: str
    code: str
    expires_at: datetime

    @property
    def path(self) -> str:
        return f"/public/cases/{self.token}"

    @property
    def spaced_code(self) -> str:
        """The code as it is printed: 123 456 7890."""
        return f"{self.code[:3]} {self.code[3:6]} {self.code[6:]}" if self.code else ""


@dataclass(frozen=True)
class OutsideLink:
    """A fresh link for the party that a case was forwarded to."""

    token: str
    party_id: int
    party: str
    expires_at: datetime

    @property
    def path(self) -> str:
        return f"/outside/{self.token}"


def fresh() -> str:
    """A token of 144 random bits, short enough for a QR code that an old telephone reads."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def make_resident(
    conn: Connection, case_id: UUID, now: datetime, made_by: int | None, *, alone: bool = False
) -> ResidentLink:
    """A link and a code for whoever waits for the case; `alone`: the ones made before end (a slip was lost)."""
    if alone:
        sql.end_resident(conn, case_id=case_id, now=now)
    link = ResidentLink(
        fresh(), "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS)), now + LASTS
    )
    _keep(conn, case_id, link, made_by, now)
    return link


def open_by_code(conn: Connection, number: str, code: str, now: datetime) -> ResidentLink | None:
    """A link for a day to the case with that number, when the code is one of its own; else None."""
    digits = re.sub(r"\D", "", code)
    row = sql.case_numbered(conn, number=number.strip())
    if row is None or len(digits) != CODE_DIGITS:
        return None
    if not sql.code_opens(
        conn, case_id=row["case_id"], code_hash=_code_hash(row["case_id"], digits), now=now
    ):
        return None
    link = ResidentLink(fresh(), "", now + OPENED_BY_CODE_LASTS)
    _keep(conn, row["case_id"], link, None, now)
    return link


def _keep(conn: Connection, case_id: UUID, link: ResidentLink, made_by: int | None, now: datetime) -> None:
    sql.add_resident(
        conn,
        token_hash=token_hash(link.token),
        case_id=case_id,
        code_hash=_code_hash(case_id, link.code) if link.code else None,
        now=now,
        made_by=made_by,
        expires_at=link.expires_at,
    )


def _code_hash(case_id: UUID, code: str) -> bytes:
    """Bound to the case, so that equal codes of two cases do not look equal."""
    return hashlib.sha256(f"{case_id}:{code}".encode()).digest()


def opened_by_resident(conn: Connection, token: str, now: datetime) -> dict[str, Any] | None:
    """The row of the case that a resident's link opens; None for one that is unknown, ended or expired."""
    row = sql.opened_by_resident(conn, token_hash=token_hash(token), now=now)
    return dict(row) if row else None


def make_outside(
    conn: Connection, case_id: UUID, now: datetime, until: datetime | None = None
) -> OutsideLink:
    """A link for the party that has the case now; the ones made before end. Raises NotForwarded.

    It lasts until `until`, else a month beyond the deadline for handling: who is late must still be able to answer.
    """
    row = sql.forwarded(conn, case_id=case_id)
    if row is None:
        raise NotForwarded
    expires_at = until or max(row["due_at"] or now, now) + AFTER_DUE
    link = OutsideLink(fresh(), row["party_id"], row["party"], expires_at)
    end_outside(conn, case_id, now)
    sql.add_outside(
        conn,
        token_hash=token_hash(link.token),
        case_id=case_id,
        cycle=row["cycle"],
        organisation_id=link.party_id,
        now=now,
        expires_at=expires_at,
    )
    return link


def end_outside(conn: Connection, case_id: UUID, now: datetime) -> None:
    """No link of the case opens any more."""
    sql.end_outside(conn, case_id=case_id, now=now)


def opened_by_party(conn: Connection, token: str, now: datetime) -> dict[str, Any] | None:
    """The row of the case that an outside party's link opens; None when it is not theirs (any more)."""
    row = sql.opened_by_party(conn, token_hash=token_hash(token), now=now)
    return dict(row) if row else None
