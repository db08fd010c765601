"""A server that has no hand free: the tablet waits, longer each time and never in step with others, and loses nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mobile.core.views import UNDO_SECONDS
from server.db import Database
from tests.conftest import LiveServer, serving
from tests.link import TurnedClock, here, picture, rows, settle, tablet_of

RUBBISH = "urban/event/0110"
TRIES = 7


@pytest.fixture
def small_server(dsn: str, tmp_path: Path) -> Iterator[LiveServer]:
    """One that has two connections and little patience."""
    database = Database(dsn, size=2, wait_s=0.05)
    with serving(database, tmp_path / "home") as live:
        yield live
    database.close()


def test_while_the_server_is_saturated_the_tablet_waits_longer_and_longer_and_shows_no_error(
    small_server: LiveServer, tmp_path: Path
) -> None:
    settle(small_server.database)
    clock = TurnedClock()
    tablet = tablet_of(small_server, "worker", tmp_path / "tablet", clock=clock)
    photo = tablet.take_in(picture(1), "before")
    command_id = tablet.report(RUBBISH, "any", here(), "", [photo.photo_id], False)
    clock.passes(UNDO_SECONDS)
    pauses = []
    with ExitStack() as busy:
        for _ in range(2):
            busy.enter_context(small_server.database.read())
        for _ in range(TRIES):
            tablet.errand.turn()
            link = tablet._syncer.link
            assert (link.state, link.stopped) == ("offline", "")
            pauses.append((tablet.errand.pause(), tablet.errand.pause()))
    (entry,) = tablet._outbox.all()
    assert (entry.command_id, entry.state, entry.answer) == (command_id, "sending", {})
    assert [item.command_id for item in tablet.outbox().waiting] == [command_id]
    assert all(min(pair) >= 5 for pair in pauses), "the server asked for five seconds"
    assert min(pauses[-1]) > 2 * max(pauses[0])
    assert len(set(pauses[-1])) == 2, "not in step"
    tablet.errand.turn()
    assert tablet._syncer.link.state == "online"
    assert (tablet._syncer.failures, tablet.outbox().waiting) == (0, ())
    assert len(rows(small_server, "select 1 from cases")) == 1
    assert len(rows(small_server, "select 1 from attachments where arrived_at is not null")) == 1
    tablet.close()
