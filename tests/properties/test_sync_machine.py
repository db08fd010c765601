"""Whatever happens between tablets and office, in whatever order: nothing is lost, doubled or silently dropped.

Hypothesis chooses captures, acts, bad wires, restarts of the tablets, turned clocks, moved scopes and the office's own
moves; after healing, everything captured is on the server exactly once or visibly held or rejected, every chain
verifies, and every mirror equals what the server says is in that tablet's scope.
"""

import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from mobile.core.tablet import Tablet
from mobile.core.views import Act
from mobile.sim.wire import BadWire
from server.cases.apply import apply
from server.cases.chain import verify_slice
from server.protocol.commands import Command, read_payload
from server.protocol.hats import Actor
from server.protocol.wire import uuid7
from tests.conftest import LiveServer
from tests.link import TurnedClock, code_for, here, picture, rows, settle
from tests.server.small_district import SmallDistrict

OTHER, CREW = "urban/event/0600", "crew-any"
LOGINS = ("worker", "head")
ROUNDS_TO_HEAL = 4
NEWEST = 4  # cases that are acted on, so that tablets and office meet on the same ones
OFFICE_STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reported": ("duty", "register", {"condition": "any"}),
    "registered": ("dispatch", "dispatch", {"crew": CREW}),
    "dispatched": ("crew", "accept", {}),
    "handling": ("crew", "handle", {"done": "已处置"}),
    "handled": ("community", "fail", {"unmet": "没修"}),
    "inspected": ("duty", "close", {}),
    "closed": ("duty", "reopen", {"reason": "居民不满意"}),
}
WHICH = st.integers(0, len(LOGINS) - 1)
PLACES = st.sampled_from([104.005, 104.015, 104.035, 104.065, 104.0099999, 105.0, None])


@dataclass
class Carried:
    """A tablet, the wire that it hangs on, and what it acknowledged to its worker (command id → taken back)."""

    login: str
    home: Path
    wire: BadWire
    clock: TurnedClock
    tablet: Tablet
    captured: dict[str, bool] = field(default_factory=dict)


class Office:
    """The desk's side: people of the district who act by `apply`, as console and API do."""

    def __init__(self, live: LiveServer, district: SmallDistrict) -> None:
        self.live, self.district = live, district

    def step(self, number: int) -> None:
        """The next usual act on one of the cases; what the table refuses is refused."""
        cases = rows(self.live, "select id, state from cases order by id desc limit %s", NEWEST)
        if not cases:
            return
        case = cases[number % len(cases)]
        login, kind, payload = OFFICE_STEPS.get(str(case["state"]), ("duty", "comment", {"text": "看过"}))
        self._apply(login, kind, case["id"], payload)

    def comment(self, number: int) -> None:
        cases = rows(self.live, "select id from cases order by id desc limit %s", NEWEST)
        if cases:
            self._apply("duty", "comment", cases[number % len(cases)]["id"], {"text": "街道来电"})

    def move(self, login: str, code: str) -> None:
        """Gives a worker another subtree."""
        statement = "update memberships set grid_id = %s where person_id = %s"
        node, person = self.district.nodes[code], self.district.people[login]
        self.live.database.run(lambda conn: conn.cursor().execute(statement, (node, person)))

    def _apply(self, login: str, kind: str, case_id: Any, payload: dict[str, Any]) -> None:
        person, nodes = self.district.people[login], frozenset({self.district.nodes["D"]})
        actors = {
            "duty": Actor(
                person, "centre", frozenset({"duty"}), self.district.organisations["centre"], nodes
            ),
            "dispatch": Actor(
                person, "centre", frozenset({"dispatcher"}), self.district.organisations["centre"], nodes
            ),
            "community": Actor(
                person, "community", frozenset(), self.district.organisations["community-S1C1"], nodes
            ),
            "crew": Actor(person, "crew", frozenset(), self.district.organisations[CREW]),
        }
        now = datetime.now(UTC)
        command = Command(
            uuid7(),
            kind,
            case_id,
            read_payload(kind, payload),
            "",
            "console",
            person,
            made_at=now,
            source="console",
            district_id=self.district.id,
        )
        self.live.database.run(lambda conn: apply(conn, [command], now, {person: actors[login]}))


class SyncMachine(RuleBasedStateMachine):
    """Two tablets and an office; `live` and `office` are set by the test."""

    live: LiveServer
    office: Office

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.office.move("worker", "S1C1")
        self.office.move("head", "S1C2")
        self.tablets = [self._enrolled(login) for login in LOGINS]
        for mine in self.tablets:
            mine.captured[mine.tablet.report(OTHER, "any", here(), "开始的一件", [], False)] = False
            mine.tablet.sync_now()

    def _enrolled(self, login: str) -> Carried:
        wire, clock, home = BadWire(), TurnedClock(), self.folder / login
        tablet = Tablet(home, clock=clock, transport=wire)
        tablet.enrol(self.live.url, code_for(self.live.database, login))
        return Carried(login, home, wire, clock, tablet)

    @rule(which=WHICH, lon=PLACES, photos=st.integers(0, 2), mended=st.booleans())
    def capture(self, which: int, lon: float | None, photos: int, mended: bool) -> None:
        mine = self.tablets[which]
        taken = [mine.tablet.take_in(picture(n), "before").photo_id for n in range(photos)]
        place = here(lon) if lon is not None else None
        mine.captured[
            mine.tablet.report(OTHER, "any", place, f"第 {len(mine.captured)} 件", taken, mended)
        ] = False

    @rule(which=WHICH, number=st.integers(0, 99))
    def act(self, which: int, number: int) -> None:
        mine = self.tablets[which]
        listed = {row.case_id for chosen in ("open", "closed") for row in mine.tablet.cases(chosen).rows}
        if not listed:
            return
        newest = sorted(listed, reverse=True)[:NEWEST]
        case = mine.tablet.case(newest[number % len(newest)])
        act = case.acts[number // NEWEST % len(case.acts)]
        photos = [mine.tablet.take_in(picture(number), act.stage).photo_id] if act.photo == "must" else []
        mine.captured[mine.tablet.act(case.case_id, act.action, filled(act), photos, here())] = False

    @rule(which=WHICH)
    def take_back_the_last(self, which: int) -> None:
        mine = self.tablets[which]
        for command_id in list(mine.captured)[-1:]:
            if not mine.captured[command_id]:
                mine.captured[command_id] = mine.tablet.undo(command_id)

    @rule(which=WHICH, seed=st.integers(0, 2**16), share=st.sampled_from([0.0, 0.3, 0.7, 1.0]))
    def sync(self, which: int, seed: int, share: float) -> None:
        mine = self.tablets[which]
        mine.wire.reseed(seed, share)
        mine.tablet.sync_now()

    @rule(which=WHICH, minutes=st.sampled_from([None, None, -60 * 24 * 400, -42, 0, 42, 60 * 24]))
    def restart_or_turn_the_clock(self, which: int, minutes: int | None) -> None:
        mine = self.tablets[which]
        if minutes is not None:
            mine.clock.wrong_by = timedelta(minutes=minutes)
            return
        mine.tablet.close()
        mine.tablet = Tablet(mine.home, clock=mine.clock, transport=mine.wire)

    @rule(number=st.integers(0, 99), steps=st.integers(0, 3))
    def the_office_acts(self, number: int, steps: int) -> None:
        if not steps:
            self.office.comment(number)
        for _ in range(steps):
            self.office.step(number)

    @rule(which=WHICH, code=st.sampled_from([None, "S1C1", "S1C2", "S1C1G1", "S2"]))
    def the_scope_moves_or_the_tablet_is_enrolled_again(self, which: int, code: str | None) -> None:
        mine = self.tablets[which]
        if code is not None:
            self.office.move(mine.login, code)
            return
        mine.wire.reseed(0, 0.0)
        mine.tablet.enrol(self.live.url, code_for(self.live.database, mine.login))

    def teardown(self) -> None:
        for mine in self.tablets:
            mine.wire.heal()
        for mine in self.tablets:
            heal(mine)
        for mine in self.tablets:
            mine.tablet.sync_now()  # what the others did in the meantime
            self._everything_captured_is_accounted_for(mine)
            self._the_mirror_is_the_servers(mine)
            mine.tablet.close()
            mine.wire.close()
        shutil.rmtree(self.folder)

    def _everything_captured_is_accounted_for(self, mine: Carried) -> None:
        stored = {
            str(row["command_id"]): row
            for row in rows(self.live, "select command_id, outcome, kind, case_id from commands")
        }
        view = mine.tablet.outbox()
        shown = {item.command_id for item in (*view.needs_you, *view.changed)}
        assert view.waiting == ()
        for command_id, taken_back in mine.captured.items():
            entry = mine.tablet._outbox.entry(command_id)
            if taken_back:
                assert command_id not in stored
                continue
            assert stored[command_id]["outcome"] == entry.state
            assert entry.state == "applied" or command_id in shown
            if entry.kind in ("report", "self_handle") and entry.state.startswith("applied"):
                assert (
                    len(rows(self.live, "select id from cases where id = %s", uuid.UUID(entry.case_id))) == 1
                )
            if entry.state.startswith("applied"):
                events = rows(
                    self.live, "select n from case_events where command_id = %s", uuid.UUID(command_id)
                )
                assert len(events) == 1
        assert mine.tablet._photos.cards(state="pending") == [] or shown

    def _the_mirror_is_the_servers(self, mine: Carried) -> None:
        office = mine.tablet._syncer.office
        assert office is not None
        told = office.digest()
        assert mine.tablet._mirror.digest() == (told["count"], told["digest"])


def filled(act: Act) -> dict[str, str]:
    """Something in every field that an act asks."""
    return {one.name: one.value or (one.choices[0].code if one.choices else "写几个字") for one in act.fields}


def heal(mine: Carried) -> None:
    """Rounds over a good wire until nothing waits; that must not take many."""
    for _ in range(ROUNDS_TO_HEAL):
        mine.tablet.sync_now()
    assert mine.tablet._outbox.waiting() == 0


def chains_of(live: LiveServer) -> list[Any]:
    """The broken chains."""
    with live.database.read() as conn:
        return verify_slice(conn, uuid.UUID(int=0), 10_000)[2]


def test_nothing_captured_is_lost_doubled_or_silently_dropped(live_server: LiveServer) -> None:
    district = settle(live_server.database)

    class Bound(SyncMachine):
        live, office = live_server, Office(live_server, district)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Bound,
        settings=settings(
            max_examples=14,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # the server remembers what was, so a story cannot be told again shorter
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert chains_of(live_server) == []
