"""Photos by tus: piece by piece, confirmed by their hash, refused with a reason."""

import hashlib
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from server.cases.blobs import blob_path
from tests.conftest import LiveServer
from tests.factories import picture
from tests.server.sync.tablet import Tablet, count, declared


def test_a_photo_comes_in_pieces_and_is_confirmed_by_its_hash(
    live_server: LiveServer, tablet: Tablet
) -> None:
    content = picture()
    photo = declared(content)
    report = tablet.command()
    report["payload"]["attachments"] = [photo]
    tablet.send(report)
    answer = tablet.upload(photo, content)
    assert (answer.status_code, answer.headers["Upload-Checksum-Confirmed"]) == (204, photo["sha256"])
    # Created again after a lost answer: the same upload, already whole.
    assert tablet.upload(photo, content).headers["Upload-Checksum-Confirmed"] == photo["sha256"]
    got = requests.get(
        f"{tablet.url}/sync/v1/attachments/{photo['id']}", headers=tablet.headers(), timeout=30
    )
    assert got.headers["content-type"] == "image/jpeg"
    assert (
        got.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(got.content).digest()).decode()}:"
    )
    original = blob_path(live_server.settings.blobs, photo["sha256"])
    assert original.read_bytes() == content != got.content
    found, _ = tablet.follow()
    case = next(change["body"] for change in found if change["kind"] == "case")
    assert [a["arrived"] for a in case["attachments"]] == [True]
    assert count(live_server, "blobs") == 1


def test_a_photo_with_other_bytes_than_declared_begins_again(live_server: LiveServer, tablet: Tablet) -> None:
    content = picture()
    photo = declared(content)
    wrong = content[:-10] + b"0123456789"
    assert tablet.upload(photo, wrong).status_code == 460
    assert tablet.upload(photo, content).status_code == 204
    assert count(live_server, "blobs") == 1


def test_a_piece_at_the_wrong_offset_is_refused_with_where_to_go_on(tablet: Tablet) -> None:
    photo = declared(picture())
    tus = tablet.headers(
        **{"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "50"}
    )
    meta = (
        ",".join(f"{k} {b64encode(photo[k].encode()).decode()}" for k in ("sha256",))
        + f",attachment_id {b64encode(photo['id'].encode()).decode()}"
    )
    made = requests.post(
        f"{tablet.url}/sync/v1/uploads",
        timeout=30,
        headers=tablet.headers(
            **{"Tus-Resumable": "1.0.0", "Upload-Length": str(photo["bytes"]), "Upload-Metadata": meta}
        ),
    )
    answer = requests.patch(tablet.url + made.headers["Location"], data=b"x", headers=tus, timeout=30)
    assert answer.status_code == 409
    assert "0 bytes" in answer.json()["detail"]


def test_a_file_that_is_never_taken_is_told_to_tablet_and_case_and_not_asked_for_again(
    live_server: LiveServer, tablet: Tablet
) -> None:
    content = b"<svg onload=alert(1)>" * 20
    photo, report = declared(content), tablet.command()
    report["payload"]["attachments"] = [photo]
    tablet.send(report)
    _, cursor = tablet.follow()
    answer = tablet.upload(photo, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "picture_refused")
    assert answer.json()["detail"] == "The file is not a JPEG, PNG or WebP picture."
    # The case is told: the photo is no longer on its way, and why.
    found, _ = tablet.follow(cursor)
    (told,) = next(change["body"] for change in found if change["kind"] == "case")["attachments"]
    assert (told["arrived"], told["refused"]) == (False, "文件不是 JPEG、PNG 或 WebP 图片。")
    # Its bytes need not come a second time: the very first question is answered.
    meta = f"sha256 {b64encode(photo['sha256'].encode()).decode()},attachment_id {b64encode(photo['id'].encode()).decode()}"
    again = requests.post(
        f"{tablet.url}/sync/v1/uploads",
        timeout=30,
        headers=tablet.headers(**{"Tus-Resumable": "1.0.0", "Upload-Length": "420", "Upload-Metadata": meta}),
    )
    assert (again.status_code, again.json()["code"]) == (422, "picture_refused")
    assert count(live_server, "blobs") == count(live_server, "uploads") == 0
    assert list(live_server.settings.uploads.iterdir()) == []


def test_a_refusal_in_tus_carries_the_header_that_tus_asks_for(tablet: Tablet) -> None:
    gone = requests.head(
        f"{tablet.url}/sync/v1/uploads/{uuid.uuid4()}",
        headers=tablet.headers(**{"Tus-Resumable": "1.0.0"}),
        timeout=30,
    )
    assert (gone.status_code, gone.headers["Tus-Resumable"]) == (404, "1.0.0")


def test_any_tus_client_is_told_what_is_spoken_here_and_until_when_an_upload_is_kept(tablet: Tablet) -> None:
    where, tus = f"{tablet.url}/sync/v1/uploads", {"Tus-Resumable": "1.0.0"}
    spoken = requests.options(where, timeout=30)
    told = {name: spoken.headers[name] for name in ("Tus-Version", "Tus-Extension", "Tus-Max-Size")}
    assert told == {
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,expiration",
        "Tus-Max-Size": "30000000",
    }
    older = requests.post(
        where, headers=tablet.headers(**{"Tus-Resumable": "0.2.2", "Upload-Length": "9"}), timeout=30
    )
    assert (older.status_code, older.headers["Tus-Version"]) == (412, "1.0.0")
    photo = declared(picture())
    told_of = {"attachment_id": photo["id"], "sha256": photo["sha256"]}
    meta = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in told_of.items())
    made = requests.post(
        where,
        headers=tablet.headers(**tus, **{"Upload-Length": str(photo["bytes"]), "Upload-Metadata": meta}),
        timeout=30,
    )
    found = requests.head(tablet.url + made.headers["Location"], headers=tablet.headers(**tus), timeout=30)
    assert found.headers["Upload-Metadata"] == meta
    assert found.headers["Cache-Control"] == "no-store", "nothing between may say how far it once was"
    ends = parsedate_to_datetime(found.headers["Upload-Expires"]) - datetime.now(UTC)
    assert timedelta(days=6) < ends <= timedelta(days=7)
