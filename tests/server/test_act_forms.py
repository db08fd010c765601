"""Every kind of field of the table has a control that works as plain HTML, and comes to the case as it was meant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.people.service import Organisation, put_organisation
from tests.conftest import LiveServer
from tests.factories import COVER, Street, picture
from tests.server.cases.test_stages import asking_for
from tests.server.plain_forms import Forms, Office, form_in, handling, registered


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def test_a_condition_stands_with_its_limit_and_its_condition_for_closing(office: Office) -> None:
    number = office.make(lambda street: street.report(category=COVER))
    duty = office.clerk("duty")
    text = duty.get(f"/cases/{number}")
    assert "2 紧急工作时" in text
    assert "结案条件：井盖补齐" in text
    duty.send(duty.form(number, "register").fill(condition="broken"))
    assert office.case(number)["condition"]["code"] == "broken"


def test_a_time_is_read_in_the_districts_clock_and_typed_time_goes_before_the_quick_choice(
    office: Office,
) -> None:
    number = office.make(handling)
    chief = office.clerk("supervise")
    form = chief.form(number, "supervise")
    quick = [value for value in form.offered["until.pick"] if value]
    assert quick, "some usual moments are offered"
    chief.send(form.fill(demand="尽快", until__pick=quick[-1], until="2031-11-24T18:00"))
    due = {clock["kind"]: clock["due_at"] for clock in office.case(number)["deadlines"]}
    assert datetime.fromisoformat(due["supervise"]) == datetime(2031, 11, 24, 10, tzinfo=UTC)


def test_a_quick_choice_alone_is_a_moment_too(office: Office) -> None:
    number = office.make(handling)
    chief = office.clerk("supervise")
    form = chief.form(number, "supervise")
    quick = form.offered["until.pick"][-2]
    chief.send(form.fill(demand="尽快", until__pick=quick))
    clock = next(c for c in office.case(number)["deadlines"] if c["kind"] == "supervise")
    local = datetime.fromisoformat(clock["due_at"]) + timedelta(hours=8)
    assert local.strftime("%Y-%m-%dT%H:%M") == quick
    assert "督办期限至" in chief.get(f"/cases/{number}")


def test_departments_are_called_by_name_and_those_who_have_not_come_are_named(office: Office) -> None:
    number = office.make(registered)
    street = office.clerk("street")
    form = street.form(number, "whistle")
    assert "community-S1C1" in {value for values in form.offered.values() for value in values}
    page = street.send(form.tick("called", "crew-drain", "community-S1C1").fill(reason="情况复杂")).text
    assert "已吹哨、未报到" in page
    assert "请来：" in page
    assert {one["name"] for one in office.case(number)["called"]} == {"排水队", "S1C1社区"}


def test_help_is_asked_of_another_organisation_never_of_ones_own(office: Office) -> None:
    number = office.make(handling)
    crew = office.clerk("crew")
    form = crew.form(number, "ask_help")
    assert "crew-drain" not in form.offered["organisation"]
    crew.send(form.fill(organisation="crew-any", question="借一台泵"))
    assert [one["code"] for one in office.case(number)["asked"]] == ["crew-any"]


def test_a_case_is_forwarded_to_a_party_chosen_by_name(office: Office) -> None:
    party = Organisation("outside", "out-metro", "地铁公司", office.district.id)
    office.server.database.run(lambda conn: put_organisation(conn, office.district.id, party))
    number = office.make(registered)
    dispatcher = office.clerk("dispatch")
    assert "地铁公司" in dispatcher.get(f"/cases/{number}")
    dispatcher.send(dispatcher.form(number, "forward").fill(outside="out-metro"))
    assert office.case(number)["handler"]["name"] == "地铁公司"


def test_who_pays_and_which_crew_are_chosen_where_ownership_is_unclear(office: Office) -> None:
    number = office.make(registered)
    duty = office.clerk("duty")
    form = duty.form(number, "assign_anyway").fill(crew="crew-drain", payer="unclear")
    page = duty.send(form.fill(reason__pick="权属不明", reason="待查档案")).text
    assert "权属不明：待查档案" in page, "the chosen reason and the typed words"
    assert "待明确" in page
    assert office.case(number)["payer"] == "unclear"
    # A crew that may not take it is shown, with the reason, and cannot be chosen.
    other = office.make(registered)
    assert "crew-clean" not in duty.form(other, "assign_anyway").offered["crew"]


def test_a_chosen_reason_needs_no_words_of_ones_own(office: Office) -> None:
    number = office.make(lambda street: street.dispatched())
    crew = office.clerk("crew")
    crew.send(crew.form(number, "ask_return").fill(reason__pick="不属于本单位职责"))
    assert office.case(number)["flags"].count("return_asked") == 1
    assert "不属于本单位职责" in crew.get(f"/cases/{number}")


def test_the_same_matter_nearby_is_offered_to_merge_into_and_both_cases_say_so(office: Office) -> None:
    first = office.make(lambda street: street.report(category=COVER, title="井盖没了"))
    second = office.make(lambda street: street.report("intake", lon=104.00502, category=COVER))
    duty = office.clerk("duty")
    form = duty.form(second, "merge")
    assert first in form.offered["survivor.pick"]
    duty.send(form.fill(survivor__pick=first))
    assert office.case(second)["state"] == "merged"
    assert f"/cases/{first}" in duty.get(f"/cases/{second}")
    assert "并入本案的" in duty.get(f"/cases/{first}")


def test_a_split_case_names_its_parts_and_each_part_its_parent(office: Office) -> None:
    number = office.make(registered)
    dispatcher = office.clerk("dispatch")
    form = dispatcher.form(number, "split")
    form.fill(parts__0__matter="urban/component/0102#missing", parts__0__crew="crew-drain")
    form.fill(parts__1__matter="urban/event/0110#any", parts__1__title="周边垃圾")
    page = dispatcher.send(form).text
    assert "分办的部分" in page
    assert "周边垃圾" in page
    parts = office.make(
        lambda street: [c for c in street_cases(street) if c["number"] != number],
    )
    assert sorted(part["state"] for part in parts) == ["dispatched", "registered"]
    assert "所属案件" in dispatcher.get(f"/cases/{parts[0]['number']}")


def street_cases(street: Street) -> list[dict[str, Any]]:
    from server.cases.filters import Filters
    from server.cases.lists import list_cases

    return list_cases(street.conn, street.viewer("duty"), Filters(), 50, None, street.now).items


def test_category_place_and_payer_are_changed_in_one_form_and_the_timeline_says_what_changed(
    office: Office,
) -> None:
    number = office.make(registered)
    duty = office.clerk("duty")
    form = duty.form(number, "change").fill(category="urban/component/0103#broken", place__grid="S2C1G1")
    page = duty.send(form.fill(payer="owner", reason="现场核对")).text
    case = office.case(number)
    assert (case["category"]["code"], case["condition"]["code"], case["payer"]) == ("0103", "broken", "owner")
    assert case["grid"]["code"] == "S2C1G1"
    assert "类别：污水井盖 → 雨水井盖" in page
    assert "地点：S1C1G1名 → S2C1G1名" in page


def test_a_place_may_be_given_as_a_point(office: Office) -> None:
    number = office.make(registered)
    duty = office.clerk("duty")
    duty.send(duty.form(number, "change").fill(place__point="104.035, 30.005", reason="现场核对"))
    case = office.case(number)
    assert (case["location"]["lon"], case["grid"]["code"]) == (104.035, "S1C2G1")


def test_wrong_input_is_said_at_its_field_and_what_was_typed_is_kept(office: Office) -> None:
    number = office.make(registered)
    duty, dispatcher = office.clerk("duty"), office.clerk("dispatch")
    cases = [
        (duty, "change", {"place__point": "abc", "reason": "核对"}, "change-place", "请按“经度"),
        (duty, "merge", {"survivor": "20200101-000001"}, "merge-survivor", "20200101-000001"),
        (dispatcher, "split", {"parts__0__title": "只写了题目"}, "split-parts.0.matter", "只写了题目"),
        (dispatcher, "forward", {"note": "请协助", "until": "2020-01-01T10:00"}, "forward-outside", "请协助"),
    ]
    for clerk, action, values, anchor, kept in cases:
        answer = clerk.send(clerk.form(number, action).fill(**values))
        assert answer.status_code == 422, action
        assert f'href="#{anchor}"' in answer.text, action
        assert f'id="{anchor}"' in answer.text, action
        assert kept in answer.text, action
    assert office.case(number)["state"] == "registered"


def test_a_moment_that_is_over_or_cannot_be_read_is_said_at_the_moment(office: Office) -> None:
    number = office.make(handling)
    chief = office.clerk("supervise")
    for until, said in (("2020-01-01T10:00", "截止时间已过"), ("2031-13-01T10:00", "请写日期和钟点")):
        answer = chief.send(chief.form(number, "supervise").fill(demand="尽快办", until=until))
        assert answer.status_code == 422
        assert said in answer.text
        assert form_in(answer.text, "supervise").sent["demand"] == "尽快办"


def test_what_the_crew_asked_for_stands_in_the_form_of_who_grants_it(office: Office) -> None:
    number = office.make(handling)
    crew, duty = office.clerk("crew"), office.clerk("duty")
    until = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%dT18:00")
    crew.send(crew.form(number, "ask_suspension").fill(reason="等雨季过去", until=until))
    form = duty.form(number, "suspend")
    assert (form.sent["reason"], form.sent["until"]) == ("等雨季过去", until)
    page = duty.send(form).text
    assert "挂账至" in page
    assert office.case(number)["state"] == "suspended"


def test_the_button_beside_a_near_case_merges_into_it_and_only_for_who_may(office: Office) -> None:
    first = office.make(lambda street: street.report(category=COVER))
    second = office.make(lambda street: street.report("intake", lon=104.00502, category=COVER))
    assert "并入此案" not in office.clerk("intake").get(f"/cases/{second}")
    duty = office.clerk("duty")
    forms = Forms(duty.get(f"/cases/{second}")).found
    (button,) = [form for form in forms if form.sent.get("survivor") == first]
    duty.send(button)
    assert office.case(second)["state"] == "merged"


def test_the_phone_desk_sees_what_may_be_the_same_matter_while_it_writes(office: Office) -> None:
    known = office.make(lambda street: street.report(category=COVER, title="井盖没了"))
    intake = office.clerk("intake")
    assert 'data-beside="/cases/new/beside"' in intake.get("/cases/new")
    cover = "category=urban/component/0102"
    assert known in intake.get(f"/cases/new/beside?{cover}&place=104.00502, 30.005")
    assert known in intake.get(f"/cases/new/beside?{cover}&grid=S1C1G1")
    for other in (cover, f"{cover}&place=104.02,30.005", f"{cover}&place=here", "place=104.00502,30.005"):
        assert intake.get(f"/cases/new/beside?{other}").strip() == ""


def test_those_whom_the_condition_makes_responsible_stand_first_among_those_to_call(office: Office) -> None:
    def prepared(street: Street) -> str:
        number = registered(street)
        street.act("duty", number, "change", reason="权属待定", payer="unclear")
        return number

    number = office.make(prepared)
    offered = office.clerk("street").form(number, "whistle").offered
    codes = next(codes for name, codes in offered.items() if name.startswith("called"))
    assert codes[0] in ("crew-drain", "crew-far")


def test_photos_of_several_stages_have_an_input_each_and_the_one_that_lacks_is_named(office: Office) -> None:
    number = office.make(asking_for_two)
    crew = office.clerk("crew")
    form = crew.form(number, "handle").fill(done="换新井盖")
    assert form.files == ["attachments.before", "attachments.after"]
    before, after = (("p.jpg", picture(colour), "image/jpeg") for colour in ("blue", "green"))
    refused = crew.send(form, **{"attachments.before": before})
    assert (refused.status_code, refused.text.count("请添加照片：处置后")) == (422, 2), (
        "at the input and on top"
    )
    assert 'href="#handle-attachments.after"' in refused.text and "请添加照片：处置前" not in refused.text
    crew.send(
        crew.form(number, "handle").fill(done="换新井盖"),
        **{"attachments.before": before, "attachments.after": after},
    )
    case = office.case(number)
    assert (case["state"], {photo["stage"] for photo in case["attachments"]}) == (
        "handled",
        {"before", "after"},
    )


def test_a_report_that_lacks_some_of_its_photos_says_which(office: Office) -> None:
    def made(street: Street) -> str:
        asking_for(street, report=["before", "during"])
        return street.report(attachments=[street.photo("before")])

    number = office.make(made)
    assert "缺照片：处置中" in office.clerk("duty").get(f"/cases/{number}")


@pytest.mark.parametrize(
    ("act", "said"),
    [("report", "还没有照片。这类案件需要照片。"), ("handle", "没有照片。只有需要时才要求照片。")],
)
def test_a_case_without_photos_says_whether_one_is_asked_for(office: Office, act: str, said: str) -> None:
    def made(street: Street) -> str:
        asking_for(street, **{act: ["before"]})
        return street.report()

    assert said in office.clerk("duty").get(f"/cases/{office.make(made)}")


def asking_for_two(street: Street) -> str:
    asking_for(street, handle=["before", "after"])
    return handling(street)
