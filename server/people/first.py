"""The first administrator of a district: made by who owns the machine, once; that person adds the others."""

from datetime import datetime

from server.audit import service as audit
from server.db import Connection
from server.errors import BadInput
from server.people.organisations import SQL, ensure_centre
from server.people.schemas import SHORTEST_PASSWORD
from server.people.service import NewPerson, add_person
from server.security import hash_password


def make_first_admin(
    conn: Connection, login: str, name: str, password: str, code: str | None, now: datetime
) -> int:
    """Makes `login` administrator of the district called `code`, or of the only one; returns people.id.

    Raises BadInput when the district already has an administrator who can sign in, the login is taken, or the
    password is too short.
    """
    district = _district(conn, code)
    if there := SQL.administrators(conn, district_id=district):
        raise BadInput(
            "The district already has an administrator ({login}). Further people are added by them.",
            login=there,
        )
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput("The password needs at least {least} characters.", least=SHORTEST_PASSWORD)
    login = login.strip().lower()
    if SQL.person_of_login(conn, login=login):
        raise BadInput("The login {login} is taken.", login=login)
    person = add_person(
        conn,
        NewPerson(
            login=login,
            name=name.strip() or login,
            role="admin",
            organisation_id=ensure_centre(conn, district),
            grid_ids=[district],
            password_hash=hash_password(password),
        ),
        now,
    )
    audit.log(conn, "person_added", person, "", {"login": login, "role": "admin"}, now)
    return person


def _district(conn: Connection, code: str | None) -> int:
    rows = list(SQL.districts_by_code(conn))
    found = [row for row in rows if code in (None, row["code"])]
    if not rows:
        raise BadInput("There is no district yet. Load its boundaries first (python -m gis load).")
    if not found or len(found) > 1:
        choices = ", ".join(row["code"] for row in rows)
        raise BadInput("Say which district with --district: {choices}.", choices=choices)
    return int(found[0]["id"])
