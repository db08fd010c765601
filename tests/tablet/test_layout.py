"""Every screen, upright and across, in both languages, small and large: hands find it, eyes can read it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile.core.views import FileView
from tests.carried import LAMPS, carry, thing, write
from tests.tablet.conftest import LANDSCAPE, PORTRAIT, Window
from tests.tablet.hand import Hand, Walk

pytestmark = pytest.mark.xdist_group("window")

LEAST_TARGET, LEAST_TEXT = 48, 16


def dangerous(house: Any) -> None:
    """A report of an emergency, to be made safe."""
    house.show("report")
    house.page.choose("urban/component/0102")
    house.page.change_condition("missing")
    house.page.make_safe(True)


def screens(hand: Hand) -> Iterator[tuple[str, Callable[[], Any]]]:
    house, todo = hand.house, hand.tablet.today(hand.house.now(), None).todos[0].case_id
    yield "enrol, to scan or type", lambda: (house.show("enrol"), house.page._scanned("7KQX"))
    yield (
        "enrol",
        lambda: (house.show("enrol", server="http://office"), house.page.confirm(hand.tablet.person)),
    )
    yield "choose a PIN", lambda: house.show("pin", mode="choose")
    yield "change the PIN", lambda: house.show("pin", mode="change")
    yield "unlock", lambda: house.show("pin", mode="unlock")
    for name in ("today", "map", "cases", "messages", "outbox", "me", "report", "category"):
        yield name, lambda name=name: house.show(name)
    yield "map, told", lambda: (house.show("map"), house.page.pick(todo))
    (lamps,) = hand.tablet.facility_map().layers
    yield "layers", lambda: (house.show("map"), house.page.show_layers())
    yield "nearest", lambda: (house.show("map"), house.page.show_nearest(lamps))
    yield "facility", lambda: (house.show("map"), house.page.tell_of("lamps", "L-0012"))
    yield "report, a lamp", lambda: (house.show("report"), house.page.choose("urban/component/0137"))
    yield (
        "report, about a lamp",
        lambda: house.page.be_about(hand.tablet.nearest(104.005, 30.005, "lamps")[0]),
    )
    yield "report, chosen", lambda: (house.show("report"), house.page.choose("urban/component/0102"))
    yield "report, dangerous", lambda: dangerous(house)
    yield (
        "report, details",
        lambda: (dangerous(house), house.page.open_details(), house.page.details.tell_for(True)),
    )
    yield "case", lambda: house.show("case", case_id=todo)
    yield "inspect", lambda: house.show("inspect", case_id=todo)
    yield "more", lambda: (house.show("case", case_id=todo), house.page.show_more())
    for act in hand.tablet.case(todo).acts:
        yield act.action, lambda act=act: (house.show("case", case_id=todo), house.page.begin(act))
    plan = FileView("2026年汛期城市道路积水点位防汛应急预案（终稿）.pdf", "0", "9.9 MB · 在服务器上", False)
    yield (
        "document, a file",
        lambda: (
            house.show("document", document_id="0"),
            house.page.fill("files", plan, lambda: house.page.told(plan)),
        ),
    )
    yield "said", lambda: (house.show("today"), house.say("已存在本机", undo=lambda: None))


def faults(hand: Hand) -> Iterator[str]:
    from kivy.core.window import Window as Glass
    from kivy.uix.behaviors import ButtonBehavior
    from kivy.uix.scrollview import ScrollView

    from mobile.ui.widgets.photo import Photo

    def slides(widget: Any) -> bool:
        while widget.parent is not None and widget.parent is not widget:
            if isinstance(widget, ScrollView) and widget.do_scroll_x:
                return True
            widget = widget.parent
        return False

    for label in hand.labels():
        left, _ = label.to_window(*label.pos)
        said = label.text.replace("\n", "")
        if label.font_size < LEAST_TEXT:
            yield f"“{said}” is only {label.font_size} high"
        if label.texture_size[0] > label.width + 1:
            yield f"“{said}” is wider than its place"
        if not slides(label) and (left < -1 or left + label.width > Glass.width + 1):
            yield f"“{said}” leaves the window"
        parent = label.parent
        if (
            parent.width > 1
            and (label.x < parent.x - 2 or label.right > parent.right + 2)
            and parent.size != [0, 0]
        ):
            yield f"“{said}” leaves its {type(parent).__name__}"
    for widget in hand.visible():
        pressed = isinstance(widget, ButtonBehavior) and not isinstance(widget, Photo)
        if pressed and not widget.disabled and min(widget.size) < LEAST_TARGET:
            yield f"a {type(widget).__name__} of {widget.width:.0f} × {widget.height:.0f} is too small for a glove"


def goes_everywhere(hand: Hand, package: str, looks: list[tuple[str, float]]) -> Walk:
    carry(hand.tablet, Path(package))
    found = []
    for language, text_size in looks:
        hand.tablet.save_settings(replace(hand.tablet.settings, language=language, text_size=text_size))
        hand.house.wear()
        for name, show in list(screens(hand)):
            show()
            yield None
            found += [f"{name} ({language}, ×{text_size}): {fault}" for fault in faults(hand)]
    assert not found, "\n" + "\n".join(found)


def test_nothing_is_too_small_to_touch_or_to_read_and_no_word_is_cut_off(
    window: Window, lived_in: Path
) -> None:
    at = (104.005, 30.005, 8.0)
    lamps = [
        thing("lamps", f"L-{n:04}", 104.005 + n / 1e5, 30.005, name="南门东侧", 权属="城管局")
        for n in (6, 12)
    ]
    package = str(write(lived_in / "given.sqlite", [LAMPS], lamps))
    looks = [("zh-CN", 1.0), ("en", 1.4)]
    window(goes_everywhere, lived_in, size=LANDSCAPE, at=at, package=package, looks=looks)
    looks = [("en", 1.0), ("zh-CN", 1.4)]
    window(goes_everywhere, lived_in, size=PORTRAIT, at=at, package=package, looks=looks)


def presses_each(hand: Hand) -> Walk:
    """Day, sun and night, large and small: each shows at once and is kept."""
    yield from hand.tap("我的")
    yield from hand.tap("夜间")
    assert hand.tablet.settings.theme == "night"
    yield from hand.tap("特大")
    assert hand.tablet.settings.text_size == 1.4
    yield from hand.tap("English")
    yield hand.sees("What this tablet knows about you")
    assert hand.sees("No tracks, no check-in, no points, no ranking")()
    yield from hand.tap("Today")
    yield hand.sees("to do")


def finds_what_was_chosen(hand: Hand) -> Walk:
    from mobile.ui.theme import theme

    yield hand.sees("to do")
    assert (theme.mode, theme.scale) == ("night", 1.4)


def inspects(hand: Hand) -> Walk:
    """The case to inspect is opened, its evidence shown, and a failed inspection names what is not met."""
    yield from hand.tap("今日")
    yield from hand.tap("核查 · 污水井盖")
    yield hand.sees("结案条件")
    yield from hand.tap("核查不通过")
    yield hand.sees("哪项结案条件未达到")
    yield from hand.tap("只处置了一部分")
    yield from hand.tap_at(hand.house.width / 2, 56)
    yield hand.sees("已存在本机")
    (waiting,) = [item for item in hand.tablet.outbox().waiting if item.case_id == hand.page.case_id]
    assert waiting.command_id
    assert hand.tablet.case(hand.page.case_id).steps[-1].local
    assert hand.page.pending


def looks_at_a_photograph(hand: Hand) -> Walk:
    """Evidence is cropped to its frame, never stretched."""
    from mobile.ui.widgets.photo import Photo

    (card,) = hand.tablet._photos.cards(state="pending")
    shown = Photo(photo_id=card.photo_id, size_hint=(None, None), size=(300, 100))
    hand.house.page.add_widget(shown)
    yield None
    assert shown.piece.width / shown.piece.height == pytest.approx(3, rel=0.05)
    shown.size = 100, 200
    yield None
    assert shown.piece.height / shown.piece.width == pytest.approx(2, rel=0.05)


def passes_with_one_touch(hand: Hand) -> Walk:
    """Both sides of one size beside the condition for closing; a touch passes it and leads back to the case."""
    yield from hand.tap("今日")
    yield from hand.tap("核查 · 污水井盖")
    yield from hand.tap("去核查")
    yield hand.sees("井盖补齐")
    before, after = (side.ids.photo for side in hand.page.walk() if type(side).__name__ == "Side")
    assert before.size == after.size
    yield from hand.tap("已不存在")
    yield from hand.tap("核查通过")
    yield hand.sees("已存在本机")
    (waiting,) = [entry for entry in hand.tablet._outbox.all() if entry.kind == "pass"]
    assert waiting.payload == {"close_kind": "gone"}
    assert type(hand.page).__name__ == "Case"
    yield from hand.tap("撤销")
    yield hand.sees("已撤销")


def test_a_case_is_inspected_and_looks_are_kept(window: Window, lived_in: Path) -> None:
    window(looks_at_a_photograph, lived_in)
    window(passes_with_one_touch, lived_in, at=(104.005, 30.005, 8.0))
    window(inspects, lived_in, at=(104.005, 30.005, 8.0))
    window(presses_each, lived_in)
    window(finds_what_was_chosen, lived_in)
