"""A picture of a boundary file: its areas as outlines, each finding as a numbered mark with its sentence below."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from gis.areas import FAULT, NOTE, WARNING, Area, Finding, Translate
from gis.plane import Plane
from server.settings import CHECKOUT

WIDTH, HEIGHT, MARGIN, LINE = 1400, 1000, 40, 30
MOST_LINES = 24
PAPER, INK, QUIET = "#ffffff", "#1c2430", "#6b7684"
LEVELS = {0: ("#1c2430", 5), 1: ("#1c2430", 4), 2: ("#50617a", 2), 3: ("#a9b4c2", 1)}
SIGNS = {FAULT: "#c62828", WARNING: "#c77700", NOTE: "#2b6cb0"}
FONT = CHECKOUT / "mobile" / "assets" / "NotoSansSC-Regular.ttf"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw(path: Path, areas: Sequence[Area], findings: Sequence[Finding], say: Translate) -> None:
    """Writes a PNG. Findings without a place stand in the list only."""
    listed = sorted(findings, key=lambda found: (FAULT, WARNING, NOTE).index(found.severity))
    rows = min(len(listed), MOST_LINES) + (len(listed) > MOST_LINES) + 1
    image = Image.new("RGB", (WIDTH, HEIGHT + rows * LINE + MARGIN), PAPER)
    pen = ImageDraw.Draw(image)
    shaped = [area for area in areas if area.shape is not None and not area.shape.is_empty]
    if shaped:
        sheet = _Sheet(shaped, pen)
        for area in sorted(shaped, key=lambda area: -area.level):
            sheet.outline(area)
        for number, finding in reversed(list(enumerate(listed, start=1))):
            sheet.mark(number, finding)
    _list(pen, listed, say)
    image.save(path, "PNG", optimize=True)


class _Sheet:
    """The upper part of the picture; places are metres on the plane of the file, north is up."""

    def __init__(self, areas: Sequence[Area], pen: ImageDraw.ImageDraw) -> None:
        self.pen, self.font = pen, _font(20)
        self.plane = Plane.round_about(areas)
        west, south, east, north = shapely.total_bounds(
            self.plane.metres([area.shape for area in areas])
        ).tolist()
        self.scale = min(
            (WIDTH - 2 * MARGIN) / max(east - west, 1e-9), (HEIGHT - 2 * MARGIN) / max(north - south, 1e-9)
        )
        self.middle = np.array([(west + east) / 2, (south + north) / 2])

    def _at(self, degrees: shapely.Geometry) -> list[tuple[float, float]]:
        places = shapely.get_coordinates(self.plane.metres([degrees])[0])
        moved = (places - self.middle) * [self.scale, -self.scale] + [WIDTH / 2, HEIGHT / 2]
        return [(float(x), float(y)) for x, y in moved]

    def outline(self, area: Area) -> None:
        colour, wide = LEVELS.get(area.level, LEVELS[3])
        for part in shapely.get_parts(area.shape):
            for ring in (part.exterior, *part.interiors):
                self.pen.line(self._at(ring), fill=colour, width=wide, joint="curve")

    def mark(self, number: int, finding: Finding) -> None:
        colour = SIGNS[finding.severity]
        for part in shapely.get_parts(finding.ground) if finding.ground is not None else ():
            self.pen.polygon(self._at(part.exterior), fill=colour, outline=colour)
        if finding.lon is None or finding.lat is None:
            return
        ((x, y),) = self._at(shapely.Point(finding.lon, finding.lat))
        x, y = min(max(x, 16), WIDTH - 16), min(max(y, 16), HEIGHT - 16)
        self.pen.ellipse((x - 15, y - 15, x + 15, y + 15), fill=PAPER, outline=colour, width=3)
        self.pen.text((x, y), str(number), font=self.font, fill=colour, anchor="mm")


def _list(pen: ImageDraw.ImageDraw, findings: Sequence[Finding], say: Translate) -> None:
    font, y = _font(20), HEIGHT + MARGIN / 2
    if not findings:
        pen.text((MARGIN, y), say("Nothing was found to be wrong."), font=font, fill=QUIET)
    for number, finding in enumerate(findings[:MOST_LINES], start=1):
        pen.text((MARGIN, y), str(number), font=font, fill=SIGNS[finding.severity])
        pen.text((MARGIN + 50, y), _short(finding.text(say), font), font=font, fill=INK)
        y += LINE
    if len(findings) > MOST_LINES:
        rest = say("… and {count} more").format(count=len(findings) - MOST_LINES)
        pen.text((MARGIN + 50, y), rest, font=font, fill=QUIET)


def _short(text: str, font: Font) -> str:
    """As much of a sentence as a line holds."""
    while text and font.getlength(text) > WIDTH - 2 * MARGIN - 50:
        text = text[:-2].rstrip() + "…"
    return text


def _font(size: int) -> Font:
    return ImageFont.truetype(str(FONT), size) if FONT.is_file() else ImageFont.load_default(size)
