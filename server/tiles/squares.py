"""One square of the world as map clients number them, and its bounds in degrees (EPSG:4326)."""

import math
from dataclasses import dataclass

from server.errors import NotFound

DEEPEST_ZOOM = 22


@dataclass(frozen=True)
class Square:
    """Web-mercator tile z/x/y. Raises NotFound when there is no such tile."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= DEEPEST_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFound("There is no such tile: {z}/{x}/{y}.", z=self.z, x=self.x, y=self.y)

    @property
    def bounds(self) -> dict[str, float]:
        """west, south, east, north in degrees, a hair wider than the tile; the queries cut exactly."""
        hair = 1e-7
        return {
            "west": self.x / 2**self.z * 360 - 180 - hair,
            "east": (self.x + 1) / 2**self.z * 360 - 180 + hair,
            "north": _latitude(self.y / 2**self.z) + hair,
            "south": _latitude((self.y + 1) / 2**self.z) - hair,
        }

    @property
    def params(self) -> dict[str, float]:
        """Everything that a tile's query asks about its square."""
        return {"z": self.z, "x": self.x, "y": self.y, **self.bounds}


def _latitude(down: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))
