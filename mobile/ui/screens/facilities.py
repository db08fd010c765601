"""Facilities beside the map, as sheets: which layers are shown, what is near, one of them with a way to report it."""

from collections.abc import Callable
from typing import Any

from kivy.properties import BooleanProperty, ListProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.core.views import FacilityRow, FacilityView, LayerView
from mobile.ui.widgets.buttons import Press
from mobile.ui.widgets.rows import Fact, Row
from mobile.ui.widgets.sheet import Sheet
from mobile.ui.words import _


class LayerLine(BoxLayout):
    """A layer: a switch, and (where `leads`) the way to what is nearest in it."""

    icon = StringProperty()
    words = StringProperty()
    note = StringProperty()
    on = BooleanProperty(True)
    able = BooleanProperty(True)
    leads = BooleanProperty(True)
    turned = ObjectProperty(None, allownone=True)
    asked = ObjectProperty(None, allownone=True)


class FacilityLine(Press):
    """A facility in a list; `words` its name, `note` where it stands, `distance` how far."""

    distance = StringProperty()


class ComponentLine(BoxLayout):
    """Under a report's map: the component that was chosen, or the nearest one to be chosen with a touch."""

    row = ObjectProperty(None)
    chosen = BooleanProperty(False)
    more = BooleanProperty(False)  # others are near, too
    takes = ObjectProperty(None, allownone=True)
    others = ObjectProperty(None, allownone=True)
    drops = ObjectProperty(None, allownone=True)

    @property
    def words(self) -> str:
        beside = self.row.place if self.chosen else self.row.distance
        return " · ".join(part for part in (self.row.title, beside) if part)


def line_of(row: FacilityRow, pressed: Callable[[FacilityRow], None]) -> FacilityLine:
    """A line that answers a press with its row."""
    line = FacilityLine(icon=row.icon, words=row.title, note=row.place, distance=row.distance)
    line.bind(on_release=lambda _: pressed(row))
    return line


class LayersSheet(Sheet):
    """What the map shows beside cases. `turn(code, shown)` and `near(layer)` answer; "" are the pictures."""

    house = ObjectProperty(None)
    layers = ListProperty()
    pictures = ObjectProperty(None, allownone=True)
    turn = ObjectProperty(None)
    near = ObjectProperty(None)

    def on_kv_post(self, *_of: Any) -> None:
        for layer in self.layers:
            self.ids.layers.add_widget(self._line(layer))
        if self.pictures:
            view = self.pictures
            self.ids.layers.add_widget(
                LayerLine(
                    icon="image",
                    words=_("Basemap pictures"),
                    note=view.trouble or view.attribution,
                    on=view.shown and not view.trouble,
                    able=not view.trouble,
                    leads=False,
                    turned=lambda on: self.turn("", on),
                )
            )

    def _line(self, layer: LayerView) -> LayerLine:
        return LayerLine(
            icon=layer.icon,
            words=layer.name,
            note=_("{n} in your grids").format(n=layer.count),
            on=layer.shown,
            turned=lambda on: self.turn(layer.code, on),
            asked=lambda: self.near(layer),
        )


class NearSheet(Sheet):
    """The nearest of something; `chosen(row)` is called with the one that was pressed."""

    house = ObjectProperty(None)
    title = StringProperty()
    note = StringProperty()
    rows = ListProperty()
    chosen = ObjectProperty(None)

    def on_kv_post(self, *_of: Any) -> None:
        for row in self.rows:
            self.ids.rows.add_widget(line_of(row, self.chosen))


class FacilitySheet(Sheet):
    """One facility: what the register says, open cases at it, and a report about it."""

    house = ObjectProperty(None)
    view = ObjectProperty(None)
    begun = BooleanProperty(False)  # a report is being written already

    def on_kv_post(self, *_of: Any) -> None:
        view: FacilityView = self.view
        for fact in view.facts:
            self.ids.facts.add_widget(Fact(name=fact.name, words=fact.words))
        for row in view.cases:
            self.ids.cases.add_widget(Row(opens=self._open, **Row.fields(row)))

    def _open(self, case_id: str) -> None:
        self.house.show("case", case_id=case_id)

    def report(self) -> None:
        """The report form with everything filled in that this facility says of itself."""
        tablet, row = self.house.tablet, self.view.row
        self.house.attempt(lambda: tablet.save_draft(tablet.about(tablet.draft(), row.layer, row.code)))
        self.house.show("report")
