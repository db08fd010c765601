"""Facilities: who sees which layer, what is nearest, what a file puts in place of the last one, and the log of openings."""

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
import shapely

from server.audit import access
from server.db import Connection, Database
from server.errors import BadInput, NotAllowed, NotFound
from server.facilities import service
from server.facilities.service import Put, Thing, Wanted
from server.people.tokens import make_token
from server.protocol.wire import time_text
from server.security import Viewer, load_viewer
from server.tiles import service as tiles
from server.tiles.squares import Square
from tasks import forget_knocks, tell_openings
from tests.conftest import LiveServer
from tests.server.small_district import NOW, SmallDistrict, make_small_district
from tests.server.test_tiles import square_at

get = partial(requests.get, timeout=20)
# The small district is a strip of squares of 0.01° along 30.0–30.01 N from 104.0 E; 0.001° of longitude is 96.5 m there.
HERE = (104.005, 30.005)
LAMPS = Wanted("lamps", "路灯", category="urban/component/0137")
CAMERAS = Wanted("cameras", "监控", readers=["centre"], on_tablets=False)


def lamp(code: str, east: float = 0.0, north: float = 0.0, **properties: Any) -> Thing:
    lon, lat = HERE[0] + east, HERE[1] + north
    return Thing(code, f"{code}号灯", properties, shapely.to_wkb(shapely.Point(lon, lat)), lon, lat)


def pipe(code: str, *places: tuple[float, float]) -> Thing:
    line = shapely.LineString(places)
    middle = line.interpolate(0.5, normalized=True)
    return Thing(code, "", {}, shapely.to_wkb(line), middle.x, middle.y)


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


def viewer(conn: Connection, district: SmallDistrict, login: str) -> Viewer:
    found = load_viewer(conn, district.people[login], NOW)
    assert found is not None
    return found


def put(conn: Connection, district: SmallDistrict, wanted: Wanted, *things: Thing) -> Put:
    return service.put(conn, district.id, wanted, things, ("file.geojson", "0" * 64), NOW)


def codes(items: list[dict[str, Any]]) -> list[str]:
    return [item["code"] for item in items]


def openings(conn: Connection) -> list[dict[str, Any]]:
    return [
        json.loads(row["filter"])
        for row in access.SQL.rows_after(conn, after=0, limit=100)
        if row["what"] == "layer"
    ]


def test_each_facility_is_tied_to_its_grid_and_one_in_no_grid_is_kept_and_named(
    conn: Connection, district: SmallDistrict
) -> None:
    done = put(conn, district, LAMPS, lamp("L1"), lamp("L2", east=0.01), lamp("L3", north=0.1))
    assert (done.added, done.outside) == (["L1", "L2", "L3"], ["L3"])
    (layer,) = service.seen(conn, viewer(conn, district, "worker"))
    items, _ = service.page(conn, layer, viewer(conn, district, "worker"))
    assert [(item["code"], item["grid"] and item["grid"]["code"]) for item in items] == [
        ("L1", "S1C1G1"), ("L2", "S1C1G2"), ("L3", None),
    ]  # fmt: skip
    assert (layer["facilities"], layer["outside"]) == (3, 1)
    assert items[0]["category"] == {"system": "urban/component", "code": "0137"}


def test_a_line_stands_in_the_grid_of_its_middle(conn: Connection, district: SmallDistrict) -> None:
    put(conn, district, Wanted("pipes", "雨水管", "line"), pipe("P1", (104.009, 30.005), (104.018, 30.005)))
    (layer,) = service.seen(conn, viewer(conn, district, "duty"))
    assert service.one(conn, layer, "P1")["grid"]["code"] == "S1C1G2"


def test_a_new_file_takes_the_place_of_the_last_one_and_says_what_is_new_changed_and_gone(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1", watt=40), lamp("L2"), lamp("L3"))
    done = put(conn, district, LAMPS, lamp("L1", watt=60), lamp("L2"), lamp("L4"))
    assert (done.added, done.changed, done.removed) == (["L4"], ["L1"], ["L3"])
    (layer,) = service.seen(conn, viewer(conn, district, "duty"))
    items, _ = service.page(conn, layer, viewer(conn, district, "duty"))
    assert codes(items) == ["L1", "L2", "L4"]
    back = put(conn, district, LAMPS, lamp("L1", watt=60), lamp("L2"), lamp("L3"), lamp("L4"))
    assert (back.added, back.changed, back.removed) == ([], ["L3"], [])


def test_the_nearest_come_first_in_metres_not_in_degrees(conn: Connection, district: SmallDistrict) -> None:
    # 0.0010° to the east are 96.5 m, 0.0009° to the north 99.8 m: by degrees the northern one would win.
    put(
        conn, district, LAMPS, lamp("east", east=0.0010), lamp("north", north=0.0009), lamp("far", east=0.004)
    )
    opened = service.open_layers(conn, viewer(conn, district, "worker"), [])
    found = service.near(conn, opened, *HERE, radius_m=300, limit=10)
    assert [(item["code"], item["distance_m"]) for item in found] == [
        ("east", pytest.approx(96.5, abs=0.3)), ("north", pytest.approx(99.8, abs=0.3)),
    ]  # fmt: skip
    assert codes(service.near(conn, opened, *HERE, radius_m=500, limit=1)) == ["east"]


def test_of_several_layers_each_gives_its_nearest(conn: Connection, district: SmallDistrict) -> None:
    put(conn, district, LAMPS, *(lamp(f"L{n}", east=0.0001 * n) for n in range(1, 9)))
    put(conn, district, Wanted("bins", "果皮箱"), lamp("B1", east=0.0005))
    opened = service.open_layers(conn, viewer(conn, district, "duty"), ["lamps", "bins"])
    found = service.near(conn, opened, *HERE, radius_m=100, limit=6)
    assert {(item["layer"], item["code"]) for item in found} >= {
        ("bins", "B1"),
        ("lamps", "L1"),
        ("lamps", "L5"),
    }
    assert len(found) == 6


def test_a_layer_is_for_the_roles_that_it_names_and_for_others_is_not_there(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    put(conn, district, CAMERAS, lamp("C1"))
    seen = {login: [row["code"] for row in service.seen(conn, viewer(conn, district, login))]
            for login in ("duty", "worker", "crew", "hotline")}  # fmt: skip
    assert seen == {"duty": ["cameras", "lamps"], "worker": ["lamps"], "crew": ["lamps"], "hotline": []}
    worker = viewer(conn, district, "worker")
    with pytest.raises(NotFound, match="cameras"):
        service.open_layers(conn, worker, ["cameras"])
    assert codes(service.near(conn, service.open_layers(conn, worker, []), *HERE, 500, 10)) == ["L1"]


def test_another_districts_layers_are_not_there(conn: Connection, district: SmallDistrict) -> None:
    other = make_small_district(conn, "E")
    put(conn, other, LAMPS, lamp("L1"))
    assert service.seen(conn, viewer(conn, district, "duty")) == []


def read(conn: Connection, reader: Viewer, at: datetime, **sent: int) -> None:
    """So many facilities of some layers go out to somebody."""
    service.handed_out(conn, reader, service.open_layers(conn, reader, list(sent)), sent, at)


def test_opening_a_layer_is_a_row_of_the_chained_log_once_an_hour_and_person(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    put(conn, district, CAMERAS, lamp("C1"))
    duty, worker = viewer(conn, district, "duty"), viewer(conn, district, "worker")
    for minutes in (0, 10, 50):
        read(conn, duty, NOW + timedelta(minutes=minutes), cameras=1)
    read(conn, duty, NOW + timedelta(minutes=55), cameras=1, lamps=1)
    read(conn, worker, NOW, lamps=1)
    read(conn, duty, NOW + timedelta(minutes=61), cameras=1)
    assert openings(conn) == [
        {"layers": ["cameras"]}, {"layers": ["lamps"]}, {"layers": ["lamps"]}, {"layers": ["cameras"]},
    ]  # fmt: skip
    assert access.verify_access(conn)[1] is None


def test_the_log_says_what_went_out_at_once_and_the_rest_of_the_hour_when_it_is_over(
    conn: Connection, district: SmallDistrict
) -> None:
    """Not how many a layer holds: the sum of the rows is what somebody was given."""
    put(conn, district, LAMPS, *(lamp(f"L{n}") for n in range(9)))
    duty = viewer(conn, district, "duty")
    for minutes, sent in ((0, 2), (10, 3), (20, 0), (50, 4)):
        read(conn, duty, NOW + timedelta(minutes=minutes), lamps=sent)
    assert service.tell_openings(conn, NOW + timedelta(minutes=59), 10) == 0, "the hour goes on"
    assert service.tell_openings(conn, NOW + timedelta(minutes=60), 10) == 1
    assert service.tell_openings(conn, NOW + timedelta(minutes=60), 10) == 0, "told once"
    rows = [row for row in access.SQL.rows_after(conn, after=0, limit=100) if row["what"] == "layer"]
    assert [(row["rows"], json.loads(row["filter"])) for row in rows] == [
        (2, {"layers": ["lamps"]}),
        (7, {"layers": ["lamps"], "hour": time_text(NOW)}),
    ]
    assert {(row["person_id"], row["organisation_id"], row["district_id"]) for row in rows} == {
        (duty.person_id, duty.organisation_id, duty.district_id)
    }
    assert access.verify_access(conn)[1] is None


def test_openings_are_forgotten_a_day_later_once_they_are_told_and_stay_in_the_log(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    duty = viewer(conn, district, "duty")
    read(conn, duty, NOW, lamps=1)
    read(conn, duty, NOW, lamps=1)
    read(conn, duty, NOW + timedelta(hours=24), lamps=1)
    assert forget_knocks.run(conn, NOW + timedelta(hours=24)) == 0
    assert forget_knocks.run(conn, NOW + timedelta(hours=26)) == 0, "one more went out than the log says"
    assert tell_openings.run(conn, NOW + timedelta(hours=26)) == 1
    assert forget_knocks.run(conn, NOW + timedelta(hours=26)) == 1
    read(conn, duty, NOW + timedelta(hours=24, minutes=5), lamps=1)
    assert [one["layers"] for one in openings(conn)] == [["lamps"]] * 3, "the younger hour still counts"
    assert access.verify_access(conn)[1] is None


def test_only_an_administrator_says_who_sees_a_layer_and_the_next_file_does_not_undo_it(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    with pytest.raises(NotAllowed):
        service.change_layer(conn, viewer(conn, district, "duty"), "lamps", ["centre"], True, NOW, "")
    admin = viewer(conn, district, "admin")
    with pytest.raises(BadInput, match="mayor"):
        service.change_layer(conn, admin, "lamps", ["mayor"], True, NOW, "")
    service.change_layer(conn, admin, "lamps", ["centre"], False, NOW, "")
    put(conn, district, Wanted("lamps"), lamp("L1"), lamp("L2"))
    assert service.seen(conn, viewer(conn, district, "worker")) == []
    (layer,) = service.kept(conn, admin, NOW)
    assert (layer["readers"], layer["on_tablets"], layer["name"]) == (["centre"], False, "路灯")


def test_a_layer_says_how_many_tablets_carry_it(conn: Connection, district: SmallDistrict) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    put(conn, district, CAMERAS, lamp("C1"))
    admin = viewer(conn, district, "admin")

    def carried() -> dict[str, int]:
        return {row["code"]: row["tablets"] for row in service.kept(conn, admin, NOW)}

    assert carried() == {"lamps": 0, "cameras": 0}
    with conn.cursor() as cursor:
        for number, login in enumerate(("worker", "worker", "hotline")):
            cursor.execute(
                "insert into devices (id, person_id, token_hash) values (gen_random_uuid(), %s, %s)",
                (district.people[login], b"%d" % number),
            )
        assert carried() == {"lamps": 2, "cameras": 0}, "the hotline is no reader, cameras are on no tablet"
        cursor.execute("update devices set state = 'revoked' where token_hash = '0'")
    assert carried() == {"lamps": 1, "cameras": 0}


def test_a_category_that_the_pack_does_not_have_and_a_change_of_kind_are_refused(
    conn: Connection, district: SmallDistrict
) -> None:
    with pytest.raises(BadInput, match="urban/component/9999"):
        put(conn, district, Wanted("lamps", "路灯", category="urban/component/9999"), lamp("L1"))
    put(conn, district, LAMPS, lamp("L1"))
    with pytest.raises(BadInput, match="points already"):
        put(conn, district, Wanted("lamps", "路灯", "line"), pipe("P", HERE, (104.006, 30.005)))


def test_new_boundaries_tie_what_stands_there_again(conn: Connection, district: SmallDistrict) -> None:
    put(conn, district, LAMPS, lamp("L1"), lamp("L2", east=0.01))
    with conn.cursor() as cursor:
        cursor.execute("update grids set geom = st_translate(geom, 0.01, 0) where current and level = 3")
    assert service.tie_again(conn, district.id, NOW) == 2
    (layer,) = service.seen(conn, viewer(conn, district, "duty"))
    items, _ = service.page(conn, layer, viewer(conn, district, "duty"))
    assert [(item["code"], item["grid"] and item["grid"]["code"]) for item in items] == [
        ("L1", None),
        ("L2", "S1C1G1"),
    ]


def test_pages_go_by_code_and_end(conn: Connection, district: SmallDistrict) -> None:
    put(conn, district, LAMPS, *(lamp(f"L{n:03}", east=0.004 * (n % 2)) for n in range(7)))
    duty = viewer(conn, district, "duty")
    (layer,) = service.seen(conn, duty)
    first, key = service.page(conn, layer, duty, limit=4)
    second, end = service.page(conn, layer, duty, limit=4, after=key)
    assert codes(first) + codes(second) == [f"L{n:03}" for n in range(7)] and end is None
    inside, _ = service.page(conn, layer, duty, grid="S1C1G1", limit=10)
    assert len(inside) == 7
    with pytest.raises(NotFound):
        service.page(conn, layer, duty, grid="nowhere")


def test_a_tile_of_facilities_holds_them_from_a_near_zoom_on(
    conn: Connection, district: SmallDistrict
) -> None:
    put(conn, district, LAMPS, lamp("L1"))
    opened = service.open_layers(conn, viewer(conn, district, "duty"), [])
    assert tiles.facilities_tile(conn, opened, square_at(HERE, 13)) == (b"", {})
    near = square_at(HERE, 16)
    tile, sent = tiles.facilities_tile(conn, opened, near)
    assert b"L1" in tile and sent == {"lamps": 1}
    tile, sent = tiles.facilities_tile(conn, opened, Square(16, near.x + 3, near.y))
    assert b"L1" not in tile and sent == {}


@pytest.fixture
def office(live_server: LiveServer, database: Database) -> dict[str, dict[str, str]]:
    """Headers of the API by login, on a running server with two layers."""

    def work(conn: Connection) -> dict[str, dict[str, str]]:
        district = make_small_district(conn)
        put(conn, district, LAMPS, lamp("L1"), lamp("L2", east=0.001))
        put(conn, district, CAMERAS, lamp("C1"))
        return {
            login: {"Authorization": f"Bearer {make_token(conn, login, 'test', NOW)}"}
            for login in ("duty", "worker")
        }

    return database.run(work)


def test_over_http_a_layer_reads_as_json_and_geojson_in_the_callers_rights(
    live_server: LiveServer, office: dict[str, dict[str, str]]
) -> None:
    api = f"{live_server.url}/api/v1"
    assert codes(get(f"{api}/layers", headers=office["worker"]).json()["items"]) == ["lamps"]
    page = get(f"{api}/layers/lamps/facilities?limit=1", headers=office["worker"]).json()
    assert (codes(page["items"]), page["next"]) == (["L1"], "L1")
    wanted = office["worker"] | {"Accept": "application/geo+json"}
    shown = get(f"{api}/layers/lamps/facilities", headers=wanted).json()
    assert [f["geometry"]["coordinates"] for f in shown["features"]] == [[104.005, 30.005], [104.006, 30.005]]
    hidden = get(f"{api}/layers/cameras/facilities", headers=office["worker"])
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    place = {"lon": HERE[0], "lat": HERE[1], "radius_m": 50}
    near = get(f"{api}/facilities/near", params=place, headers=office["duty"]).json()
    assert {(item["layer"], item["code"]) for item in near["items"]} == {("lamps", "L1"), ("cameras", "C1")}
    assert (
        get(f"{api}/facilities/near", params=place | {"lon": "nan"}, headers=office["duty"]).status_code
        == 422
    )


def test_tiles_of_a_hidden_layer_are_refused_and_the_log_knows_who_opened_the_others(
    live_server: LiveServer, database: Database, office: dict[str, dict[str, str]]
) -> None:
    square = square_at(HERE, 16)
    at = f"{live_server.url}/tiles/facilities/16/{square.x}/{square.y}.mvt"
    assert get(f"{at}?layer=cameras", headers=office["worker"]).status_code == 404
    shown = get(f"{at}?layer=cameras", headers=office["duty"])
    assert shown.status_code == 200 and b"C1" in shown.content
    again = get(f"{at}?layer=cameras", headers=office["duty"] | {"If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304
    with database.read() as conn:
        assert openings(conn) == [{"layers": ["cameras"]}]


def test_by_every_door_the_log_counts_what_was_handed_out(
    live_server: LiveServer, database: Database, office: dict[str, dict[str, str]]
) -> None:
    square, own = square_at(HERE, 16), office["duty"]
    tile = f"tiles/facilities/16/{square.x}/{square.y}.mvt?layer=lamps"
    doors = [
        ("api/v1/facilities/near?lon=104.005&lat=30.005&radius_m=50&layer=lamps", 1),
        ("api/v1/layers/lamps/facilities", 2),
        ("api/v1/layers/lamps/facilities?limit=1", 1),
        ("ogc/collections/facilities-lamps/items?f=json", 2),
        ("ogc/collections/facilities-lamps/items/L2?f=json", 1),
        (tile, 2),
    ]

    def counted() -> int:
        with database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select coalesce(sum(sent), 0) as sent from layer_openings")
            return int(cursor.fetchone()["sent"])

    for door, sent in doors:
        before = counted()
        assert get(f"{live_server.url}/{door}", headers=own).status_code == 200
        assert counted() - before == sent, door
    held = get(f"{live_server.url}/{tile}", headers=own).headers["ETag"]
    before = counted()
    assert get(f"{live_server.url}/{tile}", headers=own | {"If-None-Match": held}).status_code == 304
    assert counted() == before, "the browser has that tile"
    with database.read() as conn:
        (row,) = [row for row in access.SQL.rows_after(conn, after=0, limit=9) if row["what"] == "layer"]
        assert row["rows"] == 1, "what the first of them brought"
