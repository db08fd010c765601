"""Which cases the map is asked for: the same URL parameters as the list of cases beside it."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.db import Connection, queries
from server.errors import BadInput
from server.packs import current
from server.protocol.workflow import OPEN, STATES

SQL = queries(__file__)
LONGEST = 200


def read_question(
    conn: Connection, district_id: int, params: Mapping[str, str], now: datetime
) -> dict[str, Any] | None:
    """The arguments of the case queries; None when the question names a grid or category that does not exist.

    Raises BadInput for what cannot be read. Unknown parameters are left alone.
    """
    text = {
        name: params.get(name, "").strip()[:LONGEST] for name in ("grid", "category", "source", "crew", "q")
    }
    board = params.get("board", "")
    pack = current(conn, district_id)[1]
    node = SQL.node_coded(conn, code=text["grid"], district=district_id) if text["grid"] else None
    category = pack.by_text(text["category"]) if text["category"] else None
    if (text["grid"] and node is None) or (text["category"] and category is None):
        return None
    level = node["level"] if node else None
    start, end = _span(params, SQL.timezone_of(conn, district=district_id))
    return {
        "states": _states(params.get("state", ""), board),
        "in_street": node["id"] if node and level == 1 else None,
        "in_community": node["id"] if node and level == 2 else None,
        "in_grid": node["id"] if node and level == 3 else None,
        "category_system": category.system if category else None,
        "category_code": category.code if category else None,
        "overdue": True if board == "overdue" else _yes_no(params, "overdue"),
        "outside": True if board == "outside" else _yes_no(params, "outside"),
        "returned": True if board == "returned" else None,
        "held": True if board == "held" else None,
        "due_before": now + timedelta(minutes=pack.soon_minutes) if board == "soon" else None,
        "soon": now + timedelta(minutes=pack.soon_minutes),
        "now": now,
        "source": text["source"] or None,
        "crew": text["crew"] or None,
        "q": text["q"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") or None,
        "from_at": start,
        "to_at": end,
        "open": list(OPEN),
    }


def _states(text: str, board: str) -> list[str] | None:
    wanted = [word for word in text.split(",") if word]
    for word in wanted:
        if word not in STATES and word != "open":
            raise BadInput("There is no state {state}.", state=word)
    if board == "unverified":
        return ["reported"]
    if "open" in wanted or (board and not wanted):
        return list(OPEN)
    return wanted or None


def _yes_no(params: Mapping[str, str], name: str) -> bool | None:
    value = params.get(name, "")
    if value not in ("", "true", "false", "1", "0"):
        raise BadInput("{name} must be true or false.", name=name)
    return None if value == "" else value in ("true", "1")


def _span(params: Mapping[str, str], timezone: str) -> tuple[datetime | None, datetime | None]:
    """The half-open span of the inclusive local dates `from` and `to`."""
    zone = ZoneInfo(timezone)
    try:
        first, last = (
            date.fromisoformat(params[name]) if params.get(name) else None for name in ("from", "to")
        )
    except ValueError as error:
        raise BadInput("from and to must be dates like 2026-11-22.") from error
    start = datetime.combine(first, time(), zone) if first else None
    end = datetime.combine(last + timedelta(days=1), time(), zone) if last else None
    return start, end
