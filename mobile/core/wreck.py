"""A tablet whose file cannot be opened: says so, saves what can be read when the worker asks for it, resets nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile.core.rescue import Rescued, rescue
from mobile.core.seal import KeyFile, Keys
from mobile.core.speech import Speech
from mobile.core.steps import TooNew
from mobile.core.store import Damaged
from mobile.core.tablet import Tablet

TIMEZONE = "UTC"


@dataclass(frozen=True)
class WreckView:
    """What is wrong, in sentences, and the one thing to do ("" for none)."""

    heading: str
    words: tuple[str, ...]
    act: str


class Wreck:
    """Stands in the tablet's place until `open` gives a whole one."""

    def __init__(
        self, home: Path, problem: Exception, language: str, keys: Keys, make: Callable[[], Tablet]
    ) -> None:
        self.home, self.problem, self.open = home, problem, make
        self.speech = Speech(language, TIMEZONE)
        self._keys = keys
        self.rescued: Rescued | None = None

    @property
    def view(self) -> WreckView:
        say = self.speech.say
        if isinstance(self.problem, TooNew):
            return WreckView(
                say("This app is older than what is on the tablet"),
                (say("Update the app. Everything captured is kept as it is."),),
                "",
            )
        if self.rescued is None:
            return WreckView(
                say("The tablet's memory is damaged"),
                (
                    say("A part of it cannot be read any more. Nothing was deleted and nothing was reset."),
                    say(
                        "What you captured is now read out, piece by piece, and saved in a file for the office."
                    ),
                ),
                say("Save what can be read"),
            )
        saved = self.rescued
        return WreckView(
            say("Saved: {n} entries, {m} photos", n=saved.commands, m=saved.photos),
            (
                say("All entries were whole.")
                if not saved.unreadable
                else say("{n} entries cannot be read. Tell your office what they were.", n=saved.unreadable),
                say(
                    "The tablet goes on with them and sends them by itself; what has arrived never counts twice."
                ),
                say("The file for the office is {file}.", file=saved.archive),
                say("The damaged memory was kept beside it. Cases are fetched again."),
            ),
            say("Go on"),
        )

    def save(self) -> None:
        """Reads out what can be read and puts it in the damaged one's place."""
        self.rescued = rescue(self.home, self._keys.device_key(), datetime.now(UTC))


def open_tablet(
    home: Path, language: str = "zh-CN", keys: Keys | None = None, **parts: Any
) -> Tablet | Wreck:
    """The tablet of `home` with its adapters, or what stands in its place when its file cannot be opened."""
    keys = keys or KeyFile(home / "device.key")

    def make() -> Tablet:
        return Tablet(home, keys=keys, **parts)

    try:
        return make()
    except (Damaged, TooNew) as problem:
        return Wreck(home, problem, language, keys, make)
