"""Android's adapters on pyjnius: receiver, camera, scanner, viewer, keystore, network, foreground service.

`java` is the only door to the Java side. What can be decided without it stands in functions of its own, which are
tested; the rest only hands over. plyer is not used: its receiver tells no time, provider or mock flag, and its camera
hands out file addresses that Android has refused since 7.
"""

from typing import Any

try:
    import jnius
except ImportError:  # not on Android
    jnius = None


class NotOnAndroid(RuntimeError):
    """One of these adapters was asked for where there is no Java side."""


def java(name: str) -> Any:
    """A Java class by its full name. Raises NotOnAndroid."""
    if jnius is None:
        raise NotOnAndroid(name)
    return jnius.autoclass(name)


def cast(name: str, thing: Any) -> Any:
    """A Java object seen as another of its classes. Raises NotOnAndroid."""
    if jnius is None:
        raise NotOnAndroid(name)
    return jnius.cast(name, thing)


def activity() -> Any:
    """The app's window, as Android sees it."""
    return java("org.kivy.android.PythonActivity").mActivity


def context() -> Any:
    """Whatever runs: the window, or the service that goes on without it."""
    service = java("org.kivy.android.PythonService").mService
    return service if service is not None else activity()


def system(name: str, cls: str) -> Any:
    """A system service as its own class: `system("location", "android.location.LocationManager")`."""
    return cast(cls, context().getSystemService(name))
