"""What an act asks before it is done, and the sheet of the acts that are seldom wanted."""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, ObjectProperty, StringProperty

from mobile.core.views import Act, CategoryChoice, Choice
from mobile.ui.screens.readiness import stage_words
from mobile.ui.widgets.asked import Asked
from mobile.ui.widgets.rows import Setting
from mobile.ui.widgets.sheet import Sheet
from mobile.ui.words import _


class ActSheet(Sheet):
    """`done(act, values, photo ids)` is called when everything asked for is there."""

    house = ObjectProperty(None)
    act = ObjectProperty(None)
    done = ObjectProperty(None)
    photos = ListProperty()
    ready = BooleanProperty(False)
    photo_words = StringProperty()

    def on_kv_post(self, *_: Any) -> None:
        self._asked = [Asked(field, self.house) for field in self.act.fields]
        self._shown: list[Asked] = []
        for asked in self._asked:
            asked.bind(answer=self._look, category=self._categorised)
        self.bind(photos=self._look)
        self._look()

    def _look(self, *_: Any) -> None:
        """Shows what is asked as things stand, and whether all of it is answered."""
        answers = {asked.field.name: asked.answer for asked in self._asked}
        shown = [
            asked
            for asked in self._asked
            if asked.field.asked_if is None or answers.get(asked.field.asked_if[0]) == asked.field.asked_if[1]
        ]
        if shown != self._shown:
            self._shown = shown
            self.ids.fields.clear_widgets()
            for asked in shown:
                self.ids.fields.add_widget(asked)
        missing = self.act.missing(self.photos)
        self.photo_words = self._photo_words(missing)
        self.ready = not missing and all(asked.answered for asked in shown)

    def _photo_words(self, missing: tuple[str, ...]) -> str:
        if self.act.photo != "must":
            return _("A photo helps; it is not needed")
        if len(self.act.stages) == 1:
            return _("A photo is needed")
        if missing:
            return _("Photos are still missing: {stages}.").format(stages=stage_words(missing))
        return _("All photos are there")

    def _categorised(self, _asked: Asked, category: CategoryChoice) -> None:
        """Another category has other conditions."""
        conditions = tuple(Choice(c.code, c.name, c.limit) for c in category.conditions)
        for asked in self._asked:
            if asked.field.name == "condition" and asked.field.kind == "choice":
                asked.offer(conditions)

    def shoot(self) -> None:
        self.house.shoot(self._taken)

    def _taken(self, jpeg: bytes | None) -> None:
        if jpeg is None:
            return
        photo = self.house.attempt(lambda: self.house.tablet.take_in(jpeg, self.act.next_stage(self.photos)))
        if photo:
            self.photos = [*self.photos, photo]

    def finish(self) -> None:
        values = {asked.field.name: asked.answer for asked in self._shown if asked.answer}
        self.done(self.act, values, [photo.photo_id for photo in self.photos])


class MoreSheet(Sheet):
    """Acts with what each will do; `begin(act)` is called with the one that was pressed."""

    house = ObjectProperty(None)
    acts = ListProperty()
    begin = ObjectProperty(None)

    def on_kv_post(self, *_: Any) -> None:
        for act in self.acts:
            self.ids.acts.add_widget(self._line(act))

    def _line(self, act: Act) -> Setting:
        line = Setting(icon=act.icon, words=act.label, note=act.sentence)
        line.bind(on_release=lambda _: self.begin(act))
        return line
