"""The map: my grids and the district around them, every case that has a place, one of them told below; facilities."""

from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import CaseMapView, FacilityRow, FilterView, LayerView
from mobile.ui.page import Page
from mobile.ui.screens.facilities import FacilitySheet, LayersSheet, NearSheet
from mobile.ui.widgets.buttons import Chip
from mobile.ui.widgets.map import Mark
from mobile.ui.widgets.rows import Row
from mobile.ui.words import _

CLOSE, STEP = 1.0, 1.6  # pixels a metre at the own place; one press of a button
CLOSER = 3.0  # at a facility


class Map(Page):
    note = StringProperty()
    picked = StringProperty()  # the case that is told below
    told = BooleanProperty(False)
    layered = BooleanProperty(False)  # there is something to switch
    attribution = StringProperty()  # of the basemap's pictures, while they are shown

    place_in_rail = "map"

    def __init__(self, **kwargs: Any) -> None:
        self._chosen = self._words = ""
        super().__init__(**kwargs)

    def pour(self) -> None:
        super().pour()
        here = self.house.gps.position()
        view = self.tablet.case_map(self._chosen, here)
        self._chosen = view.chosen
        self.title, self.place, self._words = _("Map"), view.place, self._without_place(view)
        self.ids.map.shapes, self.ids.map.here = self.tablet.map_shapes(), here
        self._pour_facilities()
        self.fill(
            "filters", (view.filters, view.chosen), lambda: [self._chip(found) for found in view.filters]
        )
        marks = [Mark(m.case_id, m.lon, m.lat, m.mood, m.caption) for m in view.marks]
        if self.ids.map.marks != marks:
            self.ids.map.marks = marks
        if self.picked not in {mark.case_id for mark in marks}:
            self.picked = ""
        self._tell()

    def on_kv_post(self, *_of: Any) -> None:
        self.ids.map.bind(broken=self._say)

    def _pour_facilities(self) -> None:
        facilities, pictures = self.tablet.facility_map(), self.tablet.pictures()
        self.ids.map.facilities, self.ids.map.pictures = facilities, pictures
        self.layered = bool(facilities.layers or pictures)
        self.attribution = (
            pictures.attribution if pictures and pictures.shown and not pictures.trouble else ""
        )
        self._say()

    def _say(self, *_of: Any) -> None:
        """What the map does not show."""
        pictures, broken = self.ids.map.pictures, int(self.ids.map.broken)
        trouble = pictures.trouble if pictures and pictures.shown else ""
        if broken:
            trouble = _("{n} pictures of the basemap are damaged and left out").format(n=broken)
        self.note = " · ".join(part for part in (self._words, trouble) if part)

    @staticmethod
    def _without_place(view: CaseMapView) -> str:
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

    # ---- facilities ----------------------------------------------------------------------------------------

    def show_layers(self) -> None:
        layers, pictures = self.tablet.facility_map().layers, self.tablet.pictures()
        self.house.raise_sheet(
            LayersSheet(
                house=self.house, layers=layers, pictures=pictures, turn=self._turn, near=self.show_nearest
            )
        )

    def _turn(self, code: str, shown: bool) -> None:
        self.house.attempt(lambda: self.tablet.show_layer(code, shown))
        self._pour_facilities()

    def show_nearest(self, layer: LayerView) -> None:
        """The nearest of a layer: from here, or without a position from the middle of the map."""
        here, view = self.house.gps.position(), self.ids.map
        lon, lat = (here.lon, here.lat) if here else view.ground.plane.degrees(view.centre)
        rows = self.tablet.nearest(lon, lat, layer.code)
        note = _("from where you are") if here else _("from the middle of the map; there is no position now")
        self.house.raise_sheet(
            NearSheet(
                house=self.house,
                title=_("Nearest: {layer}").format(layer=layer.name),
                note=note if rows else _("None within 5 km in your grids."),
                rows=rows,
                chosen=self._go_to,
            )
        )

    def _go_to(self, row: FacilityRow) -> None:
        self.ids.map.look_at(row.lon, row.lat, CLOSER)
        self.tell_of(row.layer, row.code)

    def tell_of(self, layer: str, code: str) -> None:
        """One facility, ringed on the map and told in a sheet."""
        view = self.tablet.facility(layer, code, self.house.gps.position())
        if view is None:
            return
        self.ids.map.focus = view.row.lon, view.row.lat
        draft = self.tablet.draft()
        begun = bool(draft.category or draft.sentence or draft.photos)
        self.house.raise_sheet(FacilitySheet(house=self.house, view=view, begun=begun))

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
