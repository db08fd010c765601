"""The tablet may be killed between any two statements: what was acknowledged is there, and nothing is there by halves."""

import os
import random
import signal
import time
from io import RawIOBase
from pathlib import Path

from mobile.core.clockwork import DeviceClock
from mobile.core.outbox import Outbox
from mobile.core.photos import Photos
from mobile.core.seal import KeyFile, Seal
from mobile.core.store import Store
from server.protocol.wire import sha256, time_text, uuid7

KILLS = 200
MOST_BEFORE, LONGEST_S = 3, 0.006
WORD = 36  # a command id as text
DICE = random.Random(7)


class Captures:
    """The part of the core that writes, opened as a starting app opens it."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home, Seal(KeyFile(home / "device.key").device_key()))
        self.outbox = Outbox(self.store, DeviceClock())
        self.photos = Photos(self.store, DeviceClock())

    def capture(self, number: int) -> str:
        """A photograph, then the command that declares it, in one transaction with its binding."""
        data = b"\xff\xd8\xff" + number.to_bytes(4, "big") * 500
        photo = self.photos.take_in(data, "before")
        command = {"command_id": str(uuid7()), "case_id": str(uuid7()), "kind": "report", "made_at": time_text(DeviceClock().now()),
                   "payload": {"description": f"第 {number} 件", "attachments": [photo.wire()]}}  # fmt: skip
        with self.store.writing():
            self.outbox.append(command)
            self.photos.bind([photo.photo_id], command["command_id"], command["case_id"])
        return command["command_id"]


def capture_until_killed(home: Path) -> set[str]:
    """A child that captures for all it is worth, and is killed at some moment; what it had acknowledged by then."""
    hears, tells = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            captures = Captures(home)
            os.write(tells, b"." * WORD)  # it is open and at work
            for number in range(1_000_000):
                os.write(tells, captures.capture(number).encode())
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


def test_killed_two_hundred_times_while_capturing_no_sealed_command_is_missing_or_half_written(
    tmp_path: Path,
) -> None:
    acknowledged: set[str] = set()
    for _ in range(KILLS):
        acknowledged |= capture_until_killed(tmp_path)
    survivor = Captures(tmp_path)
    entries = survivor.outbox.all()
    assert len(acknowledged) > KILLS
    assert acknowledged <= {entry.command_id for entry in entries}
    assert len(entries) <= len(acknowledged) + KILLS, "at most the one that was under way may come on top"
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        assert entry.state == "queued"
        assert entry.command["command_id"] == entry.command_id
        (declared,) = entry.payload["attachments"]
        assert survivor.photos.card(declared["id"]).command_id == entry.command_id
        data = survivor.photos.data(declared["id"])
        assert data is not None
        assert sha256(data) == declared["sha256"]
    assert survivor.store.rows("pragma integrity_check")[0][0] == "ok"


def test_what_a_killed_capture_left_behind_in_the_photo_folder_is_swept_away(tmp_path: Path) -> None:
    captures = Captures(tmp_path)
    captures.capture(1)
    kept = {path.name for path in (tmp_path / "photos").iterdir()}
    (tmp_path / "photos" / "0199-half.part").write_bytes(b"half of a picture")
    assert captures.photos.sweep() == 1
    assert {path.name for path in (tmp_path / "photos").iterdir()} == kept
