"""Messages about held acts: of the decision to the author, of one that waits too long to the office, with a case or without."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.holds.late import escalate
from server.settings import Settings
from server.telling import delivery
from tests.conftest import LiveServer
from tests.factories import COVER
from tests.server.holds.conftest import Held, Office
from tests.server.holds.test_board import plain
from tests.server.holds.test_decide import foreign_report
from tests.server.plain_forms import Clerk
from tests.server.sync.tablet import Tablet, enrol
from tests.server.telling.receivers import PostOffice, post_office

REASON = "照片里看不到井盖"


@pytest.fixture
def authors_tablet(live_server: LiveServer, office: Office) -> Iterator[Tablet]:
    """That of the head of the community, who made acts on the worker's tablet."""
    made = enrol(live_server, "head")
    yield made
    made.session.close()


@pytest.fixture
def post() -> Iterator[PostOffice]:
    with post_office() as made:
        yield made


def messages(tablet: Tablet, cursor: str) -> list[dict[str, Any]]:
    return [c["body"] for c in tablet.follow(cursor)[0] if c["kind"] == "message"]


def late(office: Office, later: timedelta = timedelta(hours=25)) -> None:
    now = datetime.now(UTC) + later
    assert office.server.database.run(lambda conn: escalate(conn, now, 100)) == 1


def test_the_author_of_a_report_that_was_refused_reads_the_reason_though_there_never_was_a_case(
    live_server: LiveServer, office: Office, tablet: Tablet, authors_tablet: Tablet
) -> None:
    command = foreign_report(tablet, office)
    _, cursor = authors_tablet.follow()
    office.decide(command, "refuse", REASON)
    (told,) = messages(authors_tablet, cursor)
    assert (told["case_id"], told["number"], told["held"]) == (None, None, command["command_id"])
    assert told["action"] == "decided_refuse"
    assert "“上报”：试验区指挥中心未采纳您的操作：照片里看不到井盖" in told["sentence"]
    page = Clerk(live_server, "head").get("/messages")
    assert REASON in page
    assert "未成案" in plain(page)
    assert 'href="/cases/None"' not in page
    # A tablet that begins anew is told, too.
    assert told in [c["body"] for c in authors_tablet.follow()[0] if c["kind"] == "message"]


def test_the_author_of_a_report_that_took_effect_changed_is_led_to_its_case(
    live_server: LiveServer, office: Office, tablet: Tablet, authors_tablet: Tablet
) -> None:
    command = foreign_report(tablet, office)
    _, cursor = authors_tablet.follow()
    done = office.decide(command, "change", "是井盖", changed={"category": COVER})
    assert done is not None
    (told,) = [m for m in messages(authors_tablet, cursor) if m["held"]]
    assert (told["case_id"], told["number"]) == (command["case_id"], done.case_number)
    assert told["sentence"].endswith("试验区指挥中心裁定：您的操作经修改后已生效。是井盖")
    assert f'href="/cases/{done.case_number}"' in Clerk(live_server, "head").get("/messages")


def test_what_goes_with_a_refused_act_is_told_as_well_and_nobody_is_told_of_their_own_decision(
    office: Office, tablet: Tablet
) -> None:
    report = foreign_report(tablet, office)
    comment = tablet.command(
        "comment", case_id=report["case_id"], depends_on=report["command_id"], payload={"text": "x"}
    )
    tablet.send(comment)
    people = office.street.district.people
    own = tablet.command(person_id=people["duty"])
    tablet.send(own)
    office.decide(report, "refuse", REASON)
    office.decide(own, "refuse", REASON)
    told = office.rows("select to_id, action, n, params ->> 'act' as act from messages order by id")
    assert told == [
        {"to_id": people["head"], "action": "decided_refuse", "n": 0, "act": "report"},
        {"to_id": people["worker"], "action": "decided_with", "n": 0, "act": "comment"},
    ]


def test_a_report_that_waits_for_a_day_is_told_to_the_duty_officer_and_opens_on_the_board(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = foreign_report(tablet, office)
    late(office)
    clerk = Clerk(live_server, "duty")
    page = clerk.get("/messages")
    assert "“上报”：平板上做的操作待裁定已超过一天。" in page
    assert f'href="/conflicts/{command["command_id"]}"' in page
    assert "平板上做的" in clerk.get(f"/conflicts/{command['command_id']}")
    late(office, timedelta(hours=50))
    assert clerk.get("/messages").count("平板上做的操作待裁定已超过一天") == 2


def test_of_an_act_on_a_case_the_late_notice_opens_the_act_and_not_the_case(
    live_server: LiveServer, office: Office, held: Held
) -> None:
    _, act = held()
    late(office)
    number = office.rows("select number from case_keys")[0]["number"]
    page = Clerk(live_server, "duty").get("/messages")
    assert f'href="/conflicts/{act["command_id"]}">{number}</a>' in page


def test_a_letter_leads_to_the_act_and_says_nothing_that_a_person_wrote(
    office: Office, tablet: Tablet, post: PostOffice
) -> None:
    people = office.street.district.people
    for login in ("duty", "head"):
        office.run(
            "insert into contacts (district_id, person_id, mail, every_min) values (%s, %s, %s, 0)",
            office.street.district.id, people[login], f"{login}@example.org",
        )  # fmt: skip
    command = foreign_report(tablet, office)
    late(office)
    office.decide(command, "refuse", REASON)
    settings = Settings(smtp_url=post.url, mail_from="Xunge <desk@district.example>")
    now = datetime.now(UTC) + timedelta(days=2)
    while delivery.step(office.server.database, settings, now):
        pass
    said = dict(zip(post.recipients, (str(letter.get_content()) for letter in post.letters), strict=True))
    assert f"http://127.0.0.1:8800/conflicts/{command['command_id']}" in said["duty@example.org"]
    assert "试验区指挥中心未采纳您的操作。\nhttp://127.0.0.1:8800/messages" in said["head@example.org"]
    assert "None" not in "".join(said.values())
    assert all("None" not in letter["Subject"] for letter in post.letters)


def test_a_reason_that_was_erased_is_not_told_any_more(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = foreign_report(tablet, office)
    office.decide(command, "refuse", REASON)
    office.run("update holds set said = '' where command_id = %s", command["command_id"])
    page = Clerk(live_server, "head").get("/messages")
    assert REASON not in page
    assert "试验区指挥中心未采纳您的操作。" in page
