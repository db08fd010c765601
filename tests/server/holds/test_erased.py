"""Erasing reaches held acts too: what they said goes with the words of the event that they became."""

from datetime import UTC, datetime

import pytest

from server.errors import BadInput
from server.people.erasure import erase_person
from tests.factories import RUBBISH
from tests.server.holds.conftest import Office
from tests.server.sync.tablet import Tablet


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
