"""Importing cases: each outside number once, every digit of a place kept, bad rows back with their reasons."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from gis.coordinates import wgs84_to_gcj02
from server.cases import acts
from server.cases.apply import Answer
from server.cases.chain import verify_case, verify_slice
from server.cases.csv_rows import CaseFile
from server.cases.importer import Rejects, Summary, district_of, import_cases, rejects_path
from server.db import Connection, Database, connect
from server.errors import BadInput
from server.protocol.commands import Position
from server.reports.service import closure
from server.security import load_viewer
from server.settings import CHECKOUT
from tests.server.small_district import make_small_district

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
FIRST_ID = UUID(int=0)
HEADER = "external_id,lon,lat,category,opened_at,closed_at,due_at,status,title,description"
Import = Callable[..., Summary]


@pytest.fixture
def district(database: Database) -> Database:
    """A database with the small district: grids of 0.01° side by side from 104.0 east, local time Asia/Shanghai."""
    database.run(make_small_district)
    return database


@pytest.fixture
def imported(district: Database, tmp_path: Path) -> Import:
    """Imports lines (without header) or a whole file as source "hotline"; reasons are in English."""

    def run(
        *lines: str,
        header: str = HEADER,
        path: Path | None = None,
        now: datetime = NOW,
        crs: str = "EPSG:4326",
        **names: str,
    ) -> Summary:
        file = path or tmp_path / "cases.csv"
        if path is None:
            file.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        with district.read() as conn:
            into = district_of(conn, "D")
        with Rejects(rejects_path(file), lambda words: words) as rejects:
            return import_cases(
                district,
                CaseFile(file, into.timezone, now, names, crs),
                "hotline",
                into,
                lambda: now,
                rejects,
            )

    return run


def one(database: Database, question: str, *values: Any) -> dict[str, Any]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(question, values)
        return dict(cursor.fetchone() or {})


def case_of(database: Database, external_id: str) -> dict[str, Any]:
    question = (
        "select c.*, g.code as grid, y.opened_at, y.ended_at, y.ended_as, y.on_time, y.due_at as cycle_due"
        " from cases c join cycles y on (y.case_id, y.n) = (c.id, c.cycle) left join grid_nodes g on g.id = c.grid_id"
        " where c.source = 'hotline' and c.external_id = %s"
    )
    return one(database, question, external_id)


def rejected(summary: Summary) -> list[dict[str, str]]:
    assert summary.rejects_file
    with Path(summary.rejects_file).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_closed_row_becomes_a_recorded_case_in_its_grid(district: Database, imported: Import) -> None:
    summary = imported(
        "A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-05,,closed,Bags,Behind the school"
    )
    case = case_of(district, "A1")
    assert (summary.rows, summary.new, summary.rejected, summary.rejects_file) == (1, 1, 0, None)
    assert (case["state"], case["close_kind"], case["grid"], case["ended_as"]) == (
        "closed",
        "recorded",
        "S1C1G2",
        "recorded",
    )
    assert (case["title"], case["description"], case["category_code"]) == (
        "Bags",
        "Behind the school",
        "0110",
    )


@pytest.mark.parametrize(
    ("status", "closed_at", "state", "tags"),
    [
        ("open", "", "registered", []),
        ("open-duplicate", "", "registered", ["duplicate"]),
        ("closed", "2026-03-05", "closed", []),
        ("closed-duplicate", "2026-03-05", "closed", ["duplicate"]),
        ("Closed ", "2026-03-05", "closed", []),
        ("", "2026-03-05", "closed", []),
        ("", "", "registered", []),
    ],
)
def test_the_status_word_says_where_the_case_stands_and_duplicates_are_tagged_never_merged(
    district: Database, imported: Import, status: str, closed_at: str, state: str, tags: list[str]
) -> None:
    imported(f"A1,104.015,30.005,urban/event/0110,2026-03-01,{closed_at},,{status},,")
    case = case_of(district, "A1")
    assert (case["state"], case["tags"]) == (state, tags)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-01", "2026-02-28T16:00:00+00:00"),
        ("2026-03-01 08:30", "2026-03-01T00:30:00+00:00"),
        ("2026-03-01T08:30:15", "2026-03-01T00:30:15+00:00"),
        ("2026-03-01T08:30:15Z", "2026-03-01T08:30:15+00:00"),
        ("2026-03-01T08:30:15-06:00", "2026-03-01T14:30:15+00:00"),
    ],
)
def test_a_time_without_a_zone_is_the_districts_local_time(
    district: Database, imported: Import, written: str, meant: str
) -> None:
    imported(f"A1,104.015,30.005,urban/event/0110,{written},,,,,")
    case = case_of(district, "A1")
    assert case["reported_at"] == case["opened_at"] == datetime.fromisoformat(meant)


def test_a_file_of_a_shifted_map_is_converted_and_its_cases_say_so(
    district: Database, imported: Import
) -> None:
    lon, lat = wgs84_to_gcj02(np.array([104.015]), np.array([30.005]))
    row = f"A1,{lon[0]:.7f},{lat[0]:.7f},urban/event/0110,2026-03-01,,,open,,"
    imported(row, crs="gcj02")
    case = case_of(district, "A1")
    assert (case["lon_e7"], case["lat_e7"]) == pytest.approx((1040150000, 300050000), abs=2)
    assert (case["grid"], case["crs_source"]) == ("S1C1G2", "GCJ-02")
    assert imported(row, crs="gcj02").unchanged == 1
    with pytest.raises(BadInput, match="EPSG:2437"):
        imported(row, crs="EPSG:2437")


def test_a_blank_deadline_starts_no_clock(district: Database, imported: Import) -> None:
    imported("A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,,")
    case = case_of(district, "A1")
    assert (case["due_at"], case["next_due_at"], case["cycle_due"]) == (None, None, None)
    assert one(district, "select count(*) as clocks from deadlines")["clocks"] == 0


def test_a_deadline_decides_whether_the_case_was_on_time(district: Database, imported: Import) -> None:
    imported(
        "A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-05,2026-03-06,closed,,",
        "A2,104.015,30.005,urban/event/0110,2026-03-01,2026-03-07,2026-03-06,closed,,",
    )
    assert [case_of(district, number)["on_time"] for number in ("A1", "A2")] == [True, False]


def test_an_unknown_category_is_kept_as_it_came_and_filed_under_other(
    district: Database, imported: Import
) -> None:
    imported("A1,104.015,30.005,Dog feces in yard,2026-03-01,,,,,", "A2,104.015,30.005,,2026-03-01,,,,,")
    known, blank = case_of(district, "A1"), case_of(district, "A2")
    assert (known["category_code"], known["category_text"]) == ("0600", "Dog feces in yard")
    assert (blank["category_code"], blank["category_text"]) == ("0600", "")


def test_a_case_without_coordinates_or_outside_every_grid_is_kept_in_its_district(
    district: Database, imported: Import
) -> None:
    summary = imported(
        "A1,,,urban/event/0110,2026-03-01,,,,,",
        "A2,10.5,51.5,urban/event/0110,2026-03-01,,,,,",
        "A3,104.015,30.005,urban/event/0110,2026-03-01,,,,,",
    )
    assert (summary.new, summary.outside) == (3, 2)
    lost, far = case_of(district, "A1"), case_of(district, "A2")
    assert (lost["place_status"], lost["lon_e7"], "place_missing" in lost["tags"]) == ("outside", None, True)
    assert (far["place_status"], far["lon_e7"], far["street_id"]) == ("outside", 105000000, None)


def test_every_digit_of_a_place_counts_when_it_is_routed(district: Database, imported: Import) -> None:
    """The border lies at 104.01; rounded to 1e-7° both points would lie on it."""
    imported(
        "W,104.009999997,30.005,urban/event/0110,2026-03-01,,,,,",
        "E,104.010000003,30.005,urban/event/0110,2026-03-01,,,,,",
    )
    west, east = case_of(district, "W"), case_of(district, "E")
    assert (west["lon_e7"], east["lon_e7"]) == (1040100000, 1040100000)
    assert (west["grid"], east["grid"]) == ("S1C1G1", "S1C1G2")


def test_a_second_import_adds_nothing(district: Database, imported: Import) -> None:
    lines = [f"A{n},104.0{n % 9}5,30.005,urban/event/0110,2026-03-01,,,,,t{n}" for n in range(1203)]
    assert imported(*lines).new == 1203
    events = "select count(*) as n, max(seq) as seq from case_events, change_counter"
    before = one(district, events)
    again = imported(*lines)
    assert (again.rows, again.new, again.changed, again.unchanged, again.rejected) == (1203, 0, 0, 1203, 0)
    assert one(district, events) == before


def test_at_most_500_rows_stand_in_one_transaction(district: Database, imported: Import) -> None:
    imported(*(f"A{n},104.015,30.005,urban/event/0110,2026-03-01,,,,," for n in range(1203)))
    with district.read() as conn, conn.cursor() as cursor:
        cursor.execute("select count(*) as n from change_log where kind = 'case' group by seq order by seq")
        assert [row["n"] for row in cursor.fetchall()] == [500, 500, 203]


def test_a_repeat_with_changed_fields_is_one_more_event_of_the_same_case(
    district: Database, imported: Import
) -> None:
    imported("A1,104.015,30.005,Noise,2026-03-01,,,open,,")
    opened = case_of(district, "A1")
    summary = imported("A1,104.065,30.005,0406,2026-03-01,2026-03-05,,closed,,")
    case = case_of(district, "A1")
    assert (summary.new, summary.changed) == (0, 1)
    assert (case["id"], case["number"], case["version"]) == (opened["id"], opened["number"], 2)
    assert (case["state"], case["grid"], case["category_code"], case["category_text"]) == (
        "closed",
        "S2C1G1",
        "0406",
        "",
    )


def test_what_is_changed_back_is_changed_again(district: Database, imported: Import) -> None:
    first, second = (
        "A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,,",
        "A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-02,,closed,,",
    )
    assert [imported(line).changed for line in (first, second, first, second, second)] == [0, 1, 1, 1, 0]
    assert case_of(district, "A1")["version"] == 4


def test_a_number_that_stands_twice_in_one_file_is_taken_in_order(
    district: Database, imported: Import
) -> None:
    summary = imported(
        "A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,,",
        "A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,,",
        "A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-02,,closed,,",
    )
    assert (summary.new, summary.unchanged, summary.changed) == (1, 1, 1)
    assert case_of(district, "A1")["state"] == "closed"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",104.015,30.005,urban/event/0110,2026-03-01,,,,,", "The row has no external_id."),
        ("B,104.015,30.005,urban/event/0110,,,,,,", "The row has no opened_at."),
        ("B,104.015,30.005,urban/event/0110,03/01/2026,,,,,", "03/01/2026 in opened_at is no date or time (ISO 8601)."),
        ("B,104.015,30.005,urban/event/0110,2026-02-30,,,,,", "2026-02-30 in opened_at is no date or time (ISO 8601)."),
        ("B,104.015,30.005,urban/event/0110,0001-01-01,,,,,", "0001-01-01 in opened_at is no date or time (ISO 8601)."),
        ("B,104.015,30.005,urban/event/0110,2999-01-01,,,,,", "2999-01-01 in opened_at lies in the future."),
        ("B,104.015,30.005,urban/event/0110,2026-03-01,2999-01-02,,closed,,", "2999-01-02 in closed_at lies in the future."),
        ("B,104.015,30.005,urban/event/0110,2026-03-05,2026-03-01,,closed,,", "The case was closed before it was opened."),
        ("B,104.015,30.005,urban/event/0110,2026-03-05,,2026-03-01,open,,", "The deadline is before the case was opened."),
        ("B,104.015,30.005,urban/event/0110,2026-03-01,2026-03-05,,open,,", "The case is said to be open, but has a closed_at."),
        ("B,104.015,30.005,urban/event/0110,2026-03-01,,,lost,,",
         "There is no status lost. Words: open, closed, open-duplicate, closed-duplicate."),
        ("B,east,30.005,urban/event/0110,2026-03-01,,,,,", "east in lon is not a number."),
        ("B,nan,30.005,urban/event/0110,2026-03-01,,,,,", "nan in lon is not a number."),
        ("B,104.015,inf,urban/event/0110,2026-03-01,,,,,", "inf in lat is not a number."),
        ("B,104.015,91,urban/event/0110,2026-03-01,,,,,", "91 in lat is beyond 90 degrees."),
        ("B,104.015,,urban/event/0110,2026-03-01,,,,,", "The row has only one of lon and lat."),
        ("B,104.015,30.005,urban/event/0110,2026-03-01", "The row has 5 cells, the header 10."),
        (f"B,104.015,30.005,urban/event/0110,2026-03-01,,,,{'x' * 201},", "Field title is longer than 200 characters."),
    ],
)  # fmt: skip
def test_a_bad_row_comes_back_with_its_line_and_reason_and_the_good_ones_load(
    district: Database, imported: Import, line: str, reason: str
) -> None:
    summary = imported(
        "A1,104.015,30.005,urban/event/0110,2026-03-01,,,,,",
        line,
        "A2,104.015,30.005,urban/event/0110,2026-03-01,,,,,",
    )
    assert (summary.rows, summary.new, summary.rejected) == (3, 2, 1)
    row = rejected(summary)[0]
    assert (row["row"], row["reason"]) == ("3", reason)
    assert row["external_id"] == line.split(",")[0]


def test_what_is_no_row_at_all_and_what_has_too_many_cells_come_back_whole(imported: Import) -> None:
    summary = imported("A1,104.015,30.005,x,2026-03-01,,,,a,b,c,d", 'B,104.015,30.005,"x\ny')
    text = Path(summary.rejects_file or "").read_text(encoding="utf-8-sig")
    with io.StringIO(text, newline="") as file:
        many, broken = list(csv.reader(file))[1:]
    assert many[-2:] == ["c", "d"]
    assert broken[0] == 'B,104.015,30.005,"x\ny'


def test_rejected_rows_can_be_mended_and_imported_from_the_file_that_came_back(
    district: Database, imported: Import
) -> None:
    summary = imported("A1,east,30.005,urban/event/0110,2026-03-01,,,,,")
    back = Path(summary.rejects_file or "")
    back.write_text(back.read_text(encoding="utf-8-sig").replace("east", "104.015", 1), encoding="utf-8")
    assert imported(path=back).new == 1


def taken_by_the_street(district: Database, number: str) -> None:
    """An office works on the case from now on."""

    def work(conn: Connection) -> None:
        people = {row["login"]: row["id"] for row in _rows(conn, "select login, id from people")}
        viewer = load_viewer(conn, people["street"], NOW)
        assert viewer is not None
        acts.act(conn, viewer, number, "take", {}, 1, "console", None, NOW)

    district.run(work)


def _rows(conn: Connection, question: str) -> list[dict[str, Any]]:
    with conn.cursor() as cursor:
        cursor.execute(question)
        return [dict(row) for row in cursor.fetchall()]


def test_a_case_that_the_office_works_on_is_told_what_its_source_says_and_never_overwritten(
    district: Database, imported: Import
) -> None:
    imported("A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,袋子,两袋")
    taken_by_the_street(district, case_of(district, "A1")["number"])
    summary = imported("A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-05,,closed,袋子,十袋")
    assert (summary.changed, summary.rejected) == (1, 0)
    case = case_of(district, "A1")
    assert (case["state"], case["description"], case["closed_at"]) == ("handling", "十袋", None)
    said = "select action, p.body from case_events e join event_private p using (case_id, n) order by n"
    with district.read() as conn:
        events = [(row["action"], row["body"]) for row in _rows(conn, said)]
    assert [action for action, _ in events][-2:] == ["change", "comment"]
    assert "已结案" in events[-1][1]
    assert "2026-03-05" in events[-1][1]
    assert "袋子" not in events[-1][1], "what was not said anew is not said again"
    assert (
        imported("A1,104.015,30.005,urban/event/0110,2026-03-01,2026-03-05,,closed,袋子,十袋").unchanged == 1
    )
    with district.read() as conn:
        assert verify_case(conn, case["id"]) is None


def test_a_file_and_the_api_tell_one_case_of_the_same_source(district: Database, imported: Import) -> None:
    imported("A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,袋子,两袋")
    number = case_of(district, "A1")["number"]

    def by_api(conn: Connection) -> Answer:
        login = next(row["id"] for row in _rows(conn, "select login, id from people where login = 'hotline'"))
        viewer = load_viewer(conn, login, NOW)
        assert viewer is not None
        told = {"category": "urban/event/0110", "title": "袋子", "description": "两袋"}
        here = Position(104.015, 30.005, None, "api", crs="EPSG:4326")
        return acts.report(conn, viewer, told, here, "hotline", "A1", None, "api", None, NOW)

    same = district.run(by_api)
    assert (same.case_number, same.version) == (number, 1), "the file said the same"
    changed = imported("A1,104.015,30.005,urban/event/0110,2026-03-01,,,open,袋子,十袋")
    assert (changed.changed, case_of(district, "A1")["description"]) == (1, "十袋")
    assert district.run(by_api).version == 3, "said anew by the other door"
    assert case_of(district, "A1")["description"] == "两袋"


def test_the_same_number_of_another_district_is_refused(
    district: Database, imported: Import, tmp_path: Path
) -> None:
    imported("A1,104.015,30.005,urban/event/0110,2026-03-01,,,,,")
    district.run(lambda conn: make_small_district(conn, "E"))
    with district.read() as conn:
        into = district_of(conn, "E")
    with Rejects(tmp_path / "r.csv", lambda words: words) as rejects:
        file = CaseFile(tmp_path / "cases.csv", into.timezone, NOW)
        summary = import_cases(district, file, "hotline", into, lambda: NOW, rejects)
    assert rejected(summary)[0]["reason"] == "This outside number belongs to a case of another district."


def test_an_import_that_was_broken_off_goes_on_where_it_stopped(district: Database, imported: Import) -> None:
    lines = [f"A{n},104.015,30.005,urban/event/0110,2026-03-01,,,,," for n in range(700)]
    imported(*lines[:500])
    again = imported(*lines)
    assert (again.unchanged, again.new) == (500, 200)


def test_gzip_a_byte_order_mark_and_quoted_line_breaks_are_read(
    district: Database, imported: Import, tmp_path: Path
) -> None:
    text = f'﻿{HEADER}\r\nA1,104.015,30.005,urban/event/0110,2026-03-01,,,,"Two\nlines","a, b"\r\n\r\n'
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert imported(path=path).new == 1
    case = case_of(district, "A1")
    assert (case["title"], case["description"]) == ("Two\nlines", "a, b")


def test_what_excel_in_china_saves_is_read_where_it_is_said(district: Database, tmp_path: Path) -> None:
    path = tmp_path / "历史.csv"
    path.write_bytes(f"{HEADER}\nA1,104.015,30.005,0110,2026-03-01,,,,暴露垃圾，㙍㧟,\n".encode("gb18030"))
    done = command(district, "import-cases", str(path), "--source", "hotline", "--gbk", "--json")
    assert json.loads(done.stdout)["new"] == 1
    assert case_of(district, "A1")["title"] == "暴露垃圾，㙍㧟"


def test_columns_may_have_other_names_and_stand_anywhere(district: Database, imported: Import) -> None:
    header = "Y,X,number,when,what,colour"
    summary = imported("30.005,104.015,A1,2026-03-01,0110,red", header=header,
                       X="lon", Y="lat", number="external_id", when="opened_at", what="category")  # fmt: skip
    assert (summary.new, case_of(district, "A1")["grid"]) == (1, "S1C1G2")


def test_imported_chains_are_whole(district: Database, imported: Import) -> None:
    imported(*(f"A{n},104.015,30.005,urban/event/0110,2026-03-01,,,,Title,Words" for n in range(50)))
    imported(
        *(
            f"A{n},104.015,30.005,urban/event/0110,2026-03-01,2026-03-02,,closed,Title,Words"
            for n in range(50)
        )
    )
    with district.read() as conn:
        assert verify_slice(conn, FIRST_ID, 500) == (None, 50, [])


def random_rows(count: int) -> pd.DataFrame:
    """A year of cases over the district and a little beyond its eastern and western ends, seeded."""
    draw = random.Random(20260301)
    rows = []
    for n in range(count):
        opened = date(2025, 1, 1) + timedelta(days=draw.randrange(365))
        closed = opened + timedelta(days=draw.randrange(30)) if draw.random() < 0.9 else None
        due = opened + timedelta(days=draw.randrange(20)) if draw.random() < 0.8 else None
        rows.append((f"R{n}", 103.99 + 0.14 * draw.random(), 30.005, opened, closed, due))
    return pd.DataFrame(rows, columns=["external_id", "lon", "lat", "opened_at", "closed_at", "due_at"])


def test_rates_of_imported_cases_equal_the_same_sums_made_from_the_file(
    district: Database, imported: Import, tmp_path: Path
) -> None:
    rows = random_rows(900)
    rows.to_csv(tmp_path / "year.csv", index=False)
    assert imported(path=tmp_path / "year.csv").new == 900
    rows["street"] = [
        None if not 104 <= lon <= 104.12 else "S1" if lon < 104.06 else "S2" for lon in rows.lon
    ]
    first, last, as_of = date(2025, 3, 1), date(2025, 5, 31), date(2025, 6, 10)
    with district.read() as conn:
        viewer = load_viewer(conn, one(district, "select id from people where login = 'duty'")["id"], NOW)
        assert viewer is not None
        for basis, column in (("reported", "opened_at"), ("due", "due_at")):
            chosen = rows[rows[column].map(lambda day: day is not None and first <= day <= last)]
            closed = chosen.closed_at.map(lambda day: day is not None and day <= as_of)
            on_time = closed & (chosen.closed_at.fillna(last) <= chosen.due_at.fillna(date.min))
            # What has no deadline cannot be late nor in time: it is closed, and judged by nobody.
            timed = chosen[chosen.due_at.notna()]
            for measure, counted in (("closure", closed), ("on_time", on_time[timed.index])):
                sums = counted.groupby(chosen.street[counted.index], dropna=False).agg(["sum", "count"])
                expected = {
                    key if isinstance(key, str) else None: (int(a), int(b)) for key, a, b in sums.itertuples()
                }
                found = closure(
                    conn,
                    viewer,
                    NOW,
                    basis=basis,
                    measure=measure,
                    from_=first,
                    to=last,
                    as_of=as_of.isoformat(),
                )
                assert {row.key: (row.numerator, row.denominator) for row in found.items} == expected


def command(database: Database, *words: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as home:
        environment = {**os.environ, "DATABASE_URL": database.dsn, "XUNGE_LANG": lang, "XUNGE_HOME": home}
        return subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def test_the_command_prints_a_summary_and_exits_1_when_rows_were_rejected(
    district: Database, tmp_path: Path
) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(
        f"{HEADER}\nA1,104.015,30.005,urban/event/0110,2026-03-01,,,,,\nA2,x,30.005,urban/event/0110,2026-03-01,,,,,\n"
    )
    done = command(district, "import-cases", str(file), "--source", "hotline", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {
        "rows": 2, "new": 1, "changed": 0, "unchanged": 0, "rejected": 1, "outside": 0, "district": "D", "source": "hotline",
        "rejects_file": str(tmp_path / "cases.rejects.csv"),
    }  # fmt: skip
    file.write_text(f"{HEADER}\nA1,104.015,30.005,urban/event/0110,2026-03-01,,,,,\n")
    again = command(district, "import-cases", str(file), "--source", "hotline")
    assert (again.returncode, "1 rows: 0 new, 0 changed, 1 unchanged, 0 rejected" in again.stdout) == (
        0,
        True,
    )


def test_reasons_are_written_in_the_readers_language(district: Database, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(f"{HEADER}\n,104.015,30.005,urban/event/0110,2026-03-01,,,,,\n")
    command(district, "import-cases", str(file), "--source", "hotline", lang="zh-CN")
    assert "这一行没有 external_id" in (tmp_path / "cases.rejects.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("content", "words", "sentence"),
    [
        (b"external_id,lon,lat\n", [], "has no column opened_at"),
        (b"", [], "is empty"),
        ("external_id,lon,lat,opened_at\n井盖,1,1,2026-01-01".encode("gb18030"), [], "is not UTF-8 text"),
        ("external_id,lon,lat,opened_at\n井,1,1,2026-01-01".encode()[:-14], ["--gbk"], "is not GBK text"),
        (b"\x1f\x8b\x08\x00", [], "ends in the middle"),
        (b"external_id,lon,lat,opened_at\n", ["--district", "X"], "There is no district X"),
        (b"external_id,lon,lat,opened_at\n", ["--map", "X=lon"], "has no column X"),
        (b"external_id,lon,lat,opened_at\n", ["--map", "lon=breadth"], "There is no field breadth"),
        (b"external_id,lon,lat,opened_at\n", ["--map", "lon"], "wants COLUMN=FIELD"),
    ],
)
def test_wrong_use_is_one_sentence_on_stderr_and_exit_2(
    district: Database, tmp_path: Path, content: bytes, words: list[str], sentence: str
) -> None:
    file = tmp_path / "cases.csv"
    file.write_bytes(content)
    done = command(district, "import-cases", str(file), "--source", "hotline", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert sentence in done.stderr


def test_verify_chain_names_the_first_broken_link(district: Database, imported: Import) -> None:
    imported(*(f"A{n},104.015,30.005,urban/event/0110,2026-03-01,,,,," for n in range(3)))
    case = case_of(district, "A1")
    whole = command(district, "verify-chain", "--json")
    told = {"checked": 3, "events": 3, "anchors": 0, "heads": 0, "broken": []}
    assert (whole.returncode, json.loads(whole.stdout)) == (0, told)
    with connect(district.dsn, application=False) as owner, owner.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute(
            "update case_events set body = replace(body, '0110', '0111') where case_id = %s", (case["id"],)
        )
    broken = command(district, "verify-chain")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert f"Case {case['number']}, event 1: content does not match its hash." in broken.stderr
    assert command(district, "verify-chain", "--case", case["number"]).returncode == 1
    assert command(district, "verify-chain", "--case", case_of(district, "A2")["number"]).returncode == 0
    assert command(district, "verify-chain", "--case", "0").returncode == 2
