"""What is filled in: the report form with its draft, and the fields of an act."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mobile.core.views.ground import Position
from mobile.core.views.person import NoticeView


@dataclass(frozen=True)
class Choice:
    code: str
    label: str
    note: str = ""


FieldKind = Literal["text", "long", "choice", "choices", "number", "phone", "date", "time", "category"]


@dataclass(frozen=True)
class Field:
    """One thing that is asked: `text` one line, `long` more, `choice` one of, `choices` some of `choices`; `time` one
    of some moments (their codes are handed back as they are); `category` the code of one out of the tree.

    `long` with choices: words to start from; `date` with choices: days to start from (2026-11-22). `asked_if` =
    (another field, its value): asked, and then required, only where that was answered so. `private`: personal data.
    """

    name: str
    label: str
    kind: FieldKind
    required: bool
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    value: str = ""
    asked_if: tuple[str, str] | None = None
    private: bool = False


@dataclass(frozen=True)
class Act:
    """An action that the workflow table allows this person now; its fields in the order of asking.

    `primary`: it waits for this person; `near`: it is natural at this step; the others are seldom wanted. `danger`:
    somebody may be hurt until it is done.
    """

    action: str
    label: str
    icon: str
    fields: tuple[Field, ...] = ()
    primary: bool = False
    photo: Literal["no", "may", "must"] = "no"
    stages: tuple[str, ...] = ("during",)  # of photos taken for it; where they must be, one of each
    sentence: str = ""  # what it will do
    near: bool = False
    danger: bool = False

    def missing(self, photos: "Iterable[PhotoView]") -> tuple[str, ...]:
        """The stages of which a photo must come with it and none is among `photos`."""
        return not_shown(self.stages, photos) if self.photo == "must" else ()

    def next_stage(self, photos: "Iterable[PhotoView]") -> str:
        """What the next photo shows: the first stage that none of `photos` shows, else the last."""
        return (*not_shown(self.stages, photos), self.stages[-1])[0]


@dataclass(frozen=True)
class PhotoView:
    """`has_bytes`: the picture is on this tablet; else only its caption can be shown."""

    photo_id: str
    caption: str
    stage: str  # before | during | after | inspection
    has_bytes: bool


def not_shown(stages: Iterable[str], photos: Iterable[PhotoView]) -> tuple[str, ...]:
    """Those of `stages` that none of the photos shows."""
    shown = {photo.stage for photo in photos}
    return tuple(stage for stage in stages if stage not in shown)


@dataclass(frozen=True)
class ConditionChoice:
    code: str
    name: str
    limit: str  # "4 工作时"
    danger: bool = False  # an emergency: make it safe first


@dataclass(frozen=True)
class CategoryChoice:
    """One thing that can be reported. `icon` is a name of `mobile.ui.icons`; `initials` pinyin ones for the search."""

    key: str  # "urban/event/0110": the value for `report`
    name: str
    note: str  # code, limit, "当场可处理"
    icon: str
    initials: str
    conditions: tuple[ConditionChoice, ...]
    may_mend: bool  # "mended on the spot" is allowed
    photo_note: str  # "本类不必须拍照"
    mended_note: str  # "提交后直接结案，不派遣", or why it is not allowed
    form: tuple[Field, ...] = ()  # what this category asks beside the sentence
    photos: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # by act the stages that must be shown


@dataclass(frozen=True)
class CategoryMajor:
    """A branch of the category tree."""

    name: str
    categories: tuple[CategoryChoice, ...]


@dataclass(frozen=True)
class ReportForm:
    """`tiles`: recent and frequent ones (up to 12); `tree`: all of them. `can_shoot` is False when storage is full."""

    tiles: tuple[CategoryChoice, ...]
    tree: tuple[CategoryMajor, ...]
    can_shoot: bool = True
    notices: tuple[NoticeView, ...] = ()
    resident: tuple[Field, ...] = ()  # what is asked of a resident on whose behalf it is reported


@dataclass(frozen=True)
class Draft:
    """The one report being written; kept at every change, gone when it is reported.

    `form` = answers by field name; `behalf`: a resident told it, whose name and telephone are among the answers.
    `safe`: the worker made the place safe; photos of stage "during" show that. `component`: the code of the one that it
    is about, "" for none.
    """

    category: str = ""
    condition: str = ""
    position: Position | None = None
    sentence: str = ""
    photos: tuple[PhotoView, ...] = ()
    mended: bool = False
    safe: bool = False
    behalf: bool = False
    form: Mapping[str, str] = field(default_factory=dict)
    component: str = ""
    saved: str = ""  # "草稿自动保存 · 10:42", "" for a fresh one; ignored by save_draft
