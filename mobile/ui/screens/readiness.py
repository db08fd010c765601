"""How far a report is: what is still missing, said on its button, and which photograph comes next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mobile.core.views import CategoryChoice, Draft, Field, PhotoView, not_shown
from mobile.ui.words import _
from server.protocol.stages import BY_ACT, OTHERWISE, of_making_safe
from server.protocol.words import STAGE_WORDS


def filed(draft: Draft, category: CategoryChoice) -> Draft:
    """The draft under another category; the component of the one before is not of this one."""
    return replace(
        draft,
        category=category.key,
        condition=category.conditions[0].code if category.conditions else "",
        mended=draft.mended and category.may_mend,
        component=draft.component if draft.category in ("", category.key) else "",
    )


def stage_words(stages: Iterable[str]) -> str:
    """Stages one after the other, in words."""
    return _(", ").join(_(STAGE_WORDS[stage]) for stage in stages)


def take_first(missing: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """That a photo must be taken first; where more than one is wanted, of which stage."""
    if len(wanted) < 2:
        return _("Take a photo first")
    return _("Take a photo first: {stage}").format(stage=_(STAGE_WORDS[missing[0]]))


@dataclass(frozen=True)
class Readiness:
    """Reads a draft against its category; `resident` are the fields for whom a resident told it."""

    draft: Draft
    category: CategoryChoice | None
    resident: tuple[Field, ...]

    @property
    def danger(self) -> bool:
        """The chosen condition is an emergency that is not mended already."""
        conditions = self.category.conditions if self.category else ()
        chosen = next((found for found in conditions if found.code == self.draft.condition), None)
        return bool(chosen and chosen.danger) and not self.draft.mended

    @property
    def safe(self) -> bool:
        return self.danger and self.draft.safe

    # Details ------------------------------------------------------------------------------------------------

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is asked of this category, and of a resident when there is one."""
        own = self.category.form if self.category else ()
        return (*own, *(self.resident if self.draft.behalf else ()))

    @property
    def empty(self) -> list[str]:
        """The names of the fields that must be filled and are not."""
        return [f.label for f in self.fields if f.required and not self.draft.form.get(f.name)]

    @property
    def details_title(self) -> str:
        if self.draft.behalf:
            return _("On behalf of a resident")
        return _("Details") if self.fields else _("Did a resident tell you?")

    @property
    def details_note(self) -> str:
        if self.empty:
            return _("Still needed: {fields}").format(fields=" · ".join(self.empty))
        given = [self._said(field) for field in self.fields if self.draft.form.get(field.name)]
        return " · ".join(given) or (_("May stay empty") if self.fields else "")

    def _said(self, field: Field) -> str:
        answer = self.draft.form[field.name]
        return next((choice.label for choice in field.choices if choice.code == answer), answer)

    # Photographs --------------------------------------------------------------------------------------------

    @property
    def _of_safety(self) -> tuple[PhotoView, ...]:
        """The photos that show that it was made safe."""
        if not (self.safe and self.category):
            return ()
        stages = [(photo.photo_id, photo.stage) for photo in self.draft.photos]
        names = {name for name, _stage in of_making_safe(stages, self.category.photos)}
        return tuple(photo for photo in self.draft.photos if photo.photo_id in names)

    @property
    def _act(self) -> str:
        return "self_handle" if self.draft.mended else "report"

    def _wanted(self, act: str) -> tuple[str, ...]:
        return self.category.photos.get(act, ()) if self.category else ()

    @property
    def _missing(self) -> tuple[str, ...]:
        """The stages of which the report itself still lacks a photo."""
        own = [photo for photo in self.draft.photos if photo not in self._of_safety]
        return not_shown(self._wanted(self._act), own)

    @property
    def _no_barrier(self) -> bool:
        return self.safe and bool(not_shown(self._wanted("make_safe"), self._of_safety))

    @property
    def next_stage(self) -> str:
        """What the next photograph will show: what is wrong first, then what was done about it."""
        act, missing = self._act, self._missing
        if self.safe and not missing:
            act, missing = "make_safe", not_shown(self._wanted("make_safe"), self._of_safety)
        return (*missing, *self._wanted(act)[-1:], BY_ACT.get(act, OTHERWISE))[0]

    @property
    def photo_note(self) -> str:
        if self.category is None:
            return ""
        if self.safe and self._wanted("make_safe"):
            return _("One photo of what is wrong, one of what makes it safe.")
        return self.category.photo_note

    # Sending ------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """The button can be pressed; with empty details it leads to them."""
        return self.category is not None and not (self._missing or self._no_barrier)

    @property
    def submit_words(self) -> str:
        if self.category is None:
            return _("First choose what it is")
        if self._missing:
            return take_first(self._missing, self._wanted(self._act))
        if self._no_barrier:
            return _("Take a photo of what makes it safe")
        if self.empty:
            return _("Fill in the details")
        return _("Report as mended") if self.draft.mended else _("Send the report")
