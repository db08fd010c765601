"""A world of the sync in which anything may happen: three tablets, an office, bad wires, and deaths at any moment.

Hypothesis or a test plays its deeds; `teardown` heals everything and draws up the account. Each story plays in a
district of its own, so that it can be told again.
"""

import secrets
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from mobile.core.tablet import Tablet
from mobile.core.transport import HttpTransport, Reply
from mobile.sim.wire import BadWire
from server.db import Database
from tests.link import TurnedClock, here, picture
from tests.properties import sync_account as account
from tests.properties.sync_cast import NEWEST, Carried, Office, ago, filled
from tests.server.small_district import make_small_district
from tests.serving import MortalServer

OTHER = "urban/event/0600"
WORKERS = ("worker", "head", "worker")  # the first one has two tablets
ROUNDS_TO_HEAL = 6
NUMBERS = count(1)
WHICH = st.integers(0, len(WORKERS) - 1)
PLACES = st.sampled_from([104.005, 104.015, 104.035, 104.065, 104.0099999, 105.0, None])
# Most deeds are let live; a killed one dies while the app opens, while it works, or just after.
# Negative: before a statement to the tablet's database, else before a line of its core (tests/killed.py).
DEATHS = st.one_of(st.none(), st.none(), st.integers(1, 3000), st.integers(-160, -40))
LOGIN = st.sampled_from(WORKERS[:2])
SHARES = st.sampled_from([0.0, 0.3, 0.7, 1.0])


def deed(**drawn: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule of the machine that is counted by its name."""

    def counting(does: Callable[..., None]) -> Any:
        @wraps(does)
        def counted(machine: "SyncMachine", **given: Any) -> None:
            machine.steps += 1
            machine.tally[does.__name__] += 1
            does(machine, **given)

        return rule(**drawn)(counted)

    return counting


class Fatal(HttpTransport):
    """A way to the server on which it is killed, some milliseconds after it got the `at`-th request."""

    def __init__(self, server: MortalServer, at: int, after_ms: int) -> None:
        super().__init__()
        self._server, self._left, self._after = server, at, after_ms / 1000
        self.struck = False

    def send(self, *request: Any) -> Reply:
        self._left -= 1
        if self._left != -1:
            return super().send(*request)
        self.struck = True
        killer = threading.Timer(self._after, self._server.restart)
        killer.start()
        try:
            return super().send(*request)
        finally:
            killer.join()


class SyncMachine(RuleBasedStateMachine):
    """`server`, `database` and `tally` (what happened how often) are set by the test."""

    server: MortalServer
    database: Database
    tally: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.folder = Path(tempfile.mkdtemp())
        code = f"M{next(NUMBERS)}"
        district = self.database.run(lambda conn: make_small_district(conn, code))
        self.office = Office(self.database, district, f"{code.lower()}-")
        self.office.move("worker", "S1C1")
        self.office.move("head", "S1C2")
        self.tablets = [self._enrolled(login, n) for n, login in enumerate(WORKERS)]

    def _enrolled(self, login: str, number: int) -> Carried:
        clock = TurnedClock()
        made = Carried(self.folder / str(number), BadWire(wait=clock.passes), clock, tally=self.tally)
        self._enrol(made, login)
        told = made.do(lambda tablet: tablet.report(OTHER, "any", here(), "开始的一件", [], False))
        made.told.add(told)
        made.do(Tablet.sync_now)
        return made

    def _enrol(self, mine: Carried, login: str, dies_at: int | None = None) -> None:
        code, url = self.office.code(login), self.server.url
        if mine.do(lambda tablet: tablet.enrol(url, code).name, dies_at):
            mine.login = login

    # The workers ---------------------------------------------------------------------------------------------

    @deed(
        which=WHICH,
        places=st.lists(PLACES, min_size=1, max_size=3),
        photos=st.integers(0, 2),
        mended=st.booleans(),
        dies_at=DEATHS,
    )
    def capture(
        self, which: int, places: list[float | None], photos: int, mended: bool, dies_at: int | None
    ) -> None:
        mine = self.tablets[which]

        def work(tablet: Tablet) -> list[str]:
            made = []
            for lon in places:
                taken = [
                    tablet.take_in(picture(secrets.randbits(32)), "before").photo_id for _ in range(photos)
                ]
                place = None if lon is None else here(lon)
                made.append(tablet.report(OTHER, "any", place, f"第 {len(mine.seen)} 件", taken, mended))
            return made

        self._tell(mine, mine.do(work, dies_at))

    @deed(which=WHICH, number=st.integers(0, 99), dies_at=DEATHS)
    def act(self, which: int, number: int, dies_at: int | None) -> None:
        mine = self.tablets[which]

        def work(tablet: Tablet) -> list[str]:
            listed = {row.case_id for chosen in ("open", "closed") for row in tablet.cases(chosen).rows}
            if not listed:
                return []
            newest = sorted(listed, reverse=True)[:NEWEST]
            case = tablet.case(newest[number % len(newest)])
            act = case.acts[number // NEWEST % len(case.acts)]
            needed = act.stages if act.photo == "must" else ()
            photos = [tablet.take_in(picture(number), stage).photo_id for stage in needed]
            return [tablet.act(case.case_id, act.action, filled(act), photos, here())]

        if mine.tablet.enrolled:
            self._tell(mine, mine.do(work, dies_at))

    @staticmethod
    def _tell(mine: Carried, sealed: list[str] | None) -> None:
        mine.told.update(sealed or ())
        mine.look()

    @deed(which=WHICH, number=st.integers(0, 99), dies_at=DEATHS)
    def take_back_the_last_or_decide_about_an_answer(
        self, which: int, number: int, dies_at: int | None
    ) -> None:
        mine = self.tablets[which]
        last = next(reversed(mine.seen), "")
        if number % 2 and last:
            if mine.do(lambda tablet: tablet.undo(last), dies_at):
                self.tally["undone"] += 1
                mine.undone.add(last)
                mine.look()
            return

        def work(tablet: Tablet) -> None:
            view = tablet.outbox()
            if items := [*view.needs_you, *view.changed]:
                item = items[number % len(items)]
                step = item.steps[number // 7 % len(item.steps)]
                tablet.outbox_act(item.command_id, step.step, "写明缘由")

        if mine.tablet.enrolled:
            mine.do(work, dies_at)

    @deed(which=WHICH, minutes=st.sampled_from([None, -60 * 24 * 400, -42, 0, 42, 60 * 24]))
    def restart_or_turn_the_clock(self, which: int, minutes: int | None) -> None:
        mine = self.tablets[which]
        self.tally["tablet closed" if minutes is None else "clock turned"] += 1
        if minutes is None:
            mine.close()
        else:
            mine.clock.wrong_by = ago(-minutes)
        mine.look()

    # The wire and the server ---------------------------------------------------------------------------------

    @deed(which=WHICH, seed=st.integers(0, 2**16), share=SHARES, dies_at=DEATHS)
    def sync(self, which: int, seed: int, share: float, dies_at: int | None) -> None:
        mine = self.tablets[which]
        mine.wire.reseed(seed, share)
        mine.do(lambda tablet: tablet.sync_now().state, dies_at)

    @deed(which=WHICH, at=st.integers(0, 6), after_ms=st.integers(0, 60))
    def the_server_is_killed_while_it_answers(self, which: int, at: int, after_ms: int) -> None:
        mine = self.tablets[which]
        mine.wire.reseed(0, 0.0)
        before, fatal = mine.wire.inner, Fatal(self.server, at, after_ms)
        mine.wire.inner = fatal
        mine.do(Tablet.sync_now)
        self.tally["server killed"] += fatal.struck
        mine.wire.close()
        mine.wire.inner = before

    # The office ----------------------------------------------------------------------------------------------

    @deed(number=st.integers(0, 99), steps=st.integers(0, 3), choice=st.sampled_from(["", "apply", "refuse"]))
    def the_office_acts_and_decides(self, number: int, steps: int, choice: str) -> None:
        if not steps:
            self.office.comment(number)
        for _ in range(steps):
            self.office.step(number)
        if choice and self.office.decide(number, choice):
            self.tally[f"office decided: {choice}"] += 1

    @deed(which=WHICH, login=LOGIN, dies_at=DEATHS, share=SHARES)
    def the_tablet_changes_hands(self, which: int, login: str, dies_at: int | None, share: float) -> None:
        mine = self.tablets[which]
        self.office.lets_go(login, active=True)
        mine.wire.reseed(which, share)
        self._enrol(mine, login, dies_at)

    @deed(
        which=WHICH, what=st.sampled_from(["S1C1", "S1C2", "S1C1G1", "S2", "expired", "withdrawn", "let go"])
    )
    def the_scope_moves_or_the_pass_ends(self, which: int, what: str) -> None:
        mine = self.tablets[which]
        self.tally["scope moved" if what in self.office.district.nodes else f"pass {what}"] += 1
        if what in self.office.district.nodes:
            self.office.move(mine.login, what)
        elif what == "let go":
            self.office.lets_go(mine.login, active=False)
        elif mine.tablet.enrolled:
            end = self.office.expire if what == "expired" else self.office.withdraw
            end(mine.tablet._store.kept("device_id"))

    # The account ---------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            for login in WORKERS[:2]:
                self.office.lets_go(login, active=True)
            for mine in self.tablets:
                mine.wire.heal()
                self._heal(mine)
            for mine in self.tablets:
                mine.do(Tablet.sync_now)  # what the others did in the meantime
                account.the_commands_are_accounted_for(self.office, mine)
                account.the_counting_has_no_hole(self.office, mine)
                account.the_mirror_is_the_servers(self.office, mine)
            account.the_chains_verify(self.office)
            assert not self.server.faults(), self.server.faults()
            self.tally["stories"] += 1
            self.tally[f"stories of {self.steps} steps"] += 1
        finally:
            for mine in self.tablets:
                self.tally["photos"] += sum(
                    len(e.payload.get("attachments") or ()) for e in mine.seen.values()
                )
                self.tally.update(entry.state for entry in mine.seen.values())
                self.tally["decided"] += sum(entry.decided for entry in mine.seen.values())
                self.tally.update(mine.wire.faults)
                self.tally["wiped"] += len(mine.wiped)
                mine.close()
                mine.wire.close()
            shutil.rmtree(self.folder)

    def _heal(self, mine: Carried) -> None:
        """Rounds over a good wire until nothing waits; that must not take many."""
        for _ in range(ROUNDS_TO_HEAL):
            mine.do(Tablet.sync_now)
            if not mine.tablet.enrolled or mine.tablet._syncer.link.stopped == "token_expired":
                self._enrol(mine, mine.login)
        if mine.tablet._syncer.link.state != "online":
            mine.tablet._syncer._round(mine.tablet._syncer.office, hurry=True)  # says what is amiss
        assert mine.tablet._syncer.link.state == "online"
