"""The simulator: many real tablets, a bad wire, and an account that can be believed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mobile.core.transport import HttpTransport, LinkDown, Reply
from mobile.sim import __main__ as sim
from mobile.sim.wire import FAULTS, REMEMBERED, BadWire
from mobile.sim.worker import Worker
from server.people.tokens import make_token
from tests.conftest import LiveServer
from tests.link import code_for, rows, settle


@pytest.fixture
def token(live_server: LiveServer) -> Iterator[str]:
    """Of the small district's administrator."""
    settle(live_server.database)
    yield live_server.database.run(lambda conn: make_token(conn, "admin", "sim", datetime.now(UTC)))


def told(capsys: pytest.CaptureFixture[str], live: LiveServer, token: str, *words: str) -> dict[str, object]:
    assert sim.main(["--server", live.url, "--token", token, "--json", *words]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_crowd_on_a_bad_wire_hands_over_everything_once(
    live_server: LiveServer, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tablets", "5", "--commands", "3", "--photos", "1", "--home", str(tmp_path / "tablets")]
    first = told(capsys, live_server, token, *words, "--wire", "bad")
    assert (first["captured"], first["waiting"], first["answered"]) == (15, 0, {"applied": 15})
    assert first["faults"] and set(first["faults"]) <= set(FAULTS)  # type: ignore[call-overload]
    (counted,) = rows(
        live_server,
        "select (select count(*) from cases) as cases, (select count(distinct device_id) from commands) as tablets,"
        " (select count(*) from attachments where arrived_at is not null) as photos",
    )
    assert counted == {"cases": 15, "tablets": 5, "photos": 15}
    again = told(capsys, live_server, token, *words, "--seconds", "1")
    assert again["answered"] == {"applied": 30}, "the same tablets go on"
    (device,) = rows(live_server, "select count(*) as n from devices")
    assert (device["n"], again["faults"]) == (5, {})


def test_codes_may_come_from_a_file_and_too_few_are_told(
    live_server: LiveServer, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = tmp_path / "codes"
    codes.write_text(code_for(live_server.database, "worker") + "\n", encoding="utf-8")
    words = ["--server", live_server.url, "--codes", str(codes), "--commands", "1", "--tablets"]
    assert sim.main([*words, "2"]) == 1
    assert "2 tablets need a code, but there are only 1." in capsys.readouterr().err
    assert sim.main([*words, "1"]) == 0
    assert "1 tablets captured 1 reports in all; 0 still wait." in capsys.readouterr().out


def test_a_server_that_is_not_there_is_told_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim.main(["--server", "http://127.0.0.1:9", "--token", "x"]) == 1
    assert "did not answer as Xunge does" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        sim.main(["--tablets", "none"])
    assert "a whole number from 1 to 10000" in capsys.readouterr().err


def test_a_simulated_worker_reports_from_the_own_grids_only(
    live_server: LiveServer, token: str, tmp_path: Path
) -> None:
    worker = Worker(tmp_path, BadWire(), seed=3)
    worker.enrol(live_server.url, code_for(live_server.database, "worker"))
    places = [place for _ in range(20) if (place := worker.place())]
    assert {worker.tablet.locate(place.lon, place.lat, 1.0).grid_code for place in places} <= {
        "S1C1G1",
        "S1C1G2",
    }
    assert len({(place.lon, place.lat) for place in places}) == 20
    worker.close()


def test_a_simulated_worker_whose_grids_have_not_come_yet_reports_without_a_place(
    live_server: LiveServer, token: str, tmp_path: Path
) -> None:
    class NoPackage(HttpTransport):
        def send(self, method: str, url: str, *more: Any) -> Reply:
            if "/package" in url:
                raise LinkDown("a server that has much to do")
            return super().send(method, url, *more)

    worker = Worker(tmp_path, BadWire(inner=NoPackage()))
    worker.enrol(live_server.url, code_for(live_server.database, "worker"))
    worker.capture()
    worker.tablet.sync_now()
    assert worker.waiting == 0
    worker.close()


def test_a_wire_counts_what_it_did_and_weighs_the_same_after_a_day_as_after_an_hour() -> None:
    class Silent:
        def send(self, *request: object) -> Reply:
            return Reply(200, {}, b"")

    wire = BadWire(plan=["repeat", *["captive"] * 3], inner=Silent())
    for n in range(5 * REMEMBERED):
        wire.send("GET", f"http://office/{n}", {})
    assert (wire.requests, wire.faults) == (5 * REMEMBERED, {"repeat": 1, "captive": 3})
    assert len(wire.asked) == REMEMBERED
    assert wire.asked[-1] == f"GET /{5 * REMEMBERED - 1}"
