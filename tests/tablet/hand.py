"""A hand in front of the real window: reads what a person would read, touches it, waits for what comes.

A walk is a generator function of a `Hand` and keyword arguments. What it yields is waited for: a condition until it is
true, None for a few frames. Run as `python -m tests.tablet.hand MODULE:WALK WxH HOME ARGUMENTS`, one window a process.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from mobile.core.tablet import Tablet
from mobile.core.views import Position
from mobile.core.wreck import open_tablet
from mobile.window import configure

Wait = Callable[[], bool] | None
Walk = Generator[Wait, None, None]
PATIENCE_S = 30.0
PIN = "258036"
FRAMES = 6
BLANKS = str.maketrans("", "", "\u2009\n ")


class Hand:
    """Touches and reads the window of an app; `home` is the tablet's folder."""

    def __init__(self, app: Any) -> None:
        self.app = app

    @property
    def house(self) -> Any:
        return self.app.root

    @property
    def page(self) -> Any:
        return self.app.root.page

    @property
    def tablet(self) -> Tablet:
        return self.app.tablet

    # ---- reading -------------------------------------------------------------------------------------------

    def visible(self) -> Iterator[Any]:
        """Every widget that can be seen, whoever lies on top last."""
        from kivy.core.window import Window

        def below(widget: Any) -> Iterator[Any]:
            if widget.opacity == 0 or not (widget.width > 0 and widget.height > 0):
                return
            yield widget
            for child in reversed(widget.children):
                yield from below(child)

        for top in reversed(Window.children):
            yield from below(top)

    def labels(self) -> Iterator[Any]:
        from kivy.uix.label import Label

        return (widget for widget in self.visible() if isinstance(widget, Label) and widget.text)

    def read(self) -> list[str]:
        return [label.text for label in self.labels()]

    def find(self, words: str) -> Any:
        """The label that says this, exactly if there is one, else the first that holds it."""
        wanted = words.translate(BLANKS)
        said = [(label.text.translate(BLANKS), label) for label in self.labels()]
        exact = [label for text, label in said if text == wanted]
        holding = [label for text, label in said if wanted in text]
        return next(iter(exact[::-1] + holding), None)

    def sees(self, words: str) -> Callable[[], bool]:
        return lambda: self.find(words) is not None

    def sees_no(self, words: str) -> Callable[[], bool]:
        return lambda: self.find(words) is None

    # ---- touching ------------------------------------------------------------------------------------------

    def tap(self, words: str) -> Walk:
        """Waits until it is there, then puts a finger on it and takes it away."""
        yield self.sees(words)
        label = self.find(words)
        yield from self.tap_at(*label.to_window(*label.center))

    def tap_at(self, x: float, y: float) -> Walk:
        yield from self.drag(x, y, x, y)

    def drag(self, x: float, y: float, to_x: float, to_y: float) -> Walk:
        from kivy.base import EventLoop
        from kivy.core.window import Window
        from kivy.input.motionevent import MotionEvent

        class Finger(MotionEvent):
            def depack(self, args: Any) -> None:
                self.is_touch = True
                self.sx, self.sy = args
                self.profile = ["pos"]
                super().depack(args)

        def spot(x: float, y: float) -> tuple[float, float]:
            assert 0 <= x <= Window.width and 0 <= y <= Window.height, f"{x}, {y} is outside the window"
            return x / Window.width, y / Window.height

        finger = Finger("test", time.monotonic_ns(), spot(x, y))
        EventLoop.post_dispatch_input("begin", finger)
        yield None
        if (to_x, to_y) != (x, y):
            finger.move(spot(to_x, to_y))
            EventLoop.post_dispatch_input("update", finger)
            yield None
        EventLoop.post_dispatch_input("end", finger)
        yield None

    def enters(self, pin: str = PIN) -> Walk:
        """Presses the keys of the pad."""
        for figure in pin:
            yield from self.tap(figure)

    @staticmethod
    def later(act: Callable[[], Any]) -> None:
        """Does it out of the window's own loop, so that the app meets what goes wrong."""
        from kivy.clock import Clock

        Clock.schedule_once(lambda _: act())

    def type_into(self, field: Any, text: str) -> Walk:
        field.focus = True
        yield None
        field.text = text
        yield None
        field.focus = False
        yield None


def run(walk: Callable[..., Walk], size: tuple[int, int], home: Path, given: dict[str, Any]) -> int:
    """Opens the real app on a real core and lets the walk go; 0 when it came to its end."""
    configure(size, density="1")
    from kivy.clock import Clock

    from mobile.app import XungeApp
    from mobile.platform.choice import desktop
    from mobile.window import copied

    at = given.pop("at", None)
    office = {name: given.pop(name) for name in ("server", "code") if name in given}
    tablet = open_tablet(home)
    if isinstance(tablet, Tablet) and tablet.locked and not given.pop("locked", False):
        tablet.unlock(PIN)
    app = XungeApp(tablet, desktop(home, Position(*at) if at else None, None, copied), **office)
    hand = Hand(app)
    failures: list[str] = []
    state: dict[str, Any] = {"frames": FRAMES, "until": None, "deadline": 0.0}
    steps = walk(hand, **given)

    def go_on(_: float) -> bool:
        try:
            if state["frames"] > 0:
                state["frames"] -= 1
            elif state["until"] is None or state["until"]():
                state["until"], state["frames"] = next(steps), FRAMES
                state["deadline"] = time.monotonic() + PATIENCE_S
            elif time.monotonic() > state["deadline"]:
                line = steps.gi_frame.f_lineno if steps.gi_frame else 0
                raise AssertionError(f"waited in vain at line {line}; the window says {hand.read()}")
        except StopIteration:
            app.stop()
            return False
        except BaseException:
            failures.append(traceback.format_exc())
            app.stop()
            return False
        return True

    def begin(_: Any) -> None:
        Clock.schedule_interval(go_on, 0)

    app.bind(on_start=begin)
    app.run()
    if isinstance(app.tablet, Tablet):
        app.tablet.close()
    print(*failures, sep="\n", file=sys.stderr)
    return len(failures)


if __name__ == "__main__":
    name, _, walk_name = sys.argv[1].partition(":")
    wide, _, high = sys.argv[2].partition("x")
    module = importlib.import_module(name)
    sys.exit(
        run(getattr(module, walk_name), (int(wide), int(high)), Path(sys.argv[3]), json.loads(sys.argv[4]))
    )
