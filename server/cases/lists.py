"""Lists of cases: by deadline or newest first, in the viewer's scope, page by key; or exactly what a figure counted."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from server.cases import view
from server.cases.boards import BY_ID, named_by
from server.cases.filters import Filters, local_span, read_key, write_key
from server.cases.finding import found
from server.db import Connection, queries
from server.errors import BadInput
from server.packs import current
from server.protocol.pack import Category, Pack
from server.reports.counted import read_counted
from server.reports.measures import STREET
from server.security import Viewer

sql = queries(__file__)
MOST = 500


@dataclass(frozen=True)
class Page:
    """A page of Case JSON; `next` is the key of the following one, None at the end."""

    items: list[dict[str, Any]]
    next: str | None


def list_cases(
    conn: Connection, viewer: Viewer, filters: Filters, limit: int, after: str | None, now: datetime
) -> Page:
    """A page of the viewer's cases: open ones by deadline (those without a clock last), else newest first."""
    limit = max(1, min(limit, MOST))
    if filters.basis:
        return _list_counted(conn, viewer, filters, limit, after, now)
    replies = filters.board == "replies"
    # Its page goes along the reply clocks: it needs no list of all who wait.
    params = question(conn, viewer, replace(filters, board="") if replies else filters, now)
    if params is None:
        return Page([], None)
    if replies:
        return _list_replies(conn, viewer, params, limit, after, now)
    phase, at, case_id = (
        read_key(after) if after else ("clock" if filters.without_board().only_open else "newest", None, None)
    )
    rows: list[dict[str, Any]] = []
    if phase == "clock":
        rows = list(sql.page_by_deadline(conn, **params, after_at=at, after_id=case_id, limit=limit + 1))
        if len(rows) <= limit and filters.board != "soon":
            rows += list(
                sql.page_by_reported(
                    conn, **params, clockless=True, after_at=None, after_id=None, limit=limit + 1 - len(rows)
                )
            )
    else:
        rows = list(
            sql.page_by_reported(
                conn,
                **params,
                clockless=True if phase == "clockless" else None,
                after_at=at,
                after_id=case_id,
                limit=limit + 1,
            )
        )
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        if phase == "clock" and last["next_due_at"] is not None:
            following = write_key("clock", last["next_due_at"], last["id"])
        else:
            following = write_key(
                "newest" if phase == "newest" else "clockless", last["reported_at"], last["id"]
            )
    return Page(view.cases(conn, rows[:limit], viewer.lang, now), following)


def _list_replies(
    conn: Connection, viewer: Viewer, params: dict[str, Any], limit: int, after: str | None, now: datetime
) -> Page:
    """A page of the cases whose reporter waits for a reply, closed ones too, by the day on which it is owed."""
    _phase, at, case_id = read_key(after) if after else ("", None, None)
    rows = list(sql.page_of_replies(conn, **params, after_at=at, after_id=case_id, limit=limit + 1))
    items = view.cases(conn, rows[:limit], viewer.lang, now)
    for item, row in zip(items, rows, strict=False):
        item["reply"] = view.reply_json(row["reply_due_at"], item["district"]["timezone"], now, viewer.lang)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items, write_key("reply", last["reply_due_at"], last["id"]) if last else None)


def _list_counted(
    conn: Connection, viewer: Viewer, filters: Filters, limit: int, after: str | None, now: datetime
) -> Page:
    """A page of what a figure counted: one item a cycle, so that the items are as many as the number says."""
    phase, at, case_id = read_key(after) if after else ("0", None, None)
    if not phase.isdigit():
        raise BadInput("The page key “after” is not one that this list gave.")
    counted = read_counted(
        conn,
        viewer,
        now,
        basis=filters.basis,
        from_=filters.from_,
        to=filters.to,
        as_of=filters.as_of,
        counted=filters.counted or "all",
        grid=filters.grid or None,
        outside=(filters.level or STREET) if filters.outside else None,
        category=filters.category or None,
        crew=filters.crew or None,
        undispatched=filters.undispatched or False,
        system=filters.system or None,
        responsible=filters.responsible or None,
        unexcused=filters.unexcused or False,
    )
    rows = list(
        sql.page_counted(
            conn, **counted.params(viewer), after_at=at, after_id=case_id, after_n=int(phase), limit=limit + 1
        )
    )
    last = rows[limit - 1] if len(rows) > limit else None
    following = write_key(str(last["counted_cycle"]), last["counted_at"], last["id"]) if last else None
    return Page(view.cases(conn, rows[:limit], viewer.lang, now), following)


def question(conn: Connection, viewer: Viewer, filters: Filters, now: datetime) -> dict[str, Any] | None:
    """The parameters of the SQL function `asked_cases`; None when a filter names something that does not exist."""
    plain = filters.without_board()
    node = sql.node_of_code(conn, code=plain.grid, district_id=viewer.district_id) if plain.grid else None
    pack = current(conn, viewer.district_id)[1]
    category = _category(pack, plain.category) if plain.category else None
    handler = sql.crew_of_code(conn, code=plain.crew, district_id=viewer.district_id) if plain.crew else None
    if (
        (plain.grid and node is None)
        or (plain.category and category is None)
        or (plain.crew and handler is None)
    ):
        return None
    node_id, level = (node["id"], node["level"]) if node else (None, None)
    words = found(conn, plain, pack, category, node_id)
    only = words.ids
    if filters.board in BY_ID:
        # A board whose cases are told apart by something beside them is asked for by their ids.
        named = named_by(conn, viewer, filters.board, now) or []
        only = named if only is None else [one for one in named if one in set(only)]
    if only == []:
        return None
    timezone = next(row["timezone"] for row in sql.timezones(conn) if row["id"] == viewer.district_id)
    start, until = local_span(plain.from_, plain.to, timezone)
    west, south, east, north = plain.bbox or (None, None, None, None)
    return {
        **viewer.scope_params(),
        "now": now,
        "soon": now + timedelta(minutes=pack.soon_minutes),
        "board": None if filters.board in BY_ID else filters.board or None,
        "held": only,
        "states": list(plain.state) or None,
        "in_street": node_id if level == 1 else None,
        "in_community": node_id if level == 2 else None,
        "in_grid": node_id if level == 3 else None,
        "outside": plain.outside,
        "category_system": category.system if category else None,
        "category_code": category.code if category else None,
        "overdue": plain.overdue,
        "source": plain.source or None,
        "handler": handler,
        "start": start,
        "until": until,
        "q": words.query,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def _category(pack: Pack, text: str) -> Category | None:
    system, _, code = text.rpartition("/")
    return pack.category(system, code) if system else pack.by_text(text)
