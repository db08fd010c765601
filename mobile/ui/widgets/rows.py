"""What lists are made of: cases, outbox items, steps of a timeline, facts, settings and their headings."""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, ObjectProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleview.views import RecycleDataViewBehavior

from mobile.core.views import CaseRow
from mobile.ui.widgets.buttons import Ghost, Outline, Press


class Row(RecycleDataViewBehavior, ButtonBehavior, BoxLayout):
    """A case in a list; `opens` is called with its id."""

    case_id = StringProperty()
    title = StringProperty()
    place = StringProperty()
    due = StringProperty()
    due_note = StringProperty()
    photo_id = StringProperty()
    pending = StringProperty()
    mood = StringProperty("ontime")  # `state` belongs to ButtonBehavior
    pictured = BooleanProperty(False)  # there is room for the photograph
    opens = ObjectProperty(None, allownone=True)

    def on_release(self, *_: Any) -> None:
        if self.opens:
            self.opens(self.case_id)

    @staticmethod
    def fields(row: CaseRow) -> dict[str, Any]:
        """Every property by name: a recycled row keeps what the one before it had."""
        names = ("case_id", "title", "place", "due", "due_note", "photo_id", "pending", "mood")
        return {name: getattr(row, name) for name in names}


class OutItem(BoxLayout):
    """Something not yet confirmed: what, since when, why, and what to do (`steps`, handed to `takes`)."""

    icon = StringProperty()
    mood = StringProperty("closed")
    status = StringProperty()
    title = StringProperty()
    since = StringProperty()
    why = StringProperty()
    narrow = BooleanProperty(False)  # since when it waits stands below then, not beside
    steps = ListProperty()
    takes = ObjectProperty(None, allownone=True)

    def on_kv_post(self, *_: Any) -> None:
        for number, step in enumerate(self.steps):
            kind = Outline if number == 0 else Ghost
            button = kind(icon=step.icon, words=step.label)
            button.bind(on_release=lambda _, step=step: self.takes(step))
            self.ids.steps.add_widget(button)


class Step(BoxLayout):
    """One line of a timeline; `local` ones the office does not know yet."""

    icon = StringProperty("check")
    title = StringProperty()
    words = StringProperty()
    when = StringProperty()
    last = BooleanProperty(False)
    local = BooleanProperty(False)


class Fact(BoxLayout):
    """A name and what is known under it."""

    name = StringProperty()
    words = StringProperty()


class Heading(BoxLayout):
    """The title of a section, and a note beside it."""

    words = StringProperty()
    note = StringProperty()


class Group(BoxLayout):
    """A band above the items that belong together."""

    words = StringProperty()
    note = StringProperty()


class Setting(Press):
    """A line in "me": what it is, what it stands at."""

    value = StringProperty()
    leads = BooleanProperty(True)
