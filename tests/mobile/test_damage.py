"""A page of the tablet's file goes bad: it is seen, what was captured is read out and goes on, nothing is reset by itself."""

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from mobile.core import rescue as rescuing
from mobile.core.store import FILE, Damaged
from mobile.core.tablet import Tablet
from mobile.core.views import Draft
from mobile.core.wreck import Wreck, open_tablet
from tests.link import picture
from tests.mobile.paper_office import PaperOffice, case_body, enrolled, problem

RUBBISH, COVER = "urban/event/0110", "urban/component/0102"
MANY = 60
PIN = "258036"


def used(home: Path) -> tuple[PaperOffice, list[str]]:
    """A tablet with a morning's work: ten sent, the rest waiting, one with a photo, a draft; closed."""
    office = PaperOffice()
    office.changes += [
        {
            "seq": n,
            "kind": "case",
            "id": f"01990000-0000-7000-8000-{n:012}",
            "version": 3,
            "body": case_body(str(n)),
        }
        for n in range(2, 40)
    ]
    tablet = enrolled(home, office)
    made = [tablet.report(RUBBISH, "any", None, f"第 {n} 件" + "字" * 150, [], False) for n in range(10)]
    tablet.sync_now()
    office.online = False
    made += [
        tablet.report(RUBBISH, "any", None, f"第 {n} 件" + "字" * 150, [], False) for n in range(10, MANY)
    ]
    photo = tablet.take_in(picture(1), "before")
    made.append(tablet.report(COVER, "broken", None, "带照片", [photo.photo_id], False))
    tablet.choose_pin(PIN)
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半"))
    tablet.close()
    return office, made


def pages_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table in the file, first to last."""
    with sqlite3.connect(path) as sql:
        return [
            page
            for (page,) in sql.execute(
                "select pageno from dbstat where name = ? and pagetype = 'leaf'", (table,)
            )
        ]


def spoil(path: Path, page: int, with_what: bytes = b"\xde\xad" * 8) -> None:
    """Overwrites the head of a page, as a worn-out card does."""
    size = 4096
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(with_what)


@pytest.mark.parametrize("table", ["outbox", "outbox_now", "outbox_words", "mirror", "kept"])
def test_a_bad_page_is_seen_at_the_start_and_the_file_is_left_as_it_is(tmp_path: Path, table: str) -> None:
    used(tmp_path)
    spoil(tmp_path / FILE, pages_of(tmp_path / FILE, table)[0])
    before = (tmp_path / FILE).read_bytes()
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)
    assert "损坏" in wreck.view.heading
    assert "没有删除任何内容" in wreck.view.words[0]
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("table", ["outbox_now", "outbox_words", "mirror", "photos_state"])
def test_damage_elsewhere_costs_no_command(tmp_path: Path, table: str) -> None:
    office, made = used(tmp_path)
    for page in pages_of(tmp_path / FILE, table)[:1]:
        spoil(tmp_path / FILE, page)
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)
    wreck.save()
    assert wreck.rescued is not None
    assert (wreck.rescued.commands, wreck.rescued.unreadable) == (len(made), 0)
    assert "完好" in wreck.view.words[0]
    tablet = Tablet(tmp_path, transport=office)
    assert [entry.command_id for entry in tablet._outbox.all()] == made
    office.online = True
    tablet.sync_now()
    assert tablet._outbox.waiting() == 0
    sent = [command["command_id"] for batch in office.commands for command in batch]
    assert set(sent) == set(made)
    assert tablet.unlock(PIN)
    assert tablet.draft().sentence == "写到一半"
    assert len(tablet._mirror.bodies()) == 38, "the mirror is fetched again"
    tablet.close()


def test_a_bad_page_of_the_outbox_costs_what_lay_on_it_and_the_worker_is_told_how_much(
    tmp_path: Path,
) -> None:
    _, made = used(tmp_path)
    pages = pages_of(tmp_path / FILE, "outbox")
    assert len(pages) > 4
    spoil(tmp_path / FILE, pages[len(pages) // 2])
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)
    wreck.save()
    saved = wreck.rescued
    assert saved is not None
    assert 0 < saved.unreadable < MANY / 4
    assert saved.commands + saved.unreadable == len(made)
    assert str(saved.unreadable) in wreck.view.words[0]
    tablet = wreck.open()
    kept = [entry.command_id for entry in tablet._outbox.all()]
    assert len(kept) == saved.commands
    assert kept == [name for name in made if name in kept], "in their order"
    assert tablet.unlock(PIN)
    later = tablet.report(RUBBISH, "any", None, "之后", [], False)
    assert tablet._outbox.entry(later).seq == len(made) + 1, "no number is given twice"
    tablet.close()


def test_the_archive_holds_what_the_office_needs_and_the_damaged_file_is_kept(tmp_path: Path) -> None:
    _, made = used(tmp_path)
    spoil(tmp_path / FILE, pages_of(tmp_path / FILE, "mirror")[0])
    before = (tmp_path / FILE).read_bytes()
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)
    wreck.save()
    assert wreck.rescued is not None
    with zipfile.ZipFile(wreck.rescued.archive) as archive:
        envelope = json.loads(archive.read("commands.json"))
        states = json.loads(archive.read("states.json"))["states"]
        photos = [archive.read(name) for name in archive.namelist() if name.startswith("photos/")]
    assert [command["command_id"] for command in envelope["commands"]] == made
    assert envelope["envelope"] == "xunge/1"
    assert [states[name] for name in made[:10]] == ["applied"] * 10
    assert photos == [picture(1)]
    (kept,) = (tmp_path / "rescue").rglob(f"damaged-{FILE}")
    assert kept.read_bytes() == before


def test_the_archive_goes_when_the_office_has_everything_and_all_of_it_when_the_tablet_is_withdrawn(
    tmp_path: Path,
) -> None:
    office, _ = used(tmp_path)
    spoil(tmp_path / FILE, pages_of(tmp_path / FILE, "mirror")[0])
    wreck = open_tablet(tmp_path, transport=office)
    assert isinstance(wreck, Wreck)
    wreck.save()
    assert wreck.rescued is not None
    tablet = wreck.open()
    tablet.sync_now()
    assert wreck.rescued.archive.exists(), "the office cannot be reached"
    office.online = True
    tablet.sync_now()
    assert wreck.rescued.archive.exists(), "a photograph has not arrived"
    with tablet._store.writing() as sql:
        sql.execute("update photos set state = 'confirmed'")
    tablet.sync_now()
    assert not wreck.rescued.archive.exists()
    assert list((tmp_path / "rescue").rglob(f"damaged-{FILE}")), "it is shut as it was"
    office.on_changes = lambda told: problem(403, "device_revoked", "收回")
    tablet.sync_now()
    assert not tablet.enrolled
    assert not (tmp_path / "rescue").exists()
    tablet.close()


@pytest.mark.parametrize("cut", ["half", "aside", "placed"])
def test_a_rescue_that_is_cut_off_goes_on_at_the_next_start(
    tmp_path: Path, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the new file is written, after the damaged one was moved aside, or before the folder was tidied."""
    _, made = used(tmp_path)
    spoil(tmp_path / FILE, pages_of(tmp_path / FILE, "mirror")[0])
    wreck = open_tablet(tmp_path)
    assert isinstance(wreck, Wreck)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as moment:
        if cut == "half":
            moment.setattr(rescuing, "_refill", die)
        elif cut == "aside":
            rename = Path.rename
            moment.setattr(
                Path, "rename", lambda self, to: die() if self.parent.name == "fresh" else rename(self, to)
            )
        else:
            rmtree = rescuing.shutil.rmtree
            moment.setattr(rescuing.shutil, "rmtree", lambda path, **k: die() if path.name == "fresh" else rmtree(path, **k))  # fmt: skip
        with pytest.raises(Killed):
            wreck.save()
    again = open_tablet(tmp_path)
    if isinstance(again, Wreck):
        assert cut == "half"
        again.save()
        again = again.open()
    assert [entry.command_id for entry in again._outbox.all()] == made
    assert not (tmp_path / "fresh").exists()
    again.close()


def test_damage_that_shows_only_while_in_use_is_told_apart_from_other_faults(tmp_path: Path) -> None:
    used(tmp_path)
    tablet = Tablet(tmp_path)
    for page in pages_of(tmp_path / FILE, "outbox"):
        spoil(tmp_path / FILE, page)
    tablet._store._sql.execute("pragma cache_size = 0")
    tablet._store._sql.execute("pragma shrink_memory")
    with pytest.raises(Damaged):
        tablet._outbox.all()
    tablet.close()


def test_bodies_that_went_bad_inside_a_whole_page_take_nothing_else_with_them(tmp_path: Path) -> None:
    office, made = used(tmp_path)
    office.online = True
    with sqlite3.connect(tmp_path / FILE) as sql:
        sql.execute(
            "update mirror set body = zeroblob(100) where kind = 'grid' or kind = 'case' and id like '%05'"
        )
    tablet = Tablet(tmp_path, transport=office)
    assert tablet.unlock(PIN)
    assert len(tablet._mirror.bodies()) == 37
    assert not tablet.map_shapes().grids
    tablet.sync_now()
    assert tablet.map_shapes().grids, "it was fetched again"
    assert len(tablet._mirror.bodies()) == 38
    assert len(tablet._outbox.all()) == len(made)
    tablet.close()
