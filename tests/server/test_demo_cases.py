"""The demo's cases are walked by the real acts: whole chains, once only, none in the future."""

import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from server.cases.chain import verify_slice
from server.db import Database
from server.demo import make_demo_people
from server.demo_cases import LIVE, RECORDED, make_demo_cases
from server.settings import CHECKOUT


def test_the_demo_has_a_month_of_proved_cases_made_once(database: Database, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database.dsn, "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [sys.executable, "-m", "gis", "load", "grids.geojson"],
        cwd=CHECKOUT,
        env=environment,
        check=True,
        capture_output=True,
    )
    database.run(make_demo_people)
    now = datetime.now(UTC)
    assert database.run(lambda conn: make_demo_cases(conn, tmp_path, now)) == RECORDED + LIVE
    assert database.run(lambda conn: make_demo_cases(conn, tmp_path, now)) == 0
    with database.read() as conn, conn.cursor() as cursor:
        assert verify_slice(conn, uuid.UUID(int=0), 1000)[1:] == (RECORDED + LIVE, [])
        cursor.execute(
            "select count(distinct state) as states, max(received_at) as last, count(distinct street_id) as streets from cases"
        )
        found = cursor.fetchone()
    assert found["states"] >= 5
    assert found["streets"] == 8
    assert found["last"] <= now
