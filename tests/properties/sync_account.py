"""The account at the end of a story of the sync: everything captured is found exactly once, or held with a reason."""

import uuid
from typing import Any

from mobile.core.outbox import Entry
from server.cases.chain import verify_case
from tests.properties.sync_cast import Carried, Office

TAKEN = ("applied", "applied_with_conflict", "held")


def the_commands_are_accounted_for(office: Office, mine: Carried) -> None:
    """Each command of a tablet once on the server with the word that the tablet has, or in sight with a reason."""
    stored = {
        str(row["command_id"]): row
        for row in office.rows(
            "select command_id, outcome, case_id, seq from commands where command_id = any (%s)",
            [uuid.UUID(name) for name in (*mine.seen, *mine.wiped)],
        )
    }
    assert mine.wiped <= set(stored), "a withdrawn tablet took something with it"
    view = mine.tablet.outbox()
    assert view.waiting == (), "something still waits"
    shown = {item.command_id: item for item in (*view.needs_you, *view.changed)}
    for name, entry in mine.seen.items():
        if entry.state == "withdrawn":
            assert name not in stored, "what was taken back has arrived"
            continue
        if entry.state == "quarantined":
            raise AssertionError(f"an honest command was quarantined: {entry.command}")
        assert stored[name]["outcome"] == ("held" if entry.decided else entry.state)
        assert stored[name]["seq"] == entry.seq
        assert entry.state == "applied" or entry.put_away or shown[name].why, "nobody says why"
        _its_effect_is_there_once(office, entry)
        _its_photos_are_there(office, mine, entry)


def _its_effect_is_there_once(office: Office, entry: Entry) -> None:
    effects = [uuid.UUID(entry.command_id)]
    if entry.state == "held" or entry.decided:
        (hold,) = office.rows("select decided_at, decided_as from holds where command_id = %s", effects[0])
        assert bool(hold["decided_at"]) == entry.decided, "the decision did not reach the tablet"
        # A refusal is told in the case by a comment, which is no effect of the act.
        effects = [hold["decided_as"]] if entry.state != "rejected" else effects
    events = office.rows("select 1 from case_events where command_id = any (%s)", [e for e in effects if e])
    assert len(events) == entry.state.startswith("applied"), "an effect is missing or there twice"
    if entry.kind in ("report", "self_handle") and entry.state.startswith("applied"):
        assert len(office.rows("select 1 from cases where id = %s", uuid.UUID(entry.case_id))) == 1


def _its_photos_are_there(office: Office, mine: Carried, entry: Entry) -> None:
    for declared in entry.payload.get("attachments") or ():
        kept = office.rows("select 1 from blobs where sha256 = %s and bytes = %s",
                           declared["sha256"], declared["bytes"])  # fmt: skip
        assert kept or entry.state not in TAKEN, "a photo did not arrive"
        if entry.state.startswith("applied"):
            arrived = office.rows(
                "select arrived_at from attachments where id = %s", uuid.UUID(declared["id"])
            )
            assert [bool(row["arrived_at"]) for row in arrived] == [True], "the case does not show its photo"


def the_counting_has_no_hole(office: Office, mine: Carried) -> None:
    """What the server misses of a device's counting is what was taken back, and nothing else."""
    (device,) = office.rows(
        "select last_seq, seq_gaps from devices where id = %s",
        uuid.UUID(mine.tablet._store.kept("device_id")),
    )
    taken_back = {entry.seq for entry in mine.seen.values() if entry.state == "withdrawn"}
    made = {entry.seq for entry in mine.seen.values()}
    missing = {seq for seq in made for gap in device["seq_gaps"] if gap["first"] <= seq <= gap["last"]}
    assert missing <= taken_back


def the_mirror_is_the_servers(office: Office, mine: Carried) -> None:
    """By digest, and by what the screen says of each case."""
    link = mine.tablet._syncer.office
    assert link is not None
    told = link.digest(mine.tablet._mirror.cursor)
    assert mine.tablet._mirror.buckets() == told["buckets"]
    states = {str(row["id"]): row["state"] for row in office.rows("select id, state from cases")}
    bodies = mine.tablet._mirror.bodies()
    assert {name: body["state"] for name, body in bodies.items()} == {name: states[name] for name in bodies}
    for row in (row for chosen in ("open", "closed") for row in mine.tablet.cases(chosen).rows):
        assert mine.tablet.case(row.case_id).case_id == row.case_id
    actor = mine.tablet._known.telling().actor
    for standing in mine.tablet._known.standings(actor).values():
        held = any(e.case_id == standing.case_id and e.state == "held" for e in mine.seen.values())
        assert held or standing.facts.state == states[standing.case_id], "the screen is not the office's word"


def the_chains_verify(office: Office) -> None:
    cases: list[Any] = office.rows("select id from cases where district_id = %s", office.district.id)
    with office.database.read() as conn:
        assert [broken for case in cases if (broken := verify_case(conn, case["id"]))] == []
