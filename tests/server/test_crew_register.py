"""The register of crews: what is entered decides who may be given what, on which day, and why not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.crews import register, service
from server.db import Connection
from server.errors import BadInput, NotAllowed, NotFound
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH, Street
from tests.server.plain_forms import Clerk, Forms, PlainForm
from tests.server.small_district import make_small_district

GAS = {"system": "urban/event", "code": "0502"}
BLANK = dict.fromkeys(
    ("id", "category", "kind", "document", "basis", "reason", "note", "first_day", "last_day"), ""
)


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def change(street: Street, what: Any, crew: str, login: str = "admin", **given: str) -> None:
    what(street.conn, street.viewer(login), crew, BLANK | given, "127.0.0.1", street.now)


def registered(street: Street, category: dict[str, str] | None = None, condition: str = "missing") -> str:
    number = street.report(category=category or COVER, condition=condition)
    street.act("duty", number, "register", condition=condition)
    return number


def refused(street: Street, number: str, crew: str, action: str = "dispatch") -> str:
    """Why the crew is not given the case."""
    login, more = ("dispatch", {}) if action == "dispatch" else ("duty", {"reason": "权属不明"})
    with pytest.raises(BadInput) as refusal:
        street.act(login, number, action, crew=crew, **more)
    return f"{refusal.value.code}: {refusal.value.text(lambda text: text)}"


def stands(street: Street, crew: str, table: str) -> list[tuple[Any, ...]]:
    found = register.register_of(street.conn, street.viewer("duty"), crew, street.now)
    return [(row.get("category") or row.get("kind"), row["standing"]) for row in found[table]]


def test_a_crew_is_given_only_what_it_is_permitted_and_the_refusal_says_what_that_is(street: Street) -> None:
    number = registered(street)
    assert refused(street, number, "crew-clean") == (
        "crew_not_permitted: 环卫队 is not permitted for 污水井盖. It is permitted for: 暴露垃圾."
    )
    assert refused(street, registered(street, RUBBISH, "any"), "crew-any") == (
        "crew_not_permitted: 综合队 is not permitted for 暴露垃圾. It is permitted for: 部件, 其他事件."
    )
    change(street, register.grant_permit, "crew-clean", category="urban/component/01*", note="临时")
    street.act("dispatch", number, "dispatch", crew="crew-clean")
    assert street.case(number)["handler"]["code"] == "crew-clean"


def test_where_it_is_unclear_whose_a_matter_is_the_crew_must_be_permitted_all_the_same(
    street: Street,
) -> None:
    number = registered(street)
    assert refused(street, number, "crew-clean", "assign_anyway").startswith("crew_not_permitted")
    street.act("duty", number, "assign_anyway", crew="crew-any", reason="权属不明")


def test_a_permit_counts_from_its_first_to_its_last_day_by_the_districts_calendar(street: Street) -> None:
    number = registered(street)
    tomorrow, later = street.now + timedelta(days=1), street.now + timedelta(days=3)
    change(street, register.grant_permit, "crew-clean", category="urban/component/0102",
           first_day=f"{tomorrow:%Y-%m-%d}", last_day=f"{later:%Y-%m-%d}")  # fmt: skip
    assert refused(street, number, "crew-clean") == (
        "crew_permit_later: The permit 污水井盖 of 环卫队 begins on 2026-11-23."
    )
    # 2026-11-22 16:30 UTC is the 23rd in the district.
    street.now = datetime.fromisoformat("2026-11-26T00:30:00+08:00")
    assert refused(street, number, "crew-clean") == (
        "crew_permit_over: The permit 污水井盖 of 环卫队 ended on 2026-11-25."
    )
    street.now = datetime.fromisoformat("2026-11-25T23:30:00+08:00")
    street.act("dispatch", number, "dispatch", crew="crew-clean")


def test_a_permit_that_ends_stays_in_the_register_and_is_said_to_be_over(street: Street) -> None:
    (permit,) = register.register_of(street.conn, street.viewer("admin"), "crew-drain", street.now)["permits"]
    change(street, register.end_permit, "crew-drain", id=str(permit["id"]))
    number = registered(street)
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.later(days=1)
    assert refused(street, registered(street), "crew-drain").startswith("crew_permit_over")
    assert stands(street, "crew-drain", "permits") == [("urban/component/0102", "over")]
    with pytest.raises(NotFound):
        change(street, register.end_permit, "crew-drain", id=str(permit["id"]))


def test_a_gas_leak_is_given_only_to_a_crew_that_proves_it_may_work_on_gas(street: Street) -> None:
    number = registered(street, GAS, "any")
    change(street, register.grant_permit, "crew-any", category="urban/event/05*")
    assert refused(street, number, "crew-any") == (
        "crew_not_qualified: 燃气泄漏 asks for the qualification 燃气设施抢修资质, which 综合队 has not proved."
    )
    change(
        street, register.enter_qualification, "crew-any", kind="gas", document="燃-1", last_day="2026-11-21"
    )
    assert refused(street, number, "crew-any") == (
        "crew_qualification_over: The qualification 燃气设施抢修资质 of 综合队 ended on 2026-11-21."
    )
    change(
        street, register.enter_qualification, "crew-any", kind="gas", document="燃-2", last_day="2026-11-22"
    )
    street.act("dispatch", number, "dispatch", crew="crew-any")


def test_a_suspended_crew_is_given_nothing_new_until_the_day_or_until_it_is_lifted(street: Street) -> None:
    number, in_hand = registered(street), street.dispatched()
    change(
        street, register.suspend, "crew-drain", basis="sample", reason="盲样三处不合格", last_day="2026-11-30"
    )
    assert refused(street, number, "crew-drain") == (
        "crew_suspended_to: 排水队 is suspended to 2026-11-30: 盲样三处不合格"
    )
    street.act("crew", in_hand, "accept")
    change(street, register.suspend, "crew-drain", basis="complaint", reason="收费")
    assert refused(street, number, "crew-drain") == (
        "crew_suspended: 排水队 is suspended until further notice: 收费"
    )
    found = register.register_of(street.conn, street.viewer("duty"), "crew-drain", street.now)["suspensions"]
    for suspension in found:
        change(street, register.lift, "crew-drain", id=str(suspension["id"]))
    street.act("dispatch", number, "dispatch", crew="crew-drain")


def test_a_suspension_ends_by_itself_after_its_last_day(street: Street) -> None:
    number = registered(street)
    change(street, register.suspend, "crew-drain", basis="document", reason="保险过期", last_day="2026-11-23")
    street.later(days=1)
    assert refused(street, number, "crew-drain").startswith("crew_suspended_to")
    street.later(days=1)
    street.act("dispatch", number, "dispatch", crew="crew-drain")


def test_volunteers_cannot_claim_what_their_register_forbids(street: Street) -> None:
    number = registered(street)
    with street.conn.cursor() as cursor:
        cursor.execute("update cases set flags = flags || '{claimable}' where number = %s", (number,))
    change(street, register.suspend, "crew-drain", basis="other", reason="整顿")
    with pytest.raises(BadInput, match="suspended"):
        street.act("crew", number, "claim")


def test_documents_are_warned_of_thirty_days_before_their_end(street: Street) -> None:
    for document, last_day in (("a", "2026-12-22"), ("b", "2026-12-23"), ("c", "2026-11-21"), ("d", "")):
        change(
            street, register.enter_qualification, "crew-any", kind="gas", document=document, last_day=last_day
        )
    found = register.register_of(street.conn, street.viewer("duty"), "crew-any", street.now)["qualifications"]
    assert {row["document"]: row["standing"] for row in found} == {"a": "soon", "b": "", "c": "over", "d": ""}


def test_the_list_of_crews_says_what_each_may_do_today(street: Street) -> None:
    change(street, register.suspend, "crew-any", basis="sample", reason="盲样", last_day="2026-12-01")
    change(street, register.enter_qualification, "crew-any", kind="gas", document="a", last_day="2026-12-01")
    items = {crew["code"]: crew for crew in service.crews_page(street.conn, street.viewer("duty"), 50, "", street.now)["items"]}  # fmt: skip
    assert items["crew-any"]["suspended"] == {"reason": "盲样", "last_day": "2026-12-01"}
    assert items["crew-any"]["qualifications"] == [
        {"kind": "gas", "last_day": "2026-12-01", "standing": "soon"}
    ]
    assert items["crew-any"]["categories"] == ["urban/component/*", "urban/event/06*"]
    assert items["crew-drain"]["suspended"] is None


@pytest.mark.parametrize(
    ("what", "given", "said"),
    [
        (register.grant_permit, {"category": "urban/event/9999"}, "no category"),
        (register.grant_permit, {"category": "*/0102*"}, "no category"),
        (register.grant_permit, {"category": "urban/component/0102", "first_day": "2000-01-01"}, "already"),
        (
            register.grant_permit,
            {"category": "urban/event/04*", "last_day": "2026-11-01"},
            "before the first",
        ),
        (register.grant_permit, {"category": "urban/event/04*", "first_day": "morgen"}, "year-month-day"),
        (register.enter_qualification, {"kind": "flying", "document": "1"}, "Choose"),
        (register.enter_qualification, {"kind": "gas", "document": " "}, "number of the document"),
        (register.suspend, {"basis": "mood", "reason": "x"}, "grounds"),
        (register.suspend, {"basis": "sample", "reason": ""}, "reason"),
        (register.suspend, {"basis": "sample", "reason": "x" * 201}, "At most 200"),
        (register.suspend, {"basis": "sample", "reason": "x", "last_day": "2026-11-21"}, "before the first"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(street: Street, what: Any, given: dict[str, str], said: str) -> None:  # fmt: skip
    with pytest.raises(BadInput, match=said):
        change(street, what, "crew-drain", **given)


def test_only_the_administrator_of_the_district_keeps_its_register(street: Street) -> None:
    for login in ("duty", "supervise", "crew", "auditor"):
        with pytest.raises(NotAllowed):
            change(street, register.suspend, "crew-drain", login, basis="sample", reason="x")
    other = make_small_district(street.conn, "E")
    street.district.people["elsewhere"] = other.people["admin"]
    assert (
        register.register_of(street.conn, street.viewer("elsewhere"), "crew-drain", street.now)["id"]
        == (other.organisations["crew-drain"])
    )


def test_a_crew_reads_its_own_register_and_no_others(street: Street) -> None:
    assert (
        register.register_of(street.conn, street.viewer("crew"), "crew-drain", street.now)["code"]
        == "crew-drain"
    )
    with pytest.raises(NotFound):
        register.register_of(street.conn, street.viewer("crew"), "crew-any", street.now)


class Office:
    """A running server with the small district and its administrator."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.district = server.database.run(make_small_district)
        self.admin = Clerk(server, "admin")

    def form(self, crew: str, what: str) -> PlainForm:
        forms = Forms(self.admin.get(f"/crews/{crew}/register")).found
        return next(form for form in forms if form.action == f"/crews/{crew}/register/{what}")

    def log(self) -> list[dict[str, Any]]:
        with self.server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select detail from security_log where what = 'register_changed' order by id")
            return [row["detail"] for row in cursor.fetchall()]


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def test_the_page_of_a_crew_takes_permits_documents_and_suspensions_and_each_is_in_the_log(
    office: Office,
) -> None:
    sent = [
        ("permit", {"category": "urban/event/05*", "last_day": "2199-12-31", "note": "应急"}),
        ("qualification", {"kind": "gas", "document": "燃-77"}),
        ("suspension", {"basis": "sample", "reason": "盲样不合格"}),
    ]
    for what, values in sent:
        page = office.admin.send(office.form("crew-any", what).fill(**values)).text
        assert 'role="status"' in page
    for shown in ("urban/event/05*", "应急", "燃气设施抢修资质", "燃-77", "盲样不合格", "第三方盲样"):
        assert shown in page, shown
    assert "盲样不合格" not in office.admin.get("/crews/crew-drain/register")
    assert "暂停派遣" in office.admin.get("/crews")
    page = office.admin.send(office.form("crew-any", "suspension-end")).text
    assert "已解除" in page
    office.admin.send(office.form("crew-any", "qualification-end").fill(last_day="2199-01-01"))
    said = ["permit", "qualification", "suspended_to", "suspension_lifted", "qualification_ended"]
    assert [(detail["crew"], key in detail) for key, detail in zip(said, office.log(), strict=True)] == [
        ("crew-any", True)
    ] * len(said)


def test_a_form_that_cannot_be_meant_stands_there_again_with_what_was_typed(office: Office) -> None:
    form = office.form("crew-any", "permit").fill(category="urban/event/77*", note="试")
    answer = office.admin.send(form)
    assert answer.status_code == 422
    assert 'value="urban/event/77*"' in answer.text
    assert "没有类别" in answer.text
    assert office.log() == []


def test_others_read_the_register_without_forms(office: Office) -> None:
    page = Clerk(office.server, "duty").get("/crews/crew-drain/register")
    assert "urban/component/0102" in page
    assert "/crews/crew-drain/register/permit" not in page
