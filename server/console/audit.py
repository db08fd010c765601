"""The auditor's page: the security log and the log of who read personal data, filtered, page by page, and as a file."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from server.audit import service
from server.cases import anchors
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.errors import BadInput
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
ROWS = 100
LOGS = ("security", "access")
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def asked(page: Desk) -> tuple[str, service.Wanted, dict[str, str]]:
    """The log, the filter and the form's fields out of the URL; days are those of the reader's district."""
    given = {
        name: page.request.query_params.get(name, "").strip()
        for name in ("log", "what", "login", "since", "until")
    }
    given["log"] = given["log"] if given["log"] in LOGS else LOGS[0]
    since, until = (_day(given[name], page) for name in ("since", "until"))
    wanted = service.Wanted(
        given["what"] or None, given["login"] or None, since, until + timedelta(days=1) if until else None
    )
    return given["log"], wanted, given


def _day(text: str, page: Desk) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput("{day} is not a day like 2026-03-01.", day=text) from None
    return datetime(day.year, day.month, day.day, tzinfo=page.zone)


@router.get("/audit", response_class=HTMLResponse)
def audit_page(
    request: Request, after: int | None = Query(None, ge=1), viewer: Viewer = Depends(reader)
) -> Response:
    """One of the two logs, newest first, and the last anchor."""
    with desk(request, viewer) as page:
        log, wanted, given = asked(page)
        read = service.access_page if log == "access" else service.page
        return page.page("audit.html", found=read(page.conn, viewer, ROWS, after, wanted), given=given,
                         anchor=anchors.SQL.last_anchor(page.conn))  # fmt: skip


@router.get("/audit.csv")
def audit_file(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """The same as a file, at most 20,000 rows; its last line says who took it, and taking it is a row itself."""
    now = datetime.now(UTC)
    with desk(request, viewer) as page:
        log, wanted, _given = asked(page)
    rows = request.app.state.database.run(
        lambda conn: service.export(conn, viewer, log, wanted, address_of(request), now)
    )
    name = f"{log}-log-{now:%Y%m%dT%H%M%SZ}.csv"
    return Response(
        written(rows, f"{viewer.login} {now:%Y-%m-%dT%H:%M:%SZ}"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def written(rows: list[dict[str, Any]], mark: str) -> str:
    """Rows as CSV with a byte order mark, for the office's spreadsheet; `mark` is its last line."""
    out = io.StringIO()
    out.write("\ufeff")
    lines = csv.writer(out)
    if rows:
        lines.writerow(rows[0])
    lines.writerows([cell(value) for value in row.values()] for row in rows)
    lines.writerow([mark])
    return out.getvalue()


def cell(value: Any) -> str:
    text = (
        ""
        if value is None
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict)
        else str(value)
    )
    return f"'{text}" if text.startswith(FORMULA) else text
