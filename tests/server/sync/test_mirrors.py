"""A tablet's mirror is its scope's: by difference when the beat changes, by repair when something went wrong, small on the wire."""

import json
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from mobile.core.clockwork import DeviceClock
from mobile.core.mirror import Mirror
from mobile.core.seal import Seal
from mobile.core.store import Store
from mobile.core.tablet import Tablet
from mobile.core.transport import Reply
from mobile.core.vault import Vault
from server.db import Connection, Database
from server.protocol.wire import uuid7
from server.security import DeviceViewer, load_viewer
from server.sync import digests, service
from tests.conftest import LiveServer
from tests.factories import Street
from tests.link import BadWire, rows, tablet_of
from tests.server.plain_forms import Clerk

STEPS = 14


class Overheard(BadWire):
    """A good wire that writes down what was answered to which question, and with how many bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        reply = super().send(method, url, headers, body)
        if reply.headers.get("content-type", "").startswith("application/json"):
            self.heard.append((self.asked[-1].split("?")[0], json.loads(reply.body)))
        return reply

    def changes(self) -> list[tuple[str, str]]:
        """Kind and id of every change that was told."""
        return [
            (change["kind"], change["id"]) for _, answer in self.heard for change in answer.get("changes", ())
        ]


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    """The cast of the running server."""
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


def report(live: LiveServer, street: Street, login: str, lon: float) -> str:
    """The id of a case that `login` reported at a longitude of the small district."""

    def work(conn: Connection) -> str:
        at = Street(conn, street.district, Path(), datetime.now(UTC))
        return str(at.case(at.report(login, lon=lon))["id"])

    return live.database.run(work)


def moves(live: LiveServer, street: Street, login: str, *codes: str) -> None:
    """The beat of `login` is another one from now on."""

    def work(conn: Connection) -> None:
        with conn.cursor() as cursor:
            cursor.execute(
                "select * from memberships where person_id = %s limit 1", (street.district.people[login],)
            )
            old = cursor.fetchone()
            cursor.execute("delete from memberships where person_id = %s", (street.district.people[login],))
            for code in codes:
                cursor.execute(
                    "insert into memberships (person_id, organisation_id, role, duties, grid_id, valid_from)"
                    " values (%s, %s, %s, %s, %s, %s)",
                    (old["person_id"], old["organisation_id"], old["role"], old["duties"],
                     street.district.nodes[code], old["valid_from"]),
                )  # fmt: skip

    live.database.run(work)


def mirrored(tablet: Tablet) -> set[str]:
    return set(tablet._mirror.bodies())


def test_another_beat_brings_what_came_and_names_what_went_and_nothing_else(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    first, second, third, mine = (
        report(live_server, street, who, lon)
        for who, lon in (("head", 104.005), ("head", 104.015), ("head", 104.025), ("worker", 104.006))
    )
    wire = Overheard()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    assert mirrored(tablet) == {first, second, mine}
    wire.heard.clear()
    moves(live_server, street, "worker", "S1C1G2", "S1C1G3")
    tablet.sync_now()
    went = f"node:{street.district.nodes['S1C1G1']}"
    told = [one for one in wire.changes() if one[0] in ("leave", "case", "pack")]
    assert told[:3] == [("leave", went), ("leave", "message:*"), ("leave", "document:*")]
    assert told[3:] == [("case", third)]
    assert mirrored(tablet) == {second, third, mine}, "who reported a case keeps it wherever it lies"
    assert tablet.person.grid_codes == ("S1C1G2", "S1C1G3")
    tablet.close()


def test_the_mirror_is_the_scope_whatever_beats_and_acts_come_between_the_pages(
    database: Database, tmp_path: Path
) -> None:
    """Against the plainest oracle: what visible_cases says now. The pages are tiny, so everything comes between them."""
    street = database.run(lambda conn: Street.open(conn, Path()))
    store = Store(tmp_path, Seal(bytes(32)))
    Vault(store, DeviceClock())
    mirror = Mirror(store)
    for seed in range(4):
        dice = random.Random(seed)
        mirror.start_over(empty=True)
        for _ in range(STEPS):
            happens(database, street, dice)
            page(database, street, mirror, limit=dice.choice((1, 2, 3, 50)))
        while page(database, street, mirror, limit=3):
            pass
        device = device_of(database, street)
        with database.read() as conn:
            told = digests.digest(conn, device, mirror.cursor, datetime.now(UTC))
        assert told["catch_up"] is False
        assert mirror.buckets() == told["buckets"], f"seed {seed}"
    store.close()


def happens(database: Database, street: Street, dice: random.Random) -> None:
    def work(conn: Connection) -> None:
        at = Street(conn, street.district, Path(), datetime.now(UTC))
        what = dice.random()
        if what < 0.5:
            who = dice.choice(("worker", "head", "worker"))
            at.report(who, lon=104.005 + 0.01 * dice.randrange(6))
        elif what < 0.8:
            nodes, people = street.district.nodes, street.district.people
            codes = dice.sample(
                ["S1C1G1", "S1C1G2", "S1C1G3", "S1C2G1", "S1C1", "S1C2"], dice.choice((1, 1, 2))
            )
            office = street.district.organisations[
                dice.choice(("community-S1C1", "community-S1C1", "crew-clean"))
            ]
            with conn.cursor() as cursor:
                cursor.execute("delete from memberships where person_id = %s", (people["worker"],))
                for code in codes:
                    cursor.execute(
                        "insert into memberships (person_id, organisation_id, role, duties, grid_id, valid_from)"
                        " values (%s, %s, 'worker', '{}', %s, '2026-01-01')",
                        (people["worker"], office, nodes[code]),
                    )
        else:
            with conn.cursor() as cursor:
                cursor.execute("select number, state from cases order by random() limit 1")
                case = cursor.fetchone()
            if case and case["state"] == "reported":
                at.act("duty", case["number"], "register", condition="any")
            elif case and case["state"] == "registered":
                at.act("dispatch", case["number"], "dispatch", crew="crew-clean")

    database.run(work)


def device_of(database: Database, street: Street, login: str = "worker") -> DeviceViewer:
    with database.read() as conn:
        viewer = load_viewer(conn, street.district.people[login], datetime.now(UTC), how="device")
    assert viewer is not None
    return DeviceViewer(viewer, uuid.UUID(int=0), "active")


def page(database: Database, street: Street, mirror: Mirror, limit: int) -> bool:
    """One answer, taken in; whether there is more."""
    device, now = device_of(database, street), datetime.now(UTC)
    with database.read() as conn:
        answer = json.loads(service.changes(conn, device, mirror.cursor, limit, now).body(now))
    mirror.apply(answer["changes"], answer["cursor"], answer["more"])
    return bool(answer["more"])


def test_a_mirror_that_went_wrong_is_mended_bucket_by_bucket_and_the_operator_sees_it(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    cases = [report(live_server, street, "head", 104.005) for _ in range(5)]
    wire = Overheard()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    tablet.sync_now()
    whole = tablet._mirror.buckets()
    assert rows(live_server, "select repairs from devices") == [{"repairs": 0}]
    ghost = str(uuid7())
    with tablet._store.writing() as sql:
        sql.execute("delete from mirror where id = ?", (cases[0],))
        sql.execute("update mirror set version = 9 where id = ?", (cases[1],))
        sql.execute("update mirror set body = x'00' where id = ?", (cases[2],))
        body = tablet._store.seal.shut(f"mirror/case/{ghost}", b"{}")
        sql.execute("insert into mirror values ('case', ?, 1, 99, ?)", (ghost, body))
    tablet._mirror.forget()
    wrong = {case_id[-2:] for case_id in (*cases[:3], ghost)}
    wire.heard.clear()
    tablet.sync_now()
    assert tablet._mirror.buckets() != whole, "it was proved just now"
    tablet._syncer._proof.soon()
    tablet.sync_now()
    assert tablet._mirror.buckets() == whole
    assert ghost not in mirrored(tablet)
    fetched = [name for name, _ in wire.heard if "/buckets/" in name]
    assert {name[-2:] for name in fetched} == wrong
    assert rows(live_server, "select repairs from devices") == [{"repairs": len(wrong)}]
    metrics = requests.get(f"{live_server.url}/metrics", timeout=30).text
    assert f'xunge_mirror_repairs{{district="D"}} {float(len(wrong))}' in metrics
    assert f'<td class="r">{len(wrong)}<span' in Clerk(live_server, "admin").get("/devices")
    tablet.close()


def test_a_sync_in_which_nothing_changed_is_one_request_of_less_than_500_bytes(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    report(live_server, street, "worker", 104.005)
    wire = Overheard()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    tablet.sync_now()
    asked = wire.requests
    tablet.sync_now()
    assert wire.requests - asked == 1
    token = tablet._syncer.office.account.token  # type: ignore[union-attr]
    answer = requests.get(
        f"{live_server.url}/sync/v1/changes",
        params={"cursor": tablet._mirror.cursor, "limit": "500"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.json()["changes"] == []
    lines = [f"{name}: {value}\r\n" for name, value in answer.headers.items()]
    assert len("HTTP/1.1 200 OK\r\n") + len("".join(lines)) + 2 + len(answer.content) <= 500
    tablet.close()


def test_the_change_of_a_persons_name_or_language_reaches_the_tablet(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Overheard()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    person = street.district.people["worker"]
    live_server.database.run(
        lambda conn: conn.cursor().execute(
            "update people_private set name = '王网格' where person_id = %s", (person,)
        )
    )
    wire.heard.clear()
    tablet.sync_now()
    assert wire.changes() == [("person", str(person))]
    assert tablet.person.name == "王网格"
    tablet.close()


def test_an_unknown_bucket_and_a_foreign_cursor_get_words(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    tablet = tablet_of(live_server, "worker", tmp_path)
    headers = {"Authorization": f"Bearer {tablet._syncer.office.account.token}"}  # type: ignore[union-attr]
    for bucket in ("zz", "0", "012"):
        answer = requests.get(f"{live_server.url}/sync/v1/buckets/{bucket}", headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    good = tablet._mirror.cursor
    for cursor in (
        "x",
        "WyJlMTQ0ZWQ2MSIsICJiNGJhIiwgMSwgMTA3LCBudWxsXQ",
        good + "~zz",
        good.replace("p", "q"),
        "~~~",
        good + "9" * 30,
    ):
        answer = requests.get(
            f"{live_server.url}/sync/v1/changes", params={"cursor": cursor}, headers=headers, timeout=30
        )
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone"), cursor
    tablet.close()


def test_a_crew_hears_of_what_opens_to_claims_and_of_what_closes_to_them(database: Database) -> None:
    street = database.run(lambda conn: Street.open(conn, Path()))
    device, now = device_of(database, street, "crew"), datetime.now(UTC)

    def after(cursor: str) -> tuple[list[tuple[str, str]], str]:
        with database.read() as conn:
            answer = json.loads(service.changes(conn, device, cursor, 500, now).body(now))
        return [(one["kind"], one["id"]) for one in answer["changes"]], answer["cursor"]

    _, cursor = after("")
    for flags, kind in (("{claimable}", "case"), ("{}", "leave")):

        def flagged(conn: Connection, flags: str = flags) -> str:
            at = Street(conn, street.district, Path(), now)
            with conn.cursor() as row:
                row.execute("select number, id from cases")
                case = row.fetchone()
                if case is None:
                    number = at.report("head", lon=104.035)
                    at.act("duty", number, "register")
                row.execute("update cases set flags = %s returning id::text", (flags,))
                return str(row.fetchone()["id"])

        case_id = database.run(flagged)
        told, cursor = after(cursor)
        assert told == [(kind, case_id)]
