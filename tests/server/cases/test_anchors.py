"""What was anchored can be proved later: a cut tail, a chain written anew, altered anchors and logs are found and named."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from server.audit import access
from server.cases import anchored, anchors, chain, link, merkle
from server.cases.proving import prove_all
from server.db import Connection, Database, connect
from server.people.erasure import erase_words
from server.settings import CHECKOUT
from tasks import anchor_heads
from tests.factories import START, Street
from tests.server.cases.test_chain import tampered


class Kept:
    """A database with two closed cases, an anchor of them, and a third case since; the anchors' folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder / "anchors"

        def road(conn: Connection) -> list[str]:
            street = Street.open(conn, folder)
            first = [street.closed(), street.dispatched()]
            access.read_personal(conn, street.viewer("duty"), "unmask", "回访", START)
            return first

        self.numbers = database.run(road)
        self.first = self.anchor()

    def anchor(self, **later: float) -> anchors.Anchor:
        now = START + timedelta(**later)
        return self.database.run(lambda conn: anchors.make_anchor(conn, self.folder, now))

    def move(self, number: str) -> None:
        """One more event on a case."""

        def comment(conn: Connection) -> None:
            with conn.cursor() as cursor:
                cursor.execute("select id, login from people")
                people = {row["login"]: row["id"] for row in cursor.fetchall()}
                cursor.execute("select id from districts")
                district = type("Cast", (), {"id": cursor.fetchone()["id"], "people": people})
            Street(conn, district, self.folder, START + timedelta(hours=3)).act(
                "duty", number, "comment", text="再看"
            )

        self.database.run(comment)

    def faults(self) -> list[tuple[str, int, str]]:
        """What verifying finds with the files: (number, event, why)."""
        with self.database.read() as conn:
            found = [*anchored.verify_records(conn).broken, *anchored.verify_files(conn, self.folder).broken]
        return [(one.number, one.n, one.why) for one in found]

    def heads(self, anchor: anchors.Anchor) -> Path:
        return self.folder / (anchor.name + anchors.HEADS)

    def header(self, anchor: anchors.Anchor) -> Path:
        return self.folder / (anchor.name + anchors.HEADER)


@pytest.fixture
def kept(database: Database, tmp_path: Path) -> Kept:
    return Kept(database, tmp_path)


def chains_are_whole(database: Database) -> bool:
    return prove_all(database).broken == []


def rewrite(dsn: str, number: str) -> None:
    """Writes a case anew from its first event on: another crew, and hashes that fit."""
    owner = connect(dsn, application=False)
    with owner, owner.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute("select case_id from case_keys where number = %s", (number,))
        case_id = cursor.fetchone()["case_id"]
        cursor.execute("select * from case_events where case_id = %s order by n", (case_id,))
        previous = ""
        for row in cursor.fetchall():
            values = {name: row[name] for name in link.LINK[:15]}
            values |= {"case_id": str(case_id), "command_id": str(row["command_id"]), "prev_hash": previous}
            values["acted_at"] = values["acted_at"].replace("2026-11-22", "2026-11-21")
            previous = link.Event(**values).hash
            cursor.execute(
                "update case_events set acted_at = %s, prev_hash = %s, hash = %s where (case_id, n) = (%s, %s)",
                (values["acted_at"], values["prev_hash"], previous, case_id, row["n"]),
            )
        cursor.execute("update cases set last_hash = %s where id = %s", (previous, case_id))
    owner.close()


def cut(dsn: str, number: str) -> None:
    """Takes the newest event of a case away, and makes the case agree."""
    tampered(
        dsn,
        f"delete from case_events e using case_keys k where k.number = '{number}' and e.case_id = k.case_id"
        " and e.n = (select version from cases where id = k.case_id)",
        "update cases c set version = e.n, state = e.to_state, last_hash = e.hash from case_events e"
        f" where c.number = '{number}' and e.case_id = c.id and e.n = c.version - 1",
    )


def test_an_anchor_holds_the_head_of_every_case_and_the_next_one_those_that_moved(kept: Kept) -> None:
    kept.move(kept.numbers[1])
    second = kept.anchor(days=1)
    heads = [[n for _, n, _ in anchors.read_heads(kept.heads(one))] for one in (kept.first, second)]
    assert (sorted(heads[0]), heads[1]) == ([3, 7], [4])
    assert (second.n, second.previous, second.day) == (2, kept.first.hash, "2026-11-23")
    assert (kept.first.cases, second.cases) == (2, 1)
    assert kept.anchor(days=2).root == merkle.EMPTY
    assert kept.faults() == []


def test_an_event_that_was_cut_off_before_the_anchor_is_named(kept: Kept) -> None:
    number = kept.numbers[1]
    cut(kept.database.dsn, number)
    tampered(
        kept.database.dsn, "delete from deadlines where kind = 'handle'", "update cases set handler_id = null"
    )
    assert (number, 3, anchored.GONE) in kept.faults()


def test_an_event_that_was_cut_off_after_the_last_anchor_is_beyond_it(kept: Kept) -> None:
    kept.move(kept.numbers[0])
    cut(kept.database.dsn, kept.numbers[0])
    assert kept.faults() == []
    assert chains_are_whole(kept.database)


def test_a_chain_that_was_written_anew_is_whole_in_itself_and_named_by_the_anchor(kept: Kept) -> None:
    rewrite(kept.database.dsn, kept.numbers[0])
    assert chains_are_whole(kept.database)
    assert kept.faults() == [(kept.numbers[0], 7, anchored.REWRITTEN)]


def test_a_case_that_vanished_whole_is_named_by_its_id(kept: Kept) -> None:
    tampered(kept.database.dsn, "delete from case_events", "delete from cases", "delete from case_keys")
    found = kept.faults()
    assert [(n, why) for _, n, why in found] == [
        (n, anchored.GONE) for _, n, _ in anchors.read_heads(kept.heads(kept.first))
    ]
    assert [number for number, _, _ in found] == [
        case for case, _, _ in anchors.read_heads(kept.heads(kept.first))
    ]


def changed(path: Path, name: str, value: Any, hashed: bool = False) -> None:
    found = json.loads(path.read_text()) | {name: value}
    if hashed:
        del found["hash"]
        found["hash"] = anchors.Anchor(**found).hash
    path.write_text(json.dumps(found))


def packed_anew(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("".join(line + "\n" for line in change(lines)).encode()))


ALTERED_FILES: dict[str, tuple[Callable[[Kept], Any], set[str]]] = {
    "its header": (lambda k: changed(k.header(k.first), "cases", 1), {anchored.ALTERED_FILE}),
    "its header with a hash that fits": (
        lambda k: changed(k.header(k.first), "made_at", "2026", hashed=True),
        {anchored.NO_ROW, anchored.ALTERED_FILE},
    ),
    "a head left out": (
        lambda k: packed_anew(k.heads(k.first), lambda lines: lines[1:]),
        {anchored.OTHER_HEADS},
    ),
    "a head put in": (
        lambda k: packed_anew(k.heads(k.first), lambda lines: [*lines, lines[0]]),
        {anchored.OTHER_HEADS},
    ),
    "heads that are none": (
        lambda k: packed_anew(k.heads(k.first), lambda lines: ['["x", 1, "y"]', *lines]),
        {anchored.ALTERED_FILE},
    ),
    "a torn file": (
        lambda k: k.heads(k.first).write_bytes(k.heads(k.first).read_bytes()[:-20]),
        {anchored.ALTERED_FILE},
    ),
    "no heads": (lambda k: k.heads(k.first).unlink(), {anchored.NO_HEADS}),
    "something else": (lambda k: k.header(k.first).write_text("[]"), {anchored.ALTERED_FILE}),
}


@pytest.mark.parametrize("how", ALTERED_FILES)
def test_an_altered_anchor_file_is_named(kept: Kept, how: str) -> None:
    kept.anchor(days=1)
    alter, why = ALTERED_FILES[how]
    alter(kept)
    assert {fault[2] for fault in kept.faults()} == why


def test_an_anchor_missing_between_others_is_named(kept: Kept) -> None:
    second = kept.anchor(days=1)
    kept.anchor(days=2)
    kept.header(second).unlink()
    assert kept.faults() == [("", 0, anchored.NO_FILE)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("update anchors set cases = 1 where n = 1", {anchored.ALTERED_ROW, anchored.NO_ROW}),
        ("delete from anchors where n = 1", {anchored.ALTERED_ROW, anchored.NO_ROW}),
        ("delete from anchors", {anchored.NO_ROW}),
        ("update access_log set reason = 'x'", {anchored.ACCESS_BROKEN}),
        ("update access_log set n = 2, prev_hash = hash", {anchored.ACCESS_BROKEN, anchored.ACCESS_CUT}),
        ("delete from access_log", {anchored.ACCESS_CUT}),
    ],
)
def test_altering_the_table_of_anchors_or_the_access_log_is_found(
    kept: Kept, statement: str, why: set[str]
) -> None:
    kept.anchor(days=1)
    tampered(kept.database.dsn, statement)
    assert {fault[2] for fault in kept.faults()} == why


@pytest.mark.parametrize("application", [True, False])
def test_the_database_refuses_to_alter_anchors_and_logs_even_for_their_owner(
    kept: Kept, application: bool
) -> None:
    kept.database.run(lambda conn: erase_words(conn, kept.numbers[0], 1, "当事人要求", START))
    connection = connect(kept.database.dsn, application=application)
    with closing(connection), connection.cursor() as cursor:
        for table in ("anchors", "access_log", "erasures"):
            for statement in (f"update {table} set n = n", f"delete from {table}", f"truncate {table}"):
                with pytest.raises(psycopg2.Error, match=r"for ever|permission denied|must be owner"):
                    cursor.execute(statement)
                connection.rollback()


def test_the_task_anchors_once_a_local_day(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor_heads, "settings", lambda: type("Chosen", (), {"anchors": tmp_path / "kept"}))
    database.run(lambda conn: Street.open(conn, tmp_path).report())
    # 02:00 UTC is 10:00 in the district; its next day begins at 16:00 UTC.
    times = [START + timedelta(hours=hours) for hours in (0, 1, 13.9, 14, 37.9, 38)]
    made = [database.run(lambda conn, at=at: anchor_heads.run(conn, at)) for at in times]
    assert made == [1, 0, 0, 1, 0, 1]
    names = sorted(path.name for path in (tmp_path / "kept").glob("*.json"))
    assert names == ["000001-2026-11-22.json", "000002-2026-11-23.json", "000003-2026-11-24.json"]
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in (tmp_path / "kept").iterdir())


def test_a_case_is_shown_to_be_in_an_anchor_without_showing_any_other(kept: Kept) -> None:
    with kept.database.read() as conn:
        case_id = str(chain.sql.case_id_of(conn, number=kept.numbers[0])["case_id"])
    proof = anchored.inclusion(kept.folder, case_id)
    assert proof["hash"] == kept.first.hash
    line = anchors.line_of(tuple(proof["head"]))
    assert merkle.root_by(line, proof["index"], proof["size"], proof["beside"]) == kept.first.root


def command(kept: Kept, *words: str) -> subprocess.CompletedProcess[str]:
    own = {"DATABASE_URL": kept.database.dsn, "XUNGE_LANG": "en", "XUNGE_HOME": str(kept.folder.parent)}
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        cwd=CHECKOUT, env={**os.environ, **own}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_commands_make_an_anchor_copy_it_and_name_what_no_longer_stands(
    kept: Kept, tmp_path: Path
) -> None:
    made = command(kept, "anchor", "--out", str(tmp_path / "elsewhere"), "--json")
    assert (made.returncode, json.loads(made.stdout)["previous"]) == (0, kept.first.hash)
    whole = command(kept, "verify-chain")
    assert whole.returncode == 0 and "2 cases checked, every chain is whole." in whole.stdout
    assert "2 anchors and 2 of their heads stand." in whole.stdout
    rewrite(kept.database.dsn, kept.numbers[0])
    broken = command(kept, "verify-chain", "--anchors", str(tmp_path / "elsewhere"))
    assert broken.returncode == 1
    sentence = f"Case {kept.numbers[0]}, event 7: anchor 1 of 2026-11-22 holds another event at this place."
    assert sentence in broken.stderr
    shown = command(kept, "prove-case", kept.numbers[1])
    assert json.loads(shown.stdout)["head"][1] == 3
    assert command(kept, "verify-chain", "--anchors", str(tmp_path / "nowhere")).returncode == 2
