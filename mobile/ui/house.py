"""The root of the window: which screen is up, how to go to another and back, what floats over it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kivy.clock import Clock, mainthread
from kivy.core.window import Window
from kivy.metrics import dp
from kivy.properties import BooleanProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from mobile.core.clockwork import DeviceClock
from mobile.core.face import TabletFace
from mobile.core.photos import PDF
from mobile.core.seal import Locked
from mobile.core.views import Act, CategoryChoice, FileView, Refusal
from mobile.platform.choice import Machine
from mobile.ui.page import Page
from mobile.ui.screens.case import Case
from mobile.ui.screens.cases import Cases
from mobile.ui.screens.category import Category
from mobile.ui.screens.document import Document
from mobile.ui.screens.enrol import Enrol
from mobile.ui.screens.inspect import Inspect
from mobile.ui.screens.map import Map
from mobile.ui.screens.me import Me
from mobile.ui.screens.messages import Messages
from mobile.ui.screens.outbox import Outbox
from mobile.ui.screens.pin import Pin
from mobile.ui.screens.readiness import filed
from mobile.ui.screens.report import Report
from mobile.ui.screens.today import Today
from mobile.ui.theme import theme
from mobile.ui.widgets.house import NavBar
from mobile.ui.widgets.sheet import Sheet, Toast, Veil
from mobile.ui.words import _, speak

SCREENS: dict[str, type[Page]] = {
    "enrol": Enrol,
    "pin": Pin,
    "today": Today,
    "report": Report,
    "category": Category,
    "map": Map,
    "cases": Cases,
    "case": Case,
    "inspect": Inspect,
    "messages": Messages,
    "document": Document,
    "outbox": Outbox,
    "me": Me,
}
EVERY = 30  # seconds: "26 min left" grows old by itself
IDLE_S = 300  # untouched for so long, the tablet locks itself
LOOK_S = 5
TOGETHER = 0.25  # seconds: what is told faster than this is shown at once


class House(FloatLayout):
    """Holds one screen at a time, built anew when it comes up, so that it never shows yesterday's language or shape."""

    wide = BooleanProperty(True)

    def __init__(self, tablet: TabletFace, machine: Machine, server: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tablet, self.machine, self.gps, self.server = tablet, machine, machine.gps, server
        self._way: list[tuple[str, dict[str, Any]]] = []
        self.page: Page | None = None
        self._rail: NavBar | None = None
        self._toast: Toast | None = None
        self._veil: Veil | None = None
        self._heard = Clock.create_trigger(self.refresh, TOGETHER)
        tablet.on_change(self._heard)  # Kivy's triggers may be pulled from any thread
        Clock.schedule_interval(self.refresh, EVERY)
        self._steady = DeviceClock().steady  # it goes on while the tablet sleeps
        self.touched = self._steady()
        Clock.schedule_interval(self.lock_when_idle, LOOK_S)
        Window.bind(on_touch_down=self._felt, on_key_down=self._felt)
        self.bind(size=self._turned)
        theme.bind(mode=self._paper)

    # ---- going about ---------------------------------------------------------------------------------------

    def wear(self) -> None:
        """Takes over language, text size and theme from what the worker chose."""
        settings = self.tablet.settings
        speak(settings.language)
        theme.mode, theme.scale = settings.theme, settings.text_size
        self._paper()

    def show(self, name: str, **what: Any) -> None:
        """Goes to a screen; the rail's places start a new way, others can be left by `back`."""
        if SCREENS[name].place_in_rail or name == "enrol":
            self._way.clear()
        if name == "enrol":
            what = {"server": self.tablet.office_address or self.server} | what
        self._way.append((name, what))
        self.build()

    def back(self) -> None:
        """One screen back; out of a top place to today, and nowhere before enrolment."""
        if self._veil:
            self.lower()
            return
        if not self.tablet.enrolled or (self.tablet.locked and not isinstance(self.page, Enrol)):
            return
        what: dict[str, Any] = {}
        if len(self._way) > 1:
            _name, what = self._way.pop()
        else:
            self._way = [("today", {})]
        self.build()
        if what.get("sheet"):
            self.raise_sheet(what["sheet"])

    def rebuild(self) -> None:
        """The same screen in another language or size."""
        self.wear()
        self.build()

    def _turned(self, *_: Any) -> None:
        wide = self.width > self.height
        if wide != self.wide:
            self.wide = wide
            if self._way:
                self.build()

    def build(self) -> None:
        """Makes the screen that the way leads to, or the one that asks for the PIN before it."""
        if self.page:
            self.page.leave()
        self.lower()
        if self._toast:
            self._toast.leave()
        self.clear_widgets()
        name, what = self._way[-1] if self._way else ("today", {})
        if name != "enrol" and self.tablet.enrolled:
            # The way stays: behind the PIN the screen stands as it was left.
            if self.tablet.locked:
                name, what = "pin", {"mode": "unlock"}
            elif not self.tablet.has_pin:
                name, what = "pin", {"mode": "choose"}
        self.page = page = SCREENS[name](house=self, wide=self.wide, **what)
        self._rail = None
        if page.place_in_rail:
            self._rail = NavBar(house=self, wide=self.wide, place=page.place_in_rail)
            frame = BoxLayout(orientation="horizontal" if self.wide else "vertical")
            frame.add_widget(page)
            frame.add_widget(self._rail, 0 if not self.wide else 1)
            self.add_widget(frame)
        else:
            self.add_widget(page)
        self.refresh()

    def refresh(self, *_: Any) -> None:
        """Pours what is known now into the screen and the rail."""
        if self.page is None:
            return
        if not (self.tablet.enrolled or isinstance(self.page, Enrol)):
            self.machine.viewer.put_away()
            self.show("enrol")  # the office withdrew this tablet
            return
        if self.tablet.locked and not isinstance(self.page, Enrol | Pin):
            self.build()
            return
        try:
            self.page.pour()
            if self._rail and self.tablet.enrolled:
                today = self.tablet.today(self.now(), self.gps.position())
                self._rail.todo, self._rail.waiting = len(today.todos), today.outbox_count
                self._rail.unread = today.unread
        except Refusal as refusal:
            self.say(str(refusal))

    # ---- locking -------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Keeps what is being typed, then lets go of everything that lies under the PIN."""
        if self.page:
            self.page.leave()
            self.page = None
        self.machine.viewer.put_away()
        self.tablet.lock()
        self.build()

    def opened(self) -> None:
        """The PIN was right, or was just set: on to the screen that was asked for."""
        self._felt()
        if self._way and self._way[-1][0] == "pin":
            self._way.pop()
        self.build()

    def lock_when_idle(self, *_: Any) -> None:
        """Locks when nobody has touched the tablet for a while; called when the tablet wakes up, too."""
        idle = self._steady() - self.touched > IDLE_S
        if idle and self.tablet.enrolled and self.tablet.has_pin and not self.tablet.locked:
            self.lock()

    def _felt(self, *_: Any) -> None:
        self.touched = self._steady()

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def _paper(self, *_: Any) -> None:
        Window.clearcolor = theme.paper

    # ---- what floats ---------------------------------------------------------------------------------------

    def say(self, words: str, undo: Callable[[], None] | None = None) -> None:
        """A line over the screen for five seconds, with a way to take the act back when there is one."""
        if self._toast:
            self._toast.leave()
        toast = self._toast = Toast(words=words, undo=undo)
        left = dp(24) + (dp(112) if self.wide and self._rail else 0)
        toast.pos = self.x + left, self.y + dp(24) + (dp(104) if not self.wide and self._rail else 0)
        self.add_widget(toast)

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Does an act; what the tablet refuses is said. None then."""
        try:
            return act()
        except Locked:
            self.refresh()  # it locked itself meanwhile
            return None
        except Refusal as refusal:
            self.say(str(refusal))
            return None

    def take_back(self, command_id: str) -> None:
        """Undo: the command was sealed, but not yet sent."""
        gone = self.attempt(lambda: self.tablet.undo(command_id))
        if gone is not None:
            self.refresh()
            self.say(
                _("Taken back.") if gone else _("Too late: it is on its way. The outbox says how it stands.")
            )

    def do(
        self, case_id: str, act: Act, values: dict[str, Any], photos: list[str], leaving: bool = False
    ) -> None:
        """Seals an act on a case and says so, with a way to take it back; `leaving`: one screen back with it."""
        command_id = self.attempt(
            lambda: self.tablet.act(case_id, act.action, values, photos, self.gps.position())
        )
        if not command_id:
            return
        self.lower()
        if leaving:
            self.back()
        self.refresh()
        self.say(
            _("Kept on this tablet: {act}. It is sent by itself.").format(act=act.label),
            undo=lambda: self.take_back(command_id),
        )

    def shoot(self, taken: Callable[[bytes | None], None]) -> None:
        """One photograph; the answer comes in the window's own thread, wherever the camera has it from."""
        self.machine.camera.shoot(mainthread(taken))

    def scan(self, read: Callable[[str | None], None]) -> None:
        """The text of one QR code, in the window's own thread."""
        self.machine.scanner.scan(mainthread(read))

    def open_file(self, file: FileView) -> None:
        """Shows a PDF in the program that this machine has for it, or says what is missing."""
        data = self.tablet.file(file.file_id)
        if data is None:
            self.say(_("It is not on this tablet yet. It comes with the next round."))
        elif not self.machine.viewer.show(file.name, PDF, data):
            self.say(_("This tablet has no app that shows PDFs. Ask your office to put one on."))

    def pick_category(self, took: Callable[[CategoryChoice], None]) -> None:
        """Chooses one out of the tree for the sheet that is up, which stands there again afterwards."""
        sheet = self._veil.sheet if self._veil else None
        if self._veil:
            self._veil.clear_widgets()
        self.show("category", took=took, sheet=sheet)

    def choose_category(self, category: CategoryChoice) -> None:
        """From the tree back to the sheet that asked, or to the report with the category in the draft."""
        took = self._way[-1][1].get("took")
        if took:
            took(category)
            self.back()
            return
        self.attempt(lambda: self.tablet.save_draft(filed(self.tablet.draft(), category)))
        self.back()

    def raise_sheet(self, sheet: Sheet) -> None:
        self.lower()
        self._veil = Veil(sheet=sheet)
        self._veil.add_widget(sheet)
        self.add_widget(self._veil)

    def lower(self) -> None:
        """Puts the sheet away."""
        if self._veil and self._veil.parent:
            self.remove_widget(self._veil)
        self._veil = None
