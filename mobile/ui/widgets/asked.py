"""One thing that is asked: chips where the answer is one of a few, a box to type in, the tree for a category."""

from typing import Any

from kivy.factory import Factory
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.stacklayout import StackLayout

from mobile.core.views import CategoryChoice, Choice, Field
from mobile.ui.widgets.buttons import Chip, Outline
from mobile.ui.words import _

LONG_BOX, BOX = 112, 56
CHIPS_AND_BOX = ("long", "date")
TYPED = ("text", "long", "number", "phone", "date")
KEYBOARDS = {"number": "number", "phone": "tel"}  # these need no input method


class Asked(BoxLayout):
    """A field: its label, and what answers it. `answer` is what stands there now; `category` the one chosen."""

    label = StringProperty()
    private = BooleanProperty(False)
    answer = ObjectProperty("")
    category = ObjectProperty(None, allownone=True)

    def __init__(self, field: Field, house: Any = None, **kwargs: Any) -> None:
        self.field, self.house = field, house
        self.required = field.required or field.asked_if is not None
        label = field.label if self.required else _("{field} (may stay empty)").format(field=field.label)
        super().__init__(label=label, private=field.private, **kwargs)
        self.answer = [] if field.kind == "choices" else field.value
        if field.choices:
            self._chips(field.choices)
        if field.kind in TYPED and (not field.choices or field.kind in CHIPS_AND_BOX):
            self._box()
        if field.kind == "category":
            self._tree()

    @property
    def answered(self) -> bool:
        return bool(self.answer) or not self.required

    # ---- chips ---------------------------------------------------------------------------------------------

    def _chips(self, choices: tuple[Choice, ...]) -> None:
        self.chips = StackLayout(spacing=dp(8), size_hint_y=None)
        self.chips.bind(minimum_height=self.chips.setter("height"))
        self.add_widget(self.chips)
        self.offer(choices)

    def offer(self, choices: tuple[Choice, ...]) -> None:
        """Other choices than before; what is no more among them is no answer any more."""
        if self.field.kind == "choice" and self.answer not in [choice.code for choice in choices]:
            self.answer = ""
        self.chips.clear_widgets()
        for choice in choices:
            chip = Chip(words=choice.label, note=choice.note, chosen=choice.code == self.answer)
            chip.bind(on_release=lambda chip, code=choice.code: self._press(chip, code))
            self.chips.add_widget(chip)

    def _press(self, chip: Chip, code: str) -> None:
        kind = self.field.kind
        if kind == "choices":
            chip.chosen = not chip.chosen
            kept = [given for given in self.answer if given != code]
            self.answer = [*kept, code] if chip.chosen else kept
        elif kind == "long":
            self.box.text = f"{self.box.text.strip()}\n{code}".strip()
        elif kind == "date":
            self.box.text = code
        else:
            again = chip.chosen and not self.required and bool(code)
            for other in self.chips.children:
                other.chosen = other is chip and not again
            self.answer = "" if again else code

    # ---- words ---------------------------------------------------------------------------------------------

    def _box(self) -> None:
        kind = self.field.kind
        self.box = Factory.Field(
            multiline=kind == "long",
            hint_text=self.field.hint,
            text=self.field.value,
            size_hint_y=None,
            height=dp(LONG_BOX if kind == "long" else BOX),
        )
        self.box.input_type = KEYBOARDS.get(kind, "text")
        if kind == "number":
            self.box.input_filter = "float"
        self.box.bind(text=self._typed)
        self.add_widget(self.box)

    def _typed(self, _: Any, text: str) -> None:
        self.answer = text.strip()

    # ---- a category ----------------------------------------------------------------------------------------

    def _tree(self) -> None:
        self.press = Outline(icon="search", words=_("Choose out of all categories"))
        self.press.bind(on_release=lambda _: self.house.pick_category(self.take))
        self.add_widget(self.press)

    def take(self, category: CategoryChoice) -> None:
        """That one was chosen."""
        self.press.words, self.press.icon = category.name, category.icon
        self.answer, self.category = category.key, category
