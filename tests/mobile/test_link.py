"""What the sync promises, tried over a bad wire: everything captured arrives exactly once, whatever happens on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.core.tablet import Tablet
from mobile.core.transport import HttpTransport, Reply
from mobile.core.views import Refusal
from mobile.sim.wire import FAULTS, HARMLESS, BadWire
from tests.conftest import LiveServer
from tests.link import TurnedClock, code_for, here, picture, rows, settle, tablet_of
from tests.server.small_district import SmallDistrict

RUBBISH, COVER = "urban/event/0110", "urban/component/0102"


@pytest.fixture
def district(live_server: LiveServer) -> SmallDistrict:
    return settle(live_server.database)


@pytest.fixture
def wire() -> Iterator[BadWire]:
    made = BadWire(wait=lambda seconds: None)
    yield made
    made.close()


@pytest.fixture
def tablet(
    live_server: LiveServer, district: SmallDistrict, wire: BadWire, tmp_path: Path
) -> Iterator[Tablet]:
    made = tablet_of(live_server, "worker", tmp_path / "tablet", wire)
    yield made
    made.close()


def test_a_report_with_a_photo_taken_without_a_signal_arrives_once_with_its_photo(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    photo = tablet.take_in(picture(1), "before")
    command_id = tablet.report(COVER, "missing", here(), "井盖不见了", [photo.photo_id], False)
    assert tablet.sync_now().state == "offline"
    assert [item.command_id for item in tablet.outbox().waiting] == [command_id]
    wire.online = True
    assert tablet.sync_now().state == "online"
    (case,) = rows(live_server, "select * from cases")
    assert (case["state"], case["description"], case["category_code"], case["condition"]) == (
        "reported",
        "井盖不见了",
        "0102",
        "missing",
    )
    (kept,) = rows(live_server, "select a.arrived_at, b.bytes from attachments a join blobs b using (sha256)")
    assert kept["arrived_at"] is not None
    assert kept["bytes"] == len(picture(1))
    assert tablet.outbox().waiting == ()
    (row,) = tablet.cases("mine").rows
    assert row.case_id == str(case["id"])
    assert tablet.case(row.case_id).photos[0].has_bytes


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_one_request_meets_on_the_way_the_report_arrives_once(
    live_server: LiveServer, tablet: Tablet, wire: BadWire, fault: str
) -> None:
    command_id = tablet.report(RUBBISH, "any", here(), "垃圾堆", [], False)
    wire.plan = [fault]
    link = tablet.sync_now()
    if fault not in HARMLESS:
        assert link.state == "offline"
        assert [item.command_id for item in tablet.outbox().waiting] == [command_id], (
            "no change of state without the server's word"
        )
    wire.heal()
    assert tablet.sync_now().state == "online"
    assert tablet.outbox().waiting == ()
    (kept,) = rows(live_server, "select outcome from commands where origin = 'tablet'")
    assert kept["outcome"] == "applied"
    assert len(rows(live_server, "select id from cases")) == 1


@pytest.mark.parametrize(
    "fault", ["drop_request", "drop_answer", "cut", "cut_request", "reorder", "bad_gateway"]
)
def test_photos_cut_off_at_any_request_go_on_where_the_server_stands(
    live_server: LiveServer, tablet: Tablet, wire: BadWire, fault: str
) -> None:
    for after in range(1, 6):
        photo = tablet.take_in(picture(after, 700), "before")
        tablet.report(COVER, "missing", here(), f"第 {after} 处断开", [photo.photo_id], False)
        wire.plan = [""] * after + [fault]
        for _ in range(3):
            tablet.sync_now()
            wire.heal()
        assert tablet.outbox().waiting == ()
        assert tablet.photo(photo.photo_id) == picture(after, 700)
    kept = rows(
        live_server,
        "select b.bytes, a.arrived_at from attachments a join blobs b using (sha256) order by a.id",
    )
    assert [row["bytes"] for row in kept] == [len(picture(after, 700)) for after in range(1, 6)]
    assert all(row["arrived_at"] for row in kept)


def test_a_photo_stays_on_the_tablet_until_the_server_has_confirmed_its_hash(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    photo = tablet.take_in(picture(4), "before")
    tablet.report(COVER, "missing", here(), "", [photo.photo_id], False)
    wire.plan = ["", "", "", "", "drop_request"]
    tablet.sync_now()
    (item,) = tablet.outbox().waiting
    assert "0" in item.why
    tablet.discard_photo(photo.photo_id)
    assert tablet.photo(photo.photo_id) == picture(4)
    wire.heal()
    tablet.sync_now()
    assert tablet.outbox().waiting == ()


def test_words_go_before_pictures_though_the_pictures_have_waited_longer(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    photo = tablet.take_in(picture(4), "before")
    tablet.report(COVER, "missing", here(), "", [photo.photo_id], False)
    wire.plan = ["", "", "drop_request"]
    tablet.sync_now()
    tablet.report(RUBBISH, "any", here(), "后来的", [], False)
    wire.asked.clear()
    assert tablet.sync_now().state == "online"
    ways = [asked.split("/")[3] for asked in wire.asked]
    assert ways[0] == "commands"
    assert "uploads" in ways
    assert "commands" not in ways[ways.index("uploads") :]


@pytest.mark.parametrize("plan", [[], ["", "", "", "", "drop_answer"]], ids=["heard", "its answer was lost"])
def test_a_photo_that_the_office_never_takes_is_shown_with_its_reason_and_not_sent_for_ever(
    live_server: LiveServer, tablet: Tablet, wire: BadWire, plan: list[str]
) -> None:
    half, whole = picture(5, 700)[:-5000], picture(6)
    photos = [tablet.take_in(content, "before").photo_id for content in (half, whole)]
    tablet.report(COVER, "missing", here(), "井盖不见了", photos, False)
    wire.plan = plan
    while tablet.outbox().waiting:
        tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert (item.status, item.why) == ("照片未收", "图片损坏或不完整，无法打开。")
    assert [step.step for step in item.steps] == ["open_case", "let_go"]
    assert tablet.today(datetime.now(UTC), None).needs_you == 1
    # The other one arrived; this one stays here and is not sent again.
    assert [row["bytes"] for row in rows(live_server, "select bytes from blobs")] == [len(whole)]
    wire.asked.clear()
    for _ in range(3):
        assert tablet.sync_now().state == "online"
    assert not [path for path in wire.asked if "uploads" in path]
    tablet.discard_photo(photos[0])
    assert tablet.photo(photos[0]) == half
    (row,) = tablet.cases("mine").rows
    assert "未收" in next(
        photo.caption for photo in tablet.case(row.case_id).photos if photo.photo_id == photos[0]
    )
    with pytest.raises(Refusal):
        tablet.outbox_act(item.command_id, "let_go", " ")
    tablet.outbox_act(item.command_id, "let_go", "拍坏了")
    assert tablet.outbox().needs_you == tablet.outbox().waiting == ()
    assert tablet.photo(photos[0]) is None
    assert tablet.photo(photos[1]) == whole


def test_answers_that_find_no_room_on_the_tablet_are_asked_for_again_and_count_once(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    captured = {tablet.report(RUBBISH, "any", here(), "字" * 200, [], False) for _ in range(30)}
    sql = tablet._store._sql

    class Filling(HttpTransport):
        """The disk is full from the moment at which the office has answered."""

        def send(self, *request: Any) -> Reply:
            reply = super().send(*request)
            sql.execute(f"pragma max_page_count = {sql.execute('pragma page_count').fetchone()[0]}")
            return reply

    healthy, wire.inner = wire.inner, Filling()
    link = tablet.sync_now()
    assert link.state == "offline" and "存储" in link.sentence, link
    assert {item.command_id for item in tablet.outbox().waiting} == captured
    assert len(rows(live_server, "select id from cases")) == 30
    wire.close()
    wire.inner = healthy
    sql.execute("pragma max_page_count = 1073741823")
    assert tablet.sync_now().state == "online"
    assert tablet.outbox().waiting == ()
    assert len(rows(live_server, "select id from cases")) == 30


def test_acts_without_a_signal_build_on_each_other_and_are_applied_in_their_order(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    tablet.report(RUBBISH, "any", here(), "垃圾堆", [], False)
    (row,) = tablet.cases("open").rows
    tablet.act(row.case_id, "comment", {"text": "物业已知"})
    tablet.act(row.case_id, "comment", {"text": "又多了一袋"})
    assert [step.local for step in tablet.case(row.case_id).steps] == [True, True, True]
    wire.online = True
    tablet.sync_now()
    assert [step.local for step in tablet.case(row.case_id).steps] == [False, False, False]
    events = rows(live_server, "select action from case_events order by n")
    assert [event["action"] for event in events] == ["report", "comment", "comment"]


def test_a_matter_mended_on_the_spot_is_closed_on_the_screen_at_once_and_at_the_office_when_it_arrives(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    after = tablet.take_in(picture(5), "after")
    tablet.report(RUBBISH, "any", here(), "已清走", [after.photo_id], True)
    (row,) = tablet.cases("closed").rows
    assert row.mood == "closed"
    wire.online = True
    tablet.sync_now()
    (case,) = rows(live_server, "select state, self_handled from cases")
    assert (case["state"], case["self_handled"]) == ("closed", True)


def test_a_report_outside_the_own_grids_is_applied_and_goes_to_the_grid_in_which_it_lies(
    live_server: LiveServer, tablet: Tablet, district: SmallDistrict
) -> None:
    tablet.report(RUBBISH, "any", here(104.065), "隔壁街道的垃圾", [], False)
    tablet.sync_now()
    (case,) = rows(live_server, "select grid_id, state from cases")
    assert case["grid_id"] == district.nodes["S2C1G1"]
    assert tablet.outbox().needs_you == ()


def test_a_report_without_a_position_is_kept(live_server: LiveServer, tablet: Tablet) -> None:
    tablet.report(RUBBISH, "any", None, "地下室的垃圾", [], False)
    tablet.sync_now()
    assert len(rows(live_server, "select id from cases")) == 1
    assert tablet.outbox().needs_you == ()


def test_a_tablet_of_another_person_holds_what_the_first_one_made_and_shows_it(
    live_server: LiveServer, district: SmallDistrict, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    command_id = tablet.report(RUBBISH, "any", here(), "前一位记下的", [], False)
    wire.online = True
    tablet.enrol(live_server.url, code_for(live_server.database, "head"))
    tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert item.command_id == command_id
    (kept,) = rows(live_server, "select outcome, seq from commands where origin = 'tablet'")
    assert kept["outcome"] == "held"
    tablet.report(RUBBISH, "any", here(104.035), "后一位记下的", [], False)
    tablet.sync_now()
    assert [row["seq"] for row in rows(live_server, "select seq from commands order by seq")] == [1, 2], (
        "seq goes on"
    )


def test_a_withdrawn_tablet_hands_over_what_it_has_and_then_holds_nothing(
    live_server: LiveServer, tablet: Tablet, wire: BadWire, tmp_path: Path
) -> None:
    wire.online = False
    photo = tablet.take_in(picture(6), "before")
    tablet.report(COVER, "missing", here(), "", [photo.photo_id], False)
    live_server.database.run(lambda conn: conn.cursor().execute("update devices set state = 'revoked'"))
    wire.online = True
    assert tablet.sync_now().state == "stopped"
    (kept,) = rows(live_server, "select outcome from commands where origin = 'tablet'")
    assert kept["outcome"] == "held"
    assert len(rows(live_server, "select sha256 from blobs")) == 1
    assert not tablet.enrolled
    assert tablet.outbox().needs_you == ()
    assert list((tmp_path / "tablet" / "photos").iterdir()) == []


def test_an_expired_pass_asks_to_enrol_again_and_keeps_everything(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    tablet.report(RUBBISH, "any", here(), "垃圾堆", [], False)
    live_server.database.run(
        lambda conn: conn.cursor().execute("update devices set token_hash = sha256('other')")
    )
    wire.online = True
    link = tablet.sync_now()
    assert link.state == "stopped"
    assert len(tablet.outbox().waiting) == 1
    tablet.enrol(live_server.url, code_for(live_server.database, "worker"))
    assert tablet.sync_now().state == "online"
    assert len(rows(live_server, "select id from cases")) == 1


def test_a_new_scope_brings_its_cases_and_takes_away_the_others(
    live_server: LiveServer, tablet: Tablet, district: SmallDistrict, tmp_path: Path
) -> None:
    other = tablet_of(live_server, "head", tmp_path / "head")
    other.report(RUBBISH, "any", here(104.035), "在 S1C2", [], False)
    other.sync_now()
    other.close()
    tablet.sync_now()
    assert tablet.cases("open").rows == ()

    def move(conn: object) -> None:
        conn.cursor().execute(  # type: ignore[attr-defined]
            "update memberships set grid_id = %s where person_id = %s",
            (district.nodes["S1C2G1"], district.people["worker"]),
        )

    live_server.database.run(move)
    tablet.sync_now()
    assert len(tablet.cases("open").rows) == 1


def test_a_turned_clock_is_told_and_the_report_counts_from_its_receipt(
    live_server: LiveServer, district: SmallDistrict, tmp_path: Path
) -> None:
    wrong = tablet_of(live_server, "worker", tmp_path / "wrong", clock=TurnedClock(timedelta(minutes=-42)))
    wrong.report(RUBBISH, "any", here(), "钟慢了", [], False)
    wrong.sync_now()
    assert "42" in next(
        notice.title for notice in wrong.today(TurnedClock(timedelta(minutes=-42)).now(), here()).notices
    )
    (event,) = rows(live_server, "select made_at, acted_at, received_at from case_events")
    assert event["acted_at"] == event["received_at"] != event["made_at"]
    wrong.close()


def test_a_slow_answer_does_not_make_a_right_clock_a_wrong_one(
    live_server: LiveServer, district: SmallDistrict, tmp_path: Path
) -> None:
    clock = TurnedClock()
    wire = BadWire(wait=clock.passes)
    slow = tablet_of(live_server, "worker", tmp_path / "slow", wire, clock)
    slow.report(RUBBISH, "any", here(), "网很慢", [], False)
    wire.plan = ["delay", "delay"]
    assert slow.sync_now().state == "online"
    assert slow.today(clock.now(), here()).notices == ()
    (event,) = rows(live_server, "select made_at, acted_at from case_events")
    assert event["acted_at"] == event["made_at"]
    slow.close()


def test_a_wrong_or_spent_code_gives_a_sentence_and_changes_nothing(
    live_server: LiveServer, district: SmallDistrict, tmp_path: Path
) -> None:
    code = code_for(live_server.database, "worker")
    first, second = Tablet(tmp_path / "a", transport=BadWire()), Tablet(tmp_path / "b", transport=BadWire())
    first.enrol(live_server.url, code)
    with pytest.raises(Refusal):
        second.enrol(live_server.url, code)
    assert not second.enrolled
    first.close()
    second.close()


def test_after_a_lost_enrolment_answer_the_same_code_still_works_and_goes_on_with_the_same_outbox(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    code = code_for(live_server.database, "worker")
    wire.plan = ["drop_answer"]
    with pytest.raises(Refusal, match="登记码仍然有效"):
        tablet.enrol(live_server.url, code)
    tablet.report(RUBBISH, "any", here(), "垃圾堆", [], False)
    tablet.enrol(live_server.url, code)
    tablet.sync_now()
    assert len(rows(live_server, "select id from cases")) == 1


def test_an_enrolment_that_arrives_again_much_later_does_not_take_the_pass_away(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    code = code_for(live_server.database, "worker")
    wire.plan = ["reorder"]
    with pytest.raises(Refusal):
        tablet.enrol(live_server.url, code)
    tablet.enrol(live_server.url, code)
    wire.heal()  # the first request arrives now
    assert tablet.sync_now().state == "online"
    assert rows(
        live_server, "select what from security_log where what in ('enrol_refused', 'enrol_repeated')"
    ) == [{"what": "enrol_repeated"}]
