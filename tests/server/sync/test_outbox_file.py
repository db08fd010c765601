"""What a damaged tablet saved as a file reaches the office: held for people, once, with its photographs."""

import json
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile.core.wreck import Wreck, open_tablet
from server.errors import BadInput
from server.sync.outbox_file import Taken, take_file
from tests.conftest import LiveServer
from tests.link import BadWire, here, picture, rows, settle, tablet_of
from tests.mobile.test_damage import FILE, pages_of, spoil

COVER = "urban/component/0102"


@pytest.fixture
def saved(live_server: LiveServer, tmp_path: Path) -> Wreck:
    """A tablet of this office: one report arrived, two noted in a basement, then a page went bad; rescued."""
    settle(live_server.database)
    wire, home = BadWire(), tmp_path / "tablet"
    tablet = tablet_of(live_server, "worker", home, wire)
    tablet.report("urban/event/0110", "any", here(), "已送达", [], False)
    tablet.sync_now()
    wire.online = False
    for number in range(2):
        photo = tablet.take_in(picture(number), "before")
        tablet.report(COVER, "broken", here(), f"地下室第 {number} 处", [photo.photo_id], False)
    tablet.close()
    wire.close()
    spoil(home / FILE, pages_of(home / FILE, "outbox_words")[0])
    wreck = open_tablet(home)
    assert isinstance(wreck, Wreck)
    wreck.save()
    return wreck


def take(live: LiveServer, path: Path) -> Taken:
    return live.database.run(lambda conn: take_file(conn, live.settings, path, "zh-CN", datetime.now(UTC)))


def test_the_file_is_taken_in_held_once_and_its_photos_with_it(live_server: LiveServer, saved: Wreck) -> None:
    assert saved.rescued is not None
    taken = take(live_server, saved.rescued.archive)
    assert taken == Taken({"applied": 1, "held": 2}, 2, 0)
    assert take(live_server, saved.rescued.archive).outcomes == taken.outcomes, (
        "the same file again changes nothing"
    )
    kept = rows(live_server, "select outcome from commands where origin = 'tablet' order by seq")
    assert [row["outcome"] for row in kept] == ["applied", "held", "held"]
    assert len(rows(live_server, "select 1 from blobs")) == 2
    assert rows(live_server, "select what from security_log where what = 'outbox_file_taken'")


def test_the_tablet_that_goes_on_gets_the_answers_that_its_file_got(
    live_server: LiveServer, saved: Wreck
) -> None:
    assert saved.rescued is not None
    take(live_server, saved.rescued.archive)
    tablet = saved.open()
    tablet.sync_now()
    assert sorted(entry.state for entry in tablet._outbox.all()) == ["applied", "held", "held"]
    assert tablet.unsent == 0
    assert len(rows(live_server, "select 1 from commands where origin = 'tablet'")) == 3
    tablet.close()


def altered(path: Path, change: object) -> Path:
    """The archive with another commands.json."""
    other = path.with_name("other.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, json.dumps(change(json.loads(body))) if name == "commands.json" else body)  # type: ignore[operator]
    return other


def test_a_file_that_was_changed_replaces_nothing(live_server: LiveServer, saved: Wreck) -> None:
    assert saved.rescued is not None
    take(live_server, saved.rescued.archive)

    def lie(envelope: dict[str, list[dict[str, dict[str, str]]]]) -> object:
        for command in envelope["commands"]:
            command["payload"]["description"] = "改过的"
        return envelope

    assert take(live_server, altered(saved.rescued.archive, lie)).outcomes == {"rejected": 3}
    assert not rows(live_server, "select 1 from cases where description = '改过的'")


def test_what_is_no_archive_of_a_known_tablet_is_refused_with_a_sentence(
    live_server: LiveServer, saved: Wreck, tmp_path: Path
) -> None:
    assert saved.rescued is not None
    strange = altered(saved.rescued.archive, lambda envelope: envelope | {"device_id": str(uuid.uuid4())})
    with pytest.raises(BadInput, match="not known"):
        take(live_server, strange)
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(BadInput, match="no archive"):
        take(live_server, tmp_path / "x.zip")
    with pytest.raises(BadInput, match="no archive"):
        take(live_server, tmp_path / "missing.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("something", "else")
    with pytest.raises(BadInput, match=r"commands\.json"):
        take(live_server, tmp_path / "empty.zip")
