"""Pictures of the tablet's screens, made by walking through them on a real tablet core: for the guides and for eyes.

The home that is given may be enrolled before; else server and code are needed. Each picture is OUT/NAME.png.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window

from mobile.app import XungeApp
from mobile.core.clockwork import DeviceClock
from mobile.core.tablet import Tablet
from mobile.core.views import Draft, Position, Refusal, Settings
from mobile.platform.choice import desktop
from mobile.platform.desktop import FixedPlace
from mobile.ui.widgets.map.ground import ground_of

PIN = "258036"
FRAMES = 10  # until everything has its size; frames are counted, because the first ones are slow
SENTENCES = {
    "zh-CN": "三栋西侧垃圾袋堆在绿地边",
    "en": "Rubbish bags piled up beside the lawn",
}


class NotEnrolled(Exception):
    """Pictures need a tablet that belongs to somebody; says what to do."""


class PatientClock(DeviceClock):
    """The device's clocks, for which a wait is over when a picture of it was taken."""

    ahead = 0.0

    def steady(self) -> float:
        return super().steady() + self.ahead


class Album:
    """Walks through the screens and keeps a picture of each."""

    def __init__(self, home: Path, out: Path, language: str) -> None:
        self.clock = PatientClock()
        self.tablet = Tablet(home, clock=self.clock)
        self.out = out
        self.language = language
        self.gps = FixedPlace()
        self.app = XungeApp(self.tablet, replace(desktop(home, None, None), gps=self.gps))

    def fill(self, server: str, code: str) -> None:
        """Takes every picture; NotEnrolled without an owner and without a code that works."""
        self.wear()
        try:
            if not self.tablet.enrolled:
                self.tablet.enrol(server, code)
        except Refusal as refusal:
            raise NotEnrolled(str(refusal)) from refusal
        if not self.tablet.has_pin:
            self.tablet.choose_pin(PIN)
        elif self.tablet.locked and not self.tablet.unlock(PIN):
            raise NotEnrolled(self.tablet.lock_view.wrong)
        self.tablet.sync_now()
        shapes = self.tablet.map_shapes()
        ground = ground_of(shapes)
        if ground.mine:
            self.gps.fix = Position(*ground.plane.degrees(ground.mine[0].middle), accuracy_m=9)
        self.out.mkdir(parents=True, exist_ok=True)
        self.server = server
        pictures = self._pictures()

        def begin(_: Any) -> None:
            Clock.schedule_once(lambda _: self._next(pictures))

        self.app.bind(on_start=begin)
        self.app.run()

    def wear(self, **other: Any) -> None:
        self.tablet.save_settings(replace(Settings(language=self.language), **other))

    # ---- the walk ------------------------------------------------------------------------------------------

    def _pictures(self) -> Iterator[str]:
        """Puts a screen up, then names the picture that is to be taken of it."""
        house = self.app.root
        yield from self._enrolment()
        house.show("map")
        house.page.choose("open")
        if house.page.ids.map.marks:
            house.page.pick(house.page.ids.map.marks[0].case_id)
        yield "map"
        yield from self._facilities()
        for name in ("today", "cases", "messages", "outbox", "me"):
            house.show(name)
            yield name
        for name, settings in (
            ("night", {"theme": "night"}),
            ("sun", {"theme": "sun"}),
            ("large", {"text_size": 1.4}),
        ):
            self.wear(**settings)
            house.rebuild()
            house.show("today")
            yield f"today-{name}"
            house.show("outbox")
            yield f"outbox-{name}"
        self.wear()
        house.rebuild()
        yield from self._report()
        yield from self._danger()
        yield from self._cases()

    def _enrolment(self) -> Iterator[str]:
        self.app.root.show("enrol", server=self.server, code="K7QD-28MX")
        yield "enrol"
        self.app.root.page.confirm(self.tablet.person)
        yield "enrol-confirm"
        house, tablet = self.app.root, self.tablet
        house.show("today")
        house.show("pin", mode="choose")
        yield "pin-choose"
        house.back()
        house.lock()
        house.page.typed = PIN[:3]
        yield "unlock"
        for _ in range(3):
            tablet.unlock("000000")
        house.page.typed = ""
        house.page.pour()
        yield "unlock-wrong"
        self.clock.ahead += tablet.lock_view.wait_s
        tablet.unlock(PIN)

    def _facilities(self) -> Iterator[str]:
        """What stands in the own grids, as far as the office gave it to this tablet."""
        house, here = self.app.root, self.gps.position()
        layers = self.tablet.facility_map().layers
        if not (layers and here):
            return
        house.show("map")
        house.page.ids.map.look_at(here.lon, here.lat, 1.5)
        yield "map-facilities"
        house.page.show_layers()
        yield "map-layers"
        house.page.show_nearest(layers[0])
        yield "map-nearest"
        known = [layer for layer in layers if self.tablet.nearest(here.lon, here.lat, layer.code)]
        for layer in known[-1:]:
            row = self.tablet.nearest(here.lon, here.lat, layer.code)[0]
            house.show("map")
            house.page.ids.map.look_at(row.lon, row.lat, 3.0)
            house.page.tell_of(row.layer, row.code)
            yield "map-facility"
            self.tablet.save_draft(self.tablet.about(self.tablet.draft(), row.layer, row.code))
            house.show("report")
            yield "report-about"
            self.tablet.save_draft(Draft())

    def _report(self) -> Iterator[str]:
        house = self.app.root
        house.show("today")
        house.show("report")
        yield "report-start"
        house.show("category")
        yield "category"
        house.page.ids.query.text = "lj"
        yield "category-search"
        house.back()
        tiles = self.tablet.report_form().tiles
        if not tiles:
            return
        house.page.choose(tiles[0].key)
        house.page.ids.sentence.text = SENTENCES[self.language]
        house.page.shoot()
        yield "report-ready"
        house.page.submit()
        yield "report-kept"
        house.show("outbox")
        yield "outbox-waiting"

    def _danger(self) -> Iterator[str]:
        """A category with an emergency among its conditions, made safe on the spot; told by a resident."""
        house = self.app.root
        found = [
            (category.key, condition.code)
            for major in self.tablet.report_form().tree
            for category in major.categories
            for condition in category.conditions
            if condition.danger
        ]
        for key, condition in found[:1]:
            house.show("today")
            house.show("report")
            house.page.choose(key)
            house.page.change_condition(condition)
            house.page.shoot()
            house.page.make_safe(True)
            yield "report-danger"
            house.page.open_details()
            house.page.details.tell_for(True)
            yield "report-details"
            self.tablet.save_draft(Draft())

    def _cases(self) -> Iterator[str]:
        house, tablet = self.app.root, self.tablet
        filters = [found.code for found in tablet.cases().filters]
        rows = [row for code in filters for row in tablet.cases(code).rows]
        for number, row in enumerate(rows[:2]):
            house.show("cases")
            house.show("case", case_id=row.case_id)
            yield f"case-{number + 1}"
        ids = [row.case_id for row in rows]
        inspected = [name for name in ids if any(act.action == "pass" for act in tablet.case(name).acts)]
        for case_id in (inspected or ids)[:1]:
            yield from self._acts(case_id)

    def _acts(self, case_id: str) -> Iterator[str]:
        """What the first acts of a case ask, those that are seldom wanted, and the comparison."""
        house = self.app.root
        acts = self.tablet.case(case_id).acts
        for act in [act for act in acts if act.fields and act.action != "pass"][:2]:
            house.show("case", case_id=case_id)
            house.page.begin(act)
            yield f"case-{act.action}"
        house.show("case", case_id=case_id)
        house.page.show_more()
        yield "case-more"
        house.show("inspect", case_id=case_id)
        yield "inspect"

    # ---- the camera ----------------------------------------------------------------------------------------

    def _next(self, pictures: Iterator[str]) -> None:
        name = next(pictures, None)
        if name is None:
            self.app.stop()
            return
        after(FRAMES, lambda: self._take(name, pictures))

    def _take(self, name: str, pictures: Iterator[str]) -> None:
        target = self.out / f"{name}.png"
        made = Window.screenshot(str(target))  # Kivy adds a number to the name
        Path(made).replace(target)
        self._next(pictures)


def after(frames: int, then: Callable[[], None]) -> None:
    """Calls `then` when so many frames were drawn."""

    def count(_: float) -> None:
        if frames > 0:
            after(frames - 1, then)
        else:
            then()

    Clock.schedule_once(count)
