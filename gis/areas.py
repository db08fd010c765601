"""What a boundary file holds once it was read: areas of the tree, and what was found wrong or was changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shapely.geometry.base import BaseGeometry

Translate = Callable[[str], str]

FAULT, WARNING, NOTE = "fault", "warning", "note"


@dataclass(frozen=True)
class Area:
    """One node as a file gives it: `shape` in EPSG:4326, None when the file has no usable one."""

    level: int
    code: str
    name: str
    parent: str | None
    shape: BaseGeometry | None
    households: int | None = None
    kind: str = "grid"


@dataclass(frozen=True)
class Finding:
    """A fault (nothing is loaded), a warning, or a note of what was converted; with its feature and place.

    `sentence` is an English msgid with named parameters; `lon`, `lat` are degrees or None,
    `ground` (EPSG:4326) is what overlaps, gapes or sticks out.
    """

    code: str
    severity: str
    sentence: str
    params: dict[str, Any] = field(default_factory=dict)
    level: int | None = None
    feature: str = ""
    name: str = ""
    lon: float | None = None
    lat: float | None = None
    ground: BaseGeometry | None = field(default=None, compare=False)

    def text(self, translate: Translate | None = None) -> str:
        """The whole sentence for a person, beginning with the feature."""
        say = translate or (lambda words: words)
        body = say(self.sentence).format(**self.params)
        if self.level is None:
            return body
        return say("Level {level} {code} {name}: {what}").format(
            level=self.level, code=self.feature, name=self.name, what=body
        )

    def as_json(self, translate: Translate | None = None) -> dict[str, Any]:
        """The machine's shape, stable."""
        return {
            "code": self.code, "severity": self.severity, "level": self.level, "feature": self.feature,
            "name": self.name, "lon": self.lon, "lat": self.lat, "sentence": self.text(translate),
        }  # fmt: skip


def about(area: Area, code: str, severity: str, sentence: str, place: tuple[float, float] | None = None,
          ground: BaseGeometry | None = None, /, **params: Any) -> Finding:  # fmt: skip
    """A finding about one area; the place is rounded to a metre and also goes into the sentence as lon, lat."""
    lon, lat = (round(place[0], 5), round(place[1], 5)) if place else (None, None)
    return Finding(
        code,
        severity,
        sentence,
        {**params, "lon": lon, "lat": lat},
        area.level,
        area.code,
        area.name,
        lon,
        lat,
        ground,
    )


@dataclass
class Boundaries:
    """A whole file: its areas, what reading found, and which file it was."""

    areas: list[Area]
    findings: list[Finding]
    source_name: str
    sha256: str


def faults(findings: list[Finding]) -> list[Finding]:
    """Only what forbids loading."""
    return [finding for finding in findings if finding.severity == FAULT]
