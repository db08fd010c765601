"""Makes the icon font: sharp at any size, coloured like text. `python -m mobile.ui.icons FILE` at set-up.

No third-party drawing is in it; the strokes are in strokes.txt, which says how they are written.
"""

import math
import sys
from pathlib import Path

Stroke = tuple[str, list[float]]

STROKES = Path(__file__).with_name("strokes.txt")
STROKE_WIDTH = 1.9  # of 24
EM = 1000
FIRST_CODE = 0xE000


def read_strokes(path: Path = STROKES) -> dict[str, list[Stroke]]:
    """Every icon's strokes by its name."""
    icons: dict[str, list[Stroke]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, drawing = line.partition(": ")
        words = [stroke.split() for stroke in drawing.split("; ")]
        icons[name] = [(kind, [float(number) for number in numbers]) for kind, *numbers in words]
    return icons


def characters() -> dict[str, str]:
    """The character that stands for each icon, by name."""
    return {name: chr(FIRST_CODE + number) for number, name in enumerate(sorted(read_strokes()))}


def _shape(strokes: list[Stroke]):  # type: ignore[no-untyped-def]
    """Round-capped strokes as one filled shapely geometry on the 24 x 24 board."""
    from shapely.geometry import LineString, Point, Polygon, box
    from shapely.ops import unary_union

    def pen(points: list[tuple[float, float]], width: float = STROKE_WIDTH):  # type: ignore[no-untyped-def]
        return LineString(points).buffer(width / 2, quad_segs=8)

    parts = []
    for kind, n in strokes:
        points = list(zip(n[0::2], n[1::2], strict=False))
        if kind == "line":
            parts.append(pen(points))
        elif kind == "ring":
            parts.append(Point(n[0], n[1]).buffer(n[2], quad_segs=24).exterior.buffer(STROKE_WIDTH / 2))
        elif kind == "disc":
            parts.append(Point(n[0], n[1]).buffer(n[2], quad_segs=24))
        elif kind == "arc":
            x, y, radius, start, end = n
            turns = [math.radians(start + (end - start) * step / 24) for step in range(25)]
            parts.append(pen([(x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns]))
        elif kind == "rect":
            x, y, width, height, corner = n
            inner = box(x + corner, y + corner, x + width - corner, y + height - corner)
            parts.append(inner.buffer(corner, quad_segs=8).exterior.buffer(STROKE_WIDTH / 2))
        elif kind == "fill":
            parts.append(Polygon(points).buffer(0.5, quad_segs=8))
        elif kind == "cut":
            parts = [unary_union(parts).difference(pen(list(zip(n[1::2], n[2::2], strict=True)), n[0]))]
    return unary_union(parts)


def _glyph(strokes: list[Stroke]):  # type: ignore[no-untyped-def]
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from shapely.affinity import scale
    from shapely.geometry.polygon import orient

    pen = TTGlyphPen(None)
    shape = scale(_shape(strokes), EM / 24, -EM / 24, origin=(0, 0))
    for part in getattr(shape, "geoms", [shape]):
        clockwise = orient(part.simplify(1.5), -1)
        for ring in (clockwise.exterior, *clockwise.interiors):
            first, *others = [(round(x), round(y + EM)) for x, y in ring.coords[:-1]]
            pen.moveTo(first)
            for point in others:
                pen.lineTo(point)
            pen.closePath()
    return pen.glyph()


def build(path: Path) -> None:
    """Writes the icon font (TrueType, 1000 units an em, every icon one em wide) to `path`."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    icons = read_strokes()
    names = sorted(icons)
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(character): name for name, character in characters().items()})
    glyphs = {".notdef": TTGlyphPen(None).glyph()} | {name: _glyph(icons[name]) for name in names}
    builder.setupGlyf(glyphs)
    # the left bearing must be the drawing's own, or every icon is pushed to the left edge of its square
    builder.setupHorizontalMetrics({name: (EM, getattr(glyph, "xMin", 0)) for name, glyph in glyphs.items()})
    builder.setupHorizontalHeader(ascent=EM, descent=0)
    builder.setupNameTable({"familyName": "XungeIcons", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=EM, sTypoDescender=0, usWinAscent=EM, usWinDescent=0)
    builder.setupPost()
    path.parent.mkdir(parents=True, exist_ok=True)
    builder.save(path)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
