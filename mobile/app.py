"""The wiring of the tablet: fonts, rules and the one window over a tablet core and its ports."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.base import ExceptionHandler, ExceptionManager
from kivy.core.window import Window
from kivy.lang import Builder
from kivy.uix.floatlayout import FloatLayout

from mobile.core.face import TabletFace
from mobile.core.store import Damaged
from mobile.core.tablet import Tablet
from mobile.core.wreck import Wreck
from mobile.platform.choice import Machine
from mobile.ui.house import House
from mobile.ui.screens.trouble import Trouble
from mobile.ui.theme import register_fonts, theme
from mobile.ui.widgets.photo import Photo
from mobile.ui.words import language, speak

UI = Path(__file__).parent / "ui"
# what others build on comes first; a .kv names classes, so its .py must have been read before
WIDGETS = ("text", "logo", "buttons", "inputs", "asked", "photo", "rows", "house", "sheet", "map")
BACK = 27


def load_rules() -> None:
    """Reads every .kv once."""
    register_fonts()
    theme.on_scale()
    for name in WIDGETS:
        import_module(f"mobile.ui.widgets.{name}")
        Builder.load_file(str(UI / "widgets" / f"{name}.kv"))
    for path in sorted((UI / "screens").glob("*.kv")):
        Builder.load_file(str(path))


class DamageShows(ExceptionHandler):
    """Whichever look or touch comes upon the damage, the worker is told; other faults stay faults."""

    def __init__(self, tell: Callable[[Exception], None]) -> None:
        self._tell = tell

    def handle_exception(self, inst: Exception) -> int:
        if not isinstance(inst, Damaged):
            return int(ExceptionManager.RAISE)
        self._tell(inst)
        return int(ExceptionManager.PASS)


class XungeApp(App):
    """The tablet in a window. `server` and `code` stand ready on the enrolment screen."""

    title = "巡格"
    root: Any  # the house, or what stands in its place

    def __init__(
        self,
        tablet: TabletFace | Wreck,
        machine: Machine,
        server: str = "",
        code: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tablet, self.machine, self.gps = tablet, machine, machine.gps
        self.server, self.code = server, code

    def build(self) -> FloatLayout:
        load_rules()
        Window.softinput_mode = "below_target"  # the field that is typed into stays above the input method
        Window.bind(on_keyboard=self._key)
        ExceptionManager.add_handler(DamageShows(self.wrecked))
        return self._trouble(self.tablet) if isinstance(self.tablet, Wreck) else self._house(self.tablet)

    def _house(self, tablet: TabletFace) -> House:
        Photo.read = tablet.photo
        house = House(tablet, self.machine, self.server)
        house.wide = Window.width > Window.height
        house.wear()
        return house

    def _trouble(self, wreck: Wreck) -> Trouble:
        speak(wreck.speech.language)
        return Trouble(wreck, self.settle)

    def settle(self, tablet: TabletFace) -> None:
        """The tablet can be opened again: its house stands in the trouble's place."""
        self.tablet = tablet
        self._put_up(self._house(tablet))
        self.on_start()

    def wrecked(self, problem: Exception) -> None:
        """The tablet's file turned out to be damaged while it was in use."""
        if isinstance(self.tablet, Tablet):
            tablet = self.tablet
            tablet.close()
            self.tablet = Wreck(tablet.home, problem, language(), tablet.keys, tablet.opened_anew)
            self._put_up(self._trouble(self.tablet))

    def _put_up(self, root: FloatLayout) -> None:
        Window.remove_widget(self.root)
        self.root = root
        Window.add_widget(root)

    def _key(self, _window: Any, key: int, _scancode: int = 0, typed: str | None = "", *_: Any) -> bool:
        """Android's back key (escape here) goes back; True keeps the window. A screen may take others."""
        if key == BACK:
            if isinstance(self.root, House):
                self.root.back()
            return True
        page = getattr(self.root, "page", None)
        return bool(page and page.key(key, typed or ""))

    def on_pause(self) -> bool:
        """The tablet is put away: what is being typed is kept, and syncing goes on."""
        self._keep()
        self.gps.pause()
        if not isinstance(self.tablet, Wreck):
            self.tablet.leave()
        return True

    def _keep(self) -> None:
        page = getattr(self.root, "page", None)
        if page:
            page.keep()

    def on_resume(self) -> None:
        self.machine.viewer.put_away()  # who comes back has looked
        self.gps.resume()
        if isinstance(self.root, House):
            self.root.lock_when_idle()
            self.root.refresh()

    def on_start(self) -> None:
        self.gps.resume()
        self.machine.viewer.put_away()  # left behind by one that was killed
        if isinstance(self.tablet, Wreck):
            return
        if self.tablet.enrolled:
            self.tablet.start_syncing()
            self.root.show("today")
        else:
            self.root.show("enrol", code=self.code)

    def on_stop(self) -> None:
        self._keep()
        self.gps.pause()
        self.machine.viewer.put_away()
        if not isinstance(self.tablet, Wreck):
            self.tablet.leave()
            self.tablet.stop()
