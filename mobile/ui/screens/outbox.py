"""Outbox: everything not yet confirmed, what, since when, why, and what to do; never empty by accident."""

from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import Act, Field, NextStep, OutboxItem, OutboxView
from mobile.ui.page import Page
from mobile.ui.screens.act import ActSheet
from mobile.ui.widgets.rows import Group, OutItem
from mobile.ui.words import _


class Outbox(Page):
    full = BooleanProperty(True)
    done = StringProperty()

    place_in_rail = "outbox"

    def pour(self) -> None:
        super().pour()
        self.title = _("Outbox")
        self.place = _("Everything that the office has not confirmed stands here; nothing leaves by itself")
        self.pour_notices(())
        outbox = self.tablet.outbox()
        self.done = outbox.done
        self.full = bool(outbox.needs_you or outbox.changed or outbox.waiting)
        self.fill("groups", outbox, lambda: self._groups(outbox))

    def _groups(self, outbox: OutboxView) -> list[Any]:
        groups = (
            (_("Needs you"), outbox.needs_you_note, outbox.needs_you),
            (_("Took effect, but changed"), outbox.changed_note, outbox.changed),
            (_("Waiting to be sent"), outbox.waiting_note, outbox.waiting),
        )
        found: list[Any] = []
        for words, note, items in groups:
            if items:
                found.append(Group(words=words, note=note))
                found += [self._item(item) for item in items]
        return found

    def _item(self, item: OutboxItem) -> OutItem:
        return OutItem(
            icon=item.icon,
            mood=item.mood,
            status=item.status,
            title=item.title,
            since=item.since,
            why=item.why,
            steps=list(item.steps),
            takes=lambda step: self.take(item, step),
        )

    def take(self, item: OutboxItem, step: NextStep) -> None:
        if step.step == "open_case":
            self.house.show("case", case_id=item.case_id)
        elif step.asks_reason:
            reason = Field("reason", _("Reason"), "long", required=True)
            act = Act(step.step, step.label, step.icon, fields=(reason,))
            sheet = ActSheet(
                house=self.house,
                act=act,
                done=lambda _act, values, _photos: self._carry_out(item, step, values["reason"]),
            )
            self.house.raise_sheet(sheet)
        else:
            self._carry_out(item, step, "")

    def _carry_out(self, item: OutboxItem, step: NextStep, reason: str) -> None:
        self.house.lower()
        draft = self.house.attempt(lambda: self.tablet.outbox_act(item.command_id, step.step, reason))
        if draft is not None:
            self.house.show("report")
        else:
            self.house.refresh()
