"""The receiver: listens only while the window is there, keeps the last good fix, and remembers no way."""

from dataclasses import dataclass
from typing import Any

from mobile.core.views import Position
from mobile.platform.android import activity, java, jnius, system

EVERY_MS, EVERY_M = 2000, 0.0
STALE_S = 120.0  # an older fix says nothing about where a walking person is
NANO = 1_000_000_000
PROVIDERS = ("gps", "network")  # "fused" needs Google's services, which tablets in China do not have
PERMISSION = "android.permission.ACCESS_FINE_LOCATION"


@dataclass(frozen=True)
class Fix:
    """What a `Location` tells: degrees (WGS 84, whatever the map apps of the country use), metres, the steady clock's
    nanoseconds at which it was taken.
    """

    lon: float
    lat: float
    accuracy_m: float
    provider: str
    elapsed_ns: int
    is_mock: bool


def better(old: Fix | None, new: Fix) -> Fix:
    """Which of two fixes says more about where the tablet is at the newer one's moment: a walker's circle grows."""
    if old is None:
        return new
    passed = (new.elapsed_ns - old.elapsed_ns) / NANO
    if passed > STALE_S:
        return new
    return new if new.accuracy_m <= old.accuracy_m + max(0.0, passed) * 1.5 else old


def position_of(fix: Fix | None, now_ns: int) -> Position | None:
    """The fix as a position with its age; None when there is none or it is stale."""
    if fix is None:
        return None
    age = max(0.0, (now_ns - fix.elapsed_ns) / NANO)
    if age > STALE_S:
        return None
    return Position(fix.lon, fix.lat, round(fix.accuracy_m, 1), fix.provider, round(age, 1), fix.is_mock)


def fix_of(location: Any) -> Fix:
    """A Java `Location`; before Android 12 the mock flag has its older name."""
    mock = location.isMock() if hasattr(location, "isMock") else location.isFromMockProvider()
    accuracy = location.getAccuracy() if location.hasAccuracy() else 1000.0
    return Fix(
        location.getLongitude(),
        location.getLatitude(),
        float(accuracy),
        str(location.getProvider()),
        int(location.getElapsedRealtimeNanos()),
        bool(mock),
    )


class AndroidGps:
    """The receiver of this tablet. `resume` and `pause` follow the window."""

    def __init__(self) -> None:
        self._fix: Fix | None = None
        self._listener: Any = None

    def position(self) -> Position | None:
        return position_of(self._fix, int(java("android.os.SystemClock").elapsedRealtimeNanos()))

    def heard(self, location: Any) -> None:
        """A new fix; of two, the better one stays."""
        self._fix = better(self._fix, fix_of(location))

    def resume(self) -> None:
        """Listens from now on; asks for leave first where it was not given."""
        granted = java("android.content.pm.PackageManager").PERMISSION_GRANTED
        if activity().checkSelfPermission(PERMISSION) != granted:
            activity().requestPermissions([PERMISSION], 1)
            return
        manager = system("location", "android.location.LocationManager")
        self._listener = self._listener or _listener(self)
        looper = java("android.os.Looper").getMainLooper()
        for provider in PROVIDERS:
            if manager.isProviderEnabled(provider):
                manager.requestLocationUpdates(provider, EVERY_MS, EVERY_M, self._listener, looper)

    def pause(self) -> None:
        """Listens no more: nobody is followed who has put the tablet away. The last fix stays until it is stale, for
        the camera takes the window's place, too.
        """
        if self._listener is not None:
            system("location", "android.location.LocationManager").removeUpdates(self._listener)


def _listener(gps: AndroidGps) -> Any:
    """A `LocationListener` that hands on to the receiver."""

    class Listener(jnius.PythonJavaClass):  # type: ignore[misc,name-defined,unused-ignore]
        __javainterfaces__ = ("android/location/LocationListener",)
        __javacontext__ = "app"

        @jnius.java_method("(Landroid/location/Location;)V", name="onLocationChanged")
        def moved(self, location: Any) -> None:
            gps.heard(location)

        @jnius.java_method("(Ljava/lang/String;)V", name="onProviderEnabled")
        def enabled(self, _provider: str) -> None: ...

        @jnius.java_method("(Ljava/lang/String;)V", name="onProviderDisabled")
        def disabled(self, _provider: str) -> None: ...

        @jnius.java_method("(Ljava/lang/String;ILandroid/os/Bundle;)V", name="onStatusChanged")
        def changed(self, _provider: str, _status: int, _extras: Any) -> None: ...

    return Listener()
