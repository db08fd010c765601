"""Every act of the table on a tablet: worded, drawn, filled in with a glove, and sealed as the server reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from mobile.core import act_fields, case_page, until
from mobile.core.act_words import ICONS, SENTENCES, ActWords
from mobile.core.case_words import TODO_WORDS
from mobile.core.speech import Speech
from mobile.core.tablet import Tablet
from mobile.core.views import CaseView, PhotoView, Position, Refusal
from mobile.core.views.forms import FieldKind
from mobile.ui.icons import read_strokes
from server.protocol.pack import read_pack
from server.protocol.stages import stages_of
from server.protocol.words import STATE_WORDS
from server.protocol.workflow import ACTIONS, FORWARD, TABLE
from tests.link import picture
from tests.mobile.paper_office import PaperOffice, case_body, enrolled, pack_body

CASE = "01990000-0000-7000-8000-000000000001"
COVER = "urban/component/0102"
HERE = Position(104.005, 30.005, 8.0)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in the district
SHANGHAI = ZoneInfo("Asia/Shanghai")
CREW = {"id": 8, "name": "王工", "role": "crew", "organisation": "养护队",
        "actor": {"person": 8, "role": "crew", "duties": [], "organisation": 9, "nodes": []}}  # fmt: skip
COMMUNITY = {"id": 6, "name": "周社区", "role": "community", "organisation": "杏花社区",
             "actor": {"person": 6, "role": "community", "duties": [], "organisation": 3, "nodes": [3]}}  # fmt: skip


def tablet_with(
    home: Path,
    state: str,
    person: dict[str, Any] | None = None,
    flags: tuple[str, ...] = (),
    office: PaperOffice | None = None,
    **more: Any,
) -> tuple[Tablet, PaperOffice]:
    """A tablet without a signal that knows one case in that state."""
    office = office or PaperOffice()
    office.person = person or office.person
    body = case_body(CASE, state=state, **more)
    body["facts"]["flags"] = ["registered", *flags]
    body["facts"]["holder"] = 3
    office.changes.append({"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": body})
    tablet = enrolled(home, office)
    office.online = False
    return tablet, office


def names(view: CaseView) -> list[str]:
    return [act.action for act in view.acts]


def sealed(tablet: Tablet) -> dict[str, Any]:
    """The last command of the outbox as it will be sent."""
    command: dict[str, Any] = tablet._outbox.all()[-1].command
    return command


def test_every_act_of_the_table_has_a_drawing_and_every_state_says_what_others_do() -> None:
    assert set(ICONS) == set(ACTIONS)
    assert set(ICONS.values()) <= set(read_strokes())
    assert set(case_page.OTHERS_DO) == set(STATE_WORDS)
    assert set(TODO_WORDS) == set(FORWARD)
    assert set(SENTENCES) <= set(ACTIONS)


@pytest.mark.parametrize("row", [row for row in TABLE if row.shown and act_fields.on_a_tablet(row)],
                         ids=lambda row: f"{row.action}-{row.to or 'stays'}")  # fmt: skip
def test_every_need_of_an_act_has_a_control_that_a_glove_can_use(row: Any) -> None:
    pack = read_pack(pack_body())
    category = pack.category("urban/component", "0102")
    assert category
    words = ActWords(pack, category, category.condition("broken"), Speech("zh-CN", "Asia/Shanghai"), NOON)
    act = words.act(row)
    asked = {need.name for need in row.needs if need.required and need.kind != "evidence"}
    assert asked <= {field.name for field in act.fields}
    for field in act.fields:
        assert field.kind in get_args(FieldKind)
        assert field.choices or field.kind not in ("choice", "choices", "time"), field.name


def test_what_waits_stands_first_what_is_natural_beside_it_and_the_rest_behind(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling", CREW)
    view = tablet.case(CASE)
    assert [act.action for act in view.acts if act.primary] == ["handle"]
    assert [act.action for act in view.acts if act.near] == ["notice", "ask_extension", "ask_return"]
    assert names(view)[:4] == ["handle", "notice", "ask_extension", "ask_return"]
    assert {"enforce", "ask_suspension", "make_safe"} <= set(names(view)[4:])
    tablet.close()


def test_acts_that_need_an_organisation_are_named_but_left_to_a_desk(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling", CREW)
    view = tablet.case(CASE)
    assert "ask_help" not in names(view)
    assert "须在电脑上办：请求协助" in view.acts_note
    with pytest.raises(Refusal):
        tablet.act(CASE, "ask_help", {"organisation": "X", "question": "谁的井盖"})
    tablet.close()


def test_a_chosen_moment_counts_from_the_touch_and_goes_out_with_its_zone(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling")
    (notice,) = [act for act in tablet.case(CASE).acts if act.action == "notice"]
    (moment,) = [field for field in notice.fields if field.name == "until"]
    assert (moment.kind, moment.choices[0].label) == ("time", "1 小时内")
    tablet.act(CASE, "notice", {"party": "杏花超市", "demand": "撤回摊位", "until": "+240"})
    ends = datetime.fromisoformat(sealed(tablet)["payload"]["until"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=4)) < timedelta(minutes=1)
    tablet.close()


def test_an_evening_that_is_over_is_not_offered() -> None:
    speech = Speech("zh-CN", "Asia/Shanghai")
    assert "18:00+0" in [choice.code for choice in until.moments("notice", NOON, speech)]
    late = NOON + timedelta(hours=8)
    assert "18:00+0" not in [choice.code for choice in until.moments("notice", late, speech)]
    tomorrow = until.moment_of("18:00+1", late, SHANGHAI)
    assert tomorrow == datetime(2026, 11, 23, 18, 0, tzinfo=SHANGHAI)


def test_a_verified_case_may_turn_out_to_be_another_category(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "verifying")
    view = tablet.case(CASE)
    (verify,) = [act for act in view.acts if act.primary]
    fields = {field.name: field for field in verify.fields}
    assert [choice.code for choice in fields["finding"].choices] == ["true", "not_found", "other_category"]
    assert fields["category"].asked_if == ("finding", "other_category")
    assert tablet.today(datetime.now(UTC), None).todos[0].title.startswith("核实")
    tablet.act(CASE, "verify", {"finding": "other_category", "category": "urban/event/0110"})
    payload = sealed(tablet)["payload"]
    assert payload["category"] == {"system": "urban/event", "code": "0110"}
    assert names(tablet.case(CASE)) and not tablet.case(CASE).acts[0].primary
    tablet.close()


def test_a_change_moves_the_case_only_when_that_was_asked_for(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "registered", COMMUNITY)
    tablet.act(CASE, "change", {"reason": "情形有误", "condition": "missing"}, (), HERE)
    assert sealed(tablet)["position"] is None
    tablet.act(CASE, "change", {"reason": "位置有误", "place": act_fields.HERE}, (), HERE)
    assert sealed(tablet)["position"]["lon"] == HERE.lon
    assert "place" not in sealed(tablet)["payload"]
    tablet.close()


def test_photos_of_an_act_have_the_stage_that_the_category_names() -> None:
    category = read_pack(pack_body()).category("urban/component", "0102")
    assert stages_of("make_safe", category) == ("during",)
    assert stages_of("handle", category) == ("after",)
    assert [stages_of(act, category) for act in ("pass", "fail")] == [("inspection",), ("inspection",)]
    assert stages_of("comment", None) == ("during",)


def test_where_there_is_danger_making_it_safe_stands_first_until_it_is_done(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "registered", condition={"code": "missing"})
    (danger,) = [act for act in tablet.case(CASE).acts if act.danger]
    assert (danger.action, danger.photo, danger.stages) == ("make_safe", "must", ("during",))
    with pytest.raises(Refusal):
        tablet.act(CASE, "make_safe", {}, ())
    tablet.act(CASE, "make_safe", {}, [tablet.take_in(picture(), "during").photo_id])
    view = tablet.case(CASE)
    assert not [act for act in view.acts if act.danger]
    assert "已围挡" in {fact.name: fact.words for fact in view.facts}["标记"]
    tablet.close()


def test_what_is_no_emergency_shows_no_danger(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "registered", condition={"code": "broken"})
    acts = {act.action: act for act in tablet.case(CASE).acts}
    assert not acts["make_safe"].danger and not acts["make_safe"].primary
    tablet.close()


def test_who_reported_it_has_a_sentence_for_the_resident_when_it_is_closed(tmp_path: Path) -> None:
    events = [{"action": "handle", "text": "换新井盖", "acted_at": "2026-11-22T01:30:00.000000Z"}]
    tablet, office = tablet_with(tmp_path, "closed", close_kind="fixed", events=events)
    assert "可对居民说" not in {fact.name for fact in tablet.case(CASE).facts}
    body = case_body(CASE, 4, "closed", close_kind="fixed", events=events)
    body["facts"]["reporter"] = 7
    office.changes.append({"seq": 3, "kind": "case", "id": CASE, "version": 4, "body": body})
    office.online = True
    tablet.sync_now()
    told = {fact.name: fact.words for fact in tablet.case(CASE).facts}["可对居民说"]
    assert told == "您反映的问题（污水井盖破损）已处理好。 换新井盖"
    tablet.close()


def test_an_inspection_shows_both_sides_the_condition_and_a_photo_that_is_missing(tmp_path: Path) -> None:
    events = [{"action": "handle", "text": "换新井盖", "acted_at": "2026-11-22T01:30:00.000000Z"}]
    photos = [
        {"id": "01990000-0000-7000-8000-00000000000a", "stage": "before", "arrived": True},
        {"id": "01990000-0000-7000-8000-00000000000b", "stage": "after", "arrived": False},
    ]
    tablet, _ = tablet_with(tmp_path, "handled", events=events, attachments=photos)
    view = tablet.inspection(CASE)
    assert (view.reported, view.done) == ("井盖裂了", "换新井盖")
    assert view.closing.startswith("井盖完好")
    assert [len(side) for side in (view.before, view.after)] == [1, 1]
    assert "还没传到" in view.note
    assert view.passing and view.failing and [act.action for act in view.others] == ["cannot_inspect"]
    tablet.act(CASE, "pass", {"close_kind": "fixed"})
    view = tablet.inspection(CASE)
    assert view.passing is None and "核查通过" in view.note
    tablet.close()


def test_an_act_that_needs_several_photos_names_what_is_missing_and_what_the_next_one_shows(
    tmp_path: Path,
) -> None:
    office = PaperOffice()
    body = pack_body()
    for category in body["categories"]:
        category["evidence"] = {"handle": ["before", "after"]}
    office.changes[0] = {**office.changes[0], "body": body}
    tablet, _ = tablet_with(tmp_path, "handling", CREW, office=office)
    (handle,) = [act for act in tablet.case(CASE).acts if act.action == "handle"]
    taken: list[PhotoView] = []
    for missing, shows in [(("before", "after"), "before"), (("after",), "after"), ((), "after")]:
        assert (handle.missing(taken), handle.next_stage(taken)) == (missing, shows)
        if missing:
            with pytest.raises(Refusal, match="处置后"):
                tablet.act(CASE, "handle", {"done": "已换"}, [photo.photo_id for photo in taken])
        taken.append(tablet.take_in(picture(len(taken)), shows))
    tablet.act(CASE, "handle", {"done": "已换"}, [photo.photo_id for photo in taken])
    assert [photo["stage"] for photo in sealed(tablet)["payload"]["attachments"]] == [
        "before",
        "after",
        "after",
    ]
    tablet.close()
