"""One person's package: what it is made of, its content, its signature, and the step to it from an older one.

What a tablet is told in its changes is the package's `key`, a hash of all that it depends on: one small query. The file
is made when a tablet asks for it, and kept by its content (`keeping.py`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.db import Connection, queries
from server.errors import NotFound
from server.facilities import service as facilities
from server.grids import basemap
from server.grids import service as grids
from server.package import tiles
from server.package.keeping import Kept
from server.protocol import package as packages
from server.protocol.wire import sha256
from server.security import Viewer

SQL = queries(__file__)


@dataclass(frozen=True)
class Scope:
    """Whose package: nodes with all below them, the layers of a role."""

    district: int
    nodes: tuple[int, ...]
    role: str

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        return cls(viewer.district_id, tuple(sorted(viewer.nodes)), viewer.role)


def key_of(conn: Connection, scope: Scope) -> str:
    """The same as long as nothing changes that the package is made of; 32 hexadecimal digits."""
    made_of = [tuple(row.values()) for row in SQL.made_of(conn, district=scope.district, role=scope.role)]
    return sha256(json.dumps([stamp(), scope.nodes, made_of]))[:32]


def stamp() -> list[str]:
    """What packages depend on beside the database: their format, and the files of the installation."""
    return [packages.FORMAT, basemap.stamp(), tiles.stamp()]


def public_key(conn: Connection) -> str:
    """What tablets know the signature by: the raw Ed25519 key, hexadecimal."""
    return _signer(conn).public_key().public_bytes_raw().hex()


def offer(conn: Connection, viewer: Viewer, have: str, kept: Kept) -> dict[str, Any]:
    """What there is for a tablet that holds the content `have` ("" for none): names of files, and the signature.

    {key, content, base, file, bytes, sha256, tiles: {file, bytes, sha256} | null, public_key, signature}. Raises
    NotFound for a person without grids.
    """
    scope = Scope.of(viewer)
    if not scope.nodes:
        raise NotFound("There are no boundaries for this scope.")
    key = key_of(conn, scope)
    content = kept.content(key, lambda: made(conn, scope, key))
    file, base = kept.way(have, content)
    pictures = tiles.clipped(kept, content)
    way = kept.described(file)
    signed = packages.signed_text(key, content, way["sha256"], pictures["sha256"] if pictures else "")
    return {
        "key": key, "content": content, "base": base, **way, "tiles": pictures,
        "public_key": public_key(conn), "signature": _signer(conn).sign(signed).hex(),
    }  # fmt: skip


def file_of(conn: Connection, viewer: Viewer, name: str, kept: Kept) -> Path:
    """A file that an offer named, for the person whose package it is now. Raises NotFound for everybody else."""
    path = kept.file(name)
    scope = Scope.of(viewer)
    if path is None or not scope.nodes or not kept.belongs(name, key_of(conn, scope)):
        raise NotFound
    return path


def was_refused(conn: Connection, device: UUID, now: datetime) -> None:
    """A tablet left a package that was not its office's or not whole: `/devices` shows it."""
    SQL.count_refusal(conn, device=device, now=now)


def goes_out(conn: Connection, viewer: Viewer, name: str, kept: Kept, now: datetime, address: str) -> None:
    """Writes down which layers go out with a file whose beginning is sent, and how many facilities of each: those in
    this file, which may be a difference."""
    sent = kept.facilities(name)
    if sent:
        facilities.handed_out(
            conn, viewer, facilities.open_layers(conn, viewer, list(sent)), sent, now, address
        )


def made(conn: Connection, scope: Scope, key: str, pack: tuple[int, dict[str, Any]] | None = None) -> bytes:
    """The whole package: bytes of an SQLite file. `pack` (version, body) goes along in a file that is handed over."""
    ground = grids.package(conn, scope.nodes)
    here = [node["id"] for node in ground["nodes"] if node["level"] == 3 and node["part"] != "above"]
    layers = list(SQL.layers(conn, district=scope.district, role=scope.role))
    code_of = {row["id"]: row["code"] for row in layers}
    things = SQL.facilities(conn, grids=here, layers=list(code_of)) if layers and here else ()
    about = {
        "key": key,
        "boundary_versions": ground["boundary_versions"],
        "bounds": ground["bounds"],
        "error_m": round(float(SQL.error_m(conn, versions=ground["boundary_versions"]) or 0), 2),
    }
    return packages.made_of(
        {
            "about": [(name, _json(value)) for name, value in about.items()],
            "nodes": [_node(node) for node in ground["nodes"]],
            "basemap": [(number, _json(feature)) for number, feature in enumerate(ground["basemap"])],
            "layers": [tuple(row.values())[1:] for row in layers],
            "facilities": [_facility(row, code_of[row["layer_id"]]) for row in things],
            "pack": [(pack[0], _json(pack[1]))] if pack else [],
        }
    )


def _node(node: dict[str, Any]) -> Sequence[Any]:
    lon, lat = node["inside"]
    shape = packages.packed_shape(node["shape"]) if node["shape"] else None
    return (node["id"], node["code"], node["name"], node["level"], node["parent"], node["kind"], node["part"], lon, lat,
            shape)  # fmt: skip


def _facility(row: dict[str, Any], layer: str) -> Sequence[Any]:
    return (layer, row["code"], row["name"], round(row["lon"], 7), round(row["lat"], 7), row["grid"],
            _json(row["properties"]), row["shape"])  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _signer(conn: Connection) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(SQL.seed(conn)))
