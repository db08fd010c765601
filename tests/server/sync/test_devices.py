"""Tablets: withdrawn ones, forged tokens, wrong clocks, gaps in counting."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from server.people.enrolment import revoke_device
from server.protocol.wire import time_text
from tests.conftest import LiveServer
from tests.factories import Street, picture
from tests.server.plain_forms import Clerk
from tests.server.sync.tablet import MISSING, Tablet, count, declared


def test_a_withdrawn_tablet_is_still_relieved_of_what_it_holds(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    from server.security import load_viewer

    def withdraw(conn: Any) -> None:
        admin = load_viewer(conn, street.district.people["admin"], datetime.now(UTC))
        assert admin is not None
        revoke_device(conn, admin, uuid.UUID(tablet.device), "", datetime.now(UTC))

    live_server.database.run(withdraw)
    assert tablet.send(tablet.command())[0]["reason"]["code"] == "held_revoked"
    refused = requests.get(f"{tablet.url}/sync/v1/changes", headers=tablet.headers(), timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (403, "device_revoked")
    assert refused.json()["envelope"] == "xunge/1"


def test_a_forged_token_gets_a_sentence_and_a_log_row(live_server: LiveServer, street: Street) -> None:
    answer = requests.get(
        f"{live_server.url}/sync/v1/changes", headers={"Authorization": "Bearer nonsense"}, timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert count(live_server, "security_log") == 1


def test_a_wrong_device_clock_is_flagged_and_the_receipt_counts(
    live_server: LiveServer, tablet: Tablet
) -> None:
    wrong = datetime.now(UTC) - timedelta(hours=3)
    tablet.send(tablet.command(made_at=time_text(wrong)), sent_at=wrong)
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select acted_at, received_at, made_at, body from case_events")
        event = cursor.fetchone()
    assert event["acted_at"] == event["received_at"]
    assert event["made_at"] == time_text(wrong)
    assert '"flags":["device_clock"]' in event["body"]


def test_five_minutes_are_the_bound_either_way(live_server: LiveServer, tablet: Tablet) -> None:
    near, far = timedelta(minutes=4, seconds=30), timedelta(minutes=5, seconds=30)
    for off in (near, -near, far, -far):
        at = datetime.now(UTC) - off
        tablet.send(tablet.command(made_at=time_text(at)), sent_at=at)
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select e.body from case_events e join commands c using (command_id) order by c.seq")
        flagged = ["device_clock" in row["body"] for row in cursor.fetchall()]
    assert flagged == [False, False, True, True]


def test_a_gap_in_counting_never_blocks_and_is_kept(live_server: LiveServer, tablet: Tablet) -> None:
    first = tablet.command()
    tablet.seq += 2
    last = tablet.command()
    assert [r["outcome"] for r in tablet.send(first, last)] == ["applied", "applied"]
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(f"select last_seq, {MISSING} from devices")
        assert cursor.fetchone() == {"last_seq": 4, "gaps": [[2, 3]]}


def test_whoever_looks_after_tablets_sees_which_numbers_are_missing_and_since_when(
    live_server: LiveServer, tablet: Tablet
) -> None:
    def lacking() -> tuple[int, str]:
        page = re.sub(r"<[^>]+>", " ", Clerk(live_server, "admin").get("/devices"))
        return page.count("起缺"), re.sub(r"\s+", " ", page)

    made = [tablet.command() for _ in range(40)]
    tablet.send(*made[:2], *made[5:7], made[8])
    count, words = lacking()
    assert count == 1
    assert re.search(r" 3–5 、 8 (?!、).*?起缺", words)
    # What arrives later fills its place and splits the rest; of many the rest is folded, not dropped.
    tablet.send(made[3], *made[10:39:2])
    count, words = lacking()
    assert count == 2
    assert re.search(r" 3 、 5 、 8 (?!、).*?起缺 10 、 12 、 .*? 32 另有 3 段 34 、 36 、 38 .*?起缺", words)
    tablet.send(*made)
    assert lacking()[0] == 0


def test_the_grid_that_the_tablet_found_is_kept_beside_ours_where_it_differs(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    nodes = street.district.nodes
    path = [nodes[code] for code in ("D", "S1", "S1C1", "S1C1G1")]
    right = tablet.command(place={"grid": "S1C1G1", "nodes": path})
    wrong = tablet.command(place={"grid": "S1C1G2", "nodes": [*path[:3], nodes["S1C1G2"]]})
    outside = tablet.command(place={"grid": "", "nodes": [nodes["D"], None, None, None]})
    nonsense = tablet.command(place={"grid": 7, "nodes": "all"})
    tablet.send(right, wrong, outside, nonsense)
    found, _ = tablet.follow()
    cases = {c["id"]: c["body"] for c in found if c["kind"] == "case"}
    assert {case["grid"]["code"] for case in cases.values()} == {"S1C1G1"}

    def kept(command: dict[str, Any]) -> tuple[Any, Any]:
        with live_server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select body::jsonb as body from case_events where case_id = %s", (command["case_id"],)
            )
            body = cursor.fetchone()["body"]
        return body.get("flags"), body["place"].get("said")

    assert kept(right) == kept(nonsense) == (None, None)
    assert kept(wrong) == (["grid_differs"], "S1C1G2")
    assert kept(outside) == (["grid_differs"], "")


def test_a_position_is_kept_as_the_device_told_it_a_made_up_one_too(
    live_server: LiveServer, tablet: Tablet
) -> None:
    made_up = {"lon": 104.005, "lat": 30.005, "accuracy_m": 8.5, "provider": "network", "fix_age_s": 3.5,
               "is_mock": True, "placed_by_hand": True, "crs": "EPSG:4326"}  # fmt: skip
    assert tablet.send(tablet.command(position=made_up))[0]["outcome"] == "applied"
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select body::jsonb as body from case_events")
        kept = cursor.fetchone()["body"]
    found = next(value for value in (kept, *kept.values()) if isinstance(value, dict) and "is_mock" in value)
    assert {name: found[name] for name in made_up if name in found} == {
        **{name: made_up[name] for name in ("provider", "is_mock", "placed_by_hand", "crs")},
        "accuracy_m": 9, "fix_age_s": 4}  # fmt: skip


def test_an_accuracy_circle_that_crosses_a_border_keeps_both_grids(
    live_server: LiveServer, tablet: Tablet
) -> None:
    border = {"lon": 104.01, "lat": 30.005, "accuracy_m": 60, "provider": "gps", "crs": "EPSG:4326"}
    tablet.send(tablet.command(position=border))
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select place_candidates from cases")
        assert cursor.fetchone()["place_candidates"] == ["S1C1G1", "S1C1G2"]


def test_photos_of_a_withdrawn_tablet_are_still_taken(live_server: LiveServer, tablet: Tablet) -> None:
    content = picture("blue")
    photo = declared(content)
    command = tablet.command()
    command["payload"]["attachments"] = [photo]
    live_server.database.run(lambda conn: conn.cursor().execute("update devices set state = 'revoked'"))
    assert tablet.send(command)[0]["reason"]["code"] == "held_revoked"
    assert tablet.upload(photo, content).headers["Upload-Checksum-Confirmed"] == photo["sha256"]
