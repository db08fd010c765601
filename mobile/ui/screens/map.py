"""The map: my grids and the district around them, every case that has a place, one of them told below."""

from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import CaseMapView, FilterView
from mobile.ui.page import Page
from mobile.ui.widgets.buttons import Chip
from mobile.ui.widgets.map import Mark
from mobile.ui.widgets.rows import Row
from mobile.ui.words import _

CLOSE, STEP = 1.0, 1.6  # pixels a metre at the own place; one press of a button


class Map(Page):
    note = StringProperty()
    picked = StringProperty()  # the case that is told below
    told = BooleanProperty(False)

    place_in_rail = "map"

    def __init__(self, **kwargs: Any) -> None:
        self._chosen = ""
        super().__init__(**kwargs)

    def pour(self) -> None:
        super().pour()
        here = self.house.gps.position()
        view = self.tablet.case_map(self._chosen, here)
        self._chosen = view.chosen
        self.title, self.place, self.note = _("Map"), view.place, self._note(view)
        self.ids.map.shapes, self.ids.map.here = self.tablet.map_shapes(), here
        self.fill(
            "filters", (view.filters, view.chosen), lambda: [self._chip(found) for found in view.filters]
        )
        marks = [Mark(m.case_id, m.lon, m.lat, m.mood, m.caption) for m in view.marks]
        if self.ids.map.marks != marks:
            self.ids.map.marks = marks
        if self.picked not in {mark.case_id for mark in marks}:
            self.picked = ""
        self._tell()

    @staticmethod
    def _note(view: CaseMapView) -> str:
        return _("{n} more have no place").format(n=view.without_place) if view.without_place else ""

    def _chip(self, found: FilterView) -> Chip:
        chip = Chip(words=found.label, note=str(found.count), chosen=found.code == self._chosen)
        chip.bind(on_release=lambda _: self.choose(found.code))
        return chip

    def choose(self, code: str) -> None:
        self._chosen = code
        self.pour()

    def pick(self, case_id: str) -> None:
        self.picked = case_id
        self._tell()

    def _tell(self) -> None:
        """The picked case as a list would show it, with a way in."""
        row = self.tablet.case_row(self.picked, self.house.gps.position()) if self.picked else None
        self.told = row is not None
        self.fill("told", row, lambda: [Row(opens=self.open_case, **Row.fields(row))] if row else [])

    def open_case(self, case_id: str) -> None:
        self.house.show("case", case_id=case_id)

    def look_here(self) -> None:
        position = self.house.gps.position()
        if position:
            self.ids.map.look_at(position.lon, position.lat, CLOSE)
        else:
            self.look_at_mine()

    def look_at_mine(self) -> None:
        self.ids.map.fit = True

    def nearer(self) -> None:
        self.ids.map.zoom_by(STEP)

    def farther(self) -> None:
        self.ids.map.zoom_by(1 / STEP)
