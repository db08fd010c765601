"""The stream tells what changed to those whom it concerns, goes on after a break, and takes nothing from ordinary requests."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import Queue

import anyio.to_thread
import pytest
import requests

from server.db import connect
from server.people.tokens import make_token
from server.stream.hub import MOST_WAITING, THREAD, Listener
from server.stream.service import Ears, Event, Place
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.plain_forms import Clerk

OPEN = 60


class Open:
    """One open stream and what came in it, read by a thread of the test."""

    def __init__(self, live: LiveServer, token: str, last_id: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last_id} if last_id else {})
        self.answer = requests.get(
            f"{live.url}/api/v1/stream", headers=headers, stream=True, timeout=(30, 60)
        )
        assert self.answer.status_code == 200, self.answer.text
        assert self.answer.headers["content-type"].startswith("text/event-stream")
        self._came: Queue[tuple[str, str, dict[str, str]]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        told: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines(chunk_size=1, decode_unicode=True):
                name, _, value = line.partition(": ")
                if line and name:
                    told[name] = value
                elif told:
                    self._came.put((told["event"], told["id"], json.loads(told["data"])))
                    told = {}
        except (requests.RequestException, AttributeError, ValueError):
            return  # closed by the test

    def next(self) -> tuple[str, str, dict[str, str]]:
        return self._came.get(timeout=30)

    def close(self) -> None:
        """As when a page is closed. The socket goes first: the reader waits in it."""
        with suppress(OSError, AttributeError):  # it may have ended by itself
            self.answer.raw._connection.sock.shutdown(socket.SHUT_RDWR)
        self._reader.join(30)
        self.answer.close()


@contextmanager
def listening(live: LiveServer, token: str, last_id: str = "") -> Iterator[Open]:
    stream = Open(live, token, last_id)
    try:
        yield stream
    finally:
        stream.close()


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


def token(live: LiveServer, street: Street, login: str) -> str:
    return live.database.run(lambda conn: make_token(conn, login, "test", street.now))


def report(live: LiveServer, street: Street, lon: float) -> str:
    return live.database.run(lambda conn: Street(conn, street.district, Path()).report("intake", lon=lon))


def test_what_happens_in_scope_is_told_and_nothing_else(live_server: LiveServer, street: Street) -> None:
    with (
        listening(live_server, token(live_server, street, "street")) as mine,
        listening(live_server, token(live_server, street, "duty")) as all_of_it,
    ):
        assert (mine.next()[0], all_of_it.next()[0]) == ("ready", "ready")
        foreign, own = report(live_server, street, 104.075), report(live_server, street, 104.005)
        assert {all_of_it.next()[2]["number"], all_of_it.next()[2]["number"]} == {foreign, own}
        kind, _, data = mine.next()
        assert (kind, data["number"]) == ("case", own)
        assert set(data) == {"id", "number"}, "what is in a case is asked for, never broadcast"


def test_a_stream_that_broke_off_goes_on_from_its_last_event(live_server: LiveServer, street: Street) -> None:
    pass_ = token(live_server, street, "street")
    with listening(live_server, pass_) as stream:
        _, last_id, _ = stream.next()
    numbers = [report(live_server, street, lon) for lon in (104.005, 104.075, 104.015)]
    with listening(live_server, pass_, last_id) as stream:
        told = [stream.next() for _ in range(3)]
        assert [(kind, data.get("number")) for kind, _, data in told] == [
            ("case", numbers[0]), ("case", numbers[2]), ("ready", None)
        ]  # fmt: skip
    with listening(live_server, pass_, told[0][1]) as stream:
        assert stream.next()[2]["number"] == numbers[2], "nothing is told again, nothing left out"


def test_what_cannot_be_told_any_more_is_a_reset(live_server: LiveServer, street: Street) -> None:
    pass_ = token(live_server, street, "street")
    report(live_server, street, 104.005)
    with listening(live_server, pass_) as stream:
        _, last_id, _ = stream.next()
    epoch, district, seq, n = last_id.split(".")
    for old in (
        f"{'0' * 12}.{district}.{seq}.{n}",
        f"{epoch}.{district}.{int(seq) + 7}.{n}",
        f"{epoch}.9{district}.{seq}.{n}",
    ):
        with listening(live_server, pass_, old) as stream:
            assert {stream.next()[0], stream.next()[0]} == {"ready", "reset"}, old
    with listening(live_server, pass_, "nonsense") as stream:
        assert stream.next()[0] == "ready"


def test_a_stranger_gets_no_stream(live_server: LiveServer, street: Street) -> None:
    answer = requests.get(f"{live_server.url}/api/v1/stream", timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")


def test_sixty_open_streams_hold_no_thread_and_no_connection(live_server: LiveServer, street: Street) -> None:
    """Structure, not time: what an ordinary request needs is as free with sixty consoles as with none."""
    pass_ = token(live_server, street, "street")
    streams = [Open(live_server, pass_) for _ in range(OPEN)]
    try:
        for stream in streams:
            assert stream.next()[0] == "ready"
        assert [thread.name for thread in threading.enumerate()].count(THREAD) == 1
        database = live_server.database
        free = 0
        while database._free.acquire(blocking=False):
            free += 1
        for _ in range(free):
            database._free.release()
        assert free == database._free._initial_value  # type: ignore[attr-defined]
        busy = requests.get(f"{live_server.url}/busy", timeout=30).json()
        assert busy["threads"] == 0
        number = report(live_server, street, 104.005)
        assert {stream.next()[2]["number"] for stream in streams} == {number}
        assert Clerk(live_server, "street").get(f"/cases/{number}")
    finally:
        for stream in streams:
            stream.close()


@pytest.fixture(autouse=True)
def busy_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door that says how many threads of the server's pool are at work, itself being async and none of them."""
    import server.app as app

    make = app.create_app

    def with_door(*of: object) -> object:
        made = make(*of)  # type: ignore[arg-type]

        async def busy() -> dict[str, int]:
            return {"threads": int(anyio.to_thread.current_default_thread_limiter().borrowed_tokens)}

        made.add_api_route("/busy", busy)
        return made

    monkeypatch.setattr(app, "create_app", with_door)


def test_a_stream_ends_when_its_pass_does(
    live_server: LiveServer, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.stream.routes.LOOK_AGAIN_S", 0.2)
    pass_ = token(live_server, street, "street")
    with listening(live_server, pass_) as stream:
        assert stream.next()[0] == "ready"
        live_server.database.run(
            lambda conn: conn.cursor().execute("update api_tokens set revoked_at = now()")
        )
        stream._reader.join(60)
        assert not stream._reader.is_alive()


def test_a_reader_that_is_too_slow_is_told_to_begin_anew(live_server: LiveServer, street: Street) -> None:
    async def slow() -> list[str]:
        listener = Listener(Ears(1, frozenset(), frozenset(), 0), asyncio.get_running_loop())
        listener._put([Event("case", Place(n), {"number": str(n)}) for n in range(MOST_WAITING + 1)])
        return [(await listener.next()).kind]

    # In a thread of its own: in this one a browser of other tests may have its loop running.
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(asyncio.run, slow()).result() == ["reset"]


def test_the_thread_goes_on_when_the_database_was_away(live_server: LiveServer, street: Street) -> None:
    with listening(live_server, token(live_server, street, "street")) as stream:
        stream.next()
        report_number = report(live_server, street, 104.005)
        assert stream.next()[2]["number"] == report_number
        end_listening(live_server)
        later = report(live_server, street, 104.015)
        assert stream.next()[2]["number"] == later


def end_listening(live: LiveServer) -> None:
    """Cuts the connection of the thread, as a restart of PostgreSQL does."""
    with closing(connect(live.database.dsn, application=False)) as owner, owner.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and application_name = 'xunge stream'"
        )
        assert cursor.fetchall() == [{"pg_terminate_backend": True}]
