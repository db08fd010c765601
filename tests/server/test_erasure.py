"""Erasing: who a person was and what was said of somebody go, the chain and the figures stay, a restore is erased again."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cases import service
from server.cases.erasing_again import erase_again
from server.db import Connection, Database
from server.errors import BadInput
from server.people import erasure
from server.security import load_viewer
from tests.factories import COVER, START, Street

PHONE = "13912345678"


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def count(conn: Connection, question: str, *values: Any) -> int:
    with conn.cursor() as cursor:
        cursor.execute(f"select count(*) as n from {question}", values)
        return int(cursor.fetchone()["n"])


def everything(conn: Connection) -> str:
    """All text of all tables of the database."""
    with conn.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
            " and table_name not in ('spatial_ref_sys', 'credentials')"
        )
        found = []
        for row in cursor.fetchall():
            cursor.execute(f"select string_agg(t::text, ' ') as all_of_it from {row['table_name']} t")
            found.append(cursor.fetchone()["all_of_it"] or "")
    return " ".join(found)


def test_the_words_of_a_report_are_gone_from_every_table_and_the_chain_is_whole(street: Street) -> None:
    number = street.report(title="张女士来电", description=f"电话 {PHONE}", form={"contact_phone": PHONE})
    street.act("worker", number, "comment", text="已到现场")
    assert PHONE in everything(street.conn)
    erasure.erase_words(street.conn, number, 1, "当事人要求", street.now)
    left = everything(street.conn)
    assert (PHONE in left, "张女士" in left, "已到现场" in left) == (False, False, True)
    assert service.verify(street.conn, street.viewer("duty"), number) is None
    case = street.case(number)
    assert (case["description"], case["form"], case["title"]) == ("", [], case["category"]["name"])


def test_words_that_a_change_put_into_the_case_go_with_it_and_those_of_the_report_stay(
    street: Street,
) -> None:
    number = street.report(
        title="垃圾袋", description="路边", form={"contact_phone": PHONE, "contact_name": "李"}
    )
    street.act("duty", number, "change", reason="更正", title="张女士家门口", form={"contact_name": "张女士"})
    erasure.erase_words(street.conn, number, 2, "当事人要求", street.now)
    left = everything(street.conn)
    assert ("张女士" in left, "路边" in left, PHONE in left) == (False, True, True)
    assert street.case(number)["description"] == "路边"
    assert service.verify(street.conn, street.viewer("duty"), number) is None


def test_the_words_of_a_part_go_from_its_case_too(street: Street) -> None:
    number = street.report(category=COVER, condition="missing", title="井盖")
    street.act("duty", number, "register", condition="missing")
    parts = [{"crew": "crew-drain", "title": "张女士家门口", "description": PHONE}, {"crew": "crew-drain"}]
    street.act("dispatch", number, "split", parts=parts)
    with street.conn.cursor() as cursor:
        cursor.execute("select number from cases where parent_id is not null and title = '张女士家门口'")
        part = cursor.fetchone()["number"]
    erasure.erase_words(street.conn, part, 1, "当事人要求", street.now)
    with street.conn.cursor() as cursor:
        cursor.execute("select title, description from cases where number = %s", (part,))
        assert cursor.fetchone() == {"title": "", "description": ""}


def test_the_timeline_says_that_something_was_erased(street: Street) -> None:
    number = street.report(description="电话")
    erasure.erase_words(street.conn, number, 1, "当事人要求", street.now)
    (event,) = service.events(street.conn, street.viewer("duty"), number)
    assert (event["erased"], event["text"]) == (True, "（已删除）")


def test_an_erased_person_has_no_name_no_login_and_no_way_in_and_their_acts_stay(street: Street) -> None:
    person = street.district.people["worker"]
    number = street.report()
    erasure.erase_person(street.conn, "worker", "离职后要求", street.now)
    for table in ("people_private", "credentials", "web_sessions"):
        assert count(street.conn, f"{table} where person_id = %s", person) == 0
    assert (
        count(street.conn, "people where id = %s and login = %s and not active", person, f"erased-{person}")
        == 1
    )
    assert load_viewer(street.conn, person, street.now) is None
    (event,) = service.events(street.conn, street.viewer("duty"), number)
    assert event["actor_name"] == "已删除的人员"
    assert service.verify(street.conn, street.viewer("duty"), number) is None
    assert "worker岗" not in everything(street.conn)


def test_what_the_person_wrote_goes_where_it_is_asked(street: Street) -> None:
    number = street.report(description="是我家门口")
    street.act("duty", number, "comment", text="值班留言")
    done = erasure.erase_person(street.conn, "worker", "本人要求", street.now, words=True)
    assert [(one.person_id is None, one.n) for one in done] == [(False, None), (True, 1)]
    left = everything(street.conn)
    assert ("是我家门口" in left, "值班留言" in left) == (False, True)
    assert service.verify(street.conn, street.viewer("duty"), number) is None


def test_an_erasure_is_in_the_security_log_with_its_reason_and_without_the_words(street: Street) -> None:
    number = street.report(description=PHONE)
    erasure.erase_words(street.conn, number, 1, "当事人要求", street.now)
    with street.conn.cursor() as cursor:
        cursor.execute("select detail from security_log where what = 'words_erased'")
        assert cursor.fetchone()["detail"] == {"case": number, "event": 1, "reason": "当事人要求"}


@pytest.mark.parametrize(
    ("event", "reason", "sentence"),
    [(9, "要求", "has no event 9"), (2, "要求", "carries no words"), (1, " ", "Say why")],
)
def test_what_cannot_be_erased_is_refused(street: Street, event: int, reason: str, sentence: str) -> None:
    number = street.report()
    street.act("duty", number, "register", condition="any")
    with pytest.raises(BadInput) as refused:
        erasure.erase_words(street.conn, number, event, reason, street.now)
    assert sentence in refused.value.text(lambda text: text)
    with pytest.raises(BadInput):
        erasure.erase_person(street.conn, "nobody", "要求", street.now)


def test_a_restored_copy_is_erased_again_by_the_file_that_outlived_it(
    database: Database, tmp_path: Path
) -> None:
    """The restored copy is a database in which the same cases were never erased."""
    street = database.run(lambda conn: Street.open(conn, tmp_path))
    number = database.run(lambda conn: Street(conn, street.district, tmp_path).report(description=PHONE))
    with database.read() as conn:
        key = erasure.SQL.event(conn, number=number, n=1)
    later = START.replace(year=START.year + 1)
    file = tmp_path / "erasures.jsonl"
    erasure.keep(
        file,
        [
            erasure.Erasure.of_words(key["case_id"], 1, later, None, "当事人要求"),
            erasure.Erasure.of_person(street.district.people["worker"], later, None, "本人要求"),
        ],
    )
    assert PHONE not in file.read_text() and len(file.read_text().splitlines()) == 2
    for _ in range(2):
        assert database.run(lambda conn: erase_again(conn, tmp_path, file, later)) == 2
    with database.read() as conn:
        assert PHONE not in everything(conn)
        assert count(conn, "people_private where name = 'worker岗'") == 0
        assert count(conn, "erasures") == 2


def test_a_number_that_went_to_somebody_else_after_the_restore_is_not_erased(
    database: Database, tmp_path: Path
) -> None:
    street = database.run(lambda conn: Street.open(conn, tmp_path))
    person = street.district.people["worker"]
    file = tmp_path / "erasures.jsonl"
    before = START.replace(year=2020)
    file.write_text(json.dumps(vars(erasure.Erasure.of_person(person, before, None, "要求"))) + "\n")
    database.run(lambda conn: erase_again(conn, tmp_path, file, START))
    with database.read() as conn:
        assert count(conn, "people_private where person_id = %s", person) == 1
