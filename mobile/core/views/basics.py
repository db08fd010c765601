"""What all views share: how a deadline stands, shapes, and the refusal that is a sentence."""

from typing import Literal

Mood = Literal["ontime", "soon", "overdue", "closed", "paused"]
"""How a deadline stands; the window draws shape and colour from it. "paused" is suspended (two bars in grey)."""

LonLat = tuple[float, float]
Ring = tuple[LonLat, ...]

UNDO_SECONDS = 5


class Refusal(Exception):
    """The tablet cannot do this now; `str()` is a sentence for the worker in the chosen language."""
