"""A safety notice in the real window, without a network: among the messages, opened, noted for the organisation."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile.core.tablet import Tablet
from mobile.platform.desktop import SystemViewer
from server.content import service as content
from server.content.service import Draft
from server.db import Connection, Database
from server.security import load_viewer
from tests.conftest import serving
from tests.link import picture, settle, tablet_of
from tests.pdfs import pdf
from tests.tablet.conftest import Window
from tests.tablet.hand import PIN, Hand, Walk

PLAN = pdf()


def reads_and_notes(hand: Hand, shot: str) -> Walk:
    yield from hand.tap("消息")
    yield from hand.tap("汛期安全作业提醒")
    yield hand.sees("暴雨期间不得单人下井")
    yield hand.sees("围挡示意.jpg")
    yield None
    from kivy.core.window import Window as Screen

    Screen.screenshot(name=shot)
    yield from hand.tap("本单位已知悉")
    yield hand.sees("贵单位已知悉")


def opens_the_pdf(hand: Hand, shot: str) -> Walk:
    """The program that shows it gets a copy that only this account can read; it is gone when the tablet locks."""
    from kivy.core.window import Window as Screen

    shown = hand.tablet.home / "shown"
    given: list[tuple[str, bytes, int]] = []

    def opens(copy: Path) -> bool:
        given.append((copy.name, copy.read_bytes(), copy.stat().st_mode & 0o777))
        return True

    yield from hand.tap("消息")
    yield from hand.tap("汛期安全作业提醒")
    yield hand.sees("防汛预案.pdf")
    yield None
    Screen.screenshot(name=shot)
    hand.house.machine = replace(hand.house.machine, viewer=SystemViewer(shown, opens))
    yield from hand.tap("防汛预案.pdf")
    yield lambda: bool(given)
    assert given == [("防汛预案.pdf", PLAN, 0o600)]
    assert shown.stat().st_mode & 0o777 == 0o700
    hand.later(hand.house.lock)
    yield lambda: hand.tablet.locked
    assert not shown.exists()
    yield from hand.enters()
    yield hand.sees("防汛预案.pdf")
    hand.house.machine = replace(hand.house.machine, viewer=SystemViewer(shown, lambda _copy: False))
    yield from hand.tap("防汛预案.pdf")
    yield hand.sees("没有能打开 PDF 的应用")
    hand.house.machine.viewer.show("left behind.pdf", "application/pdf", PLAN)


def test_a_notice_is_read_where_there_is_no_network_and_noted(
    window: Window, database: Database, tmp_path: Path
) -> None:
    settle(database)
    folder = tmp_path / "tablet"
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", folder)
        tablet.choose_pin(PIN)

        def publish(conn: Connection) -> None:
            now = datetime.now(UTC)
            cursor: Any = conn.cursor()
            cursor.execute("select id from people where login = 'street'")
            viewer = load_viewer(conn, cursor.fetchone()["id"], now)
            assert viewer is not None
            draft = Draft(
                "汛期安全作业提醒",
                "各网格：\n一、暴雨期间不得单人下井。\n二、先围挡，后上报。",
                [("围挡示意.jpg", picture(3, 400)), ("防汛预案.pdf", PLAN)],
            )
            id_ = content.write(conn, viewer, live.settings.blobs, "notice", True, draft, now)
            content.publish(conn, viewer, id_, ["S1C1"], now)

        database.run(publish)
        tablet.sync_now()
        tablet.close()
    window(reads_and_notes, folder, shot=str(tmp_path / "notice.png"))
    window(opens_the_pdf, folder, shot=str(tmp_path / "pdf.png"))
    assert not (folder / "shown").exists(), "nothing stays in the open when the window closes"
    again = Tablet(folder)
    assert [one["version"] for one in again._papers._kept("documents_to_note")] == [1], (
        "it is told with the next round"
    )
    again.close()
