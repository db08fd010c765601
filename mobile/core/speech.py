"""The worker's language and local time: what all presenters word their sentences with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.locale import gettext_for
from server.protocol import words
from server.protocol.pack import Category, Condition, Limit, Pack, limit_words


def _(msgid: str) -> str:
    return msgid


WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


class Speech:
    """One language and one time zone. `say` translates an English msgid and fills in its parameters."""

    def __init__(self, language: str, timezone: str) -> None:
        self.language = language
        self.zone = ZoneInfo(timezone)
        self.translate = gettext_for(language)

    def say(self, msgid: str, /, **params: Any) -> str:
        words = self.translate(msgid)
        return words.format(**params) if params else words

    def named(self, names: Mapping[str, str]) -> str:
        """A name out of the pack in this language, Chinese where it has none."""
        return names.get(self.language) or names.get("zh-CN") or ""

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"

    def moment(self, at: datetime, now: datetime) -> str:
        """The clock time, with the day when it is not today's."""
        day, today = at.astimezone(self.zone).date(), now.astimezone(self.zone).date()
        if day == today:
            return self.clock(at)
        if day == today - timedelta(days=1):
            return self.say("yesterday {clock}", clock=self.clock(at))
        if day == today + timedelta(days=1):
            return self.say("tomorrow {clock}", clock=self.clock(at))
        return (
            f"{at.astimezone(self.zone):%m-%d %H:%M}"
            if day.year == today.year
            else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"
        )

    def day(self, now: datetime) -> str:
        """The local day with its weekday."""
        local = now.astimezone(self.zone)
        return self.say(
            "{month}/{day} {weekday}",
            month=local.month,
            day=local.day,
            weekday=self.say(WEEKDAYS[local.weekday()]),
        )

    def left(self, due_at: datetime, now: datetime) -> str:
        """What is left of a deadline, in words."""
        return words.remaining_words(due_at, now, self.zone, self.translate)

    def limit(self, limit: Limit) -> str:
        """A time limit with the kind of time that it runs in."""
        return limit_words(limit, self.translate)

    def metres(self, metres: float, step: int = 10) -> str:
        """A distance as people say it, rounded to `step` metres."""
        if metres < 1000:
            return self.say("{n} m", n=max(step, round(metres / step) * step))
        return self.say("{n} km", n=f"{metres / 1000:.1f}")

    def size(self, count: int) -> str:
        """Bytes as people read them."""
        for unit, step in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
            if count >= step:
                return f"{count / step:.1f} {unit}"
        return f"{count} B"

    def matter(self, pack: Pack | None, system: str, code: str, condition: str, fallback: str = "") -> str:
        """What a case is about: its category, with the condition where the category has several."""
        category = pack.category(system, code) if pack else None
        if category is None:
            return fallback or self.say("Case")
        chosen = category.condition(condition)
        return self.matter_of(category, chosen if len(category.conditions) > 1 else None)

    def matter_of(self, category: Category, condition: Condition | None) -> str:
        name = self.named(category.names)
        return (
            self.say("{category}: {condition}", category=name, condition=self.named(condition.names))
            if condition
            else name
        )
