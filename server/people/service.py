"""People of a district: who they are, in which office, and how one is added or leaves."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.audit import access
from server.audit import service as audit
from server.audit.masking import mask_phone
from server.db import Connection, queries
from server.errors import BadInput, NotAllowed, NotFound
from server.people.organisations import Organisation, ensure_centre, put_organisation
from server.security import Viewer, hash_password

__all__ = ["Organisation", "ensure_centre", "put_organisation"]

SQL = queries(__file__)
SHORTEST_PASSWORD = 10
OFFICES_OF = {
    "admin": {"centre"},
    "auditor": {"centre"},
    "centre": {"centre"},
    "resident-service": {"centre"},
    "street": {"street"},
    "community": {"community"},
    "worker": {"community", "street"},
    "crew": {"crew", "outside"},
}


@dataclass(frozen=True)
class NewPerson:
    """Somebody to be added. `grid_ids` are the roots of the subtrees that the membership reaches."""

    login: str
    name: str
    role: str
    organisation_id: int
    grid_ids: list[int]
    duties: list[str] = field(default_factory=list)
    lang: str = "zh-CN"
    phone: str | None = None
    password_hash: str | None = None


def add_person(conn: Connection, new: NewPerson, now: datetime) -> int:
    """Makes person, memberships and (given a hash) a password; returns people.id. The login must be free."""
    person_id = int(SQL.add_person(conn, login=new.login, lang=new.lang)["id"])
    SQL.add_private(conn, person_id=person_id, name=new.name, phone=new.phone)
    for grid_id in new.grid_ids:
        SQL.add_membership(
            conn,
            person_id=person_id,
            organisation_id=new.organisation_id,
            role=new.role,
            duties=new.duties,
            grid_id=grid_id,
            valid_from=now,
        )
    if new.password_hash:
        SQL.add_credentials(conn, person_id=person_id, password_hash=new.password_hash)
    return person_id


def person_id_of(conn: Connection, login: str) -> int:
    """people.id of an active person; BadInput when there is nobody."""
    row = SQL.person_of_login(conn, login=login.strip().lower())
    if row is None or not row["active"]:
        raise BadInput("There is nobody with the login {login}.", login=login)
    return int(row["id"])


def people_page(
    conn: Connection, district_id: int | None, now: datetime, limit: int, after: int = 0
) -> dict[str, Any]:
    """People with role, organisation and scope (grid codes) of one district (None: of all), by id."""
    rows = list(SQL.people_page(conn, district_id=district_id, now=now, limit=limit + 1, after=after))
    items = [dict(row) for row in rows[:limit]]
    last = items[-1]["id"] if len(rows) > limit else None
    for item in items:
        del item["id"]
        item["phone"] = mask_phone(item["phone"] or "")
    return {"items": items, "next": last}


def unmask_phone(
    conn: Connection, viewer: Viewer, login: str, reason: str, address: str, now: datetime
) -> dict[str, Any]:
    """The telephone of somebody of the administrator's district; the reading is written down. Raises NotFound."""
    row = SQL.person_in_district(conn, login=login.strip().lower(), district_id=only_admin(viewer))
    if row is None:
        raise NotFound
    access.read_personal(conn, viewer, access.UNMASK, reason, now, subject_id=row["id"], address=address)
    return {"login": login, "phone": SQL.phone_of(conn, person_id=row["id"])}


def only_admin(viewer: Viewer) -> int:
    """The district that `viewer` administers; NotAllowed for everybody else."""
    if viewer.role != "admin":
        raise NotAllowed
    return viewer.district_id


def admit(conn: Connection, viewer: Viewer, wanted: dict[str, Any], address: str, now: datetime) -> int:
    """Adds a person to the administrator's district; returns people.id.

    `wanted`: login, name, role, organisation and grids (codes), duties, lang, password or None.
    Raises NotAllowed, or BadInput that says what does not fit.
    """
    district_id = only_admin(viewer)
    organisation = SQL.organisation_coded(conn, district_id=district_id, code=wanted["organisation"])
    if organisation is None:
        raise BadInput("There is no organisation with the code {code}.", code=wanted["organisation"])
    if organisation["kind"] not in OFFICES_OF[wanted["role"]]:
        raise BadInput("Nobody has the role {role} in such an organisation.", role=wanted["role"])
    if SQL.person_of_login(conn, login=wanted["login"]):
        raise BadInput("The login {login} is taken.", login=wanted["login"])
    grid_ids = [organisation["grid_id"]] if not wanted["grids"] else []
    for code in wanted["grids"]:
        node = SQL.node_coded(conn, district_id=district_id, code=code)
        if node is None:
            raise BadInput("There is no grid with the code {code}.", code=code)
        grid_ids.append(node["id"])
    person_id = add_person(
        conn,
        NewPerson(
            wanted["login"],
            wanted["name"],
            wanted["role"],
            organisation["id"],
            grid_ids,
            wanted["duties"],
            wanted["lang"],
            password_hash=hash_password(wanted["password"]) if wanted["password"] else None,
        ),
        now,
    )
    audit.log(conn, "person_added", viewer, address, {"login": wanted["login"], "role": wanted["role"]}, now)
    return person_id


def let_go(conn: Connection, viewer: Viewer, login: str, address: str, now: datetime) -> None:
    """Ends every way in of somebody who left; what their tablet still holds is taken in for review."""
    row = SQL.person_in_district(conn, login=login.strip().lower(), district_id=only_admin(viewer))
    if row is None:
        raise NotFound
    SQL.set_active(conn, person_id=row["id"], active=False)
    SQL.end_sessions_of(conn, person_id=row["id"])
    SQL.revoke_tokens_of(conn, person_id=row["id"], now=now)
    SQL.drop_codes_of(conn, person_id=row["id"])
    audit.log(conn, "person_left", viewer, address, {"login": login}, now)
