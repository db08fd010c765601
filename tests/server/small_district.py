"""A small fixed district and its cast: two streets of two communities of three grids, one person for each role."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from server.db import Connection
from server.people.service import NewPerson, Organisation, add_person, put_organisation
from server.security import hash_password

PASSWORD = "a-password-for-tests"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@lru_cache(maxsize=1)
def password_hash() -> str:
    """One hash for the whole cast: hashing is slow on purpose."""
    return hash_password(PASSWORD)


@dataclass
class SmallDistrict:
    """Ids by code: nodes "D", "S1", "S1C1", "S1C1G1" …; organisations by code; people by login."""

    id: int
    nodes: dict[str, int] = field(default_factory=dict)
    organisations: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)


def make_small_district(conn: Connection, code: str = "D", staffed: bool = True) -> SmallDistrict:
    """The district with squares of 0.01° as grids, west to east, and its offices and people."""
    district = _make_grids(conn, code)
    if not staffed:
        return district
    _make_cast(conn, district, "" if code == "D" else f"{code.lower()}-")
    return district


def _make_grids(conn: Connection, code: str) -> SmallDistrict:
    with conn.cursor() as cursor:
        cursor.execute("insert into grid_nodes (level, code) values (0, %s) returning id", (code,))
        district = SmallDistrict(cursor.fetchone()["id"])
        cursor.execute("update grid_nodes set district_id = id where id = %s", (district.id,))
        cursor.execute(
            "insert into districts (id, code, name, timezone, pack) values (%s, %s, '试验区', 'Asia/Shanghai', 'urban')",
            (district.id, code),
        )
        cursor.execute(
            "insert into boundary_versions (district_id, valid_from, source_name, source_sha256, report)"
            " values (%s, '2026-01-01', 'test', '', '{}') returning id",
            (district.id,),
        )
        version = cursor.fetchone()["id"]
        cursor.execute("update districts set current_version = %s where id = %s", (version, district.id))

        def put(own: str, level: int, parent: str | None, west: float, east: float) -> None:
            if level:
                cursor.execute(
                    "insert into grid_nodes (district_id, level, code) values (%s, %s, %s) returning id",
                    (district.id, level, own),
                )
                district.nodes[own] = cursor.fetchone()["id"]
            else:
                district.nodes["D"] = district.id
            cursor.execute(
                "insert into grids (version_id, node_id, parent_id, level, code, name, geom, inside, current)"
                " select %s, %s, %s, %s, %s, %s, st_multi(box), st_pointonsurface(box), true"
                " from st_makeenvelope(%s, 30.0, %s, 30.01, 4326) box",
                (version, district.nodes[own if level else "D"], parent and district.nodes[parent], level, own,
                 f"{own}名", west, east),
            )  # fmt: skip

        put(code, 0, None, 104.0, 104.12)
        for s in (1, 2):
            west = 104.0 + 0.06 * (s - 1)
            put(f"S{s}", 1, "D", west, west + 0.06)
            for c in (1, 2):
                start = west + 0.03 * (c - 1)
                put(f"S{s}C{c}", 2, f"S{s}", start, start + 0.03)
                for g in (1, 2, 3):
                    put(f"S{s}C{c}G{g}", 3, f"S{s}C{c}", start + 0.01 * (g - 1), start + 0.01 * g)
    return district


def _make_cast(conn: Connection, district: SmallDistrict, prefix: str) -> None:
    nodes = district.nodes
    offices = [
        Organisation("centre", "centre", "试验区指挥中心", nodes["D"]),
        Organisation("street", "street-S1", "S1街道办事处", nodes["S1"]),
        Organisation("street", "street-S2", "S2街道办事处", nodes["S2"]),
        Organisation("community", "community-S1C1", "S1C1社区", nodes["S1C1"]),
        Organisation("community", "community-S1C2", "S1C2社区", nodes["S1C2"]),
        Organisation("crew", "crew-drain", "排水队", nodes["D"], ["drainage"], ["urban/component/0102"], (104.005, 30.005), 4),
        Organisation("crew", "crew-far", "东区排水队", nodes["D"], ["drainage"], ["urban/component/0102"], (104.115, 30.005), 4),
        Organisation("crew", "crew-any", "综合队", nodes["D"], ["general"], ["urban/component/*", "urban/event/06*"], (104.006, 30.005), 4),
        Organisation("crew", "crew-clean", "环卫队", nodes["D"], ["sanitation"], ["urban/event/0110"], (104.004, 30.005), 4),
        Organisation("crew", "crew-property", "S2物业", nodes["S2"], ["property"], ["urban/component/*"], (104.07, 30.005), 2),
    ]  # fmt: skip
    for office in offices:
        district.organisations[office.code] = put_organisation(conn, district.id, office)
    cast: list[tuple[str, str, str, list[str], list[str]]] = [
        ("intake", "centre", "centre", ["D"], ["intake"]),
        ("duty", "centre", "centre", ["D"], ["duty"]),
        ("dispatch", "centre", "centre", ["D"], ["dispatcher"]),
        ("supervise", "centre", "centre", ["D"], ["supervisor"]),
        ("admin", "admin", "centre", ["D"], []),
        ("auditor", "auditor", "centre", ["D"], []),
        ("hotline", "resident-service", "centre", ["D"], []),
        ("street", "street", "street-S1", ["S1"], []),
        ("community", "community", "community-S1C1", ["S1C1"], []),
        ("worker", "worker", "community-S1C1", ["S1C1G1", "S1C1G2"], []),
        ("head", "worker", "community-S1C2", ["S1C2"], []),
        ("crew", "crew", "crew-drain", ["D"], []),
    ]
    for login, role, office_code, roots, duties in cast:
        new = NewPerson(
            prefix + login,
            f"{login}岗",
            role,
            district.organisations[office_code],
            [nodes[root] for root in roots],
            duties,
            password_hash=password_hash(),
        )
        district.people[login] = add_person(conn, new, datetime(2026, 1, 1, tzinfo=UTC))
