"""Today: my grids on a map with my to-dos by deadline then distance, and the outbox in one line."""

from kivy.metrics import dp
from kivy.properties import NumericProperty, StringProperty

from mobile.core.views import TodayView
from mobile.ui.page import Page
from mobile.ui.widgets.house import Empty
from mobile.ui.widgets.rows import Row
from mobile.ui.words import _


class Today(Page):
    heading = StringProperty()
    order = StringProperty()
    outbox_line = StringProperty()
    outbox_note = StringProperty()
    needs_you = NumericProperty(0)
    fix = StringProperty()

    place_in_rail = "today"

    def pour(self) -> None:
        super().pour()
        position = self.house.gps.position()
        today = self.tablet.today(self.house.now(), position)
        self.title, self.place, self.heading = today.title, today.place, today.heading
        self.order = _("by deadline, then distance") if today.todos else ""
        self.outbox_line, self.outbox_note, self.needs_you = (
            today.outbox_line,
            today.outbox_note,
            today.needs_you,
        )
        self.fix = (
            _("Position accurate to {metres} m").format(metres=round(position.accuracy_m))
            if position
            else _("No position now")
        )
        self.pour_notices(today.notices)
        self.pour_map(self.ids.map, today.todos)
        self.fill("todos", today.todos, lambda: self._rows(today) or [self._nothing()])

    def _rows(self, today: TodayView) -> list[Row]:
        return [Row(opens=self.open_case, **Row.fields(todo)) for todo in today.todos]

    def _nothing(self) -> Empty:
        return Empty(
            icon="ok",
            title=_("Nothing to do now"),
            words=_("New tasks appear here. When you see a problem on your way, press Report."),
            size_hint_y=None,
            height=dp(360),
        )

    def open_case(self, case_id: str) -> None:
        self.house.show("case", case_id=case_id)

    def look_here(self) -> None:
        """Back to the own grids, or to where the tablet is when it is known."""
        position = self.house.gps.position()
        if position:
            self.ids.map.look_at(position.lon, position.lat, 1.0)
        else:
            self.ids.map.fit = True
