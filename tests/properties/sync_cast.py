"""Who takes part in a story of the sync: workers with tablets that may die at any line, and an office that goes on."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mobile.core.outbox import OUTCOMES, Entry
from mobile.core.tablet import Tablet
from mobile.core.views import Act, Refusal
from mobile.sim.wire import BadWire
from server.cases.apply import apply
from server.db import Connection, Database
from server.errors import XungeError
from server.holds.decide import decide
from server.people.enrolment import make_enrol_code, revoke_device
from server.protocol.commands import Command, read_payload
from server.protocol.hats import Actor
from server.protocol.wire import uuid7
from server.security import load_viewer
from tests import killed
from tests.link import TurnedClock
from tests.server.small_district import SmallDistrict

CREW = "crew-any"
NEWEST = 4  # cases that are acted on, so that tablets and office meet on the same ones
FINAL = (*OUTCOMES, "withdrawn")
OFFICE_STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reported": ("duty", "register", {"condition": "any"}),
    "registered": ("dispatch", "dispatch", {"crew": CREW}),
    "dispatched": ("crew", "accept", {}),
    "handling": ("crew", "handle", {"done": "已处置"}),
    "handled": ("community", "fail", {"unmet": "没修"}),
    "inspected": ("duty", "close", {}),
    "closed": ("duty", "reopen", {"reason": "居民不满意"}),
}


@dataclass
class Carried:
    """A tablet with what it hangs on, and what its worker was told and has seen."""

    home: Path
    wire: BadWire
    clock: TurnedClock
    login: str = ""
    told: set[str] = field(default_factory=set)  # commands acknowledged to the worker
    undone: set[str] = field(default_factory=set)  # acknowledged as taken back
    seen: dict[str, Entry] = field(
        default_factory=dict
    )  # every command that was ever in its outbox, as last seen
    wiped: set[str] = field(
        default_factory=set
    )  # those of them that were handed over before the tablet wiped itself
    open: Tablet | None = None
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def tablet(self) -> Tablet:
        if self.open is None:
            self.open = Tablet(self.home, clock=self.clock, transport=self.wire)
        return self.open

    def close(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None

    def do(self, deed: Callable[[Tablet], Any], dies_at: int | None = None) -> Any:
        """A deed of the worker; with `dies_at` in a process that is killed before that line of the core. Gives None
        then, and where the tablet refuses with a sentence.
        """
        self.tally["deeds"] += 1
        try:
            if dies_at is None:
                return deed(self.tablet)
            self.close()
            left = killed.run(self.home, self.clock, self.wire, _or_refused(deed), dies_at)
            self.wire.late = left.late
            self.tally["killed" if left.killed else "outlived its killer"] += 1
            return left.gave[0] if left.gave else None
        except Refusal:
            return None
        finally:
            self.look()

    def look(self) -> None:
        """What is in the outbox now follows from what was there: nothing is gone, changed, or half there."""
        entries = {entry.command_id: entry for entry in self.tablet._outbox.all()}
        if self.seen and not entries and not self.tablet.enrolled:
            # The tablet wiped itself: what was never taken back must be with the office.
            self.wiped |= {name for name, entry in self.seen.items() if entry.state != "withdrawn"}
            self.seen, self.told, self.undone = {}, set(), set()
        assert set(self.seen) <= set(entries), "a sealed command is gone"
        for name, entry in entries.items():
            before = self.seen.get(name)
            assert entry.command["command_id"] == name, "a command is half written"
            assert before is None or before.command == entry.command, "a sealed command was changed"
            assert before is None or _follows(before, entry), f"{before.state} became {entry.state}"
            for photo in entry.payload.get("attachments") or ():
                cards = self.tablet._photos.cards(photo_id=photo["id"])
                # The server has it (the account asks there) and the case left; or the worker gave it up.
                assert cards or not entry.waits, "a photo went before its command"
                assert {card.sha256 for card in cards} <= {photo["sha256"]}
        assert [entry.seq for entry in entries.values()] == sorted({entry.seq for entry in entries.values()})
        assert self.told <= set(entries), "what was acknowledged is not there"
        assert all(entries[name].state == "withdrawn" for name in self.undone), "what was taken back is not"
        self.seen = entries


def _follows(before: Entry, now: Entry) -> bool:
    """A word stands for ever; only upon "held" the office's decision may follow."""
    return before.state not in FINAL or before.state == now.state or (before.state == "held" and now.decided)


def _or_refused(deed: Callable[[Tablet], Any]) -> Callable[[Tablet], Any]:
    def tried(tablet: Tablet) -> Any:
        try:
            return deed(tablet)
        except Refusal:
            return None

    return tried


def filled(act: Act) -> dict[str, str]:
    """Something in every field that an act asks."""
    return {one.name: one.value or (one.choices[0].code if one.choices else "写几个字") for one in act.fields}


class Office:
    """The desk's side of one district: its people act by `apply`, as console and API do."""

    def __init__(self, database: Database, district: SmallDistrict, prefix: str) -> None:
        self.database, self.district, self.prefix = database, district, prefix

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [dict(row) for row in cursor.fetchall()]

    def code(self, login: str) -> str:
        """A single-use code for a tablet of `login`."""
        return self.database.run(lambda conn: make_enrol_code(conn, self.prefix + login, datetime.now(UTC)))

    def step(self, number: int) -> None:
        """The next usual act on one of the newest cases; what the table refuses is refused."""
        if case := self._newest(number):
            login, kind, payload = OFFICE_STEPS.get(str(case["state"]), ("duty", "comment", {"text": "看过"}))
            self._apply(login, kind, case["id"], payload)

    def comment(self, number: int) -> None:
        if case := self._newest(number):
            self._apply("duty", "comment", case["id"], {"text": "街道来电"})

    def _newest(self, number: int) -> dict[str, Any] | None:
        found = self.rows(
            "select id, state from cases where district_id = %s order by id desc limit %s",
            self.district.id, NEWEST,
        )  # fmt: skip
        return found[number % len(found)] if found else None

    def decide(self, number: int, choice: str) -> bool:
        """The duty officer decides about an act that waits, if there is one; what cannot be decided so waits on."""
        held = self.rows(
            "select command_id from holds where district_id = %s and decided_at is null order by created_at, command_id",
            self.district.id,
        )
        if not held:
            return False
        name, now = held[number % len(held)]["command_id"], datetime.now(UTC)

        def work(conn: Connection) -> None:
            duty = load_viewer(conn, self.district.people["duty"], now)
            assert duty is not None
            decide(conn, duty, name, choice, "已在别处处理", None, None, "", now)

        try:
            self.database.run(work)
        except XungeError:
            return False
        return True

    def move(self, login: str, code: str) -> None:
        """Gives a worker another subtree."""
        self._change(
            "update memberships set grid_id = %s where person_id = %s",
            self.district.nodes[code],
            self.district.people[login],
        )

    def lets_go(self, login: str, active: bool) -> None:
        """Somebody leaves, or is back."""
        self._change("update people set active = %s where id = %s", active, self.district.people[login])

    def expire(self, device_id: str) -> None:
        """The pass of a tablet is no longer known."""
        self._change(
            "update devices set token_hash = sha256(gen_random_uuid()::text::bytea) where id = %s",
            uuid.UUID(device_id),
        )

    def withdraw(self, device_id: str) -> None:
        """The administrator withdraws a tablet."""

        def work(conn: Connection) -> None:
            now = datetime.now(UTC)
            admin = load_viewer(conn, self.district.people["admin"], now)
            assert admin is not None
            revoke_device(conn, admin, uuid.UUID(device_id), "", now)

        self.database.run(work)

    def _change(self, statement: str, *parameters: object) -> None:
        self.database.run(lambda conn: conn.cursor().execute(statement, parameters))

    def _apply(self, login: str, kind: str, case_id: Any, payload: dict[str, Any]) -> None:
        person, nodes = self.district.people[login], frozenset({self.district.nodes["D"]})
        offices = self.district.organisations
        actors = {
            "duty": Actor(person, "centre", frozenset({"duty"}), offices["centre"], nodes),
            "dispatch": Actor(person, "centre", frozenset({"dispatcher"}), offices["centre"], nodes),
            "community": Actor(person, "community", frozenset(), offices["community-S1C1"], nodes),
            "crew": Actor(person, "crew", frozenset(), offices[CREW]),
        }
        now = datetime.now(UTC)
        command = Command(
            uuid7(), kind, case_id, read_payload(kind, payload), "", "console", person, made_at=now,
            source="console", district_id=self.district.id,
        )  # fmt: skip
        self.database.run(lambda conn: apply(conn, [command], now, {person: actors[login]}))


def ago(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)
