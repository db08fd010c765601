"""What the tablet says: plain sentences in the worker's language, deadlines as words, nothing asked that is known."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.core.speech import Speech
from mobile.core.views import Refusal, Settings
from server.protocol.pack import Limit
from tests.link import picture
from tests.mobile.paper_office import PaperOffice, case_body, enrolled, pack_body

RUBBISH, COVER = "urban/event/0110", "urban/component/0102"
CASE = "01990000-0000-7000-8000-000000000001"
# Names of people, places and what was written come as they are, and so do codes.
AS_THEY_ARE = ("李网格", "杏花路", "杏花社区", "网格", "G1", "井盖裂了", "zh-CN")


def sentences(view: Any) -> list[str]:
    """Every text in a view."""
    if isinstance(view, str):
        return [view]
    if is_dataclass(view):
        return [text for one in fields(view) for text in sentences(getattr(view, one.name))]
    return [text for one in view for text in sentences(one)] if isinstance(view, tuple) else []


def in_chinese(text: str) -> bool:
    for known in AS_THEY_ARE:
        text = text.replace(known, "")
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.fixture
def office() -> PaperOffice:
    made = PaperOffice()
    made.changes.append({"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE)})
    return made


def test_a_tablet_in_english_says_nothing_in_chinese(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.save_settings(Settings(language="en"))
    photo = tablet.take_in(picture(), "before")
    tablet.report(COVER, "broken", None, "", [photo.photo_id], False)
    now = datetime.now(UTC)
    views = (tablet.today(now, None), tablet.cases("open"), tablet.case(CASE), tablet.outbox(), tablet.report_form(), tablet.me(),
             tablet.link, tablet.locate(104.0099, 30.006, 90), tablet.locate(105.0, 30.0, 5), tablet.person)  # fmt: skip
    assert [text for view in views for text in sentences(view) if in_chinese(text)] == []
    with pytest.raises(Refusal, match="needs a photo"):
        tablet.report(COVER, "broken", None, "", [], False)
    tablet.close()


def test_a_tablet_in_chinese_says_nothing_in_english(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    photo = tablet.take_in(picture(), "before")
    tablet.report(COVER, "broken", None, "", [photo.photo_id], False)
    form, outbox, me = tablet.report_form(), tablet.outbox(), tablet.me()
    shown = [form.tiles[0].photo_note, form.tiles[0].mended_note, *(c.limit for tile in form.tiles for c in tile.conditions),
             *(item.why for item in outbox.waiting), *(item.status for item in outbox.waiting), outbox.done, me.sync_note, tablet.link.sentence,
             *(act.label for act in tablet.case(CASE).acts), tablet.case(CASE).steps_note]  # fmt: skip
    assert [text for text in shown if not in_chinese(text)] == []
    tablet.close()


def test_the_report_form_shows_recent_categories_first_and_says_what_each_asks(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    tablet.report("urban/event/0406", "any", None, "", [], False)
    form = tablet.report_form()
    assert form.tiles[0].key == "urban/event/0406"
    by_key = {tile.key: tile for tile in form.tiles}
    assert (by_key[COVER].photos["report"], by_key[COVER].may_mend) == (("before",), False)
    assert ("report" in by_key[RUBBISH].photos, by_key[RUBBISH].may_mend) == (False, True)
    assert [choice.limit for choice in by_key[COVER].conditions] == ["2 紧急工作时", "4 工作时"]
    assert by_key[COVER].initials == "wsjg"
    assert form.tiles[1].key == RUBBISH  # what the pack calls frequent comes after one's own
    in_tree = {choice.key for major in form.tree for choice in major.categories}
    assert len(form.tiles) == 12 and set(by_key) < in_tree
    assert "部件 · 公用设施" in [major.name for major in form.tree]
    tablet.close()


def test_before_the_first_sync_the_form_says_why_it_is_empty(tmp_path: Path) -> None:
    office = PaperOffice()
    office.changes = []
    tablet = enrolled(tmp_path, office)
    form = tablet.report_form()
    assert form.tiles == ()
    assert form.notices[0].icon == "sync"
    with pytest.raises(Refusal):
        tablet.report(RUBBISH, "any", None, "", [], False)
    tablet.close()


def test_the_person_is_told_with_office_and_grids(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    person = tablet.person
    assert (person.name, person.role, person.organisation) == ("李网格", "网格员", "杏花社区")
    assert (person.place, person.grids, person.grid_codes) == (
        "S1 网格 › S1C1 网格",
        "G1 网格、G2 网格",
        ("G1", "G2"),
    )
    tablet.close()


def test_settings_are_kept_over_a_restart(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    chosen = Settings(language="en", text_size=1.4, theme="sun")
    tablet.save_settings(chosen)
    tablet.close()
    again = enrolled(tmp_path)
    assert again.settings == chosen
    again.close()


def test_the_map_draws_own_grids_and_neighbours_and_the_basemap(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    shapes = tablet.map_shapes()
    assert {shape.code: shape.mine for shape in shapes.grids if shape.level == 3} == {
        "G1": True,
        "G2": True,
        "G3": False,
    }
    assert [(shape.kind, shape.name) for shape in shapes.base] == [("road", "杏花路")]
    assert tablet.map_shapes() is shapes, "it is built once"
    tablet.close()


@pytest.mark.parametrize(("minutes", "words"), [(-1440, "昨天 10:00"), (0, "10:00"), (1440, "明天 10:00"), (5 * 1440, "11-27 10:00"),
                                                (-400 * 1440, "2025-10-18 10:00")])  # fmt: skip
def test_a_moment_is_told_by_clock_and_by_day_when_it_is_not_today(minutes: int, words: str) -> None:
    now = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    assert Speech("zh-CN", "Asia/Shanghai").moment(now + timedelta(minutes=minutes), now) == words


@pytest.mark.parametrize(("limit", "words"), [(Limit(240, "emergency"), "4 紧急工作时"), (Limit(2880, "calendar"), "2 天"),
                                              (Limit(15, "seat"), "15 分钟"), (Limit(90, "working"), "90 工作分钟")])  # fmt: skip
def test_a_limit_names_the_kind_of_time_that_it_runs_in(limit: Limit, words: str) -> None:
    assert Speech("zh-CN", "Asia/Shanghai").limit(limit) == words


@pytest.mark.parametrize(
    ("metres", "words"), [(3, "10 米"), (96, "100 米"), (984, "980 米"), (1240, "1.2 公里")]
)
def test_a_distance_is_told_as_people_say_it(metres: float, words: str) -> None:
    assert Speech("zh-CN", "Asia/Shanghai").metres(metres) == words


def test_a_photo_that_is_no_picture_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    with pytest.raises(Refusal):
        tablet.take_in(b"MZ not a picture", "before")
    assert list((tmp_path / "photos").iterdir()) == []
    tablet.close()


def test_an_act_offers_the_reasons_of_the_pack_and_leaves_out_what_the_pack_does(tmp_path: Path) -> None:
    office = PaperOffice()
    body = pack_body()
    office.changes[0]["body"] = body
    office.changes.append({"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE)})
    tablet = enrolled(tmp_path, office)
    tablet.sync_now()
    fields = {act.action: {field.name: field for field in act.fields} for act in tablet.case(CASE).acts}
    unmet = [choice.label for choice in fields["fail"]["unmet"].choices]
    assert unmet[0].startswith("井盖完好") and "未处置，现状与上报时一致" in unmet
    reason = fields["escalate"]["reason"]
    assert reason.kind == "long" and "涉及多个部门" in [choice.label for choice in reason.choices]
    office.changes.append({"seq": 3, "kind": "pack", "id": "urban", "version": 2, "body": body | {
        "without": ["escalate"], "words": {"actions": {"fail": {"zh-CN": "没修好", "en": "Not mended"}}}}})  # fmt: skip
    tablet.sync_now()
    labels = {act.action: act.label for act in tablet.case(CASE).acts}
    assert "escalate" not in labels and labels["fail"] == "没修好"
    tablet.close()
