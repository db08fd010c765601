"""Photos of other systems: sent first, named by id in a report or an act, forgotten when nobody names them."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from server.cases.blobs import blob_path, copy_path
from server.sync import uploads
from tests.conftest import LiveServer
from tests.factories import Street, picture
from tests.server.cases.test_api import Client

COVER = {"category": "urban/component/0102", "condition": "missing"}


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


@pytest.fixture
def hotline(live_server: LiveServer, street: Street) -> Client:
    return Client(live_server, "hotline")


def send(client: Client, content: bytes, status: int = 201) -> dict[str, Any]:
    answer = client.session.post(f"{client.url}/api/v1/photos", data=content, timeout=60)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def act(client: Client, case: dict[str, Any], action: str, **payload: Any) -> requests.Response:
    version = {"If-Match": f'"{case["version"]}"'}
    return client.post(f"/api/v1/cases/{case['number']}/actions/{action}", payload, **version)


def test_a_report_brings_its_photo_and_says_which_stage_it_shows(hotline: Client) -> None:
    content = picture()
    sent = send(hotline, content)
    assert (sent["sha256"], sent["mime"], sent["width"]) == (
        hashlib.sha256(content).hexdigest(),
        "image/jpeg",
        64,
    )
    assert send(hotline, content)["id"] == sent["id"], "an answer that got lost costs nothing"
    answer = hotline.create(**COVER, external_id="C-1", attachments=[sent["id"]])
    assert answer.status_code == 201, answer.text
    (shown,) = answer.json()["attachments"]
    assert (shown["id"], shown["stage"], shown["arrived"]) == (sent["id"], "before", True)
    assert answer.json()["tags"] == [] or "photo_missing" not in answer.json()["tags"]
    assert hotline.session.get(hotline.url + "/api/v1" + shown["url"], timeout=30).status_code == 200
    again = hotline.create(**COVER, external_id="C-1", attachments=[sent["id"]])
    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_a_repeat_with_another_photo_adds_it_to_the_case(hotline: Client) -> None:
    first = hotline.create(**COVER, external_id="C-2", attachments=[send(hotline, picture("blue"))["id"]])
    later = hotline.create(**COVER, external_id="C-2", attachments=[send(hotline, picture("white"))["id"]])
    assert (later.status_code, later.json()["number"]) == (200, first.json()["number"])
    assert len(later.json()["attachments"]) == 2


def test_an_act_names_its_photos_and_the_stage_is_that_of_the_act(
    live_server: LiveServer, hotline: Client
) -> None:
    case = hotline.create(**COVER).json()
    clients = {login: Client(live_server, login) for login in ("duty", "dispatch", "crew", "worker")}
    for login, action, payload in (
        ("duty", "register", {"condition": "missing"}),
        ("dispatch", "dispatch", {"crew": "crew-drain"}),
        ("crew", "accept", {}),
    ):
        case = act(clients[login], case, action, **payload).json()
    crew = clients["crew"]
    refused = act(crew, case, "handle", done="换新井盖")
    assert (refused.status_code, refused.json()["code"]) == (422, "evidence_needed")
    photo = send(crew, picture("green"))["id"]
    wrong = act(crew, case, "handle", done="换新井盖", attachments=[{"id": photo, "stage": "before"}])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "evidence_needed")
    done = act(crew, case, "handle", done="换新井盖", attachments=[photo])
    assert done.status_code == 200, done.text
    assert [shown["stage"] for shown in done.json()["attachments"]] == ["after"]
    used = act(crew, done.json(), "add_evidence", attachments=[photo])
    assert (used.status_code, used.json()["code"]) == (422, "photo_used")
    passed = act(clients["worker"], done.json(), "pass", close_kind="fixed")
    assert passed.json()["state"] == "inspected"


def test_what_is_no_picture_or_not_ones_own_is_refused_with_a_sentence(
    live_server: LiveServer, hotline: Client
) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    assert send(hotline, svg, 422)["code"] == "picture_refused"
    assert send(hotline, b"", 422)["code"] == "picture_refused"
    theirs = send(Client(live_server, "duty"), picture("black"))["id"]
    for named in ([theirs], ["nothing"], [{"id": theirs, "stage": "later"}]):
        answer = hotline.create(**COVER, attachments=named)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), named
    assert hotline.get("/api/v1/cases").json()["items"] == [], "nothing half done"
    nobody = requests.post(f"{hotline.url}/api/v1/photos", data=picture(), timeout=30)
    assert nobody.status_code == 401


def test_what_nobody_names_is_forgotten_with_its_bytes_and_what_a_case_has_stays(
    live_server: LiveServer, hotline: Client
) -> None:
    lost, kept = send(hotline, picture("pink")), send(hotline, picture("gold"))
    number = hotline.create(**COVER, attachments=[kept["id"]]).json()["number"]
    folder, later = live_server.settings.blobs, datetime.now(UTC) + timedelta(days=8)
    again = send(hotline, picture("gold"))
    assert live_server.database.run(lambda conn: uploads.expire(conn, live_server.settings, later)) == 2
    assert not blob_path(folder, lost["sha256"]).exists()
    assert not copy_path(folder, lost["sha256"]).exists()
    assert again["id"] != kept["id"]
    (shown,) = hotline.get(f"/api/v1/cases/{number}").json()["attachments"]
    assert hotline.session.get(hotline.url + "/api/v1" + shown["url"], timeout=30).status_code == 200
