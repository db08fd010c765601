"""The indicators of the field: two published tables to the case, and what each measure says about one case's life."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from server.cases import acts
from server.cases.boards import boards
from server.db import Connection, Database, connect
from server.errors import BadInput
from server.packs import keeping
from server.packs.folder import read_text
from server.packs.keeping import FaultyPack
from server.people.tokens import make_token
from server.protocol.commands import Position
from server.reports.measures import MEASURES
from server.reports.service import Report, closure, side_by_side
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH, Street
from tests.server.bulk import put_cycles
from tests.server.packs.written import SMALL
from tests.server.small_district import SmallDistrict, make_small_district

MONTH = {"from": "2026-10-01", "to": "2026-10-31", "as_of": "2026-11-02"}
WEEK = {"from": "2026-09-07", "to": "2026-09-13", "as_of": "2026-09-14"}
EVENTS = {"category_system": "urban/event", "category_code": "0110"}
COMPONENTS = {"category_system": "urban/component", "category_code": "0102"}


def at(month: int, day: int, hour: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def closed(on_time: bool, ended_at: datetime) -> dict[str, Any]:
    return {"ended_at": ended_at, "ended_as": "fixed", "on_time": on_time}


def published_month(conn: Connection, district: SmallDistrict) -> None:
    """October: 1,054 received, 996 registered, 972 due, 911 closed, 737 of them on time; and who leaves the rates."""
    opened, due = at(10, 5), at(10, 9)
    came = {"opened_at": opened, "registered_at": opened, "due_at": due}

    def put(count: int, grid: str = "S1C1G1", **cycle: Any) -> None:
        put_cycles(conn, district, count, grid, **{**came, **cycle})

    put(500, "S1C1G1", **EVENTS, **closed(True, at(10, 8)))
    put(230, "S2C1G2", **EVENTS, **closed(True, at(10, 8)))
    put(172, "S2C1G2", **EVENTS, **closed(False, at(10, 20)))
    put(54, "S1C2G3", **EVENTS)
    put(7, "S1C1G1", **COMPONENTS, **closed(True, at(10, 8)))
    put(2, "S1C1G1", **COMPONENTS, **closed(False, at(10, 20)))
    put(7, "S2C2G1", **COMPONENTS)
    put(20, due_at=at(11, 3))
    put(4, suspended=True)
    put(58, registered_at=None, due_at=None, ended_at=at(10, 6), ended_as="declined")
    put(12, ended_at=at(10, 7), ended_as="merged")
    put(3, ended_at=at(10, 7), ended_as="cancelled")
    put(31, registered_at=None, due_at=None, self_handled=True, **closed(True, opened) | {"on_time": None})
    # The months around it: closed on the last evening before, due on the first morning after.
    put(40, opened_at=at(9, 20), registered_at=at(9, 20), due_at=at(9, 30, 15), **closed(True, at(9, 25)))


def published_week(conn: Connection, district: SmallDistrict) -> None:
    """A week: 52,434 due, 276 reworked; 18,086 of them components, 101 extended; 49,151 of 51,229 dispatched."""
    opened, before, due = at(9, 8), at(9, 4), at(9, 10)
    came = {"opened_at": opened, "registered_at": opened, "dispatched_at": opened, "due_at": due}
    ended = closed(True, at(9, 9))

    def put(count: int, **cycle: Any) -> None:
        put_cycles(conn, district, count, **{**came, **cycle})

    put(101, **COMPONENTS, **ended, extensions=1)
    put(18_086 - 101, **COMPONENTS, **ended)
    put(276, **EVENTS, **ended, reworks=2)
    put(49_151 - 18_086 - 276, **EVENTS, **ended)
    put(51_229 - 49_151, **EVENTS, dispatched_at=None)
    put(52_434 - 51_229, **EVENTS, **ended, opened_at=before, registered_at=before)


Api = Callable[..., Any]


@pytest.fixture
def api(
    live_server: LiveServer, database: Database, dsn: str
) -> Iterator[tuple[Api, SmallDistrict, Connection]]:
    """Asks the running server as its duty officer; the district to fill, and the owner's connection without triggers."""
    district = database.run(make_small_district)
    token = database.run(lambda conn: make_token(conn, "duty", "test", datetime.now(UTC)))

    def get(path: str, **query: Any) -> Any:
        answer = requests.get(
            live_server.url + path, params=query, headers={"authorization": f"Bearer {token}"}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    with closing(connect(dsn, application=False)) as owner:
        with owner.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
        yield get, district, owner


def fill(
    owner: Connection, district: SmallDistrict, how: Callable[[Connection, SmallDistrict], None]
) -> None:
    how(owner, district)
    owner.commit()
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute("vacuum analyze cases, cycles")


def figures(answer: Any) -> dict[str | None, tuple[int, int]]:
    return {row["key"]: (row["numerator"], row["denominator"]) for row in answer["items"]}


def rate(row: Any) -> str:
    return f"{100 * row['rate']:.2f} %"


def listed(get: Api, link: str) -> int:
    """How many cases stand behind a link, page by page."""
    count, after = 0, {}
    while True:
        page = get(link, limit=500, **after)
        count += len(page["items"])
        if page["next"] is None:
            return count
        after = {"after": page["next"]}


def test_the_published_month_comes_out_to_the_case(api: tuple[Api, SmallDistrict, Connection]) -> None:
    get, district, owner = api
    fill(owner, district, published_month)

    def month(measure: str, **more: str) -> Any:
        return get("/api/v1/reports/closure", measure=measure, **MONTH, **more)

    registered = month("registered")["total"]
    assert (registered["numerator"], registered["denominator"]) == (996, 1054)
    closure, on_time = month("closure"), month("on_time")
    assert (closure["total"]["numerator"], closure["total"]["denominator"]) == (911, 972)
    assert (on_time["total"]["numerator"], on_time["total"]["denominator"]) == (737, 972)
    assert (rate(closure["total"]), rate(on_time["total"])) == ("93.72 %", "75.82 %")
    by_system = month("closure", by="system")
    assert figures(by_system) == {"urban/component": (9, 16), "urban/event": (902, 956)}
    assert [(row["name"], rate(row)) for row in by_system["items"]] == [
        ("部件", "56.25 %"),
        ("事件", "94.35 %"),
    ]
    assert figures(month("closure", system="urban/component")) == {"S1": (9, 9), "S2": (0, 7)}
    assert figures(closure) == {"S1": (509, 563), "S2": (402, 409)}
    suspended = month("suspended")["total"]
    assert (suspended["numerator"], suspended["denominator"]) == (4, 976)
    for answer in (closure, on_time, by_system, month("registered"), month("suspended")):
        for row in (*answer["items"], answer["total"]):
            assert listed(get, row["cases"]) == row["denominator"]
            assert listed(get, row["cases_numerator"]) == row["numerator"]


def test_the_published_week_comes_out_to_the_case(api: tuple[Api, SmallDistrict, Connection]) -> None:
    get, district, owner = api
    fill(owner, district, published_week)

    def week(measure: str, **more: str) -> Any:
        found = get("/api/v1/reports/closure", measure=measure, **WEEK, **more)["total"]
        return found["numerator"], found["denominator"], rate(found), found

    *rework, row = week("rework")
    assert rework == [276, 52_434, "0.53 %"]
    assert listed(get, row["cases_numerator"]) == 276
    *extension, row = week("extension", system="urban/component")
    assert extension == [101, 18_086, "0.56 %"]
    assert listed(get, row["cases_numerator"]) == 101
    assert week("dispatched", basis="reported")[:3] == (49_151, 51_229, "95.94 %")


# One life of a case after another, through the real acts.


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def report(street: Street, measure: str, **asked: Any) -> Report:
    return closure(street.conn, street.viewer("duty"), street.now, measure=measure, **asked)


def share(street: Street, measure: str, **asked: Any) -> tuple[int, int]:
    total = report(street, measure, **asked).total
    return total.numerator, total.denominator


def by_key(street: Street, measure: str, **asked: Any) -> dict[str | None, tuple[int, int]]:
    return {row.key: (row.numerator, row.denominator) for row in report(street, measure, **asked).items}


def handling(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "accept")
    return number


def late(street: Street) -> str:
    """Handled in time, inspected a day after the whole deadline."""
    number = street.handled()
    street.later(days=1)
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    return number


def phoned(street: Street) -> str:
    """A report by phone: whoever rang waits for a reply."""
    position = Position(104.005, 30.005, 8, "map", crs="EPSG:4326")
    told = {"category": RUBBISH, "title": "垃圾袋"}
    answer = acts.report(
        street.conn, street.viewer("intake"), told, position, "phone", None, None, "console", None, street.now
    )
    assert answer.case_number
    return answer.case_number


def test_history_without_deadlines_is_neither_on_time_nor_overdue(street: Street) -> None:
    put_cycles(
        street.conn, street.district, 30, opened_at=street.now, registered_at=street.now, ended_at=street.now,
        ended_as="recorded",
    )  # fmt: skip
    assert share(street, "closure", basis="reported") == (30, 30)
    for measure in ("on_time", "overdue", "overdue_open"):
        assert share(street, measure, basis="reported") == (0, 0)
        assert report(street, measure, basis="reported").total.rate is None
    street.closed()
    assert share(street, "on_time", basis="reported") == (1, 1)


def test_a_suspended_case_leaves_the_rates_and_is_counted_apart_until_it_goes_on(street: Street) -> None:
    number = handling(street)
    street.closed()
    assert share(street, "closure") == (1, 2)
    street.act("crew", number, "ask_suspension", reason="等配件", until="2026-12-20T02:00:00Z")
    street.act("duty", number, "suspend", reason="等配件", until="2026-12-20T02:00:00Z")
    assert share(street, "closure") == share(street, "on_time") == (1, 1)
    assert share(street, "suspended") == (1, 2)
    assert (share(street, "rework"), share(street, "handled")) == ((0, 1), (1, 1))
    street.later(hours=1)
    street.act("duty", number, "resume")
    assert (share(street, "closure"), share(street, "suspended")) == ((1, 2), (0, 2))


def test_an_extended_case_is_counted_once_however_often_it_was_extended(street: Street) -> None:
    number = handling(street)
    street.dispatched()
    for _ in range(2):
        street.act("crew", number, "ask_extension", reason="待料")
        street.act("duty", number, "grant_extension")
    assert share(street, "extension") == (1, 2)


def test_a_street_is_not_blamed_for_the_drainage_company(street: Street) -> None:
    handling(street)
    held = street.report()
    street.act("duty", held, "register", condition="any")
    street.later(days=9)
    assert by_key(street, "overdue_open") == {"S1": (2, 2), "S2": (0, 0)}
    assert by_key(street, "overdue_open", of="handler") == {"crew-drain": (1, 1), "street-S1": (1, 1)}
    assert by_key(street, "overdue_open", by="crew") == {"crew-drain": (1, 1), None: (1, 1)}
    kinds = {row.key: row.kind for row in report(street, "overdue_open", of="handler").items}
    assert kinds == {"crew-drain": "crew", "street-S1": "street"}


def test_an_upheld_appeal_takes_the_blame_from_the_crew_and_leaves_the_fact_to_the_place(
    street: Street,
) -> None:
    number = late(street)
    street.closed()
    asked = {"of": "handler"}
    assert share(street, "overdue") == share(street, "overdue", **asked) == (1, 2)
    street.act("crew", number, "appeal", reason="路面被别的工程占住")
    assert share(street, "overdue", **asked) == (1, 2)
    street.act("duty", number, "uphold_appeal", reason="属实")
    assert by_key(street, "overdue") == {"S1": (1, 2), "S2": (0, 0)}
    assert by_key(street, "overdue", **asked) == {"crew-drain": (0, 1)}
    assert by_key(street, "on_time", **asked) == {"crew-drain": (1, 1)}
    assert (share(street, "on_time"), share(street, "closure", **asked)) == ((1, 2), (2, 2))


def test_the_reporters_word_is_the_call_and_without_one_the_rating(street: Street) -> None:
    called, rated, both, missed, _silent = (street.closed() for _ in range(5))
    street.act("intake", called, "callback", result="not_satisfied", solved="no")
    street.act("worker", rated, "rate", stars="4")
    street.act("worker", both, "rate", stars="1")
    street.act("intake", both, "callback", result="satisfied", solved="yes")
    street.act("intake", missed, "callback", result="not_reached")
    assert share(street, "satisfaction") == (2, 3)
    assert share(street, "solved") == (1, 2)
    street.act("intake", both, "callback", result="not_reached")
    assert share(street, "satisfaction") == (2, 3)


def test_a_crew_is_not_late_for_the_time_that_the_law_had_its_case(street: Street) -> None:
    number = handling(street)
    street.act("crew", number, "enforce", document="立案通知书 12 号", until="2026-12-12T02:00:00Z")
    street.later(days=10)
    street.act("crew", number, "enforced", done="拆除", attachments=[street.photo()])
    assert share(street, "handled_on_time") == (1, 1)
    late_before = handling(street)
    street.later(days=1)
    street.act("crew", late_before, "enforce", document="立案通知书 13 号", until="2026-12-12T02:00:00Z")
    street.act("crew", late_before, "enforced", done="拆除", attachments=[street.photo()])
    assert (share(street, "handled"), share(street, "handled_on_time")) == ((2, 2), (1, 2))


def test_a_case_whose_clock_stands_does_not_become_overdue(street: Street) -> None:
    until = "2026-12-20T02:00:00Z"
    suspended, asked, asked_late = handling(street), street.report(), street.report()
    street.act("crew", suspended, "ask_suspension", reason="等配件", until=until)
    street.act("duty", suspended, "suspend", reason="等配件", until=until)
    for number in (asked, asked_late):
        street.act("duty", number, "register", condition="any")
    street.act("duty", asked, "ask", question="哪一侧？", until=until)
    street.later(days=9)
    street.act("duty", asked_late, "ask", question="哪一侧？", until=until)
    street.later(days=9)
    # What was late when the question was asked stays late; the other has no day until it is answered.
    assert share(street, "overdue_open") == share(street, "overdue") == (1, 1)
    assert share(street, "suspended") == (1, 2)
    late = {number: street.case(number)["overdue"] for number in (suspended, asked, asked_late)}
    assert late == {suspended: False, asked: False, asked_late: True}
    overdue = next(
        board for board in boards(street.conn, street.viewer("duty"), street.now) if board.key == "overdue"
    )
    assert overdue.count == 1
    street.act("duty", asked, "answer", answer="东侧")
    street.act("duty", suspended, "resume")
    assert share(street, "overdue") == (1, 3)
    street.later(days=9)
    assert share(street, "overdue_open") == (3, 3)


def test_a_case_given_out_in_parts_is_dispatched(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register", condition="missing")
    assert share(street, "dispatched") == (0, 1)
    parts = [
        {"category": COVER, "condition": "missing", "crew": "crew-drain"},
        {"category": RUBBISH, "crew": "crew-clean"},
    ]
    street.act("dispatch", number, "split", parts=parts)
    assert share(street, "dispatched") == (3, 3)
    assert by_key(street, "dispatched", of="handler") == {
        "centre": (1, 1),
        "crew-clean": (1, 1),
        "crew-drain": (1, 1),
    }


def test_a_reply_that_is_owed_counts_in_the_life_in_which_it_is_owed(street: Street) -> None:
    def waiting() -> str:
        number = phoned(street)
        street.act("duty", number, "register")
        street.act("street", number, "take")
        street.act("street", number, "handle", done="捡走", attachments=[street.photo()])
        street.act("worker", number, "pass", close_kind="fixed")
        street.act("duty", number, "close")
        return number

    moved, late, told = (waiting() for _ in range(3))
    street.act("intake", told, "reply", text="捡走了")
    street.act("duty", told, "reopen", reason="又有了")
    street.act("duty", moved, "reopen", reason="又有了")
    assert share(street, "reply") == (1, 4)
    street.later(days=20)
    # The day had passed: that fact stays with the first life, and the second owes a reply of its own.
    street.act("duty", late, "reopen", reason="又有了")
    assert share(street, "reply") == (1, 5)


def test_declining_is_the_reply_until_the_reporter_appeals(street: Street) -> None:
    number = street.report(form={"contact_name": "张三"})
    street.act("duty", number, "decline", reason="不属实")
    assert share(street, "reply") == (1, 1)
    street.act("worker", number, "appeal", reason="属实")
    assert share(street, "reply") == (0, 1)
    street.act("intake", number, "reply", text="再去看")
    assert share(street, "reply") == (1, 1)


def test_a_reply_is_owed_to_whom_waits_and_counts_when_it_came_in_time(street: Street) -> None:
    street.closed()
    first, second = phoned(street), phoned(street)
    street.later(days=1)
    street.act("intake", first, "reply", text="已派人")
    assert share(street, "reply") == (1, 2)
    street.later(days=20)
    street.act("intake", second, "reply", text="晚了")
    assert share(street, "reply") == (1, 2)
    assert share(street, "reply", basis="reported") == (1, 2)


def test_what_was_mended_on_the_spot_has_its_share_and_what_samples_of_it_found(street: Street) -> None:
    street.closed()
    mended = {"opened_at": street.now, "self_handled": True, "ended_at": street.now, "ended_as": "fixed"}
    put_cycles(street.conn, street.district, 5, **mended)
    put_cycles(street.conn, street.district, 3, **mended, sampled="upheld")
    put_cycles(street.conn, street.district, 1, **mended, sampled="void")
    assert share(street, "self_handled") == (9, 10)
    assert share(street, "sampled_void") == (1, 4)
    assert share(street, "closure", basis="reported") == (1, 1)


def pack_with(street: Street, line: str) -> None:
    """Puts a small pack in force that says `line` beside the rest."""
    text = SMALL.replace("appeal_days =", f"{line}\nappeal_days =", 1)
    keeping.put(street.conn, street.district.id, read_text(text, "mine.toml"), None, "", street.now)


def test_the_pack_says_what_rework_is_divided_by(street: Street) -> None:
    street.closed()
    reworked = street.handled()
    street.act("worker", reworked, "fail", unmet="与路面不平")
    assert share(street, "rework") == (1, 2)
    assert report(street, "rework").definition.formula == "返工案件数（按件，不按次）÷ 期内应结案数"
    pack_with(street, 'rework_over = "closed"')
    assert share(street, "rework") == (0, 1)
    assert report(street, "rework").definition.formula.endswith("÷ 结案数（取自期内应结案数）")
    with pytest.raises(FaultyPack, match="known: due, closed"):
        pack_with(street, 'rework_over = "luck"')


def test_side_by_side_every_measure_has_the_same_lines_and_its_own_numbers(street: Street) -> None:
    street.closed()
    street.dispatched()
    street.report(lon=10.0)
    viewer = street.viewer("duty")
    for of, by in (("place", "street"), ("handler", "street"), ("place", "category"), ("place", "crew")):
        found = side_by_side(street.conn, viewer, street.now, MEASURES, by=by, of=of)
        assert len({tuple(row.key for row in one.items) for one in found.values()}) == 1
        for code, one in found.items():
            alone = report(street, code, by=by, of=of)
            assert [row for row in one.items if row.denominator] == [
                row for row in alone.items if row.denominator
            ]
            assert (one.total, one.definition) == (alone.total, alone.definition)


def test_a_measure_that_makes_no_sense_on_a_basis_is_refused_alone_and_keeps_its_own_beside_others(
    street: Street,
) -> None:
    with pytest.raises(BadInput):
        report(street, "self_handled", basis="due")
    found = side_by_side(
        street.conn, street.viewer("duty"), street.now, ("closure", "self_handled"), basis="due"
    )
    assert [one.definition.basis for one in found.values()] == ["due", "reported"]
