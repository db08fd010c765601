"""The API of telling: webhooks of a source by those who see all its cases, and the rest in scope."""

from collections.abc import Iterator

import pytest

from tests.conftest import LiveServer
from tests.server.small_district import make_small_district
from tests.server.telling.test_exchanges import System

NEW = {"source": "hotline", "url": "https://hotline.example/results"}


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[LiveServer]:
    live_server.database.run(make_small_district)
    yield live_server


def test_a_system_adds_tries_and_removes_its_own_webhooks(office: LiveServer) -> None:
    hotline, duty, admin = (System(office, login) for login in ("hotline", "duty", "admin"))
    made = hotline.call("POST", "/api/v1/webhooks", json=NEW)
    assert made.status_code == 201, made.text
    which = made.json()["id"]
    assert made.json()["secret"].startswith("xunge_hook_")
    (listed,) = hotline.call("GET", "/api/v1/webhooks").json()["items"]
    assert (listed["source"], listed["url"], listed["active"]) == ("hotline", NEW["url"], True)
    assert "secret" not in listed
    assert duty.call("GET", "/api/v1/webhooks").json()["items"] == [], "it is another's"
    assert duty.call("DELETE", f"/api/v1/webhooks/{which}").status_code == 404
    assert len(admin.call("GET", "/api/v1/webhooks").json()["items"]) == 1
    assert hotline.call("POST", f"/api/v1/webhooks/{which}/ping").status_code == 202
    assert hotline.call("GET", "/api/v1/webhooks").json()["items"][0]["waiting"] == 1
    assert hotline.call("DELETE", f"/api/v1/webhooks/{which}").status_code == 204
    assert hotline.call("POST", f"/api/v1/webhooks/{which}/ping").status_code == 404


@pytest.mark.parametrize("login", ["street", "community", "worker", "crew", "auditor"])
def test_who_does_not_see_every_case_of_the_district_may_not_ask_for_outcomes(
    office: LiveServer, login: str
) -> None:
    assert System(office, login).call("POST", "/api/v1/webhooks", json=NEW).status_code == 403


def test_a_source_has_at_most_five_webhooks_and_addresses_of_our_own_network_are_refused(
    office: LiveServer,
) -> None:
    hotline = System(office, "hotline")
    answers = [hotline.call("POST", "/api/v1/webhooks", json=NEW).status_code for _ in range(6)]
    assert answers == [201] * 5 + [422]
    for url in ("http://hotline.example/", "http://127.0.0.1/", "ftp://hotline.example/"):
        assert (
            hotline.call("POST", "/api/v1/webhooks", json=NEW | {"url": url, "source": "b"}).status_code
            == 422
        )


def test_messages_come_by_the_api_in_the_callers_language(office: LiveServer) -> None:
    assert System(office, "crew").call("GET", "/api/v1/messages").json() == {"items": [], "next": None}
