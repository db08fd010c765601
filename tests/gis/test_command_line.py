"""`python -m gis` as people and scripts use it: its exit codes, its sentences, its JSON."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from gis.__main__ import app
from gis.checks import check as check_areas
from gis.read import read
from server.db import connect
from server.settings import CHECKOUT, settings
from tests.gis.strip import SIDE, SOUTH, WEST, feature, named, ring, sound, write

Gis = Callable[..., Result]
INSIDE = f"{WEST + SIDE / 2},{SOUTH + SIDE / 2}"


@pytest.fixture
def gis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gis]:
    """Runs a command in this process, as `python -m gis` would with these settings."""

    def run(*words: str | Path, dsn: str | None = None, lang: str = "en") -> Result:
        monkeypatch.setenv("XUNGE_LANG", lang)
        if dsn:
            monkeypatch.setenv("DATABASE_URL", dsn)
        settings.cache_clear()
        return CliRunner().invoke(app, [str(word) for word in words])

    yield run
    settings.cache_clear()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good.geojson", sound())


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    features = sound()
    named(features, "0121")["geometry"] = None
    named(features, "0122")["properties"]["parent"] = "019"
    return write(tmp_path / "bad.geojson", features)


def document(done: Result) -> Any:
    return json.loads(done.stdout)


def test_check_says_yes_with_0_and_no_with_1_and_names_each_fault(gis: Gis, good: Path, bad: Path) -> None:
    assert gis("check", good).exit_code == 0
    refused = gis("check", good, bad)
    assert refused.exit_code == 1
    assert "Level 3 0121 01 网格: no geometry" in refused.stdout
    assert "Level 3 0122 02 网格: parent 019 is not among the level 2 areas" in refused.stdout
    reports = document(gis("check", good, bad, "--json"))
    assert [report["loads"] for report in reports] == [True, False]
    assert {finding["feature"] for finding in reports[1]["findings"]} == {"0121", "0122"}


def test_wrong_use_is_2_with_a_sentence_on_stderr(gis: Gis, good: Path, tmp_path: Path) -> None:
    for done in (gis("check"), gis("check", tmp_path / "none.geojson"), gis("fly"), gis("route", good)):
        assert done.exit_code == 2 and done.stderr and not done.stdout


def test_help_explains_every_command(gis: Gis) -> None:
    for command in ([], ["check"], ["load"], ["route"], ["package"], ["diff"], ["convert"]):
        done = gis(*command, "--help")
        assert done.exit_code == 0 and "Usage" in done.stdout


def test_the_sentences_come_in_the_language_of_the_installation(gis: Gis, bad: Path) -> None:
    assert "没有图形" in gis("check", bad, lang="zh-CN").stdout


def follow(dsn: str) -> list[bool]:
    """Whether open cases follow each version, the first one first."""
    with closing(connect(dsn)) as conn, conn.cursor() as cursor:
        cursor.execute("select reroute from boundary_versions order by id")
        return [row["reroute"] for row in cursor.fetchall()]


def test_load_prints_what_it_did_and_a_package_can_be_made_of_it(
    gis: Gis, good: Path, bad: Path, dsn: str, tmp_path: Path
) -> None:
    options = ("--district", "L", "--district-name", "兰渚区")
    dry = document(gis("load", good, *options, "--dry-run", "--json", dsn=dsn))
    assert (dry["loaded"], dry["dry_run"], len(dry["added"])) == (False, True, 8)
    first = document(gis("load", good, *options, "--json", dsn=dsn))
    assert (first["loaded"], first["unchanged"], first["areas"]) == (
        True,
        False,
        {"0": 1, "1": 1, "2": 2, "3": 4},
    )
    assert "nothing has changed" in gis("load", good, *options, dsn=dsn).stdout
    assert follow(dsn) == [False]
    moved = good.with_name("moved.geojson")
    moved.write_text(good.read_text(encoding="utf-8").replace("01 网格", "一网格"), encoding="utf-8")
    assert gis("load", moved, *options, "--reroute", "--dry-run", dsn=dsn).exit_code == 0
    assert follow(dsn) == [False]
    assert gis("load", moved, *options, "--reroute", dsn=dsn).exit_code == 0
    assert follow(dsn) == [False, True]
    refused = gis("load", bad, dsn=dsn)
    assert refused.exit_code == 1 and "Nothing was loaded" in refused.stderr and "0121" in refused.stdout
    out = tmp_path / "scope.sqlite"
    told = document(gis("package", "--grid", "011", "--out", out, "--json", dsn=dsn))
    assert (told["nodes"], told["neighbours"], told["facilities"], told["tiles"]) == (3, 1, 0, 0)
    with closing(sqlite3.connect(out)) as made:
        codes = {code for (code,) in made.execute("select code from nodes")}
        packs = [json.loads(body)["code"] for (body,) in made.execute("select body from pack")]
    assert (codes, packs) == ({"L", "01", "011", "0111", "0112", "0121"}, ["urban"])
    assert gis("package", "--grid", "none", "--out", out, dsn=dsn).exit_code == 1


def test_facilities_are_put_in_a_layer_replaced_and_refused_whole(
    gis: Gis, good: Path, tmp_path: Path, dsn: str
) -> None:
    assert gis("load", good, "--district", "L", dsn=dsn).exit_code == 0

    def lamps(*codes: Any) -> Path:
        features = [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [WEST + SIDE / 2, SOUTH + SIDE / 2]},
             "properties": {"code": code}} for code in codes
        ]  # fmt: skip
        path = tmp_path / "lamps.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path

    layer = ("--layer", "lamps", "--name", "路灯")
    tried = gis("facilities", lamps("1", "2"), *layer, "--dry-run", dsn=dsn)
    assert (tried.exit_code, tried.stdout.splitlines()[0]) == (0, "Layer lamps: would hold 2 facilities.")
    done = document(gis("facilities", lamps("1", "2"), *layer, "--json", dsn=dsn))
    assert (done["loaded"], done["added"], done["outside"]) == (True, ["1", "2"], [])
    again = gis("facilities", lamps("2", "3"), *layer, dsn=dsn)
    assert "added 1, changed 0, removed 1" in again.stdout
    refused = gis("facilities", lamps("4", 5), *layer, dsn=dsn)
    assert (
        refused.exit_code == 1
        and "its code is a number" in refused.stdout
        and "Nothing was loaded" in refused.stderr
    )
    assert gis("facilities", lamps("1"), *layer, "--seen-by", "mayor", dsn=dsn).exit_code == 2
    assert gis("facilities", lamps("1"), "--layer", "Lamps!", dsn=dsn).exit_code == 2


def test_route_writes_the_answers_and_prints_count_and_rate(
    gis: Gis, good: Path, bad: Path, tmp_path: Path
) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    points.write_text(f"id,lon,lat\n1,{INSIDE}\n2,0,0\n", encoding="utf-8")
    done = gis("route", good, points, "--out", out)
    assert done.exit_code == 0 and "2 points" in done.stdout and "points/s" in done.stdout
    assert out.read_text(encoding="utf-8").splitlines()[1:] == ["1,01,011,0111,inside,,", "2,,,,outside,,"]
    assert gis("route", bad, points, "--out", tmp_path / "no.csv").exit_code == 1
    assert not (tmp_path / "no.csv").exists()


def test_check_leaves_a_report_that_gdal_opens_and_a_picture(gis: Gis, tmp_path: Path) -> None:
    features = sound()
    for vertex in ring(features, "0121")[1:3]:
        vertex[0] += 0.0005
    named(features, "0111")["properties"]["parent"] = "019"
    report, picture = tmp_path / "report.geojson", tmp_path / "report.png"
    spoilt = write(tmp_path / "spoilt.geojson", features)
    assert gis("check", spoilt, "--report", report, "--picture", picture).exit_code == 1
    frame = geopandas.read_file(report)
    assert list(zip(frame["code"], frame["feature"], strict=True)) == [
        ("missing_parent", "0111"),
        ("overlap", "0121"),
    ]
    assert frame.geometry.geom_type.tolist() == ["Point", "MultiPolygon"]
    assert frame.geometry[1].bounds == pytest.approx(
        (WEST + 3 * SIDE, SOUTH, WEST + 3 * SIDE + 0.0005, SOUTH + SIDE)
    )
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert {(198, 40, 40), (28, 36, 48)} <= {colour for _, colour in image.getcolors(1 << 24)}
    assert gis("check", spoilt, spoilt, "--report", report).exit_code == 2


def test_diff_of_two_files_and_of_a_file_with_what_is_stored(
    gis: Gis, good: Path, bad: Path, dsn: str, tmp_path: Path
) -> None:
    assert "Nothing differs" in gis("diff", good, good).stdout
    features = [item for item in sound() if item["properties"]["code"] != "0122"]
    features += [feature(3, "0123", "03", "012", 3, 3.5), feature(3, "0124", "04", "012", 3.5, 4)]  # type: ignore[arg-type]
    new = write(tmp_path / "new.geojson", features)
    assert "level 3 0122 02 网格: split into 0123, 0124" in gis("diff", good, new).stdout
    assert gis("load", good, "--district", "L", dsn=dsn).exit_code == 0
    ground = tmp_path / "ground.geojson"
    stored = document(gis("diff", new, "--json", "--report", ground, dsn=dsn))
    assert stored["split"] == {"0122": ["0123", "0124"]} and stored["removed"] == ["0122"]
    assert next(change for change in stored["changes"] if change["kind"] == "split")["before_m2"] > 1_000_000
    assert set(geopandas.read_file(ground)["now"]) == {"0123", "0124"}
    refused = gis("diff", bad, dsn=dsn)
    assert refused.exit_code == 1 and "Nothing was compared" in refused.stderr
    assert gis("diff", good, tmp_path / "none.geojson").exit_code == 2


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip", ".fgb", ".kml", ".gml", ".csv"])
def test_convert_writes_what_check_reads_back_the_same(
    gis: Gis, good: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    assert gis("convert", good, out, "--to", "BD-09").exit_code == 0
    assert gis("diff", good, out).stdout == "Nothing differs.\n"
    assert "BD-09" in gis("check", out).stdout
    assert [
        path.name for path in tmp_path.iterdir() if path.name not in ("good.geojson", out.name, "out.xsd")
    ] == []


def test_convert_moves_to_a_projected_system_simplifies_and_mends(
    gis: Gis, bad: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.zip"
    district = CHECKOUT / "grids.geojson"
    done = document(gis("convert", district, out, "--to", "EPSG:4549", "--simplify", "5", "--json"))
    assert [note["code"] for note in done["findings"]] == ["simplified"]
    boundaries = read(out)
    assert boundaries.findings[0].params == {"system": "EPSG:4549"}
    assert not [found for found in check_areas(boundaries.areas) if found.severity == "fault"]
    features = sound()
    ring(features, "0111").insert(2, [WEST + SIDE, SOUTH + SIDE / 2])
    ring(features, "0111").insert(3, [WEST + SIDE + 0.0001, SOUTH + SIDE / 2 + 1e-6])
    ring(features, "0111").insert(4, [WEST + SIDE, SOUTH + SIDE / 2 + 2e-6])
    spiked = write(tmp_path / "spiked.geojson", features)
    assert "repaired_spike" in gis("convert", spiked, tmp_path / "mended.gpkg", "--repair", "--json").stdout
    assert not {found.code for found in check_areas(read(tmp_path / "mended.gpkg").areas)}
    refused = gis("convert", bad, tmp_path / "no.gpkg")
    assert refused.exit_code == 1 and not (tmp_path / "no.gpkg").exists()
    assert gis("convert", spiked, tmp_path / "out.docx").exit_code == 2
    assert gis("convert", spiked, tmp_path / "out.gpkg", "--to", "EPSG:999999").exit_code == 2


def test_a_work_that_takes_too_long_ends_with_a_sentence(good: Path, tmp_path: Path) -> None:
    """Geometry cannot be interrupted: the process ends, here after no time at all."""
    program = (
        "import time, gis.commands.frame as frame; frame.LONGEST_S = 0.1\n"
        "with frame.told():\n    time.sleep(60)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, timeout=50,
                          check=False, env={**os.environ, "XUNGE_LANG": "en"})  # fmt: skip
    assert done.returncode == 1 and "took longer than 0.1 seconds" in done.stderr


def test_a_load_that_is_killed_when_everything_is_written_has_loaded_nothing(
    gis: Gis, good: Path, dsn: str
) -> None:
    program = (
        "import os, signal, sys, gis.load\n"
        "gis.load.calendar.seed = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from gis.__main__ import app\n"
        "app(['load', sys.argv[1], '--district', 'L'])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(good)], cwd=CHECKOUT, capture_output=True, timeout=120,
                          check=False, env={**os.environ, "DATABASE_URL": dsn})  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    with closing(connect(dsn)) as conn, conn.cursor() as cursor:
        cursor.execute("select (select count(*) from districts) + (select count(*) from grid_nodes) as left")
        assert cursor.fetchone()["left"] == 0
    assert document(gis("load", good, "--district", "L", "--json", dsn=dsn))["loaded"]


def test_it_is_a_program_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gis", "check", str(tmp_path / "none.geojson")], cwd=CHECKOUT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "") and "none.geojson" in done.stderr
