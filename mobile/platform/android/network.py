"""What Android says about the network: what it costs, and a hint when it thinks that one came up."""

from collections.abc import Callable
from typing import Any

from mobile.platform.android import system

CHANGED = "android.net.conn.CONNECTIVITY_CHANGE"


class AndroidNetwork:
    """The default network of this tablet."""

    def __init__(self) -> None:
        self._receiver: Any = None  # one that nobody holds hears nothing any more

    def metered(self) -> bool:
        manager = system("connectivity", "android.net.ConnectivityManager")
        return bool(manager.isActiveNetworkMetered())

    def listen(self, hint: Callable[[], None]) -> None:
        from android.broadcast import BroadcastReceiver

        self._receiver = BroadcastReceiver(lambda _context, _intent: hint(), actions=[CHANGED])
        self._receiver.start()
