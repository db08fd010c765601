"""Files that were made to do harm, by both doors: the command line and the console say why, and nothing is loaded.

What reading itself refuses is tried more closely in `tests/gis/test_bad_input.py`.
"""

import json
import os
import select
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import geopandas
import pytest
import requests
from typer.testing import CliRunner

from gis import aside, gdal
from gis.__main__ import app
from server.db import Database, connect
from server.settings import CHECKOUT, settings
from tests.conftest import Databases, serving
from tests.gis.strip import Feature, named, sound, write
from tests.server.plain_forms import Forms
from tests.server.small_district import PASSWORD, make_small_district

SECRET = "乙未密件"
PADDING = f"<!-- {'x' * 100_000} -->"
PLACE = (
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>104,30 104.1,30 104.1,30.1 104,30</coordinates>"
    "</LinearRing></outerBoundaryIs></Polygon>"
)


@dataclass
class Office:
    """A running server with one district, an administrator at its page of drafts, and the database beneath."""

    url: str
    dsn: str
    admin: requests.Session

    def upload(self, path: Path) -> str:
        """What the page of drafts says about an uploaded file, after its refusal."""
        page = self.admin.get(f"{self.url}/grids/versions", timeout=60)
        form = next(f for f in Forms(page.text).found if f.action.endswith("/drafts"))
        with path.open("rb") as file:
            answer = self.admin.post(self.url + form.action, data=form.sent, files={"file": (path.name, file)},
                                     headers={"Origin": self.url}, timeout=120)  # fmt: skip
        assert answer.status_code == 422
        return unescape(answer.text)

    def load(self, path: Path) -> str:
        """What the command line says, in Chinese as the page does."""
        done = CliRunner().invoke(app, ["load", str(path), "--district", "D"])
        assert done.exit_code in (1, 2) and not isinstance(done.exception, (ValueError, OSError))
        return done.output

    def stored(self) -> tuple[int, int]:
        """How many versions and drafts there are."""
        with closing(connect(self.dsn)) as conn, conn.cursor() as cursor:
            cursor.execute(
                "select (select count(*) from boundary_versions) as versions,"
                " (select count(*) from boundary_drafts) as drafts"
            )
            row = cursor.fetchone()
            return row["versions"], row["drafts"]


@pytest.fixture(scope="module")
def running(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("home")
    with databases.fresh() as dsn, closing(Database(dsn)) as database, serving(database, home) as server:
        database.run(make_small_district)
        admin = requests.Session()
        page = admin.get(f"{server.url}/login", timeout=60)
        form = next(f for f in Forms(page.text).found if "password" in f.written)
        admin.post(f"{server.url}/login", data=form.fill(login="admin", password=PASSWORD).sent,
                   headers={"Origin": server.url}, timeout=60)  # fmt: skip
        yield Office(server.url, dsn, admin)


@pytest.fixture
def office(running: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("DATABASE_URL", running.dsn)
    monkeypatch.setenv("XUNGE_LANG", "zh-CN")
    settings.cache_clear()
    yield running
    settings.cache_clear()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Somebody else's file beside the one that is given; its names must not be seen anywhere."""
    (tmp_path / "elsewhere").mkdir()
    return write(tmp_path / "elsewhere" / "secret.geojson", [
        {**one, "properties": {**one["properties"], "name": SECRET}} for one in sound()
    ])  # fmt: skip


def frame(path: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_file(write(path, sound()))


def bomb(folder: Path, name: str, inner: str) -> Path:
    """600 MB of blanks in half a megabyte."""
    with (
        zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(inner, "w") as file,
    ):
        for _ in range(600):
            file.write(b" " * (1 << 20))
    return folder / name


def zip_bomb(folder: Path, secret: Path) -> Path:
    return bomb(folder, "bomb.zip", "a.geojson")


def map_bomb(folder: Path, secret: Path) -> Path:
    return bomb(folder, "bomb.kmz", "doc.kml")


def table_bomb(folder: Path, secret: Path) -> Path:
    return bomb(folder, "bomb.xlsx", "xl/worksheets/sheet1.xml")


def link_in_an_archive(folder: Path, secret: Path) -> Path:
    link = zipfile.ZipInfo("grids.geojson")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "link.zip", "w") as archive:
        archive.writestr(link, str(secret))
    return folder / "link.zip"


def names_that_climb(folder: Path, secret: Path) -> Path:
    with zipfile.ZipFile(folder / "up.zip", "w") as archive:
        archive.writestr("../../climbed.geojson", json.dumps({"type": "FeatureCollection", "features": []}))
    return folder / "up.zip"


def entity(folder: Path, name: str, declared: str, padding: str = "") -> Path:
    (folder / name).write_text(
        f"<?xml version='1.0'?>{padding}<!DOCTYPE kml [{declared}]><kml xmlns='http://www.opengis.net/kml/2.2'>"
        f"<Document><Placemark><name>&other;</name>{PLACE}</Placemark></Document></kml>",
        encoding="utf-8",
    )
    return folder / name


def outside_entity(folder: Path, secret: Path) -> Path:
    return entity(folder, "a.kml", f"<!ENTITY other SYSTEM 'file://{secret}'>")


def outside_entity_far_in(folder: Path, secret: Path) -> Path:
    return entity(folder, "a.kml", f"<!ENTITY other SYSTEM 'file://{secret}'>", PADDING)


def entity_in_gml(folder: Path, secret: Path) -> Path:
    return entity(folder, "a.gml", f"<!ENTITY other SYSTEM 'file://{secret}'>")


def growing_entities(folder: Path, secret: Path) -> Path:
    grown = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    return entity(folder, "a.kml", f"<!ENTITY a0 'ha'>{grown}<!ENTITY other '&a12;'>", PADDING)


def virtual_dataset(folder: Path, secret: Path) -> Path:
    source = "<SrcDataSource>/etc/passwd</SrcDataSource><SrcLayer>passwd</SrcLayer>"
    (folder / "a.vrt").write_text(
        f"<OGRVRTDataSource><OGRVRTLayer name='passwd'>{source}</OGRVRTLayer></OGRVRTDataSource>",
        encoding="ascii",
    )
    return folder / "a.vrt"


def view_of_tables(folder: Path, secret: Path) -> Path:
    geopandas.read_file(secret).to_file(secret.with_suffix(".tab"), driver="MapInfo File")
    (folder / "view.tab").write_text(
        '!table\n!version 300\n!charset WindowsLatin1\n\nOpen Table "elsewhere/secret" Hide\n'
        'Open Table "elsewhere/secret" Hide\n\nCreate View view As\nSelect level,code,name,parent\n'
        "From secret, secret\nWhere secret.code=secret.code\n",
        encoding="ascii",
    )
    return folder / "view.tab"


def view_in_a_geopackage(folder: Path, secret: Path, statement: str, before: str = "") -> Path:
    """A GeoPackage whose only layer is a view of something."""
    path = folder / "view.gpkg"
    frame(folder / "plain.geojson").to_file(path, driver="GPKG", layer="plain")
    with closing(sqlite3.connect(path)) as database, database:
        for (trigger,) in list(database.execute("select name from sqlite_master where type = 'trigger'")):
            database.execute(f'drop trigger "{trigger}"')
        database.execute("pragma writable_schema = on")
        for name, kind, sql in (("other", "table", before), ("grids", "view", statement)):
            if sql:
                database.execute(
                    "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values (?, ?, ?, 0, ?)",
                    (kind, name, name, sql),
                )
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            database.execute(f"update {table} set table_name = 'grids'")
    return path


def view_of_another_database(folder: Path, secret: Path) -> Path:
    other = f"create virtual table other using VirtualOGR('{secret}')"
    return view_in_a_geopackage(folder, secret, "create view grids as select * from other", other)


def view_without_end(folder: Path, secret: Path) -> Path:
    numbers = "with recursive r (n) as (select 1 union all select n + 1 from r)"
    columns = "n as fid, plain.geom, plain.level, plain.code, plain.name, plain.parent"
    return view_in_a_geopackage(
        folder, secret, f"create view grids as {numbers} select {columns} from r, plain"
    )


def nested(folder: Path, secret: Path) -> Path:
    features: list[Feature] = sound()
    named(features, "0121")["geometry"]["coordinates"] = "DEEP"
    document = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "deep.geojson").write_text(
        document.replace('"DEEP"', "[" * 10_000 + "]" * 10_000), encoding="ascii"
    )
    return folder / "deep.geojson"


Make = Callable[[Path, Path], Path]
# What each is refused with, in the words of the page.
FILES: list[tuple[Make, str]] = [
    (zip_bomb, "压缩包解开后超过"),
    (map_bomb, "压缩包解开后超过"),
    (table_bomb, "压缩包解开后超过"),
    (link_in_an_archive, "指向其他文件的链接"),
    (names_that_climb, "文件里没有要素"),
    (outside_entity, "XML 实体"),
    (outside_entity_far_in, "GDAL 读不了"),
    (entity_in_gml, "XML 实体"),
    (growing_entities, "GDAL 读不了"),
    (virtual_dataset, "虚拟数据集"),
    (view_of_tables, "MapInfo 的视图"),
    (view_of_another_database, "GDAL 读不了"),
    (view_without_end, "超过 3 秒"),
    (nested, "嵌套"),
]


@pytest.mark.parametrize(("make", "said"), FILES, ids=[make.__name__ for make, _ in FILES])
def test_by_both_doors_it_ends_with_a_sentence_shows_nothing_of_others_and_leaves_nothing(
    make: Make, said: str, office: Office, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if make is view_without_end:
        monkeypatch.setattr(gdal, "SECONDS", 3)
        monkeypatch.setattr(aside, "SECONDS", 3)
    path, before = make(tmp_path, secret), office.stored()
    for told in (office.load(path), office.upload(path)):
        assert said in told
        assert SECRET not in told and "root:" not in told
    assert office.stored() == before
    assert not list(tmp_path.parent.rglob("climbed*"))


def pipe(folder: Path, secret: Path) -> Path:
    os.mkfifo(folder / "grids.geojson")
    return folder / "grids.geojson"


def pipe_beside(folder: Path, secret: Path) -> Path:
    frame(folder / "plain.geojson").to_file(folder / "grids.shp", encoding="UTF-8")
    (folder / "grids.cpg").unlink()
    os.mkfifo(folder / "grids.cpg")
    return folder / "grids.shp"


def link_out(folder: Path, secret: Path) -> Path:
    (folder / "grids.geojson").symlink_to(secret)
    return folder / "grids.geojson"


def link_beside(folder: Path, secret: Path) -> Path:
    geopandas.read_file(secret).to_file(secret.with_suffix(".shp"), encoding="UTF-8")
    frame(folder / "plain.geojson").to_file(folder / "grids.shp", encoding="UTF-8")
    (folder / "grids.dbf").unlink()
    (folder / "grids.dbf").symlink_to(secret.with_suffix(".dbf"))
    return folder / "grids.shp"


def two_gigabytes(folder: Path, secret: Path) -> Path:
    with (folder / "huge.geojson").open("wb") as file:
        file.write(b'{"type": "FeatureCollection", "features": [')
        file.truncate(2 << 30)
    return folder / "huge.geojson"


def five_million_vertices(folder: Path, secret: Path) -> Path:
    features = sound()
    named(features, "0121")["geometry"]["coordinates"] = "RING"
    document = json.dumps({"type": "FeatureCollection", "features": features})
    ring = ",".join(["[104.5,30.25],[104.75,30.5]"] * 2_500_000)
    (folder / "long.geojson").write_text(document.replace('"RING"', f"[[{ring}]]"), encoding="ascii")
    return folder / "long.geojson"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (pipe, "没有文件"),
        (pipe_beside, "链接或管道"),
        (link_out, "指向其文件夹之外的链接"),
        (link_beside, "链接或管道"),
        (two_gigabytes, "文件超过"),
        (five_million_vertices, '"code": "0121"'),
    ],
)
def test_what_only_a_disk_can_hold_ends_the_command_with_a_sentence(
    make: Make, said: str, office: Office, secret: Path, tmp_path: Path
) -> None:
    path, before = make(tmp_path, secret), office.stored()
    told = office.load(path)
    assert said in told and SECRET not in told
    assert office.stored() == before


def reader_of(path: Path, asker: int) -> int | None:
    """The child of `asker` that has the file open, once it has."""
    for child in Path(f"/proc/{asker}/task/{asker}/children").read_text("ascii").split():
        with suppress(OSError):
            if any(one.readlink() == path for one in Path(f"/proc/{child}/fd").iterdir()):
                return int(child)
    return None


def test_what_reads_a_file_ends_with_who_asked_for_it(secret: Path, tmp_path: Path) -> None:
    """Even one that is killed: no reader of an endless file goes on behind its back."""
    program = "import sys, pathlib, gis.read; gis.read.read(pathlib.Path(sys.argv[1]))"
    path = view_without_end(tmp_path, secret)
    with subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=CHECKOUT) as asker:
        until = time.monotonic() + 60
        while (found := reader_of(path, asker.pid)) is None:
            assert time.monotonic() < until
        reader = os.pidfd_open(found)
        asker.kill()
    ended, _, _ = select.select([reader], [], [], 20)
    os.close(reader)
    assert ended


def test_the_console_takes_no_more_than_a_page_may_bring(office: Office, tmp_path: Path) -> None:
    with (tmp_path / "large.geojson").open("wb") as file:
        file.truncate((32 << 20) + 1)
    assert "文件超过 33,554,432 字节" in office.upload(tmp_path / "large.geojson")
