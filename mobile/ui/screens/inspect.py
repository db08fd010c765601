"""Inspect: how it was beside how it is now, the condition for closing, and pass or fail with one touch."""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.core.views import Act, Choice, InspectView, PhotoView
from mobile.ui.page import Page
from mobile.ui.screens.act import ActSheet
from mobile.ui.screens.photo import PhotoSheet
from mobile.ui.screens.readiness import take_first
from mobile.ui.widgets.buttons import Chip
from mobile.ui.words import _


class Side(BoxLayout):
    """One of the two sides: its photographs one at a time, and what was said with them."""

    heading = StringProperty()
    words = StringProperty()
    photos = ListProperty()
    looks = ObjectProperty(None)
    number = NumericProperty(0)
    shown = ObjectProperty(None, allownone=True)
    count = StringProperty()

    def on_photos(self, *_: Any) -> None:
        self.number = min(self.number, max(0, len(self.photos) - 1))
        self._show()

    def turn(self) -> None:
        """The next photograph, after the last the first."""
        self.number = (self.number + 1) % len(self.photos)
        self._show()

    def _show(self) -> None:
        self.shown = self.photos[self.number] if self.photos else None
        self.count = f"{self.number + 1} / {len(self.photos)}" if len(self.photos) > 1 else ""


class Inspect(Page):
    case_id = StringProperty()
    reported = StringProperty()
    done = StringProperty()
    closing = StringProperty()
    note = StringProperty()
    before = ListProperty()
    after = ListProperty()
    able = BooleanProperty(False)
    ready = BooleanProperty(False)
    pass_words = StringProperty()
    fail_words = StringProperty()
    other_words = StringProperty()
    photo_words = StringProperty()

    def __init__(self, **kwargs: Any) -> None:
        self._view: InspectView | None = None
        self._kind = ""
        self._photos: list[PhotoView] = []
        super().__init__(**kwargs)

    def pour(self) -> None:
        super().pour()
        view = self._view = self.tablet.inspection(self.case_id)
        self.title = _("Inspect: {matter}").format(matter=view.title)
        self.place = " · ".join(part for part in (view.place, view.due, view.due_note) if part)
        for name in ("reported", "done", "closing", "note"):
            setattr(self, name, getattr(view, name))
        self.before, self.after = list(view.before), list(view.after)
        self._show()

    # ---- showing -------------------------------------------------------------------------------------------

    def _show(self) -> None:
        view = self._view
        passing = view.passing if view else None
        self.able = passing is not None
        kinds = self._kinds(passing)
        self._kind = self._kind or next((kind.code for kind in kinds), "")
        self.fill("kinds", (kinds, self._kind), lambda: [self._chip(kind) for kind in kinds])
        missing = passing.missing(self._photos) if passing else ()
        self.ready = self.able and not missing
        self.fail_words = view.failing.label if view and view.failing else _("Inspection failed")
        self.other_words = view.others[0].label if view and view.others else ""
        self._word(passing, missing)

    def _word(self, passing: Act | None, missing: tuple[str, ...]) -> None:
        if passing is None:
            self.pass_words = _("Not yours to inspect now")
        else:
            self.pass_words = take_first(missing, passing.stages) if missing else passing.label
        taken = len(self._photos)
        self.photo_words = _("Photo ({count})").format(count=taken) if taken else _("Photo")

    @staticmethod
    def _kinds(passing: Act | None) -> tuple[Choice, ...]:
        fields = passing.fields if passing else ()
        return next((field.choices for field in fields if field.name == "close_kind"), ())

    def _chip(self, kind: Choice) -> Chip:
        chip = Chip(words=kind.label, chosen=kind.code == self._kind)
        chip.bind(on_release=lambda _: self.choose(kind.code))
        return chip

    def choose(self, kind: str) -> None:
        self._kind = kind
        self._show()

    def look_at_photo(self, photo: PhotoView) -> None:
        self.house.raise_sheet(PhotoSheet(house=self.house, photo=photo))

    # ---- the inspection ------------------------------------------------------------------------------------

    def shoot(self) -> None:
        self.house.shoot(self._taken)

    def _taken(self, jpeg: bytes | None) -> None:
        passing = self._view.passing if self._view else None
        if jpeg is None or passing is None:
            return
        photo = self.house.attempt(lambda: self.tablet.take_in(jpeg, passing.next_stage(self._photos)))
        if photo:
            self._photos = [*self._photos, photo]
            self._show()

    def finish(self) -> None:
        """It is mended as it should be."""
        passing = self._view.passing if self._view else None
        if passing:
            self._carry_out(passing, {"close_kind": self._kind}, [photo.photo_id for photo in self._photos])

    def fail(self) -> None:
        """It is not: the sheet asks which condition is not met."""
        self._ask(self._view.failing if self._view else None)

    def other(self) -> None:
        """It cannot be inspected by this person now."""
        self._ask(self._view.others[0] if self._view and self._view.others else None)

    def _ask(self, act: Act | None) -> None:
        if act:
            photos = list(self._photos) if act.photo != "no" else []
            sheet = ActSheet(house=self.house, act=act, done=self._carry_out, photos=photos)
            self.house.raise_sheet(sheet)

    def _carry_out(self, act: Act, values: dict[str, Any], photos: list[str]) -> None:
        """Back to where one came from; what was done is said there, with a way to take it back."""
        self.house.do(self.case_id, act, values, photos, leaving=True)
