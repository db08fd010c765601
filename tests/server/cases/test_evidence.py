"""Evidence: kept as it came and proved by its hash, shown without place and device, refused when it is dangerous."""

import hashlib
import io
import json
import os
import socket
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from server.cases import blobs, boards, custody, lists
from server.cases.containers import end_of_picture, is_archive, is_polyglot
from server.cases.darkroom import Darkroom, NotDeveloped
from server.cases.filters import Filters
from server.cases.pictures import PictureRefused, looked_at
from server.db import Connection
from server.errors import BadInput, Busy, NotFound
from server.protocol.wire import uuid7
from tests.conftest import LiveServer
from tests.factories import Street
from tests.pictures import bombs, encoded, noise, packed, photo, png, polyglots
from tests.server.test_console_pages import hidden, signed_in

BOMBS, POLYGLOTS = bombs(), polyglots()
SHOWN_STAGES = ("before", "during", "after", "inspection")


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path / "blobs")


@pytest.fixture
def office(live_server: LiveServer) -> LiveServer:
    live_server.database.run(lambda conn: Street.open(conn, live_server.settings.blobs) and None)
    return live_server


def image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def opened(folder: Path, sha256: str, thumb: bool = False) -> Image.Image:
    return image(blobs.open_copy(folder, sha256, thumb).read_bytes())


def refusal(folder: Path, content: bytes) -> str:
    """Why the content is not taken; nothing of it may be left on the disk."""
    with pytest.raises(PictureRefused) as refused, looked_at(folder, [content]):
        pass
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    return refused.value.why


# What is kept and what is shown ----------------------------------------------------------------------------


def test_the_original_keeps_place_and_device_and_what_is_shown_has_neither(street: Street) -> None:
    content = photo()
    sha256, _ = blobs.keep_bytes(street.conn, street.folder, content, street.now)
    original = blobs.open_original(street.folder, sha256)
    assert hashlib.sha256(original.read_bytes()).hexdigest() == sha256
    assert image(original.read_bytes()).getexif().get_ifd(0x8825)[1] == "N"
    for thumb in (False, True):
        path = blobs.open_copy(street.folder, sha256, thumb)
        shown = image(path.read_bytes())
        assert dict(shown.getexif()) == {}
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(shown.info)
        for word in (b"Exif", b"Model 7", b"Maker", b"ICC_PROFILE", b"http"):
            assert word not in path.read_bytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_held_sideways_is_shown_upright(street: Street, form: str) -> None:
    content = photo(640, 480, turned=6, form=form)
    sha256, mime = blobs.keep_bytes(street.conn, street.folder, content, street.now)
    shown = opened(street.folder, sha256)
    assert (mime, shown.format, shown.size) == (f"image/{form.lower()}", "JPEG", (480, 640))
    # Turned by a quarter to the right, the red upper half is on the right.
    red, _, blue = shown.getpixel((470, 320))
    assert (red > 200, blue < 60) == (True, True)


def test_copies_are_bounded_and_a_small_picture_is_not_blown_up(street: Street) -> None:
    large, _ = blobs.keep_bytes(street.conn, street.folder, encoded(noise(3000, 1500), "JPEG"), street.now)
    small, _ = blobs.keep_bytes(street.conn, street.folder, encoded(noise(100, 80), "PNG"), street.now)
    assert (opened(street.folder, large).size, opened(street.folder, large, True).size) == (
        (2048, 1024),
        (320, 160),
    )
    assert (opened(street.folder, small).size, opened(street.folder, small, True).size) == (
        (100, 80),
        (100, 80),
    )


def test_colours_of_a_wide_profile_are_shown_as_they_look(street: Street) -> None:
    from PIL import ImageCms

    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(Image.new("RGB", (64, 64), (200, 40, 40)), "JPEG", icc_profile=lab, quality=95)
    sha256, _ = blobs.keep_bytes(street.conn, street.folder, content, street.now)
    shown = opened(street.folder, sha256)
    assert "icc_profile" not in shown.info
    assert all(abs(a - b) < 6 for a, b in zip(shown.getpixel((32, 32)), (200, 40, 40), strict=True))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixel_is_shown(street: Street, mode: str) -> None:
    content = encoded(Image.new("L", (40, 30), 255).convert(mode) if mode != "I;16" else Image.new(mode, (40, 30), 65535), "PNG")  # fmt: skip
    sha256, _ = blobs.keep_bytes(street.conn, street.folder, content, street.now)
    assert min(opened(street.folder, sha256).getpixel((20, 15))) > 250


def test_bytes_that_come_twice_are_stored_once(street: Street) -> None:
    for _ in range(2):
        sha256, _ = blobs.keep_bytes(street.conn, street.folder, photo(), street.now)
    files = sorted(path.name for path in street.folder.rglob("*") if path.is_file())
    assert files == sorted([sha256, f"{sha256}.jpg", f"{sha256}.thumb.jpg"])


def test_only_the_servers_own_account_can_look_into_the_folder(street: Street) -> None:
    street.folder.mkdir(mode=0o755)
    blobs.keep_bytes(street.conn, street.folder, photo(), street.now)
    assert stat.S_IMODE(street.folder.stat().st_mode) == 0o700


def test_a_copy_that_is_not_there_is_made_again_and_not_out_of_a_damaged_original(street: Street) -> None:
    sha256, _ = blobs.keep_bytes(street.conn, street.folder, photo(), street.now)
    blobs.copy_path(street.folder, sha256).unlink()
    blobs.copy_path(street.folder, sha256, thumb=True).unlink()
    assert opened(street.folder, sha256, thumb=True).size == (320, 240)
    assert opened(street.folder, sha256).size == (640, 480)
    blobs.copy_path(street.folder, sha256).unlink()
    blobs.blob_path(street.folder, sha256).write_bytes(photo(400, 300))
    with pytest.raises(blobs.PhotoDamaged):
        blobs.open_copy(street.folder, sha256)


def test_what_waited_when_a_server_was_killed_is_swept_away_a_day_later(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    with looked_at(folder, [photo()]) as (picture,):
        now = datetime.now(UTC)
        blobs.sweep(folder, now)
        assert picture.original.exists()
        blobs.sweep(folder, now + timedelta(days=2))
        assert [picture.original.exists(), picture.copy.exists()] == [False, False]


# What is not taken -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(tmp_path: Path, name: str) -> None:
    content, why = BOMBS[name]
    assert len(content) < 200_000
    assert refusal(tmp_path, content) == why


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_polyglot_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, POLYGLOTS[name]) == "polyglot"


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        encoded(noise(64, 64), "GIF"),
        encoded(noise(64, 64), "TIFF"),
        b"\xff\xd8",
        b"",
    ],
    ids=["SVG with script", "SVG", "GIF", "TIFF", "two bytes", "nothing"],
)
def test_only_jpeg_png_and_webp_are_pictures_whatever_they_are_called(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content) == "not_a_picture"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_refused(tmp_path: Path, form: str) -> None:
    content = encoded(noise(), form)
    assert refusal(tmp_path, content[: len(content) // 2]) == "unreadable"


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_moving_picture_is_refused_because_only_one_of_its_pictures_would_be_shown(
    tmp_path: Path, form: str
) -> None:
    assert refusal(tmp_path, encoded(noise(), form, save_all=True, append_images=[noise()])) == "moving"


def test_what_an_honest_phone_writes_behind_the_picture_is_kept_and_never_shown(street: Street) -> None:
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + os.urandom(200_000)
    notes = b"\0\0\x10\x0a\x12\0\0\0MotionPhoto_Data" + os.urandom(500) + b"SEFHk\0\0\0\x01SEFT"
    second = encoded(noise(64, 64), "JPEG")
    for behind in (film, notes, second, b"\0" * 64):
        content = photo() + behind
        assert not is_polyglot(content, "image/jpeg")
        sha256, _ = blobs.keep_bytes(street.conn, street.folder, content, street.now)
        assert blobs.open_original(street.folder, sha256).read_bytes() == content
        assert opened(street.folder, sha256).size == (640, 480)
        assert behind not in blobs.open_copy(street.folder, sha256).read_bytes()


def test_a_pair_of_pictures_for_two_eyes_is_a_jpeg_and_its_first_one_is_shown(street: Street) -> None:
    content = encoded(noise(64, 48), "MPO", save_all=True, append_images=[noise(32, 24)])
    sha256, mime = blobs.keep_bytes(street.conn, street.folder, content, street.now)
    assert (mime, opened(street.folder, sha256).size) == ("image/jpeg", (64, 48))


@pytest.mark.parametrize(
    ("form", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_the_end_of_a_picture_is_found(form: str, mime: str) -> None:
    for more in ({}, {"progressive": True} if form == "JPEG" else {}):
        content = encoded(noise(333, 77), form, **more)
        assert end_of_picture(content, mime) == len(content)
        assert end_of_picture(content + b"behind", mime) == len(content)


def test_four_bytes_by_chance_are_no_archive() -> None:
    assert is_archive(packed())
    assert is_archive(packed() + b"#" * 60_000)
    assert not is_archive(os.urandom(1000) + b"PK\x05\x06" + b"\x11" * 60)
    honest = encoded(noise(), "JPEG") + b"\0" * 9 + b"PK\x05\x06" + b"\x11" * 60
    assert not is_polyglot(honest, "image/jpeg")


def test_a_decoder_that_is_killed_ends_with_its_picture_and_the_next_one_is_opened(tmp_path: Path) -> None:
    room = Darkroom()
    flat, names = tmp_path / "flat", (tmp_path / "copy", tmp_path / "thumb")
    flat.write_bytes(photo())
    try:
        assert room.develop(flat, *names).mime == "image/jpeg"
        # As large as is allowed: in work long enough to be hit.
        slow = tmp_path / "slow"
        slow.write_bytes(encoded(Image.new("RGBA", (9000, 9000)), "PNG", compress_level=1))
        process = room._process
        assert process is not None
        killer = threading.Timer(0.3, process.kill)
        killer.start()
        with pytest.raises(Busy):
            room.develop(slow, tmp_path / "c2", tmp_path / "t2")
        killer.join()
        assert room.develop(flat, tmp_path / "c3", tmp_path / "t3").width == 640
    finally:
        room.close()


def test_a_child_writes_over_no_file_that_is_there(tmp_path: Path) -> None:
    room, original = Darkroom(), tmp_path / "original"
    original.write_bytes(photo())
    (tmp_path / "copy").write_bytes(b"somebody else's")
    try:
        with pytest.raises(NotDeveloped):
            room.develop(original, tmp_path / "copy", tmp_path / "thumb")
    finally:
        room.close()
    assert (tmp_path / "copy").read_bytes() == b"somebody else's"


# Custody ---------------------------------------------------------------------------------------------------


def test_a_damaged_original_is_found_marked_on_its_case_and_mended_by_a_restored_one(street: Street) -> None:
    number = street.handled()
    (shown,) = street.case(number)["attachments"]
    path = blobs.blob_path(street.folder, shown["sha256"])
    content = path.read_bytes()

    def verify() -> list[tuple[str, str]]:
        _, _, changes = custody.verify_slice(street.conn, street.folder, "", 100, 10**9, street.now)
        return [(change.sha256, change.why) for change in changes]

    def damaged() -> bool:
        return bool(street.case(number)["attachments"][0]["damaged"])

    assert (verify(), damaged()) == ([], False)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert (verify(), damaged()) == ([(shown["sha256"], "changed")], True)
    assert verify() == []
    path.write_bytes(content)
    assert (verify(), damaged()) == ([(shown["sha256"], "")], False)
    path.unlink()
    assert (verify(), damaged()) == ([(shown["sha256"], "missing")], True)
    blobs.keep_bytes(street.conn, street.folder, content, street.now)
    assert (verify(), damaged()) == ([], False)


def test_custody_goes_on_where_the_last_slice_ended_and_begins_again_at_the_end(street: Street) -> None:
    for width in range(20, 27):
        blobs.keep_bytes(street.conn, street.folder, photo(width, 20), street.now)
    after, seen = "", []
    for _ in range(4):
        after, read, _ = custody.verify_slice(street.conn, street.folder, after, 3, 10**9, street.now)
        seen.append((read, bool(after)))
    assert seen == [(3, True), (3, True), (1, False), (3, True)]
    _, read, _ = custody.verify_slice(street.conn, street.folder, "", 100, 1, street.now)
    assert read == 1


def test_a_case_says_why_a_photo_was_not_taken_and_stands_on_the_board(street: Street) -> None:
    refused, late = street.declared(), street.declared()
    number, other = street.dispatched(), street.dispatched()
    for case, told in ((number, refused), (other, late)):
        street.act("crew", case, "accept")
        street.act("crew", case, "handle", done="换新井盖", attachments=[told])

    def board() -> tuple[int, set[str]]:
        viewer = street.viewer("duty")
        counted = next(b.count for b in boards.boards(street.conn, viewer, street.now) if b.key == "photos")
        page = lists.list_cases(street.conn, viewer, Filters(board="photos"), 50, None, street.now)
        return counted, {case["number"] for case in page.items}

    assert board() == (0, set())
    blobs.refuse(street.conn, refused["sha256"], "unreadable", street.now)
    (shown,) = street.case(number)["attachments"]
    assert (shown["arrived"], shown["refused"]) == (False, "图片损坏或不完整，无法打开。")
    assert board() == (1, {number})
    street.later(hours=25)
    assert board() == (2, {number, other})
    # Nobody sees on the board what is not in scope.
    elsewhere = street.viewer("head")
    assert lists.list_cases(street.conn, elsewhere, Filters(board="photos"), 50, None, street.now).items == []


def test_inspection_waits_for_a_photo_on_its_way_and_not_for_one_that_is_never_taken(street: Street) -> None:
    told, number = street.declared(), street.dispatched()
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新井盖", attachments=[told])
    with pytest.raises(BadInput, match="on its way"):
        street.act("worker", number, "pass", close_kind="fixed")
    blobs.refuse(street.conn, told["sha256"], "polyglot", street.now)
    street.act("worker", number, "pass", close_kind="fixed")
    assert street.case(number)["state"] == "inspected"


# By HTTP ---------------------------------------------------------------------------------------------------


def reported(office: LiveServer, session: requests.Session, content: bytes) -> requests.Response:
    """A case entered at the phone desk with one file, called something else than it is."""
    page = session.get(f"{office.url}/cases/new").text
    told = {"csrf": hidden(page, "csrf"), "command_id": str(uuid7()), "category": "urban/event/0110", "grid": "510199001001001",
            "title": "垃圾", "source": "phone"}  # fmt: skip
    grid = page[page.index('id="new-grid"') :].split('<option value="')[2].split('"')[0]
    files = {"attachments": ("holiday.txt", content, "text/plain")}
    return session.post(f"{office.url}/cases", data=told | {"grid": grid}, files=files, timeout=60)


def photo_of(office: LiveServer, session: requests.Session, number: str) -> dict[str, Any]:
    return session.get(f"{office.url}/api/v1/cases/{number}", timeout=20).json()["attachments"][0]


def access_log(office: LiveServer) -> list[dict[str, Any]]:
    with office.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select l.what, p.login, c.number, l.filter from access_log l join people p on p.id = l.person_id join cases c on c.id = l.case_id")  # fmt: skip
        return [dict(row) for row in cursor.fetchall()]


def test_everybody_is_shown_the_copy_and_a_few_the_original_which_is_logged(office: LiveServer) -> None:
    duty, dispatcher, content = signed_in(office, "duty"), signed_in(office, "dispatch"), photo()
    number = reported(office, duty, content).url.split("/")[-1].split("?")[0]
    taken = photo_of(office, duty, number)
    assert (taken["sha256"], taken["mime"], taken["stage"]) == (
        hashlib.sha256(content).hexdigest(),
        "image/jpeg",
        "before",
    )
    for path in (taken["url"], f"/api/v1{taken['url']}", taken["thumb_url"]):
        got = dispatcher.get(office.url + path, timeout=20)
        assert dict(image(got.content).getexif()) == {}
        assert b"Model 7" not in got.content
        assert got.headers["content-type"] == "image/jpeg"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert got.headers["cache-control"] == "private, no-cache"
        assert (
            got.headers["content-disposition"]
            == f'inline; filename="{number}-before-{taken["sha256"][:8]}.jpg"'
        )
        known = dispatcher.get(office.url + path, headers={"If-None-Match": got.headers["etag"]}, timeout=20)
        assert (known.status_code, known.content) == (304, b"")
    door = f"{office.url}{taken['url']}?original=1"
    assert dispatcher.get(door, timeout=20).status_code == 403
    assert access_log(office) == []
    got = duty.get(door, timeout=20)
    assert got.content == content
    assert got.headers["content-disposition"].startswith("attachment;")
    assert (got.headers["cache-control"], got.headers["content-security-policy"]) == (
        "private, no-store",
        "default-src 'none'; sandbox",
    )
    (read,) = access_log(office)
    assert (read["what"], read["login"], read["number"]) == ("read", "duty", number)
    assert json.loads(read["filter"]) == {"photo": taken["id"], "sha256": taken["sha256"]}


def test_a_photo_is_seen_by_those_who_see_its_case_and_only_under_its_own_number(office: LiveServer) -> None:
    duty = signed_in(office, "duty")
    first, second = (
        reported(office, duty, photo(100 + n, 80)).url.split("/")[-1].split("?")[0] for n in range(2)
    )
    taken = photo_of(office, duty, first)
    assert duty.get(office.url + taken["url"].replace(first, second), timeout=20).status_code == 404
    far = signed_in(office, "crew")
    assert far.get(office.url + taken["url"], timeout=20).status_code == 404
    assert far.get(f"{office.url}{taken['url']}?original=1", timeout=20).status_code == 403


def test_a_refused_picture_refuses_the_form_whole_and_what_was_typed_stays(office: LiveServer) -> None:
    duty = signed_in(office, "duty")
    answer = reported(office, duty, POLYGLOTS["JPEG and JAR"])
    assert answer.status_code == 422
    assert "图片里藏有别的内容" in answer.text
    assert 'value="垃圾"' in answer.text
    with office.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select count(*) as n from cases")
        assert cursor.fetchone()["n"] == 0
    assert [path for path in office.settings.blobs.rglob("*") if path.is_file()] == []


def test_more_photos_than_an_act_takes_are_refused_with_a_sentence(office: LiveServer) -> None:
    duty = signed_in(office, "duty")
    number = reported(office, duty, photo()).url.split("/")[-1].split("?")[0]
    page = duty.get(f"{office.url}/cases/{number}", timeout=20).text
    told = {"csrf": hidden(page, "csrf"), "command_id": str(uuid7())}

    def send(count: int, **headers: str) -> requests.Response:
        files = [("attachments", (f"{n}.png", png(8 + n, 8), "image/png")) for n in range(count)]
        # An input for another stage that was left empty comes as a file, too.
        files.append(("attachments.after", ("", b"", "application/octet-stream")))
        return duty.post(
            f"{office.url}/cases/{number}/actions/add_evidence", data=told, files=files, timeout=60,
            headers=headers, allow_redirects=False,
        )  # fmt: skip

    for count in (21, 50):
        refused = send(count)
        assert (refused.status_code, "一次最多上传 20 张图片" in refused.text) == (422, True)
    assert send(20).status_code == 303
    assert len(duty.get(f"{office.url}/api/v1/cases/{number}", timeout=20).json()["attachments"]) == 21


def test_a_form_that_is_larger_than_all_its_photos_may_be_is_refused_unread(office: LiveServer) -> None:
    duty = signed_in(office, "duty")
    head = f"POST /cases HTTP/1.1\r\nHost: x\r\nCookie: {'; '.join(f'{c.name}={c.value}' for c in duty.cookies)}\r\n"
    head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {10**12}\r\n\r\n"
    host = urlsplit(office.url)
    with socket.create_connection((host.hostname, host.port), timeout=20) as line:
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")


def test_the_case_page_groups_photos_by_stage_and_shows_thumbnails(office: LiveServer) -> None:
    duty = signed_in(office, "duty")
    number = reported(office, duty, photo()).url.split("/")[-1].split("?")[0]
    with office.database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("select * from attachments")
        row = dict(cursor.fetchone())
        for stage in SHOWN_STAGES[1:]:
            cursor.execute(
                "insert into attachments (id, case_id, sha256, bytes, mime, stage, person_id, command_id, made_at, declared_at, arrived_at)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (uuid7(), row["case_id"], row["sha256"], row["bytes"], row["mime"], stage, row["person_id"], row["command_id"],
                 row["made_at"], row["declared_at"], row["arrived_at"]),
            )  # fmt: skip
    text = duty.get(f"{office.url}/cases/{number}", timeout=20).text
    places = [text.index(f'<h3 class="stage">{word}</h3>') for word in ("处置前", "处置中", "处置后", "核查")]
    assert places == sorted(places)
    assert text.count("?thumb=1") == 4
    with office.database.transaction() as conn:
        blobs.sql.mark(conn, sha256=row["sha256"], damaged_at=datetime.now(UTC))
    assert duty.get(f"{office.url}/cases/{number}", timeout=20).text.count("原图损坏") == 4


def test_a_photo_whose_bytes_are_not_there_is_not_found(street: Street) -> None:
    with pytest.raises(NotFound):
        blobs.open_copy(street.folder, "0" * 64)
