"""What an act asks before it is done: chips for choices, fields for words, photographs where they count."""

from typing import Any

from kivy.factory import Factory
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ListProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.stacklayout import StackLayout

from mobile.core.views import Field
from mobile.ui.widgets.buttons import Chip
from mobile.ui.widgets.sheet import Sheet
from mobile.ui.words import _

HEIGHTS = {"long": 112}


class Asked(BoxLayout):
    """One field: its label, and chips or a box to type in. `answer` is what stands there now."""

    label = StringProperty()
    answer = ObjectProperty("")

    def __init__(self, field: Field, **kwargs: Any) -> None:
        self.field = field
        super().__init__(label=field.label if field.required else self._optional(field), **kwargs)
        self.answer = [] if field.kind == "choices" else field.value
        if field.choices:
            self._chips()
        if not field.choices or field.kind == "long":
            self._box()

    @staticmethod
    def _optional(field: Field) -> str:
        return _("{field} (may stay empty)").format(field=field.label)

    @property
    def answered(self) -> bool:
        return bool(self.answer) or not self.field.required

    def _chips(self) -> None:
        self.chips = StackLayout(spacing=dp(8), size_hint_y=None)
        self.chips.bind(minimum_height=self.chips.setter("height"))
        for choice in self.field.choices:
            chip = Chip(words=choice.label, note=choice.note, chosen=choice.code == self.answer)
            chip.bind(on_release=lambda chip, code=choice.code: self._press(chip, code))
            self.chips.add_widget(chip)
        self.add_widget(self.chips)

    def _press(self, chip: Chip, code: str) -> None:
        if self.field.kind == "choices":
            chip.chosen = not chip.chosen
            kept = [given for given in self.answer if given != code]
            self.answer = [*kept, code] if chip.chosen else kept
            return
        if self.field.kind == "long":
            self.box.text = f"{self.box.text.strip()}\n{code}".strip()
            return
        for other in self.chips.children:
            other.chosen = other is chip
        self.answer = code

    def _box(self) -> None:
        self.box = Factory.Field(
            multiline=self.field.kind == "long",
            hint_text=self.field.hint,
            text=self.field.value,
            size_hint_y=None,
            height=dp(HEIGHTS.get(self.field.kind, 56)),
        )
        self.box.bind(text=self._typed)
        self.add_widget(self.box)

    def _typed(self, _: Any, text: str) -> None:
        self.answer = text.strip()


class ActSheet(Sheet):
    """`done(act, values, photo ids)` is called when everything asked for is there."""

    house = ObjectProperty(None)
    act = ObjectProperty(None)
    done = ObjectProperty(None)
    photos = ListProperty()
    ready = BooleanProperty(False)

    def on_kv_post(self, *_: Any) -> None:
        self._asked = [Asked(field) for field in self.act.fields]
        for asked in self._asked:
            asked.bind(answer=self._look)
            self.ids.fields.add_widget(asked)
        self.bind(photos=self._look)
        self._look()

    def _look(self, *_: Any) -> None:
        photographed = self.act.photo != "must" or bool(self.photos)
        self.ready = photographed and all(asked.answered for asked in self._asked)

    def shoot(self) -> None:
        self.house.camera.shoot(self._taken)

    def _taken(self, jpeg: bytes | None) -> None:
        if jpeg is None:
            return
        photo = self.house.attempt(lambda: self.house.tablet.take_in(jpeg, self.act.stage))
        if photo:
            self.photos = [*self.photos, photo]

    def finish(self) -> None:
        values = {asked.field.name: asked.answer for asked in self._asked if asked.answer}
        self.done(self.act, values, [photo.photo_id for photo in self.photos])
