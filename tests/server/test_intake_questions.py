"""The phone desk asks what the category asks: by plain form in two steps, checked, masked once it is reported."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from server.packs.keeping import follow
from tests.conftest import LiveServer
from tests.server.plain_forms import Clerk, Forms, Office, PlainForm

OPINION = "social/0401"


@pytest.fixture
def desk(live_server: LiveServer) -> Iterator[Clerk]:
    office = Office(live_server)
    live_server.database.run(
        lambda conn: follow(conn, office.district.id, "social", None, "", datetime.now(UTC))
    )
    yield office.clerk("intake")


def report_form(text: str) -> PlainForm:
    return next(form for form in Forms(text).found if form.action == "/cases" and "csrf" in form.sent)


def asked(desk: Clerk) -> PlainForm:
    """The form once its category was chosen and sent: the questions stand in it, nothing was reported."""
    form = report_form(desk.get("/cases/new")).fill(category=OPINION, title="路口加装信号灯")
    form.fill(grid=form.offered["grid"][1])
    answer = desk.send(form)
    assert answer.status_code == 422
    assert "还要问几件事" in answer.text, answer.text
    return report_form(answer.text)


def test_the_questions_of_the_category_are_asked_before_it_is_reported(desk: Clerk) -> None:
    form = asked(desk)
    assert form.sent["title"] == "路口加装信号灯"
    assert form.offered["form.answer"] == ["phone", "message", "visit", "public"]
    answer = desk.send(form.fill(form__answer="phone", form__person="王某某", form__phone="138 0013 8000"))
    assert (answer.status_code, "done=report" in answer.url) == (200, True)
    number = answer.url.rpartition("/")[2].partition("?")[0]
    case = desk.session.get(f"{desk.server.url}/api/v1/cases/{number}", timeout=30).json()
    told = {answer["name"]: (answer["value"], answer["private"]) for answer in case["form"]}
    assert told["answer"] == ("电话", False)
    assert told["person"][1]
    assert "王某某" not in answer.text
    assert "138 0013 8000" not in answer.text


def test_the_code_of_a_component_is_carried_and_is_no_persons_secret(desk: Clerk) -> None:
    answer = desk.send(asked(desk).fill(form__answer="public", component=" L-0012 "))
    number = answer.url.rpartition("/")[2].partition("?")[0]
    case = desk.session.get(f"{desk.server.url}/api/v1/cases/{number}", timeout=30).json()
    told = {answer["name"]: (answer["label"], answer["value"], answer["private"]) for answer in case["form"]}
    assert told["component"] == ("部件编码", "L-0012", False)
    assert "<dt>部件编码</dt><dd>L-0012</dd>" in answer.text


def test_what_is_missing_or_wrong_is_said_at_its_question_and_what_was_typed_stays(desk: Clerk) -> None:
    form = asked(desk).fill(form__phone="看门口纸条", form__person="王某某")
    answer = desk.send(form)
    assert answer.status_code == 422
    assert "请填写：答复方式" in answer.text
    assert "不是电话号码" in answer.text
    again = report_form(answer.text)
    assert (again.sent["form.person"], again.sent["form.phone"]) == ("王某某", "看门口纸条")


def test_the_questions_come_alone_for_the_script_and_only_to_offices(desk: Clerk) -> None:
    text = desk.get(f"/cases/new/questions?category={OPINION}")
    assert 'name="form.answer"' in text
    assert "<html" not in text
    assert "form." not in desk.get("/cases/new/questions?category=social/nothing")
    crew = Clerk(desk.server, "crew")
    assert crew.session.get(f"{desk.server.url}/cases/new/questions", timeout=30).status_code == 403
