"""The platform's adapters: what can be decided without a device is decided right, and the spec declares what they need."""

import configparser
import os
import secrets
import stat
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import segno
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image

from mobile.core.speech import Speech
from mobile.platform import choice
from mobile.platform.android import NotOnAndroid, activity, background, scanner, sending
from mobile.platform.android.camera import EXIF_ORIENTATION, LONGEST, fitted
from mobile.platform.android.gps import NANO, STALE_S, Fix, better, fix_of, position_of
from mobile.platform.android.keystore import WrappedKey
from mobile.platform.android.viewer import AndroidViewer, shown_as
from mobile.platform.desktop import ClipboardScanner, SystemViewer, ThreadBackground
from server.protocol.ticket import Ticket
from server.settings import CHECKOUT

SPEC = configparser.ConfigParser()
SPEC.read(CHECKOUT / "mobile" / "buildozer.spec", encoding="utf-8")


def fix(accuracy_m: float = 8.0, at_s: float = 100.0, provider: str = "gps", mock: bool = False) -> Fix:
    return Fix(104.005, 30.005, accuracy_m, provider, int(at_s * NANO), mock)


def test_a_fix_becomes_a_position_with_its_age_provider_and_mock_flag() -> None:
    found = position_of(fix(8.04, 100.0, "network", True), int(103.5 * NANO))
    assert found is not None
    assert (found.lon, found.lat, found.accuracy_m) == (104.005, 30.005, 8.0)
    assert (found.provider, found.fix_age_s, found.is_mock, found.placed_by_hand) == (
        "network",
        3.5,
        True,
        False,
    )


def test_a_stale_fix_is_no_position_at_all() -> None:
    assert position_of(fix(at_s=100), int((100 + STALE_S + 1) * NANO)) is None
    assert position_of(None, 0) is None


@pytest.mark.parametrize(
    ("new", "wins"),
    [
        (fix(5, 101), True),  # finer
        (fix(40, 101, "network"), False),  # coarse, and the fine one is fresh
        (fix(40, 140, "network"), True),  # by now the walker may be anywhere in the old one's grown circle
        (fix(900, 100 + STALE_S + 1), True),  # whatever it is, the old one says nothing any more
    ],
)
def test_of_two_fixes_the_one_that_says_more_about_now_stays(new: Fix, wins: bool) -> None:
    assert (better(fix(8, 100), new) is new) is wins
    assert better(None, new) is new


def test_a_java_location_is_read_before_and_after_android_12() -> None:
    class Older:
        def getLongitude(self) -> float:
            return 104.0

        def getLatitude(self) -> float:
            return 30.0

        def hasAccuracy(self) -> bool:
            return False

        def getProvider(self) -> str:
            return "gps"

        def getElapsedRealtimeNanos(self) -> int:
            return 7

        def isFromMockProvider(self) -> bool: return True  # fmt: skip

    class Newer(Older):
        def isMock(self) -> bool: return False  # fmt: skip

    assert fix_of(Older()) == Fix(104.0, 30.0, 1000.0, "gps", 7, True)
    assert not fix_of(Newer()).is_mock


def picture(width: int, height: int, orientation: int = 1) -> bytes:
    image = Image.new("RGB", (width, height), "#336699")
    exif = image.getexif()
    exif[EXIF_ORIENTATION], exif[0x0132] = orientation, "2026:11:29 09:00:00"
    out = BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_photograph_of_twelve_megapixels_is_brought_down_and_stands_upright() -> None:
    with Image.open(BytesIO(fitted(picture(4000, 3000, orientation=6)))) as image:
        assert image.size == (LONGEST * 3 // 4, LONGEST)
        assert image.getexif().get(EXIF_ORIENTATION) is None
        assert image.getexif()[0x0132] == "2026:11:29 09:00:00", "when it was taken stays"
    small = picture(800, 600)
    assert fitted(small) is small


def code_photographed(text: str) -> bytes:
    """A tablet's picture of a QR code, lying on its side as cameras write it."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=40, border=4)
    with Image.open(drawn) as code:
        out, exif = BytesIO(), code.getexif()
        exif[EXIF_ORIENTATION] = 6
        code.convert("RGB").rotate(90).save(out, "JPEG", exif=exif)
        return out.getvalue()


def fields_of(width: int, height: int, brightness: bytes, count: int) -> list[list[bool]]:
    """The dark fields of a code that fills a picture, read at their middles, as its reader would."""
    step = width / count
    middles = [round((place + 0.5) * step) for place in range(count)]
    assert len(brightness) == width * height
    return [[brightness[y * width + x] < 128 for x in middles] for y in middles]


class HeldOut:
    """A camera before which somebody holds this picture; nothing is taken when there is none."""

    def __init__(self, jpeg: bytes | None) -> None:
        self._jpeg = jpeg

    def shoot(self, done: Callable[[bytes | None], None]) -> None:
        done(self._jpeg)


def test_the_scanner_gives_the_reader_the_code_upright_in_grey_and_hands_on_what_it_says() -> None:
    line = Ticket("https://office.example", "7KQX-2M9D-VH4T").line
    code = segno.make(line, error="m", micro=False)
    handed: list[list[list[bool]]] = []
    said: list[str | None] = []

    def read(width: int, height: int, brightness: bytes) -> str:
        assert max(width, height) <= scanner.LONGEST
        handed.append(fields_of(width, height, brightness, code.symbol_size(border=4)[0]))
        return line

    scanner.AndroidScanner(HeldOut(code_photographed(line)), read).scan(said.append)
    assert said == [line]
    assert [row[4:-4] for row in handed[0][4:-4]] == [[bool(field) for field in row] for row in code.matrix]


def test_a_scan_without_a_picture_or_without_a_code_in_it_says_none() -> None:
    said: list[str | None] = []
    scanner.AndroidScanner(HeldOut(None), lambda *_: "never asked").scan(said.append)
    scanner.AndroidScanner(HeldOut(picture(800, 600)), lambda *_: None).scan(said.append)
    assert said == [None, None]


def test_the_desktops_scanner_takes_what_was_copied() -> None:
    said: list[str | None] = []
    for clipboard in ("xunge-enrol http://office 7KQX", ""):
        ClipboardScanner(lambda text=clipboard: text).scan(said.append)  # type: ignore[misc]
    assert said == ["xunge-enrol http://office 7KQX", None]


def test_what_was_left_in_the_open_by_a_desktop_that_was_killed_is_taken_away(tmp_path: Path) -> None:
    opened: list[Path] = []
    viewer = SystemViewer(tmp_path / "shown", lambda copy: bool(opened.append(copy)) or True)
    for content in (b"first", b"second"):
        assert viewer.show("../plan.pdf", "application/pdf", content)
    assert opened == [tmp_path / "shown" / "plan.pdf"] * 2, "no path leads out of the folder"
    assert opened[0].read_bytes() == b"second"
    SystemViewer(tmp_path / "shown").put_away()
    assert not (tmp_path / "shown").exists()


def test_a_desktop_hands_a_file_to_the_program_that_it_opens_files_with_or_says_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    viewer = SystemViewer(tmp_path / "shown")
    assert not viewer.show("plan.pdf", "application/pdf", b"%PDF-1.7")
    program, told = tmp_path / "xdg-open", tmp_path / "told"
    os.mkfifo(told)
    program.write_text(f'#!/bin/sh\necho "$1" > {told}\n', encoding="utf-8")
    program.chmod(0o755)
    assert viewer.show("plan.pdf", "application/pdf", b"%PDF-1.7")
    assert told.read_text(encoding="utf-8").strip() == str(tmp_path / "shown" / "plan.pdf")


def test_a_copy_on_android_carries_our_mark_and_no_path() -> None:
    assert shown_as("防汛/预案\n.pdf") == "xunge-防汛_预案_.pdf"
    assert shown_as("x" * 300 + ".pdf").endswith(".pdf") and len(shown_as("x" * 300)) < 100


def hardware() -> tuple[AESGCM, list[str]]:
    return AESGCM(AESGCM.generate_key(256)), []


def test_the_wrapped_key_is_the_same_over_restarts_and_lies_nowhere_in_the_clear(tmp_path: Path) -> None:
    chip, destroyed = hardware()

    def wrap(key: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + chip.encrypt(nonce, key, None)

    def opened() -> WrappedKey:
        return WrappedKey(
            tmp_path / "device.key",
            wrap,
            lambda wrapped: chip.decrypt(wrapped[:12], wrapped[12:], None),
            lambda: destroyed.append("x"),
        )

    key = opened().device_key()
    assert len(key) == 32
    assert opened().device_key() == key
    assert key not in (tmp_path / "device.key").read_bytes()
    assert stat.S_IMODE((tmp_path / "device.key").stat().st_mode) == 0o600
    opened().forget()
    assert destroyed == ["x"]
    assert opened().device_key() != key


def test_the_service_is_told_where_the_tablet_lies_and_how_it_speaks() -> None:
    words = background.argument(Path("/data/user/0/org.xunge.xunge/files/tablet"), "zh-CN")
    assert background.told(words) == (Path("/data/user/0/org.xunge.xunge/files/tablet"), "zh-CN")


def test_the_notification_names_no_case_and_no_person() -> None:
    assert sending.words("正在发送 1/3", 3, Speech("zh-CN", "UTC")) == (
        "巡格正在发送 3 项内容",
        "正在发送 1/3",
    )


def test_the_spec_declares_the_service_that_is_started_and_the_permissions_that_are_used() -> None:
    app = SPEC["app"]
    name, entry, *options = app["services"].split(":")
    assert f"{app['package.domain']}.{app['package.name']}.Service{name}" == background.SERVICE
    assert (CHECKOUT / entry).read_text(encoding="utf-8") == Path(str(sending.__file__)).read_text(
        encoding="utf-8"
    )
    assert {"foreground", "foregroundServiceType=dataSync"} <= set(options)
    assert {"INTERNET", "ACCESS_NETWORK_STATE", "ACCESS_FINE_LOCATION", "FOREGROUND_SERVICE", "FOREGROUND_SERVICE_DATA_SYNC"} <= set(app["android.permissions"].split(","))  # fmt: skip
    assert "CAMERA" not in app["android.permissions"], (
        "asking for it would make Android refuse the camera app's picture"
    )
    assert "pyjnius" in app["requirements"]
    assert app["android.gradle_dependencies"].startswith(f"{scanner.ZXING}:core:")


def test_without_a_java_side_the_adapters_say_so() -> None:
    with pytest.raises(NotOnAndroid):
        activity()


def test_a_desktop_gets_a_desktops_adapters_and_android_its_own(tmp_path: Path) -> None:
    assert not choice.on_android({})
    assert choice.home_of({}, tmp_path) == tmp_path
    inside = {"ANDROID_PRIVATE": "/data/user/0/org.xunge.xunge/files"}
    assert choice.on_android(inside)
    assert choice.home_of(inside, tmp_path) == Path("/data/user/0/org.xunge.xunge/files/tablet")
    machine = choice.android(tmp_path, "en")
    assert type(machine.gps).__name__ == "AndroidGps"
    assert machine.gps.__class__.__module__.startswith("mobile.platform.android")
    assert isinstance(machine.scanner, scanner.AndroidScanner)
    assert isinstance(machine.viewer, AndroidViewer)
    assert isinstance(choice.desktop(tmp_path, None, None).background, ThreadBackground)
    assert os.environ.get("ANDROID_PRIVATE") is None


class Turning:
    """An errand that a test can look into."""

    def __init__(self) -> None:
        self.runs, self.ended = threading.Event(), threading.Event()
        self.starts = 0

    def begin(self) -> None:
        self.starts += 1
        self.ended.clear()

    def run(self) -> None:
        self.runs.set()
        assert self.ended.wait(20)

    def stop(self) -> None:
        self.ended.set()


def test_the_thread_runs_one_errand_at_a_time_and_ends_it_when_it_is_stopped() -> None:
    errand, thread = Turning(), ThreadBackground()
    thread.start(errand)
    thread.start(errand)
    assert errand.runs.wait(20)
    assert errand.starts == 1
    thread.stop()
    assert not thread.runs
    thread.stop()
    thread.start(errand)
    assert errand.starts == 2
    thread.stop()
