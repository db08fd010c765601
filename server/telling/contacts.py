"""How a person or an organisation wants to be told by letter: where, how often at most, and when not."""

import re
from datetime import time
from typing import Any

from server.db import Connection, queries
from server.errors import BadInput
from server.security import Viewer

sql = queries(__file__, "contacts.sql")
ADDRESS = re.compile(r"^[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,190}$")
RHYTHMS = (0, 30, 120, 1440)


def of_person(conn: Connection, viewer: Viewer) -> dict[str, Any] | None:
    """The viewer's own wish: mail, every_min, quiet_from, quiet_to; None without one."""
    row = sql.of_person(conn, person=viewer.person_id)
    return dict(row) if row and row["active"] else None


def put_person(
    conn: Connection, viewer: Viewer, mail: str, every_min: int, quiet_from: str, quiet_to: str
) -> None:
    """Keeps the viewer's wish. Raises BadInput for an address, a rhythm or a time that cannot be."""
    start, end = read_time_of_day(quiet_from), read_time_of_day(quiet_to)
    if (start is None) != (end is None) or (start is not None and start == end):
        raise BadInput("Quiet time needs a beginning and another end.")
    sql.put_person(
        conn,
        district=viewer.district_id,
        person=viewer.person_id,
        mail=checked_address(mail),
        every_min=checked_rhythm(every_min),
        quiet_from=start,
        quiet_to=end,
    )


def end_person(conn: Connection, person_id: int) -> None:
    """No more letters; the address is gone."""
    sql.end_person(conn, person=person_id)


def put_organisation(conn: Connection, code: str, district: str | None, mail: str, every_min: int) -> None:
    """Letters for an organisation, by its operator. BadInput for an unknown code."""
    row = _organisation(conn, code, district)
    sql.put_organisation(
        conn,
        district=row["district_id"],
        organisation=row["id"],
        mail=checked_address(mail),
        every_min=checked_rhythm(every_min),
    )


def end_organisation(conn: Connection, code: str, district: str | None) -> None:
    """No more letters to an organisation."""
    sql.end_organisation(conn, organisation=_organisation(conn, code, district)["id"])


def _organisation(conn: Connection, code: str, district: str | None) -> dict[str, Any]:
    row = sql.organisation(conn, code=code, district=district)
    if row is None:
        raise BadInput("There is no organisation {code}.", code=code)
    return dict(row)


def checked_address(text: str) -> str:
    """A mail address that could be one."""
    text = text.strip()
    if not ADDRESS.match(text) or not text.isascii() or not text.isprintable():
        raise BadInput("{address} is not a mail address.", address=text[:200])
    return text


def checked_rhythm(minutes: int) -> int:
    """At most one letter in so many minutes; 0: each message at once."""
    if minutes not in RHYTHMS:
        raise BadInput(
            "Letters go every {choices} minutes.", choices=", ".join(str(choice) for choice in RHYTHMS)
        )
    return minutes


def read_time_of_day(text: str) -> time | None:
    """A local time like 22:00; None for nothing."""
    if not text.strip():
        return None
    try:
        return time.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        raise BadInput("{text} is not a time like 22:00.", text=text[:40]) from None
