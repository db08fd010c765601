"""Single words and single photos are erased: gone everywhere, said by an event, and the chain can still be proved."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cases import blobs, boards, redaction, service
from server.cases.erasing_again import erase_again
from server.cases.pictures import PictureRefused
from server.cases.replay import OTHER_WORDS
from server.db import Connection, Database
from server.errors import BadInput, Conflict, NotAllowed
from server.people import erasure
from tests.factories import START, Street, picture
from tests.server.test_erasure import everything

PHONE, WHY = "13912345678", "当事人要求"


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def told(street: Street) -> str:
    number = street.report(
        title="垃圾袋", description=f"请打 {PHONE} 找王秀英，川A12345 旁边", form={"contact_phone": PHONE}
    )
    street.act("worker", number, "comment", text="王秀英说下午在家")
    return number


def cut(
    street: Street, number: str, *typed: str, chosen: list[str] | None = None, login: str = "duty"
) -> list[erasure.Erasure]:
    version = street.case(number)["version"]
    return redaction.redact_words(
        street.conn, street.viewer(login), number, chosen or [], typed, WHY, version, street.now
    )


def whole(street: Street, number: str) -> None:
    assert service.verify(street.conn, street.viewer("duty"), number) is None


def test_words_are_gone_from_every_table_wherever_they_stood_and_all_others_stay(street: Street) -> None:
    number = told(street)
    cut(street, number, "王秀英", PHONE)
    left = everything(street.conn)
    assert ("王秀英" in left, PHONE in left, "说下午在家" in left, "旁边" in left) == (
        False,
        False,
        True,
        True,
    )
    case = street.case(number)
    assert case["description"] == "请打 ■■■ 找■■■，川A12345 旁边"
    report, comment, _ = service.events(street.conn, street.viewer("duty"), number)
    assert (comment["text"], report["erased"]) == ("■■■说下午在家", False)
    whole(street, number)


def test_numbers_that_the_reader_sees_only_masked_are_offered_to_be_chosen(street: Street) -> None:
    number = told(street)
    found = redaction.said(street.conn, street.viewer("duty"), number, street.now)["found"]
    assert [one.words for one in found] == ["139****5678", "川A12345", "139****5678"]
    cut(street, number, chosen=[found[0].key, found[1].key])
    left = everything(street.conn)
    assert (PHONE in left, "川A12345" in left, "王秀英" in left) == (False, False, True)
    assert redaction.said(street.conn, street.viewer("duty"), number, street.now)["found"][0].words == "****"


def test_an_event_says_that_why_and_by_whom_and_never_what(street: Street) -> None:
    number = told(street)
    cut(street, number, "王秀英")
    *_, event = service.events(street.conn, street.viewer("duty"), number)
    assert (event["action"], event["actor_name"], event["text"], event["by_system"]) == (
        "redact",
        "duty岗",
        WHY,
        False,
    )
    assert event["changes"] == ["2 条记录中的文字已删除"]


def test_words_can_be_cut_again_and_again(street: Street) -> None:
    number = told(street)
    for words in ("王秀英", "下午", PHONE):
        cut(street, number, words)
        whole(street, number)
    assert street.case(number)["description"].startswith("请打 ■■■ 找■■■")


def test_words_that_are_changed_or_put_back_after_that_are_found_by_the_proof(street: Street) -> None:
    number = told(street)
    with street.conn.cursor() as cursor:
        cursor.execute("select case_id, salt, body from event_private where body like %s", (f"%{PHONE}%",))
        before = cursor.fetchone()
    cut(street, number, PHONE)
    for salt, body in [
        (before["salt"], before["body"]),
        (before["salt"], json.dumps({"description": "别的"})),
    ]:
        with street.conn.cursor() as cursor:
            cursor.execute("update event_private set salt = %s, body = %s where case_id = %s and n = 1",
                           (salt, body, before["case_id"]))  # fmt: skip
        broken = service.verify(street.conn, street.viewer("duty"), number)
        assert broken is not None and (broken.n, broken.why) == (1, OTHER_WORDS)


def test_only_the_duty_officer_of_the_case_erases_and_always_says_why(street: Street) -> None:
    number = told(street)
    for login in ("worker", "dispatch", "intake", "supervise"):
        with pytest.raises(NotAllowed):
            cut(street, number, "王秀英", login=login)
    version = street.case(number)["version"]
    duty = street.viewer("duty")
    with pytest.raises(BadInput, match="Say why"):
        redaction.redact_words(street.conn, duty, number, [], ["王秀英"], " ", version, street.now)
    with pytest.raises(Conflict):
        redaction.redact_words(street.conn, duty, number, [], ["王秀英"], WHY, version - 1, street.now)
    for typed in ("李四", "王", ""):
        with pytest.raises(BadInput):
            cut(street, number, typed)
    assert street.case(number)["version"] == version


def test_nobody_says_by_another_door_that_words_were_erased(street: Street) -> None:
    number = told(street)
    with pytest.raises(NotAllowed):
        street.act("duty", number, "redact", reason=WHY, events={"1": "0" * 64})
    whole(street, number)


def photographed(street: Street) -> tuple[str, dict[str, Any]]:
    photo = street.photo("before", "blue")
    number = street.report(attachments=[photo, street.photo("before", "white")])
    return number, photo


def test_a_photo_goes_with_its_copies_and_the_case_says_so(street: Street) -> None:
    number, photo = photographed(street)
    sha256 = photo["sha256"]
    paths = [blobs.blob_path(street.folder, sha256), blobs.copy_path(street.folder, sha256)]
    assert all(path.is_file() for path in paths)
    redaction.redact_photo(
        street.conn, street.folder, street.viewer("duty"), number, photo["id"], WHY, street.now
    )
    assert not any(path.exists() for path in paths)
    stands = {one["id"]: (one["arrived"], one["refused"]) for one in street.case(number)["attachments"]}
    assert stands.pop(photo["id"]) == (False, "照片已删除。")
    assert list(stands.values()) == [(True, None)]
    *_, event = service.events(street.conn, street.viewer("duty"), number)
    assert (event["text"], event["changes"]) == (WHY, ["一张照片已删除"])
    whole(street, number)


def test_an_erased_photo_is_not_taken_again_and_stands_on_no_board(street: Street) -> None:
    number, photo = photographed(street)
    redaction.redact_photo(
        street.conn, street.folder, street.viewer("duty"), number, photo["id"], WHY, street.now
    )
    with pytest.raises(PictureRefused):
        blobs.keep_bytes(street.conn, street.folder, picture("blue"), street.now)
    street.later(days=2)
    counted = {
        board.key: board.count for board in boards.boards(street.conn, street.viewer("duty"), street.now)
    }
    assert counted["photos"] == 0


def test_a_restored_copy_loses_the_same_words_and_photos_and_says_so_itself(
    database: Database, tmp_path: Path
) -> None:
    """The restored copy is a database in which nothing was erased; what is erased there once is not erased twice."""
    street = database.run(lambda conn: Street.open(conn, tmp_path))
    number, photo = database.run(lambda conn: _told_with_photo(Street(conn, street.district, tmp_path)))
    file, kept = tmp_path / "erasures.jsonl", []

    def erased(conn: Connection) -> None:
        there = Street(conn, street.district, tmp_path, START.replace(year=START.year + 1))
        kept.extend(cut(there, number, "王秀英"))
        kept.extend(cut(there, number, PHONE))
        kept.extend(
            redaction.redact_photo(conn, tmp_path, there.viewer("duty"), number, photo["id"], WHY, there.now)
        )
        raise _GoneBack

    with pytest.raises(_GoneBack):
        database.run(erased)
    erasure.keep(file, kept)
    assert PHONE not in file.read_text()
    for _ in range(2):
        assert database.run(lambda conn: erase_again(conn, tmp_path, file, START)) == 3
    with database.read() as conn:
        left = everything(conn)
        there = Street(conn, street.district, tmp_path)
        assert (PHONE in left, "王秀英" in left, "旁边" in left) == (False, False, True)
        acts = [event["action"] for event in service.events(conn, there.viewer("duty"), number)]
        assert acts == ["report", "comment", "redact", "redact", "redact"]
        whole(there, number)
    assert not blobs.blob_path(tmp_path, photo["sha256"]).exists()


class _GoneBack(Exception):
    """The database goes back to before."""


def _told_with_photo(street: Street) -> tuple[str, dict[str, Any]]:
    photo = street.photo("before", "blue")
    number = street.report(description=f"请打 {PHONE} 找王秀英，川A12345 旁边", attachments=[photo])
    street.act("worker", number, "comment", text="王秀英说下午在家")
    return number, photo
