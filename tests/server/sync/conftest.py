"""A running server with its cast, and one enrolled tablet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.sync.tablet import Tablet, enrol


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    """The cast of the running server; every use of it commits."""
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


@pytest.fixture
def tablet(live_server: LiveServer, street: Street) -> Iterator[Tablet]:
    made = enrol(live_server)
    yield made
    made.session.close()
