"""What a tablet follows: nothing missed, nothing of others, and a digest that proves it."""

import gzip
import json
from contextlib import closing
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
import requests

from tests.conftest import LiveServer
from tests.factories import RUBBISH, Street
from tests.server.sync.tablet import Tablet, enrol


def test_a_first_copy_brings_person_pack_grids_and_every_case_of_the_scope_in_pages(tablet: Tablet) -> None:
    mine = {tablet.send(tablet.command())[0]["case_id"] for _ in range(5)}
    found, cursor = tablet.follow(limit=2)
    kinds = [change["kind"] for change in found]
    assert kinds[:3] == ["person", "pack", "grid"]
    assert {change["id"] for change in found if change["kind"] == "case"} == mine
    assert kinds.count("case") == 5
    assert tablet.changes(cursor)["changes"] == []
    case = next(change["body"] for change in found if change["kind"] == "case")
    assert case["facts"]["state"] == "reported"
    assert [event["action"] for event in case["events"]] == ["report"]


def test_following_tells_each_change_and_a_case_that_left_the_scope(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    other = enrol(live_server, "head")
    _, cursor = other.follow()
    tablet.send(tablet.command())
    inside = tablet.command(position={"lon": 104.035, "lat": 30.005, "accuracy_m": 5, "crs": "EPSG:4326"})
    tablet.send(inside)
    found, cursor = other.follow(cursor)
    assert [(change["kind"], change["id"]) for change in found] == [("case", inside["case_id"])]

    def move_away(conn: Any) -> None:
        with conn.cursor() as cur:
            cur.execute("update cases set community_id = %s, grid_id = %s where id = %s",
                        (street.district.nodes["S1C1"], street.district.nodes["S1C1G1"], inside["case_id"]))  # fmt: skip

    live_server.database.run(move_away)
    found, _ = other.follow(cursor)
    assert [(change["kind"], change["id"]) for change in found] == [("leave", inside["case_id"])]


def test_a_restored_backup_asks_for_a_fresh_mirror(live_server: LiveServer, tablet: Tablet) -> None:
    _, cursor = tablet.follow()
    live_server.database.run(lambda conn: conn.cursor().execute("update epoch set epoch = gen_random_uuid()"))
    answer = requests.get(
        f"{tablet.url}/sync/v1/changes", params={"cursor": cursor}, headers=tablet.headers(), timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone")


def test_a_log_that_was_trimmed_asks_who_stands_before_its_beginning_for_a_fresh_mirror(
    live_server: LiveServer, tablet: Tablet
) -> None:
    _, early = tablet.follow()
    tablet.send(tablet.command())
    tablet.send(tablet.command())
    _, late = tablet.follow(early)
    # The program itself may not; who keeps the database may.
    with closing(psycopg2.connect(live_server.database.dsn)) as keeper, keeper, keeper.cursor() as cursor:
        cursor.execute("delete from change_log where seq < (select max(seq) from change_log)")
    gone = requests.get(
        f"{tablet.url}/sync/v1/changes", params={"cursor": early}, headers=tablet.headers(), timeout=30
    )
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor_gone")
    assert tablet.changes(late)["changes"] == []
    fresh, _ = tablet.follow()
    assert sum(change["kind"] == "case" for change in fresh) == 2, "a fresh one has all of it"


def test_cases_closed_thirty_local_days_ago_are_in_no_copy_and_no_digest_and_the_tablet_is_told_since_when(
    live_server: LiveServer, tablet: Tablet
) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    mended = {"category": RUBBISH, "done": "已捡走"}
    commands = [tablet.command("self_handle", payload=mended), tablet.command("self_handle", payload=mended)]
    assert [result["outcome"] for result in tablet.send(*commands, tablet.command())] == ["applied"] * 3
    told = tablet.changes()["keep_closed_since"]
    since = datetime.combine(datetime.now(zone).date() - timedelta(days=30), time(), zone)
    assert datetime.fromisoformat(told) == since
    for command, at in zip(commands, (since - timedelta(seconds=1), since), strict=True):

        def close(conn: Any, case_id: str = command["case_id"], at: datetime = at) -> None:
            conn.cursor().execute("update cases set closed_at = %s where id = %s", (at, case_id))

        live_server.database.run(close)
    found, cursor = tablet.follow()
    kept = {change["id"] for change in found if change["kind"] == "case"}
    assert commands[0]["case_id"] not in kept
    assert commands[1]["case_id"] in kept
    assert len(kept) == 2
    digest = requests.get(
        f"{tablet.url}/sync/v1/digest", params={"cursor": cursor}, headers=tablet.headers(), timeout=30
    )
    assert digest.json()["count"] == 2


def test_a_first_copy_is_packed_for_who_can_unpack_it_and_says_the_same(tablet: Tablet) -> None:
    tablet.send(*(tablet.command() for _ in range(20)))

    def fetched(accept: str) -> tuple[dict[str, Any], int, str]:
        answer = requests.get(
            f"{tablet.url}/sync/v1/changes",
            headers=tablet.headers(**{"Accept-Encoding": accept}),
            timeout=30,
            stream=True,
        )
        raw, packed = answer.raw.read(decode_content=False), answer.headers.get("Content-Encoding", "")
        return json.loads(gzip.decompress(raw) if packed else raw)["changes"], len(raw), packed

    plain, bytes_plain, unpacked = fetched("identity")
    same, bytes_packed, packed = fetched("gzip")
    assert (unpacked, packed) == ("", "gzip")
    assert plain == same
    assert bytes_packed < bytes_plain / 4


def test_only_a_tablet_that_has_followed_to_the_end_can_compare(tablet: Tablet) -> None:
    def ask(cursor: str) -> dict[str, Any]:
        params = {"cursor": cursor}
        return requests.get(
            f"{tablet.url}/sync/v1/digest", params=params, headers=tablet.headers(), timeout=30
        ).json()

    _, before = tablet.follow()
    tablet.send(tablet.command())
    assert ask(before)["catch_up"] is True
    _, after = tablet.follow(before)
    assert (ask(after)["catch_up"], ask(after)["count"]) == (False, 1)
