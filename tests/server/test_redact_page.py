"""The page on which words or a photo of a case are erased: a plain form, for the duty officer only."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.plain_forms import Forms, Office

PHONE = "13912345678"


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def told(street: Street) -> str:
    return street.report(description=f"请打 {PHONE} 找王秀英", attachments=[street.photo("before")])


def test_chosen_and_written_words_go_and_the_case_says_so(office: Office) -> None:
    number = office.make(told)
    duty = office.clerk("duty")
    assert f"/cases/{number}/redact" in duty.get(f"/cases/{number}")
    text = duty.get(f"/cases/{number}/redact")
    assert "139****5678" in text and PHONE not in text
    words = next(form for form in Forms(text).found if "words" in form.written)
    words.action = f"/cases/{number}/redact"
    (key,) = words.offered["found"]
    page = duty.send(words.fill(found=key, words="王秀英", reason="当事人要求")).text
    assert "请打 ■■■ 找■■■" in page
    assert "删除内容" in page and "当事人要求" in page and "1 条记录中的文字已删除" in page
    kept = [json.loads(line) for line in office.server.settings.erasures.read_text().splitlines()]
    assert [sorted(one["cuts"]) for one in kept] == [["1"]]


def test_a_photo_is_chosen_by_its_picture_and_is_gone_behind_every_address(office: Office) -> None:
    number = office.make(told)
    duty = office.clerk("duty")
    (photo,) = office.case(number)["attachments"]
    assert (
        duty.session.get(office.server.url + photo["url"], timeout=30).headers["cache-control"]
        == "private, no-cache"
    )
    form = next(f for f in Forms(duty.get(f"/cases/{number}/redact")).found if "photo" in f.offered)
    form.action = f"/cases/{number}/redact"
    page = duty.send(form.fill(photo=photo["id"], reason="拍到人脸")).text
    assert "一张照片已删除" in page and "照片已删除。" in page
    for address in (photo["url"], photo["thumb_url"], f"{photo['url']}/original"):
        assert duty.session.get(office.server.url + address, timeout=30).status_code == 404
    assert 'name="photo"' not in duty.get(f"/cases/{number}/redact")


def test_what_cannot_be_erased_is_said_on_the_page_and_what_was_typed_stays(office: Office) -> None:
    number = office.make(told)
    duty = office.clerk("duty")
    form = next(f for f in Forms(duty.get(f"/cases/{number}/redact")).found if "words" in f.written)
    form.action = f"/cases/{number}/redact"
    refused = duty.send(form.fill(words="李四", reason="当事人要求"))
    assert (refused.status_code, "本案的文字里没有“李四”。" in refused.text) == (422, True)
    assert ">李四</textarea>" in refused.text
    worker = office.clerk("worker")
    assert f"/cases/{number}/redact" not in worker.get(f"/cases/{number}")
    assert worker.session.get(f"{office.server.url}/cases/{number}/redact", timeout=30).status_code == 403
