"""A plane in metres round the middle of a district, on which what is straight in degrees stays straight.

A curved projection would bend long edges away from the vertices that neighbours have on them and show slits that
are not there. Lengths are right to 0.5 % within 50 km of the middle, which is enough to tell a slit from a street.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.areas import Area
from server.protocol.ground import metres_in_a_degree


@dataclass(frozen=True)
class Plane:
    """Degrees east and north of a middle, each stretched to the metres that it has there (WGS 84)."""

    lon: float
    lat: float

    @classmethod
    def round_about(cls, areas: Sequence[Area]) -> "Plane":
        """The plane for these areas; each has a shape."""
        west, south, east, north = shapely.total_bounds([area.shape for area in areas]).tolist()
        return cls((west + east) / 2, (south + north) / 2)

    @property
    def scale(self) -> tuple[float, float]:
        """Metres in a degree of longitude and of latitude at the middle."""
        return metres_in_a_degree(self.lat)

    def metres(self, shapes: Any) -> Any:
        """An array of shapes in degrees → metres; None stays None."""
        middle, scale = np.array([self.lon, self.lat]), np.array(self.scale)
        return shapely.transform(np.asarray(shapes, dtype=object), lambda places: (places - middle) * scale)

    def back(self, shape: Any) -> Any:
        """A shape in metres → degrees."""
        middle, scale = np.array([self.lon, self.lat]), np.array(self.scale)
        return shapely.transform(shape, lambda places: places / scale + middle)

    def places(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
        """Points in degrees → points in metres."""
        x, y = self.scale
        return np.asarray(shapely.points((lon - self.lon) * x, (lat - self.lat) * y), dtype=object)

    def degrees(self, shape: BaseGeometry) -> tuple[float, float]:
        """A place on the largest part of a shape in metres, as lon, lat."""
        point = max(shapely.get_parts(shape), key=lambda part: part.area).representative_point()
        x, y = self.scale
        return point.x / x + self.lon, point.y / y + self.lat
