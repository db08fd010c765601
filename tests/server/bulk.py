"""Cycles in bulk, each with its case: what indicators are counted on, without the acts that lead there."""

from typing import Any

from psycopg2 import sql

from server.db import Connection
from tests.server.small_district import SmallDistrict

CASE = """
insert into cases (id, number, state, version, moved_version, pack_version, category_system, category_code,
    place_status, district_id, street_id, community_id, grid_id, holder_id, handler_id, source, reported_at,
    received_at, changed_at, acted_at, due_at, closed_at, last_hash)
select gen_random_uuid(), 'T' || nextval('case_numbers'), 'closed', 1, 1, (select max(id) from pack_versions),
    %(category_system)s, %(category_code)s, %(place_status)s, %(district_id)s, %(street_id)s, %(community_id)s,
    %(grid_id)s, %(holder_id)s, %(handler_id)s, 'patrol', %(opened_at)s, %(opened_at)s, %(opened_at)s, %(opened_at)s,
    %(due_at)s, %(ended_at)s, ''
from generate_series(1, %(count)s)
"""


def put_cycles(
    conn: Connection, district: SmallDistrict, count: int, grid: str | None = "S1C1G1", **cycle: Any
) -> None:
    """`count` cases with one such cycle each in a grid of the small district (None: outside every grid).

    `cycle` are columns of `cycles`; `holder` and `handler` codes of organisations. Deferred triggers would ask for the
    chain of each case: call it in a transaction that is rolled back, or as the owner without triggers.
    """
    nodes = [district.nodes[grid[:n]] if grid else None for n in (2, 4, 6)]
    columns = {
        "category_system": "urban/event",
        "category_code": "0110",
        "place_status": "inside" if grid else "outside",
        "district_id": district.id,
        **dict(zip(("street_id", "community_id", "grid_id"), nodes, strict=True)),
        "holder_id": district.organisations[cycle.pop("holder", "centre")],
        "handler_id": district.organisations.get(cycle.pop("handler", None)),
        "due_at": None,
        "ended_at": None,
        **cycle,
    }
    names = [name for name in columns if name != "place_status"]
    statement = sql.SQL(
        "with made as ({case} returning id) insert into cycles (case_id, n, {names}) select id, 1, {values} from made"
    ).format(
        case=sql.SQL(CASE),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(map(sql.Placeholder, names)),
    )
    with conn.cursor() as cursor:
        cursor.execute(statement, columns | {"count": count})
