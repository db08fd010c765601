"""What is published of a street: what was closed in the last ninety days, and how much of what was due.

Neither numbers of cases nor places nor words: category, community, dates, and how it ended. Matters of people and
homes (disputes, care visits, requests) are left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.cases.filters import read_key, write_key
from server.db import Connection
from server.errors import NotFound
from server.locale import gettext_for
from server.packs import current
from server.protocol.words import CLOSE_KIND_WORDS
from server.public.service import in_public_space, sql
from server.reports import service as reports
from server.security import Viewer

SHOWN_FOR = timedelta(days=90)
ROWS = 50
FEW = 20


@dataclass(frozen=True)
class Month:
    """Closed of those that were due in a month; under twenty the share would say nothing."""

    first: date
    closed: int
    due: int

    @property
    def share(self) -> float | None:
        return self.closed / self.due if self.due >= FEW else None


def closed_as(row: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """The kind of closing in words."""
    word = CLOSE_KIND_WORDS[row["close_kind"]]
    return say(word)


def streets(conn: Connection) -> list[dict[str, Any]]:
    """All streets: code, name, district (its code), by district."""
    return [dict(row) for row in sql.streets(conn)]


def street_page(
    conn: Connection, code: str, district: str | None, after: str | None, lang: str, now: datetime
) -> dict[str, Any]:
    """A page of the closed matters of a street, newest first, and the figure of last month. Raises NotFound."""
    street = sql.street(conn, code=code, district=district)
    if street is None:
        raise NotFound
    _ = gettext_for(lang)
    pack = current(conn, street["district_id"])[1]
    shown = {c.key: c.name(lang) for c in pack.categories if in_public_space(c)}
    _phase, at, last_id = read_key(after) if after else ("", None, None)
    rows = list(
        sql.published(conn, street=street["id"], since=now - SHOWN_FOR, categories=list(shown), after_at=at,
                      after_id=last_id, limit=ROWS + 1)
    )  # fmt: skip
    nodes = {row["community_id"] for row in rows} - {None}
    names = {row["node_id"]: row["name"] for row in sql.names_of_nodes(conn, nodes=list(nodes))}
    zone = ZoneInfo(street["timezone"])
    items = [
        {
            "what": shown[f"{row['category_system']}/{row['category_code']}"],
            "community": names.get(row["community_id"], ""),
            "reported": row["reported_at"].astimezone(zone).date(),
            "closed": row["closed_at"].astimezone(zone).date(),
            "how": closed_as(row, _),
        }
        for row in rows[:ROWS]
    ]
    for item in items:
        item["days"] = (item["closed"] - item["reported"]).days
    following = (
        write_key("closed", rows[ROWS - 1]["closed_at"], rows[ROWS - 1]["id"]) if len(rows) > ROWS else None
    )
    return {
        "street": dict(street),
        "items": items,
        "next": following,
        "month": _last_month(conn, street, now),
    }


def _last_month(conn: Connection, street: dict[str, Any], now: datetime) -> Month:
    """The closure rate that the desk has for that street and month, so that nobody is told two figures."""
    last = now.astimezone(ZoneInfo(street["timezone"])).date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    found = reports.closure(
        conn, everybody(street["district_id"]), now, by="street", from_=first, to=last, grid=street["code"]
    )
    return Month(first, found.total.numerator, found.total.denominator)


def everybody(district_id: int) -> Viewer:
    """Who reads a published figure: nobody in particular, of the whole district."""
    return Viewer(
        person_id=0,
        login="",
        name="",
        lang="en",
        role="",
        duties=frozenset(),
        organisation_id=0,
        organisation_name="",
        organisation_kind="",
        organisation_code="",
        district_id=district_id,
        district=district_id,
    )
