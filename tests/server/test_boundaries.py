"""New boundaries: looked at as a draft with what they touch, confirmed once or dropped; edits by hand; the past is kept."""

import io
import json
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pyogrio
import pytest
import requests
import shapely

from gis import aside
from gis.edit import Half
from server.boundaries import drafts, service
from server.boundaries.drafts import Options, Source
from server.db import Connection, Database
from server.errors import BadInput, Busy, Conflict, NotAllowed, NotFound
from server.grids import service as grids
from server.people.tokens import make_token
from tasks import reroute_cases
from tests.conftest import Databases, LiveServer, serving
from tests.factories import Street
from tests.gis.strip import SIDE, SOUTH, WEST, ring, sound
from tests.server.plain_forms import Forms
from tests.server.small_district import NOW, PASSWORD, make_small_district

get = partial(requests.get, timeout=20)
# Grids are squares of 0.01° from 104.0 E, 30.0 N; the line runs northwards through the first one.
LINE = "104.004,29.99 104.004,30.02"
HALVES = (Half("S1C1G1", "西", 200), Half("S1C1G4", "东", 350))


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def kept(street: Street, source: Source) -> uuid.UUID:
    made = drafts.looked_at(source, street.now)
    return drafts.keep(street.conn, street.viewer("admin"), source, made, street.now)


def split(street: Street) -> uuid.UUID:
    return kept(street, drafts.of_split(street.conn, street.viewer("admin"), "S1C1G1", LINE, HALVES))


def confirm(street: Street, draft: uuid.UUID, reroute: bool = True) -> int:
    viewer = street.viewer("admin")
    source = drafts.to_confirm(street.conn, viewer, draft)
    made = drafts.looked_at(source, street.now)
    return drafts.confirm(street.conn, viewer, draft, source, made, reroute, "", street.now)


def shown(street: Street, draft: uuid.UUID) -> dict[str, Any]:
    return drafts.draft(street.conn, street.viewer("admin"), draft)


def grid_at(street: Street, lon: float) -> str | None:
    found = grids.locate(street.conn, lon, 30.005)
    return grids.nodes(street.conn, [found.grid_id])[found.grid_id]["code"] if found.grid_id else None


def test_a_split_is_a_draft_that_says_which_ground_and_which_open_cases_change_hands(street: Street) -> None:
    stays, goes = street.report("intake", lon=104.002), street.report("intake", lon=104.007)
    street.mended()
    draft = shown(street, split(street))
    assert (draft["kind"], draft["state"], draft["stale"], draft["report"]["faults"]) == (
        "split",
        "open",
        False,
        0,
    )
    (ground,) = service.touched(street.conn, street.viewer("admin"), draft, street.now)
    assert (ground["was"], ground["now"], ground["cases"], ground["numbers"]) == (
        "S1C1G1",
        "S1C1G4",
        1,
        [goes],
    )
    assert ground["people"] == 1, "the worker of the first grid"
    assert ground["area_m2"] == pytest.approx(0.006 * 96_486 * 0.01 * 110_850, rel=0.01)
    assert stays not in ground["numbers"]
    assert grid_at(street, 104.007) == "S1C1G1", "nothing is in force yet"


def test_households_and_work_stand_before_and_after_and_unusual_ones_are_marked(street: Street) -> None:
    with street.conn.cursor() as cursor:
        cursor.execute("update grids set households = 550 where code = 'S1C1G1'")
    street.report("intake", lon=104.002)
    street.report("intake", lon=104.007)
    draft = shown(street, split(street))
    rows = service.workload(street.conn, street.viewer("admin"), draft, street.now)
    assert [
        (w["side"], w["code"], w["households"], w["open"], w["recent"], w["few_or_many"]) for w in rows
    ] == [
        ("before", "S1C1G1", 550, 2, 2, True),
        ("after", "S1C1G1", 200, 1, 1, True),
        ("after", "S1C1G4", 350, 1, 1, False),
    ]


def test_confirmed_it_is_in_force_at_once_and_open_cases_follow_by_the_task(street: Street) -> None:
    number = street.report("intake", lon=104.007)
    version = confirm(street, split(street))
    assert grid_at(street, 104.007) == "S1C1G4" and street.case(number)["grid"]["code"] == "S1C1G1"
    reroute_cases.run(street.conn, street.later(minutes=1))
    assert street.case(number)["grid"]["code"] == "S1C1G4"
    (newest, *_), _ = service.versions(street.conn, street.viewer("duty"), 10)
    assert (newest["id"], newest["current"], newest["loaded_by"]) == (version, True, "admin岗")
    assert newest["rerouted_at"] is not None


def test_without_the_tick_open_cases_stay(street: Street) -> None:
    number = street.report("intake", lon=104.007)
    confirm(street, split(street), reroute=False)
    reroute_cases.run(street.conn, street.later(minutes=1))
    assert street.case(number)["grid"]["code"] == "S1C1G1"


def test_a_draft_is_decided_once_and_not_at_all_after_other_boundaries_came(street: Street) -> None:
    first, second = split(street), split(street)
    confirm(street, first)
    with pytest.raises(Conflict, match="decided already"):
        confirm(street, first)
    assert shown(street, second)["stale"]
    with pytest.raises(Conflict, match="Other boundaries"):
        confirm(street, second)
    drafts.drop(street.conn, street.viewer("admin"), second, street.now)
    assert drafts.waiting(street.conn, street.viewer("admin")) == []


def test_only_an_administrator_makes_confirms_and_drops(street: Street) -> None:
    draft = split(street)
    duty = street.viewer("duty")
    source = drafts.to_confirm(street.conn, street.viewer("admin"), draft)
    made = drafts.looked_at(source, street.now)
    for act in (
        lambda: drafts.of_split(street.conn, duty, "S1C1G1", LINE, HALVES),
        lambda: drafts.of_merge(street.conn, duty, ["S1C1G1", "S1C1G2"], "S1C1G1", ""),
        lambda: drafts.of_file(street.conn, duty, "x.geojson", b"{}", Options()),
        lambda: drafts.keep(street.conn, duty, source, made, NOW),
        lambda: drafts.to_confirm(street.conn, duty, draft),
        lambda: drafts.confirm(street.conn, duty, draft, source, made, True, "", NOW),
        lambda: drafts.drop(street.conn, duty, draft, NOW),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_another_districts_drafts_are_not_there(street: Street) -> None:
    draft = split(street)
    other = make_small_district(street.conn, "E")
    own, street.district = street.district, other
    with pytest.raises(NotFound):
        drafts.draft(street.conn, street.viewer("admin"), draft)
    with pytest.raises(NotFound):
        confirm(street, draft)
    street.district = own
    assert shown(street, draft)["state"] == "open"


def test_merged_grids_are_one_and_merging_a_split_gives_back_what_was(street: Street) -> None:
    confirm(street, split(street))
    street.later(minutes=1)
    viewer = street.viewer("admin")
    draft = kept(street, drafts.of_merge(street.conn, viewer, ["S1C1G1", "S1C1G4"], "S1C1G1", "一"))
    (ground,) = service.touched(street.conn, street.viewer("admin"), shown(street, draft), street.now)
    assert (ground["was"], ground["now"]) == ("S1C1G4", "S1C1G1")
    confirm(street, draft)
    assert grid_at(street, 104.007) == "S1C1G1"


@pytest.mark.parametrize(
    ("line", "said"),
    [("", "Draw a line"), ("104.004,30.0", "Draw a line"), ("a,b c,d", "Draw a line"), ('{"type": "Point"}', "Draw a line"),
     ("104.004,30 104.005,31 " * 501, "at most 1,000 corners"), ("1,1 " * 50_000, "at most 1,000 corners"), ("200,30 201,31", "Draw a line"), ("104.5,29 104.5,31", "does not divide")],
)  # fmt: skip
def test_a_line_that_is_none_is_refused_with_a_sentence(street: Street, line: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        drafts.of_split(street.conn, street.viewer("admin"), "S1C1G1", line, HALVES)


def test_the_parts_of_a_line_share_ground_households_and_cases(street: Street) -> None:
    with street.conn.cursor() as cursor:
        cursor.execute("update grids set households = 500 where code = 'S1C1G1'")
    street.report("intake", lon=104.007)
    left, right = service.parts(street.conn, street.viewer("admin"), "S1C1G1", LINE, street.now)
    assert [(p["share"], p["households"], p["open"]) for p in (left, right)] == [(0.4, 200, 0), (0.6, 300, 1)]


def test_codes_and_names_go_on_counting_where_they_are_counted() -> None:
    counted = [{"code": "0109", "name": "09 网格"}, {"code": "0108", "name": "08 网格"}]
    assert service.fresh(counted) == {"code": "0110", "name": "10 网格"}
    assert service.fresh([{"code": "market", "name": "市场"}]) == {"code": "", "name": ""}


def as_file(street: Street, **spoilt: Any) -> bytes:
    """The district as GeoJSON; `spoilt` = properties of the first grid."""
    name, content = service.export(street.conn, street.viewer("duty"), "geojson", None, "", street.now)
    assert name.startswith("grids-D-v")
    document = json.loads(content)
    for one in document["features"]:
        if one["properties"]["code"] == "S1C1G1":
            one["properties"].update(spoilt)
    return json.dumps(document, ensure_ascii=False).encode()


def upload(street: Street, content: bytes, **options: Any) -> uuid.UUID:
    viewer = street.viewer("admin")
    return kept(street, drafts.of_file(street.conn, viewer, "新边界.geojson", content, Options(**options)))


def test_an_export_comes_back_as_a_draft_with_only_what_was_changed_in_it(street: Street) -> None:
    draft = shown(street, upload(street, as_file(street, name="新名字")))
    assert [(c["kind"], c["code"], c["was"], c["now"]) for c in draft["report"]["changes"]] == [
        ("renamed", "S1C1G1", ["S1C1G1名"], ["新名字"])
    ]
    assert draft["ground"]["features"] == []
    with pytest.raises(BadInput, match="nothing would change"):
        upload(street, as_file(street))


def test_a_file_with_faults_is_a_draft_that_names_them_and_cannot_come_into_force(street: Street) -> None:
    draft = upload(street, as_file(street, parent="S9"))
    found = shown(street, draft)
    assert found["state"] == "faulty" and found["report"]["faults"] >= 1
    assert any(one["feature"] == "S1C1G1" for one in found["report"]["findings"])
    with pytest.raises(Conflict, match="has faults"):
        confirm(street, draft)
    for content, said in (
        (b"", "Choose a file"),
        (b"not a map", "cannot|encoding|GDAL"),
        (as_file(street)[:-200], "ends early"),
    ):
        with pytest.raises(BadInput, match=said):
            upload(street, content)


def jagged(teeth: int) -> bytes:
    """A tree whose first grid has so many teeth on its inner border, each as long as the grid is wide."""
    features = sound()
    west, east = WEST + 2 * SIDE, WEST + 3 * SIDE
    ring(features, "0121")[2:2] = [
        [east if n % 2 else west + 1e-4, SOUTH + SIDE * n / teeth] for n in range(1, teeth)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_a_file_that_takes_too_long_to_check_ends_in_time_with_a_sentence_and_leaves_nothing(
    street: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(aside, "SECONDS", 1)
    source = drafts.of_file(street.conn, street.viewer("admin"), "teeth.geojson", jagged(100_000), Options())
    began = time.monotonic()
    with pytest.raises(BadInput, match="took longer than 1 seconds"):
        drafts.looked_at(source, street.now)
    assert time.monotonic() - began < 60, "by itself it takes minutes"
    assert list(tmp_path.glob("xunge-*")) == []
    assert drafts.waiting(street.conn, street.viewer("admin")) == []


def test_while_a_file_is_checked_everybody_else_is_served_and_its_end_is_told_on_the_page(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one connection to the database in all: none is held meanwhile."""
    begun, served = threading.Event(), threading.Event()

    def run(*given: Any) -> None:
        begun.set()
        assert served.wait(60)

    monkeypatch.setattr(aside, "run", run)  # ended because it took too long
    with (
        databases.fresh() as dsn,
        closing(Database(dsn, size=1)) as database,
        serving(database, tmp_path) as server,
        ThreadPoolExecutor(1) as other,
    ):
        database.run(make_small_district)
        admin = signed_in(server, "admin")
        form = next(
            f for f in Forms(admin.get(f"{server.url}/grids/versions", timeout=20).text).found
            if f.action.endswith("/drafts")
        )  # fmt: skip
        answer = other.submit(
            admin.post, server.url + form.action, data=form.sent, files={"file": ("a.geojson", b"{}")},
            headers={"Origin": server.url}, timeout=60,
        )  # fmt: skip
        assert begun.wait(60)
        assert signed_in(server, "duty").get(f"{server.url}/grids/versions", timeout=20).status_code == 200
        served.set()
        assert answer.result().status_code == 422
        assert "超过 120 秒" in answer.result().text


def test_a_fault_of_ours_is_not_told_as_one_of_the_file_and_says_where_it_happened(street: Street) -> None:
    source = drafts.of_file(street.conn, street.viewer("admin"), "a.geojson", as_file(street), Options())
    wanted, nothing_stored = source.options.wanted(source.stored.district), cast(Any, None)
    with pytest.raises(aside.OurFaultError, match=r"in decide[\s\S]*Error"):
        aside.prepared(source.content, source.name, wanted, nothing_stored, street.now)


def test_while_a_file_is_checked_a_second_one_is_told_to_wait(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "PATIENCE_S", 0.0)
    source = drafts.of_file(street.conn, street.viewer("admin"), "a.geojson", as_file(street), Options())
    with aside._turn, pytest.raises(Busy, match="Another boundary file is being checked"):
        drafts.looked_at(source, street.now)


def test_a_point_of_the_past_is_answered_by_the_boundaries_of_that_day(street: Street) -> None:
    with street.conn.cursor() as cursor:
        cursor.execute("update boundary_versions set valid_from = '2026-01-01'")
    confirm(street, split(street))
    day = street.now.date()

    def code(lon: float, on: Any) -> str | None:
        found = grids.locate_on(street.conn, lon, 30.005, street.district.id, on)
        names = grids.nodes(street.conn, [found.grid_id], found.boundary_version) if found.grid_id else {}
        return names[found.grid_id]["code"] if found.grid_id else found.status

    assert (code(104.007, day), code(104.007, day - timedelta(days=1))) == ("S1C1G4", "S1C1G1")
    assert (code(104.01, day - timedelta(days=1)), code(105.0, day - timedelta(days=1))) == (
        "S1C1G1",
        "outside",
    )
    with pytest.raises(NotFound, match="2025-12-31"):
        code(104.007, NOW.date().replace(year=2025, month=12, day=31))


@pytest.fixture(scope="module")
def office(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, str]]:
    """A running server with the small district, and the token of its duty officer."""
    home = tmp_path_factory.mktemp("home")
    with databases.fresh() as dsn, closing(Database(dsn)) as database, serving(database, home) as server:
        database.run(make_small_district)
        yield server, database.run(lambda conn: make_token(conn, "duty", "test", NOW))


def signed_in(server: LiveServer, login: str) -> requests.Session:
    session = requests.Session()
    form = next(
        f for f in Forms(session.get(f"{server.url}/login", timeout=20).text).found if "password" in f.written
    )
    sent = form.fill(login=login, password=PASSWORD).sent
    session.post(f"{server.url}/login", data=sent, headers={"Origin": server.url}, timeout=20)
    return session


@pytest.mark.parametrize("kind", ["gpkg", "geojson", "shp"])
def test_each_export_opens_with_gdal_and_has_every_area(
    office: tuple[LiveServer, str], kind: str, tmp_path: Path
) -> None:
    server, token = office
    answer = get(f"{server.url}/grids/export/{kind}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    path = tmp_path / {"gpkg": "x.gpkg", "geojson": "x.geojson", "shp": "x.zip"}[kind]
    path.write_bytes(answer.content)
    if kind == "shp":
        assert {Path(n).suffix for n in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()} >= {
            ".shp",
            ".dbf",
            ".prj",
        }
    meta, _, shapes, columns = pyogrio.raw.read(f"/vsizip/{path}" if kind == "shp" else path)
    codes = columns[meta["fields"].tolist().index("code")].tolist()
    assert len(codes) == 19 and "S1C1G1" in codes
    assert shapely.area(shapely.from_wkb(shapes)).sum() == pytest.approx(4 * 0.0012)


def test_without_script_a_grid_is_split_looked_at_and_put_in_force_by_plain_forms(
    office: tuple[LiveServer, str],
) -> None:
    server, token = office
    admin = signed_in(server, "admin")
    page = admin.get(f"{server.url}/grids/S2C2G1/edit", timeout=20)
    form = next(f for f in Forms(page.text).found if f.action.endswith("/split"))
    assert form.sent["right_code"] == "S2C2G4"
    wrong = admin.post(
        server.url + form.action,
        data=form.sent | {"line": "1,1 2,2"},
        headers={"Origin": server.url},
        timeout=20,
    )
    assert wrong.status_code == 422 and "没有分开" in wrong.text
    line = "104.094,29.99 104.094,30.02"
    draft = admin.post(
        server.url + form.action,
        data=form.sent | {"line": line, "right_name": "新"},
        headers={"Origin": server.url},
        timeout=30,
    )
    assert "/grids/drafts/" in draft.url and "S2C2G4" in draft.text
    decide = next(f for f in Forms(draft.text).found if f.action.endswith("/confirm"))
    done = admin.post(
        server.url + decide.action, data=decide.sent, headers={"Origin": server.url}, timeout=30
    )
    assert done.url.endswith("/grids/versions?done=confirmed")
    api = {"Authorization": f"Bearer {token}"}
    now = get(f"{server.url}/api/v1/grids/locate?lon=104.098&lat=30.005", headers=api).json()
    assert (now["grid"], now["status"]) == ({"code": "S2C2G4", "name": "新"}, "inside")
    before = get(f"{server.url}/api/v1/grids/locate?lon=104.098&lat=30.005&on=2026-06-01", headers=api).json()
    assert before["grid"]["code"] == "S2C2G1" and before["boundary_version"] < now["boundary_version"]
    assert signed_in(server, "duty").get(f"{server.url}/grids/S2C2G2/edit", timeout=20).status_code == 403
