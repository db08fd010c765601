"""Drawn stand-ins for photos: the demo shows no real place and no real person."""

import io
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw

Pen = ImageDraw.ImageDraw


def _clean(pen: Pen) -> None:
    """Nothing is left."""


def _bags(pen: Pen) -> None:
    for n, colour in enumerate(("#2f3236", "#3b3f45", "#26292c")):
        x, y = 220 + 130 * n, 430 + 36 * (n % 2)
        pen.ellipse((x, y, x + 150, y + 170), fill=colour)
        pen.polygon(((x + 60, y + 12), (x + 90, y + 12), (x + 100, y - 26), (x + 50, y - 26)), fill=colour)


def _open_cover(pen: Pen) -> None:
    pen.ellipse((330, 520, 630, 650), fill="#6f6d67")
    pen.ellipse((345, 532, 615, 640), fill="#17181a")
    pen.ellipse((690, 560, 900, 640), fill="#55585c", outline="#3d4043", width=6)


def _sound_cover(pen: Pen) -> None:
    pen.ellipse((330, 520, 630, 650), fill="#55585c", outline="#3d4043", width=8)
    for x in range(380, 600, 40):
        pen.line((x, 545, x, 625), fill="#3d4043", width=6)


def _sunken_road(pen: Pen) -> None:
    pen.polygon(((260, 600), (340, 520), (560, 500), (700, 570), (620, 660), (380, 680)), fill="#4a4844")
    pen.polygon(((330, 600), (400, 550), (540, 540), (620, 585), (560, 630), (410, 645)), fill="#2b2a28")


SCENES: dict[str, Callable[[Pen], None]] = {
    "clean": _clean,
    "bags": _bags,
    "open cover": _open_cover,
    "sound cover": _sound_cover,
    "sunken road": _sunken_road,
}


@lru_cache(maxsize=len(SCENES))
def drawn_photo(scene: str) -> bytes:
    """A drawn stand-in for a photo: a wall, a pavement, and one of SCENES. JPEG."""
    picture = Image.new("RGB", (960, 720), "#b9b2a3")
    pen = ImageDraw.Draw(picture)
    for row in range(0, 420, 42):
        for column in range(-60 * (row // 42 % 2), 960, 120):
            pen.rectangle((column, row, column + 116, row + 38), fill="#c9c1b0")
    pen.rectangle((0, 420, 960, 720), fill="#8f8d86")
    SCENES[scene](pen)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()
