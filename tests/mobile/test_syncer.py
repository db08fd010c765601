"""For ever, but with patience: what counts as an answer, how long to wait, and what is told meanwhile."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mobile.core.errand import FIRST_WAIT_S, LONGEST_WAIT_S, POLL_S
from mobile.core.office import NoWord, Refused, problem_of
from mobile.core.outbox import UNDO
from mobile.core.tablet import Tablet
from mobile.core.transport import HttpTransport, LinkDown, Reply
from mobile.core.views import Draft, Refusal
from mobile.sim.wire import FOREIGN
from tests.link import TurnedClock
from tests.mobile.paper_office import PERSON, URL, PaperOffice, case_body, enrolled, problem

RUBBISH = "urban/event/0110"
CASE = "01990000-0000-7000-8000-000000000001"


@contextmanager
def answering(*raw: bytes) -> Iterator[str]:
    """A server that answers each connection with the next bytes and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in raw:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.close()
        thread.join(5)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_an_answer_that_is_not_ours_is_no_word(name: str) -> None:
    assert isinstance(problem_of(FOREIGN[name]), NoWord)


def test_only_a_problem_inside_the_envelope_is_a_refusal() -> None:
    ours = problem(403, "device_revoked", "本机已收回。")
    found = problem_of(ours)
    assert isinstance(found, Refused)
    assert (found.code, found.sentence) == ("device_revoked", "本机已收回。")
    bare = Reply(403, ours.headers, ours.body.replace(b"xunge/1", b"other/1"))
    assert isinstance(problem_of(bare), NoWord)
    assert isinstance(problem_of(problem(401, "sign_in_needed", "")), NoWord)
    assert isinstance(problem_of(problem(503, "busy", "")), NoWord)


def test_a_body_that_is_cut_off_is_a_link_that_is_down() -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"envelope": "xunge/1"'
    with answering(cut) as url, pytest.raises(LinkDown):
        HttpTransport().send("GET", url, {})


def test_a_redirect_is_not_followed_with_our_token() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as url:
        assert HttpTransport().send("GET", url, {"Authorization": "Bearer secret"}).status == 302


def test_nobody_listening_is_a_link_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(LinkDown):
        HttpTransport().send("GET", f"http://127.0.0.1:{port}/", {})


def test_a_fault_of_tls_is_a_link_that_is_down() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as url,
        pytest.raises(LinkDown, match="SSL"),
    ):
        HttpTransport().send("GET", url.replace("http:", "https:"), {})


def test_an_office_that_says_nothing_is_a_link_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile.core.transport.TIMEOUT_S", (10.0, 0.05))
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(LinkDown, match="Timeout"):
        HttpTransport().send("GET", f"http://127.0.0.1:{deaf.getsockname()[1]}/", {})


def test_an_upload_address_of_somebody_else_never_gets_our_token(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    office = tablet._syncer.office
    assert office is not None
    assert office.ours("/sync/v1/uploads/1") == "http://office.test/sync/v1/uploads/1"
    with pytest.raises(NoWord):
        office.ours("http://elsewhere.test/uploads/1")
    tablet.close()


def test_the_wait_grows_with_every_failure_up_to_five_minutes_and_never_ends(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    assert tablet.errand.pause() == POLL_S
    office.online = False
    longest, waits = 0.0, set()
    for failures in range(1, 30):
        assert tablet.sync_now().state == "offline"
        bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1))
        pause = tablet.errand.pause()
        assert bound / 2 <= pause <= bound
        longest = max(longest, pause)
        waits.add(pause / bound)
    assert longest > LONGEST_WAIT_S / 2
    assert len(waits) > 20, "tablets that fell silent together do not come back together"
    office.online = True
    tablet.sync_now()
    assert tablet.errand.pause() == POLL_S
    tablet.close()


def test_a_server_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    office.on_changes = lambda told: Reply(429, {"retry-after": "120"}, b"")
    tablet.sync_now()
    assert tablet.errand.pause() >= 120
    tablet.close()


@pytest.mark.parametrize(("status", "code"), [(401, "token_expired"), (426, "update_needed")])
def test_a_pass_that_ended_or_an_old_app_is_told_and_keeps_everything(
    tmp_path: Path, status: int, code: str
) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    office.on_commands = lambda told: problem(status, code, "请看办公室。")
    office.on_changes = lambda told: problem(status, code, "请看办公室。")
    tablet.report(RUBBISH, "any", None, "垃圾堆", [], False)
    link = tablet.sync_now()
    assert (link.state, link.sentence) == ("stopped", "请看办公室。")
    assert len(tablet.outbox().waiting) == 1
    assert tablet.enrolled
    tablet.close()


def test_the_syncing_thread_sends_what_was_captured_and_tells_the_window(tmp_path: Path) -> None:
    office, clock = PaperOffice(), TurnedClock()
    tablet = enrolled(tmp_path, office, clock=clock)
    arrived, told = threading.Event(), threading.Event()
    usual = office.on_commands
    office.on_commands = lambda message: (arrived.set(), usual(message))[1]
    tablet.on_change(told.set)
    tablet.start_syncing()
    tablet.report(RUBBISH, "any", None, "垃圾堆", [], False)
    clock.wrong_by += UNDO
    tablet.errand.nudge()
    assert arrived.wait(10)
    assert told.wait(10)
    tablet.close()
    assert not tablet._background.runs


def test_a_fault_of_ours_does_not_end_the_syncing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    tried: list[int] = []
    again = threading.Event()

    def faulty(told: dict[str, str]) -> dict[str, str]:
        tried.append(1)
        tablet.errand.nudge()
        if len(tried) > 1:
            again.set()
        raise RuntimeError("a fault")

    office.on_changes = faulty
    tablet.start_syncing()
    assert again.wait(10)
    tablet.close()
    assert "a fault" in caplog.text


def test_before_a_code_was_entered_nothing_is_sent_and_the_tablet_says_what_to_do(tmp_path: Path) -> None:
    tablet = Tablet(tmp_path, transport=PaperOffice())
    assert not tablet.enrolled
    assert tablet.sync_now().state == "offline"
    with pytest.raises(Refusal, match="登记码"):
        _ = tablet.person
    tablet.close()


def revoking(office: PaperOffice) -> None:
    """From now on the tablet is withdrawn: commands are taken in and held, nothing comes down."""
    office.on_commands = lambda told: {"results": [
        {"command_id": c["command_id"], "outcome": "held", "case_id": c["case_id"], "version": None} for c in told["commands"]]}  # fmt: skip
    office.on_changes = lambda told: problem(403, "device_revoked", "本机已由办公室收回。")


def test_a_withdrawn_tablet_empties_itself_from_its_own_thread_once_everything_was_handed_over(
    tmp_path: Path,
) -> None:
    office, clock = PaperOffice(), TurnedClock()
    tablet = enrolled(tmp_path, office, clock=clock)
    key = (tmp_path / "device.key").read_bytes()
    command_id = tablet.report(RUBBISH, "any", None, "垃圾堆", [], False)
    revoking(office)
    clock.wrong_by += UNDO
    emptied = threading.Event()
    tablet.on_change(lambda: None if tablet.enrolled else emptied.set())
    tablet.start_syncing()
    tablet.errand.nudge()
    assert emptied.wait(10)
    tablet.stop()
    assert [command["command_id"] for batch in office.commands for command in batch] == [command_id]
    assert (tmp_path / "device.key").read_bytes() != key
    assert tablet.link.sentence == "本机已由办公室收回。"
    assert tablet.outbox().waiting == tablet.outbox().needs_you == ()
    tablet.close()


def test_a_withdrawn_tablet_keeps_everything_until_it_was_handed_over(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    tablet.report(RUBBISH, "any", None, "垃圾堆", [], False)
    revoking(office)
    tablet._syncer.round()
    assert tablet.enrolled, "the capture may still be undone, so it has not been sent"
    assert len(tablet.outbox().waiting) == 1
    tablet.close()


def test_who_enrols_next_sees_neither_the_cases_nor_the_draft_of_the_one_before(tmp_path: Path) -> None:
    office = PaperOffice()
    office.changes.append({"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE)})
    tablet = enrolled(tmp_path, office)
    tablet.save_draft(Draft(sentence="前一位写的"))
    assert len(tablet.cases("open").rows) == 1
    office.person = {**PERSON, "id": 8, "name": "王网格"}
    office.on_changes = lambda told: Reply(502)
    tablet.enrol(URL, "AAAA-BBBB-CCCC")
    assert tablet.cases("open").rows == ()
    assert tablet.draft() == Draft()
    office.person = PERSON
    tablet.enrol(URL, "AAAA-BBBB-DDDD")
    assert tablet.draft().sentence == "前一位写的"
    tablet.close()
