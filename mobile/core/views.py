"""What the tablet's core tells its window: plain frozen records, every sentence already in the chosen language.

Together with face.py this is the whole contract between `mobile.core` and `mobile.ui`: the window draws what it gets
and words nothing about cases itself; the core knows no Kivy. Coordinates are degrees, EPSG:4326, lon before lat;
lengths are metres.
"""

from dataclasses import dataclass
from typing import Literal

Mood = Literal["ontime", "soon", "overdue", "closed", "paused"]
"""How a deadline stands; the window draws shape and colour from it. "paused" is suspended (two bars in grey)."""

LonLat = tuple[float, float]
Ring = tuple[LonLat, ...]

UNDO_SECONDS = 5


class Refusal(Exception):
    """The tablet cannot do this now; `str()` is a sentence for the worker in the chosen language."""


@dataclass(frozen=True)
class Position:
    """Where the tablet is or where a finger put the pin; fields are those of the wire (sync.md)."""

    lon: float
    lat: float
    accuracy_m: float
    provider: str = "gps"
    fix_age_s: float = 0.0
    is_mock: bool = False
    placed_by_hand: bool = False


@dataclass(frozen=True)
class Settings:
    """What the worker chose for this tablet; kept by the core."""

    language: str = "zh-CN"  # zh-CN | en
    text_size: float = 1.0  # 1.0 | 1.2 | 1.4
    theme: str = "day"  # day | night | sun


@dataclass(frozen=True)
class PersonView:
    """Whose tablet this is. `place` is the path down the tree ("柳荫街道 › 杏花社区"), `grids` the grids in words."""

    name: str
    role: str
    organisation: str
    place: str
    grids: str
    grid_codes: tuple[str, ...]


@dataclass(frozen=True)
class LinkView:
    """How the line to the office stands. "stopped": enrolment expired, revoked or an update is needed."""

    state: Literal["online", "offline", "syncing", "stopped"]
    sentence: str


@dataclass(frozen=True)
class NoticeView:
    """A strip that says what is wrong, what still works, and one thing to do (`act` names it, "" for none)."""

    icon: str
    mood: Mood
    title: str
    words: str
    act: Literal["", "me", "outbox", "enrol", "place"] = ""
    act_label: str = ""


@dataclass(frozen=True)
class CaseRow:
    """A case in a list and as a mark on the map. `pending` says what the outbox will do to it, "" for nothing."""

    case_id: str
    title: str  # "核查 · 污水井盖破损": what is to be done or the state, then the category (a care visit is "走访")
    place: str  # "杏花路 18 号 · 120 米"
    mood: Mood
    due: str  # "2 h left", "overdue by 25 min", or "closed"
    due_note: str  # the clock time of it
    photo_id: str = ""
    pending: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True)
class TodayView:
    """The home screen: the worker's to-dos by deadline, then distance."""

    title: str  # "今日 · 11月21日 星期六"
    place: str
    heading: str  # "待办 5 件"
    todos: tuple[CaseRow, ...]
    outbox_line: str  # one line, also when nothing waits
    outbox_note: str
    outbox_count: int
    needs_you: int
    notices: tuple[NoticeView, ...] = ()


@dataclass(frozen=True)
class MessageView:
    """One thing that the worker was told, in the words of the office; `case_id` is "" when that case is not here."""

    number: str
    case_id: str
    sentence: str
    urgent: bool
    at: str


@dataclass(frozen=True)
class GridShape:
    """One node of the grid tree as outlines; `level` 0 district … 3 grid; `mine`: in the worker's scope at level 3."""

    code: str
    name: str
    level: int
    mine: bool
    rings: tuple[Ring, ...]  # exteriors and holes of all parts, closed (first = last)


@dataclass(frozen=True)
class BaseShape:
    """A piece of the light basemap: an area (water, green, building) or a line (road)."""

    kind: Literal["water", "green", "building", "road"]
    rings: tuple[Ring, ...]
    name: str = ""


@dataclass(frozen=True)
class MapShapes:
    """What the map draws under the cases; `version` changes when any of it does (the window builds it once)."""

    version: str
    grids: tuple[GridShape, ...]
    base: tuple[BaseShape, ...] = ()


@dataclass(frozen=True)
class PlaceView:
    """What is known of a point, for the report: place in words, its accuracy, and whose it is."""

    words: str  # "杏花路 18 号附近 · 3-02 网格", or both grids when the circle crosses a border
    precision: str  # "准到 14 米，可拖动"
    grid_code: str  # "" outside every grid
    candidates: tuple[str, ...]
    mine: bool


@dataclass(frozen=True)
class ConditionChoice:
    code: str
    name: str
    limit: str  # "4 工作时"


@dataclass(frozen=True)
class CategoryChoice:
    """One thing that can be reported. `icon` is a name of `mobile.ui.icons`; `initials` pinyin ones for the search."""

    key: str  # "urban/event/0110": the value for `report`
    name: str
    note: str  # code, limit, "当场可处理"
    icon: str
    initials: str
    conditions: tuple[ConditionChoice, ...]
    photo_required: bool
    may_mend: bool  # "mended on the spot" is allowed
    photo_note: str  # "本类不必须拍照"
    mended_note: str  # "提交后直接结案，不派遣", or why it is not allowed


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


@dataclass(frozen=True)
class PhotoView:
    """`has_bytes`: the picture is on this tablet; else only its caption can be shown."""

    photo_id: str
    caption: str
    stage: str  # before | during | after | inspection
    has_bytes: bool


@dataclass(frozen=True)
class Draft:
    """The one report being written; kept at every change, gone when it is reported."""

    category: str = ""
    condition: str = ""
    position: Position | None = None
    sentence: str = ""
    photos: tuple[PhotoView, ...] = ()
    mended: bool = False
    saved: str = ""  # "草稿自动保存 · 10:42", "" for a fresh one; ignored by save_draft


@dataclass(frozen=True)
class FilterView:
    code: str
    label: str
    count: int


@dataclass(frozen=True)
class CasesView:
    """One page of "my cases"; `next` is the `after` of the following page, "" at the end."""

    place: str
    filters: tuple[FilterView, ...]
    chosen: str
    rows: tuple[CaseRow, ...]
    next: str
    empty_title: str
    empty_words: str


@dataclass(frozen=True)
class Fact:
    name: str
    words: str


@dataclass(frozen=True)
class StepView:
    """One line of the timeline. `local`: still in the outbox, the office does not know it yet."""

    icon: str
    title: str
    words: str
    when: str
    local: bool = False


@dataclass(frozen=True)
class Choice:
    code: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """One thing that an act asks: `text` one line, `long` more, `choice` one of, `choices` some of `choices`;
    `long` with choices: words to start from."""

    name: str
    label: str
    kind: Literal["text", "long", "choice", "choices", "number", "date"]
    required: bool
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    value: str = ""


@dataclass(frozen=True)
class Act:
    """An action that the workflow table allows this person now; its fields in the order of asking."""

    action: str
    label: str
    icon: str
    fields: tuple[Field, ...] = ()
    primary: bool = False
    photo: Literal["no", "may", "must"] = "no"
    stage: str = "during"  # of photos taken for it
    sentence: str = ""  # what it will do


@dataclass(frozen=True)
class CaseView:
    case_id: str
    title: str
    place: str  # "2026-1121-0083 · 部件 0102 · 3-02 网格"
    mood: Mood
    due: str
    due_note: str
    facts: tuple[Fact, ...]
    photos: tuple[PhotoView, ...]
    steps_note: str  # "七步走到第 6 步 · 核查结案"
    steps: tuple[StepView, ...]
    acts: tuple[Act, ...]
    acts_note: str  # what others do now, and why there is no button
    pending: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True)
class NextStep:
    """What the worker may do about an outbox item, handed back to `outbox_act`. `asks_reason`: a sentence is needed.

    `edit` answers with a draft: the window opens the report screen.
    """

    step: Literal["edit", "ask_office", "discard", "seen", "open_case", "undo", "let_go"]
    label: str
    icon: str = ""
    asks_reason: bool = False


@dataclass(frozen=True)
class OutboxItem:
    command_id: str
    icon: str
    mood: Mood  # overdue and soon mean "needs you" here
    status: str
    title: str
    since: str
    why: str
    steps: tuple[NextStep, ...] = ()
    case_id: str = ""


@dataclass(frozen=True)
class OutboxView:
    """Everything not yet confirmed, in three groups, and a sentence about each; `done` is for the empty outbox."""

    needs_you: tuple[OutboxItem, ...]
    changed: tuple[OutboxItem, ...]
    waiting: tuple[OutboxItem, ...]
    needs_you_note: str
    changed_note: str
    waiting_note: str
    done: str


@dataclass(frozen=True)
class MeView:
    """What this tablet knows about its worker, item by item."""

    place: str  # name, organisation, device
    sync_note: str
    storage_note: str
    storage_left: str
    knows: tuple[Fact, ...]
    record_number: str  # 备案编号 of the app
