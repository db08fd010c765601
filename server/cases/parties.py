"""Parties outside, to whom cases are forwarded by a link: adding and retiring them, and which links are out."""

import re
from datetime import datetime
from typing import Any

from fastapi import Request

from server.audit import service as audit
from server.cases import guests, party_letters, service
from server.db import Connection, queries
from server.errors import BadInput, NotAllowed, NotFound
from server.people.organisations import Organisation, put_organisation
from server.people.service import only_admin
from server.security import Viewer, address_of, home_of
from server.telling import contacts

sql = queries(__file__, "parties.sql")
CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$")
# Letters with links go at once; this is for what else a party is told.
EVERY_MIN = 30
LONGEST_NAME = 100


def keeps_parties(viewer: Viewer) -> bool:
    """Who forwards cases, and who adds the parties to whom they go."""
    return viewer.role == "admin" or "dispatcher" in viewer.duties


def page(conn: Connection, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    """The parties of the viewer's district, each with `cases` that it has now: number, title, due_at, and its link
    (made_at, expires_at, opens). Raises NotAllowed.
    """
    if not keeps_parties(viewer):
        raise NotAllowed
    given: dict[int, list[dict[str, Any]]] = {}
    for row in sql.given(conn, **viewer.scope_params()):
        opens = row["made_at"] is not None and row["ended_at"] is None and row["expires_at"] > now
        given.setdefault(row["party_id"], []).append({**row, "opens": opens})
    rows = sql.parties(conn, district_id=viewer.district_id)
    return [{**row, "cases": given.get(row["id"], [])} for row in rows]


def put(
    conn: Connection,
    district_id: int,
    district: str | None,
    code: str,
    name: str,
    mail: str,
    by: Viewer | None,
    address: str,
    now: datetime,
) -> None:
    """Makes the party, or gives the one with that code its new name; in use from now on. `district` = its code.

    BadInput when the code or the address cannot be one, or something else has the code.
    """
    code, name, mail = code.strip(), name.strip(), mail.strip()
    if not CODE.match(code):
        raise BadInput("A code has 2 to 40 letters, digits, dots, dashes: {code} has not.", code=code[:40])
    if not name or len(name) > LONGEST_NAME:
        raise BadInput("A party needs a name of at most {limit} characters.", limit=LONGEST_NAME)
    known = sql.coded(conn, district_id=district_id, code=code)
    if known is not None and known["kind"] != "outside":
        raise BadInput("{code} is the code of another organisation of the district.", code=code)
    made = put_organisation(conn, district_id, Organisation("outside", code, name, district_id))
    sql.set_active(conn, id=made, active=True)
    if mail:
        contacts.put_organisation(conn, code, district, mail, EVERY_MIN)
    audit.log(conn, "outside_party_put", by, address, {"code": code, "name": name}, now)


def retire(conn: Connection, viewer: Viewer, code: str, address: str, now: datetime) -> None:
    """Nothing new is forwarded to the party; what it has stays with it until it is answered or recalled."""
    row = sql.coded(conn, district_id=only_admin(viewer), code=code)
    if row is None or row["kind"] != "outside":
        raise NotFound
    sql.set_active(conn, id=row["id"], active=False)
    audit.log(conn, "outside_party_retired", viewer, address, {"code": code}, now)


def revoke(conn: Connection, viewer: Viewer, number: str, address: str, now: datetime) -> None:
    """The links of a case open no more; the case stays forwarded until it is recalled or given a new link."""
    if not keeps_parties(viewer):
        raise NotAllowed
    row = service.get_row(conn, viewer, number)
    guests.end_outside(conn, row["id"], now)
    audit.log(conn, "party_link_ended", viewer, address, {"number": number}, now)


def send_link(
    request: Request, conn: Connection, viewer: Viewer, number: str, until: datetime | None, now: datetime
) -> tuple[guests.OutsideLink, bool]:
    """A fresh link for the party that has the case, and whether a letter with it goes there; the one before ends."""
    if "dispatcher" not in viewer.duties:
        raise NotAllowed
    row = service.get_row(conn, viewer, number)
    link = guests.make_outside(conn, row["id"], now, until)
    detail = {"number": number, "party": link.party}
    audit.log(conn, "party_link_made", viewer, address_of(request), detail, now)
    return link, party_letters.put(conn, request.app.state.settings, row, link, home_of(request), now)
