"""Telling: one notice is one message, in the reader's language, and nobody hears the same thing twice."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from server.db import Connection
from server.locale import gettext_for
from server.protocol.workflow import ACTIONS
from server.telling import service
from server.telling.service import Notice
from server.telling.words import SENTENCES
from tests.factories import Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def notice(
    street: Street,
    number: str,
    to_kind: str,
    to: str | int,
    n: int = 101,
    action: str = "dispatch",
    **params: object,
) -> Notice:
    known = {**street.district.nodes, **street.district.organisations, **street.district.people}
    to_id = to if isinstance(to, int) else known[to]
    return Notice(
        street.district.id, UUID(street.case(number)["id"]), number, n, action, to_kind, to_id, params
    )


def rows(street: Street, query: str) -> list[dict[str, object]]:
    with street.conn.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def test_the_same_event_is_told_to_the_same_address_once(street: Street) -> None:
    number = street.report()
    one = notice(street, number, "person", "worker")
    service.put(street.conn, [one, one], street.now)
    service.put(street.conn, [one], street.now + timedelta(hours=1))
    assert [row["n"] for row in rows(street, "select n from messages where n > 100")] == [101]


def test_a_source_without_a_webhook_costs_nothing(street: Street) -> None:
    number = street.report()
    service.put(
        street.conn, [notice(street, number, "source", 0, source="hotline", external_id="7")], street.now
    )
    assert rows(street, "select * from outbox") == rows(street, "select * from messages where n > 100") == []


def test_an_outcome_waits_for_every_webhook_of_its_source_and_repeats_are_folded(street: Street) -> None:
    number = street.report()
    with street.conn.cursor() as cursor:
        for source in ("hotline", "hotline", "other"):
            cursor.execute(
                "insert into webhooks (district_id, source, url, secret, made_at) values (%s, %s, 'https://example.org', 's', %s)",
                (street.district.id, source, street.now),
            )
    told = notice(street, number, "source", 0, 5, "close", source="hotline", external_id="A-7", state="closed",
                  close_kind="fixed", closed_at=street.now)  # fmt: skip
    service.put(street.conn, [told], street.now)
    service.put(street.conn, [told], street.now)
    waiting = rows(street, "select * from outbox order by id")
    assert len(waiting) == 2
    body = json.loads(str(waiting[0]["body"]))
    assert (body["event"], body["case"]["external_id"], body["case"]["close_kind"]) == (
        "case.closed",
        "A-7",
        "fixed",
    )
    assert body["words"]["en"] == "The case was closed: Fixed."
    assert body["case"]["closed_at"] == "2026-11-22T02:00:00.000000Z"


def test_every_act_of_the_table_has_a_sentence_in_both_languages_with_and_without_parameters() -> None:
    known = {"organisation": "排水队", "close_kind": "fixed", "survivor": "20261122-1", "rating": 4}
    assert set(ACTIONS) <= set(SENTENCES)
    for action in ACTIONS:
        for params in (known, {}):
            english = service.sentence(action, params, gettext_for("en"))
            chinese = service.sentence(action, params, gettext_for("zh-CN"))
            assert "{" not in english + chinese
            assert chinese.isascii() is False, f"{action} has no Chinese"


def test_an_emergency_and_its_deadline_are_said_in_local_time() -> None:
    from zoneinfo import ZoneInfo

    params = {"organisation": "排水队", "severity": "emergency", "due_at": "2026-11-22T04:30:00.000000Z"}
    said = service.sentence("dispatch", params, gettext_for("en"), ZoneInfo("Asia/Shanghai"))
    assert said == "Emergency. The case was dispatched to 排水队. Due 11-22 12:30."
