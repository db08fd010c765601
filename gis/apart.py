"""Reads one file with GDAL in a process of its own, so that no file can hang, fill or mislead the process that asked.

`python -m gis.apart FILE FOLDER [ENCODING [LAYER [SHAPES]]]` writes what it read into FOLDER: `document.json` (crs,
fields, columns, kinds of geometry), `shapes.bin` (WKB of all features, one after the other) and `lengths.npy`; or it
ends with 3 and `error.json` (a msgid and its parameters). Who starts it names the formats that GDAL may use and the
limits (`gis.gdal`).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from gis.child import limit

CPU_SECONDS = 90
FAILED = 3

# Which layers of a file are passed over when areas, points or lines are wanted, by their kind of geometry.
OTHERS = {"areas": ("Point",), "points": ("Polygon", "LineString"), "lines": ("Point", "Polygon")}

# The layers that GDAL makes of OpenStreetMap's ways and relations; the tags that it does not know stand in one column.
OSM = {"areas": "multipolygons", "points": "points", "lines": "lines"}
TAGS = "other_tags"
_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')

Refusal = tuple[str, dict[str, Any]]


class _RefusedError(Exception):
    def __init__(self, sentence: str, **params: Any) -> None:
        super().__init__(sentence)
        self.refusal: Refusal = (sentence, params)


def _layer(path: str, wanted: str | None, shapes: str) -> str:
    import pyogrio  # only now: the limits hold for its loading too

    layers = {str(name): kind for name, kind in pyogrio.list_layers(path)}
    if wanted is not None:
        if wanted not in layers:
            raise _RefusedError("The file has no layer {layer}; it has: {layers}.", layer=wanted,
                                layers=", ".join(layers) or "–")  # fmt: skip
        return wanted
    if {"other_relations", *OSM.values()} <= set(layers):
        return OSM[shapes]
    fitting = [
        name
        for name, kind in layers.items()
        if kind is not None and not any(other in str(kind) for other in OTHERS[shapes])
    ]
    if layers and not fitting:
        raise _RefusedError(
            "No layer of the file holds shapes of the kind that is read; it holds: {layers}.",
            layers=", ".join(layers),
        )
    if len(fitting) != 1:
        raise _RefusedError(
            "The file must hold exactly one layer that fits, or --layer names it; it holds: {layers}.",
            layers=", ".join(layers) or "–",
        )
    return fitting[0]


def _values(column: Any) -> list[Any]:
    if column.dtype.kind == "M":
        column = column.astype(str)
    return [None if isinstance(value, (bytes, np.ndarray)) else value for value in column.tolist()]


def _with_tags(fields: list[str], columns: list[list[Any]]) -> None:
    """Every tag as a field of its own, as if the file had them so."""
    told = columns[fields.index(TAGS)]
    found = [{k: re.sub(r"\\(.)", r"\1", v) for k, v in _TAG.findall(text or "")} for text in told]
    for name in dict.fromkeys(name for tags in found for name in tags if name not in fields):
        fields.append(name)
        columns.append([tags.get(name) for tags in found])


def read(path: str, folder: Path, encoding: str | None, layer: str | None, wanted: str) -> None:
    """Reads the one layer; curves come as chords of one degree, and `kinds` still says what they were."""
    import pyogrio

    name = _layer(path, layer, wanted)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    meta, _, shapes, columns = pyogrio.raw.read(
        path, sql=f'SELECT *, OGR_GEOMETRY AS xunge_geometry_kind FROM "{quoted}"', sql_dialect="OGRSQL",
        encoding=encoding, force_2d=True,
    )  # fmt: skip
    if shapes is None or len(shapes) == 0:
        raise _RefusedError("The file holds no features.")
    *values, kinds = (_values(column) for column in columns)
    np.save(
        folder / "lengths.npy", np.array([-1 if one is None else len(one) for one in shapes], dtype=np.int64)
    )
    with (folder / "shapes.bin").open("wb") as out:
        out.writelines(one for one in shapes if one is not None)
    fields = [str(field) for field in meta["fields"]][:-1]
    if TAGS in fields:
        _with_tags(fields, values)
    document = {"crs": meta["crs"], "encoding": meta["encoding"], "layer": name, "fields": fields, "columns": values,
                "kinds": kinds}  # fmt: skip
    (folder / "document.json").write_text(
        json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8"
    )


def main(arguments: list[str]) -> int:
    """Exit 0 when read, FAILED with a sentence, anything else when the process was ended."""
    path, folder, encoding, layer, wanted = [*arguments, "", "", ""][:5]
    limit(CPU_SECONDS)
    # pyogrio looks for it, nothing here needs it, and it takes longer to load than most files to read.
    sys.modules["geopandas"] = None  # type: ignore[assignment]
    try:
        read(path, Path(folder), encoding or None, layer or None, wanted or "areas")
        return 0
    except _RefusedError as error:
        refusal = error.refusal
    except MemoryError:
        refusal = ("The file needs more memory than a boundary file may take.", {})
    except Exception as error:  # GDAL's readers fail in many ways; each becomes one sentence
        lines = str(error).strip(". ").splitlines() or [type(error).__name__]
        refusal = ("GDAL cannot read the file: {reason}.", {"reason": lines[0][:300]})
    text = json.dumps(refusal, ensure_ascii=False).replace(f"{Path(path).parent}/", "")
    (Path(folder) / "error.json").write_text(text, encoding="utf-8")
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
