"""Photos show a stage, and the pack says which it wants; the pack's own table counts from the first act on."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from server.cases.apply import Answer, apply
from server.db import Connection
from server.errors import BadInput, NotAllowed
from server.packs import body_of, current, keeping
from server.packs.folder import read_text
from server.packs.toml import as_toml
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import uuid7
from tests.factories import COVER, RUBBISH, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def under(street: Street, **changes: Any) -> None:
    """The district's pack with some of its keys changed."""

    version, _pack = current(street.conn, street.district.id)
    text = as_toml(body_of(street.conn, version) | changes)
    keeping.put(street.conn, street.district.id, read_text(text, "mine.toml"), None, "", street.now)


def mended(street: Street, **payload: Any) -> Answer:
    """A worker mends rubbish on the spot."""
    told = {"category": RUBBISH, "title": "垃圾袋", "done": "已捡走", **payload}
    command = Command(
        uuid7(), "self_handle", uuid7(), read_payload("self_handle", told), uuid.uuid4().hex, "tablet",
        street.district.people["worker"], position=Position(104.005, 30.005, 8, "gps", crs="EPSG:4326"),
        district_id=street.district.id, source="patrol",
    )  # fmt: skip
    return apply(street.conn, [command], street.now)[0]


def test_a_photo_of_another_stage_is_not_the_one_that_is_asked_for(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    with pytest.raises(BadInput, match="After") as refused:
        street.act("crew", number, "handle", done="换新井盖", attachments=[street.photo("before")])
    assert refused.value.code == "evidence_needed"
    assert street.case(number)["attachments"] == []
    photos = [street.photo("during", "blue"), street.photo("after")]
    street.act("crew", number, "handle", done="换新井盖", attachments=photos)
    assert street.case(number)["state"] == "handled"


def test_a_report_without_its_photo_is_kept_and_marked_until_one_of_that_stage_is_added(
    street: Street,
) -> None:
    number = street.report(category=COVER, condition="missing", attachments=[street.photo("after")])
    assert street.case(number)["tags"] == ["photo_missing"]
    street.act("duty", number, "add_evidence", attachments=[street.photo("during", "blue")])
    assert street.case(number)["tags"] == ["photo_missing"]
    street.act("duty", number, "add_evidence", attachments=[street.photo("before", "white")])
    assert street.case(number)["tags"] == []


def test_every_act_that_takes_photos_may_be_asked_for_one(street: Street) -> None:
    categories = [{**raw, "evidence": {"fail": "inspection"}} for raw in _body(street)["categories"]]
    under(street, categories=categories)
    number = street.dispatched()
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新井盖")
    with pytest.raises(BadInput) as refused:
        street.act("worker", number, "fail", unmet="没有防坠网")
    assert refused.value.code == "evidence_needed"
    street.act("worker", number, "fail", unmet="没有防坠网", attachments=[street.photo("inspection")])
    assert street.case(number)["state"] == "handling"


def asking_for(street: Street, **evidence: Any) -> None:
    """The district's pack, in which every category asks for these photos."""
    under(street, categories=[{**raw, "evidence": evidence} for raw in _body(street)["categories"]])


def test_an_act_may_need_photos_of_several_stages_and_each_that_is_missing_is_named(street: Street) -> None:
    asking_for(street, handle=["before", "during", "after"])
    number = street.dispatched()
    street.act("crew", number, "accept")
    photos = [street.photo("before", "blue")]
    with pytest.raises(BadInput, match="missing: During, After"):
        street.act("crew", number, "handle", done="换新井盖", attachments=photos)
    photos.append(street.photo("after", "white"))
    with pytest.raises(BadInput, match="missing: During"):
        street.act("crew", number, "handle", done="换新井盖", attachments=photos)
    assert street.case(number)["state"] == "handling"
    photos.append(street.photo("during"))
    street.act("crew", number, "handle", done="换新井盖", attachments=photos)
    assert {photo["stage"] for photo in street.case(number)["attachments"]} == {"before", "after", "during"}


def test_a_report_is_marked_until_the_case_has_a_photo_of_each_stage_whoever_brings_them(
    street: Street,
) -> None:
    asking_for(street, report=["before", "during"])
    number = street.report(attachments=[street.photo("during")])
    assert street.case(number)["tags"] == ["photo_missing"]
    street.act("duty", number, "add_evidence", attachments=[street.photo("after", "blue")])
    assert street.case(number)["tags"] == ["photo_missing"]
    street.act("worker", number, "add_evidence", attachments=[street.photo("before", "white")])
    assert street.case(number)["tags"] == []


def test_what_a_pack_leaves_to_others_is_not_taken_from_the_first_act_on(street: Street) -> None:
    under(street, narrow={"report": ["intake", "community", "street", "resident"]})
    with pytest.raises(NotAllowed) as refused:
        street.report("worker")
    assert refused.value.code == "left_out"
    assert street.case(street.report("intake"))["state"] == "reported"


def test_where_a_pack_leaves_it_out_nothing_is_closed_on_the_spot(street: Street) -> None:
    photo = [street.photo()]
    assert mended(street, attachments=photo).applied
    under(street, without=["self_handle"])
    answer = mended(street, attachments=photo)
    assert (answer.outcome, answer.code) == ("rejected", "left_out")
    _version, pack = current(street.conn, street.district.id)
    assert not any(category.self_handle for category in pack.categories), "no tablet offers it"


def _body(street: Street) -> dict[str, Any]:

    return body_of(street.conn, current(street.conn, street.district.id)[0])
