"""Which adapters this machine gets."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mobile.core.seal import KeyFile, Keys
from mobile.core.views import Position
from mobile.platform.desktop import (
    ClipboardScanner,
    FixedPlace,
    FolderCamera,
    OpenNetwork,
    SystemViewer,
    ThreadBackground,
)
from mobile.platform.ports import Background, Camera, Gps, Network, Scanner, Viewer

KEY = "device.key"


@dataclass(frozen=True)
class Machine:
    """One adapter for each port."""

    gps: Gps
    camera: Camera
    scanner: Scanner
    viewer: Viewer
    keys: Keys
    network: Network
    background: Background


def on_android(environment: Mapping[str, str] = os.environ) -> bool:
    """python-for-android sets these for the app and for its services."""
    return "ANDROID_PRIVATE" in environment


def home_of(environment: Mapping[str, str], otherwise: Path) -> Path:
    """Where the tablet keeps its state: on Android in the folder that only this app can read."""
    return Path(environment["ANDROID_PRIVATE"]) / "tablet" if on_android(environment) else otherwise


def desktop(
    home: Path, at: Position | None, pictures: Path | None, copied: Callable[[], str] = str
) -> Machine:
    """A desktop: the place that was given, the pictures of a folder, a key in a file; `copied`: its clipboard."""
    return Machine(
        FixedPlace(at),
        FolderCamera(pictures),
        ClipboardScanner(copied),
        SystemViewer(home / "shown"),
        KeyFile(home / KEY),
        OpenNetwork(),
        ThreadBackground(),
    )


def android(home: Path, language: str) -> Machine:
    """A tablet: receiver, camera, keystore, network and service on pyjnius."""
    from mobile.platform.android.background import AndroidBackground
    from mobile.platform.android.camera import AndroidCamera
    from mobile.platform.android.gps import AndroidGps
    from mobile.platform.android.keystore import AndroidKeys
    from mobile.platform.android.network import AndroidNetwork
    from mobile.platform.android.scanner import AndroidScanner
    from mobile.platform.android.viewer import AndroidViewer

    camera = AndroidCamera()
    return Machine(
        AndroidGps(),
        camera,
        AndroidScanner(camera),
        AndroidViewer(),
        AndroidKeys(home / KEY),
        AndroidNetwork(),
        AndroidBackground(home, language),
    )
