"""Sending on after the window was closed: a process of its own that never learns the PIN, and ends when nothing waits.

Android starts it as a foreground service (buildozer.spec, platform/android/background.py); `python -m mobile.service
--home DIR` is the same on a desktop. It makes the same rounds by the same core; what comes down lies shut until
somebody unlocks the tablet.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from mobile.core.seal import Keys
from mobile.core.steps import TooNew
from mobile.core.store import Damaged
from mobile.core.tablet import Tablet
from mobile.core.transport import Transport
from mobile.platform.ports import Network

MOST_HOURS = 12.0
log = logging.getLogger(__name__)


def send_on(
    home: Path,
    notify: Callable[[str, int], None],
    ended: threading.Event,
    keys: Keys | None = None,
    network: Network | None = None,
    transport: Transport | None = None,
) -> int:
    """Goes on until nothing waits, `ended` is set, or half a day is over; `notify` gets the link in words and how much
    waits. Gives what is left.
    """
    tablet = Tablet(home, transport=transport, keys=keys, network=network, attended=False)
    try:
        tablet.on_change(lambda: notify(tablet.link.sentence, tablet.unsent))
        return _rounds(tablet, ended)
    finally:
        tablet.close()


def _rounds(tablet: Tablet, ended: threading.Event) -> int:
    left = MOST_HOURS * 3600
    while tablet.enrolled and tablet.unsent and left > 0 and not ended.is_set():
        tablet.errand.turn()
        if not tablet.unsent:
            break
        pause = tablet.errand.pause()
        left -= pause
        ended.wait(pause)
    return tablet.unsent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m mobile.service", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where the tablet keeps its state")
    wanted = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def tell(sentence: str, waiting: int) -> None:
        print(f"{waiting} · {sentence}", flush=True)

    try:
        left = send_on(wanted.home, tell, ended)
    except (Damaged, TooNew) as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        return 1
    print(left, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
