"""Small geometry that the demo district and its basemap are drawn with: smoothing, and shapes as GeoJSON."""

import shapely
from shapely.geometry.base import BaseGeometry

from gis.district_plan import Place

Feature = dict[str, object]


def smooth(places: list[Place], rounds: int = 2, closed: bool = False) -> list[Place]:
    """Chaikin's corner cutting."""
    for _ in range(rounds):
        pairs = list(zip(places, places[1:] + places[:1] if closed else places[1:], strict=False))
        cut = [(a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t) for a, b in pairs for t in (0.25, 0.75)]
        places = cut if closed else [places[0], *cut, places[-1]]
    return places


def geometry_json(shape: BaseGeometry, decimals: int) -> Feature:
    """GeoJSON geometry with rounded coordinates and outer rings to the left (RFC 7946)."""
    shape = shapely.orient_polygons(shape)

    def rounded(value: object) -> object:
        if isinstance(value, (list, tuple)):
            return [rounded(item) for item in value]
        return round(value, decimals) if isinstance(value, float) else value

    plain = shapely.geometry.mapping(shape)
    return {"type": plain["type"], "coordinates": rounded(plain["coordinates"])}
