"""Writes areas to a file that others read: GeoJSON, GeoPackage, Shapefile (zipped), FlatGeobuf, KML, and more."""

import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from gis import coordinates
from gis.areas import Area
from gis.prepare import WrongUseError

FORMATS = {
    ".geojson": "GeoJSON", ".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".zip": "ESRI Shapefile", ".fgb": "FlatGeobuf",
    ".kml": "KML", ".gml": "GML", ".csv": "CSV",
}  # fmt: skip
COLUMNS = ("level", "code", "name", "parent", "households", "kind")
WGS84 = "EPSG:4326"


def write(areas: Sequence[Area], path: Path, system: str = WGS84) -> None:
    """Writes every area with its properties to `path`, whole or not at all; the suffix chooses the format.

    `system` is EPSG:…, GCJ-02 or BD-09; the shifted ones are named in a property `datum`, because no file format has a
    name for them. Raises WrongUseError for a suffix or system that is not known.
    """
    driver = FORMATS.get(path.suffix.lower())
    if driver is None:
        raise WrongUseError("Files of the kind {suffix} are not written; choose one of: {known}.",
                            suffix=path.suffix or "–", known=", ".join(FORMATS))  # fmt: skip
    shapes, crs, datum = _moved(areas, system)
    with tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=".xunge-") as name:
        inner = Path(name) / (path.stem + (".shp" if path.suffix.lower() == ".zip" else path.suffix.lower()))
        _write(areas, shapes, inner, driver, crs, datum)
        made = sorted(Path(name).iterdir())
        if path.suffix.lower() == ".zip":
            packed = Path(name) / "packed"
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for one in made:
                    archive.write(one, one.name)
            packed.replace(path)
            return
        for one in made:
            one.replace(path.with_suffix(one.suffix) if one.stem == path.stem else path.parent / one.name)


def _moved(areas: Sequence[Area], system: str) -> tuple[Any, str | None, str | None]:
    """(shapes in the system, the text of a coordinate system that the format knows, the datum that it does not)."""
    shapes = np.array([area.shape for area in areas], dtype=object)
    shifted = coordinates.named(system)
    if shifted:
        step = coordinates.FROM_WGS84[shifted]
        return shapely.transform(shapes, lambda places: np.column_stack(step(*places.T))), WGS84, shifted
    try:
        target = pyproj.CRS.from_user_input(system)
    except pyproj.exceptions.CRSError as error:
        raise WrongUseError("The coordinate system {system} is not known.", system=system) from error
    if target == pyproj.CRS(WGS84):
        return shapes, WGS84, None
    move = pyproj.Transformer.from_crs(WGS84, target, always_xy=True)
    authority = target.to_authority()
    moved = shapely.transform(shapes, lambda places: np.column_stack(move.transform(*places.T)))
    return moved, ":".join(authority) if authority else target.to_wkt(), None


def _write(
    areas: Sequence[Area], shapes: Any, path: Path, driver: str, crs: str | None, datum: str | None
) -> None:
    import pyogrio  # only where a file is written: it brings pandas along, which the server need not load

    values = [np.array([getattr(area, column) for area in areas], dtype=object) for column in COLUMNS]
    values[0] = np.array([area.level for area in areas], dtype=np.int32)
    names = list(COLUMNS)
    counts = [area.households for area in areas]
    # A whole number may be missing; a text may not be taken for one.
    values[4] = np.array([np.nan if count is None else count for count in counts], dtype=np.float64)
    if datum:
        names.append("datum")
        values.append(np.array([datum] * len(areas), dtype=object))
    # GeoJSON of RFC 7946 has seven decimals, outer rings to the left, and no member for the system.
    options = {"RFC7946": "YES"} if driver == "GeoJSON" and crs == WGS84 else {}
    if driver == "CSV":
        options = {"GEOMETRY": "AS_WKT"}
    packed = shapely.to_wkb([shapely.MultiPolygon(list(shapely.get_parts(shape))) for shape in shapes])
    pyogrio.raw.write(
        os.fspath(path), np.asarray(packed, dtype=object), values, names, layer="grids", driver=driver,
        geometry_type="MultiPolygon", crs=crs, encoding="UTF-8", **options,
    )  # fmt: skip
