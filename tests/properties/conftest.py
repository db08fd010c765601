"""What the stories of the sync share, and what is said of a whole night of them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.db import Database
from tests.properties.sync_machine import SyncMachine
from tests.serving import mortal


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[type[SyncMachine]]:
    """A machine on a server of its own; its tally says what happened how often."""
    with mortal(database, tmp_path / "home") as running:

        class Bound(SyncMachine):
            server = running

        Bound.database, Bound.tally = database, Counter()
        yield Bound


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Of a night: its seeds, and what happened how often in all its parts together."""
    done = [dict(report.user_properties) for report in terminalreporter.stats.get("passed", [])]
    parts = [properties["night"] for properties in done if "night" in properties]
    if parts:
        happened = sum((Counter(part["happened"]) for part in parts), Counter())
        terminalreporter.section("the night")
        terminalreporter.write_line("seeds: " + ", ".join(str(part["seed"]) for part in parts))
        for what, times in happened.most_common():
            terminalreporter.write_line(f"{times:8} {what}")
