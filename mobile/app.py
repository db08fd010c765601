"""The wiring of the tablet: fonts, rules and the one window over a tablet core and its ports."""

from importlib import import_module
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.core.window import Window
from kivy.lang import Builder

from mobile.core.face import TabletFace
from mobile.platform.ports import Camera, Gps
from mobile.ui.house import House
from mobile.ui.theme import register_fonts, theme
from mobile.ui.widgets.photo import Photo

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


class XungeApp(App):
    """The tablet in a window. `server` and `code` stand ready on the enrolment screen."""

    title = "巡格"

    def __init__(
        self, tablet: TabletFace, gps: Gps, camera: Camera, server: str = "", code: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.tablet, self.gps, self.camera = tablet, gps, camera
        self.server, self.code = server, code

    def build(self) -> House:
        load_rules()
        Window.softinput_mode = "below_target"  # the field that is typed into stays above the input method
        Photo.read = self.tablet.photo
        house = House(self.tablet, self.gps, self.camera, self.server)
        house.wide = Window.width > Window.height
        house.wear()
        Window.bind(on_keyboard=self._key)
        return house

    def _key(self, _window: Any, key: int, _scancode: int = 0, typed: str | None = "", *_: Any) -> bool:
        """Android's back key (escape here) goes back; True keeps the window. A screen may take others."""
        if key == BACK:
            self.root.back()
            return True
        return bool(self.root.page and self.root.page.key(key, typed or ""))

    def on_pause(self) -> bool:
        """The tablet is put away: what is being typed is kept, and syncing goes on."""
        if self.root.page:
            self.root.page.leave()
        return True

    def on_resume(self) -> None:
        self.root.lock_when_idle()

    def on_start(self) -> None:
        if self.tablet.enrolled:
            self.tablet.start_syncing()
            self.root.show("today")
        else:
            self.root.show("enrol", code=self.code)

    def on_stop(self) -> None:
        if self.root.page:
            self.root.page.leave()
        self.tablet.stop()
