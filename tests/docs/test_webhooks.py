"""What docs/webhooks.md tells receivers is what they get: the example's shape, and the check of a signature."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.docs.receiver import TEXT, documented
from tests.server.telling.conftest import House, house
from tests.server.telling.receivers import Receiver, receiving

__all__ = ["house"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def test_the_documented_check_accepts_a_real_delivery_and_nothing_else(
    house: House, receiver: Receiver
) -> None:
    made = house.hook(receiver.url)
    house.outcome("closed", "close", close_kind="fixed")
    house.send()
    (taken,) = receiver.taken
    check, header = documented("is_genuine"), taken.headers["x-xunge-signature"]
    assert check(made["secret"], header, taken.body)
    assert not check(made["secret"], header, taken.body.replace(b"fixed", b"gone!"))
    assert not check("another", header, taken.body)
    assert not check(made["secret"], header, taken.body, now=time.time() + 301), "an old one is no news"
    later = header.replace("t=", "t=1")
    assert not check(made["secret"], later, taken.body, now=int(later[2:].split(",")[0]))
    for nonsense in ("", "v1=", "t=1", "t=x,v1=y", "t=1,v1=é"):
        assert not check(made["secret"], nonsense.encode("ascii", "replace").decode(), taken.body)


def test_the_documented_delivery_has_the_fields_of_a_real_one(house: House, receiver: Receiver) -> None:
    (example,) = re.findall(r"<!-- example: delivery -->\s*```json\n(.*?)```", TEXT, re.DOTALL)
    shown = json.loads(example)
    house.hook(receiver.url)
    known = {key: shown["case"][key] for key in ("severity", "organisation", "category", "close_kind")}
    times = {key: shown["case"][key] for key in ("reported_at", "due_at", "closed_at")}
    house.outcome("closed", "close", **known, **times)
    house.send()
    real = json.loads(receiver.taken[0].body)
    assert real.keys() == shown.keys()
    assert real["case"].keys() == shown["case"].keys()
    assert (real["event"], real["words"]) == (shown["event"], shown["words"])
    assert {key: real["case"][key] for key in known | times} == known | times
    assert receiver.taken[0].headers["x-xunge-event"] == shown["event"]


def test_every_header_that_is_documented_is_sent(house: House, receiver: Receiver) -> None:
    house.hook(receiver.url)
    house.outcome()
    house.send()
    named = re.findall(r"`(X-Xunge-[A-Za-z]+|Idempotency-Key)`", TEXT)
    assert len(set(named)) == 4
    assert {name.lower() for name in named} <= receiver.taken[0].headers.keys()


def test_the_documented_receiver_acts_again_only_when_it_failed_to_act(
    house: House, receiver: Receiver
) -> None:
    secret = house.hook(receiver.url)["secret"]
    house.outcome("closed", "close", close_kind="fixed")
    house.send()
    (one,) = receiver.taken
    take, done = documented("take"), list[str]()

    def act(store: sqlite3.Connection, event: dict[str, Any]) -> None:
        done.append(event["event"])
        if len(done) == 1:
            raise OSError("disk full")

    with closing(sqlite3.connect(":memory:")) as store:
        with pytest.raises(OSError, match="disk full"):
            take(store, secret, one.headers, one.body, act)
        assert [take(store, secret, one.headers, one.body, act) for _ in range(3)] == [200, 200, 200]
        assert done == ["case.closed"] * 2
        assert take(store, "another", one.headers, one.body, act) == 401
