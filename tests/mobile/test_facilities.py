"""Facilities on a tablet, without a window: layers, what is near, one told, and a report about one that types nothing twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import shapely

from mobile.core.basemap import Basemap, TileReader, Unusable
from mobile.core.place import metres_to_line, nearest_on
from mobile.core.tablet import Tablet
from mobile.core.views import Draft
from mobile.ui.screens.readiness import filed
from server.db import Database
from server.facilities.service import Thing, Wanted, put
from tests.carried import HYDRANTS, LAMPS, PIPES, carry, pipe, thing, write
from tests.conftest import serving
from tests.link import here, rows, settle, tablet_of
from tests.mobile.paper_office import PaperOffice, case_body, enrolled
from tests.server.small_district import NOW
from tests.tiles import write_tiles

LAMP, COVER = "urban/component/0137", "urban/component/0102"
NEAR_LAMP = thing("lamps", "L-0012", 104.00506, 30.00502, "G1", "南门东侧", 杆高="8 m", 光源="LED", 备注="")
FAR_LAMP = thing("lamps", "L-0013", 104.00560, 30.005, "G1")
HYDRANT = thing("hydrants", "H-1", 104.006, 30.005, "G1")


def with_package(home: Path, office: PaperOffice | None = None) -> Tablet:
    tablet = enrolled(home, office)
    carry(tablet, write(home / "given.sqlite", [LAMPS, HYDRANTS, PIPES], [NEAR_LAMP, FAR_LAMP, HYDRANT]))
    return tablet


def case_at(office: PaperOffice, case_id: str, lon: float, **more: object) -> None:
    body = case_body(case_id, location={"lon": lon, "lat": 30.005, "accuracy_m": 5}, **more)  # type: ignore[arg-type]
    office.changes.append({"seq": 9, "kind": "case", "id": case_id, "version": 3, "body": body})


def test_every_layer_is_shown_until_this_person_hides_it_and_that_is_remembered(tmp_path: Path) -> None:
    tablet = with_package(tmp_path)
    shown = tablet.facility_map()
    assert [(layer.code, layer.icon, layer.count) for layer in shown.layers] == [
        ("hydrants", "hydrant", 1), ("lamps", "lamp", 2), ("pipes", "wire", 0),
    ]  # fmt: skip
    assert [mark.code for mark in shown.marks] == ["H-1", "L-0012", "L-0013"]
    tablet.show_layer("lamps", False)
    assert [mark.code for mark in tablet.facility_map().marks] == ["H-1"]
    tablet.close()
    again = tablet.opened_anew()
    carry(again, tmp_path / "given.sqlite")
    assert [layer.shown for layer in again.facility_map().layers] == [True, False, True]
    again.show_layer("lamps", True)
    assert len(again.facility_map().marks) == 3
    again.close()


def test_a_tablet_without_a_package_has_no_layers_and_offers_nothing(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    assert tablet.facility_map().layers == ()
    assert tablet.component(LAMP, "", here()).offered == ()
    assert tablet.facility("lamps", "L-0012") is None
    assert tablet.pictures() is None
    tablet.close()


def test_the_nearest_are_found_without_a_network_and_told_to_the_metre(tmp_path: Path) -> None:
    tablet = with_package(tmp_path)
    found = tablet.nearest(104.005, 30.005, "lamps")
    assert [(row.title, row.distance) for row in found] == [("路灯 L-0012", "6 米"), ("路灯 L-0013", "58 米")]
    assert found[0].place == "南门东侧 · G1 网格"
    assert tablet.nearest(105.0, 30.005, "lamps") == ()
    tablet.close()


def test_a_facility_is_told_with_what_the_register_says_and_the_open_cases_at_it(tmp_path: Path) -> None:
    office = PaperOffice()
    lamp = {"category": {"system": "urban/component", "code": "0137"}, "condition": None}
    case_at(office, "00000000-0000-7000-8000-000000000001", 104.0053)  # 23 m off
    case_at(office, "00000000-0000-7000-8000-000000000002", 104.008)  # 280 m off
    case_at(office, "00000000-0000-7000-8000-000000000003", 104.009, form={"component": "L-0012"}, **lamp)
    case_at(
        office, "00000000-0000-7000-8000-000000000004", 104.009, form={"component": "L-0012"}
    )  # a cover's code
    case_at(office, "00000000-0000-7000-8000-000000000005", 104.00506, state="closed")
    tablet = with_package(tmp_path, office)
    view = tablet.facility("lamps", "L-0012", here())
    assert view is not None
    assert [(fact.name, fact.words) for fact in view.facts] == [("杆高", "8 m"), ("光源", "LED")]
    assert [row.case_id[-1] for row in view.cases] == ["3", "1"]
    assert (view.category, view.row.distance) == (LAMP, "6 米")
    tablet.close()


def test_a_report_is_offered_the_nearest_of_its_own_layer_and_never_takes_one_by_itself(
    tmp_path: Path,
) -> None:
    tablet = with_package(tmp_path)
    found = tablet.component(LAMP, "", here())
    assert found.chosen is None
    assert [row.code for row in found.offered] == ["L-0012", "L-0013"]
    assert tablet.component(COVER, "", here()).offered == ()
    assert tablet.component(LAMP, "", None).offered == ()
    tablet.report(LAMP, "dark", here(), "", [], False)
    (command,) = tablet._outbox.all()
    assert "form" not in command.payload
    tablet.close()


def test_a_report_about_a_facility_has_its_category_its_place_and_its_code(tmp_path: Path) -> None:
    tablet = with_package(tmp_path)
    tablet.save_draft(tablet.about(Draft(sentence="晚上不亮"), "lamps", "L-0012"))
    draft = tablet.draft()
    assert (draft.category, draft.condition, draft.sentence) == (LAMP, "dark", "晚上不亮")
    assert draft.position is not None
    assert (draft.position.lon, draft.position.lat) == (104.00506, 30.00502)
    assert draft.position.placed_by_hand
    chosen = tablet.component(draft.category, draft.component, draft.position).chosen
    assert chosen is not None and chosen.title == "路灯 L-0012"
    command_id = tablet.report(
        draft.category, draft.condition, draft.position, "", [], False, component=draft.component
    )
    (command,) = tablet._outbox.all()
    assert command.payload["form"] == {"component": "L-0012"}
    assert ("部件编码", "L-0012") in [(fact.name, fact.words) for fact in tablet.case(command.case_id).facts]
    assert tablet.undo(command_id)
    assert tablet.draft().component == "L-0012", "taken back, it is a draft with its component again"
    tablet.close()


def test_another_category_drops_the_component_and_a_layer_without_one_leaves_it_to_the_worker(
    tmp_path: Path,
) -> None:
    tablet = with_package(tmp_path)
    by_key = {c.key: c for major in tablet.report_form().tree for c in major.categories}
    lamp = tablet.about(Draft(), "lamps", "L-0012")
    assert filed(lamp, by_key[LAMP]).component == "L-0012"
    assert filed(lamp, by_key[COVER]).component == ""
    hydrant = tablet.about(Draft(), "hydrants", "H-1")
    assert (hydrant.category, hydrant.component) == ("", "H-1")
    assert filed(hydrant, by_key[COVER]).component == "H-1"
    tablet.close()


def test_a_report_about_a_line_lies_where_the_line_is_nearest_to_the_worker(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    course = ((104.001, 30.004), (104.002, 30.004), (104.009, 30.004))
    carry(tablet, write(tmp_path / "given.sqlite", [PIPES], [pipe("P-1", *course)]))
    about = tablet.about(Draft(position=here()), "pipes", "P-1").position
    assert about is not None
    assert (about.lon, about.lat) == (pytest.approx(104.005, abs=1e-6), pytest.approx(30.004, abs=1e-6))
    nowhere = tablet.about(Draft(), "pipes", "P-1").position
    assert nowhere is not None and nowhere.lon == 104.002, "without a position its middle"
    assert metres_to_line((104.005, 30.005), course) == pytest.approx(111.3, abs=0.5)
    assert nearest_on((104.0, 30.005), [course]) == pytest.approx((104.001, 30.004))
    tablet.close()


def test_what_is_looked_at_leaves_no_trace_on_the_tablet(tmp_path: Path) -> None:
    """Looking at the map, at facilities and at what is near writes nothing, so that nothing can be sent."""
    tablet = with_package(tmp_path)
    before = tablet._store.writes
    tablet.facility_map()
    tablet.nearest(104.005, 30.005, "hydrants")
    tablet.facility("lamps", "L-0012", here())
    tablet.component(LAMP, "", here())
    tablet.about(tablet.draft(), "lamps", "L-0012")
    assert tablet._store.writes == before
    tablet.close()


def test_layers_come_down_from_the_office_and_the_code_of_one_goes_back_with_the_case(
    database: Database, tmp_path: Path
) -> None:
    district = settle(database)
    at = shapely.to_wkb(shapely.Point(104.00506, 30.00502))
    lamp = Thing("L-0012", "南门东侧", {"杆高": "8 m"}, at, 104.00506, 30.00502)
    wanted = Wanted("lamps", "路灯", category=LAMP)
    database.run(lambda conn: put(conn, district.id, wanted, [lamp], ("lamps.geojson", ""), NOW))
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", tmp_path / "tablet")
        tablet.sync_now()
        (found,) = tablet.nearest(104.005, 30.005, "lamps")
        assert (found.title, found.place, found.distance) == ("路灯 L-0012", "南门东侧 · S1C1G1名", "6 米")
        tablet.report(LAMP, "dark", here(), "", [], False, component=found.code)
        tablet.sync_now()
        (row,) = tablet.cases("mine").rows
        assert ("部件编码", "L-0012") in [(f.name, f.words) for f in tablet.case(row.case_id).facts]
        assert tablet._mirror.bodies()[row.case_id]["form"] == {"component": "L-0012"}
        assert [row["form"] for row in rows(live, "select form from cases")] == [{"component": "L-0012"}]
        tablet.close()


# The basemap's file -------------------------------------------------------------------------------------------


def test_a_raster_file_says_its_zooms_and_attribution_and_gives_tiles_as_the_web_counts_them(
    tmp_path: Path,
) -> None:
    path = write_tiles(
        tmp_path / "basemap.mbtiles", {(14, 12925, 6764): b"north", (15, 25850, 13529): b"south"}
    )
    assert Basemap.read(path) == Basemap("© 测绘 & others", 14, 15)
    reader = TileReader(path)
    assert (reader.tile(14, 12925, 6764), reader.tile(14, 12925, 6765)) == (b"north", None)
    reader.close()


def test_a_file_that_is_no_raster_basemap_is_told_and_the_map_goes_on(tmp_path: Path) -> None:
    import pyogrio

    vector, empty, text = tmp_path / "v.mbtiles", tmp_path / "e.mbtiles", tmp_path / "t.mbtiles"
    pyogrio.raw.write(
        vector, geometry=shapely.to_wkb([shapely.Point(104, 30)]), field_data=[], fields=[], driver="MBTiles",
        geometry_type="Point", crs="EPSG:4326", layer="lamps",
    )  # fmt: skip
    write_tiles(empty, {})
    text.write_text("no database")
    for path, why in ((vector, "vector"), (empty, "no tiles"), (text, "cannot be read")):
        with pytest.raises(Unusable, match=why):
            Basemap.read(path)
    tablet = enrolled(tmp_path / "home")
    text.replace(tablet.home / "basemap.mbtiles")
    found = tablet.pictures()
    assert found is not None and found.trouble == "底图文件读不出来。"
    tablet.close()


def test_pictures_are_turned_off_per_person_and_a_new_file_is_another_version(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    path = write_tiles(tmp_path / "basemap.mbtiles", {(14, 1, 1): b"x"})
    first = tablet.pictures()
    assert first is not None and first.shown and (first.least, first.most) == (14, 14)
    tablet.show_layer("", False)
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.execute("insert into tiles values (15, 2, 2, 'y')")
    second = tablet.pictures()
    assert second is not None and not second.shown and second.version != first.version
    tablet.close()
