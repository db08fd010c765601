"""Where another system says that a case lies: GCJ-02 and BD-09 are converted and marked, the unknown is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gis.coordinates import TO_WGS84, named
from server.errors import BadInput
from server.protocol.commands import AS_THEY_ARE, Position


def known_system(crs: str) -> str:
    """The system as it is marked on the case. Raises BadInput for one that would have to be guessed."""
    if crs in AS_THEY_ARE:
        return crs
    shifted = named(crs)
    if shifted is None:
        raise BadInput(
            "Coordinate system {crs} is not accepted; send EPSG:4326, GCJ-02 or BD-09.", crs=crs[:50]
        )
    return shifted


def position_from(said: Mapping[str, Any]) -> Position:
    """A position as it was said (`lon` and `lat` in degrees of `crs`) in EPSG:4326, with `crs` saying whence."""
    crs = known_system(said["crs"])
    if crs in AS_THEY_ARE:
        return Position.read(dict(said))
    position = Position.read({**said, "crs": "EPSG:4326"})
    if position.lon is None or position.lat is None:
        return position
    lon, lat = TO_WGS84[crs](np.array([position.lon]), np.array([position.lat]))
    return replace(position, lon=float(lon[0]), lat=float(lat[0]), crs=crs)
