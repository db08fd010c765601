"""One case: its deadline, photographs, facts, what happened, and exactly the acts that the workflow allows now."""

from typing import Any

from kivy.metrics import dp
from kivy.properties import ListProperty, StringProperty

from mobile.core.views import Act, CaseView, PhotoView, StepView
from mobile.ui.page import Page
from mobile.ui.screens.act import ActSheet, MoreSheet
from mobile.ui.screens.photo import PhotoSheet
from mobile.ui.widgets.buttons import Primary, Segment, Warn
from mobile.ui.widgets.map import Mark
from mobile.ui.widgets.rows import Fact, Step
from mobile.ui.words import _

CLOSE_LOOK = 1.3  # pixels a metre


class Case(Page):
    case_id = StringProperty()
    mood = StringProperty("closed")
    due = StringProperty()
    due_note = StringProperty()
    pending = StringProperty()
    photos = ListProperty()
    steps_note = StringProperty()
    acts_note = StringProperty()

    def __init__(self, **kwargs: Any) -> None:
        self._shown: CaseView | None = None
        self._more: list[Act] = []
        super().__init__(**kwargs)

    def pour(self) -> None:
        super().pour()
        case = self.tablet.case(self.case_id)
        if case == self._shown:
            return
        for name in ("title", "place", "mood", "due", "due_note", "pending", "steps_note", "acts_note"):
            setattr(self, name, getattr(case, name))
        self.photos = list(case.photos)
        self.fill("facts", case.facts, lambda: [Fact(name=f.name, words=f.words) for f in case.facts])
        self.fill("steps", case.steps, lambda: [self._step(step, case) for step in case.steps])
        self._show_acts(case)
        self._show_map(case, first=self._shown is None)
        self._shown = case

    @staticmethod
    def _step(step: StepView, case: CaseView) -> Step:
        return Step(
            icon=step.icon,
            title=step.title,
            words=step.words,
            when=step.when,
            local=step.local,
            last=step is case.steps[-1],
        )

    def _show_acts(self, case: CaseView) -> None:
        danger = [act for act in case.acts if act.danger]
        main = [act for act in case.acts if act.primary]
        near = [act for act in case.acts if act.near and not act.danger]
        more = [act for act in case.acts if not (act.primary or act.near or act.danger)]
        self.fill("danger", danger, lambda: [self._button(Warn, act) for act in danger])
        self.fill("primary", main, lambda: [self._button(Primary, act) for act in main])
        self.fill("others", (near, more), lambda: self._others(near, more))

    def _others(self, near: list[Act], more: list[Act]) -> list[Any]:
        """Beside the act that waits; a single further one needs no sheet of its own."""
        if len(more) == 1:
            near, more = [*near, *more], []
        buttons = [self._button(Segment, act) for act in near]
        self._more = more
        if more:
            rest = Segment(icon="more", words=_("More ({count})").format(count=len(more)))
            rest.bind(on_release=self.show_more)
            buttons.append(rest)
        return buttons

    def show_more(self, *_: Any) -> None:
        """The acts that are seldom wanted, each with what it will do."""
        self.house.raise_sheet(MoreSheet(house=self.house, acts=self._more, begin=self.begin))

    def _button(self, kind: type, act: Act) -> Any:
        words, icon = act.label, act.icon
        if act.action == "pass":
            words, icon = _("Compare and inspect"), "compare"
        elif act.danger:
            words = _("Make safe first")
        button = kind(icon=icon, words=words)
        button.bind(on_release=lambda _: self.begin(act))
        return button

    def _show_map(self, case: CaseView, first: bool) -> None:
        view = self.ids.map
        self.pour_map(view)
        if case.lon is None or case.lat is None:
            view.height = dp(0)
            return
        view.marks = [Mark(self.case_id, case.lon, case.lat, case.mood, _("This case"))]
        if first:
            view.look_at(case.lon, case.lat, CLOSE_LOOK)

    def look_at_photo(self, photo: PhotoView) -> None:
        self.house.raise_sheet(PhotoSheet(house=self.house, photo=photo))

    def begin(self, act: Act) -> None:
        """One tap where nothing is asked; else a sheet with what is, and for an inspection a screen to compare on."""
        if act.action == "pass":
            self.house.show("inspect", case_id=self.case_id)
        elif act.fields or act.photo != "no":
            self.house.raise_sheet(ActSheet(house=self.house, act=act, done=self.carry_out))
        else:
            self.carry_out(act, {}, [])

    def carry_out(self, act: Act, values: dict[str, Any], photos: list[str]) -> None:
        self.house.do(self.case_id, act, values, photos)
