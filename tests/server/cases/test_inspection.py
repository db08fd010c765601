"""Who looks whether it is mended: never who mended it, and always somebody."""

from pathlib import Path
from typing import Any

import pytest

from server.db import Connection
from server.errors import XungeError
from server.telling import service as telling
from tasks import time_passes
from tests.factories import Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def taken(street: Street, login: str) -> str:
    """A case that an office took into its own hands and mended."""
    number = street.report()
    street.act("duty", number, "register", condition="any")
    street.act(login, number, "take")
    street.act(login, number, "handle", done="已清", attachments=[street.photo()])
    return number


def refused(street: Street, login: str, number: str, action: str, **payload: Any) -> str:
    with pytest.raises(XungeError) as caught:
        street.act(login, number, action, **payload)
    return caught.value.code


def told(street: Street, login: str) -> list[tuple[str, str]]:
    items = telling.page(street.conn, street.viewer(login), 50, None, street.now)["items"]
    return [(item["number"], item["action"]) for item in items]


def handled_at(street: Street, number: str) -> Any:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select y.handled_at from cycles y join cases c on c.id = y.case_id where c.number = %s",
            (number,),
        )
        return cursor.fetchone()["handled_at"]


@pytest.mark.parametrize("above", ["street", "supervise"])
def test_what_a_community_mended_itself_is_looked_at_from_above(street: Street, above: str) -> None:
    number = taken(street, "community")
    assert refused(street, "worker", number, "pass", close_kind="fixed") == "not_both"
    assert refused(street, "community", number, "pass", close_kind="fixed") == "not_both"
    assert (number, "handle") in told(street, "street")
    assert (number, "handle") not in told(street, "worker")
    street.act(above, number, "fail", unmet="还有残留")
    street.act("community", number, "handle", done="又清了一遍", attachments=[street.photo(colour="blue")])
    street.act(above, number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    assert street.case(number)["state"] == "closed"


def test_what_a_street_mended_itself_is_looked_at_by_the_worker(street: Street) -> None:
    number = taken(street, "street")
    assert refused(street, "street", number, "pass", close_kind="fixed") == "inspected_below"
    assert (number, "handle") in told(street, "worker")
    street.act("worker", number, "pass", close_kind="fixed")


def test_the_street_looks_when_those_below_do_not_come_and_not_before(street: Street) -> None:
    number = street.handled()
    for login in ("street", "supervise"):
        assert refused(street, login, number, "pass", close_kind="fixed") == "inspected_below"
    assert time_passes.run(street.conn, street.later(days=1)) == 1
    street.act("street", number, "pass", close_kind="fixed")


def test_a_case_that_nobody_came_to_verify_goes_back_to_the_duty_officer_and_its_clock_goes_on(
    street: Street,
) -> None:
    number = street.report()
    street.act("duty", number, "send_verify", note="先去看看")
    assert time_passes.run(street.conn, street.later(hours=24)) == 0
    assert time_passes.run(street.conn, street.later(minutes=1)) == 1
    assert street.case(number)["state"] == "reported"
    assert (number, "absent") in told(street, "duty")
    running = {clock["kind"] for clock in street.case(number)["deadlines"] if not clock["stopped_at"]}
    assert running == {"register"} and street.case(number)["deadline"]["kind"] == "register"
    street.act("duty", number, "send_verify", note="换个时间再看")
    street.act("worker", number, "verify", finding="true")
    street.act("duty", number, "register", condition="any")


def test_a_notice_that_was_obeyed_counts_as_handled_when_it_was_seen(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    until = street.later(minutes=5).replace(year=street.now.year + 1).isoformat()
    street.act("crew", number, "notice", party="小卖部", demand="撤回占道货架", until=until)
    street.act("crew", number, "recheck", result="not_done", attachments=[street.photo()])
    assert handled_at(street, number) is None
    street.act("crew", number, "notice", party="小卖部", demand="撤回占道货架", until=until)
    street.act("crew", number, "recheck", result="done", attachments=[street.photo(colour="blue")])
    assert handled_at(street, number) == street.now
