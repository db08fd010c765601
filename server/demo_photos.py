"""Drawn stand-ins for photos: the demo shows no real place and no real person."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw


@lru_cache(maxsize=8)
def drawn_photo(bags: int) -> bytes:
    """A drawn stand-in for a photo: a wall, a pavement, and so many rubbish bags. JPEG."""
    picture = Image.new("RGB", (960, 720), "#b9b2a3")
    pen = ImageDraw.Draw(picture)
    for row in range(0, 420, 42):
        for column in range(-60 * (row // 42 % 2), 960, 120):
            pen.rectangle((column, row, column + 116, row + 38), fill="#c9c1b0")
    pen.rectangle((0, 420, 960, 720), fill="#8f8d86")
    for n in range(bags):
        x, y = 220 + 130 * n, 430 + 36 * (n % 2)
        pen.ellipse((x, y, x + 150, y + 170), fill=("#2f3236", "#3b3f45", "#26292c")[n % 3])
        pen.polygon(((x + 60, y + 12), (x + 90, y + 12), (x + 100, y - 26), (x + 50, y - 26)), fill="#2f3236")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()
