"""Details of a report: what its category asks beside the sentence, and the resident on whose behalf it is made."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kivy.properties import BooleanProperty, DictProperty, ListProperty, ObjectProperty

from mobile.core.views import Field
from mobile.ui.widgets.asked import Asked
from mobile.ui.widgets.sheet import Sheet


class DetailsSheet(Sheet):
    """`changed(form, behalf)` is called at every change, so that nothing is lost when the sheet is put away."""

    house = ObjectProperty(None)
    fields = ListProperty()
    resident = ListProperty()
    form = DictProperty()
    behalf = BooleanProperty(False)
    changed = ObjectProperty(None)

    def on_kv_post(self, *_: Any) -> None:
        self.ids.switch.on = self.behalf
        self._fill("own", self.fields)
        self._fill("told", self.resident if self.behalf else ())

    def tell_for(self, behalf: bool) -> None:
        """A resident told it, or not."""
        if behalf == self.behalf:
            return
        self.behalf = self.ids.switch.on = behalf
        self._fill("told", self.resident if behalf else ())
        self._tell()

    def _fill(self, pile: str, fields: Sequence[Field]) -> None:
        self.ids[pile].clear_widgets()
        for field in fields:
            asked = Asked(replace(field, value=self.form.get(field.name, "")), self.house)
            asked.bind(answer=self._take)
            self.ids[pile].add_widget(asked)

    def _take(self, asked: Asked, answer: str) -> None:
        self.form = {**self.form, asked.field.name: answer}
        self._tell()

    def _tell(self) -> None:
        self.changed({name: answer for name, answer in self.form.items() if answer}, self.behalf)
