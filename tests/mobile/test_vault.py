"""The PIN: without it nothing can be read on the tablet, with it everything, and what was noted goes out either way."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile.core.seal import KeyFile, Locked, Seal, SealBroken
from mobile.core.store import Store
from mobile.core.tablet import Tablet
from mobile.core.vault import WAITS_S
from mobile.core.views import Draft, Refusal
from tests.mobile.paper_office import URL, PaperOffice, case_body, enrolled, problem

PIN, OTHER = "258036", "147036"
CASE, LATER = "01990000-0000-7000-8000-000000000001", "01990000-0000-7000-8000-000000000002"
RUBBISH = "urban/event/0110"


class SteadyClock:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> float:
        return self.at


def came(case_id: str, version: int = 3, **more: str) -> dict[str, object]:
    return {"seq": 2, "kind": "case", "id": case_id, "version": version, "body": case_body(case_id, version, **more)}  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def office() -> PaperOffice:
    made = PaperOffice()
    made.changes.append(came(CASE))
    return made


def test_locked_nothing_can_be_looked_at_and_the_pin_brings_all_of_it_back(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半"))
    tablet.lock()
    for look in (tablet.map_shapes, tablet.cases, tablet.draft, tablet.messages, lambda: tablet.case(CASE)):
        with pytest.raises(Locked):
            look()
    view = tablet.lock_view
    assert view.name == "李网格"
    assert "G1 网格" in view.place
    assert tablet.unlock(PIN)
    assert tablet.draft().sentence == "写到一半"
    assert tablet.case(CASE)


def test_a_tablet_with_a_pin_starts_locked(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    assert not tablet.locked, "who chose it is there"
    tablet.close()
    again = Tablet(tmp_path, transport=office)
    assert again.locked
    assert again.unlock(PIN)
    again.close()


def test_the_device_key_alone_opens_neither_mirror_nor_drafts_nor_the_wrapped_key(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半"))
    tablet.choose_pin(PIN)
    tablet.close()
    thief = Store(tmp_path, Seal(KeyFile(tmp_path / "device.key").device_key()))
    assert thief.kept("token") == "token", "sending needs it while locked"
    assert thief.kept("master") is None
    sealed = thief.rows("select kind, id, body from mirror")
    assert {row["kind"] for row in sealed} >= {"case", "pack", "grid"}
    for row in sealed:
        with pytest.raises(SealBroken):
            thief.seal.device.open(f"mirror/{row['kind']}/{row['id']}", row["body"])
    (draft,) = thief.rows("select name, body from kept where name like 'draft/%'")
    with pytest.raises(SealBroken):
        thief.seal.device.open(f"kept/{draft['name']}", draft["body"])
    thief.close()


def test_the_key_that_lay_there_without_a_pin_is_overwritten_when_one_is_chosen(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    (bare,) = tablet._store.rows("select body from kept where name = 'master'")
    assert any(bare["body"] in path.read_bytes() for path in tmp_path.glob("tablet.db*"))
    tablet.choose_pin(PIN)
    assert not any(bare["body"] in path.read_bytes() for path in tmp_path.glob("tablet.db*"))
    tablet.close()


def test_sending_goes_on_while_locked_and_what_comes_down_waits_for_the_pin_unread(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    command_id = tablet.report(RUBBISH, "any", None, "锁屏前记下", [], False)
    tablet.lock()
    office.changes += [came(LATER, description="独居老人"), {"seq": 4, "kind": "leave", "id": CASE}]
    assert tablet.sync_now().state == "online"
    assert office.commands[-1][0]["command_id"] == command_id
    assert tablet._outbox.entry(command_id).state == "applied"
    tablet.sync_now()
    assert office.cursors[-1] == str(len(office.changes)), "it is not asked for again"
    assert tablet.locked
    assert "独居老人".encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("tablet.db*"))
    with pytest.raises(Locked):
        tablet._store.seal.open("arrival/1", tablet._store.rows("select body from arrivals")[0]["body"])
    assert tablet.unlock(PIN)
    assert set(tablet._mirror.bodies()) == {LATER}
    assert tablet._store.rows("select * from arrivals") == []


def test_pages_that_came_before_a_fresh_start_do_not_outlive_it(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    tablet.lock()
    office.changes.append(came(LATER))
    tablet.sync_now()
    fresh = {"changes": [came(CASE, 9)], "cursor": "new", "more": False}
    office.on_changes = lambda told: (
        fresh if not told["cursor"] else problem(410, "epoch_gone", "Begin anew.")
    )
    tablet.sync_now()
    assert tablet.unlock(PIN)
    assert {name: body["version"] for name, body in tablet._mirror.bodies().items()} == {CASE: 9}
    assert tablet._mirror.cursor == "new"


def test_a_damaged_arrival_keeps_nobody_out_and_is_fetched_again(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    tablet.lock()
    office.changes.append(came(LATER))
    tablet.sync_now()
    with tablet._store.writing() as sql:
        sql.execute("update arrivals set body = zeroblob(200)")
    assert tablet.unlock(PIN)
    tablet.sync_now()
    assert set(tablet._mirror.bodies()) == {CASE, LATER}


def test_wrong_pins_wait_longer_each_time_and_a_restart_takes_none_back(tmp_path: Path) -> None:
    clock = SteadyClock()
    tablet = enrolled(tmp_path, clock=clock)
    tablet.choose_pin(PIN)
    tablet.lock()
    assert not tablet.unlock(OTHER)
    assert "2" in tablet.lock_view.wrong
    tablet.close()
    tablet = Tablet(tmp_path, clock=clock, transport=PaperOffice())
    assert "2" in tablet.lock_view.wrong
    for wait in WAITS_S[1:]:
        assert not tablet.unlock(OTHER)
        assert tablet.lock_view.wait_s == pytest.approx(wait)
        if wait:
            assert not tablet.unlock(PIN), "the right one has to wait, too"
            assert tablet.lock_view.wait_s == pytest.approx(wait), "and costs nothing while it waits"
        clock.at += wait
    tablet.close()
    clock.at = 5.0  # the device was started anew: its steady clock begins again, and so does the wait
    tablet = Tablet(tmp_path, clock=clock, transport=PaperOffice())
    assert tablet.lock_view.wait_s == pytest.approx(WAITS_S[-1])
    clock.at += WAITS_S[-1] + 1
    assert tablet.unlock(PIN)
    assert tablet.lock_view.wrong == ""
    tablet.close()


def test_turning_the_device_clock_shortens_no_wait(tmp_path: Path) -> None:
    class Turned(SteadyClock):
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(days=400)

    clock = SteadyClock()
    tablet = enrolled(tmp_path, clock=clock)
    tablet.choose_pin(PIN)
    tablet.lock()
    for _ in range(3):
        tablet.unlock(OTHER)
    tablet.close()
    tablet = Tablet(tmp_path, clock=Turned(), transport=PaperOffice())
    assert not tablet.unlock(PIN)
    tablet.close()


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567", "abcdef", "000000", "123456", "876543", "１２３４５８"]
)
def test_a_pin_that_is_tried_first_is_refused_with_a_sentence(tmp_path: Path, pin: str) -> None:
    tablet = enrolled(tmp_path)
    with pytest.raises(Refusal, match="不容易猜到"):
        tablet.choose_pin(pin)
    assert not tablet.has_pin
    tablet.close()


def test_who_forgot_the_pin_enrols_again_and_loses_nothing_that_waits(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    command_id = tablet.report(RUBBISH, "any", None, "等着发", [], False)
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半"))
    tablet.lock()
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert not tablet.locked
    assert not tablet.has_pin, "a new one is to be chosen"
    assert tablet.draft() == Draft(), "nobody can open it any more"
    assert [item.command_id for item in tablet.outbox().waiting] == [command_id]
    assert set(tablet._mirror.bodies()) == {CASE}
    tablet.choose_pin(OTHER)
    tablet.lock()
    assert not tablet.unlock(PIN)
    assert tablet.unlock(OTHER)


def test_a_new_pass_for_the_same_person_keeps_the_pin_another_person_chooses_another(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert tablet.has_pin
    office.person = {**office.person, "id": 8, "name": "王网格"}
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert not tablet.has_pin
    assert not tablet.locked


def test_a_withdrawn_tablet_hands_over_what_it_has_even_locked_and_then_knows_nothing(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    tablet.choose_pin(PIN)
    command_id = tablet.report(RUBBISH, "any", None, "收回前记下", [], False)
    tablet.lock()
    office.on_commands = lambda told: {
        "results": [{"command_id": c["command_id"], "outcome": "held"} for c in told["commands"]]
    }
    office.on_changes = lambda told: problem(403, "device_revoked", "This tablet was withdrawn.")
    tablet.sync_now()
    assert office.commands[-1][0]["command_id"] == command_id
    assert not tablet.enrolled
    assert not tablet.has_pin
    assert tablet._outbox.all() == []
    assert tablet._mirror.bodies() == {}
    office.on_changes = office._all_changes
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert set(tablet._mirror.bodies()) == {CASE}
