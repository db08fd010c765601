"""A refused act says in a sentence what is in its way, and where the case stands now; nothing of it is done."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.cases import acts
from server.db import Connection
from server.errors import Conflict, XungeError
from server.protocol.workflow import TABLE, WHY_NOT
from tests.factories import COVER, RUBBISH, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def refused(street: Street, login: str, number: str, action: str, **payload: Any) -> XungeError:
    before = street.case(number)
    with pytest.raises(XungeError) as caught:
        street.act(login, number, action, **payload)
    assert street.case(number) == before
    assert caught.value.more["state"] == before["state"] and caught.value.more["version"] == before["version"]
    return caught.value


def test_an_act_that_is_not_possible_now_says_why(street: Street) -> None:
    number = street.dispatched()
    soon = (street.now + timedelta(days=3)).isoformat()

    def why(login: str, action: str, **payload: Any) -> str:
        error = refused(street, login, number, action, **payload)
        assert isinstance(error, Conflict)
        return error.code

    assert why("duty", "grant_extension") == "nobody_asked"
    assert why("crew", "answer_supervision", answer="在办") == "not_supervised"
    for _time in range(2):
        street.act("crew", number, "ask_extension", reason="堵车")
        assert why("crew", "ask_extension", reason="堵车") == "asked_already"
        street.act("duty", number, "grant_extension")
    assert why("crew", "ask_extension", reason="堵车") == "extended_enough"
    street.act("crew", number, "accept")
    assert why("worker", "recheck", result="done") == "no_notice"
    street.act("crew", number, "ask_suspension", reason="缺料", until=soon)
    street.act("duty", number, "suspend", reason="同意", until=soon)
    street.act("duty", number, "resume")
    assert why("crew", "ask_suspension", reason="缺料", until=soon) == "suspended_before"
    street.act("worker", number, "make_safe", attachments=[street.photo("during")])
    assert why("worker", "make_safe") == "done_already"

    closed = street.closed()
    assert (
        refused(street, "street", closed, "sample", result="uphold", finding="好").code
        == "not_mended_on_the_spot"
    )
    late = street.dispatched()
    street.later(days=30)
    assert refused(street, "crew", late, "ask_extension", reason="堵车").code == "overdue_already"
    below = street.report()
    street.act("duty", below, "register", condition="any")
    assert refused(street, "dispatch", below, "dispatch_down").code == "not_at_centre"


def test_every_condition_of_the_table_that_can_be_unmet_for_a_person_has_its_own_sentence() -> None:
    chosen_among_rows = {"registered", "!registered", "handler", "!handler", "outside", "!outside"}
    # What was mended on the spot is closed from the start, and no closed case is merged.
    never = {"!self_handled"}
    asked = {condition for row in TABLE for condition in row.only_if}
    assert asked - chosen_among_rows - never == set(WHY_NOT)


def test_what_is_overdue_is_not_put_off_while_another_clock_ended_before(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    soon = (street.now + timedelta(minutes=5)).isoformat()
    street.act("supervise", number, "supervise", demand="今日完成", until=soon)
    street.act(
        "crew", number, "ask_suspension", reason="缺料", until=(street.now + timedelta(days=3)).isoformat()
    )
    street.act("crew", number, "ask_extension", reason="堵车")
    street.later(hours=3)
    later = (street.now + timedelta(days=3)).isoformat()
    assert refused(street, "duty", number, "suspend", reason="同意", until=later).code == "overdue_already"
    for asked in ("extension", "suspension"):
        street.act("duty", number, f"refuse_{asked}", reason="已超期")
        again = refused(street, "crew", number, f"ask_{asked}", reason="再等", until=later)
        assert again.code == "overdue_already"


def test_what_went_up_to_the_centre_comes_down_by_the_centre_alone(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register", condition="any")
    street.act("street", number, "escalate", reason="街道解决不了")
    emergency = street.dispatched()
    for one in (number, emergency):
        assert refused(street, "street", one, "hand_down", reason="退回").code == "held_above"
        offered = acts.offers(street.conn, street.viewer("street"), street.case(one), street.now)
        assert "hand_down" not in {offer.action for offer in offered}
        street.act("duty", one, "hand_down", reason="街道可办")
        assert street.case(one)["holder"]["code"] == "street-S1"


def test_the_crew_may_appeal_though_the_reporter_did_when_the_case_was_declined(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "decline", reason="重复")
    street.act("worker", number, "appeal", reason="不是重复")
    street.act("duty", number, "register")
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    street.act("crew", number, "appeal", reason="超期不是我们的事")
    assert refused(street, "crew", number, "appeal", reason="再申诉").code == "done_already"


def test_a_missing_field_and_an_unknown_act_say_where_the_case_stands_too(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register", condition="any")
    missing = refused(street, "dispatch", number, "dispatch")
    assert (missing.status, missing.more["field"]) == (422, "crew")
    assert refused(street, "dispatch", number, "fly").status == 422


def test_a_case_is_split_whole_or_not_at_all_and_never_past_the_register(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    good = {"category": COVER, "condition": "missing", "crew": "crew-drain"}
    for crew, code in (("crew-drain", "crew_not_permitted"), ("crew-nobody", "crew_unknown")):
        bad = {"category": RUBBISH, "condition": "any", "crew": crew}
        assert refused(street, "dispatch", number, "split", parts=[good, bad]).code == code
    assert parts_of(street) == []


def test_who_split_a_case_does_not_close_it(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set duties = '{duty,dispatcher}' where person_id = %s",
            (street.district.people["dispatch"],),
        )
    street.act("dispatch", number, "split", parts=[{"category": COVER, "condition": "missing"}] * 2)
    for part in parts_of(street):
        street.act("duty", part, "cancel", reason="已修好")
    street.act("worker", number, "pass", close_kind="fixed")
    assert refused(street, "dispatch", number, "close").code == "not_both"
    street.act("duty", number, "close")


def parts_of(street: Street) -> list[str]:
    with street.conn.cursor() as cursor:
        cursor.execute("select number from cases where parent_id is not null order by number")
        return [row["number"] for row in cursor.fetchall()]
