"""OGC API – Features, opened by GDAL as QGIS does: grids, cases in scope, facilities; and what the standard asks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
import requests

from server.db import Connection, Database
from server.facilities.service import Wanted
from server.people.tokens import make_token
from tests.conftest import Databases, LiveServer, serving
from tests.factories import Street
from tests.server.small_district import NOW
from tests.server.test_facilities import CAMERAS, LAMPS, lamp, pipe, put

get = partial(requests.get, timeout=20)
Headers = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def live_server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all of these: nothing here writes but the logs."""
    home = tmp_path_factory.mktemp("home")
    with databases.fresh() as dsn, closing(Database(dsn)) as database, serving(database, home) as server:
        yield server


@pytest.fixture(scope="module")
def office(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Headers:
    """Headers of the API by login; three cases, one of them in the other street, and three layers."""
    tmp_path = tmp_path_factory.mktemp("office")

    def work(conn: Connection) -> Headers:
        street = Street.open(conn, tmp_path / "blobs")
        street.report("intake", description="电话 13812345678")
        street.report("intake", lon=104.015)
        street.report("intake", lon=104.075, title="另一条街")
        put(conn, street.district, LAMPS, lamp("L1"), lamp("L2", east=0.001), lamp("L3", east=0.002))
        put(conn, street.district, CAMERAS, lamp("C1"))
        put(
            conn,
            street.district,
            Wanted("pipes", "雨水管", "line"),
            pipe("P1", (104.009, 30.005), (104.018, 30.005)),
        )
        logins = ("duty", "street", "worker", "crew")
        return {who: {"Authorization": f"Bearer {make_token(conn, who, 'qgis', NOW)}"} for who in logins}

    return live_server.database.run(work)


# GDAL keeps Python's lock while it reads, and the server answers from this process: it is a program of its own.
READING = """
import json, sys
import pyogrio, shapely
address, found = sys.argv[1], {}
for name, _ in pyogrio.list_layers(address):
    meta, _, shapes, columns = pyogrio.raw.read(address, layer=name)
    rows = [dict(zip(meta["fields"].tolist(), row)) for row in zip(*(column.tolist() for column in columns))]
    shapes = shapely.from_wkb(shapes)
    kinds = sorted({shape.geom_type for shape in shapes if shape is not None})
    found[name] = {"crs": meta["crs"], "rows": rows, "area": float(shapely.area(shapes).sum()), "kinds": kinds}
print(json.dumps(found, default=str))
"""


def read_by_gdal(server: LiveServer, headers: dict[str, str]) -> dict[str, Any]:
    """Every collection as GDAL reads it, following the links from page to page."""
    token = headers["Authorization"].removeprefix("Bearer ")
    environment = {
        **os.environ,
        "GDAL_HTTP_AUTH": "BEARER",
        "GDAL_HTTP_BEARER": token,
        "GDAL_HTTP_TIMEOUT": "60",
    }
    command = [sys.executable, "-c", READING, f"OAPIF:{server.url}/ogc"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_gdal_opens_what_the_token_may_open_shapes_codes_and_all(
    live_server: LiveServer, office: Headers
) -> None:
    found = read_by_gdal(live_server, office["worker"])
    assert found.keys() == {
        "streets",
        "communities",
        "grids",
        "cases",
        "facilities-lamps",
        "facilities-pipes",
    }
    assert [len(found[level]["rows"]) for level in ("streets", "communities", "grids", "cases")] == [
        2,
        4,
        12,
        2,
    ]
    assert {row["parent"] for row in found["grids"]["rows"]} == {"S1C1", "S1C2", "S2C1", "S2C2"}
    assert found["grids"]["area"] == pytest.approx(12 * 0.0001, rel=1e-9)
    assert found["grids"]["crs"] in ("OGC:CRS84", "EPSG:4326")
    assert sorted(row["code"] for row in found["facilities-lamps"]["rows"]) == ["L1", "L2", "L3"]
    assert found["facilities-pipes"]["kinds"] == ["LineString"]
    assert {row["overdue"] for row in found["cases"]["rows"]} <= {True, False}


@pytest.mark.parametrize(("login", "seen"), [("duty", 3), ("street", 2), ("worker", 2), ("crew", 0)])
def test_cases_are_those_of_the_tokens_scope_and_masked(
    live_server: LiveServer, office: Headers, login: str, seen: int
) -> None:
    page = get(f"{live_server.url}/ogc/collections/cases/items", headers=office[login]).json()
    assert (page["numberReturned"], len(page["features"])) == (seen, seen)
    assert "13812345678" not in str(page)


def test_a_page_leads_to_the_next_by_a_link_and_the_last_has_none(
    live_server: LiveServer, office: Headers
) -> None:
    url: str | None = f"{live_server.url}/ogc/collections/grids/items?limit=5"
    seen: list[str] = []
    pages = 0
    while url:
        page = get(url, headers=office["duty"]).json()
        seen += [feature["id"] for feature in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        pages += 1
    assert pages == 3 and len(seen) == len(set(seen)) == 12 and seen == sorted(seen)


def items(server: LiveServer, headers: dict[str, str], collection: str, **asked: Any) -> list[str]:
    page = get(f"{server.url}/ogc/collections/{collection}/items", params=asked, headers=headers)
    assert page.status_code == 200, page.text
    assert page.headers["content-type"] == "application/geo+json"
    return [feature["id"] for feature in page.json()["features"]]


def test_a_box_narrows_grids_cases_and_facilities(live_server: LiveServer, office: Headers) -> None:
    duty, box = office["duty"], "104.011,30.001,104.019,30.009"
    assert items(live_server, duty, "grids", bbox=box) == ["S1C1G2"]
    assert len(items(live_server, duty, "cases", bbox=box)) == 1
    assert items(live_server, duty, "facilities-lamps", bbox="104.0045,30.0,104.0065,30.01") == ["L1", "L2"]
    assert items(live_server, duty, "facilities-lamps", bbox="104.0045,30.0,-50,104.0065,30.01,900") == [
        "L1",
        "L2",
    ]


def test_cases_are_narrowed_by_day_and_by_the_filters_of_the_list(
    live_server: LiveServer, office: Headers
) -> None:
    duty = office["duty"]
    assert len(items(live_server, duty, "cases", datetime="2026-11-22")) == 3
    assert items(live_server, duty, "cases", datetime="../2026-11-21") == []
    assert len(items(live_server, duty, "cases", datetime="2026-11-22T00:00:00Z/..")) == 3
    assert len(items(live_server, duty, "cases", state="reported", grid="S2")) == 1


def test_one_feature_has_its_own_address_and_leads_back(live_server: LiveServer, office: Headers) -> None:
    base = f"{live_server.url}/ogc/collections"
    grid = get(f"{base}/grids/items/S1C1G1", headers=office["duty"]).json()
    assert (grid["properties"]["parent"], grid["geometry"]["type"]) == ("S1C1", "MultiPolygon")
    assert {link["rel"] for link in grid["links"]} == {"self", "collection"}
    (number,) = items(live_server, office["duty"], "cases", grid="S2")
    case = get(f"{base}/cases/items/{number}", headers=office["duty"]).json()
    assert case["properties"]["title"] == "另一条街"
    assert get(f"{base}/cases/items/{number}", headers=office["worker"]).status_code == 404
    assert get(f"{base}/grids/items/S1C1", headers=office["duty"]).status_code == 404
    assert (
        get(f"{base}/facilities-lamps/items/L2", headers=office["duty"]).json()["properties"]["grid"]
        == "S1C1G1"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "colour=red",
        "bbox=1,2,3",
        "bbox=10,95,11,96",
        "bbox=170,-10,-170,10",
        "bbox=nan,0,1,1",
        "datetime=yesterday",
    ],
)
def test_what_the_standard_wants_refused_is_refused_with_a_sentence(
    live_server: LiveServer, office: Headers, wrong: str
) -> None:
    refused = get(f"{live_server.url}/ogc/collections/grids/items?{wrong}", headers=office["duty"])
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_query"), refused.text


def test_the_landing_page_names_what_is_behind_it_and_every_link_opens(
    live_server: LiveServer, office: Headers
) -> None:
    page = get(f"{live_server.url}/ogc", headers=office["duty"]).json()
    assert {link["rel"] for link in page["links"]} >= {"self", "service-desc", "conformance", "data"}
    for link in page["links"]:
        assert get(link["href"], headers=office["duty"]).status_code == 200, link
    classes = get(f"{live_server.url}/ogc/conformance", headers=office["duty"]).json()["conformsTo"]
    assert {one.rsplit("/", 1)[1] for one in classes} == {"core", "geojson"}
    (first, *_) = get(f"{live_server.url}/ogc/collections", headers=office["duty"]).json()["collections"]
    assert first["extent"]["spatial"]["bbox"] == [[104.0, 30.0, 104.12, 30.01]]


def test_nothing_opens_without_a_token_and_nothing_can_be_written(
    live_server: LiveServer, office: Headers
) -> None:
    url = f"{live_server.url}/ogc/collections/grids/items"
    assert get(url).status_code == 401
    assert requests.post(url, json={}, headers=office["duty"], timeout=20).status_code == 405


def test_each_opening_is_in_the_log_of_exchanges(live_server: LiveServer, office: Headers) -> None:
    items(live_server, office["duty"], "communities")
    (row, *_) = get(f"{live_server.url}/api/v1/exchanges", headers=office["duty"]).json()["items"]
    assert (row["method"], row["path"], row["status"]) == ("GET", "/ogc/collections/communities/items", 200)
