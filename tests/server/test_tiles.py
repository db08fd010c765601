"""The map's tiles, read by GDAL as a foreign client would: borders by zoom, cases in scope, counted or alone."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import pytest
import requests

from gis.edit import Half
from server.boundaries import drafts
from server.cases.apply import apply
from server.cases.filters import BOARDS, Filters
from server.cases.lists import list_cases
from server.db import Connection, Database
from server.errors import BadInput, NotFound
from server.people.organisations import Organisation, put_organisation
from server.people.tokens import make_token
from server.protocol.commands import read_command
from server.protocol.wire import time_text, uuid7
from server.tiles import service
from server.tiles.squares import Square
from tests.conftest import LiveServer
from tests.factories import COVER, Street
from tests.server.small_district import make_small_district

# In the small district's first grid, and 40 m from there in the same one.
HERE, NEAR, FAR = (104.005, 30.005), (104.0054, 30.005), (104.075, 30.005)
Layers = dict[str, geopandas.GeoDataFrame]


def square_at(place: tuple[float, float], zoom: int) -> Square:
    lon, lat = place
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return Square(zoom, int((lon / 360 + 0.5) * 2**zoom), int(down * 2**zoom))


def layers(folder: Path, square: Square, data: bytes) -> Layers:
    """A tile's layers in EPSG:4326; GDAL wants to find it as z/x/y.pbf."""
    if not data:
        return {}
    path = folder / str(square.z) / str(square.x) / f"{square.y}.pbf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    names = [name for name, _ in pyogrio.list_layers(f"MVT:{path}")]
    return {name: geopandas.read_file(f"MVT:{path}", layer=name, CLIP="NO").to_crs(4326) for name in names}


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path / "blobs")


@pytest.fixture
def grids(street: Street, tmp_path: Path) -> Callable[[int], Layers]:
    def read(zoom: int) -> Layers:
        square = square_at(HERE, zoom)
        version = service.boundary_version(street.conn, street.district.id)
        return layers(tmp_path, square, service.grids_tile(street.conn, version, square))

    return read


@pytest.fixture
def cases(street: Street, tmp_path: Path) -> Callable[..., Layers]:
    """What `login` sees around HERE at a zoom, asking `question`."""

    def read(zoom: int, login: str = "duty", place: tuple[float, float] = HERE, **question: str) -> Layers:
        square = square_at(place, zoom)
        return layers(
            tmp_path,
            square,
            service.cases_tile(street.conn, street.viewer(login), square, question, street.now),
        )

    return read


def numbers(read: Layers) -> set[str]:
    return set(read["cases"]["number"]) if "cases" in read else set()


def total(read: Layers) -> int:
    counted = int(read["clusters"]["count"].sum()) if "clusters" in read else 0
    return counted + len(numbers(read))


def test_streets_are_always_there_communities_and_grids_come_with_the_zoom(
    grids: Callable[[int], Layers],
) -> None:
    borders = {zoom: set(grids(zoom)) - {"labels"} for zoom in (3, 9, 10, 11, 16)}
    assert borders[3] == borders[9] == {"streets"}
    assert borders[10] == {"streets", "communities"}
    assert borders[11] == borders[16] == {"streets", "communities", "grids"}


def test_a_border_has_its_code_name_and_level_and_lies_where_it_is(grids: Callable[[int], Layers]) -> None:
    read = grids(15)["grids"]
    first = read[read["code"] == "S1C1G1"].iloc[0]
    assert (first["name"], first["level"]) == ("S1C1G1名", 3)
    assert first.geometry.buffer(1e-5).contains(geopandas.points_from_xy(*[[value] for value in HERE])[0])


def test_names_are_points_and_each_is_in_one_tile_only(street: Street, tmp_path: Path) -> None:
    version = service.boundary_version(street.conn, street.district.id)
    west, east = square_at((104.0, 30.005), 14), square_at((104.12, 30.005), 14)
    found: list[str] = []
    for x in range(west.x, east.x + 1):
        for y in range(east.y - 1, east.y + 2):
            square = Square(14, x, y)
            read = layers(tmp_path, square, service.grids_tile(street.conn, version, square))
            found += list(read["labels"]["code"]) if "labels" in read else []
    assert sorted(found) == sorted(code for code in street.district.nodes if code != "D")


def test_a_district_without_boundaries_and_a_place_without_borders_give_an_empty_tile(street: Street) -> None:
    version = service.boundary_version(street.conn, street.district.id)
    assert service.grids_tile(street.conn, None, Square(0, 0, 0)) == b""
    assert service.grids_tile(street.conn, version, square_at((0.0, 0.0), 12)) == b""


def test_far_out_cases_are_counted_by_deadline_and_close_up_each_stands_alone(
    street: Street, cases: Callable[..., Layers]
) -> None:
    made = {street.report(), street.report(lon=NEAR[0], lat=NEAR[1])}
    cluster = cases(11)["clusters"].iloc[0]
    assert (cluster["count"], cluster["ontime"] + cluster["soon"], cluster["overdue"], cluster["closed"]) == (
        2,
        2,
        0,
        0,
    )
    assert cluster.geometry.x == pytest.approx((HERE[0] + NEAR[0]) / 2, abs=1e-3)
    assert numbers(cases(16)) == made
    street.later(days=3)
    assert cases(11)["clusters"].iloc[0]["overdue"] == 2
    assert set(cases(16)["cases"]["status"]) == {"overdue"}


def test_a_case_alone_in_its_cell_is_shown_as_itself_at_every_zoom(
    street: Street, cases: Callable[..., Layers]
) -> None:
    number = street.report(title="道路破损")
    for zoom in (5, 11, 14, 15, 18):
        read = cases(zoom)
        assert set(read) == {"cases"}
        case = read["cases"].iloc[0]
        assert (case["number"], case["title"], case["state"]) == (number, "道路破损", "reported")
        assert case["status"] in ("soon", "ontime") and case["due"].endswith("Z")


def test_every_case_is_in_exactly_one_cell_of_one_tile(street: Street, tmp_path: Path) -> None:
    for n in range(24):
        street.report(lon=104.0025 + 0.005 * n, lat=30.005)
    for zoom in (8, 11, 13, 14):
        west, east = square_at((104.0, 30.005), zoom), square_at((104.12, 30.005), zoom)
        seen = 0
        for x in range(west.x - 1, east.x + 2):
            for y in range(west.y - 1, west.y + 2):
                square = Square(zoom, x, y)
                data = service.cases_tile(street.conn, street.viewer("duty"), square, {}, street.now)
                seen += total(layers(tmp_path, square, data))
        assert seen == 24


def test_nobody_sees_a_case_on_the_map_that_is_not_in_scope(
    street: Street, cases: Callable[..., Layers]
) -> None:
    mine, other = street.report(), street.report("duty", *FAR)
    assert numbers(cases(16, "street")) == {mine}
    for login, place, seen in (
        ("duty", FAR, {other}), ("street", FAR, set()), ("community", HERE, {mine}), ("worker", HERE, {mine}),
        ("head", HERE, set()), ("crew", HERE, set()),
    ):  # fmt: skip
        assert numbers(cases(16, login, place)) == seen, login
        assert numbers(cases(12, login, place)) == seen, login


def test_the_map_takes_the_same_question_as_the_list(street: Street, cases: Callable[..., Layers]) -> None:
    closed, reported = street.closed(), street.report()
    crew = street.dispatched()
    questions: list[tuple[dict[str, str], set[str]]] = [
        ({}, {closed, reported, crew}),
        ({"state": "open"}, {reported, crew}),
        ({"state": "closed"}, {closed}),
        ({"state": "reported,dispatched"}, {reported, crew}),
        ({"category": "urban/event/0110"}, {reported}),
        ({"grid": "S1C1G1"}, {closed, reported, crew}),
        ({"grid": "S1"}, {closed, reported, crew}),
        ({"grid": "S1C2"}, set()),
        ({"grid": "nowhere"}, set()),
        ({"overdue": "true"}, set()),
        ({"crew": "crew-drain", "state": "open"}, {crew}),
        ({"source": "hotline"}, set()),
        ({"q": reported}, {reported}),
        ({"board": "unverified"}, {reported}),
        ({"board": "held"}, set()),
        ({"outside": "true"}, set()),
        ({"from": "2026-11-22", "to": "2026-11-22"}, {closed, reported, crew}),
        ({"from": "2026-11-23"}, set()),
        ({"unknown": "parameter"}, {closed, reported, crew}),
    ]
    for question, expected in questions:
        assert numbers(cases(17, **question)) == expected, question
        assert total(cases(12, **question)) == len(expected), question


def on_every_board(street: Street) -> None:
    """Cases for all boards, the places of some a few steps apart."""
    others = Organisation("outside", "gas-works", "燃气公司", street.district.id)
    put_organisation(street.conn, street.district.id, others)
    held_act(street, street.report())
    street.report(lon=105.5, lat=31.5), street.by_phone(), street.closed()
    late = street.handled()
    number = street.dispatched(lon=104.0051)
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新井盖", attachments=[street.declared()])
    soon = (street.later(days=2) + timedelta(hours=1)).isoformat()
    street.act("supervise", late, "supervise", demand="尽快", until=soon)
    waits = street.report()
    street.act("duty", waits, "ask", question="在路口哪一侧？")
    outside, suspended, whistled, returned = (registered(street) for _ in range(4))
    street.act("dispatch", outside, "forward", outside="gas-works", note="请核实")
    street.act("street", whistled, "whistle", called="street-S1", reason="联合处置")
    for other in (suspended, returned):
        street.act("dispatch", other, "dispatch", crew="crew-drain")
    street.act("crew", suspended, "accept")
    street.act(
        "crew",
        suspended,
        "ask_suspension",
        reason="等管线图",
        until=soon,
    )
    street.act("duty", suspended, "suspend", reason="同意", until=soon)
    street.act("crew", returned, "ask_return", reason="不属本单位")
    street.report(), street.later(minutes=5)


def held_act(street: Street, number: str) -> None:
    """A tablet's act on the case that waits for a person."""
    raw = {
        "command_id": str(uuid7()), "case_id": str(street.case(number)["id"]), "seq": 1, "kind": "comment",
        "person_id": street.district.people["head"], "made_at": time_text(street.now), "payload": {"text": "在北门"},
    }  # fmt: skip
    apply(street.conn, [read_command(raw, "tablet", None, hold="held_author")], street.now)


def registered(street: Street) -> str:
    number = street.report(category=COVER, condition="missing", lon=104.0052)
    street.act("duty", number, "register", condition="missing")
    return number


@pytest.mark.parametrize("login", ["duty", "street"])
def test_the_map_shows_the_cases_of_each_board_as_many_as_the_list_has(
    street: Street, cases: Callable[..., Layers], login: str
) -> None:
    on_every_board(street)
    viewer, counted = street.viewer(login), {}
    for board in BOARDS:
        listed = list_cases(street.conn, viewer, Filters(board=board), 100, None, street.now).items
        counted[board] = len(listed)
        assert total(cases(3, login, board=board)) == len(listed), board
        here = {case["number"] for case in listed if case["location"]["lon"] < 105}
        assert numbers(cases(15, login, board=board)) == here, board
    everything = total(cases(3, login))
    assert all(count < everything for count in counted.values()), counted
    empty = {board for board, count in counted.items() if not count}
    assert empty <= ({"outside"} if login == "street" else {"called"}), counted


def test_a_clusters_number_is_the_list_within_its_cell(street: Street, cases: Callable[..., Layers]) -> None:
    """Also where cases lie on both sides of a cell's edge, a ten-millionth of a degree apart."""
    west, north = (edge(street, name, HERE) for name in ("west", "north"))
    for lon, lat in [
        (west, 30.005),
        (west - 1e-7, 30.005),
        (104.005, north),
        (104.005, north + 1e-7),
        NEAR,
        (*HERE,),
    ]:
        street.report(lon=round(lon, 7), lat=round(lat, 7))
    street.closed()
    viewer, seen = street.viewer("duty"), 0
    for _sums in range(2):
        for zoom in (3, 9, 12, 13, 14):
            read = cases(zoom)
            for _, cluster in read["clusters"].iterrows():
                box = tuple(cluster[side] / 1e7 for side in ("west", "south", "east", "north"))
                listed = list_cases(street.conn, viewer, Filters(bbox=box), 100, None, street.now).items
                assert len(listed) == cluster["count"], (zoom, box)
                within = ",".join(map(str, box))
                assert total(cases(zoom, bbox=within)) == cluster["count"], (
                    "the map of that list has them too"
                )
                inside = numbers(cases(16, bbox=within))
                assert inside <= {case["number"] for case in listed}
                seen += 1
        service.sum_closed(street.conn, 1000)
    assert seen >= 10


def edge(street: Street, side: str, place: tuple[float, float]) -> float:
    """The west or north edge of the finest cell in which a place lies, in degrees."""
    lon, lat = (round(at * 1e7) for at in place)
    ask = {"west": "select cell_west(cell_x(%s)) as e", "north": "select cell_north(cell_y(%s)) as e"}[side]
    with street.conn.cursor() as cursor:
        cursor.execute(ask, (lon if side == "west" else lat,))
        return int(cursor.fetchone()["e"]) / 1e7


def test_a_question_that_cannot_be_read_is_refused(street: Street) -> None:
    for question in ({"state": "lost"}, {"overdue": "perhaps"}, {"from": "yesterday"}):
        with pytest.raises(BadInput):
            service.cases_tile(street.conn, street.viewer("duty"), Square(0, 0, 0), question, street.now)


def test_a_case_without_a_place_is_on_no_tile(street: Street, cases: Callable[..., Layers]) -> None:
    street.report(lon=None, lat=None)
    assert cases(0) == {}


def test_squares_that_do_not_exist_are_refused() -> None:
    for z, x, y in ((3, 8, 0), (3, 0, 8), (-1, 0, 0), (23, 0, 0), (0, -1, 0)):
        with pytest.raises(NotFound):
            Square(z, x, y)


# Over HTTP ------------------------------------------------------------------------------------------------

Get = Callable[..., requests.Response]


@pytest.fixture
def get(live_server: LiveServer, database: Database) -> Get:
    database.run(make_small_district)
    token = database.run(lambda conn: make_token(conn, "duty", "test", datetime.now(UTC)))

    def send(path: str, **headers: Any) -> requests.Response:
        named = {"authorization": f"Bearer {token}", "accept-language": "en"} | headers
        return requests.get(live_server.url + path, headers=named, timeout=10)

    return send


def test_tiles_are_private_and_are_not_sent_again_while_nothing_changed(get: Get) -> None:
    square = square_at(HERE, 14)
    for path in (
        f"/tiles/grids/14/{square.x}/{square.y}.mvt",
        "/tiles/cases/0/0/0.mvt",
        "/tiles/basemap.geojson",
    ):
        first = get(path)
        assert first.status_code == 200 and first.headers["cache-control"] == "private, no-cache"
        again = get(path, **{"if-none-match": first.headers["etag"]})
        assert again.status_code == 304 and not again.content
    assert (
        get(f"/tiles/grids/14/{square.x}/{square.y}.mvt").headers["content-type"]
        == "application/vnd.mapbox-vector-tile"
    )
    assert get("/tiles/basemap.geojson").json()["type"] == "FeatureCollection"


def test_a_tile_that_does_not_exist_is_404_and_nonsense_is_422(get: Get, live_server: LiveServer) -> None:
    missing = get("/tiles/grids/3/9/0.mvt")
    assert missing.status_code == 404 and missing.json()["detail"] == "There is no such tile: 3/9/0."
    assert get("/tiles/grids/3/x/0.mvt").status_code == 422
    assert get("/tiles/secrets/3/1/0.mvt").status_code == 422
    assert requests.get(live_server.url + "/tiles/cases/0/0/0.mvt", timeout=10).status_code == 401


def test_the_tree_and_whose_a_place_is_are_answered_over_http(get: Get) -> None:
    page = get("/api/v1/grids?level=1").json()
    assert [item["code"] for item in page["items"]] == ["S1", "S2"] and page["next"] is None
    one = get("/api/v1/grids/S1C1")
    assert (one.json()["children"], one.json()["parent"]) == (3, "S1") and one.headers["etag"]
    assert get("/api/v1/grids/S9").status_code == 404
    here = get(f"/api/v1/grids/locate?lon={HERE[0]}&lat={HERE[1]}").json()
    assert (here["status"], here["grid"]["code"], here["street"]["code"]) == ("inside", "S1C1G1", "S1")
    assert get("/api/v1/grids/locate?lon=104.005&lat=29.9997&accuracy_m=40").json()["status"] == "nearest"
    assert get("/api/v1/grids/locate?lon=104.005&lat=29.9997").json()["grid"] is None
    assert get("/api/v1/grids/locate?lon=200&lat=0").status_code == 422


def test_a_tile_of_borders_is_made_once_for_a_version_and_goes_with_it(street: Street) -> None:
    square = square_at(HERE, 12)
    version = service.boundary_version(street.conn, street.district.id)
    assert service.kept_tile(street.conn, version, square) is None
    made = service.grids_tile(street.conn, version, square)
    assert service.kept_tile(street.conn, version, square) == made
    with street.conn.cursor() as cursor:
        cursor.execute("update grids set geom = st_translate(geom, 0.001, 0)")
    assert service.grids_tile(street.conn, version, square) == made, "read, not made again"
    service.grids_tile(street.conn, version, square_at(HERE, 18))
    assert service.kept_tile(street.conn, version, square_at(HERE, 18)) is None
    viewer = street.viewer("admin")
    halves = (Half("S1C1G1", "西"), Half("S1C1G4", "东"))
    source = drafts.of_split(street.conn, viewer, "S1C1G1", "104.0045,29 104.0045,31", halves)
    made = drafts.looked_at(source, street.now)
    draft = drafts.keep(street.conn, viewer, source, made, street.now)
    drafts.confirm(street.conn, viewer, draft, source, made, False, "", street.now)
    assert service.kept_tile(street.conn, version, square) is None


def sums(street: Street) -> dict[str, int]:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select facet, sum(n)::integer as n from closed_cells group by facet having sum(n) <> 0"
        )
        return {row["facet"]: row["n"] for row in cursor.fetchall()}


def test_the_map_shows_the_same_before_and_after_closed_cases_went_into_the_sums(
    street: Street, cases: Callable[..., Layers]
) -> None:
    first, second, still_open = street.closed(), street.closed(), street.report()
    questions = [
        {}, {"state": "closed"}, {"state": "open"}, {"category": "urban/event/0505"}, {"source": "patrol"}, {"grid": "S1C1"},
        {"crew": "crew-drain"}, {"overdue": "true"}, {"overdue": "false"}, {"source": "patrol", "crew": "crew-drain"},
        {"from": "2026-11-22"}, {"q": first}, {"outside": "true"}, {"outside": "false"}, {"grid": "S2"},
    ]  # fmt: skip

    def shown() -> list[tuple[int, ...]]:
        return [
            (total(read := cases(zoom, login, **question)), *sorted(numbers(read)))
            for login in ("duty", "street", "community", "worker", "crew")
            for zoom in (3, 11, 14)
            for question in questions
        ]

    before = shown()
    assert before[0] == (3,) and before[1] == (2,)
    assert service.sum_closed(street.conn, 1000) == 2
    assert sums(street)[""] == 2
    assert shown() == before

    street.act("duty", second, "reopen", reason="还在冒水")
    moved = shown()
    assert moved[1] == (1, first)
    assert service.sum_closed(street.conn, 1000) == 1
    assert sums(street)[""] == 1
    assert shown() == moved
    assert service.sum_closed(street.conn, 1000) == 0
    assert still_open in numbers(cases(14, state="reported"))
