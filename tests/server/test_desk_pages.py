"""What the desk's pages say beside the forms: who was faster, what waits for whom, and how small a crew's page is."""

from collections.abc import Iterator

import pytest

from server.console.arranged import GROUPS, MOST_BESIDE, NATURAL, arranged
from server.console.filters import state_groups
from server.protocol.workflow import ACTIONS, STATES, TABLE
from server.settings import CHECKOUT
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.plain_forms import Clerk, Forms, Office, form_in, handling, registered


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def test_every_act_that_can_be_offered_stands_under_one_heading() -> None:
    offered = {row.action for row in TABLE if row.shown and set(row.who) - {"system"}}
    grouped = [action for _, actions in GROUPS for action in actions]
    assert sorted(grouped) == sorted(offered)
    assert {action for some in NATURAL.values() for action in some} <= set(ACTIONS)


def test_every_state_stands_under_one_heading_of_the_filter() -> None:
    assert [state for _, some in state_groups(str) for state in some] == list(STATES)


def test_a_case_is_called_by_one_word_in_chinese() -> None:
    catalogue = CHECKOUT / "server" / "locale" / "zh_CN" / "LC_MESSAGES" / "xunge.po"
    assert "案卷" not in catalogue.read_text(encoding="utf-8")


def test_one_act_stands_first_a_few_beside_it_and_the_rest_by_heading(office: Office) -> None:
    number = office.make(handling)

    def arrangement(street: Street) -> None:
        from server.cases import acts

        street.act("crew", number, "ask_extension", reason="等配件")
        offers = acts.offers(street.conn, street.viewer("duty"), street.case(number), street.now)
        found = arranged(offers, "handling")
        assert found.primary is not None
        assert found.primary.action == "grant_extension"
        assert found.beside[0].action == "refuse_extension", "who may say yes may say no"
        assert len(found.beside) <= MOST_BESIDE
        assert sorted(o.action for o in found) == sorted(o.action for o in offers), "none is lost"
        assert "make_safe" in [o.action for o in arranged(offers, "handling", danger=True).near]

    office.make(arrangement)


def test_who_was_faster_is_named_and_the_typed_words_stand_in_the_form_again(office: Office) -> None:
    number = office.make(registered)
    duty, chief = office.clerk("duty"), office.clerk("dispatch")
    form = duty.form(number, "assign_anyway").fill(crew="crew-drain", reason="权属不明，先行处置")
    chief.send(chief.form(number, "dispatch_down"))
    answer = duty.send(form)
    assert answer.status_code == 409
    assert "案件有了变化" in answer.text
    assert "dispatch岗" in answer.text
    assert "下派街道" in answer.text
    assert form_in(answer.text, "assign_anyway").sent["reason"] == "权属不明，先行处置"
    assert office.case(number)["state"] == "registered", "nothing was done"
    duty.send(form_in(answer.text, "assign_anyway"))
    assert office.case(number)["state"] == "dispatched", "sent once more, it holds"


def test_words_for_an_act_that_is_no_longer_possible_are_shown_not_lost(office: Office) -> None:
    number = office.make(registered)
    duty, chief = office.clerk("duty"), office.clerk("dispatch")
    form = duty.form(number, "assign_anyway").fill(crew="crew-drain", reason="写了很久的理由")
    chief.send(chief.form(number, "dispatch").fill(crew="crew-drain"))
    answer = duty.send(form)
    assert answer.status_code == 409
    assert "写了很久的理由" in answer.text
    assert "待接单" in answer.text


def test_the_same_form_sent_twice_is_one_act(office: Office) -> None:
    number = office.make(registered)
    duty = office.clerk("duty")
    form = duty.form(number, "assign_anyway").fill(crew="crew-drain", reason="权属不明")
    first, second = duty.send(form), duty.send(form)
    assert (first.status_code, second.status_code) == (200, 200)
    assert office.case(number)["version"] == 3


def test_what_is_to_be_judged_stands_with_its_reason_and_both_answers(office: Office) -> None:
    returned = office.make(lambda street: street.dispatched())
    longer = office.make(handling)
    crew, duty = office.clerk("crew"), office.clerk("duty")
    crew.send(crew.form(returned, "ask_return").fill(reason="不归本队管"))
    crew.send(crew.form(longer, "ask_extension").fill(reason="等待配件"))
    text = duty.get("/work")
    for said in ("不归本队管", "等待配件", f"/cases/{returned}/acts/uphold_return", f"/cases/{returned}/acts/refuse_return",
                 f"/cases/{longer}/acts/grant_extension"):  # fmt: skip
        assert said in text
    assert f"/cases/{longer}/acts/uphold_return" not in text
    page = duty.send(form_in(duty.get(f"/cases/{returned}/acts/refuse_return?back=/work"), "refuse_return")
                     .fill(reason="清单列明由你队处置"))  # fmt: skip
    assert page.url.endswith("/work?done=refuse_return")
    assert "不归本队管" not in page.text


def test_an_appeal_of_a_closed_case_waits_on_the_same_board(office: Office) -> None:
    number = office.make(lambda street: street.closed())
    crew, duty = office.clerk("crew"), office.clerk("duty")
    crew.send(crew.form(number, "appeal").fill(reason="超期不是我们的责任"))
    assert number in duty.get("/cases?board=returned")
    assert "超期不是我们的责任" in duty.get("/work")
    assert number not in office.clerk("community").get("/work")


def test_a_community_sees_what_it_may_take_and_inspect_and_not_what_it_mended_itself(office: Office) -> None:
    open_one, done = office.make(registered), office.make(lambda street: street.handled())
    clerk = office.clerk("community")
    text = clerk.get("/work")
    assert f"/cases/{open_one}/acts/take" in text
    assert f"/cases/{done}/acts/pass" in text
    clerk.send(form_in(clerk.get(f"/cases/{open_one}/acts/take"), "take"))
    assert f"/cases/{open_one}/acts/handle" in clerk.get("/work"), "now in its own hands"
    clerk.send(form_in(clerk.get(f"/cases/{open_one}/acts/handle"), "handle").fill(done="自行修好"),
               attachments=("a.jpg", picture_bytes(), "image/jpeg"))  # fmt: skip
    assert office.case(open_one)["state"] == "handled"
    assert f"/cases/{open_one}/acts/pass" not in clerk.get("/work")


def picture_bytes() -> bytes:
    from tests.factories import picture

    return picture()


def test_what_rests_with_others_is_counted_with_its_age_and_owner(office: Office) -> None:
    number = office.make(registered)
    duty = office.clerk("duty")
    duty.send(duty.form(number, "ask").fill(question="在路的哪一侧？"))
    text = duty.get("/cases?board=waiting")
    assert number in text
    assert "等反映人答复" in text
    assert office.server.url and "待补充 (1)" in text, "open states are counted in the filter"
    assert number not in duty.get("/cases?board=suspended")


def test_who_was_called_finds_it_among_its_own_work(office: Office) -> None:
    number = office.make(registered)
    street = office.clerk("street")
    street.send(
        street.form(number, "whistle").tick("called", "crew-any", "community-S1C1").fill(reason="共同到场")
    )
    assert f"/cases/{number}/acts/arrive" in office.clerk("community").get("/work")


def test_a_crews_page_stays_small_and_keeps_the_rare_acts_on_a_page_of_the_case(office: Office) -> None:
    numbers = [office.make(handling) for _ in range(9)]
    crew = office.clerk("crew")
    text = crew.get("/crews")
    assert len(text.encode()) <= 60_000, "without photos"
    assert text.count("结案条件") >= 8, "the condition for closing stands beside the evidence"
    assert 'rel="next"' in text
    assert "/actions/enforce" not in text
    job = crew.get(f"/crews/{numbers[0]}")
    assert "/actions/enforce" in job
    assert "/acts/ask_help" in job
    form = form_in(crew.get(f"/cases/{numbers[0]}/acts/ask_help?back=/crews/{numbers[0]}"), "ask_help")
    assert crew.send(form.fill(organisation="crew-any", question="借泵")).url.endswith("?done=ask_help")


def test_a_wrong_entry_on_a_crews_phone_comes_back_to_the_crews_page(office: Office) -> None:
    number = office.make(handling)
    crew = office.clerk("crew")
    form = next(f for f in Forms(crew.get("/crews")).found if f.action.endswith("/ask_return"))
    answer = crew.send(form)
    assert answer.status_code == 422
    assert 'href="#ask_return-reason"' in answer.text
    assert f"/crews/{number}" in form_in(answer.text, "ask_return").sent["back"]


def test_only_crews_have_the_crews_page_of_a_case(office: Office) -> None:
    number = office.make(handling)
    duty = Clerk(office.server, "duty")
    assert duty.session.get(f"{office.server.url}/crews/{number}", timeout=30).status_code == 403
    crew = office.clerk("crew")
    assert crew.session.get(f"{office.server.url}/work", timeout=30).status_code == 403
