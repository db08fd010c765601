"""The performance table: a figure stands beside its floor of the same minute, and every figure runs."""

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from bench import harness
from bench.harness import Measured, Series, figures, measure
from bench.stage import stage
from server.settings import CHECKOUT


class Paced:
    """A figure that only writes down in which order it was asked."""

    name, what, floor_is, count = "paced", "nothing", "nothing", 10

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def floor(self, count: int) -> None:
        self.asked.append(("floor", count))

    def figure(self, count: int) -> None:
        self.asked.append(("figure", count))


def test_floor_and_figure_are_measured_in_turn_after_a_round_that_is_thrown_away() -> None:
    paced = Paced()
    measured = measure(paced, pairs=5, count=10)
    assert paced.asked == [("floor", 1), ("figure", 1)] + [("floor", 10), ("figure", 10)] * 5
    assert len(measured.floor.seconds) == len(measured.figure.seconds) == 5


def test_the_time_of_one_piece_is_the_time_of_a_sample_by_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count(0, 2)
    monkeypatch.setattr(harness, "perf_counter", lambda: next(seconds))
    assert measure(Paced(), pairs=3, count=10).figure.median == 0.2


def test_the_ratio_is_the_median_over_pairs_so_that_a_slow_minute_slows_both() -> None:
    measured = Measured("x", "", "", Series([1.0, 10.0, 1.0]), Series([3.0, 30.0, 4.0]), None)
    assert (measured.ratio, measured.floor.median, measured.figure.a_second) == (3.0, 1.0, 0.25)


def bench(*words: str, module: str = "bench") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900)


@pytest.mark.xdist_group("bench")
def test_every_figure_runs_and_the_table_is_written_for_people_and_machines(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    done = bench("--quick", "--out", str(out))
    assert done.returncode == 0, done.stderr
    document = json.loads(out.read_text(encoding="utf-8"))
    assert [one["name"] for one in document["figures"]] == list(figures())
    for one in document["figures"]:
        assert one["name"] in done.stdout
        assert one["ratio"] > 0 and one["figure"]["a_second"] > 0 and one["floor"]["seconds"] > 0
    assert document["quick"] is True


def test_an_unknown_figure_is_wrong_use() -> None:
    done = bench("--only", "moonshot")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no figure moonshot" in done.stderr


def test_a_stage_leaves_nothing_behind() -> None:
    with stage(quick=True) as made:
        home = made.home
        assert made.road.dsn
    assert not home.exists()


@pytest.mark.xdist_group("bench")
def test_what_many_cases_cost_is_told_for_each_size_beside_the_empty_one() -> None:
    done = bench("--cases", "300", "--rounds", "1", "--count", "8", module="bench.loss")
    assert done.returncode == 0, done.stderr
    assert [line.split(" cases:")[0].strip() for line in done.stdout.splitlines()] == ["0", "300"]
    assert "lost +0.0%" in done.stdout.splitlines()[0]
