"""Erasing reaches held acts too: what they said goes with the words of the event that they became."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.cases import redaction, service
from server.cases.erasing_again import erase_again
from server.db import Connection
from server.errors import BadInput
from server.people import erasure
from server.people.erasure import erase_person
from server.protocol.wire import uuid7
from tests.factories import RUBBISH
from tests.server.holds.conftest import Held, Office
from tests.server.sync.tablet import Tablet
from tests.server.test_erasure import everything

PHONE = "13912345678"


def test_the_words_of_a_decided_act_and_of_its_decision_are_erased_with_its_author(
    office: Office, tablet: Tablet
) -> None:
    head = office.street.district.people["head"]
    command = tablet.command(
        person_id=head, payload={"category": RUBBISH, "title": "bags", "description": "张三家门口"}
    )
    tablet.send(command)
    office.decide(command, "change", "张三已搬走", changed={"category": RUBBISH, "description": "张三家门口"})
    office.server.database.run(
        lambda conn: erase_person(conn, "head", "本人要求", datetime.now(UTC), words=True)
    )
    assert office.rows("select payload from commands where payload like %s", "%张三%") == []
    assert office.rows("select said from holds") == [{"said": ""}]


def test_an_undecided_act_whose_words_were_erased_can_only_be_refused(office: Office, tablet: Tablet) -> None:
    command = tablet.command(person_id=office.street.district.people["head"])
    tablet.send(command)
    office.run("update commands set payload = null")
    with pytest.raises(BadInput, match="erased"):
        office.decide(command, "apply")
    office.decide(command, "refuse", "内容已删除")


def redact(office: Office, number: str, *typed: str, found: tuple[str, ...] = ()) -> list[erasure.Erasure]:
    """What the duty officer erases on the case as it stands: words as typed, passages by how they are shown."""

    def work(conn: Connection) -> list[erasure.Erasure]:
        duty, now = office.viewer(conn, "duty"), datetime.now(UTC)
        said = redaction.said(conn, duty, number, now)
        keys = [passage.key for passage in said["found"] if passage.words in found]
        return redaction.redact_words(conn, duty, number, keys, typed, "当事人要求", said["version"], now)

    return office.server.database.run(work)


def stored(office: Office) -> str:
    with office.server.database.read() as conn:
        return everything(conn)


def test_words_that_are_erased_on_a_case_leave_an_act_that_waits_and_it_can_still_take_effect(
    office: Office, tablet: Tablet
) -> None:
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]
    act = tablet.command(
        "comment",
        person_id=office.street.district.people["head"],
        case_id=report["case_id"],
        payload={"text": f"王秀英开的门，电话 {PHONE}"},
    )
    assert tablet.send(act)[0]["outcome"] == "held"
    (done,) = redact(office, number, "王秀英", found=("139****5678",))
    assert list(done.cuts or ()) == [act["command_id"]]
    assert ("王秀英" in stored(office), PHONE in stored(office)) == (False, False)
    (row,) = office.rows("select payload from commands where command_id = %s", act["command_id"])
    assert {**json.loads(row["payload"]), "payload": {}} == {**act, "payload": {}}
    office.decide(act, "apply")
    assert office.rows("select body from event_private where body like %s", "%开的门%") == [
        {"body": '{"text":"■■■开的门，电话 ■■■"}'}
    ]
    assert (
        office.server.database.run(lambda conn: service.verify(conn, office.viewer(conn, "duty"), number))
        is None
    )


def test_what_was_refused_keeps_no_word_that_is_erased_on_its_case(office: Office, tablet: Tablet) -> None:
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]
    refused = tablet.command("reopen", case_id=report["case_id"], payload={"reason": "王秀英说没有清"})
    other = tablet.command("reopen", case_id=report["case_id"], payload={"reason": "没有清"})
    assert {answer["outcome"] for answer in tablet.send(refused, other)} == {"rejected"}
    redact(office, number, "王秀英")
    left = stored(office)
    assert ("王秀英" in left, "没有清" in left) == (False, True)


def test_a_restored_copy_loses_the_same_words_of_acts_that_wait(
    office: Office, held: Held, tmp_path: Path
) -> None:
    report, act = held("handle", done="王秀英开的门")
    number = office.rows("select number from case_keys where case_id = %s", report["case_id"])[0]["number"]
    (before,) = office.rows("select payload from commands where command_id = %s", act["command_id"])
    done = redact(office, number, "王秀英")
    file = tmp_path / "erasures.jsonl"
    erasure.keep(file, [replace(one, id=str(uuid7())) for one in done])
    assert "王秀英" not in file.read_text()
    office.run("update commands set payload = %s where command_id = %s", before["payload"], act["command_id"])
    office.server.database.run(lambda conn: erase_again(conn, tmp_path, file, datetime.now(UTC)))
    assert "王秀英" not in stored(office)


def test_all_that_an_erased_person_wrote_goes_from_acts_that_wait_or_were_refused_too(
    office: Office, tablet: Tablet, tmp_path: Path
) -> None:
    head = office.street.district.people["head"]
    report = tablet.command(person_id=head, payload={"category": RUBBISH, "description": "张三家门口"})
    follows = tablet.command(
        "comment", person_id=head, case_id=report["case_id"], depends_on=report["command_id"],
        payload={"text": "张三不在家"},
    )  # fmt: skip
    mine = tablet.command("comment", payload={"text": "没有这件案子，李四说的"})
    tablet.send(report, follows, mine)
    rows = office.rows("select command_id, payload from commands where payload is not null")
    assert "张三" in stored(office)
    done = office.server.database.run(
        lambda conn: erase_person(conn, "head", "本人要求", datetime.now(UTC), words=True)
    )
    assert ("张三" in stored(office), "李四" in stored(office)) == (False, True)
    with pytest.raises(BadInput, match="erased"):
        office.decide(report, "apply")
    erasure.keep(tmp_path / "erasures.jsonl", done)
    for row in rows:
        office.run(
            "update commands set payload = %s where command_id = %s", row["payload"], row["command_id"]
        )
    office.server.database.run(
        lambda conn: erase_again(conn, tmp_path, tmp_path / "erasures.jsonl", datetime.now(UTC))
    )
    assert ("张三" in stored(office), "李四" in stored(office)) == (False, True)


def test_what_an_office_said_of_a_refused_act_goes_from_those_that_went_with_it(
    office: Office, tablet: Tablet, held: Held
) -> None:
    report, act = held("handle", done="清完")
    follows = tablet.command(
        "comment", case_id=report["case_id"], depends_on=act["command_id"], payload={"text": "以后再看"}
    )
    assert tablet.send(follows)[0]["outcome"] == "held"
    office.decide(act, "refuse", "王秀英已搬走")
    number = office.rows("select number from case_keys where case_id = %s", report["case_id"])[0]["number"]
    assert [row["said"] for row in office.rows("select said from holds")] == ["王秀英已搬走"] * 2
    redact(office, number, "王秀英")
    assert "王秀英" not in stored(office)
