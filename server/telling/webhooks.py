"""Where outcomes are returned to: receivers of a source's events, looked after by those who see all its cases."""

import re
import secrets
from datetime import datetime
from typing import Any

from server.audit import service as audit
from server.db import Connection, queries
from server.errors import BadInput, NotAllowed, NotFound
from server.protocol.wire import canonical
from server.security import Viewer
from server.telling import delivery
from server.telling.outcome import ping_body
from server.telling.webhook import check_url

sql = queries(__file__, "webhooks.sql")
MOST_OF_A_SOURCE = 5
BEGINS = "xunge_hook_"
SOURCE = re.compile(r"^[A-Za-z0-9_.:-]{1,50}$")


def allow(viewer: Viewer) -> None:
    """An event tells of any case of its source, so only those may ask for it who see every case of the district."""
    if viewer.district is None or viewer.role not in ("admin", "centre", "resident-service"):
        raise NotAllowed


def only_admin(viewer: Viewer) -> None:
    """Raises NotAllowed for all but administrators."""
    if viewer.role != "admin":
        raise NotAllowed


def only_mine(viewer: Viewer) -> int | None:
    """An administrator looks after all, others after their own."""
    return None if viewer.role == "admin" else viewer.person_id


def page(conn: Connection, viewer: Viewer, limit: int, after: int = 0) -> dict[str, Any]:
    """Webhooks in the order in which they were made; never their secrets."""
    allow(viewer)
    rows = list(
        sql.page(conn, district=viewer.district_id, person=only_mine(viewer), after=after, limit=limit + 1)
    )
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def all_of(conn: Connection, district_id: int) -> list[dict[str, Any]]:
    """All webhooks of a district, for its operator."""
    found = sql.page(conn, district=district_id, person=None, after=0, limit=1000)
    return [dict(row) for row in found]


def add(
    conn: Connection, viewer: Viewer, source: str, url: str, private: bool, address: str, now: datetime
) -> dict[str, Any]:
    """A new webhook for `source`: its id and its secret, which is shown this once."""
    allow(viewer)
    made = make(conn, viewer.district_id, source, url, private, viewer.person_id, now)
    audit.log(conn, "webhook_made", viewer, address, {"source": source, "webhook": made["id"]}, now)
    return made


def make(
    conn: Connection,
    district_id: int,
    source: str,
    url: str,
    private: bool,
    person_id: int | None,
    now: datetime,
) -> dict[str, Any]:
    """The same for the operator, who is nobody of the district."""
    if not SOURCE.match(source):
        raise BadInput("A source is a short name of letters, digits and . _ : -")
    check_url(url, private)
    if sql.active_of_source(conn, district=district_id, source=source) >= MOST_OF_A_SOURCE:
        raise BadInput(
            "{source} has {limit} webhooks already. Remove one first.", source=source, limit=MOST_OF_A_SOURCE
        )
    secret = BEGINS + secrets.token_urlsafe(32)
    row = sql.add(
        conn, district=district_id, source=source, url=url, secret=secret, person=person_id, now=now
    )
    return {"id": row["id"], "source": source, "url": url, "secret": secret}


def remove(conn: Connection, viewer: Viewer, webhook_id: int, address: str, now: datetime) -> None:
    """Switches a webhook off; what still waits for it is given up."""
    row = _one(conn, viewer, webhook_id)
    switch_off(conn, row["id"], now)
    audit.log(conn, "webhook_removed", viewer, address, {"source": row["source"], "webhook": row["id"]}, now)


def switch_off(conn: Connection, webhook_id: int, now: datetime) -> None:
    """Nothing more goes there."""
    sql.switch_off(conn, id=webhook_id)
    delivery.sql.drop_waiting(conn, id=webhook_id, now=now, error=delivery.SWITCHED_OFF)


def ping(conn: Connection, viewer: Viewer, webhook_id: int, now: datetime) -> str:
    """Puts a `ping` into the outbox; its key, by which the delivery is found in the log of exchanges."""
    row = _one(conn, viewer, webhook_id)
    if not row["active"]:
        raise NotFound
    return put_ping(conn, row, now)


def put_ping(conn: Connection, row: dict[str, Any], now: datetime) -> str:
    """The same for a row of `webhooks` that is known."""
    body = ping_body(row["id"], row["source"], now)
    key = str(body["id"])
    sql.put_ping(conn, key=key, district=row["district_id"], id=row["id"], body=canonical(body), now=now)
    return key


def again(conn: Connection, viewer: Viewer, webhook_id: int, now: datetime) -> int:
    """Sends once more what was given up, under the old keys; how many deliveries that are."""
    row = _one(conn, viewer, webhook_id)
    ids = [
        found["id"]
        for found in delivery.sql.undelivered_ids(conn, district=row["district_id"], webhook=row["id"])
    ]
    delivery.send_again(conn, viewer, ids, now)
    return len(ids)


def _one(conn: Connection, viewer: Viewer, webhook_id: int) -> dict[str, Any]:
    allow(viewer)
    row = sql.one(conn, id=webhook_id, district=viewer.district_id, person=only_mine(viewer))
    if row is None:
        raise NotFound
    return dict(row)
