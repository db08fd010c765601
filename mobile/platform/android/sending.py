"""The foreground service: sends on after the window was closed, and says so in a notification.

python-for-android starts this file in a process of its own; PYTHON_SERVICE_ARGUMENT holds what background.py told it.
"""

import os
import threading
from typing import Any

from mobile.core.speech import Speech
from mobile.platform.android import java, system
from mobile.platform.android.background import told
from mobile.platform.android.keystore import AndroidKeys
from mobile.platform.android.network import AndroidNetwork
from mobile.service import send_on

CHANNEL, NUMBER = "sending", 1


def _(msgid: str) -> str:
    return msgid


def words(sentence: str, waiting: int, speech: Speech) -> tuple[str, str]:
    """Title and text of the notification: no case, no name, only how much waits and how the line stands."""
    return speech.say(_("Xunge sends {n} items"), n=waiting), sentence


class Notice:
    """The service's notification, renewed as it goes on; one that is pushed away is not put up again by a mere change
    of words.
    """

    def __init__(self, service: Any, speech: Speech) -> None:
        self._service, self._speech = service, speech
        self._said: tuple[str, str] | None = None
        channel = java("android.app.NotificationChannel")
        importance = java("android.app.NotificationManager").IMPORTANCE_LOW
        self._manager = system("notification", "android.app.NotificationManager")
        self._manager.createNotificationChannel(
            channel(CHANNEL, speech.say(_("Sending in the background")), importance)
        )

    def show(self, sentence: str, waiting: int) -> None:
        said = words(sentence, waiting, self._speech)
        if said == self._said:
            return
        self._said = said
        builder = java("android.app.Notification$Builder")(self._service, CHANNEL)
        builder.setContentTitle(said[0]).setContentText(said[1]).setOngoing(True).setOnlyAlertOnce(True)
        builder.setSmallIcon(self._service.getApplicationInfo().icon)
        self._manager.notify(NUMBER, builder.build())


def serve() -> None:
    """Sends until nothing waits, then lets the service end."""
    service = java("org.kivy.android.PythonService").mService
    home, language = told(os.environ["PYTHON_SERVICE_ARGUMENT"])
    notice = Notice(service, Speech(language, "UTC"))
    try:
        send_on(home, notice.show, threading.Event(), AndroidKeys(home / "device.key"), AndroidNetwork())
    finally:
        service.stopForeground(True)
        service.stopSelf()


if __name__ == "__main__":
    serve()
