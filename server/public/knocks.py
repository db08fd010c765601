"""How often somebody may come to a public door: counted in the database, so that all server processes count together.

Windows are fixed, not sliding: one row a door, caller and window, one statement a knock. At the border of two windows
a caller may come twice as often for a moment, which none of these limits minds.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request

from server.audit import service as audit
from server.db import Connection, Database, queries
from server.errors import XungeError
from server.security import address_of

sql = queries(__file__)
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Door:
    """At most `most` times in `window` for one caller."""

    name: str
    most: int
    window: timedelta


# A whole neighbourhood may stand behind one address of a telephone company.
PAGES = Door("pages", 600, timedelta(minutes=10))
LINK = Door("link", 120, timedelta(minutes=10))
WRONG_LINKS = Door("wrong links", 30, timedelta(hours=1))
CODES = Door("codes", 30, timedelta(hours=1))
# Ten digits and ten tries an hour: to find one case's code by trying takes some fifty thousand years.
CODES_OF_CASE = Door("codes of case", 10, timedelta(hours=1))
ACTS = Door("acts", 20, timedelta(hours=1))
ACTS_FROM = Door("acts from", 60, timedelta(hours=1))


class TooMany(XungeError):
    """Come again later; `wait` says when."""

    status, code = 429, "too_many"
    sentence = "This was tried too often. Try again in {minutes} minutes."

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(minutes=max(1, math.ceil(wait / timedelta(minutes=1))))


def caller(request: Request) -> str:
    """The address that a request came from; of IPv6 the network, for a household has billions of addresses."""
    address = address_of(request)
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def knock(database: Database, door: Door, who: str, address: str, now: datetime) -> None:
    """Counts one knock of `who`, in a transaction of its own. Raises TooMany; a window's first is logged."""
    length = door.window.total_seconds()
    since = datetime.fromtimestamp(now.timestamp() // length * length, UTC)
    count = int(database.run(lambda conn: sql.knock(conn, door=door.name, who=who, since=since)))
    if count <= door.most:
        return
    if count == door.most + 1:
        audit.log_refusal(database, "public_too_many", None, address, {"door": door.name}, now)
    raise TooMany(since + door.window - now)


def forget(conn: Connection, now: datetime) -> int:
    """Forgets what was counted more than a day ago; how many rows that were."""
    return int(sql.forget_knocks(conn, before=now - KEPT))
