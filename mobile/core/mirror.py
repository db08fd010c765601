"""What the tablet knows of the office's cases, kept sealed, and how each stands once the outbox has been sent.

The screen is the server's last word with this tablet's own unanswered commands replayed over it by the same
workflow table. Nothing is kept in a second shape: what is replayed is worked out anew at each look.
"""

import json
import logging
import sqlite3
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from mobile.core.arrivals import Arrivals, Key
from mobile.core.outbox import Entry
from mobile.core.package import Package
from mobile.core.seal import ARRIVALS, SealBroken, shut_into
from mobile.core.standing import Standing, narrowing_of, standing_of
from mobile.core.store import Store
from server.protocol.hats import Actor
from server.protocol.mirror import bucket_of, buckets_of
from server.protocol.pack import Pack, read_pack
from server.protocol.package import NotAPackage
from server.protocol.wire import read_time

log = logging.getLogger(__name__)
MOST_MESSAGES = 200
PACKAGE_ROW = "mirror/package/package"


class Mirror:
    """Cases, packs, grids, persons as the server sent them; bodies sealed on disk, opened once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = store.turn  # one lock for both: two would wait for each other
        self._cases: dict[str, tuple[int, dict[str, Any]]] | None = None
        self._things: dict[str, dict[str, Any]] = {}
        self._listed: dict[str, list[dict[str, Any]]] = {}
        self._pack: Pack | None = None
        self._package: Package | None = None

    # The server's word -------------------------------------------------------------------------------------

    @property
    def cursor(self) -> str:
        return str(self._store.kept("cursor", ""))

    def apply(self, changes: Iterable[dict[str, Any]], cursor: str, more: bool) -> list[str]:
        """Takes in one page and its cursor, together; gives the cases that left. The last page of a fresh start
        takes away what it did not name again. A locked tablet puts the page by, shut, until somebody unlocks it.
        """
        with self._lock, self._store.writing():
            if self.locked:
                self._put_by({"changes": list(changes), "cursor": cursor, "more": more})
                return []
            return self._take_in(changes, cursor, more)

    def _take_in(self, changes: Iterable[dict[str, Any]], cursor: str, more: bool) -> list[str]:
        with self._lock:
            found = Arrivals.read(changes, self._opened)
            with self._store.writing() as sql:
                generation = self._store.kept("generation", 1) + found.anew
                if found.anew:
                    self._store.keep("generation", generation)
                sql.executemany("delete from mirror where kind = ?", [(kind,) for kind in found.cleared])
                self._put(sql, found.came, generation)
                if not more:
                    stale = "select id from mirror where kind = 'case' and generation < ?"
                    found.left.update(
                        {("case", row["id"]): None for row in sql.execute(stale, (generation,))}
                    )
                sql.executemany("delete from mirror where kind = ? and id = ?", list(found.left))
                self._store.keep("cursor", cursor)
            self._remember(found)
        return [name for kind, name in found.left if kind == "case"]

    def _put(
        self, sql: sqlite3.Connection, came: Mapping[Key, tuple[int, dict[str, Any]]], generation: int
    ) -> None:
        sql.executemany(
            "insert into mirror values (?, ?, ?, ?, ?) on conflict (kind, id) do update set "
            "version = excluded.version, generation = excluded.generation, body = excluded.body",
            [
                (kind, name, version, generation, self._sealed(kind, name, body))
                for (kind, name), (version, body) in came.items()
            ],
        )
        if any(kind == "message" for kind, _ in came):
            sql.execute(
                "delete from mirror where kind = 'message' and cast(id as integer) <="
                " (select cast(id as integer) from mirror where kind = 'message'"
                " order by 1 desc limit 1 offset ?)",
                (MOST_MESSAGES,),
            )

    def keep_package(self, package: bytes) -> None:
        """The offline package in place of the one before; both or neither is on the disk. Raises Locked."""
        with self._lock:
            body = self._store.seal.shut(PACKAGE_ROW, package)
            with self._store.writing() as sql:
                sql.execute(
                    "insert into mirror values ('package', 'package', 0, ?, ?) on conflict (kind, id) do update set "
                    "generation = excluded.generation, body = excluded.body",
                    (self._store.kept("generation", 1), body),
                )
            self._package = None

    @property
    def package(self) -> Package:
        """The offline package, an empty one before it came; what is not whole any more is fetched again."""
        with self._lock:
            if self._package is None:
                rows = self._store.rows("select body from mirror where kind = 'package'")
                try:
                    sealed = rows[0]["body"] if rows else None
                    self._package = Package(self._store.seal.open(PACKAGE_ROW, sealed) if sealed else None)
                except (SealBroken, NotAPackage):
                    log.warning("the package cannot be opened")
                    self._package = Package(None)
            return self._package

    def mend(self, bucket: str, changes: Iterable[dict[str, Any]]) -> list[str]:
        """Takes in a bucket as the server holds it; gives the cases that were here beside it and are gone now."""
        with self._lock:
            found = Arrivals.read(changes, dict)
            rows = self._store.rows("select id from mirror where kind = 'case'")
            ours = [row["id"] for row in rows if bucket_of(row["id"]) == bucket]
            found.left = {("case", name): None for name in ours if ("case", name) not in found.came}
            with self._store.writing() as sql:
                self._put(sql, found.came, self._store.kept("generation", 1))
                sql.executemany("delete from mirror where kind = ? and id = ?", list(found.left))
            self._remember(found)
        return [name for _, name in found.left]

    @property
    def locked(self) -> bool:
        """Whether what is here cannot be read now."""
        return self._store.seal.pin is None

    def _put_by(self, arrival: dict[str, Any]) -> None:
        slot = b64decode(self._store.kept("slot"))
        with self._store.writing() as sql:
            number = sql.execute("select coalesce(max(n), 0) + 1 from arrivals").fetchone()[0]
            body = json.dumps(arrival, ensure_ascii=False).encode()
            sql.execute(
                "insert into arrivals values (?, ?)", (number, shut_into(slot, f"{ARRIVALS}{number}", body))
            )
            self._store.keep("cursor", arrival["cursor"])

    @property
    def has_arrivals(self) -> bool:
        """Whether something waits that can be read now: another process put it by."""
        return not self.locked and bool(self._store.rows("select 1 from arrivals limit 1"))

    def take_arrivals(self, unlock: Callable[[], None] = lambda: None) -> list[str]:
        """Unlocks and takes in what came while it was locked, here or in the background, in its order and before
        anything newer; gives the cases that left. What cannot be read any more is fetched again with everything else.
        """
        left: dict[str, None] = {}
        with self._lock, self._store.writing() as sql:
            unlock()
            waiting = sql.execute("select n, body from arrivals order by n").fetchall()
            sql.execute("delete from arrivals")
            try:
                for row in waiting:
                    body = json.loads(self._store.seal.open(f"{ARRIVALS}{row['n']}", row["body"]))
                    if "changes" in body:
                        left.update(
                            dict.fromkeys(self._take_in(body["changes"], body["cursor"], body["more"]))
                        )
                    else:
                        self.start_over()
            except SealBroken:
                self.start_over()
        return list(left)

    def _sealed(self, kind: str, name: str, body: dict[str, Any]) -> bytes:
        return self._store.seal.shut(f"mirror/{kind}/{name}", json.dumps(body, ensure_ascii=False).encode())

    def _remember(self, found: Arrivals) -> None:
        """What was opened before follows what was just written down."""
        for kind in {kind for kind, _ in (*found.came, *found.left)} | found.cleared:
            self._things.pop(kind, None)
            self._listed.pop(kind, None)
            if kind == "pack":
                self._pack = None
        if self._cases is not None:
            for kind, name in found.left:
                if kind == "case":
                    self._cases.pop(name, None)
            self._cases.update(found.cases())

    def start_over(self, empty: bool = False) -> None:
        """The next look at the changes fetches everything; what is here stays until that has come whole, unless it
        is not for the eyes of who comes next (`empty`).
        """
        with self._lock:
            with self._store.writing() as sql:
                if self.locked and not empty:
                    self._put_by({"cursor": ""})
                    return
                self._store.keep("generation", self._store.kept("generation", 1) + 1)
                self._store.keep("cursor", "")
                if empty:
                    sql.execute("delete from mirror")
                    sql.execute("delete from arrivals")
            if empty:
                self.forget()

    def forget(self) -> None:
        """What was opened is closed again: the store holds something else now."""
        with self._lock:
            self._cases, self._pack, self._listed, self._things = None, None, {}, {}
            self._package = None

    def drop_closed_before(self, moment: datetime) -> list[str]:
        """Both sides let go of cases that were closed before this moment; gives their ids. Locked, it waits."""
        if self.locked:
            return []
        old = [
            case_id
            for case_id, (_, body) in self._opened().items()
            if body.get("closed_at") and read_time(body["closed_at"]) < moment
        ]
        with self._lock:
            found = Arrivals(left={("case", name): None for name in old})
            with self._store.writing() as sql:
                sql.executemany("delete from mirror where kind = ? and id = ?", list(found.left))
            self._remember(found)
        return old

    # Reading -----------------------------------------------------------------------------------------------

    def _opened(self) -> dict[str, tuple[int, dict[str, Any]]]:
        with self._lock:
            if self._cases is None:
                self._cases = {}
                for row in self._store.rows("select * from mirror where kind = 'case'"):
                    try:
                        self._cases[row["id"]] = row["version"], self._body("case", row)
                    except SealBroken:
                        # Not shown and not counted: the next proof of the mirror fetches it again.
                        log.warning("case %s cannot be opened", row["id"])
            return self._cases

    def _body(self, kind: str, row: Any) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self._store.seal.open(f"mirror/{kind}/{row['id']}", row["body"]))
        return body

    def _whole(self, kind: str, row: Any) -> dict[str, Any]:
        """{} for a body that is not whole any more: no digest proves these, so that everything is fetched again."""
        try:
            return self._body(kind, row)
        except SealBroken:
            log.warning("%s %s cannot be opened", kind, row["id"])
            self.start_over()
            return {}

    def bodies(self) -> dict[str, dict[str, Any]]:
        """Every case as the server sent it, by id."""
        return {case_id: body for case_id, (_, body) in self._opened().items()}

    def erased_photos(self) -> list[str]:
        """The photos of which the office says that they were erased; none while this tablet is locked."""
        bodies = {} if self.locked else self.bodies()
        told = (raw for body in bodies.values() for raw in body.get("attachments") or ())
        return [str(raw["id"]) for raw in told if raw.get("erased")]

    def messages(self) -> list[dict[str, Any]]:
        """What this tablet's person was told, newest first: number, sentence, urgent, made_at."""
        return self.listed("message")

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind whose ids are numbers, the newest first."""
        with self._lock:
            if kind not in self._listed:
                rows = self._store.rows(
                    "select * from mirror where kind = ? order by cast(id as integer) desc", (kind,)
                )
                self._listed[kind] = [body for row in rows if (body := self._whole(kind, row))]
            return self._listed[kind]

    def buckets(self) -> dict[str, str]:
        """A hash over the ids and versions of each bucket of cases, as the server makes them of its own."""
        return buckets_of((case_id, version) for case_id, (version, _) in self._opened().items())

    def thing(self, kind: str) -> dict[str, Any]:
        """The newest record of a kind that exists once (pack, grid, person); {} before it came."""
        with self._lock:
            if kind not in self._things:
                rows = self._store.rows("select * from mirror where kind = ? and id = ?", (kind, kind))
                self._things[kind] = self._whole(kind, rows[0]) if rows else {}
            return self._things[kind]

    def version_of(self, kind: str) -> int:
        """The version of a thing that exists once, 0 before it came."""
        rows = self._store.rows("select version from mirror where kind = ? and id = ?", (kind, kind))
        return int(rows[0]["version"]) if rows else 0

    def pack(self) -> Pack | None:
        """The pack of this district, None before it came."""
        with self._lock:
            if self._pack is None and self.thing("pack"):
                self._pack = read_pack(self.thing("pack"))
            return self._pack

    def standings(self, pending: Iterable[Entry], actor: Actor) -> dict[str, Standing]:
        """Every case with the pending commands replayed, those included that only this tablet knows. A case that left
        is not among them, even while an act on it waits in the outbox.
        """
        by_case: dict[str, list[Entry]] = {}
        for entry in pending:
            by_case.setdefault(entry.case_id, []).append(entry)
        opened, narrowing = self._opened(), narrowing_of(self.pack())
        names = dict.fromkeys([*opened, *by_case])
        found = (
            standing_of(name, *opened.get(name, (0, {})), by_case.get(name, []), actor, narrowing)
            for name in names
        )
        return {standing.case_id: standing for standing in found if standing.facts.state}
