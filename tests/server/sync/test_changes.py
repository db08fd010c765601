"""What a tablet follows: nothing missed, nothing of others, and a digest that proves it."""

from typing import Any

import requests

from tests.conftest import LiveServer
from tests.factories import Street
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
