"""The real tablet core against the real server, with the simulator's bad wire (mobile/sim/wire.py) between them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mobile.core.tablet import Tablet
from mobile.core.views import Position
from mobile.sim.wire import BadWire
from mobile.sim.worker import picture as picture
from server.db import Database
from server.people.enrolment import make_enrol_code
from tests.conftest import LiveServer
from tests.server.small_district import SmallDistrict, make_small_district


class TurnedClock:
    """A device's clock that somebody has turned."""

    def __init__(self, wrong_by: timedelta = timedelta(0)) -> None:
        self.wrong_by = wrong_by
        self._started = datetime.now(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong_by

    def passes(self, seconds: float) -> None:
        """Time goes by, on this clock alone."""
        self.wrong_by += timedelta(seconds=seconds)
        self._passed += seconds

    def steady(self) -> float:
        return (datetime.now(UTC) - self._started).total_seconds() + self._passed


def settle(database: Database) -> SmallDistrict:
    """The small district, committed: two streets of two communities of three grids, and its people."""

    return database.run(make_small_district)


def code_for(database: Database, login: str) -> str:
    """A single-use code for a tablet of `login`."""
    return database.run(lambda conn: make_enrol_code(conn, login, datetime.now(UTC)))


def tablet_of(
    live: LiveServer, login: str, home: Path, wire: BadWire | None = None, clock: TurnedClock | None = None
) -> Tablet:
    """An enrolled tablet of `login` over `wire`."""
    tablet = Tablet(home, clock=clock, transport=wire or BadWire())
    tablet.enrol(live.url, code_for(live.database, login))
    return tablet


def here(lon: float = 104.005, lat: float = 30.005, accuracy_m: float = 8.0) -> Position:
    """A fix inside grid S1C1G1."""
    return Position(lon, lat, accuracy_m)


def rows(live: LiveServer, statement: str, *parameters: object) -> list[dict[str, object]]:
    """What the server's database holds."""
    with live.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [dict(row) for row in cursor.fetchall()]
