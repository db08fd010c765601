"""What Kivy must know before it makes the window: it reads its settings at the first import of the window."""

import os


def configure(size: tuple[int, int], density: str | None = None) -> None:
    """Sets the window's size in pixels; `density` ("1") makes pictures the same on every screen."""
    os.environ["KIVY_NO_ARGS"] = "1"  # the command line is ours
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
    os.environ.setdefault("KIVY_NO_CONFIG", "1")
    os.environ.setdefault("KIVY_LOG_MODE", "PYTHON")  # logging stays Python's own
    if density:
        os.environ.setdefault("KIVY_METRICS_DENSITY", density)
    from kivy.config import Config

    for section, name, value in (
        ("graphics", "width", str(size[0])),
        ("graphics", "height", str(size[1])),
        ("graphics", "multisamples", "0"),  # edges are smooth by themselves; the map counts its pixels
        ("input", "mouse", "mouse,disable_multitouch"),
        ("kivy", "exit_on_escape", "0"),  # Android's back key means back, not the end
    ):
        Config.set(section, name, value)


def copied() -> str:
    """What the clipboard holds as text; "" for anything else."""
    from kivy.core.clipboard import Clipboard

    return str(Clipboard.paste() or "")
