"""Who looks whether it is mended: never who mended it, and always somebody."""

from datetime import timedelta
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


def test_what_the_centre_mended_outside_every_grid_its_supervisors_look_at(street: Street) -> None:
    number = street.report("intake", lon=105.0)
    street.act("duty", number, "register", condition="any")
    street.act("duty", number, "take")
    street.act("duty", number, "handle", done="已清", attachments=[street.photo()])
    assert (number, "handle") in told(street, "supervise")
    for login in ("duty", "intake", "dispatch"):
        assert refused(street, login, number, "pass", close_kind="fixed") == "not_both"
    street.act("supervise", number, "fail", unmet="还有残留")
    street.act("duty", number, "handle", done="又清", attachments=[street.photo(colour="blue")])
    street.act("supervise", number, "pass", close_kind="fixed")
    assert refused(street, "duty", number, "close") == "not_both", "who took it does not close it"


def test_where_a_case_lies_outside_every_grid_the_centre_is_told_that_it_is_mended(street: Street) -> None:
    number = street.dispatched(login="intake", lon=105.0)
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新", attachments=[street.photo()])
    assert (number, "handle") in told(street, "duty")
    street.act("duty", number, "pass", close_kind="fixed")


@pytest.mark.parametrize("leaves", ["recall", "handle", "enforced"])
def test_what_was_asked_of_others_ends_when_the_work_leaves_the_crews_hands(
    street: Street, leaves: str
) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    soon = (street.now + timedelta(hours=1)).isoformat()
    street.act("crew", number, "notice", party="店主", demand="清理", until=soon)
    street.act("crew", number, "ask_help", organisation="street-S1", question="能否协调？")
    if leaves == "recall":
        street.act("crew", number, "enforce", document="执立〔2026〕12号", until=soon)
        street.act("duty", number, "recall", reason="执法队已撤销")
    else:
        street.act("street", number, "whistle", called="crew-any", reason="联合处置")
        if leaves == "enforced":
            street.act("crew", number, "enforce", document="执立〔2026〕12号", until=soon)
        street.act("crew", number, leaves, done="换新", attachments=[street.photo()])
    running = {c["kind"] for c in street.case(number)["deadlines"] if not (c["stopped_at"] or c["paused_at"])}
    assert running == {"whole", "dispatch" if leaves == "recall" else "inspect"}


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
