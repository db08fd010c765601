"""Which pack counts: a district puts its own in force, cases keep the one that they were made under."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from server import packs
from server.db import Database
from server.errors import BadInput
from server.packs import keeping
from server.packs.folder import read_text
from server.packs.toml import as_toml
from server.settings import CHECKOUT
from tests.server.packs.written import SMALL, data
from tests.server.small_district import SmallDistrict, make_small_district

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    return database.run(make_small_district)


def put(database: Database, district_id: int, text: str = SMALL, now: datetime = NOW) -> int:
    return database.run(
        lambda conn: keeping.put(conn, district_id, read_text(text, "mine.toml"), None, "", now)
    )


def in_force(database: Database, district_id: int) -> tuple[int, str]:
    with database.read() as conn:
        version, pack = packs.current(conn, district_id)
    return version, pack.code


def rows(database: Database, question: str, *values: Any) -> list[dict[str, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(question, values)
        return [dict(row) for row in cursor.fetchall()]


def test_a_pack_is_in_force_at_once_and_tablets_are_told(database: Database, district: SmallDistrict) -> None:
    before, code = in_force(database, district.id)
    assert code == "urban"
    version = put(database, district.id)
    assert in_force(database, district.id) == (version, "small")
    assert version != before
    told = rows(
        database, "select id, version from change_log where kind = 'pack' and district_id = %s", district.id
    )
    assert told == [{"id": "small", "version": version}]
    (logged,) = rows(database, "select detail from security_log where what = 'pack_put'")
    assert logged["detail"] == {"district": district.id, "pack": "small", "version": version}


def test_a_faulty_pack_is_refused_whole_and_the_one_in_force_stays(
    database: Database, district: SmallDistrict
) -> None:
    version = put(database, district.id)
    with pytest.raises(keeping.FaultyPack, match=r"mine.toml:\d+: extensions must be from 0 to 2") as refused:
        put(database, district.id, SMALL.replace("extensions = 2", "extensions = 4"))
    assert len(refused.value.findings) == 1
    assert in_force(database, district.id) == (version, "small")
    assert len(rows(database, "select id from district_packs")) == 1


def test_the_same_content_is_one_version_and_an_earlier_one_can_come_back(
    database: Database, district: SmallDistrict
) -> None:
    first = put(database, district.id)
    second = put(database, district.id, SMALL.replace("reopen_days = 15", "reopen_days = 9"))
    assert put(database, district.id) == first != second
    assert in_force(database, district.id)[0] == first
    assert [
        row["version_id"] for row in rows(database, "select version_id from district_packs order by id")
    ] == [
        first,
        second,
        first,
    ]


def test_another_district_keeps_its_pack(database: Database, district: SmallDistrict) -> None:
    def add(conn: Any) -> int:
        with conn.cursor() as cursor:
            cursor.execute("insert into grid_nodes (level, code) values (0, 'E') returning id")
            node = cursor.fetchone()["id"]
            cursor.execute("update grid_nodes set district_id = id where id = %s", (node,))
            cursor.execute(
                "insert into districts (id, code, name, timezone, pack) values (%s, 'E', '东区', 'Asia/Shanghai', 'urban')",
                (node,),
            )
        return int(node)

    other = database.run(add)
    put(database, district.id, as_toml(data() | {"code": "urban"}))
    assert in_force(database, other)[0] != in_force(database, district.id)[0]
    with database.read() as conn:
        assert len(packs.current(conn, other)[1].categories) == 47
        assert len(packs.current(conn, district.id)[1].categories) == 2


def test_a_district_can_follow_a_pack_of_the_program_again(
    database: Database, district: SmallDistrict
) -> None:
    put(database, district.id)
    database.run(lambda conn: keeping.follow(conn, district.id, "social", None, "", NOW))
    assert in_force(database, district.id)[1] == "social"
    with pytest.raises(BadInput, match="There is no pack called nothing"):
        database.run(lambda conn: keeping.follow(conn, district.id, "nothing", None, "", NOW))


def test_a_version_can_neither_be_changed_nor_taken_away(database: Database, district: SmallDistrict) -> None:
    version = put(database, district.id)
    for statement in (
        "update pack_versions set body = '{}' where id = %s",
        "delete from pack_versions where id = %s",
        "delete from district_packs where version_id = %s",
        "update shipped_packs set version_id = %s",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            database.run(lambda conn, s=statement: conn.cursor().execute(s, (version,)))


def test_a_large_body_is_read_once(database: Database, district: SmallDistrict) -> None:
    put(database, district.id)
    with database.read() as conn:
        first = packs.current(conn, district.id)[1]
    with database.read() as conn:
        assert packs.current(conn, district.id)[1] is first


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, env={"XUNGE_LANG": "en", "PATH": ""},
    )  # fmt: skip


def test_check_pack_names_each_fault_with_file_and_line_and_fails(tmp_path: Path) -> None:
    (tmp_path / "categories").mkdir()
    (tmp_path / "pack.toml").write_text(
        SMALL[: SMALL.index("[[categories]]")].replace("rate_days = 30", "rate_days = -1"), encoding="utf-8"
    )
    rest = SMALL[SMALL.index("[[categories]]") :].replace('payer = "public"', 'payer = "you"')
    (tmp_path / "categories" / "01.toml").write_text("# one major\n" + rest, encoding="utf-8")
    told = command("check-pack", str(tmp_path), "--json")
    assert told.returncode == 1, told.stderr
    found = json.loads(told.stdout)
    assert [(Path(f["file"]).name, f["line"], f["place"]) for f in found] == [
        ("pack.toml", 19, "rate_days"),
        ("01.toml", 13, "categories[0].payer"),
    ]
    assert found[1]["reason"] == "you is not known here; known: public, fund, responsible"


def test_check_pack_accepts_the_packs_of_the_program_by_name() -> None:
    told = command("check-pack", "urban")
    assert (told.returncode, told.stdout.strip().endswith("can be used: 47 categories.")) == (0, True)
    told = command("check-pack", "nowhere")
    assert told.returncode == 2
    assert "nowhere is no pack" in told.stderr
