"""`python -m gis` as people and scripts use it: its exit codes, its sentences, its JSON."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gis.__main__ import app
from server.settings import CHECKOUT, settings
from tests.gis.strip import SIDE, SOUTH, WEST, named, sound, write

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
    for command in ([], ["check"], ["load"], ["route"], ["package"]):
        done = gis(*command, "--help")
        assert done.exit_code == 0 and "Usage" in done.stdout


def test_the_sentences_come_in_the_language_of_the_installation(gis: Gis, bad: Path) -> None:
    assert "没有图形" in gis("check", bad, lang="zh-CN").stdout


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
    refused = gis("load", bad, dsn=dsn)
    assert refused.exit_code == 1 and "Nothing was loaded" in refused.stderr and "0121" in refused.stdout
    out = tmp_path / "scope.json.gz"
    assert gis("package", "--grid", "011", "--out", out, dsn=dsn).exit_code == 0
    made = json.loads(gzip.decompress(out.read_bytes()))
    assert {node["code"] for node in made["nodes"]} == {"L", "01", "011", "0111", "0112", "0121"}
    assert gis("package", "--grid", "none", "--out", out, dsn=dsn).exit_code == 1


def test_route_writes_the_answers_and_prints_count_and_rate(
    gis: Gis, good: Path, bad: Path, tmp_path: Path
) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    points.write_text(f"id,lon,lat\n1,{INSIDE}\n2,0,0\n", encoding="utf-8")
    done = gis("route", good, points, "--out", out)
    assert done.exit_code == 0 and "2 points" in done.stdout and "points/s" in done.stdout
    assert out.read_text(encoding="utf-8").splitlines()[1:] == ["1,01,011,0111,inside,", "2,,,,outside,"]
    assert gis("route", bad, points, "--out", tmp_path / "no.csv").exit_code == 1
    assert not (tmp_path / "no.csv").exists()


def test_it_is_a_program_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gis", "check", str(tmp_path / "none.geojson")], cwd=CHECKOUT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "") and "none.geojson" in done.stderr
