"""PDFs beside a document's pictures: kept by their hash, read on tablets without a network, saved from the console."""

from pathlib import Path
from typing import Any

import pytest
import requests

from server.cases import custody
from server.content.papers import MOST_BYTES, file_name
from server.doctor import photos as doctors_finding
from server.protocol.wire import sha256, uuid7
from tests.conftest import LiveServer
from tests.factories import RUBBISH, START
from tests.link import BadWire, picture, rows, settle, tablet_of
from tests.pdfs import pdf, stream
from tests.server.content.test_documents import form_of, publish
from tests.server.plain_forms import Clerk
from tests.server.sync.tablet import enrol

PLAN = pdf(stream(b"the plan of the flood season" * 40))
OTHER = pdf(stream(b"the telephone list" * 40))


@pytest.fixture
def office(live_server: LiveServer) -> LiveServer:
    settle(live_server.database)
    return live_server


def send(clerk: Clerk, *files: tuple[str, bytes], to: str = "/documents", **words: str) -> requests.Response:
    sent = form_of(clerk, "/documents/new", "/documents").sent | {"title": "防汛预案", "body": "见附件。"}
    attached = [("files", (name, content, "application/octet-stream")) for name, content in files]
    return clerk.session.post(
        clerk.server.url + to, sent | {"kind": "document"} | words, files=attached or None, timeout=30
    )


def write(clerk: Clerk, *files: tuple[str, bytes], **words: str) -> str:
    """The address of a new document."""
    answer = send(clerk, *files, **words)
    assert answer.status_code == 200, answer.text
    return answer.url.removeprefix(clerk.server.url)


def document_on(tablet: Any) -> Any:
    (row,) = [message for message in tablet.messages() if message.document_id]
    return tablet.document(row.document_id)


def test_a_pdf_is_read_on_the_tablet_without_a_network_byte_by_byte_as_it_was_published(
    office: LiveServer, tmp_path: Path
) -> None:
    street = Clerk(office, "street")
    path = write(street, ("预案 一.pdf", PLAN), ("图.jpg", picture(3)))
    publish(street, path, "S1C1")
    wire = BadWire()
    tablet = tablet_of(office, "worker", tmp_path / "tablet", wire)
    tablet.sync_now()
    wire.online = False
    view = document_on(tablet)
    assert [(one.name, one.about, one.here) for one in view.files] == [("预案 一.pdf", "1.5 kB", True)]
    assert [photo.has_bytes for photo in view.photos] == [True]
    assert tablet.file(view.files[0].file_id) == PLAN
    kept = [path.read_bytes() for path in (tmp_path / "tablet").rglob("*") if path.is_file()]
    assert not any(b"the plan of the flood season" in one for one in kept), "sealed like everything"
    tablet.close()


def test_a_version_keeps_its_files_or_gets_others_and_what_went_leaves_the_tablet(
    office: LiveServer, tmp_path: Path
) -> None:
    street = Clerk(office, "street")
    path = write(street, ("预案.pdf", PLAN))
    publish(street, path, "S1")
    tablet = tablet_of(office, "worker", tmp_path)
    tablet.sync_now()
    send(street, to=f"{path}/versions", keep="yes")
    publish(street, path, "S1")
    tablet.sync_now()
    assert [one.name for one in document_on(tablet).files] == ["预案.pdf"]
    send(street, ("电话.pdf", OTHER), to=f"{path}/versions")
    publish(street, path, "S1")
    tablet.sync_now()
    assert [one.name for one in document_on(tablet).files] == ["电话.pdf"]
    assert tablet.file(sha256(PLAN)) is None
    assert tablet.file(sha256(OTHER)) == OTHER
    tablet.close()


def test_on_a_link_that_is_paid_a_file_waits_for_its_share(
    office: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile.core.meter.BYTES_AN_HOUR", 1000)
    street = Clerk(office, "street")
    tablet = tablet_of(office, "worker", tmp_path)
    tablet._syncer.metered = lambda: True
    publish(street, write(street, ("一.pdf", PLAN), ("二.pdf", OTHER)), "S1")
    tablet._syncer.round()
    assert [one.here for one in document_on(tablet).files] == [True, False]
    assert "在服务器上" in document_on(tablet).files[1].about
    tablet.sync_now()
    assert [one.here for one in document_on(tablet).files] == [True, True], "the worker asked for it"
    tablet.close()


def test_a_file_that_is_not_the_one_that_was_published_is_not_kept_on_the_tablet(
    office: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street, forged = Clerk(office, "street"), tmp_path / "forged.pdf"
    forged.write_bytes(OTHER)
    tablet = tablet_of(office, "worker", tmp_path / "tablet")
    publish(street, write(street, ("预案.pdf", PLAN)), "S1")
    with monkeypatch.context() as patched:
        patched.setattr("server.content.papers.open_paper", lambda folder, name: forged)
        tablet.sync_now()
        (file,) = document_on(tablet).files
        assert (file.here, tablet.file(file.file_id)) == (False, None)
    tablet.sync_now()
    assert tablet.file(file.file_id) == PLAN
    tablet.close()


def test_the_console_gives_a_pdf_to_its_readers_to_be_saved_and_to_nobody_else(office: LiveServer) -> None:
    street = Clerk(office, "street")
    path = write(street, ("../预案.pdf", PLAN))
    address = f"{office.url}{path}/files/{sha256(PLAN)}"
    assert f"{path}/files/{sha256(PLAN)}" in street.get(path)
    community = Clerk(office, "community").session
    assert community.get(address, timeout=30).status_code == 404, "not published yet"
    publish(street, path, "S1")
    answer = community.get(address, timeout=30)
    assert answer.content == PLAN
    told = answer.headers
    assert told["content-type"] == "application/pdf"
    assert told["content-disposition"].startswith("attachment; filename")
    assert "%E9%A2%84%E6%A1%88.pdf" in told["content-disposition"] and ".." not in told["content-disposition"]
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-security-policy"] == "default-src 'none'; sandbox"
    assert requests.get(address, timeout=30, allow_redirects=False).status_code in (303, 401)
    assert Clerk(office, "crew").session.get(address, timeout=30).status_code == 404
    gone = f"{office.url}{path}/files/{sha256(OTHER)}"
    assert street.session.get(gone, timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("files", "status", "sentence"),
    [
        ([("a.pdf", pdf(catalog=b"/OpenAction << /S /JavaScript /JS (x) >>"))], 422, "这份 PDF 带有脚本"),
        ([("a.pdf", pdf(trailer=b"/Encrypt 4 0 R"))], 422, "这份 PDF 已加密"),
        ([("a.pdf", b"PK\x03\x04 a document of Word")], 422, "图片"),
        ([("a.pdf", PLAN + b" " * MOST_BYTES)], 413, "10000000"),
        ([("a.pdf", PLAN)] * 4, 422, "最多附 9 张图片和 3 份 PDF"),
        ([("fine.pdf", PLAN), ("a.jpg", picture(1)), ("b.pdf", PLAN[:200])], 422, "这份 PDF 已损坏"),
    ],
)
def test_what_is_not_taken_is_said_and_nothing_of_it_is_kept(
    office: LiveServer, files: list[tuple[str, bytes]], status: int, sentence: str
) -> None:
    answer = send(Clerk(office, "street"), *files)
    assert answer.status_code == status
    assert sentence in answer.text
    assert "防汛预案" in answer.text, "what was written stands there again"
    assert rows(office, "select id from documents") == rows(office, "select sha256 from papers") == []
    assert list((office.settings.blobs / "new").glob("*")) == []


def test_a_pdf_is_no_photo_of_a_case_whoever_declares_its_hash(office: LiveServer) -> None:
    street = Clerk(office, "street")
    publish(street, write(street, ("预案.pdf", PLAN)), "S1")
    tablet = enrol(office, "worker")
    photo = {"id": str(uuid7()), "sha256": sha256(PLAN), "bytes": len(PLAN), "mime": "image/jpeg", "stage": "before"}  # fmt: skip
    told = {"category": RUBBISH, "title": "垃圾", "attachments": [photo]}
    (result,) = tablet.send(tablet.command(payload=told))
    assert result["outcome"] == "applied"
    (kept,) = rows(office, "select arrived_at from attachments")
    assert kept["arrived_at"] is None, "it still waits for a photo"


def test_a_pdf_that_was_changed_on_disk_is_found_and_not_given_out(office: LiveServer) -> None:
    street = Clerk(office, "street")
    path = write(street, ("预案.pdf", PLAN))
    name, folder = sha256(PLAN), office.settings.blobs
    file = folder / name[:2] / name[2:4] / name
    file.write_bytes(PLAN + b"!")
    answer = street.session.get(f"{office.url}{path}/files/{name}", timeout=30)
    assert answer.status_code == 409
    _, read, changes = office.database.run(
        lambda conn: custody.verify_slice(conn, folder, "", 100, 1 << 30, START)
    )
    assert (read, [(one.sha256, one.why) for one in changes]) == (1, [(name, "changed")])

    def finding() -> bool:
        with office.database.read() as conn, conn.cursor() as cursor:
            return bool(doctors_finding(cursor).well)

    assert not finding()
    write(street, ("预案.pdf", PLAN))
    assert street.session.get(f"{office.url}{path}/files/{name}", timeout=30).content == PLAN
    assert finding(), "sent again it lies there whole"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("预案.pdf", "预案.pdf"),
        ("C:\\Users\\x\\plan.PDF", "C Users x plan.pdf"),
        ("../../etc/passwd", "etc passwd.pdf"),
        ("", "document.pdf"),
        ("a" * 300, "a" * 90 + ".pdf"),
        ("evil\u202efdp.exe", "evil fdp.exe.pdf"),
    ],
)
def test_a_file_is_saved_as_a_pdf_under_a_name_that_is_no_path(given: str, kept: str) -> None:
    assert file_name(given) == kept
