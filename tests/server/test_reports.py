"""Rates and the cases behind them: every number is a fraction of cycles, and its link lists exactly those."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from server.cases import acts
from server.cases.apply import apply
from server.cases.filters import Filters
from server.cases.lists import list_cases
from server.db import Connection, Database
from server.errors import BadInput, NotFound
from server.people.tokens import make_token
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7
from server.reports.measures import BY, MEASURES, public_basis
from server.reports.service import Report, Row, closure
from tests.conftest import LiveServer
from tests.factories import RUBBISH, Street
from tests.server.small_district import SmallDistrict

S2_POINT = 104.065
ON_ITS_SPOT = {"done": "扫净"}


def busy_days(street: Street) -> None:
    """Some days of the district: one case of every fate that a rate must tell apart."""
    self_handle(street)
    street.act("duty", street.report(title="不属实"), "decline", reason="不属实")
    street.report(lon=10.0)
    street.report(lon=S2_POINT)
    street.closed()
    reworked(street)
    returned(street)
    street.dispatched()
    late = street.handled()
    street.later(days=1)
    street.act("worker", late, "pass", close_kind="gone")
    street.act("duty", late, "close")
    again = street.closed()
    street.later(hours=1)
    street.act("street", again, "reopen", reason="又坏了")
    street.later(days=2)


def self_handle(street: Street) -> str:
    payload = {"category": {"system": "urban/event", "code": "0110"}, "title": "纸屑", **ON_ITS_SPOT}
    command = Command(
        uuid7(), "self_handle", uuid7(), read_payload("self_handle", payload), body_hash(payload), "tablet",
        person_id=street.district.people["worker"], position=Position(104.005, 30.005, 5, crs="EPSG:4326"),
        district_id=street.district.id, made_at=street.now,
    )  # fmt: skip
    answer = apply(street.conn, [command], street.now)[0]
    assert answer.applied, answer
    return answer.case_number or ""


def reworked(street: Street) -> str:
    number = street.handled()
    street.act("worker", number, "fail", unmet="与路面不平")
    street.later(minutes=5)
    street.act("crew", number, "handle", done="垫平", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    return number


def returned(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "ask_return", reason="不是我的")
    street.act("duty", number, "refuse_return", reason="是你的")
    street.act("crew", number, "ask_return", reason="真不是我的")
    street.act("duty", number, "uphold_return", reason="错派")
    street.act("dispatch", number, "dispatch", crew="crew-any")
    return number


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


@pytest.fixture
def busy(street: Street) -> Street:
    busy_days(street)
    return street


def report(street: Street, login: str = "duty", **asked: Any) -> Report:
    return closure(street.conn, street.viewer(login), street.now, **asked)


def counts(found: Report) -> dict[str | None, tuple[int, int]]:
    return {row.key: (row.numerator, row.denominator) for row in found.items}


def listed(street: Street, login: str, link: str, limit: int = 50) -> list[dict[str, Any]]:
    """All cases behind a link, page by page."""
    path, query = urlsplit(link).path, dict(parse_qsl(urlsplit(link).query))
    assert path == "/api/v1/cases"
    items: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = list_cases(
            street.conn, street.viewer(login), Filters.from_query(query), limit, after, street.now
        )
        items += page.items
        after = page.next
        if after is None:
            return items


def test_the_closure_rate_is_closed_by_due_of_every_street(busy: Street) -> None:
    found = report(busy)
    assert counts(found) == {"S1": (4, 7), "S2": (0, 0)}
    assert (found.items[0].name, found.items[0].rate, found.items[1].rate) == ("S1名", 4 / 7, None)
    assert (found.total.numerator, found.total.denominator) == (4, 7)


def test_only_what_was_passed_before_the_whole_deadline_is_on_time(busy: Street) -> None:
    assert counts(report(busy, measure="on_time"))["S1"] == (3, 7)
    assert counts(report(busy, measure="overdue"))["S1"] == (4, 7)
    assert counts(report(busy, measure="overdue_open"))["S1"] == (3, 7)


def test_declined_cases_leave_the_rate_and_self_handled_ones_are_counted_apart(busy: Street) -> None:
    assert counts(report(busy, basis="reported")) == {"S1": (4, 7), "S2": (0, 1), None: (0, 1)}
    assert counts(report(busy, measure="registered"))["S1"] == (7, 8)
    assert counts(report(busy, measure="self_handled"))["S1"] == (1, 5)
    assert counts(report(busy, measure="valid"))["S1"] == (8, 9)


def test_cases_outside_every_grid_are_a_row_without_a_key(busy: Street) -> None:
    outside = report(busy, basis="reported").items[-1]
    assert (outside.key, outside.denominator) == (None, 1)


def test_a_reopened_case_counts_again_and_its_first_cycle_keeps_its_facts(street: Street) -> None:
    number = street.closed()
    before = street.now + timedelta(minutes=1)
    street.later(hours=1)
    street.act("street", number, "reopen", reason="又坏了")
    assert counts(report(street, basis="reported"))["S1"] == (1, 2)
    assert counts(report(street, basis="reported", measure="on_time"))["S1"] == (1, 2)
    assert [
        item["number"] for item in listed(street, "duty", report(street, basis="reported").total.cases_link)
    ] == [number] * 2
    assert counts(report(street, basis="reported", as_of=before))["S1"][0] == 1


def test_facts_later_than_as_of_are_not_there_yet(street: Street) -> None:
    number = street.handled()
    noon = street.now
    street.later(minutes=30)
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    assert counts(report(street, basis="reported"))["S1"] == (1, 1)
    assert counts(report(street, basis="reported", as_of=noon))["S1"] == (0, 1)
    assert len(listed(street, "duty", report(street, basis="reported", as_of=noon).total.numerator_link)) == 0


def test_a_cycle_that_was_opened_later_than_as_of_is_not_there_yet(street: Street) -> None:
    street.report()
    street.closed()
    street.later(hours=1)
    noon = street.now
    street.later(minutes=1)
    again = street.closed()
    street.later(minutes=1)
    street.act("street", again, "reopen", reason="又坏了")
    for basis, before, now in (("due", (1, 1), (2, 3)), ("reported", (1, 2), (2, 4))):
        assert counts(report(street, basis=basis, as_of=noon))["S1"] == before
        assert counts(report(street, basis=basis))["S1"] == now
    assert counts(report(street, measure="valid", as_of=noon))["S1"] == (1, 2)


def test_what_was_dispatched_stays_so_when_it_is_recalled_and_given_to_another(street: Street) -> None:
    number = street.dispatched()
    noon = street.later(hours=1)
    street.later(days=1)
    street.act("dispatch", number, "recall", reason="换一家")
    street.act("dispatch", number, "dispatch", crew="crew-any")
    for as_of in (noon, street.now):
        assert counts(report(street, measure="dispatched", as_of=as_of))["S1"] == (1, 1)


def test_rework_and_returns_are_counted_in_cases(busy: Street) -> None:
    assert counts(report(busy, measure="rework"))["S1"] == (1, 7)
    assert counts(report(busy, measure="dispatched", basis="reported"))["S1"] == (6, 7)
    assert counts(report(busy, measure="right_dispatch", basis="reported"))["S1"] == (5, 6)
    assert counts(report(busy, measure="evasion", basis="reported"))["S1"] == (1, 6)


def test_days_of_a_period_are_local_and_both_included(street: Street) -> None:
    street.now = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
    street.report()
    street.later(minutes=2)
    street.report()
    asked = {"basis": "reported", "by": "day"}
    assert counts(report(street, **asked)) == {"2026-11-22": (0, 1), "2026-11-23": (0, 1)}
    assert counts(report(street, **asked, from_="2026-11-23")) == {"2026-11-23": (0, 1)}
    assert counts(report(street, **asked, to="2026-11-22")) == {"2026-11-22": (0, 1)}
    assert counts(report(street, **asked, from_="2026-11-22", to="2026-11-23")) == {
        "2026-11-22": (0, 1),
        "2026-11-23": (0, 1),
    }


def test_due_is_measured_by_the_day_of_the_whole_deadline(street: Street) -> None:
    """A missing cover has 4 h 45 min in all: registered at 20:05 local time it is due the next day."""
    street.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    street.dispatched()
    assert counts(report(street, by="day")) == {"2026-11-23": (0, 1)}
    assert report(street, by="day", to="2026-11-22").items == []


def test_a_report_reads_by_category_and_by_crew(busy: Street) -> None:
    by_category = report(busy, by="category", basis="reported")
    assert counts(by_category) == {"urban/component/0102": (4, 7), "urban/event/0110": (0, 2)}
    assert [row.name for row in by_category.items] == ["污水井盖", "暴露垃圾"]
    by_crew = report(busy, by="crew", basis="reported")
    assert counts(by_crew) == {"crew-any": (0, 1), "crew-drain": (4, 5), None: (0, 3)}
    assert by_crew.items[-1].name == "未派遣"


def test_of_handler_reads_by_who_is_responsible_instead_of_by_place(busy: Street) -> None:
    by_crew = counts(report(busy, by="crew"))
    held = by_crew.pop(None)
    assert counts(report(busy, by="street", of="handler")) == by_crew | {"centre": held}


def test_a_grid_narrows_the_report_to_its_subtree(busy: Street) -> None:
    assert counts(report(busy, by="community", grid="S1")) == {"S1C1": (4, 7), "S1C2": (0, 0)}
    assert counts(report(busy, by="grid", grid="S1C1")) == {
        "S1C1G1": (4, 7),
        "S1C1G2": (0, 0),
        "S1C1G3": (0, 0),
    }
    with pytest.raises(NotFound):
        report(busy, grid="S9")


def test_a_line_above_the_grid_that_was_asked_for_opens_that_grids_cases_and_no_more(busy: Street) -> None:
    busy.report(lon=104.015)
    busy.report(login="head", lon=104.035)
    for grid, by in (("S1C1G1", "street"), ("S1C1G1", "community"), ("S1C1", "street"), ("D", "street")):
        found = report(busy, by=by, grid=grid, basis="reported")
        for row in (*found.items, found.total):
            assert_links(busy, "duty", row)
    assert counts(report(busy, by="street", grid="S1C1", basis="reported")) == {"S1": (4, 8)}


def test_what_names_a_street_and_no_more_opens_on_every_level(street: Street) -> None:
    for code in ("S1", "S1C1", "S1C1G1"):
        told = {"category": RUBBISH, "title": "垃圾袋", "grid_code": code}
        acts.report(
            street.conn,
            street.viewer("intake"),
            told,
            Position(),
            "phone",
            None,
            None,
            "console",
            None,
            street.now,
        )
    street.report(lon=10.0)
    for by, without in (("street", 1), ("community", 2), ("grid", 3)):
        found = report(street, by=by, basis="reported")
        assert counts(found)[None] == (0, without)
        for row in found.items:
            assert_links(street, "duty", row)
    names = [report(street, by=by, basis="reported").items[-1].name for by in ("street", "community", "grid")]
    assert names == ["落在网格外", "未落到社区", "未落到网格"]
    inside = report(street, by="community", grid="S1", basis="reported").items[-1]
    assert (inside.key, inside.denominator) == (None, 1)
    assert_links(street, "duty", inside)


def test_each_viewer_counts_the_places_of_his_own_scope(busy: Street) -> None:
    busy.report(login="head", lon=104.035)
    asked: dict[str, Any] = {"basis": "reported"}
    assert counts(report(busy, "street", **asked)) == {"S1": (4, 8)}
    assert counts(report(busy, "community", by="community", **asked)) == {"S1C1": (4, 7)}
    assert counts(report(busy, "worker", by="grid", **asked)) == {"S1C1G1": (4, 7), "S1C1G2": (0, 0)}
    # The case that was reopened is nobody's again, and what a crew may not see it does not count.
    assert counts(report(busy, "crew", **asked)) == {"S1": (3, 4)}
    assert counts(report(busy, "crew", by="crew", **asked)) == {"crew-drain": (3, 4)}
    assert counts(report(busy, "street", grid="S2", **asked)) == {}


@pytest.mark.parametrize("login", ["duty", "street", "community", "worker", "crew"])
def test_every_figure_links_to_exactly_the_cases_that_it_counted(busy: Street, login: str) -> None:
    for by, measure in [(by, "closure") for by in BY] + [("street", measure) for measure in MEASURES]:
        for basis in MEASURES[measure].bases:
            found = report(busy, login, by=by, measure=measure, basis=public_basis(basis))
            for row in (*found.items, found.total):
                assert_links(busy, login, row)


def test_a_list_behind_a_figure_is_whole_page_by_page(busy: Street) -> None:
    total = report(busy, basis="reported").total
    assert len(listed(busy, "duty", total.cases_link, limit=2)) == total.denominator


def assert_links(street: Street, login: str, row: Row) -> None:
    above, below = listed(street, login, row.numerator_link), listed(street, login, row.cases_link)
    assert (len(above), len(below)) == (row.numerator, row.denominator), row
    remaining = [case["number"] for case in below]
    for case in above:
        remaining.remove(case["number"])


def test_what_a_crew_should_have_handled_is_judged_by_the_handling_deadline(street: Street) -> None:
    number = street.dispatched()
    street.later(hours=3)
    assert counts(report(street, measure="handled", by="crew"))["crew-drain"] == (0, 1)
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="晚了", attachments=[street.photo()])
    assert counts(report(street, measure="handled", by="crew"))["crew-drain"] == (1, 1)
    assert counts(report(street, measure="handled_on_time", by="crew"))["crew-drain"] == (0, 1)


def test_the_formula_is_printed_in_the_readers_language(street: Street) -> None:
    said = report(street).definition
    assert (said.name, said.formula, said.basis) == ("结案率", "结案数 ÷ 期内应结案数", "due")


@pytest.mark.parametrize(
    "asked",
    [{"by": "moon"}, {"basis": "fair"}, {"measure": "luck"}, {"of": "all"}, {"from_": "2026-13-01"},
     {"from_": "2026-02-02", "to": "2026-02-01"}, {"as_of": "yesterday"}, {"measure": "registered", "basis": "due"}],
)  # fmt: skip
def test_words_that_are_not_known_are_refused(street: Street, asked: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        report(street, **asked)


def test_few_cases_are_marked_as_noise(busy: Street) -> None:
    assert all(row.few for row in report(busy).items)
    for _ in range(20):
        busy.report(lon=S2_POINT)
    assert [row.few for row in report(busy, basis="reported").items] == [True, False, True]


@pytest.fixture
def served(live_server: LiveServer, database: Database, tmp_path: Path) -> tuple[Street, str]:
    """A busy district behind a running server, with the address that knows its duty officer's token."""

    def fill(conn: Connection) -> tuple[SmallDistrict, datetime]:
        street = Street.open(conn, tmp_path)
        busy_days(street)
        return street.district, street.now

    district, now = database.run(fill)
    token = database.run(lambda conn: make_token(conn, "duty", "test", datetime.now(UTC)))
    with database.read() as conn:
        return Street(conn, district, tmp_path, now), token


def test_the_api_answers_rates_with_links_that_can_be_followed(
    served: tuple[Street, str], live_server: LiveServer
) -> None:
    street, token = served

    def get(path: str, **query: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {token}", "accept-language": "en"}
        return requests.get(live_server.url + path, params=query, headers=headers, timeout=10)

    asked = {"by": "street", "basis": "reported", "from": "2026-11-22", "as_of": street.now.isoformat()}
    answer = get("/api/v1/reports/closure", **asked).json()
    assert {row["key"]: (row["numerator"], row["denominator"]) for row in answer["items"]} == {
        "S1": (4, 7), "S2": (0, 1), None: (0, 1),
    }  # fmt: skip
    assert answer["definition"]["basis"] == "reported"
    for row in answer["items"]:
        assert len(get(row["cases"], limit=500).json()["items"]) == row["denominator"]
        assert len(get(row["cases_numerator"], limit=500).json()["items"]) == row["numerator"]
    wrong = get("/api/v1/reports/closure", by="moon")
    assert (wrong.status_code, wrong.headers["content-type"].split(";")[0]) == (
        422,
        "application/problem+json",
    )
    assert requests.get(live_server.url + "/api/v1/reports/closure", timeout=10).status_code == 401
