"""The errand on Android: a thread beside the window, and a foreground service when the window goes with things unsent.

The service is a process of its own (mobile/platform/android/sending.py, declared in buildozer.spec). The two never
sync at once: a lock on a file keeps them apart. It ends by itself when nothing waits.
"""

import json
from pathlib import Path

from mobile.platform.android import activity, java
from mobile.platform.desktop import ThreadBackground

SERVICE = "org.xunge.xunge.ServiceSending"  # package.domain + package.name + the name in buildozer.spec


def argument(home: Path, language: str) -> str:
    """What the service is told, as it travels in an intent."""
    return json.dumps({"home": str(home), "language": language}, ensure_ascii=False)


def told(words: str) -> tuple[Path, str]:
    """Where the tablet lies and which language it speaks, from `argument`. Raises ValueError, KeyError."""
    found = json.loads(words)
    return Path(found["home"]), str(found["language"])


class AndroidBackground(ThreadBackground):
    """Runs beside the window like a desktop's; `leave` starts the service when something waits."""

    def __init__(self, home: Path, language: str) -> None:
        super().__init__()
        self._home, self._language = home, language

    def leave(self, waiting: int) -> None:
        if waiting:
            java(SERVICE).start(activity(), argument(self._home, self._language))
