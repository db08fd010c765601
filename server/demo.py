"""The demo's people: offices and role labels for the made-up district, made once and kept as they are found."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from server.db import Connection, queries
from server.errors import SetupFault
from server.people.service import NewPerson, Organisation, add_person, ensure_centre, put_organisation
from server.security import hash_password

SQL = queries(__file__, "demo.sql")
DISTRICT = "510199"
PASSWORD = "xunge-demo"  # noqa: S105  # printed by `make run`; the demo holds nothing that it would guard
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MOST_GRIDS_A_WORKER = 3

# login, role, duties, name
CENTRE_DESKS: list[tuple[str, str, list[str], str]] = [
    ("intake1", "centre", ["intake"], "受理员"),
    ("duty1", "centre", ["duty"], "值班长"),
    ("dispatch1", "centre", ["dispatcher"], "派遣员"),
    ("supervisor1", "centre", ["supervisor"], "督查员"),
    ("admin1", "admin", [], "系统管理员"),
    ("auditor1", "auditor", [], "审计员"),
    ("hotline1", "resident-service", [], "12345 热线"),
]

# code, name after the district's, trades, permitted categories, in which street (by rank) its depot lies, capacity;
# without a rank it serves the first street only and is called after it
CREWS: list[tuple[str, str, list[str], list[str], int | None, int]] = [
    ("crew-drainage", "排水设施养护队", ["drainage"],
     ["urban/component/0101", "urban/component/0102", "urban/component/0103", "urban/component/0104",
      "urban/event/0125", "urban/event/0503", "urban/event/0506"], 0, 8),
    ("crew-lighting", "路灯管理所", ["lighting"],
     ["urban/component/0106", "urban/component/0128", "urban/component/0137"], 2, 6),
    ("crew-sanitation", "环卫作业中心", ["sanitation"],
     ["urban/event/0110", "urban/event/0111", "urban/event/0112", "urban/event/0137", "urban/event/0201",
      "urban/component/0301", "urban/component/0305"], 1, 12),
    ("crew-order", "街面秩序巡查中队", ["street-order"],
     ["urban/event/04*", "urban/event/0129", "urban/event/0136", "urban/event/0201"], 3, 8),
    ("crew-road", "市政道路抢修队", ["road"],
     ["urban/event/0505", "urban/event/0113", "urban/event/0303", "urban/component/02*", "urban/component/0102",
      "urban/component/0123"], 5, 6),
    ("crew-general", "综合应急服务队", ["general"],
     ["urban/event/06*", "urban/component/05*", "urban/event/05*", "urban/event/0110"], 4, 10),
    ("crew-property", "物业服务站", ["property"],
     ["urban/event/0110", "urban/event/0112", "urban/component/0137", "urban/event/06*"], None, 4),
    ("crew-utilities", "公用事业抢修中心", ["water", "heat", "gas", "power", "telecom"],
     ["urban/component/0101", "urban/component/0110", "urban/component/0111", "urban/component/0128",
      "urban/event/0501", "urban/event/0502", "urban/event/0508"], 2, 6),
    ("crew-parks", "园林文体养护队", ["green", "sports", "river"],
     ["urban/component/0146", "urban/component/04*", "urban/event/0125"], 6, 6),
    ("crew-enforcement", "综合行政执法大队", ["enforcement", "construction", "advertising"],
     ["urban/component/0306", "urban/event/0101", "urban/event/0111", "urban/event/0129", "urban/event/02*",
      "urban/event/03*"], 7, 8),
]  # fmt: skip

# What a crew proves, by document: without it nobody is sent to a gas leak, a power line or down a sewer.
QUALIFIED: dict[str, list[tuple[str, str]]] = {
    "crew-utilities": [("gas", "示例-燃抢-01"), ("high-voltage", "示例-承修-01")],
    "crew-lighting": [("high-voltage", "示例-承修-02")],
    "crew-drainage": [("confined-space", "示例-限空-01")],
}


@dataclass
class Plan:
    """The offices and the people of a demo district before they are written; organisations are named by code."""

    offices: list[Organisation] = field(default_factory=list)
    people: list[tuple[str, str, list[str], str, str, list[int]]] = field(default_factory=list)

    def add(self, login: str, role: str, name: str, office: str, roots: list[int], duties: list[str]) -> None:
        """One person: login, role, duties, name, office code, roots of the subtrees."""
        self.people.append((login, role, duties, name, office, roots))

    def next_login(self, stem: str) -> str:
        """worker1, worker2, …"""
        return f"{stem}{1 + sum(login.startswith(stem) for login, *_ in self.people)}"


def make_demo_people(conn: Connection, district_code: str = DISTRICT) -> list[dict[str, str]]:
    """Makes what is missing of the demo's offices and people; returns login, password, role, organisation, name.

    What is there already stays as it is. SetupFault when the district's grids are not loaded.
    """
    district_id = SQL.district_id(conn, code=district_code)
    nodes = [dict(row) for row in SQL.nodes(conn, district_id=district_id)]
    if not nodes:
        raise SetupFault("The grids of district {code} are not loaded.", code=district_code)
    plan = plan_demo(nodes)
    office_ids = _put_offices(conn, district_id, plan)
    names = {office.code: office.name for office in plan.offices}
    known = {row["login"] for row in SQL.logins(conn, logins=[login for login, *_ in plan.people])}
    hashed = hash_password(PASSWORD) if len(known) < len(plan.people) else ""
    for login, role, duties, name, office, roots in plan.people:
        if login not in known:
            new = NewPerson(login, name, role, office_ids[office], roots, duties, password_hash=hashed)
            add_person(conn, new, SINCE)
    return [
        {"login": login, "password": PASSWORD, "role": role, "organisation": names[office], "name": name}
        for login, role, _, name, office, _ in plan.people
    ]


def _put_offices(conn: Connection, district_id: int, plan: Plan) -> dict[str, int]:
    ensure_centre(conn, district_id)
    ids = {row["code"]: int(row["id"]) for row in SQL.offices(conn, district_id=district_id)}
    for office in plan.offices:
        if office.code not in ids:
            ids[office.code] = put_organisation(conn, district_id, office)
    return ids


def plan_demo(nodes: list[dict[str, Any]]) -> Plan:
    """Who works where. `nodes`: id, level, code, name, parent_id, lon, lat of one district, upper levels first.

    A centre, an office in every street and community, workers for the whole first street and for the first
    community of every other one, and crews.
    """
    plan = Plan()
    district = nodes[0]
    streets = [node for node in nodes if node["level"] == 1]
    below: dict[int, list[dict[str, Any]]] = {}
    for node in nodes[1:]:
        below.setdefault(node["parent_id"], []).append(node)
    _plan_centre(plan, district)
    for street in streets:
        office = f"street-{street['code']}"
        plan.offices.append(Organisation("street", office, f"{street['name']}办事处", street["id"]))
        plan.add(plan.next_login("street"), "street", f"{street['name']}评价员", office, [street["id"]], [])
    for street in streets:
        for rank, community in enumerate(below.get(street["id"], [])):
            _plan_community(plan, community)
            if rank == 0 or street is streets[0]:
                _plan_workers(plan, community, below.get(community["id"], []))
    _plan_crews(plan, district, streets)
    return plan


def _plan_centre(plan: Plan, district: dict[str, Any]) -> None:
    plan.offices.append(Organisation("centre", "centre", f"{district['name']}网格化管理中心", district["id"]))
    for login, role, duties, name in CENTRE_DESKS:
        plan.add(login, role, name, "centre", [district["id"]], duties)


def _plan_community(plan: Plan, community: dict[str, Any]) -> None:
    office = f"community-{community['code']}"
    plan.offices.append(Organisation("community", office, f"{community['name']}居委会", community["id"]))
    plan.add(
        plan.next_login("community"),
        "community",
        f"{community['name']}值守员",
        office,
        [community["id"]],
        [],
    )


def _plan_workers(plan: Plan, community: dict[str, Any], grids: list[dict[str, Any]]) -> None:
    office, stem = f"community-{community['code']}", community["name"].removesuffix("社区")
    for number, share in enumerate(shares(grids), 1):
        roots = [grid["id"] for grid in share]
        plan.add(plan.next_login("worker"), "worker", f"网格员 {stem}{number:02d}", office, roots, [])


def shares(grids: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The grids of a community in order, two or three to a worker."""
    workers = -(-len(grids) // MOST_GRIDS_A_WORKER)
    cuts = [len(grids) * n // workers for n in range(workers + 1)] if workers else [0]
    return [grids[start:end] for start, end in pairwise(cuts)]


def _plan_crews(plan: Plan, district: dict[str, Any], streets: list[dict[str, Any]]) -> None:
    for code, name, trades, permits, rank, capacity in CREWS:
        depot = streets[(rank or 0) % len(streets)]
        served, short = (
            (district, name) if rank is not None else (depot, f"{_without_kind(depot['name'])}{name}")
        )
        title = f"{district['name']}{name}" if rank is not None else short
        at = (depot["lon"], depot["lat"])
        proved = [(kind, document, None) for kind, document in QUALIFIED.get(code, ())]
        crew = Organisation("crew", code, title, served["id"], trades, permits, at, capacity, list(proved))
        plan.offices.append(crew)
        plan.add(plan.next_login("crew"), "crew", f"{short}值班员", code, [served["id"]], [])


def _without_kind(street: str) -> str:
    """A street's name as companies take it over."""
    return street.removesuffix("街道")
