"""What a pack offers and calls things stands on the buttons and in the forms of those who act."""

from pathlib import Path

import pytest

from server import packs
from server.cases import acts
from server.db import Connection
from server.errors import NotAllowed
from server.packs import keeping
from server.packs.folder import read_text
from tests.factories import Street
from tests.server.packs.written import SMALL

OWN = (
    SMALL.replace("[words.states]", '[words.actions]\ndecline = { zh-CN = "不接收" }\n\n[words.states]')
    .replace("handled = { zh-CN", 'reported = { zh-CN = "新来" }\nhandled = { zh-CN')
    .replace('system_acts = ["register"]', "system_acts = []")
)


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


@pytest.fixture
def own(street: Street) -> Street:
    """The small district under a pack of its own."""
    written = read_text(OWN.replace('without = ["rate"]', 'without = ["escalate"]'), "own.toml")
    keeping.put(street.conn, street.viewer("duty").district_id, written, None, "", street.now)
    return street


def offers(street: Street, login: str, number: str) -> dict[str, acts.Offer]:
    found = acts.offers(street.conn, street.viewer(login), street.case(number), street.now)
    return {offer.action: offer for offer in found}


def test_reasons_of_the_pack_are_offered_where_something_must_be_explained(street: Street) -> None:
    number = street.report()
    (need,) = (need for need in offers(street, "duty", number)["decline"].needs if need.name == "reason")
    assert "不在管理范围内" in need.offered
    street.act("duty", number, "register")
    assert all(not n.offered for n in offers(street, "dispatch", number)["dispatch"].needs)


def test_states_and_acts_have_the_words_of_the_pack(own: Street) -> None:
    number = own.report(category="s/0199")
    assert own.case(number)["state_word"] == "新来"
    assert offers(own, "duty", number)["decline"].label == "不接收"


def test_what_the_pack_leaves_out_is_neither_offered_nor_done(own: Street) -> None:
    number = own.report(category="s/0199")
    assert "escalate" not in offers(own, "worker", number)
    with pytest.raises(NotAllowed):
        own.act("worker", number, "escalate", reason="太大")


def test_a_case_keeps_the_pack_that_it_was_made_under(street: Street) -> None:
    number = street.report()
    district = street.viewer("duty").district_id
    keeping.put(street.conn, district, read_text(OWN, "own.toml"), None, "", street.now)
    later = street.report(category="s/0101", condition="broken")
    assert (street.case(number)["category"]["code"], street.case(later)["category"]["code"]) == (
        "0110",
        "0101",
    )
    street.act("duty", number, "register")
    handle = packs.current(street.conn, district)[1].categories[0].conditions[1].handle
    assert handle.time_kind == "working"
    assert street.case(number)["condition"]["closing"].startswith("垃圾清除")
    street.later(days=1)
    assert street.case(number)["category"]["name"] == "暴露垃圾"
