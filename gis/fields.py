"""Decides which property of a file is the level, code, name, parent and household count, and reads them."""

import math
from dataclasses import dataclass
from typing import Any

from gis.areas import FAULT, WARNING, Area, Finding
from gis.geojson import Row, UnreadableError

SPELLINGS = {
    "level": ("level", "lvl", "级别", "层级", "网格级别"),
    "code": ("code", "编码", "代码", "网格编码", "grid_code", "gridcode"),
    "name": ("name", "名称", "网格名称", "grid_name", "gridname"),
    "parent": ("parent", "parent_code", "parentcode", "上级编码", "上级", "父级编码"),
    "households": ("households", "户数"),
    "kind": ("kind",),
    "datum": ("datum", "坐标系", "coordsys"),
}
LEVEL_WORDS = {"区": 0, "街道": 1, "乡镇": 1, "镇": 1, "社区": 2, "村": 2, "网格": 3, "责任网格": 3}
HIGHEST_LEVEL = 3


@dataclass(frozen=True)
class Fields:
    """The names that the person gave on the command line; None means: look for a usual one."""

    code: str | None = None
    name: str | None = None
    parent: str | None = None
    level: str | None = None


def chosen(rows: list[Row], wanted: Fields) -> dict[str, str | None]:
    """Our word → the file's property. Raises UnreadableError when level or code cannot be found."""
    present = list(dict.fromkeys(key for row in rows for key in row.properties))
    lower = {key.lower(): key for key in reversed(present)}
    found: dict[str, str | None] = {}
    for word, spellings in SPELLINGS.items():
        asked = getattr(wanted, word, None)
        if asked is not None and asked not in present:
            raise UnreadableError(
                "The file has no field {field}; it has: {present}.",
                field=asked,
                present=", ".join(present) or "–",
            )
        found[word] = asked or next((lower[name] for name in spellings if name in lower), None)
    for word in ("level", "code"):
        if found[word] is None:
            raise UnreadableError(
                "The file has no field for the {word}; name it with --{word}-field (it has: {present}).",
                word=word, present=", ".join(present) or "–",
            )  # fmt: skip
    return found


def areas(rows: list[Row], names: dict[str, str | None]) -> tuple[list[Area], list[Finding]]:
    """Rows as areas, in file order, with what is wrong about their properties and vertices."""
    result: list[Area] = []
    findings: list[Finding] = []
    for number, row in enumerate(rows, start=1):
        area, found = _area(row, names, number)
        findings += found
        if area is not None:
            result.append(area)
    return result, findings


def _area(row: Row, names: dict[str, str | None], number: int) -> tuple[Area | None, list[Finding]]:
    def value(word: str) -> Any:
        key = names[word]
        return row.properties.get(key) if key else None

    level, code, name = _level(value("level")), text(value("code")), text(value("name"))
    findings: list[Finding] = []
    if level is None or not code:
        sentence = "Feature {number} ({name}): its level {level} is not a number from 0 to 3."
        if level is not None:
            sentence = "Feature {number} ({name}): it has no code."
        params = {"number": number, "name": name or "–", "level": value("level")}
        place = _somewhere(row)
        return None, [Finding("no_level" if level is None else "no_code", FAULT, sentence, params, None, code, name,
                              *place)]  # fmt: skip
    parent = text(value("parent")) or None

    def add(
        kind: str, severity: str, sentence: str, params: dict[str, Any], lon: float | None, lat: float | None
    ) -> None:
        findings.append(Finding(kind, severity, sentence, params, level, code, name, lon, lat))

    if is_number(value("code")) or is_number(value("parent")):
        add("numeric_code", FAULT, "codes are numbers, leading zeros may be lost; store codes and parents as text",
            {}, *_somewhere(row))  # fmt: skip
    for sentence, params, at in row.trouble:
        add("bad_vertex", FAULT, sentence, params, *(at or (None, None)))
    for kind, severity, sentence, params in row.remarks:
        lon, lat = _somewhere(row)
        add(kind, severity, sentence, {**params, "lon": lon, "lat": lat}, lon, lat)
    if row.shape is None and not row.trouble:
        add("no_geometry", FAULT, "no geometry", {}, None, None)
    if not name:
        add("no_name", WARNING, "no name; its code is shown instead", {}, *_somewhere(row))
    households = _count(value("households"))
    area = Area(level, code, name or code, parent, row.shape, households, text(value("kind")) or "grid")
    return area, findings


def _somewhere(row: Row) -> tuple[float | None, float | None]:
    if row.shape is None or row.shape.is_empty:
        return None, None
    point = row.shape.envelope.centroid
    return round(point.x, 5), round(point.y, 5)


def _blank(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("", "<NA>", "NaT")
    )


def is_number(value: Any) -> bool:
    """Whether a property came as a number where text was meant."""
    return not _blank(value) and not isinstance(value, str)


def text(value: Any) -> str:
    """A property as people wrote it, "" for none."""
    if _blank(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _level(value: Any) -> int | None:
    word = text(value)
    level = LEVEL_WORDS.get(word, int(word) if word.isascii() and word.isdigit() else None)
    return level if level is not None and level <= HIGHEST_LEVEL else None


def _count(value: Any) -> int | None:
    word = text(value)
    return int(word) if word.isascii() and word.isdigit() else None
