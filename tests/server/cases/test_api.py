"""/api/v1/cases as another system uses it: create once, page by key, act at the version that was seen."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from gis.coordinates import FROM_WGS84, named
from server.people.tokens import make_token
from tests.conftest import LiveServer
from tests.factories import Street

HERE = {"lon": 104.005, "lat": 30.005}


class Client:
    """A system with a bearer token."""

    def __init__(self, server: LiveServer, login: str) -> None:
        self.url = server.url
        token = server.database.run(lambda conn: make_token(conn, login, "test", datetime.now(UTC)))
        self.session = requests.Session()
        self.session.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": "en"})

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(self.url + path, params=params, timeout=30)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        return self.session.post(self.url + path, json=body, headers=headers, timeout=30)

    def create(self, **fields: Any) -> requests.Response:
        return self.post(
            "/api/v1/cases", {"source": "hotline", "category": "urban/event/0110", **HERE, **fields}
        )


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


@pytest.fixture
def hotline(live_server: LiveServer, street: Street) -> Client:
    return Client(live_server, "hotline")


def test_the_same_outside_number_is_the_same_case(hotline: Client) -> None:
    first = hotline.create(external_id="H-1", title="bags", reported_at="2026-11-20T08:00:00+08:00")
    again = hotline.create(external_id="H-1", title="bags", reported_at="2026-11-20T08:00:00+08:00")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["number"] == again.json()["number"]
    assert first.headers["ETag"] == '"1"'
    case = first.json()
    assert (case["source"], case["external_id"], case["grid"]["level3"]) == ("hotline", "H-1", "S1C1G1")
    assert case["category"]["name"] == "暴露垃圾"


def test_an_idempotency_key_makes_a_repeat_the_same_case(hotline: Client) -> None:
    answers = [
        hotline.post("/api/v1/cases", {"source": "x", **HERE}, **{"Idempotency-Key": "k1"}) for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [201, 200]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_a_place_may_be_a_grid_code(hotline: Client) -> None:
    case = hotline.create(lon=None, lat=None, grid_code="S2C1G2").json()
    assert (case["grid"]["level3"], case["location"]["lon"]) == ("S2C1G2", None)


@pytest.mark.parametrize("system", ["GCJ-02", "gcj02", "BD-09", "bd09ll"])
def test_a_place_of_a_shifted_map_is_converted_and_marked(hotline: Client, system: str) -> None:
    name = named(system)
    assert name
    lon, lat = FROM_WGS84[name](np.array([104.005]), np.array([30.005]))
    # Taken as it is, the point would lie in no grid or in another one.
    place = hotline.create(lon=float(lon[0]), lat=float(lat[0]), crs=system).json()
    assert (place["location"]["lon"], place["location"]["lat"]) == pytest.approx((104.005, 30.005), abs=2e-7)
    assert (place["grid"]["level3"], place["location"]["crs_source"]) == ("S1C1G1", name)
    assert hotline.create(crs=system, lon=None, lat=None, grid_code="S1C1G1").status_code == 201


def test_bad_input_gets_a_problem_that_names_the_field(hotline: Client) -> None:
    for body in (
        {"lon": 500},
        {"lat": None},
        {"crs": "EPSG:3857"},
        {"source": ""},
        {"reported_at": "2099-01-01T00:00:00Z"},
        {"colour": "red"},
    ):
        answer = hotline.create(**body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), body
        assert answer.json()["detail"]


def test_lists_page_by_key_and_come_as_geojson_on_request(hotline: Client, live_server: LiveServer) -> None:
    made = {hotline.create(external_id=str(n)).json()["number"] for n in range(5)}
    duty = Client(live_server, "duty")
    seen, after = [], None
    while True:
        page = duty.get("/api/v1/cases", limit=2, **({"after": after} if after else {})).json()
        seen += [item["number"] for item in page["items"]]
        if not (after := page["next"]):
            break
    assert sorted(seen) == sorted(made)
    features = duty.session.get(
        f"{duty.url}/api/v1/cases", headers={"Accept": "application/geo+json"}, timeout=30
    ).json()
    assert features["features"][0]["geometry"]["coordinates"] == [104.005, 30.005]
    assert duty.get("/api/v1/cases", bbox="104.0,30.0,104.001,30.001").json()["items"] == []
    assert len(duty.get("/api/v1/cases", grid="S1C1", state="open").json()["items"]) == 5
    assert duty.get("/api/v1/cases", grid="S2").json()["items"] == []
    assert duty.get("/api/v1/cases", state="nonsense").status_code == 422


@pytest.mark.parametrize(
    "match, status",
    [
        ('"0"', 409),
        ('"7"', 409),
        ('"²"', 422),
        ('"' + "9" * 5000 + '"', 422),
        ("*", 422),
        (None, 428),
    ],
)
def test_a_version_that_nobody_can_have_seen_is_refused_with_where_the_case_stands(
    hotline: Client, live_server: LiveServer, match: str | None, status: int
) -> None:
    duty, number = Client(live_server, "duty"), hotline.create().json()["number"]
    headers = {} if match is None else {"If-Match": match.encode("latin-1").decode("latin-1")}
    answer = duty.post(f"/api/v1/cases/{number}/actions/send_verify", {}, **headers)
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (status, "reported", 1)
    assert answer.json()["detail"]


def test_a_wrong_photo_or_half_a_character_is_a_sentence_and_nothing_is_done(
    hotline: Client, live_server: LiveServer
) -> None:
    duty, number = Client(live_server, "duty"), hotline.create().json()["number"]
    path, seen = f"/api/v1/cases/{number}/actions/", {"If-Match": '"1"'}
    answer = duty.post(f"{path}add_evidence", {"attachments": ["mine"]}, **seen)
    told = {name: answer.json().get(name) for name in ("state", "version", "field")}
    assert (answer.status_code, told) == (
        422,
        {"state": "reported", "version": 1, "field": "attachments[0].id"},
    )
    for door, body in (
        (f"{path}decline", {"reason": "\ud800"}),
        ("/api/v1/cases", {"source": "x", "category": "\ud800"}),
    ):
        answer = duty.post(door, body, **seen)
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            "Its text has characters that do not exist.",
        )
    assert duty.get(f"/api/v1/cases/{number}").json()["version"] == 1


def test_an_act_needs_the_version_that_was_seen(hotline: Client, live_server: LiveServer) -> None:
    number = hotline.create().json()["number"]
    duty = Client(live_server, "duty")
    path = f"/api/v1/cases/{number}/actions/register"
    assert duty.post(path, {"condition": "any"}).status_code == 428
    done = duty.post(path, {"condition": "any"}, **{"If-Match": '"1"'})
    assert (done.status_code, done.json()["state"], done.headers["ETag"]) == (200, "registered", '"2"')
    stale = duty.post(f"/api/v1/cases/{number}/actions/recall", {"reason": "x"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    wrong = duty.post(
        f"/api/v1/cases/{number}/actions/dispatch", {"crew": "crew-clean"}, **{"If-Match": '"2"'}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (403, "not_yours")
    events = duty.get(f"/api/v1/cases/{number}/events").json()["items"]
    assert [event["action"] for event in events] == ["report", "register"]
    assert events[1]["prev_hash"] == events[0]["hash"]


def test_a_case_outside_ones_scope_does_not_exist(hotline: Client, live_server: LiveServer) -> None:
    number = hotline.create(lon=104.115).json()["number"]
    street = Client(live_server, "street")
    answers = [
        street.get(f"/api/v1/cases/{number}"),
        street.get(f"/api/v1/cases/{number}/events"),
        street.post(f"/api/v1/cases/{number}/actions/comment", {"text": "x"}, **{"If-Match": "1"}),
        street.get("/api/v1/cases/none"),
    ]
    assert [a.status_code for a in answers] == [404] * 4
    assert len({a.json()["detail"] for a in answers}) == 1


def test_without_a_token_there_is_nothing(live_server: LiveServer, street: Street) -> None:
    answer = requests.get(f"{live_server.url}/api/v1/cases", timeout=30)
    assert (answer.status_code, answer.json()["code"], answer.headers["WWW-Authenticate"]) == (
        401,
        "sign_in_needed",
        "Bearer",
    )


def test_ready_says_what_is_missing_and_metrics_count(live_server: LiveServer, hotline: Client) -> None:
    hotline.create()
    assert requests.get(f"{live_server.url}/healthz", timeout=30).json() == {"status": "ok"}
    ready = requests.get(f"{live_server.url}/readyz", timeout=30)
    assert ready.status_code == 503
    assert {k: v["ok"] for k, v in ready.json()["checks"].items()} == {
        "database": True,
        "migrations": True,
        "tasks": False,
    }
    text = requests.get(f"{live_server.url}/metrics", timeout=30).text
    assert 'xunge_open_cases{district="D"} 1.0' in text
    assert 'route="/api/v1/cases"' in text


def test_another_system_reads_what_may_be_the_same_matter(hotline: Client) -> None:
    first, second = (hotline.create(external_id=f"H-{n}").json()["number"] for n in (1, 2))
    found = hotline.get(f"/api/v1/cases/{first}/duplicates").json()
    assert [one["number"] for one in found["suggested"]] == [second]
    assert (found["merged"], found["survivor"]) == ([], None)
    assert hotline.get("/api/v1/cases/20990101-000001/duplicates").status_code == 404


def test_a_refusal_names_the_field_in_words_and_says_where_the_case_stands(
    live_server: LiveServer, hotline: Client
) -> None:
    case = hotline.create().json()
    duty = Client(live_server, "duty")
    duty.session.headers["Accept-Language"] = "zh-CN"
    path = f"/api/v1/cases/{case['number']}/actions"
    lacking = duty.post(f"{path}/decline", {}, **{"If-Match": '"1"'})
    assert (lacking.status_code, lacking.json()["code"], lacking.json()["field"]) == (
        422,
        "field_needed",
        "reason",
    )
    assert lacking.json()["detail"] == "缺少“原因”。"
    early = duty.post(f"{path}/close", {}, **{"If-Match": '"1"'})
    assert (early.status_code, early.json()["state"], early.json()["version"]) == (409, "reported", 1)
    assert "待受理" in early.json()["detail"]
    assert duty.post(f"{path}/comment", {"text": "看过"}, **{"If-Match": '"1"'}).status_code == 200
    assert (
        duty.post(f"{path}/decline", {"reason": "不属实"}, **{"If-Match": '"1"'}).json()["state"]
        == "declined"
    )
    stale = duty.post(f"{path}/reopen", {"reason": "还在"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert (stale.json()["state"], stale.json()["version"]) == ("declined", 3)
    torn = duty.session.post(
        duty.url + "/api/v1/cases", data="{", headers={"Content-Type": "application/json"}, timeout=30
    )
    assert (torn.status_code, torn.json()["detail"]) == (422, "内容不是 JSON。")
