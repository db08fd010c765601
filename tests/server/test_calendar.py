"""A district's calendar: what the state has declared is there from the start, what the district enters counts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from server.calendar import service
from server.clock import OFFICE, Calendar, due
from server.db import Connection, Database
from server.migrate import migrate
from server.protocol.pack import Limit
from tests.server.small_district import make_small_district
from tests.server.test_clock import days_of_2026

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def change(conn: Connection, statement: str, **values: object) -> None:
    with conn.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_district_in_china_has_the_declared_days_of_2026_and_not_2027(conn: Connection) -> None:
    district = make_small_district(conn)
    calendar = service.calendar_of(conn, district.id)
    assert {day: works for day, works in calendar.days.items() if day.year == 2026} == days_of_2026()
    assert 2026 in calendar.declared and 2027 not in calendar.declared
    assert calendar.hours["working"] == OFFICE


def test_a_district_elsewhere_has_the_plain_week(conn: Connection) -> None:
    district = make_small_district(conn)
    change(conn, "update districts set timezone = 'America/Chicago' where id = %(id)s", id=district.id)
    service.seed(conn, district.id, NOW)
    assert service.calendar_of(conn, district.id) == Calendar.plain("America/Chicago")


def test_seeding_keeps_the_same_calendar_and_twice_does_nothing(conn: Connection) -> None:
    district = make_small_district(conn)
    before = service.calendar_of(conn, district.id)
    assert 2026 in service.seed(conn, district.id, NOW)
    stamp = service.kept(conn, district.id).stamp
    assert service.calendar_of(conn, district.id) == before
    assert service.seed(conn, district.id, NOW) == []
    assert service.kept(conn, district.id).stamp == stamp


def test_a_year_that_a_newer_program_knows_is_entered_and_asks_for_recomputing(conn: Connection) -> None:
    district = make_small_district(conn)
    service.seed(conn, district.id, NOW)
    change(conn, "delete from calendar_years where district_id = %(id)s and year = 2026", id=district.id)
    change(
        conn, "delete from calendar_days where district_id = %(id)s and day > '2026-01-10'", id=district.id
    )
    change(conn, "update calendar_days set working = true where day = '2026-01-02'")
    assert service.seed(conn, district.id, NOW) == [2026]
    kept = service.kept(conn, district.id)
    assert kept.recomputed != kept.stamp
    calendar = kept.calendar()
    assert calendar.days[date(2026, 10, 1)] is False
    assert calendar.days[date(2026, 1, 2)] is True, "what the district had entered stays"


def test_a_change_is_seen_by_the_next_question(conn: Connection) -> None:
    district = make_small_district(conn)
    service.seed(conn, district.id, NOW)
    monday = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    limit = Limit(60, "working")
    assert due(monday, limit, service.calendar_of(conn, district.id)).at == monday + timedelta(hours=1)
    change(conn, "insert into calendar_days values (%(id)s, '2026-11-23', false, '')", id=district.id)
    service.SQL.touch(conn, district_id=district.id, now=NOW)
    assert due(monday, limit, service.calendar_of(conn, district.id)).at == monday + timedelta(hours=25)


def test_a_change_that_is_taken_back_leaves_no_trace_in_what_is_remembered(database: Database) -> None:
    with database.transaction() as conn:
        district = make_small_district(conn)
        service.seed(conn, district.id, NOW)
        before = service.calendar_of(conn, district.id)
    with pytest.raises(RuntimeError), database.transaction() as conn:
        change(conn, "insert into calendar_days values (%(id)s, '2026-11-23', false, '')", id=district.id)
        service.SQL.touch(conn, district_id=district.id, now=NOW)
        assert service.calendar_of(conn, district.id) != before
        raise RuntimeError
    with database.read() as conn:
        assert service.calendar_of(conn, district.id) == before


def test_a_remembered_calendar_costs_one_short_query(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = make_small_district(conn)
    service.seed(conn, district.id, NOW)
    first = service.calendar_of(conn, district.id)
    monkeypatch.setattr(service, "kept", lambda *_: pytest.fail("read again"))
    assert service.calendar_of(conn, district.id) is first


def test_migrating_seeds_districts_that_have_no_calendar(database: Database) -> None:
    with database.transaction() as conn:
        district = make_small_district(conn)
        assert service.kept(conn, district.id).stamp is None
    migrate(database.dsn)
    with database.read() as conn:
        kept = service.kept(conn, district.id)
    assert kept.stamp is not None
    assert kept.stamp == kept.recomputed
    assert 2026 in kept.years


def test_the_database_refuses_hours_outside_the_day(conn: Connection) -> None:
    district = make_small_district(conn)
    service.seed(conn, district.id, NOW)
    with pytest.raises(psycopg2.errors.CheckViolation, match="working_hours_within_day"):
        change(conn, "insert into working_hours values (%(id)s, 'working', 1, 480, 1500)", id=district.id)
