"""A report with more than a category: made safe on the spot, told by a resident, with the category's own questions."""

from dataclasses import replace
from pathlib import Path

import pytest

from mobile.core.tablet import Tablet
from mobile.core.views import Draft, Refusal
from mobile.ui.screens.readiness import Readiness
from server import packs
from server.db import Database
from tests.conftest import serving
from tests.link import here, picture, rows, settle, tablet_of
from tests.mobile.paper_office import PaperOffice, enrolled

COVER, VISIT = "urban/component/0102", "social/0201"


def photos(tablet: Tablet, *stages: str) -> list[str]:
    return [tablet.take_in(picture(number), stage).photo_id for number, stage in enumerate(stages)]


def with_social_pack(home: Path) -> Tablet:
    office = PaperOffice()
    office.changes[0] = {**office.changes[0], "id": "social", "body": packs.read_folder("social")}
    return enrolled(home, office)


def test_making_it_safe_is_sealed_right_after_the_report_with_the_photos_that_show_it(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    before, during = photos(tablet, "before", "during")
    tablet.report(COVER, "missing", here(), "井盖没了", [before, during], False, safe=True)
    report, made_safe = tablet._outbox.all()
    assert (report.kind, made_safe.kind) == ("report", "make_safe")
    assert (made_safe.case_id, made_safe.depends_on) == (report.case_id, report.command_id)
    declared = [[photo["id"] for photo in entry.payload["attachments"]] for entry in (report, made_safe)]
    assert declared == [[before], [during]]
    view = tablet.case(report.case_id)
    assert not [act for act in view.acts if act.danger]
    tablet.close()


def test_a_photo_of_what_makes_it_safe_is_needed_where_the_category_says_so(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    with pytest.raises(Refusal, match="围挡"):
        tablet.report(COVER, "missing", here(), "", photos(tablet, "before"), False, safe=True)
    assert tablet._outbox.all() == []
    tablet.close()


def test_taking_the_report_back_takes_the_making_safe_back_and_the_draft_has_both_photos(
    tmp_path: Path,
) -> None:
    tablet = enrolled(tmp_path)
    taken = photos(tablet, "before", "during")
    command_id = tablet.report(COVER, "missing", here(), "井盖没了", taken, False, safe=True)
    assert tablet.undo(command_id)
    assert tablet.outbox().waiting == ()
    draft = tablet.draft()
    assert draft.safe and {photo.photo_id for photo in draft.photos} == set(taken)
    tablet.close()


def test_a_report_that_something_else_builds_on_is_not_taken_back(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    taken = photos(tablet, "before", "during")
    command_id = tablet.report(COVER, "missing", here(), "井盖没了", taken, False, safe=True)
    tablet.act(tablet._outbox.entry(command_id).case_id, "comment", {"text": "有老人经过"})
    assert not tablet.undo(command_id)
    assert len(tablet.outbox().waiting) == 3
    tablet.close()


def test_a_report_for_a_resident_says_whom_to_answer(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    with pytest.raises(Refusal, match="居民称呼"):
        tablet.report(COVER, "broken", here(), "", photos(tablet, "before"), False, behalf=True)
    form = {"contact_name": "王女士", "contact_phone": "13800000000"}
    tablet.report(COVER, "broken", here(), "", photos(tablet, "before"), False, form, behalf=True)
    payload = tablet._outbox.all()[-1].payload
    assert payload["form"] == {**form, "on_behalf": "resident"}
    tablet.close()


def test_the_categorys_own_questions_are_asked_and_only_they_are_answered(tmp_path: Path) -> None:
    tablet = with_social_pack(tmp_path)
    chosen = next(c for major in tablet.report_form().tree for c in major.categories if c.key == VISIT)
    fields = {field.name: field for field in chosen.form}
    assert (fields["person"].required, fields["person"].private) == (True, True)
    assert fields["phone"].kind == "phone"
    assert "助餐" in [choice.label for choice in fields["needs"].choices]
    with pytest.raises(Refusal, match="姓名"):
        tablet.report(VISIT, "need", here(), "", [], False, {"needs": "meals"})
    form = {"person": "赵大爷", "needs": "meals", "site": "shop"}
    tablet.report(VISIT, "need", here(), "", [], False, form)
    entry = tablet._outbox.all()[-1]
    assert entry.payload["form"] == {"person": "赵大爷", "needs": "meals"}
    assert ("需求", "助餐") in [(fact.name, fact.words) for fact in tablet.case(entry.case_id).facts]
    tablet.close()


def test_the_draft_keeps_details_over_a_closed_tablet(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    kept = Draft(COVER, "missing", here(), "", safe=True, behalf=True, form={"contact_name": "王女士"})
    tablet.save_draft(kept)
    tablet.close()
    again = enrolled(tmp_path)
    draft = again.draft()
    assert (draft.safe, draft.behalf, draft.form) == (True, True, {"contact_name": "王女士"})
    again.close()


def test_the_button_says_what_is_missing_and_the_camera_knows_what_comes_next(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    form = tablet.report_form()
    cover = next(c for major in form.tree for c in major.categories if c.key == COVER)
    draft = Draft(COVER, "missing", safe=True, behalf=True)

    def stand(*stages: str, **more: object) -> Readiness:
        shown = tuple(tablet.take_in(picture(n), stage) for n, stage in enumerate(stages))
        given = {**vars(draft), "photos": shown, **more}
        return Readiness(Draft(**given), cover, form.resident)

    assert (stand().next_stage, stand().submit_words) == ("before", "先拍一张照片")
    assert (stand("before").next_stage, stand("before").submit_words) == ("during", "请拍围挡照片")
    ready = stand("before", "during")
    assert ready.ready and ready.submit_words == "填写详情"
    assert "居民称呼" in ready.details_note
    told = stand("before", "during", form={"contact_name": "王女士"})
    assert (told.submit_words, told.details_note) == ("提交上报", "王女士")
    assert not stand("before", condition="broken").danger
    tablet.close()


def test_the_office_gets_a_safe_place_and_the_resident_to_answer(database: Database, tmp_path: Path) -> None:
    settle(database)
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", tmp_path / "tablet")
        taken = photos(tablet, "before", "during")
        form = {"contact_name": "王女士", "contact_phone": "13800000000"}
        tablet.report(COVER, "missing", here(), "井盖没了", taken, False, form, behalf=True, safe=True)
        tablet.sync_now()
        tablet.sync_now()
        assert tablet.outbox().waiting == () and tablet.outbox().needs_you == ()
        (case,) = rows(live, "select flags, form from cases")
        assert "safe" in case["flags"]
        stages = [row["stage"] for row in rows(live, "select stage from attachments order by stage")]
        assert stages == ["before", "during"]
        owed = rows(live, "select 1 from deadlines where kind = 'reply' and stopped_at is null")
        assert len(owed) == 1
        (row,) = tablet.cases("mine").rows
        assert "王女士" in [fact.words for fact in tablet.case(row.case_id).facts]
        tablet.close()


def test_a_report_that_needs_several_photos_says_which_is_next_and_keeps_them_from_those_of_making_safe(
    tmp_path: Path,
) -> None:
    office = PaperOffice()
    body = packs.read_folder("urban")
    for category in body["categories"]:
        category["evidence"] = {"report": ["before", "during"], "make_safe": "during"}
    office.changes[0] = {**office.changes[0], "body": body}
    tablet = enrolled(tmp_path, office)
    category = next(tile for tile in tablet.report_form().tiles if tile.key == COVER)
    draft = Draft(category=COVER, condition="missing", safe=True)
    asked = []
    for number in range(3):
        stand = Readiness(draft, category, ())
        asked.append((stand.next_stage, stand.submit_words, stand.ready))
        taken = tablet.take_in(picture(number), stand.next_stage)
        draft = replace(draft, photos=(*draft.photos, taken))
    assert asked == [("before", "先拍照片：处置前", False), ("during", "先拍照片：处置中", False),
                     ("during", "请拍围挡照片", False)]  # fmt: skip
    assert Readiness(draft, category, ()).ready
    names = [photo.photo_id for photo in draft.photos]
    with pytest.raises(Refusal, match="处置中"):
        tablet.report(COVER, "missing", here(), "", names[:1], False)
    tablet.report(COVER, "missing", here(), "", names, False, safe=True)
    report, made_safe = tablet._outbox.all()
    declared = [[photo["id"] for photo in entry.payload["attachments"]] for entry in (report, made_safe)]
    assert declared == [names[:2], names[2:]]
    tablet.close()
