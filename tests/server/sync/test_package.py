"""The offline package on its way to a tablet: whole, by difference, cut, forged, somebody else's, and with what may be seen."""

import gzip
import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import shapely
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mobile.core.tablet import Tablet
from mobile.core.transport import LinkDown, Reply
from server.facilities import service as facilities
from server.facilities.service import Thing, Wanted
from server.package import service
from server.package.keeping import Kept
from server.protocol import package as packages
from server.security import load_viewer
from server.settings import settings
from tests import killed
from tests.conftest import LiveServer
from tests.factories import Street
from tests.link import BadWire, rows, tablet_of
from tests.server.plain_forms import Clerk
from tests.server.small_district import NOW

THREE = {"S1C1G1", "S1C1G2", "S1C1G3"}  # those of the worker and the one beside them
LAMPS = Wanted("lamps", "路灯", category="urban/component/0137")


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    """The cast of the running server, with a lamp in each of four grids."""
    found = live_server.database.run(lambda conn: Street.open(conn, Path()))
    put(live_server, found, "L1", "L2", "L3", "L4")
    return found


def put(live: LiveServer, street: Street, *names: str, wanted: Wanted = LAMPS) -> None:
    """Lamps: the first one in the worker's grid, each other one grid further to the east."""
    things = []
    for number, name in enumerate(names):
        lon, lat = 104.005 + number * 0.01, 30.005
        things.append(
            Thing(name, f"{name}号", {"pole": number}, shapely.to_wkb(shapely.Point(lon, lat)), lon, lat)
        )
    live.database.run(
        lambda conn: facilities.put(conn, street.district.id, wanted, things, ("f.geojson", "0" * 64), NOW)
    )


class Watched(BadWire):
    """A wire that notes what of the package went over it; `cut_after` pieces of files it goes dead, once."""

    def __init__(self) -> None:
        super().__init__()
        self.offers: list[dict[str, Any]] = []
        self.pieces: list[tuple[str, int]] = []
        self.cut_after: int | None = None
        self.spoil: Any = None
        self.flip = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        of_file = "/sync/v1/package/" in url
        if of_file and self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                self.cut_after = None
                raise LinkDown("cut")
        reply = super().send(method, url, headers, body)
        if of_file and reply.status == 206:
            if self.flip:
                reply = replace(reply, body=reply.body[:-9] + bytes([reply.body[-9] ^ 1]) + reply.body[-8:])
            self.pieces.append((url.rpartition("/")[2], len(reply.body)))
        elif "/sync/v1/package?" in url and reply.status == 200:
            offer = json.loads(reply.body)
            self.offers.append(offer)
            if self.spoil:
                reply = replace(reply, body=json.dumps(self.spoil(offer)).encode())
        return reply


def codes(tablet: Tablet) -> list[str]:
    """The lamps on the tablet, west to east."""
    return [one.code for one, _ in tablet._known.package.nearest(104.0, 30.005, ["lamps"], radius_m=20_000)]


def test_a_tablet_gets_its_grids_their_neighbours_and_what_stands_there_as_one_signed_file(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Watched()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    package = tablet._known.package
    assert {node.code for node in tablet._known.places.nodes if node.level == 3} == THREE
    assert codes(tablet) == ["L1", "L2", "L3"], "the fourth stands two grids away"
    assert [(layer.code, layer.category_code) for layer in package.layers] == [("lamps", "0137")]
    near = package.nearest(104.0055, 30.005, ["lamps"], radius_m=100)
    assert [(one.code, one.properties, round(away)) for one, away in near] == [("L1", {"pole": 0}, 48)]
    assert package.facility("lamps", "L2").grid == "S1C1G2"  # type: ignore[union-attr]
    (offer,) = wire.offers
    assert offer["base"] == "" and offer["content"] == package.content
    sealed = (tablet.home / "tablet.db").read_bytes()
    assert b"SQLite format 3" not in sealed[100:] and "号".encode() not in sealed
    tablet.close()


def test_what_changed_comes_as_a_difference_and_leads_to_the_same_as_the_whole(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Watched()
    tablet = tablet_of(live_server, "worker", tmp_path / "one", wire)
    before, whole = tablet._known.package.content, wire.offers[0]["bytes"]
    put(live_server, street, "L1", "new")
    tablet.sync_now()
    assert codes(tablet) == ["L1", "new"]
    assert wire.offers[1]["base"] == before and wire.offers[1]["bytes"] < whole
    fresh = tablet_of(live_server, "worker", tmp_path / "two", Watched())
    assert fresh._known.package.content == tablet._known.package.content == wire.offers[1]["content"]
    assert fresh._known.package.ground() == tablet._known.package.ground()
    for one in (tablet, fresh):
        one.close()


def test_a_base_that_the_server_has_forgotten_costs_the_whole_file_and_nothing_else(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Watched()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    for path in live_server.settings.packages.iterdir():
        path.unlink()
    put(live_server, street, "L1")
    tablet.sync_now()
    assert codes(tablet) == ["L1"] and wire.offers[-1]["base"] == ""
    tablet.close()


def test_a_download_that_was_cut_goes_on_at_the_piece_where_it_was(
    live_server: LiveServer, street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile.core.delivery.PIECE", 300)
    wire = Watched()
    wire.cut_after = 2
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    assert tablet._known.package.content == "" and tablet.link.state == "offline"
    assert len(wire.pieces) == 2
    tablet.sync_now()
    assert codes(tablet) == ["L1", "L2", "L3"]
    assert sum(length for _, length in wire.pieces) == wire.offers[0]["bytes"], "no byte came twice"
    tablet.close()


def test_a_file_with_another_bit_is_refused_before_anything_opens_it(
    live_server: LiveServer, street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile.core.delivery.zlib", None)  # what unpacks
    wire = Watched()
    wire.flip = True
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    assert tablet._syncer.delivery.fault and tablet._known.package.content == ""
    monkeypatch.undo()
    wire.flip = False
    tablet.sync_now()
    assert codes(tablet) == ["L1", "L2", "L3"] and not tablet._syncer.delivery.fault
    tablet.close()


def other_key(offer: dict[str, Any]) -> dict[str, Any]:
    signer = Ed25519PrivateKey.generate()
    signed = packages.signed_text(offer["key"], offer["content"], offer["sha256"], "")
    signature = signer.sign(signed).hex()
    return {**offer, "public_key": signer.public_key().public_bytes_raw().hex(), "signature": signature}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda offer: {**offer, "content": "0" * 64},
        lambda offer: {**offer, "key": "0" * 32},
        lambda offer: {**offer, "signature": "00" * 64},
        lambda offer: {**offer, "signature": "no hexadecimal"},
        lambda offer: {**offer, "sha256": "0" * 64},
        lambda offer: {**offer, "bytes": offer["bytes"] - 1},
        lambda offer: {**offer, "bytes": 10**12},
        lambda offer: {**offer, "tiles": {"file": "x", "bytes": 1, "sha256": "0" * 64}},
        lambda offer: {"envelope": offer["envelope"]},
        other_key,
    ],
    ids=[
        "content",
        "key",
        "signature",
        "no-hex",
        "hash",
        "short",
        "endless",
        "pictures",
        "half",
        "other-key",
    ],
)
def test_a_package_that_is_not_the_offices_is_refused_said_and_fetched_again(
    live_server: LiveServer, street: Street, tmp_path: Path, spoil: Any
) -> None:
    wire = Watched()
    tablet = tablet_of(live_server, "worker", tmp_path, wire)
    held = tablet._known.package.content
    put(live_server, street, "L1", "forged")
    wire.spoil = spoil
    tablet.sync_now()
    assert tablet.link.state == "online", "everything else goes on"
    assert tablet._known.package.content == held and codes(tablet) == ["L1", "L2", "L3"]
    assert any(
        "signature" in notice.title or "签名" in notice.title for notice in tablet.today(NOW, None).notices
    )
    told = "select refusals, refused_at is not null as dated from devices"
    assert rows(live_server, told) == [{"refusals": 0, "dated": False}]
    wire.spoil = None
    tablet.sync_now()
    assert rows(live_server, told) == [{"refusals": 1, "dated": True}], "the office knows it, too"
    page = Clerk(live_server, "admin").get("/devices")
    assert "拒收地图包 1 个" in page and "没有本单位的签名，或不完整" in page
    assert codes(tablet) == ["L1", "forged"]
    assert not any("签名" in notice.title for notice in tablet.today(NOW, None).notices)
    tablet.close()


def test_a_package_that_the_office_signed_for_somebody_else_or_for_last_month_is_left(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Watched()
    worker, head = (tablet_of(live_server, who, tmp_path / who, wire) for who in ("worker", "head"))
    old, theirs = wire.offers
    put(live_server, street, "L1", "new")
    for signed_once in (old, theirs):
        wire.spoil = lambda _, offer=signed_once: offer
        worker.sync_now()
        assert codes(worker) == ["L1", "L2", "L3"] and worker.link.state == "online"
    wire.spoil = None
    worker.sync_now()
    assert codes(worker) == ["L1", "new"]
    for tablet in (worker, head):
        tablet.close()


def test_another_role_in_the_same_grids_brings_the_layers_of_that_role(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    put(live_server, street, "L1", wanted=replace(LAMPS, readers=["worker"]))
    tablet = tablet_of(live_server, "worker", tmp_path, Watched())
    assert codes(tablet) == ["L1"]
    role = "update memberships set role = 'auditor' where person_id = %s"
    who = (street.district.people["worker"],)
    live_server.database.run(lambda conn: conn.cursor().execute(role, who))
    tablet.sync_now()
    assert [node.code for node in tablet._known.places.mine] == ["S1C1G1"]
    assert codes(tablet) == []
    tablet.close()


def test_after_a_restored_backup_no_file_of_the_lost_days_is_taken_for_a_new_one(
    live_server: LiveServer, street: Street
) -> None:
    def key(conn: Any) -> str:
        viewer = load_viewer(conn, street.district.people["worker"], NOW)
        assert viewer is not None
        return service.key_of(conn, service.Scope.of(viewer))

    before = live_server.database.run(key)
    assert live_server.database.run(key) == before
    live_server.database.run(lambda conn: conn.cursor().execute("update epoch set epoch = gen_random_uuid()"))
    assert live_server.database.run(key) != before


def test_a_layer_taken_away_from_the_role_leaves_the_tablet_with_the_next_difference(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    tablet = tablet_of(live_server, "worker", tmp_path, Watched())
    assert codes(tablet) == ["L1", "L2", "L3"]

    def narrow(conn: Any) -> None:
        admin = load_viewer(conn, street.district.people["admin"], NOW)
        assert admin is not None
        facilities.change_layer(conn, admin, "lamps", ["centre"], True, NOW, "")

    live_server.database.run(narrow)
    tablet.sync_now()
    assert codes(tablet) == [] and tablet._known.package.layers == ()
    assert not tablet._store.rows("select 1 from mirror where kind = 'package' and instr(body, '路灯')")
    tablet.close()


def test_that_a_layer_went_out_with_a_package_is_written_down_with_who_and_how_many(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    """Those in the file that went out: three of four lamps stand in the scope; of a difference only what is new."""
    tablet = tablet_of(live_server, "worker", tmp_path, Watched())
    (row,) = rows(live_server, "select person_id, filter, rows from access_log where what = 'layer'")
    assert row["person_id"] == street.district.people["worker"] and row["rows"] == 3
    assert json.loads(row["filter"]) == {"layers": ["lamps"]}
    put(live_server, street, "L1", "new", "L3", "L4")
    tablet.sync_now()
    assert codes(tablet) == ["L1", "new", "L3"]
    assert rows(live_server, "select sum(sent) as sent from layer_openings") == [{"sent": 4}]
    tablet.sync_now()
    assert rows(live_server, "select sum(sent) as sent from layer_openings") == [{"sent": 4}], (
        "nothing went out"
    )
    tablet.close()


def test_nobody_fetches_the_package_of_another_scope_or_a_file_that_is_none(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    wire = Watched()
    worker, head = (tablet_of(live_server, who, tmp_path / who, wire) for who in ("worker", "head"))
    mine, theirs = (offer["file"] for offer in wire.offers)
    assert mine != theirs

    def asked(tablet: Tablet, name: str) -> int:
        token = tablet._syncer.office.account.token  # type: ignore[union-attr]
        url = f"{live_server.url}/sync/v1/package/{name}"
        return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code

    assert (asked(worker, mine), asked(worker, theirs), asked(head, mine)) == (200, 404, 404)
    content = worker._known.package.content
    for name in (f"{content}.sqlite", "..%2Frun.lock", "x.gz", f"{'0' * 64}.gz"):
        assert asked(worker, name) == 404
    assert requests.get(f"{live_server.url}/sync/v1/package/{mine}", timeout=30).status_code == 401
    for tablet in (worker, head):
        tablet.close()


def test_another_beat_brings_the_package_of_the_other_beat(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    tablet = tablet_of(live_server, "worker", tmp_path, Watched())
    move = "update memberships set grid_id = %s where person_id = %s"
    there = street.district.nodes["S1C2G2"], street.district.people["worker"]
    live_server.database.run(lambda conn: conn.cursor().execute(move, there))
    tablet.sync_now()
    assert [node.code for node in tablet._known.places.mine] == ["S1C2G2"]
    assert codes(tablet) == ["L4"]
    tablet.close()


def test_a_tablet_killed_anywhere_between_asking_and_keeping_has_the_old_package_or_the_new_one(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    tablet = tablet_of(live_server, "worker", tmp_path, BadWire())
    clock, old = tablet._clock, tablet._known.package.content
    put(live_server, street, "L1", "new")
    tablet.close()
    seen = set()
    for dies_at in (-5, -15, -25, -35, -45, -55, 900, 1500, 2100):
        killed.run(tmp_path, clock, BadWire(), Tablet.sync_now, dies_at)
        again = Tablet(tmp_path, clock=clock, transport=BadWire())
        found = again._known.package
        seen.add(found.content)
        assert codes(again) == (["L1", "L2", "L3"] if found.content == old else ["L1", "new"])
        again.close()
    last = Tablet(tmp_path, clock=clock, transport=BadWire())
    last.sync_now()
    assert codes(last) == ["L1", "new"]
    assert seen <= {old, last._known.package.content}
    last.close()


def test_a_tablet_of_before_packages_is_sent_the_grids_in_the_answer_and_one_that_was_updated_the_package(
    live_server: LiveServer, street: Street, tmp_path: Path
) -> None:
    tablet = tablet_of(live_server, "worker", tmp_path, BadWire())
    token = tablet._syncer.office.account.token  # type: ignore[union-attr]

    def changes(**params: str) -> dict[str, Any]:
        url, held = f"{live_server.url}/sync/v1/changes", {"Authorization": f"Bearer {token}"}
        answer: dict[str, Any] = requests.get(url, params=params, headers=held, timeout=30).json()
        return answer

    def grid(answer: dict[str, Any]) -> list[dict[str, Any]]:
        return [change["body"] for change in answer["changes"] if change["kind"] == "grid"]

    old = changes()
    (body,) = grid(old)
    assert {node["code"] for node in body["nodes"] if node["level"] == 3} == THREE
    assert grid(changes(cursor=old["cursor"])) == []
    updated = changes(cursor=old["cursor"], package="2")
    assert grid(updated) == [{"format": packages.FORMAT, "key": tablet._known.package.key}]
    assert updated["changes"] == [change for change in updated["changes"] if change["kind"] == "grid"]
    assert grid(changes(cursor=updated["cursor"], package="2")) == []
    tablet.close()


def pictures(path: Path, kind: str = "png") -> Path:
    """An MBTiles file with a picture for every square of zoom 0 to 12, and more than it at the district."""
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("create table metadata (name text, value text)")
        conn.executemany("insert into metadata values (?, ?)", [("name", "街图"), ("format", kind)])
        conn.execute(
            "create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        # 104.005 E 30.005 N: column (104.005 + 180) / 360 × 2^12, row from the south
        here = [(z, int(284.005 / 360 * 2**z), int((1 + 0.5494 / 3.14159) / 2 * 2**z)) for z in range(13)]
        conn.executemany(
            "insert into tiles values (?, ?, ?, ?)", [(*at, b"\x89PNG%d" % at[0]) for at in here]
        )
        conn.execute("insert into tiles values (12, 0, 0, x'00')")
    return path


def test_the_tenants_map_pictures_are_clipped_to_the_scope_and_come_once(
    live_server: LiveServer, street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "mbtiles", pictures(tmp_path / "district.mbtiles"))
    monkeypatch.setattr("mobile.core.delivery.PIECE", 4096)
    wire = Watched()
    wire.cut_after = 3
    tablet = tablet_of(live_server, "worker", tmp_path / "tablet", wire)
    tablet.sync_now()
    with closing(sqlite3.connect(tablet._syncer.delivery.tiles)) as conn:
        assert conn.execute(
            "select count(*), max(zoom_level), max(length(tile_data)) from tiles"
        ).fetchone() == (13, 12, 6)
        assert dict(conn.execute("select name, value from metadata"))["name"] == "街图"
    went = len(wire.pieces)
    put(live_server, street, "L1")
    tablet.sync_now()
    assert codes(tablet) == ["L1"]
    assert [name for name, _ in wire.pieces[went:] if name.endswith(".mbtiles")] == []
    monkeypatch.setattr(settings(), "mbtiles", None)
    tablet.sync_now()
    assert not tablet._syncer.delivery.tiles.exists(), "what the office takes away goes"
    tablet.close()


def test_tiles_that_are_no_pictures_keep_nobody_from_the_grids(
    live_server: LiveServer, street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "mbtiles", pictures(tmp_path / "vector.mbtiles", "pbf"))
    tablet = tablet_of(live_server, "worker", tmp_path / "tablet", BadWire())
    assert codes(tablet) == ["L1", "L2", "L3"] and not tablet._syncer.delivery.tiles.exists()
    tablet.close()


def test_packages_that_nobody_asked_for_in_a_month_go_and_those_that_are_used_stay(tmp_path: Path) -> None:
    kept, now = Kept(tmp_path), datetime.now(UTC)

    def content() -> str:
        return kept.content("k" * 32, lambda: packages.made_of({"about": [("bounds", "[1,2,3,4]")]}))

    kept.put(f"{'0' * 64}.gz", b"x")
    assert kept.way("", content())[0] == f"{content()}.gz"
    used = {path.name for path in tmp_path.iterdir()} - {f"{'0' * 64}.gz"}
    long_ago = (now - timedelta(days=31)).timestamp()
    for path in tmp_path.iterdir():
        os.utime(path, (long_ago, long_ago))
    kept.way("", content())
    assert kept.forget(now) == 1 and {path.name for path in tmp_path.iterdir()} == used
    packed = kept.file(f"{content()}.gz")
    assert packed and packages.content_of(gzip.decompress(packed.read_bytes())) == content()
