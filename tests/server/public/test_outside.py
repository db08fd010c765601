"""An outside party's link: what it shows, that it answers one case, and when it ends."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.cases import guests, party_letters
from server.people.organisations import Organisation, put_organisation
from server.protocol.hats import ANYONE, OUTSIDE, RESIDENT, Actor, Facts, hats, sees
from server.settings import Settings
from server.telling import contacts
from tests.factories import Street, picture
from tests.server.cases.test_stages import asking_for
from tests.server.public.conftest import House, report_by_phone
from tests.server.test_console_pages import hidden, signed_in

PARTY = "power-co"


def with_party(street: Street, code: str = PARTY) -> int:
    return put_organisation(
        street.conn, street.district.id, Organisation("outside", code, f"供电公司{code}", street.district.id)
    )


def forwarded(street: Street, number: str | None = None, party: str = PARTY) -> str:
    """A case that was forwarded to the party, with a word to it."""
    number = number or report_by_phone(street, description="井盖没了，电话 13987654321")
    if street.case(number)["state"] == "reported":
        street.act("duty", number, "register", condition="missing")
    street.act("dispatch", number, "forward", outside=party, note="请尽快补装")
    return number


@pytest.fixture
def number(house: House) -> str:
    house.make(with_party)
    return str(house.make(forwarded, minutes=30))


def link_of(house: House, number: str, **more: Any) -> guests.OutsideLink:
    case_id = house.case(number)["id"]
    found = house.server.database.run(
        lambda conn: guests.make_outside(conn, case_id, datetime.now(UTC), **more)
    )
    assert isinstance(found, guests.OutsideLink)
    return found


def test_the_party_reads_what_where_and_until_when_and_nothing_of_the_reporter(
    house: House, number: str
) -> None:
    page = house.get(link_of(house, number).path)
    assert page.status_code == 200
    assert "污水井盖 · 缺失" in page.text
    assert "请尽快补装" in page.text
    assert "井盖没了，电话 ****" in page.text
    assert "与路面齐平" in page.text, "what must be true at closing"
    assert "北纬 30.00500°" in page.text, "somebody has to find it"
    for secret in ("王秀英", "13812345678", "13987654321", "duty岗"):
        assert secret not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


def test_the_party_answers_and_somebody_of_ours_inspects(house: House, number: str) -> None:
    link = link_of(house, number)
    assert house.post(link.path, done="").status_code == 422
    assert house.post(link.path, done="已装").status_code == 422, "this category asks for a photo"
    files = {"attachments": ("after.jpg", picture("green"), "image/jpeg")}
    answered = house.post(link.path, done="已装新井盖", files=files)
    assert "Your answer has arrived." in answered.text
    assert house.case(number)["state"] == "handled"
    (event,) = house.rows("select organisation, actor, body from case_events where action = 'answer_outside'")
    (party,) = house.rows("select id from organisations where code = %s", PARTY)
    assert (event["organisation"], event["actor"]) == (party["id"], None)
    assert '"link":"outside"' in event["body"]
    assert house.post(link.path, done="再来一次", files=files).status_code == 409
    assert "请尽快补装" not in house.get(link.path).text, "what was answered is not shown any more"

    house.make(lambda street: street.act("worker", number, "fail", unmet="没有防坠网"))
    assert "请尽快补装" in house.get(link.path).text, "rework opens it again"


def test_the_link_ends_when_the_case_is_recalled_forwarded_anew_or_its_time_is_over(
    house: House, number: str
) -> None:
    link = link_of(house, number)
    newer = link_of(house, number)
    assert [house.get(one.path).status_code for one in (link, newer)] == [404, 200], "the newest one counts"
    short = link_of(house, number, until=datetime.now(UTC) + timedelta(seconds=1))
    assert short.expires_at < datetime.now(UTC) + timedelta(seconds=2)
    late = datetime.now(UTC) + timedelta(days=1)
    with house.server.database.read() as conn:
        assert guests.opened_by_party(conn, short.token, late) is None
    last = link_of(house, number)
    house.make(lambda street: street.act("duty", number, "recall", reason="另派"))
    assert house.get(last.path).status_code == 404
    assert house.post(last.path, done="晚了").status_code == 404
    house.make(lambda street: with_party(street, "water-co"))
    house.make(lambda street: forwarded(street, number, "water-co"))
    assert house.get(last.path).status_code == 404
    assert house.get(last.path, "en").text == house.get("/outside/forged", "en").text.replace(
        "forged", last.token
    )


def test_no_link_is_made_for_a_case_that_no_party_has(house: House) -> None:
    case_id = house.case(house.make(report_by_phone, minutes=5))["id"]
    with pytest.raises(guests.NotForwarded):
        house.server.database.run(lambda conn: guests.make_outside(conn, case_id, datetime.now(UTC)))


def test_a_link_wears_one_hat_on_one_case_and_a_party_only_while_the_case_is_theirs() -> None:
    facts = Facts("forwarded", (1, 2, 3, 4), handler=7, id="a")
    party, resident = Actor(None, "outside", organisation=7, link="a"), Actor(None, "resident", link="a")
    assert hats(party, facts) == {OUTSIDE}
    assert hats(resident, facts) == {RESIDENT}
    for other in (
        Facts("forwarded", (1, 2, 3, 4), handler=7, id="b"),
        Facts("registered", (1, 2, 3, 4), id="a"),
    ):
        assert (hats(party, other), sees(party, other)) == (frozenset(), False)
    assert not sees(resident, Facts("forwarded", (1, 2, 3, 4), id="b"))
    assert ANYONE not in hats(resident, facts) | hats(party, facts)


# The desk -------------------------------------------------------------------------------------------------------


def test_who_forwards_is_shown_the_link_once_and_may_make_another(house: House) -> None:
    house.make(with_party)
    number = house.make(report_by_phone, minutes=30)
    house.make(lambda street: street.act("duty", number, "register", condition="missing"), minutes=20)
    desk, url = signed_in(house.server, "dispatch"), house.server.url
    page = desk.get(f"{url}/cases/{number}").text
    form = {name: hidden(page, name, "/actions/forward") for name in ("csrf", "version", "command_id")}
    shown = desk.post(f"{url}/cases/{number}/actions/forward", form | {"outside": PARTY, "note": "请补装"})
    (first,) = re.findall(r"/outside/[\w-]{22,}", shown.text)
    assert house.get(first).status_code == 200
    assert first not in desk.get(f"{url}/cases/{number}").text
    again = desk.post(f"{url}/cases/{number}/party-link", {"csrf": form["csrf"]})
    (second,) = re.findall(r"/outside/[\w-]{22,}", again.text)
    assert (house.get(first).status_code, house.get(second).status_code) == (404, 200)
    logged = house.rows("select detail from security_log where what = 'party_link_made'")
    assert [row["detail"]["number"] for row in logged] == [number, number]
    duty = signed_in(house.server, "duty")
    csrf = hidden(duty.get(f"{url}/me").text, "csrf")
    assert duty.post(f"{url}/cases/{number}/party-link", {"csrf": csrf}).status_code == 403


def test_the_letter_with_the_link_goes_by_the_outbox_and_keeps_no_copy_of_it(
    house: House, number: str
) -> None:
    link, database = link_of(house, number), house.server.database
    (row,) = house.rows("select id, district_id, number from cases where number = %s", number)
    posting = Settings(home=house.server.settings.home, smtp_url="smtp://127.0.0.1:1")

    def put(settings: Settings) -> bool:
        now = datetime.now(UTC)
        return bool(
            database.run(
                lambda conn: party_letters.put(conn, settings, row, link, "https://desk.example", now)
            )
        )

    assert not put(posting), "the party has no address"
    database.run(lambda conn: contacts.put_organisation(conn, PARTY, None, "duty@power.example", 30))
    assert not put(house.server.settings), "this installation sends no letters"
    assert put(posting)
    (letter,) = house.rows("select id, key, body from outbox where key like 'link.%%'")
    assert f"https://desk.example{link.path}" in letter["body"]
    assert link.token not in letter["key"]
    from server.telling import delivery

    database.run(lambda conn: delivery.sql.sent(conn, id=letter["id"], now=datetime.now(UTC)))
    assert house.rows("select body from outbox where id = %s", letter["id"]) == [{"body": "{}"}]


def test_a_party_is_asked_for_a_photo_of_each_stage_that_whoever_handles_needs(house: House) -> None:
    def made(street: Street) -> str:
        asking_for(street, handle=["before", "after"])
        with_party(street)
        return forwarded(street)

    number = str(house.make(made, minutes=30))
    link = link_of(house, number)
    assert 'name="attachments.before"' in house.get(link.path).text
    before, after = (("p.jpg", picture(colour), "image/jpeg") for colour in ("blue", "green"))
    refused = house.post(link.path, done="已装", files={"attachments.after": after})
    assert (refused.status_code, "Please choose a photo of each: Before." in refused.text) == (422, True)
    house.post(link.path, done="已装", files={"attachments.before": before, "attachments.after": after})
    stages = sorted(photo["stage"] for photo in house.case(number)["attachments"])
    assert (house.case(number)["state"], stages) == ("handled", ["after", "before"])
