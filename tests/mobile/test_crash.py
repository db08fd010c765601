"""The tablet may be killed between any two statements: what was acknowledged is there, and nothing is there by halves."""

import os
import random
import signal
import time
from collections.abc import Callable
from io import RawIOBase
from itertools import count
from pathlib import Path

import pytest

from mobile.core.clockwork import DeviceClock
from mobile.core.tablet import Tablet
from mobile.sim.wire import BadWire
from server.protocol.wire import sha256
from tests import killed
from tests.mobile.paper_office import enrolled

KILLS = 200
MOST_BEFORE, LONGEST_S = 3, 0.02
WORD = 36  # a command id as text
DICE = random.Random(7)
RUBBISH = "urban/event/0110"
FULL = 2  # as SQLite tells it


def capture(number: int) -> Callable[[Tablet], str]:
    """A photograph, then the report that declares it."""

    def deed(tablet: Tablet) -> str:
        photo = tablet.take_in(b"\xff\xd8\xff" + number.to_bytes(4, "big") * 500, "before")
        return tablet.report(RUBBISH, "any", None, f"第 {number} 件", [photo.photo_id], False)

    return deed


def capture_until_killed(home: Path) -> set[str]:
    """A child that captures for all it is worth, and is killed at some moment; what it had acknowledged by then."""
    hears, tells = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            tablet = Tablet(home)
            os.write(tells, b"." * WORD)  # it is open and at work
            for number in range(1_000_000):
                os.write(tells, capture(number)(tablet).encode())
        finally:
            os._exit(1)
    os.close(tells)
    with os.fdopen(hears, "rb", buffering=0) as told:
        # So many captures, then a moment within the next one: its file, its transaction, or its acknowledgement.
        words = exactly(told, WORD * (1 + DICE.randint(0, MOST_BEFORE)))
        time.sleep(DICE.uniform(0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        words = words[WORD:] + told.read()
    return {words[at : at + WORD].decode() for at in range(0, len(words) - WORD + 1, WORD)}


def exactly(pipe: RawIOBase, count: int) -> bytes:
    """The next `count` bytes, however long they take."""
    words = b""
    while len(words) < count:
        words += pipe.read(count - len(words)) or b""
    return words


def all_of_it_is_there(home: Path, acknowledged: set[str], kills: int) -> None:
    """Every acknowledged command and at most one more a kill, each whole, with its photograph bound to it."""
    survivor = Tablet(home)
    entries = survivor._outbox.all()
    assert acknowledged <= {entry.command_id for entry in entries}
    assert len(entries) <= len(acknowledged) + kills, "at most the one that was under way may come on top"
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        assert entry.state == "queued"
        assert entry.command["command_id"] == entry.command_id
        (declared,) = entry.payload["attachments"]
        card = survivor._photos.card(declared["id"])
        assert (card.command_id, card.state) == (entry.command_id, "pending")
        data = survivor.photo(declared["id"])
        assert data is not None
        assert sha256(data) == declared["sha256"]
    assert {path.name for path in (home / "photos").iterdir()} == {
        card.photo_id for card in survivor._photos.cards()
    }
    assert survivor._store.rows("pragma integrity_check")[0][0] == "ok"
    survivor.close()


def test_killed_two_hundred_times_while_capturing_no_sealed_command_is_missing_or_half_written(
    tmp_path: Path,
) -> None:
    enrolled(tmp_path).close()
    acknowledged: set[str] = set()
    for _ in range(KILLS):
        acknowledged |= capture_until_killed(tmp_path)
    assert len(acknowledged) > KILLS
    all_of_it_is_there(tmp_path, acknowledged, KILLS)


def test_killed_before_each_statement_of_a_capture_nothing_is_there_by_halves(tmp_path: Path) -> None:
    enrolled(tmp_path).close()
    acknowledged: set[str] = set()
    for number in count(1):
        left = killed.run(tmp_path, DeviceClock(), BadWire(), capture(number), -number)
        acknowledged |= set(left.gave)
        if not left.killed:
            break
    assert len(acknowledged) == 1
    all_of_it_is_there(tmp_path, acknowledged, number - 1)


def test_what_is_told_as_sealed_is_on_the_disk_itself(tmp_path: Path) -> None:
    """A kill leaves what the system has not written yet; a battery that is empty does not."""
    tablet = enrolled(tmp_path)
    assert tablet._store.rows("pragma journal_mode")[0][0] == "wal"
    assert tablet._store.rows("pragma synchronous")[0][0] == FULL
    tablet.close()


def test_a_photograph_is_on_the_disk_before_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tablet = enrolled(tmp_path)
    flushed: list[str] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        assert tablet._photos.cards() == []
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    photo = tablet.take_in(b"\xff\xd8\xffmine", "before")
    assert flushed == [f"{photo.photo_id}.part", "photos"]
    tablet.close()


def test_what_a_killed_capture_left_behind_in_the_photo_folder_is_swept_away(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    capture(1)(tablet)
    kept = {path.name for path in (tmp_path / "photos").iterdir()}
    (tmp_path / "photos" / "0199-half.part").write_bytes(b"half of a picture")
    assert tablet._photos.sweep() == 1
    assert {path.name for path in (tmp_path / "photos").iterdir()} == kept
    tablet.close()
