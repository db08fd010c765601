"""What cases are shown with: names of places and offices, their packs, clocks and evidence; in one reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.db import Connection, queries
from server.packs import pack_known
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG
from server.protocol.pack import Pack

sql = queries(__file__)
NAMING = (CALLED_FLAG, ASKED_FLAG)
CLOCK_MOMENTS = ("started_at", "paused_at", "due_at", "stopped_at")
PHOTO_MOMENTS = ("made_at", "declared_at", "arrived_at", "damaged_at")


def named_by(flags: Iterable[str], beginning: str) -> list[int]:
    """The ids of the organisations that flags name: "called:17"."""
    return [int(flag.removeprefix(beginning)) for flag in flags if flag.startswith(beginning)]


@dataclass(frozen=True)
class Beside:
    """What the rows of one answer are shown with: what ids are called, and their clocks and evidence by case."""

    nodes: dict[int, dict[str, Any]]
    organisations: dict[int, dict[str, Any]]
    districts: dict[int, dict[str, Any]]
    packs: dict[int, Pack]
    clocks: dict[str, list[dict[str, Any]]]
    photos: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, conn: Connection, rows: Sequence[dict[str, Any]], whole: bool = False) -> "Beside":
        """In one reading; clocks and evidence only for what is shown `whole`."""
        nodes = {row[k] for row in rows for k in ("district_id", "street_id", "community_id", "grid_id")}
        organisations = {row[k] for row in rows for k in ("holder_id", "handler_id")}
        organisations |= {i for row in rows for flag in NAMING for i in named_by(row["flags"], flag)}
        read = sql.beside(
            conn,
            ids=[row["id"] for row in rows] if whole else [],
            nodes=list(nodes - {None}),
            organisations=list(organisations - {None}),
            packs=list({row["pack_version"] for row in rows}),
        )
        return cls(
            {r["node_id"]: r for r in read["nodes"] or ()},
            {r["id"]: r for r in read["organisations"] or ()},
            {r["id"]: r for r in read["districts"]},
            {r["id"]: pack_known(conn, r["id"], r["sha256"]) for r in read["packs"] or ()},
            _grouped(read["clocks"] or (), CLOCK_MOMENTS),
            _grouped(read["photos"] or (), PHOTO_MOMENTS),
        )

    def zone(self, row: dict[str, Any]) -> ZoneInfo:
        """The time zone of a case's district."""
        return ZoneInfo(self.districts[row["district_id"]]["timezone"])

    def node(self, node_id: int | None) -> dict[str, str] | None:
        row = self.nodes.get(node_id) if node_id is not None else None
        return {"code": row["code"], "name": row["name"]} if row else None

    def organisation(self, organisation_id: int | None) -> dict[str, str] | None:
        row = self.organisations.get(organisation_id) if organisation_id is not None else None
        return {"kind": row["kind"], "code": row["code"], "name": row["name"]} if row else None


def _grouped(rows: Iterable[dict[str, Any]], moments: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Rows of JSON by their case, order kept, with their moments read."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for name in moments:
            if row[name] is not None:
                row[name] = datetime.fromisoformat(row[name])
        found.setdefault(row["case_id"], []).append(row)
    return found
