"""What every screen has: the tablet behind it, the state of the line, notices; `pour` fills it with what is known."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout

from mobile.core.face import TabletFace
from mobile.core.views import CaseRow, NoticeView
from mobile.ui.widgets.house import Notice
from mobile.ui.widgets.map import MapView, Mark

if TYPE_CHECKING:
    from mobile.ui.house import House


class Page(FloatLayout):
    """A screen. Its .kv lays it out, `pour` is called when it comes up and whenever something changed.

    A rule names an id as it is (`map.here`), never by `root.ids`: Kivy keeps whatever such a rule goes through for
    ever, and with it the screen.
    """

    house = ObjectProperty(None)
    wide = BooleanProperty(True)  # decides between the two arrangements
    title = StringProperty()
    place = StringProperty()
    link = StringProperty("offline")
    link_words = StringProperty()

    def __init__(self, **kwargs: Any) -> None:
        self._filled: dict[str, Any] = {}
        super().__init__(**kwargs)

    place_in_rail = ""  # which entry of the rail is lit; "" for screens without the rail

    @property
    def tablet(self) -> TabletFace:
        house: House = self.house
        return house.tablet

    def pour(self) -> None:
        """Fills the screen with what the tablet knows now."""
        link = self.tablet.link
        self.link, self.link_words = link.state, link.brief or link.sentence

    def keep(self) -> None:
        """Keeps what is being typed; nobody knows whether the tablet comes back."""

    def leave(self) -> None:
        """The screen goes away."""
        self.keep()

    def key(self, key: int, typed: str) -> bool:
        """A key of a real keyboard, when no field has it; True when it was for this screen."""
        return False

    def pour_notices(self, notices: tuple[NoticeView, ...]) -> None:
        self.fill("notices", notices, lambda: [self._notice(notice) for notice in notices])

    def _notice(self, notice: NoticeView) -> Notice:
        return Notice(
            icon=notice.icon,
            mood=notice.mood,
            title=notice.title,
            words=notice.words,
            act_label=notice.act_label,
            takes=lambda: self.house.show(notice.act),
        )

    def fill(self, name: str, content: Any, make: Callable[[], list[Any]]) -> None:
        """Puts widgets into the list `name` of the rules, but only when its content is another than before.

        Something may come in while a finger lies on a button: a button made anew would not feel it leave.
        """
        if name in self._filled and self._filled[name] == content:
            return
        self._filled[name] = content
        self.ids[name].clear_widgets()
        for widget in make():
            self.ids[name].add_widget(widget)

    def pour_map(self, view: MapView, rows: tuple[CaseRow, ...] = ()) -> None:
        """Grids, the own position, and a mark for each row that has a place."""
        view.shapes = self.tablet.map_shapes()
        view.here = self.house.gps.position()
        view.marks = [
            Mark(row.case_id, row.lon, row.lat, row.mood, row.title.rpartition(" · ")[2])
            for row in rows
            if row.lon is not None and row.lat is not None
        ]
