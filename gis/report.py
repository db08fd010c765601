"""The report of a check as GeoJSON: one feature a finding, so that QGIS shows what is wrong where it is wrong."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from gis.areas import Area, Finding, Translate, faults


def write_report(
    path: Path, name: str, areas: Sequence[Area], findings: Sequence[Finding], say: Translate
) -> None:
    """Writes the report about the file `name` to `path`, whole or not at all."""
    text = json.dumps(as_geojson(name, areas, findings, say), ensure_ascii=False, indent=1)
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def as_geojson(
    name: str, areas: Sequence[Area], findings: Sequence[Finding], say: Translate
) -> dict[str, Any]:
    """A FeatureCollection (EPSG:4326): the ground that overlaps, gapes or sticks out, else the place of the finding.

    A finding about the whole file has no geometry. The file, the verdict and the number of areas stand beside
    `features`.
    """
    counts = Counter(str(area.level) for area in areas)
    return {
        "type": "FeatureCollection", "file": name, "loads": not faults(list(findings)),
        "areas": dict(sorted(counts.items())),
        "features": [
            {"type": "Feature", "geometry": _geometry(found), "properties": found.as_json(say)} for found in findings
        ],
    }  # fmt: skip


def _geometry(finding: Finding) -> dict[str, Any] | None:
    if finding.ground is not None:
        rounded = shapely.transform(finding.ground, lambda places: places.round(8))
        return dict(shapely.geometry.mapping(rounded))
    if finding.lon is None or finding.lat is None:
        return None
    return {"type": "Point", "coordinates": [finding.lon, finding.lat]}
