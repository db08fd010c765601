"""Sign-in by name and password, and the server-side sessions that follow from it."""

import hashlib
import math
import secrets
from datetime import datetime, timedelta

from server.audit import service as audit
from server.db import Connection, Database, queries
from server.errors import LockedOut, WrongCredentials
from server.security import passwords
from server.security.tokens import fresh_token, token_hash
from server.security.viewer import Viewer, Wish, load_viewer

SQL = queries(__file__)
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)
FREE_FAILURES = 5
LONGEST_LOCK_MIN = 60
FORGOTTEN_AFTER = timedelta(hours=24)
ADDRESS_WINDOW = timedelta(minutes=10)
ADDRESS_FAILURES = 100
LONGEST_INPUT = 200


def sign_in(
    database: Database, login: str, password: str, address: str, now: datetime, previous: str | None = None
) -> tuple[str, Viewer]:
    """A new session's token and its viewer; the session `previous` of the same browser ends.

    Raises WrongCredentials (the same for an unknown name, a wrong password and somebody without an office) or
    LockedOut. Every outcome leaves a row in the security log, refusals too.
    """
    login, password = login.strip().lower()[:LONGEST_INPUT], password[:LONGEST_INPUT]
    with passwords.OneOfFew():
        with database.read() as conn:
            found = SQL.credentials_of(conn, login=login)
            locked_until = found["locked_until"] if found else _lock_of_unknown(conn, login, now)
            if _address_is_crowded(conn, address, now):
                locked_until = now + ADDRESS_WINDOW
        who = found["person_id"] if found else None
        detail = {} if found else {"name": _trace(login)}
        if locked_until and locked_until > now:
            audit.log_refusal(database, "sign_in_locked", who, address, detail, now)
            raise LockedOut(minutes=math.ceil((locked_until - now) / timedelta(minutes=1)))
        right = passwords.is_right(found["password_hash"] if found else passwords.nobodys_hash(), password)
        if not (found and right):
            if found:
                _count_failure(database, found, now)
            audit.log_refusal(database, "sign_in_refused", who, address, detail, now)
            raise WrongCredentials
    fresh = passwords.hash_password(password) if passwords.is_outdated(found["password_hash"]) else None
    opened = database.run(lambda conn: _open(conn, found["person_id"], fresh, address, now, previous))
    if opened is None:
        audit.log_refusal(database, "sign_in_refused", who, address, {"reason": "no office"}, now)
        raise WrongCredentials
    return opened


def _open(
    conn: Connection,
    person_id: int,
    fresh_hash: str | None,
    address: str,
    now: datetime,
    previous: str | None,
) -> tuple[str, Viewer] | None:
    token, csrf = fresh_token(), secrets.token_urlsafe(24)
    viewer = load_viewer(conn, person_id, now, csrf=csrf)
    if viewer is None:
        return None
    if fresh_hash:
        SQL.replace_hash(conn, person_id=person_id, password_hash=fresh_hash)
    SQL.clear_failures(conn, person_id=person_id)
    SQL.drop_stale_sessions(conn, person_id=person_id, now=now, idle_since=now - IDLE)
    if previous:
        SQL.end_session(conn, token_hash=token_hash(previous))
    SQL.open_session(
        conn, token_hash=token_hash(token), person_id=person_id, csrf=csrf, now=now, expires_at=now + ABSOLUTE
    )
    audit.log(conn, "signed_in", person_id, address, at=now)
    return token, viewer


def sign_out(database: Database, token: str, address: str, now: datetime) -> None:
    """Ends the session of `token`; an unknown one is no fault."""

    def end(conn: Connection) -> None:
        ended = SQL.end_session(conn, token_hash=token_hash(token))
        if ended:
            audit.log(conn, "signed_out", ended["person_id"], address, at=now)

    database.run(end)


def viewer_of_session(
    database: Database, token: str, address: str, now: datetime, wish: Wish = Wish()
) -> Viewer | None:
    """Whose session `token` is; None when it is unknown, idle too long, too old, or its person left."""
    hashed = token_hash(token)
    with database.read() as conn:
        session = SQL.session(conn, token_hash=hashed)
        live = session and session["expires_at"] > now and session["seen_at"] > now - IDLE
        viewer = (
            load_viewer(conn, session["person_id"], now, wish=wish, csrf=session["csrf"]) if live else None
        )
    if viewer is None:
        database.run(lambda conn: SQL.end_session(conn, token_hash=hashed))
        what = "session_expired" if session else "session_unknown"
        audit.log_refusal(database, what, session["person_id"] if session else None, address, {}, now)
        return None
    if session["seen_at"] < now - TOUCH_EVERY:
        database.run(lambda conn: SQL.touch_session(conn, token_hash=hashed, now=now))
    return viewer


def lock_minutes(failures: int) -> int:
    """How long a name stays locked after so many failures in a row: 0 below five, then 1, 2, 4 … 60."""
    return 0 if failures < FREE_FAILURES else min(LONGEST_LOCK_MIN, 2 ** min(failures - FREE_FAILURES, 10))


def _count_failure(database: Database, found: dict[str, object], now: datetime) -> None:
    def count(conn: Connection) -> None:
        person_id, forget = found["person_id"], now - FORGOTTEN_AFTER
        failures = SQL.add_failure(conn, person_id=person_id, forget=forget)["failures"]
        until = now + timedelta(minutes=lock_minutes(failures))
        SQL.lock_until(conn, person_id=person_id, locked_until=until)

    database.run(count)


def _lock_of_unknown(conn: Connection, login: str, now: datetime) -> datetime | None:
    row = SQL.failures_of_unknown(conn, name=_trace(login), since=now - FORGOTTEN_AFTER)
    if not row["failures"]:
        return None
    until: datetime = row["last_at"] + timedelta(minutes=lock_minutes(row["failures"]))
    return until


def _address_is_crowded(conn: Connection, address: str, now: datetime) -> bool:
    count = audit.count_from_address(conn, ["sign_in_refused"], address, now - ADDRESS_WINDOW)
    return count >= ADDRESS_FAILURES


def _trace(login: str) -> str:
    """What is kept of an unknown name: enough to count it, not to read it. People type passwords there."""
    return hashlib.sha256(login.encode()).hexdigest()[:8]
