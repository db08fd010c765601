"""A time limit in words, the same on tablet and console."""

from collections.abc import Callable

from server.protocol.pack.data import _
from server.protocol.pack.shape import WORKING_DAY_MINUTES, Limit

LIMIT_WORDS = {
    "emergency": (_("{n} min, day and night"), _("{n} h, day and night"), _("{n} d, day and night")),
    "seat": (_("{n} min"), _("{n} h"), _("{n} d")),
    "working": (_("{n} working min"), _("{n} working h"), _("{n} working d")),
    "calendar": (_("{n} min"), _("{n} h"), _("{n} d")),
    "fixed": (_("{n} min"), _("{n} h"), _("{n} d")),
}


def limit_words(limit: Limit, translate: Callable[[str], str]) -> str:
    """A limit with the kind of time that it runs in, in its largest whole unit."""
    minutes, hours, days = LIMIT_WORDS[limit.time_kind]
    day = WORKING_DAY_MINUTES if limit.time_kind == "working" else 1440
    if limit.minutes % day == 0:
        return translate(days).format(n=limit.minutes // day)
    if limit.minutes % 60 == 0:
        return translate(hours).format(n=limit.minutes // 60)
    return translate(minutes).format(n=limit.minutes)
