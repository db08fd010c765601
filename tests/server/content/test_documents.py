"""A notice goes from an office down its tree: written, versioned, published, read without a network, noted, withdrawn."""

from pathlib import Path
from typing import Any

import pytest
import requests

from mobile.core.tablet import Tablet
from server.protocol.wire import sha256
from tests.conftest import LiveServer
from tests.link import BadWire, picture, rows, settle, tablet_of
from tests.server.plain_forms import Clerk, Forms, PlainForm


@pytest.fixture
def office(live_server: LiveServer) -> LiveServer:
    settle(live_server.database)
    return live_server


def form_of(clerk: Clerk, path: str, action: str) -> PlainForm:
    return next(form for form in Forms(clerk.get(path)).found if form.action == action)


def write(clerk: Clerk, content: bytes | None = None, **words: str) -> str:
    """The address of a new document."""
    form = form_of(clerk, "/documents/new", "/documents")
    sent = (
        form.sent
        | {"kind": "notice", "safety": "yes", "title": "汛期安全", "body": "暴雨期间不下井。"}
        | words
    )
    files = {"files": ("图.jpg", content, "image/jpeg")} if content else None
    answer = clerk.session.post(clerk.server.url + "/documents", sent, files=files, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.url.removeprefix(clerk.server.url)


def publish(clerk: Clerk, path: str, *codes: str) -> requests.Response:
    form = form_of(clerk, path, f"{path}/publish")
    sent: dict[str, Any] = form.sent | {"node": list(codes)}
    return clerk.session.post(f"{clerk.server.url}{path}/publish", sent, timeout=30)


def titles(tablet: Tablet) -> list[str]:
    return [message.sentence for message in tablet.messages() if message.document_id]


def test_a_safety_notice_reaches_the_tablets_below_and_comes_back_as_a_number_of_organisations(
    office: LiveServer, tmp_path: Path
) -> None:
    street, content = Clerk(office, "street"), picture(7)
    path = write(street, content)
    wire = BadWire()
    mine = tablet_of(office, "worker", tmp_path / "mine", wire)
    other = tablet_of(office, "head", tmp_path / "other")
    assert titles(mine) == [], "what is written is not yet published"
    assert publish(street, path, "S1C1").status_code == 200
    mine.sync_now()
    other.sync_now()
    assert (titles(mine), titles(other)) == (["汛期安全"], [])
    wire.online = False
    (row,) = [message for message in mine.messages() if message.document_id]
    assert row.unread and row.urgent
    view = mine.document(row.document_id)
    assert view is not None
    assert (view.title, view.body, view.safety, view.noted) == ("汛期安全", "暴雨期间不下井。", True, False)
    (photo,) = view.photos
    assert photo.photo_id == sha256(content) and photo.has_bytes
    assert (mine.photo(photo.photo_id) or b"")[:3] == b"\xff\xd8\xff"
    assert not next(message for message in mine.messages() if message.document_id).unread

    mine.note_document(row.document_id)
    assert mine.document(row.document_id).noted  # type: ignore[union-attr]
    assert rows(office, "select * from document_notes") == [], "there is no network"
    wire.online = True
    mine.sync_now()
    mine.sync_now()
    noted = rows(office, "select * from document_notes")
    assert [set(one) for one in noted] == [{"document_id", "n", "organisation_id"}], "no person, no time"
    page = street.get(path)
    assert "1 个已知悉" in page and "尚未知悉" not in page
    token = other._syncer.office.account.token  # type: ignore[union-attr]
    stranger = requests.get(
        f"{office.url}/sync/v1/files/{sha256(content)}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert stranger.status_code == 404
    mine.close()
    other.close()


def test_a_new_version_replaces_the_old_one_and_a_withdrawn_notice_goes_with_its_pictures(
    office: LiveServer, tmp_path: Path
) -> None:
    street = Clerk(office, "street")
    path = write(street, picture(1))
    publish(street, path, "S1")
    tablet = tablet_of(office, "worker", tmp_path)
    form = form_of(street, path, f"{path}/versions")
    street.session.post(
        f"{office.url}{path}/versions", form.sent | {"title": "汛期安全（二）", "keep": "yes"}, timeout=30
    )
    tablet.sync_now()
    assert titles(tablet) == ["汛期安全"], "a version is read when it is published"
    publish(street, path, "S1")
    tablet.sync_now()
    assert titles(tablet) == ["汛期安全（二）"]
    (name,) = [photo.photo_id for photo in tablet._photos.cards(state="fetched")]
    withdraw = form_of(street, path, f"{path}/withdraw")
    street.session.post(f"{office.url}{path}/withdraw", withdraw.sent, timeout=30)
    tablet.sync_now()
    assert titles(tablet) == [] and tablet.photo(name) is None
    assert [row["n"] for row in rows(office, "select n from document_versions order by n")] == [1, 2]
    tablet.close()


def test_what_cannot_be_meant_is_said_and_nothing_is_published(office: LiveServer) -> None:
    street, path = Clerk(office, "street"), ""
    form = form_of(street, "/documents/new", "/documents")
    for words, sentence in (({"title": " "}, "请填写标题"), ({"body": ""}, "请填写正文")):
        sent = form.sent | {"kind": "notice", "title": "标题", "body": "正文"} | words
        answer = street.session.post(f"{office.url}/documents", sent, timeout=30)
        assert answer.status_code == 422 and sentence in answer.text
    broken = street.session.post(
        f"{office.url}/documents",
        form.sent | {"kind": "notice", "title": "标题", "body": "正文"},
        files={"files": ("x.jpg", b"<svg/>", "image/jpeg")},
        timeout=30,
    )
    assert broken.status_code == 422 and "图片" in broken.text
    assert rows(office, "select id from documents") == []
    path = write(street)
    assert "请选择发布范围" in publish(street, path).text
    assert "S2 不在您的区域内" in publish(street, path, "S2").text
    assert rows(office, "select * from document_nodes") == []
    for login in ("worker", "crew"):
        answer = Clerk(office, login).session.get(f"{office.url}/documents/new", timeout=30)
        assert answer.status_code == 403, login
    assert Clerk(office, "duty").session.get(f"{office.url}{path}", timeout=30).status_code == 404


def test_a_receipt_for_what_is_no_safety_notice_is_nothing(office: LiveServer, tmp_path: Path) -> None:
    street = Clerk(office, "street")
    path = write(street, safety="")
    publish(street, path, "S1")
    tablet = tablet_of(office, "worker", tmp_path)
    link = tablet._syncer.office
    assert link is not None
    number = int(path.rpartition("/")[2])
    link.receipts([{"id": number, "version": 1}, {"id": 999, "version": 1}])
    assert rows(office, "select * from document_notes") == []
    for bad in (
        {"documents": 7},
        {"documents": [{"id": "x", "version": 1}]},
        {"documents": [{"id": True, "version": 1}]},
    ):
        answer = requests.post(
            f"{office.url}/sync/v1/receipts",
            json=bad,
            headers={"Authorization": f"Bearer {link.account.token}"},
            timeout=30,
        )
        assert answer.status_code == 422
    tablet.close()
