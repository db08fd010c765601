"""A full tablet says so before the worker starts typing, and loses nothing of what it has."""

import os
import resource
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from mobile.core import store as storage
from mobile.core.tablet import Tablet
from mobile.core.views import Draft, Refusal
from tests.mobile.paper_office import enrolled

RUBBISH = "urban/event/0110"


def with_no_more_room(work: Callable[[], None], room: int) -> None:
    """Runs `work` in a child whose files may not grow beyond `room` bytes, as on a disk that is full."""
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_full_disk_is_told_by_the_form_before_anything_is_typed(tmp_path: Path) -> None:
    enrolled(tmp_path).close()

    def work() -> None:
        form = Tablet(tmp_path).report_form()
        assert not form.can_shoot
        assert form.notices[0].icon == "storage"
        assert form.tiles, "what is known can still be looked at"

    with_no_more_room(work, storage.PROBE_BYTES // 2)


def test_a_capture_that_finds_no_room_is_refused_with_a_sentence_and_what_was_there_stays(
    tmp_path: Path,
) -> None:
    tablet = enrolled(tmp_path)
    before = tablet.report(RUBBISH, "any", None, "先记的一件", [], False)
    tablet.save_draft(Draft(category=RUBBISH, sentence="正在写的"))
    tablet.close()

    def work() -> None:
        full = Tablet(tmp_path)
        with pytest.raises(Refusal, match="存储已满"):
            full.take_in(b"\xff\xd8\xff" + os.urandom(400_000), "before")
        with pytest.raises(Refusal, match="存储已满"):
            for _ in range(200):
                full.report(RUBBISH, "any", None, "字" * 2000, [], False)

    with_no_more_room(work, storage.PROBE_BYTES)
    after = Tablet(tmp_path)
    assert after.outbox().waiting[0].command_id == before
    assert all(entry.command["command_id"] == entry.command_id for entry in after._outbox.all())
    assert list((tmp_path / "photos").iterdir()) == []
    after.close()


def test_little_room_stops_photos_but_not_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tablet = enrolled(tmp_path)
    monkeypatch.setattr(storage.Store, "room", lambda self: storage.Room(38_000_000, True))
    form = tablet.report_form()
    assert not form.can_shoot
    assert "36" in form.notices[0].title
    tablet.report(RUBBISH, "any", None, "没有照片也要记", [], False)
    assert len(tablet.outbox().waiting) == 1
    tablet.close()
