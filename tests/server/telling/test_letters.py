"""Letters: a digest instead of a flood, an emergency at once, nothing twice, and silence when somebody sleeps."""

import json
from datetime import time

import pytest

from server.db import Connection
from server.people.erasure import erase_person
from server.security import load_viewer
from server.telling import mail, service
from server.telling.delivery import MOST_LINES
from tests.server.telling.conftest import House
from tests.server.telling.receivers import PostOffice, free_port, post_office


def text(office: PostOffice, at: int = -1) -> str:
    return str(office.letters[at].get_content())


def test_the_first_message_is_a_letter_at_once_and_the_next_ones_are_one_digest(
    house: House, office: PostOffice
) -> None:
    address = house.contact("worker")
    house.tell("person", "worker", organisation="排水队")
    house.send()
    assert office.recipients == [address]
    assert office.letters[0]["Subject"] == f"巡格: {house.number} 案件已派遣给排水队。"
    for _ in range(3):
        house.later(minutes=5)
        house.tell("person", "worker", "handle")
        house.send()
    assert len(office.letters) == 1, "within half an hour they collect"
    house.later(minutes=15)
    house.send()
    assert len(office.letters) == 2
    assert office.letters[1]["Subject"] == "巡格: 3 条消息"
    assert text(office).count("案件已处置，待核查。") == 3
    assert f"http://127.0.0.1:8800/cases/{house.number}" in text(office)
    assert len(set(office.ids)) == 2


def test_a_thousand_messages_are_one_letter_that_can_be_read(house: House, office: PostOffice) -> None:
    house.contact("worker")
    for _ in range(MOST_LINES + 7):
        house.tell("person", "worker", "comment")
    house.send()
    assert len(office.letters) == 1
    assert text(office).count(house.number) == 2 * MOST_LINES
    assert "另有 7 条。" in text(office)


def test_an_emergency_waits_for_neither_the_half_hour_nor_the_morning(
    house: House, office: PostOffice
) -> None:
    house.contact("worker", quiet_from=time(0), quiet_to=time(23, 59))
    house.tell("person", "worker", "comment")
    house.send()
    assert office.letters == [], "it is their quiet time"
    house.tell("person", "worker", severity="emergency")
    house.send()
    assert len(office.letters) == 1
    assert office.letters[0]["Subject"] == "巡格: 紧急。2 条消息"
    assert text(office).index("紧急。案件已派遣。") < text(office).index("案件有新的补充。")


def test_quiet_time_runs_over_midnight_by_the_districts_own_clock(house: House, office: PostOffice) -> None:
    house.contact("worker", quiet_from=time(21), quiet_to=time(7))
    house.now = house.now.replace(hour=15)  # 23:00 in the district
    house.tell("person", "worker")
    house.send()
    house.later(hours=7)  # 06:00
    house.send()
    assert office.letters == []
    house.later(hours=1)
    house.send()
    assert len(office.letters) == 1


def test_what_was_read_already_needs_no_letter(house: House, office: PostOffice) -> None:
    house.contact("worker", every_min=60)
    house.tell("person", "worker")
    house.send()
    house.tell("person", "worker", "handle")
    ids = [row["id"] for row in house.rows("select id from messages")]

    def read(conn: Connection) -> None:
        viewer = load_viewer(conn, house.district.people["worker"], house.now)
        assert viewer is not None
        service.mark_read(conn, viewer, ids)

    house.database.run(read)
    house.later(hours=2)
    house.send()
    assert len(office.letters) == 1


def test_an_office_away_keeps_the_sealed_letter_and_sends_it_with_the_same_id_later(house: House) -> None:
    house.contact("worker")
    port = free_port()
    house.settings = house.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
    house.tell("person", "worker")
    house.send()
    (waiting,) = house.rows("select key, body, tries, error from outbox")
    assert waiting["tries"] == 1
    assert "ConnectionRefusedError" in waiting["error"]
    with post_office(port) as office:
        house.later(minutes=1)
        house.send()
        assert office.ids == [f"<{waiting['key']}@district.example>"]
        assert json.loads(waiting["body"])["subject"] == office.letters[0]["Subject"]
        house.later(days=1)
        house.send()
        assert len(office.letters) == 1


def test_a_busy_post_office_gets_the_same_letter_again(house: House, office: PostOffice) -> None:
    house.contact("worker")
    office.refusals = ["451 later", "451 later"]
    house.tell("person", "worker")
    for _ in range(4):
        house.send()
        house.later(minutes=5)
    assert len(office.letters) == 1
    assert house.rows("select tries from outbox where sent_at is not null") == [{"tries": 3}]


def test_an_address_that_the_post_office_does_not_know_is_given_up_at_once_and_shown(
    house: House, office: PostOffice
) -> None:
    office.unknown = {house.contact("worker")}
    house.contact("duty")
    house.tell("person", "worker")
    house.tell("person", "duty")
    house.send()
    assert office.recipients == ["duty@example.org"], "the other letter goes all the same"
    (row,) = house.rows("select error, given_up_at from outbox where sent_at is null")
    assert row["error"].startswith("550")
    assert row["given_up_at"] == house.now


def test_without_a_post_office_lines_wait_and_nothing_is_tried(house: House) -> None:
    house.contact("worker")
    house.tell("person", "worker")
    assert house.send() == 0
    assert house.rows("select from outbox") == []
    assert len(house.rows("select from letter_lines where outbox_id is null")) == 1


def test_a_grids_message_reaches_its_workers_and_a_dutys_whoever_has_it(
    house: House, office: PostOffice
) -> None:
    for login in ("worker", "head", "duty", "dispatch", "crew"):
        house.contact(login)
    house.contact(organisation="crew-drain")
    house.tell("grid", "S1C1G1")
    house.tell("grid", "S1C2G3")
    house.tell("duty:dispatcher", "centre")
    house.tell("organisation", "crew-drain")
    house.send()
    assert sorted(office.recipients) == [
        "crew-drain@example.org", "dispatch@example.org", "head@example.org", "worker@example.org"]  # fmt: skip


def test_a_letter_carries_no_name_of_a_person_and_says_how_to_end_it(
    house: House, office: PostOffice
) -> None:
    house.contact("worker")
    house.tell("person", "worker")
    house.send()
    names = [row["name"] for row in house.rows("select name from people_private")]
    assert names
    assert not any(name in text(office) for name in names)
    assert "http://127.0.0.1:8800/messages" in text(office)
    assert office.letters[0]["Auto-Submitted"] == "auto-generated"


def test_a_password_is_not_sent_in_the_clear_to_another_machine(
    house: House, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here another machine's name leads to the small post office, which offers no encryption."""
    monkeypatch.setattr(mail, "_is_here", lambda host: False)
    house.settings = house.settings.model_copy(
        update={"smtp_url": office.url.replace("//", "//desk:secret@")}
    )
    house.contact("worker")
    house.tell("person", "worker")
    house.send()
    assert office.letters == []
    assert "no encryption" in house.rows("select error from outbox")[0]["error"]


def test_erasing_a_person_takes_the_address_away_and_ends_their_letters(
    house: House, office: PostOffice
) -> None:
    house.contact("worker")
    house.tell("person", "worker")
    house.database.run(lambda conn: erase_person(conn, "worker", "asked for it", house.now))
    assert house.rows("select mail, active from contacts") == [{"mail": "", "active": False}]
    house.send()
    assert office.letters == []
