"""How far a report is: what is still missing, said on its button, and which photograph comes next."""

from dataclasses import dataclass, replace

from mobile.core.views import CategoryChoice, Draft, Field
from mobile.ui.words import _

SAFE_STAGE = "during"  # of a photo that shows that the place was made safe


def filed(draft: Draft, category: CategoryChoice) -> Draft:
    """The draft under another category; the component of the one before is not of this one."""
    return replace(
        draft,
        category=category.key,
        condition=category.conditions[0].code if category.conditions else "",
        mended=draft.mended and category.may_mend,
        component=draft.component if draft.category in ("", category.key) else "",
    )


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
    def _shown(self) -> int:
        """How many photos show that it was made safe."""
        return sum(photo.stage == SAFE_STAGE for photo in self.draft.photos) if self.safe else 0

    @property
    def _no_photo(self) -> bool:
        seen = len(self.draft.photos) - self._shown
        return bool(self.category and self.category.photo_required and not seen)

    @property
    def _no_barrier(self) -> bool:
        return bool(self.safe and self.category and self.category.safe_photo and not self._shown)

    @property
    def next_stage(self) -> str:
        """What the next photograph will show: what is wrong first, then what was done about it."""
        if self.draft.mended:
            return "after"
        return SAFE_STAGE if self.safe and not self._no_photo else "before"

    @property
    def photo_note(self) -> str:
        if self.category is None:
            return ""
        if self.safe and self.category.safe_photo:
            return _("One photo of what is wrong, one of what makes it safe.")
        return self.category.photo_note

    # Sending ------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """The button can be pressed; with empty details it leads to them."""
        return self.category is not None and not (self._no_photo or self._no_barrier)

    @property
    def submit_words(self) -> str:
        if self.category is None:
            return _("First choose what it is")
        if self._no_photo:
            return _("Take a photo first")
        if self._no_barrier:
            return _("Take a photo of what makes it safe")
        if self.empty:
            return _("Fill in the details")
        return _("Report as mended") if self.draft.mended else _("Send the report")
