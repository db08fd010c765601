"""Deadlines of a year's cases by the declared calendar, against adding the limit to the start."""

import random
from datetime import UTC, datetime, timedelta

from bench.stage import Stage
from server.calendar.declared import declared_days, declared_years
from server.clock import USUAL, Calendar, due
from server.protocol.pack import Limit

ZONE = "Asia/Shanghai"
SAMPLE = 20_000
KINDS = ("working", "working", "seat", "emergency", "calendar")
PAUSED = 0.1


class Deadlines:
    name = "deadlines"
    what = "deadlines in working time, seat time, minutes and days; one in ten was paused"
    floor_is = "start + limit"
    count = SAMPLE

    def __init__(self, stage: Stage) -> None:
        days = {day.day: day.working for day in declared_days(ZONE)}
        self.calendar = Calendar(ZONE, USUAL, days, declared_years(ZONE))
        draw = random.Random(20261122)
        year = datetime(2026, 1, 1, tzinfo=UTC)
        self.work = []
        for n in range(SAMPLE):
            start = year + timedelta(seconds=draw.randrange(360 * 86_400))
            stood = start + timedelta(minutes=draw.randrange(60))
            pauses = ((stood, stood + timedelta(hours=5)),) if draw.random() < PAUSED else ()
            self.work.append((start, Limit(draw.randrange(15, 5 * 1440), KINDS[n % len(KINDS)]), pauses))

    def floor(self, count: int) -> None:
        for start, limit, _pauses in self.work[:count]:
            start + timedelta(minutes=limit.minutes)

    def figure(self, count: int) -> None:
        for start, limit, pauses in self.work[:count]:
            due(start, limit, self.calendar, pauses)


FIGURES = (Deadlines,)
