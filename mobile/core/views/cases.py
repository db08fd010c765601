"""Cases: rows in a list, the page of one, today, the timeline."""

from dataclasses import dataclass

from mobile.core.views.basics import Mood
from mobile.core.views.forms import Act, PhotoView
from mobile.core.views.person import Fact, NoticeView


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
class CaseMark:
    """A case that has a place, as the map shows it."""

    case_id: str
    lon: float
    lat: float
    mood: Mood
    caption: str


@dataclass(frozen=True)
class CaseMapView:
    """The map's cases under a filter; `without_place` of them cannot be shown on it."""

    place: str
    filters: "tuple[FilterView, ...]"
    chosen: str
    marks: tuple[CaseMark, ...]
    without_place: int


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
    unread: int = 0  # messages
    notices: tuple[NoticeView, ...] = ()


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
class StepView:
    """One line of the timeline. `local`: still in the outbox, the office does not know it yet."""

    icon: str
    title: str
    words: str
    when: str
    local: bool = False


@dataclass(frozen=True)
class CaseView:
    """The page of one case."""

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
    acts_note: str  # what others do now, and what is only done at a desk
    pending: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True)
class InspectView:
    """A mended case for who inspects it: how it was beside how it is now, and what it is measured by."""

    case_id: str
    title: str
    place: str
    mood: Mood
    due: str
    due_note: str
    before: tuple[PhotoView, ...]
    after: tuple[PhotoView, ...]
    reported: str  # what was seen
    done: str  # what was done
    closing: str  # the condition for closing
    note: str  # a photo that has not come yet, or what the outbox will do; "" for nothing
    passing: Act | None  # None when it cannot be passed (any more)
    failing: Act | None
    others: tuple[Act, ...]
