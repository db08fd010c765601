"""What lies on the tablet's disk is closed: nobody who copies the files can read or move anything."""

import stat
from pathlib import Path

import pytest

from mobile.core.seal import KeyFile, Seal, SealBroken
from mobile.core.tablet import Tablet
from tests.link import picture
from tests.mobile.paper_office import PaperOffice, case_body, enrolled

SECRET = "独居老人住三单元"  # what must not be found on the disk
CASE = "01990000-0000-7000-8000-000000000001"


def test_nothing_that_was_written_or_came_down_lies_readable_on_the_disk(tmp_path: Path) -> None:
    office = PaperOffice()
    office.changes.append(
        {"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE, description=SECRET)}
    )
    tablet = enrolled(tmp_path, office)
    photo = picture(1)
    taken = tablet.take_in(photo, "before")
    tablet.report("urban/event/0110", "any", None, SECRET, [taken.photo_id], False)
    tablet.close()
    everything = b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "device.key"
    )
    assert SECRET.encode() not in everything
    assert photo[100:160] not in everything
    assert "李网格".encode() not in everything
    assert b'"token"' not in everything


def test_the_key_is_a_file_that_only_its_owner_can_read_and_stays_the_same(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "device.key")
    key = keys.device_key()
    assert len(key) == 32
    assert KeyFile(tmp_path / "device.key").device_key() == key
    assert stat.S_IMODE((tmp_path / "device.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["device.key"]


@pytest.mark.parametrize("spoil", [lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda s: s[:20], lambda s: b""])
def test_a_body_that_was_changed_does_not_open(spoil: object) -> None:
    seal = Seal(bytes(32))
    with pytest.raises(SealBroken):
        seal.open("outbox/1", spoil(seal.shut("outbox/1", b"body")))  # type: ignore[operator]


def test_a_body_moved_to_another_row_does_not_open() -> None:
    seal = Seal(bytes(32))
    assert seal.open("outbox/1", seal.shut("outbox/1", b"body")) == b"body"
    with pytest.raises(SealBroken):
        seal.open("outbox/2", seal.shut("outbox/1", b"body"))


def test_a_damaged_picture_is_no_picture_and_stops_nothing(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    taken = tablet.take_in(picture(1), "before")
    (tmp_path / "photos" / taken.photo_id).write_bytes(b"damaged" * 20)
    assert tablet.photo(taken.photo_id) is None
    tablet.close()
    again = Tablet(tmp_path, transport=PaperOffice())
    assert again.enrolled
    again.close()
