"""My cases: search, filters, and each with its deadline in words."""

from typing import Any

from kivy.clock import Clock
from kivy.properties import ListProperty, StringProperty

from mobile.core.views import CasesView, FilterView
from mobile.ui.page import Page
from mobile.ui.widgets.buttons import Chip
from mobile.ui.widgets.rows import Row
from mobile.ui.words import _

NEAR_END = 0.15  # of the list: fetch what follows
TYPED = 0.3  # seconds after the last character


class Cases(Page):
    query = StringProperty()
    rows = ListProperty()
    empty_title = StringProperty()
    empty_words = StringProperty()

    place_in_rail = "cases"

    def __init__(self, **kwargs: Any) -> None:
        self._chosen = ""
        self._next = ""
        self._again = Clock.create_trigger(lambda _: self.pour(), TYPED)
        super().__init__(**kwargs)

    def pour(self) -> None:
        super().pour()
        self.title = _("My cases")
        view = self._ask("")
        self.place, self.empty_title, self.empty_words = view.place, view.empty_title, view.empty_words
        self.rows = self._data(view)
        self._chosen = view.chosen
        self.fill(
            "filters", (view.filters, view.chosen), lambda: [self._chip(found) for found in view.filters]
        )

    def _ask(self, after: str) -> CasesView:
        view = self.tablet.cases(self._chosen, self.query, after, self.house.gps.position())
        self._next = view.next
        return view

    def _data(self, view: CasesView) -> list[dict[str, Any]]:
        return [{**Row.fields(row), "opens": self.open_case} for row in view.rows]

    def _chip(self, found: FilterView) -> Chip:
        chip = Chip(words=found.label, note=str(found.count), chosen=found.code == self._chosen)
        chip.bind(on_release=lambda _: self.choose(found.code))
        return chip

    def choose(self, code: str) -> None:
        self._chosen = code
        self.pour()
        self.ids.rows.scroll_y = 1

    def search(self, query: str) -> None:
        if query != self.query:
            self.query = query
            self._again()

    def clear(self) -> None:
        self.ids.query.text = ""

    def reach(self, height: float) -> None:
        """Near the end of the list the next page is added."""
        if height < NEAR_END and self._next:
            self.rows = [*self.rows, *self._data(self._ask(self._next))]

    def open_case(self, case_id: str) -> None:
        self.house.show("case", case_id=case_id)
