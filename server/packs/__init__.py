"""Configuration as data: packs are read from folders here, checked, kept as versions, and never branch the code."""

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from server.db import Connection, queries
from server.errors import SetupFault
from server.protocol.pack import Pack, read_pack
from server.protocol.wire import sha256

FOLDER = Path(__file__).parent
DEFAULT = "urban"


def read_folder(code: str) -> dict[str, Any]:
    """The data of the pack in folder `code`, checked. Raises BadPack or FileNotFoundError."""
    raw = tomllib.loads((FOLDER / code / "pack.toml").read_text(encoding="utf-8"))
    read_pack(raw)
    return raw


def names() -> list[str]:
    """The codes of all packs that come with this program."""
    return sorted(path.parent.name for path in FOLDER.glob("*/pack.toml"))


def keep(conn: Connection, code: str) -> tuple[int, bool]:
    """Stores the pack's present content as a version unless it is there: its id, and whether it is new."""
    body = json.dumps(read_folder(code), ensure_ascii=False, sort_keys=True)
    row = queries(__file__).keep_version(conn, code=code, sha256=sha256(body), body=body)
    return int(row["id"]), bool(row["new"])


def current(conn: Connection, district_id: int) -> tuple[int, Pack]:
    """The pack that new cases of the district are made under, and its version's id (`migrate` stores them)."""
    version = queries(__file__).current_version(conn, district_id=district_id)
    if version is None:
        raise SetupFault("The pack of district {district} is not stored; run migrate.", district=district_id)
    return int(version["id"]), pack_of_version(conn, int(version["id"]))


@lru_cache(maxsize=64)
def _parsed(body: str) -> Pack:
    return read_pack(json.loads(body))


def pack_of_version(conn: Connection, version_id: int) -> Pack:
    """The pack as it was in that version."""
    return _parsed(queries(__file__).body(conn, version_id=version_id)["body"])


def body_of(conn: Connection, version_id: int) -> dict[str, Any]:
    """The data of a pack version, as `read_pack` takes it: what tablets are sent."""
    return dict(json.loads(queries(__file__).body(conn, version_id=version_id)["body"]))
