"""Syncing by itself: when the office answers, one at a time, sparing with paid bytes, in sight, to be stopped, and on
after the window was closed.
"""

import os
import signal
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from mobile.core.errand import LONGEST_WAIT_S
from mobile.core.outbox import UNDO
from mobile.core.tablet import Tablet
from mobile.core.transport import Reply
from mobile.platform.ports import Errand
from server.settings import CHECKOUT
from tests.conftest import LiveServer
from tests.link import TurnedClock, here, picture, rows, settle, tablet_of
from tests.mobile.paper_office import PaperOffice, case_body, enrolled, problem, spoken

RUBBISH, COVER, PIN = "urban/event/0110", "urban/component/0102", "258036"
CASE = "01990000-0000-7000-8000-000000000001"


class Paid:
    """A network that costs, until a test says otherwise; it tells of itself when it is told to."""

    def __init__(self) -> None:
        self.paid = True
        self.hints: list[Callable[[], None]] = []

    def metered(self) -> bool:
        return self.paid

    def listen(self, hint: Callable[[], None]) -> None:
        self.hints.append(hint)


class Asked(PaperOffice):
    """Notes what was asked for, takes photos, and answers `hello` as the office or as somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.portal = False
        self.photos: dict[str, int] = {}

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Reply:  # type: ignore[override]
        path = url.removeprefix("http://office.test").partition("?")[0]
        self.asked.append(f"{method} {path}")
        if self.portal:
            return Reply(200, {"content-type": "text/html"}, b"<html>log in</html>")
        if path == "/sync/v1/hello" and self.online:
            return spoken({})
        if path.startswith("/sync/v1/uploads") and self.online:
            return self._tus(method, headers, body)
        return super().send(method, url, headers, body)

    def _tus(self, method: str, headers: dict[str, str], body: bytes) -> Reply:
        if method == "POST":
            name = str(len(self.photos))
            self.photos[name] = 0
            self.length, self.sha = int(headers["Upload-Length"]), headers["Upload-Metadata"]
            return Reply(201, {"tus-resumable": "1.0.0", "location": f"/sync/v1/uploads/{name}"})
        name = next(reversed(self.photos))
        self.photos[name] += len(body)
        fields = dict(pair.split(" ") for pair in self.sha.split(","))
        done = self.photos[name] == self.length
        confirmed = {"upload-checksum-confirmed": b64decode(fields["sha256"]).decode()} if done else {}
        return Reply(204, {"tus-resumable": "1.0.0", "upload-offset": str(self.photos[name]), **confirmed})


def test_after_a_failed_round_only_a_small_question_is_asked_until_the_office_itself_answers(
    tmp_path: Path,
) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    office.online = False
    tablet.sync_now()
    office.asked.clear()
    tablet.errand.turn()
    office.online, office.portal = True, True
    tablet.errand.turn()
    assert office.asked == ["GET /sync/v1/hello"] * 2, "a wall that answers is no network"
    assert tablet._syncer.failures == 3
    office.portal = False
    tablet.errand.turn()
    assert office.asked[2] == "GET /sync/v1/hello"
    assert "GET /sync/v1/changes" in office.asked
    assert tablet.link.state == "online"
    office.asked.clear()
    tablet.errand.turn()
    assert office.asked[0] == "GET /sync/v1/changes", "while all is well no question is asked beforehand"
    tablet.close()


def test_it_starts_by_itself_when_the_platform_hints_at_a_network(tmp_path: Path) -> None:
    office, network, clock = Asked(), Paid(), TurnedClock()
    tablet = enrolled(tmp_path, office, network=network, clock=clock)
    office.online = False
    command_id = tablet.report(RUBBISH, "any", None, "地下室", [], False)
    for _ in range(8):
        tablet.sync_now()
    assert tablet.errand.pause() > 60, "it would be a long time until the next try"
    tried, arrived = threading.Event(), threading.Event()
    tablet.on_change(lambda: arrived.set() if tablet._outbox.entry(command_id).state == "applied" else None)
    hello = office.send
    office.send = lambda *a, **k: (tried.set(), hello(*a, **k))[1]  # type: ignore[method-assign]
    tablet.start_syncing()
    assert tried.wait(10)
    office.online = True
    for hint in network.hints:
        hint()
    assert arrived.wait(10)
    tablet.close()


def test_one_at_a_time_whichever_process_it_is(tmp_path: Path) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    other = Tablet(tmp_path, transport=office, attended=False)
    within, on = threading.Event(), threading.Event()
    usual = office.on_changes

    def slowly(told: dict[str, str]) -> object:
        within.set()
        assert on.wait(10)
        return usual(told)

    office.on_changes = slowly  # type: ignore[assignment]
    first = threading.Thread(target=tablet.sync_now)
    first.start()
    assert within.wait(10)
    asked = len(office.asked)
    other.sync_now()
    assert len(office.asked) == asked, "the other one is at it"
    on.set()
    first.join()
    other.sync_now()
    assert len(office.asked) > asked
    other.close()
    tablet.close()


def test_on_a_paid_link_commands_go_and_photographs_only_so_many_bytes_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, network, clock = Asked(), Paid(), TurnedClock()
    monkeypatch.setattr("mobile.core.meter.BYTES_AN_HOUR", 2 * len(picture(1, 200)) + 100)
    tablet = enrolled(tmp_path, office, network=network, clock=clock)
    for number in range(4):
        photo = tablet.take_in(picture(number, 200), "before")
        tablet.report(COVER, "broken", None, f"第 {number} 处", [photo.photo_id], False)
    clock.wrong_by += UNDO
    tablet.errand.turn()
    assert tablet._outbox.waiting() == 0, "commands always go"
    assert len(office.photos) == 2
    assert tablet.unsent == 2
    tablet.errand.turn()
    assert len(office.photos) == 2, "the hour is not over"
    network.paid = False
    tablet.errand.turn()
    assert len(office.photos) == 4
    tablet.close()


def test_who_presses_sync_now_has_all_photographs_sent_whatever_it_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, network = Asked(), Paid()
    monkeypatch.setattr("mobile.core.meter.BYTES_AN_HOUR", 100)
    tablet = enrolled(tmp_path, office, network=network)
    for number in range(3):
        photo = tablet.take_in(picture(number), "before")
        tablet.report(COVER, "broken", None, f"第 {number} 处", [photo.photo_id], False)
    tablet.sync_now()
    assert len(office.photos) == 3
    assert tablet.unsent == 0
    tablet.close()


def test_the_worker_sees_how_far_it_is(tmp_path: Path) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    photo = tablet.take_in(picture(1, 900), "before")
    tablet.report(COVER, "broken", None, "有照片", [photo.photo_id], False)
    for number in range(120):
        tablet.report(RUBBISH, "any", None, f"第 {number} 件", [], False)
    said: list[str] = []
    tablet.on_change(lambda: said.append(tablet.link.sentence))
    tablet.sync_now()
    seen = list(dict.fromkeys(said))
    assert "正在发送 1/121" in seen
    assert "正在发送 101/121" in seen
    assert "正在传照片 1/1 · 0%" in seen
    assert any("正在传照片 1/1 · " in words and not words.endswith(" 0%") for words in seen)
    assert seen[-1].startswith("在线")
    tablet.close()


def test_it_can_be_stopped_between_two_pieces_and_goes_on_where_it_was(tmp_path: Path) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    for number in range(250):
        tablet.report(RUBBISH, "any", None, f"第 {number} 件", [], False)
    usual = office.on_commands
    office.on_commands = lambda told: (tablet.call_off(), usual(told))[1]
    link = tablet.sync_now()
    assert "已停止同步" in link.sentence
    assert tablet._outbox.waiting() == 150, "what was answered counts"
    assert tablet.errand.pause() == LONGEST_WAIT_S
    office.on_commands = usual
    assert tablet.sync_now().state == "online"
    assert tablet._outbox.waiting() == 0
    sent = [command["seq"] for batch in office.commands for command in batch]
    assert sorted(sent) == list(range(1, 251))
    tablet.close()


class Noted:
    """A background that only notes what it is told."""

    def __init__(self) -> None:
        self.left: list[int] = []

    def start(self, errand: Errand) -> None: ...
    def stop(self) -> None: ...
    def leave(self, waiting: int) -> None:
        self.left.append(waiting)


def test_the_platform_is_told_how_much_waits_when_the_window_goes(tmp_path: Path) -> None:
    background = Noted()
    tablet = enrolled(tmp_path, background=background)
    photo = tablet.take_in(picture(1), "before")
    tablet.report(COVER, "broken", None, "有照片", [photo.photo_id], False)
    tablet.leave()
    assert background.left == [2]
    tablet.close()


def test_what_came_in_the_background_is_there_at_the_next_look_and_unreadable_until_then(
    tmp_path: Path,
) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    behind = Tablet(tmp_path, transport=office, attended=False)
    assert behind.locked, "though nobody has chosen a PIN yet"
    office.changes.append(
        {"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE, description="独居老人")}
    )
    behind.sync_now()
    behind.close()
    assert "独居老人".encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("tablet.db*"))
    tablet.sync_now()
    assert tablet.case(CASE)
    tablet.close()


def test_a_withdrawn_tablet_is_emptied_by_the_window_that_has_it_open_else_in_the_background(
    tmp_path: Path,
) -> None:
    office = Asked()
    tablet = enrolled(tmp_path, office)
    behind = Tablet(tmp_path, transport=office, attended=False)
    office.on_changes = lambda told: problem(403, "device_revoked", "收回")
    behind.sync_now()
    assert tablet.enrolled, "it is open in a window, which does it itself"
    tablet.sync_now()
    assert not tablet.enrolled
    tablet.close()
    behind.close()

    office.on_changes = office._all_changes
    enrolled(tmp_path / "closed", office).close()
    office.on_changes = lambda told: problem(403, "device_revoked", "收回")
    alone = Tablet(tmp_path / "closed", transport=office, attended=False)
    alone.sync_now()
    assert not alone.enrolled
    alone.close()


def service(home: Path) -> subprocess.Popen[str]:
    """The process that goes on without a window."""
    return subprocess.Popen(
        [sys.executable, "-m", "mobile.service", "--home", str(home)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_PROXY": "*"},
    )


def test_closed_and_locked_everything_still_goes_out_and_the_process_ends(
    live_server: LiveServer, tmp_path: Path
) -> None:
    settle(live_server.database)
    tablet = tablet_of(live_server, "worker", tmp_path)
    tablet.choose_pin(PIN)
    for number in range(3):
        photo = tablet.take_in(picture(number), "before")
        tablet.report(COVER, "broken", here(), f"第 {number} 处", [photo.photo_id], False)
    tablet.close()
    out, err = service(tmp_path).communicate(timeout=120)
    assert out.splitlines()[-1] == "0", err
    assert len(rows(live_server, "select id from cases")) == 3
    assert len(rows(live_server, "select id from attachments where arrived_at is not null")) == 3
    again = Tablet(tmp_path)
    assert again.locked
    assert again.unsent == 0
    assert again.unlock(PIN)
    assert len(again.cases("mine").rows) == 3, "and what came down in the meantime is there"
    again.close()


def test_killed_at_any_moment_the_process_that_goes_on_doubles_and_loses_nothing(
    live_server: LiveServer, tmp_path: Path
) -> None:
    settle(live_server.database)
    tablet = tablet_of(live_server, "worker", tmp_path)
    for number in range(6):
        photo = tablet.take_in(picture(number, 300), "before")
        tablet.report(COVER, "broken", here(), f"第 {number} 处", [photo.photo_id], False)
    tablet.close()
    for lines in range(1, 6):
        running = service(tmp_path)
        assert running.stdout is not None
        for _ in range(lines):
            running.stdout.readline()
        running.send_signal(signal.SIGKILL)
        running.communicate()
    out, err = service(tmp_path).communicate(timeout=120)
    assert out.splitlines()[-1] == "0", err
    assert len(rows(live_server, "select id from cases")) == 6
    assert len(rows(live_server, "select distinct sha256 from attachments where arrived_at is not null")) == 6
    again = Tablet(tmp_path)
    assert {entry.state for entry in again._outbox.all()} == {"applied"}
    again.close()
