"""Many overdue cases at once, for what escalating them costs and whom it holds up."""

import re
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path

from server.db import connect

MAKING = ("cases", "cycles", "deadlines", "keys")


@cache
def statements() -> dict[str, str]:
    """The statements of `overdue.sql` by name."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def make_overdue(dsn: str, district: int, rows: int, now: datetime) -> None:
    """Adds `rows` cases of a district whose handling limit has passed by `now`. As the owner; nothing is logged."""
    with closing(connect(dsn, application=False)) as owner:
        with owner.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            cursor.execute("select count(*) as made from cases where number ~ '^V'")
            values = {"district": district, "rows": rows, "now": now, "first": cursor.fetchone()["made"]}
            for name in MAKING:
                cursor.execute(statements()[name], values)
        owner.commit()
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("vacuum analyze cases, cycles, deadlines, case_keys")
