"""A tablet that changes hands keeps of the one before only what the office has not got yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile.core.office import Office
from mobile.core.tablet import Tablet
from mobile.sim.wire import BadWire
from tests.conftest import LiveServer
from tests.link import code_for, here, picture, rows, settle, tablet_of
from tests.mobile.paper_office import PERSON, URL, PaperOffice, enrolled
from tests.mobile.test_decisions import REFUSED, decision
from tests.mobile.test_outbox import answering

COVER, RUBBISH = "urban/component/0102", "urban/event/0110"
CASE = "01990000-0000-7000-8000-000000000001"


@pytest.fixture
def wire() -> Iterator[BadWire]:
    made = BadWire(wait=lambda seconds: None)
    yield made
    made.close()


@pytest.fixture
def tablet(live_server: LiveServer, wire: BadWire, tmp_path: Path) -> Iterator[Tablet]:
    settle(live_server.database)
    made = tablet_of(live_server, "worker", tmp_path / "tablet", wire)
    yield made
    made.close()


def files(tablet: Tablet) -> set[str]:
    """The photographs whose bytes lie on the tablet."""
    return {path.name for path in (tablet.home / "photos").iterdir()}


def takes_over(live: LiveServer, tablet: Tablet, login: str) -> None:
    tablet.enrol(live.url, code_for(live.database, login))


def test_photos_that_the_office_has_stay_for_their_worker_and_leave_with_the_next_one(
    live_server: LiveServer, tablet: Tablet
) -> None:
    photo = tablet.take_in(picture(1), "before").photo_id
    tablet.report(COVER, "missing", here(), "井盖不见了", [photo], False)
    tablet.sync_now()
    takes_over(live_server, tablet, "worker")
    tablet.sync_now()
    assert files(tablet) == {photo}, "who reported it may look at it, with a new pass, too"
    takes_over(live_server, tablet, "head")
    tablet.sync_now()
    assert files(tablet) == set()
    assert tablet._photos.cards() == []
    assert len(rows(live_server, "select 1 from attachments where arrived_at is not null")) == 1


def test_photos_of_the_one_before_stay_until_the_office_has_confirmed_them_and_the_next_ones_own_stay(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    before = tablet.take_in(picture(2), "before").photo_id
    tablet.report(COVER, "missing", here(), "前一位拍的", [before], False)
    wire.online = True
    takes_over(live_server, tablet, "head")
    wire.plan = ["", "", "", "", "drop_request"]  # its act is held, its photo is cut off
    tablet.sync_now()
    assert files(tablet) == {before}
    own = tablet.take_in(picture(3), "before").photo_id
    tablet.report(COVER, "missing", here(104.035), "后一位拍的", [own], False)
    wire.heal()
    tablet.sync_now()
    assert tablet._outbox.waiting() == 0
    assert files(tablet) == {own}
    assert len(rows(live_server, "select sha256 from blobs")) == 2


def test_the_offices_pictures_for_the_one_before_are_gone_before_the_next_one_looks(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin("258036")
    tablet._photos.keep_fetched("one", CASE, picture(4), "after")
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert files(tablet) == {"one"}, "the same person goes on"
    office.person = {**PERSON, "id": 8, "name": "王网格"}
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert files(tablet) == set()
    tablet.close()


def test_what_one_noted_for_an_organisation_is_not_told_in_the_name_of_the_next_ones(tmp_path: Path) -> None:
    office = PaperOffice()
    body = {"id": 12, "kind": "notice", "safety": True, "version": 1, "title": "汛期安全", "body": "不下井。", "noted": False,
            "organisation": "街道", "published_at": "2026-11-22T02:00:05.310000Z", "pictures": []}  # fmt: skip
    office.changes.append({"seq": 2, "kind": "document", "id": "12", "version": 1, "body": body})
    told: list[list[dict[str, int]]] = []
    tablet = enrolled(tmp_path, office)

    def receipts(_office: Office, documents: list[dict[str, int]]) -> None:
        told.append(documents)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Office, "receipts", receipts)
        office.online = False
        assert tablet.document("12")
        tablet.note_document("12")
        office.online = True
        office.person = {**PERSON, "id": 8, "name": "王网格", "organisation": "桃源社区"}
        tablet.enrol(URL, "7KQX-2M9D-VH4T")
        tablet.sync_now()
        assert told == []
        (row,) = tablet.messages()
        assert row.unread and row.urgent, "this one has neither seen nor noted it"
        office.person = PERSON
        tablet.enrol(URL, "7KQX-2M9D-VH4T")
        tablet.sync_now()
        assert told == [[{"id": 12, "version": 1}]], "who noted it is back"
    tablet.close()


def test_at_another_office_what_the_first_one_confirmed_is_let_go_of(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    sent = tablet.take_in(picture(5), "before").photo_id
    tablet.report(COVER, "missing", here(), "", [sent], False)
    tablet.sync_now()
    waiting = tablet.take_in(picture(6), "before").photo_id
    tablet.report(COVER, "missing", here(), "", [waiting], False)
    wire.close()
    wire.inner = PaperOffice()
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert files(tablet) == {waiting}


def test_a_refused_act_that_is_discarded_takes_its_delivered_photos_along(tmp_path: Path) -> None:
    office = answering("held", "held_moved_on", "有人先动了")
    tablet = enrolled(tmp_path, office)
    photo = tablet.take_in(picture(7), "before").photo_id
    command_id = tablet.report(RUBBISH, "any", None, "垃圾堆", [photo], False)
    tablet.sync_now()
    tablet._photos.confirmed(photo)
    office.changes.append(decision(command_id, "rejected", REFUSED))
    tablet.sync_now()
    assert files(tablet) == {photo}
    tablet.outbox_act(command_id, "discard", "看错了")
    assert files(tablet) == set()
    tablet.close()
