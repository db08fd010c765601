"""Tablets as earlier revisions left them on their disks: today's app opens them and hands over everything they have.

The recordings in old_tablets/ were written by those revisions themselves (record.py there says how).
"""

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mobile.core.seal import Seal
from mobile.core.steps import NEWEST, TooNew
from mobile.core.store import FILE, Store
from mobile.core.tablet import Tablet
from mobile.core.wreck import Wreck, open_tablet
from server.protocol.wire import uuid7
from tests.conftest import LiveServer
from tests.link import BadWire, code_for, rows, settle
from tests.mobile.paper_office import URL, PaperOffice, enrolled, problem

RECORDINGS = sorted((Path(__file__).parent / "old_tablets").glob("*.json"))
OLD = pytest.mark.parametrize("recorded", RECORDINGS, ids=[path.stem for path in RECORDINGS])


def laid_out(recorded: Path, home: Path) -> dict[str, Any]:
    """Puts the old tablet's files into `home`; what it holds."""
    told: dict[str, Any] = json.loads(recorded.read_text(encoding="utf-8"))
    (home / "photos").mkdir(parents=True)
    (home / "device.key").write_bytes(bytes.fromhex(told["key"]))
    for name, body in told["photos"].items():
        (home / "photos" / name).write_bytes(base64.b64decode(body))
    database = sqlite3.connect(home / FILE)
    database.executescript("\n".join(told["sql"]))
    database.execute(f"pragma user_version = {told['user_version']}")
    database.close()
    return dict(told["holds"])


def shape(path: Path) -> set[tuple[str, str, str]]:
    """Tables with their columns, indexes and triggers, whatever the arrangement of their text."""
    with sqlite3.connect(path) as sql:
        made = sql.execute("select type, name, sql from sqlite_master where sql is not null").fetchall()
        return {
            (kind, name, str(sql.execute(f"pragma table_xinfo({name})").fetchall()) if kind == "table" else
             " ".join(text.lower().split()).replace("if not exists ", "")) for kind, name, text in made
        }  # fmt: skip


@OLD
def test_an_old_file_gets_the_shape_of_a_new_one(recorded: Path, tmp_path: Path) -> None:
    laid_out(recorded, tmp_path / "old")
    Tablet(tmp_path / "old", transport=PaperOffice()).close()
    Tablet(tmp_path / "new", transport=PaperOffice()).close()
    assert shape(tmp_path / "old" / FILE) == shape(tmp_path / "new" / FILE)


@OLD
def test_an_old_tablet_shows_what_it_had_and_sends_all_that_waited(recorded: Path, tmp_path: Path) -> None:
    holds, office = laid_out(recorded, tmp_path), PaperOffice()
    office.on_changes = lambda told: {"changes": [], "cursor": told["cursor"], "more": False}
    tablet = Tablet(tmp_path, transport=office)
    assert tablet.enrolled
    assert tablet.person.name == "李网格"
    assert tablet.draft().sentence == holds["draft"]
    assert tablet.case(holds["case"])
    assert tablet.messages()
    states = {entry.command_id: entry.state for entry in tablet._outbox.all()}
    assert states == {
        holds["applied"]: "applied",
        holds["rejected"]: "rejected",
        holds["sending"]: "sending",
        holds["queued"]: "queued",
    }
    assert all(tablet.photo(name) for name in holds["photos"])
    tablet.sync_now()
    sent = [command for batch in office.commands for command in batch]
    assert [command["command_id"] for command in sent] == [holds["sending"], holds["queued"]]
    assert [command["seq"] for command in sent] == [43, 44]
    later = tablet.report("urban/event/0110", "any", None, "升级之后", [], False)
    assert tablet._outbox.entry(later).seq == holds["next_seq"]
    tablet.close()


@OLD
def test_mirror_and_drafts_of_an_old_tablet_go_under_the_pin(recorded: Path, tmp_path: Path) -> None:
    holds = laid_out(recorded, tmp_path)
    tablet = Tablet(tmp_path, transport=PaperOffice())
    tablet.choose_pin("258036")
    tablet.close()
    again = Tablet(tmp_path, transport=PaperOffice())
    assert again.locked
    assert again.unlock("258036")
    assert again.draft().sentence == holds["draft"]
    assert again.case(holds["case"])
    again.close()


@OLD
def test_the_real_server_takes_in_everything_an_old_tablet_has(
    live_server: LiveServer, recorded: Path, tmp_path: Path
) -> None:
    """Its person is not one of this district: all of it is held for people, none refused, and the photos come."""
    holds = laid_out(recorded, tmp_path)
    settle(live_server.database)
    tablet = Tablet(tmp_path, transport=BadWire())
    tablet.enrol(live_server.url, code_for(live_server.database, "worker"))
    tablet.sync_now()
    kept = rows(live_server, "select command_id, outcome from commands where origin = 'tablet'")
    assert {(str(row["command_id"]), row["outcome"]) for row in kept} == {
        (holds["sending"], "held"),
        (holds["queued"], "held"),
    }
    assert tablet._outbox.waiting() == 0
    tablet.close()


@OLD
def test_commands_in_the_form_of_their_time_are_applied(
    live_server: LiveServer, recorded: Path, tmp_path: Path
) -> None:
    """The sealed bodies as old revisions wrote them (their fields, an older form version), by a person of today."""
    holds, district = laid_out(recorded, tmp_path / "old"), settle(live_server.database)
    store = Store(tmp_path / "old", Seal((tmp_path / "old" / "device.key").read_bytes()))
    bodies = [
        json.loads(store.seal.open(f"outbox/{row['command_id']}", row["body"]))
        for row in store.rows("select command_id, body from outbox order by seq")
    ]
    store.close()
    tablet = Tablet(tmp_path / "today", transport=BadWire())
    tablet.enrol(live_server.url, code_for(live_server.database, "worker"))
    with tablet._store.writing():
        for body in bodies:
            mine = {**body, "person_id": district.people["worker"], "command_id": str(uuid7())}
            mine["payload"] = {
                name: value for name, value in body["payload"].items() if name != "attachments"
            }
            tablet._outbox.append(mine)
    tablet.sync_now()
    assert {entry.state for entry in tablet._outbox.all()} == {"applied"}
    assert len(rows(live_server, "select id from cases")) == len(bodies) == 4
    assert holds
    tablet.close()


def test_a_file_of_a_later_app_is_left_alone_with_a_sentence(tmp_path: Path) -> None:
    enrolled(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as sql:
        sql.execute(f"pragma user_version = {NEWEST + 1}")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(TooNew):
        Tablet(tmp_path)
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)
    assert "更新" in wreck.view.words[0]
    assert wreck.view.act == ""
    assert (tmp_path / FILE).read_bytes() == before


def test_a_tablet_newer_than_the_server_waits_without_losing_anything(
    live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(live_server.database)
    tablet = Tablet(tmp_path, transport=BadWire())
    tablet.enrol(live_server.url, code_for(live_server.database, "worker"))
    command_id = tablet.report("urban/event/0110", "any", None, "新版本记下", [], False)
    with monkeypatch.context() as later:
        later.setattr("mobile.core.office.ENVELOPE", "xunge/2")
        link = tablet.sync_now()
        assert link.state == "stopped"
        assert "服务器升级" in link.sentence
        assert [item.command_id for item in tablet.outbox().waiting] == [command_id]
        assert tablet._outbox.entry(command_id).state == "sending"
        assert not rows(live_server, "select command_id from commands where origin = 'tablet'")
    assert tablet.sync_now().state == "online", "the server was updated"
    assert tablet._outbox.entry(command_id).state == "applied"
    tablet.close()


def test_a_tablet_older_than_the_server_is_asked_for_an_update_and_keeps_everything(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    command_id = tablet.report("urban/event/0110", "any", None, "旧版本记下", [], False)
    whole = problem(426, "update_needed", "This app is too old for the server.")
    later = whole.body.replace(b"xunge/1", b"xunge/3")
    office.on_commands = lambda told: type(whole)(whole.status, whole.headers, later)
    assert tablet.sync_now().state == "stopped"
    assert tablet._outbox.entry(command_id).state == "sending"
    assert tablet._store.kept("token")
    tablet.close()


def test_what_an_old_tablet_has_survives_its_new_pass(tmp_path: Path) -> None:
    holds = laid_out(RECORDINGS[0], tmp_path)
    tablet = Tablet(tmp_path, transport=PaperOffice())
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    assert {entry.command_id for entry in tablet._outbox.all()} >= {holds["queued"], holds["sending"]}
    tablet.close()
