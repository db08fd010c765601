"""One photograph large, with a way to leave it out while it is still a draft."""

from typing import Any

from kivy.properties import ObjectProperty

from mobile.ui.widgets.sheet import Sheet


class PhotoSheet(Sheet):
    """`discard(photo)` takes it out; None for photographs that are part of a case."""

    house = ObjectProperty(None)
    photo = ObjectProperty(None)
    discard = ObjectProperty(None, allownone=True)

    def leave_out(self, *_: Any) -> None:
        self.house.lower()
        self.discard(self.photo)
