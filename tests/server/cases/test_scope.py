"""Who sees a case is decided in one place: the SQL function says what the transition table says, and every query asks it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from server.cases.state import CaseState
from server.db import Connection
from server.protocol.hats import sees
from server.settings import CHECKOUT
from tests.factories import COVER, Street

# Queries that read cases without a viewer, and why they may.
UNSCOPED = {
    "server/cases/apply.sql": "locks the cases of a batch; what each actor may do there is decided by the table",
    "server/cases/chain.sql": "the proof recomputes every chain for the operator",
    "server/cases/anchors.sql": "the heads of all chains, for the operator",
    "server/cases/redaction.sql": "the case was read through the scope just before; after a restore the operator erases again",
    "server/people/erasure.sql": "the operator erases by case number and event; nothing is read out",
    "server/cases/guests.sql": "one case, by the hash of a link's token or by number and code; apply decides what it may do",
    "server/public/queries.sql: published": "published: closed, ninety days, only public columns; the service picks categories",
    "server/public/queries.sql: story": "of the one case that a link opened",
    "server/public/queries.sql: cycle": "of the one case that a link opened",
    "server/public/queries.sql: photos": "of the one case that a link opened",
    "server/cases/blobs.sql": "tells the cases that waited for a photo; nothing is read out",
    "server/demo.sql": "whether the demo has any case yet",
    "server/health.sql": "counts for the operator's gauges",
    "server/cases/importer.sql: known": "what the importer itself brought, by outside number",
    "server/console/queries.sql: held": "asks for the centre's own district; only offices of the centre are let to it",
    "server/cases/queries.sql: case_of_outside": "looked up by outside number, then fetched in scope",
    "server/cases/queries.sql: found_by_words": "ids only; the list then asks for those of them in scope",
    "server/sync/queries.sql: declared_as": "of an attachment that the device itself names, its hash and size only",
    "server/cases/outside.sql": "of the one case that an outside number led to, in scope or by a file of its district",
    "server/cases/sent.sql": "photos by id and sender; bytes that no case has",
    "server/cases/apply.sql: photos_known": "whether an id is taken, of whichever case",
    "server/cases/queries.sql: page_counted": "joins counted_for, which takes the viewer's scope",
    "server/cases/queries.sql: cases_without_photo": "ids only; the list then asks for those of them in scope",
    "server/cases/queries.sql: missed_deadlines": "the system's own clock",
    "server/cases/queries.sql: run_out": "the system's own clock",
    "server/holds/queries.sql: page": "of held acts, to the office that must decide about them or the district's centre",
    "server/holds/queries.sql: case_version": "locked by id while the office decides about an act on it",
    "server/backup/queries.sql": "counts for the operator who saves or restores the whole installation",
    "server/cases/rerouting.sql": "open cases of a district that new boundaries move; each by a command of the system's own",
    "server/cases/recompute.sql": "which cases are open; each is then changed by a command of the system's own",
}


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def _queries() -> list[tuple[str, str]]:
    found = []
    for path in sorted((CHECKOUT / "server").rglob("*.sql")):
        if "migrations" in path.parts or path.name == "schema.sql":
            continue
        name = path.relative_to(CHECKOUT).as_posix()
        parts = re.split(r"^-- name: (\w+).*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        found += [
            (f"{name}: {query}", re.sub(r"--.*", "", text))
            for query, text in zip(parts[::2], parts[1::2], strict=True)
        ]
    return found


def test_every_query_that_reads_cases_goes_through_the_one_scope() -> None:
    loose = [
        name
        for name, text in _queries()
        if re.search(r"\b(from|join)\s+(cases|cycles|case_events|attachments)\b", text)
        and not re.search(r"\b(visible_cases|asked_cases|counted_for)\b", text)
        and name not in UNSCOPED
        and name.split(":")[0] not in UNSCOPED
        and "any (:ids" not in text
    ]
    assert loose == [], loose


def test_the_sql_scope_and_the_transition_table_see_the_same_cases(street: Street) -> None:
    numbers = [
        street.report(),
        street.report(lon=104.035),
        street.report(lon=104.075),
        street.report(lon=None, lat=None),
        street.report("head", lon=104.005),
        street.dispatched(),
        street.dispatched(crew="crew-far", lon=104.115),
        street.report("intake", category=COVER),
    ]
    street.act("duty", numbers[0], "register")
    with street.conn.cursor() as cursor:
        # One open to claims, one that a crew was asked to help with: both are seen by who has no office there.
        cursor.execute("update cases set flags = flags || '{claimable}' where number = %s", (numbers[0],))
        helper = street.viewer("crew").organisation_id
        cursor.execute("update cases set helpers = %s where number = %s", ([helper], numbers[2]))
        columns = ", ".join(CaseState.__dataclass_fields__)
        cursor.execute(f"select {columns} from cases")
        cases = [CaseState(**row) for row in cursor.fetchall()]
        assert len(cases) == len(numbers)
        for login in street.district.people:
            viewer = street.viewer(login)
            for seen_by in (viewer, replace(viewer, organisation_id=-1, role="")):
                cursor.execute(
                    "select number from visible_cases(%(district)s::bigint, %(street)s::bigint, %(community)s::bigint,"
                    " %(grids)s::bigint[], %(organisation)s::bigint, %(person)s::bigint)",
                    seen_by.scope_params(),
                )
                by_sql = [row["number"] for row in cursor.fetchall()]
                by_table = [case.number for case in cases if sees(seen_by.actor(), case.facts(street.now))]
                assert sorted(by_sql) == sorted(by_table), login
