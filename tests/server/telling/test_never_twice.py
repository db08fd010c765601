"""What leaves the house leaves once: a sender that is killed, a database that falls and a farewell that goes wrong cost
one more try at the most, under the same key and with the same bytes, and never a flood."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from server.settings import CHECKOUT
from server.telling import delivery, mail, webhooks
from tests.docs.receiver import documented
from tests.server.telling.conftest import House
from tests.server.telling.receivers import PATIENCE_S, PostOffice, Receiver, Taken

UNDER_WAY = delivery.UNDER_WAY


def sender(house: House, at: datetime) -> "subprocess.Popen[bytes]":
    """A process of its own that sends what is due at that time."""
    env = {**os.environ, "DATABASE_URL": house.database.dsn, "XUNGE_WEBHOOK_PRIVATE": "1"}
    if house.settings.smtp_url:
        env |= {"XUNGE_SMTP_URL": house.settings.smtp_url, "XUNGE_MAIL_FROM": house.settings.mail_from}
    words = [sys.executable, "-m", "tasks", "--once", "deliver", "--now", at.isoformat()]
    return subprocess.Popen(words, env=env, cwd=CHECKOUT)


def killed(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_S) == -signal.SIGKILL


def ended(process: "subprocess.Popen[bytes]") -> None:
    assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def slow(receiver: Receiver) -> Iterator[threading.Event]:
    """The first delivery is answered 200 when the event is set."""
    go_on = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        go_on.wait(PATIENCE_S)
        request.send_response(200)
        request.end_headers()

    receiver.answers = [answer]
    yield go_on
    go_on.set()


def test_a_killed_sender_tells_once_more_under_the_same_key_and_a_receiver_as_documented_acts_once(
    house: House, receiver: Receiver, slow: threading.Event, tmp_path: Path
) -> None:
    secret = house.hook(receiver.url)["secret"]
    house.outcome()
    first = sender(house, house.now)
    assert receiver.came.acquire(timeout=PATIENCE_S)
    killed(first)
    slow.set()
    assert house.rows("select tries, sent_at, error from outbox") == [
        {"tries": 1, "sent_at": None, "error": delivery.INTERRUPTED}
    ]
    ended(sender(house, house.now + UNDER_WAY - timedelta(seconds=1)))
    assert len(receiver.taken) == 1, "it may still be under way"
    ended(sender(house, house.now + UNDER_WAY))
    ended(sender(house, house.now + timedelta(days=1)))
    assert len(receiver.taken) == 2
    assert len(set(receiver.keys)) == 1
    assert receiver.taken[0].body == receiver.taken[1].body
    assert house.rows("select tries, error from outbox where sent_at is not null") == [
        {"tries": 2, "error": None}
    ]
    assert effects(receiver.taken, secret, tmp_path) == [json.loads(receiver.taken[0].body)]


def effects(taken: list[Taken], secret: str, folder: Path) -> list[dict[str, Any]]:
    """What a receiver does that is written as docs/webhooks.md shows it, each delivery by a process begun anew."""
    take, done = documented("take"), list[dict[str, Any]]()
    for one in taken:
        with closing(sqlite3.connect(folder / "receiver.db")) as store:
            assert take(store, secret, one.headers, one.body, lambda _store, event: done.append(event)) == 200
    return done


def test_a_letter_of_a_killed_sender_comes_once_more_as_the_same_letter(
    house: House, office: PostOffice
) -> None:
    house.contact("worker")
    house.tell("person", "worker")
    office.answering.clear()
    first = sender(house, house.now)
    assert office.came.acquire(timeout=PATIENCE_S)
    killed(first)
    office.answering.set()
    # A line that came meanwhile does not get into the letter that may have arrived.
    house.tell("person", "worker", "supervise")
    ended(sender(house, house.now + UNDER_WAY))
    ended(sender(house, house.now + UNDER_WAY * 2))
    assert len(office.letters) == 2
    assert len(set(office.ids)) == 1
    assert office.letters[0].as_bytes() == office.letters[1].as_bytes()
    assert house.rows("select tries from outbox where sent_at is not null") == [{"tries": 2}]


def test_while_the_receiver_thinks_no_transaction_is_open_and_nobody_else_sends_it(
    house: House, receiver: Receiver, slow: threading.Event
) -> None:
    house.hook(receiver.url)
    house.outcome()
    first = sender(house, house.now)
    assert receiver.came.acquire(timeout=PATIENCE_S)
    assert house.rows(
        "select application_name, query from pg_stat_activity"
        " where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()"
    ) == []  # fmt: skip
    assert house.send() == 0
    slow.set()
    ended(first)
    assert len(receiver.taken) == 1


FAILING = """
    create sequence tries_to_write;
    grant usage on sequence tries_to_write to xunge_app;
    create function fail() returns trigger language plpgsql as $$
    begin
        if new.sent_at is not null and nextval('tries_to_write') <= {times} then
            raise exception 'the database falls' using errcode = '{code}';
        end if;
        return new;
    end $$;
    create trigger fail before update on outbox for each row execute function fail();
"""


def make_writing_fail(house: House, code: str, times: int) -> None:
    """The next `times` times that it is written down that something was sent, the database refuses with that code."""
    house.as_owner(FAILING.format(code=code, times=times))


def test_a_lost_race_while_it_is_written_down_sends_nothing_again(house: House, receiver: Receiver) -> None:
    make_writing_fail(house, "40001", 3)
    house.hook(receiver.url)
    house.outcome()
    house.send()
    house.later(days=1)
    house.send()
    assert len(receiver.taken) == 1
    assert house.rows("select tries from outbox where sent_at is not null") == [{"tries": 1}]


def test_a_database_that_never_takes_it_down_costs_fourteen_tries_and_not_one_every_five_seconds(
    house: House, receiver: Receiver
) -> None:
    make_writing_fail(house, "53100", 1_000_000)
    house.hook(receiver.url)
    house.outcome()
    for _ in range(24):
        try:
            house.send()
        except Exception as error:
            assert "the database falls" in str(error)
        house.later(seconds=5)
    assert len(receiver.taken) == 1, "in two minutes"
    for _ in range(20):
        house.later(minutes=2)
        try:
            house.send()
        except Exception as error:
            assert "the database falls" in str(error)
    assert len(receiver.taken) == delivery.MOST_TRIES
    assert house.rows("select error from outbox where given_up_at is not null") == [
        {"error": delivery.INTERRUPTED}
    ]


def test_what_was_taken_counts_as_sent_though_the_webhook_was_switched_off_meanwhile(
    house: House, receiver: Receiver, slow: threading.Event
) -> None:
    hook = house.hook(receiver.url)["id"]
    house.outcome()
    first = sender(house, house.now)
    assert receiver.came.acquire(timeout=PATIENCE_S)
    house.database.run(lambda conn: webhooks.switch_off(conn, hook, house.now))
    slow.set()
    ended(first)
    assert house.rows("select tries, given_up_at, error from outbox where sent_at is not null") == [
        {"tries": 1, "given_up_at": None, "error": None}
    ]


@pytest.mark.parametrize("farewell", ["421 shutting down", "500 what?", ""])
def test_a_letter_that_was_taken_is_not_sent_again_for_a_farewell_that_goes_wrong(
    house: House, office: PostOffice, farewell: str
) -> None:
    office.farewell = farewell
    house.contact("worker")
    house.tell("person", "worker")
    house.send()
    house.later(days=1)
    house.send()
    assert len(office.letters) == 1
    assert house.rows("select tries, error from outbox where sent_at is not null") == [
        {"tries": 1, "error": None}
    ]


def test_a_post_office_that_drips_its_words_is_cut_off_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "WHOLE_S", 0.3)
    was_cut = threading.Event()

    def drip(listening: socket.socket) -> None:
        wire, _ = listening.accept()
        with wire:
            for _ in range(PATIENCE_S * 10):
                try:
                    wire.sendall(b"2")
                except OSError:
                    was_cut.set()
                    return
                was_cut.wait(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        house.settings = house.settings.model_copy(update={"smtp_url": url})
        house.contact("worker")
        house.tell("person", "worker")
        house.send()
        dripping.join(PATIENCE_S)
    assert was_cut.is_set()
    (row,) = house.rows("select sent_at, tries, error from outbox")
    assert (row["sent_at"], row["tries"]) == (None, 1)
    assert row["error"] != delivery.INTERRUPTED
