"""The pictures of a raster basemap under a map: visible tiles only, read and opened beside the window's thread.

A tile is drawn where it lies on the ground's plane. While it is not here yet, the piece of the next larger one that is
here stands in for it; one that cannot be opened is left out and counted.
"""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from typing import Any
from weakref import WeakSet

from kivy.clock import Clock
from kivy.graphics import Mesh, RenderContext
from kivy.graphics.texture import Texture
from kivy.metrics import dp
from PIL import Image

from mobile.core.basemap import TileReader
from mobile.core.views import PicturesView
from mobile.ui.widgets.map.ground import Box, Plane
from mobile.ui.widgets.map.shaders import PICTURED

Tile = tuple[int, int, int]  # zoom, x from the west, y from the north
Found = tuple[Any, float, float, float]  # a texture, and the piece of it: left, top, width (as shares)

EARTH_M = 40_075_016.686  # round the equator
TILE_PX = 256
LARGEST_PX = 1024
KEPT = 128  # textures: 32 MB of usual tiles
MOST_SEEN = 100  # from farther away the file has no pictures that fit


class Shelf:
    """The tiles of one file as textures, the last used ones kept; `maps` are told when one more is here."""

    def __init__(self, view: PicturesView) -> None:
        self.view = view
        self.broken: set[Tile] = set()
        self.maps: WeakSet[Pictures] = WeakSet()
        self._textures: OrderedDict[Tile, Any] = (
            OrderedDict()
        )  # None: the file has no such tile, or a damaged one
        self._wanted: list[Tile] = []
        self._open = True
        self._turn = Condition()
        self._thread = Thread(target=self._read, name="basemap", daemon=True)
        self._thread.start()

    def want(self, tiles: list[Tile]) -> None:
        """What is to be read next, the most urgent first; what was wanted before and is not now is left."""
        with self._turn:
            self._wanted = [tile for tile in tiles if tile not in self._textures]
            self._turn.notify()

    def find(self, tile: Tile) -> tuple[Found | None, Tile | None]:
        """The texture for a tile, or a piece of the next larger one that is here; and what has to be read for it."""
        zoom, x, y = tile
        missing: Tile | None = None
        for up in range(zoom - self.view.least + 1):
            larger = zoom - up, x >> up, y >> up
            if larger not in self._textures:
                missing = missing or larger
                continue
            if texture := self._textures[larger]:
                self._textures.move_to_end(larger)
                width = 1 / (1 << up)
                return (texture, (x - (x >> up << up)) * width, (y - (y >> up << up)) * width, width), missing
        return None, missing

    def close(self) -> None:
        with self._turn:
            self._open = False
            self._turn.notify()

    # Beside the window -----------------------------------------------------------------------------------

    def _read(self) -> None:
        reader: TileReader | None = None
        while (tile := self._next()) is not None:
            try:
                reader = reader or TileReader(self.view.path)
                found = reader.tile(*tile)
                picture = opened(found) if found else None
                damaged = False
            except (
                Exception
            ):  # whatever is wrong with a foreign file's bytes: this tile is left out, and counted
                picture, damaged = None, True
            Clock.schedule_once(lambda _, was=(tile, picture, damaged): self._take(*was))
        if reader:
            reader.close()

    def _next(self) -> Tile | None:
        with self._turn:
            while self._open and not self._wanted:
                self._turn.wait()
            return self._wanted.pop(0) if self._open else None

    # In the window's thread ------------------------------------------------------------------------------

    def _take(self, tile: Tile, picture: tuple[tuple[int, int], bytes] | None, damaged: bool) -> None:
        texture = None
        if picture:
            texture = Texture.create(size=picture[0], colorfmt="rgba")
            texture.blit_buffer(picture[1], colorfmt="rgba")
            texture.wrap = "clamp_to_edge"
        if damaged:
            self.broken.add(tile)
        self._textures[tile] = texture
        while len(self._textures) > KEPT:
            self._textures.popitem(last=False)
        for pictures in self.maps:
            pictures.came()


def opened(tile: bytes) -> tuple[tuple[int, int], bytes]:
    """Size and RGBA bytes of a picture. Raises whatever Pillow does, ValueError for one that is no tile."""
    with Image.open(io.BytesIO(tile), formats=("PNG", "JPEG", "WEBP")) as picture:
        if max(picture.size) > LARGEST_PX:
            raise ValueError(picture.size)
        plain = picture.convert("RGBA")
    return plain.size, plain.tobytes()


_shelves: dict[str, Shelf] = {}


def shelf_of(view: PicturesView) -> Shelf:
    """The tiles of this file, one shelf for all maps; an older file's is closed."""
    if view.version not in _shelves:
        for shelf in _shelves.values():
            shelf.close()
        _shelves.clear()
        _shelves[view.version] = Shelf(view)
    return _shelves[view.version]


class Pictures:
    """The tiles that one map shows, as meshes in `context`; `came` is called when there is something more to draw."""

    def __init__(self, shelf: Shelf, context: RenderContext, plane: Plane, came: Callable[[], None]) -> None:
        self.shelf, self.context, self._plane, self.came = shelf, context, plane, came
        shelf.maps.add(self)
        self._seen: list[Tile] = []

    def look(self, box: Box, zoom: float, anew: bool = False) -> None:
        """Draws what is seen of the ground's `box` (metres) at `zoom` pixels a metre, and asks for what is missing."""
        seen = self.tiles(box, zoom)
        if seen == self._seen and not anew:
            return
        self._seen = seen
        wanted: list[Tile] = []
        self.context.clear()
        for tile in seen:
            found, missing = self.shelf.find(tile)
            if found:
                self.context.add(self._mesh(tile, found))
            if missing and missing not in wanted:
                wanted.append(missing)
        self.shelf.want(wanted)

    def tiles(self, box: Box, zoom: float) -> list[Tile]:
        """The tiles that a box in metres shows, those in the middle first; none where they would be too many."""
        west, south = self._plane.degrees((box[0], box[1]))
        east, north = self._plane.degrees((box[2], box[3]))
        view = self.shelf.view
        pixels = zoom / dp(1) * EARTH_M * self._plane.shrink / TILE_PX  # tiles round the earth, one to one
        level = min(max(round(math.log2(max(pixels, 1))), view.least), view.most)
        left, top = _tile_at(west, north, level)
        right, bottom = _tile_at(east, south, level)
        last = (1 << level) - 1
        columns = range(max(int(left), 0), min(int(right), last) + 1)
        rows = range(max(int(top), 0), min(int(bottom), last) + 1)
        if len(columns) * len(rows) > MOST_SEEN:
            return []
        middle = (left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5
        return sorted(
            ((level, x, y) for x in columns for y in rows), key=lambda tile: math.dist(tile[1:], middle)
        )

    def _mesh(self, tile: Tile, found: Found) -> Mesh:
        texture, left, top, width = found
        vertices = [number for corner in self._corners(tile, left, top, width) for number in corner]
        return Mesh(
            fmt=PICTURED, vertices=vertices, indices=[0, 1, 2, 0, 2, 3], mode="triangles", texture=texture
        )

    def _corners(self, tile: Tile, left: float, top: float, width: float) -> Iterator[tuple[float, ...]]:
        zoom, x, y = tile
        for across, down in ((0, 1), (1, 1), (1, 0), (0, 0)):
            at = self._plane.metres(_degrees_of(x + across, y + down, zoom))
            yield (*at, left + across * width, top + down * width)


def _tile_at(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Where a place lies among the tiles of a zoom (Web Mercator); x from the west, y from the north."""
    count = 1 << zoom
    sine = math.sin(math.radians(max(min(lat, 85.0511), -85.0511)))
    return (lon + 180) / 360 * count, (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * count


def _degrees_of(x: float, y: float, zoom: int) -> tuple[float, float]:
    count = 1 << zoom
    return x / count * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / count))))
