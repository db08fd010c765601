"""The checker of packs: whatever is wrong is named with its line and its place, and nothing of it is used."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.packs.check import found_wrong
from server.packs.folder import read_written
from server.packs.toml import as_toml
from server.protocol.pack import BadPack, Place, faults_of, read_pack
from server.protocol.pack.data import Table
from server.settings import CHECKOUT
from tests.server.packs.written import SMALL, data, findings, line_of, reasons

# The text that is right, what stands there instead, what the checker says; and the line where it says so when that is
# not the line of the slip itself: the header of the table that lacks or holds it.
SLIPS: list[tuple[str, ...]] = [
    ('kind = "component"', 'kind = "thing"', "thing is not known here; known: component, event, matter"),
    ('code = "0199"', 'code = "0101"', "category s/0101 stands twice"),
    ('code = "broken"', 'code = "missing"', "condition missing stands twice"),
    ('handle = ["drainage", "street"]', 'handle = ["plumbing"]', "plumbing is not known here; known: drainage, general"),
    ('handle = { days = 2, kind = "working" }', 'handle = { days = 2, kind = "lunar" }', "lunar is not known here"),
    ('handle = { days = 2, kind = "working" }', 'handle = { days = 2, kind = "fixed" }', "fixed is not known here"),
    ('handle = { days = 2, kind = "working" }', 'handle = { kind = "working" }', "must be longer than nothing"),
    ('handle = { days = 2, kind = "working" }', 'handle = { days = 900, kind = "calendar" }', "longer than a year"),
    ('handle = { days = 2, kind = "working" }', 'handle = { weeks = 1, kind = "calendar" }', "longer than nothing"),
    ('report = "before"', 'report = "sideways"', "sideways is not known here; known: before, during, after, inspection"),
    ('report = "before"', 'dance = "before"', "dance is not a key that belongs here"),
    ('["before", "after"]', '["before", "sideways"]', "sideways is not known here; known: before, during, after, inspection"),
    ('["before", "after"]', '["after", "after"]', "after stands twice"),
    ('["before", "after"]', "[]", "handle is empty"),
    ("decline = [", "refuse_politely = [", "refuse_politely is not known here"),
    ('without = ["rate"]', 'without = ["juggle"]', "juggle is not known here"),
    ('without = ["rate"]', 'without = ["close"]', "close cannot be left out: no case would end"),
    ('cancel = ["duty"]', 'cancel = ["king"]', "king is not known here; known: duty"),
    ('cancel = ["duty"]', 'vanish = ["duty"]', "vanish is not known here"),
    ("handled = { zh-CN", "napping = { zh-CN", "napping is not known here"),
    ('major = "01"\ncode = "0199"', 'major = "07"\ncode = "0199"', "there is no major s/07", 'major = "07"'),
    ('initials = "qt"', 'initials = "其他"', "initials are small Latin letters and digits"),
    ('initials = "qt"', 'initials = " "', "initials is blank"),
    ("claimable = true", "claimable = 1", "claimable must be true or false"),
    ("claimable = true", "clamable = true", "clamable is not a key that belongs here"),
    ("other = true\n", "", "exactly one category must be the other one (other = true); here are 0", "[[categories]]"),
    ('zh-CN = "小包"', 'zh-CN = "小\\u0000包"', "it holds the character U+0000"),
    ('drainage = { zh-CN', '"\\u0000" = { zh-CN = "空", en = "Null" }\ndrainage = { zh-CN', "it holds the character U+0000", "[trades]"),
    ("emergency = true", "emergency = true\nother = true", "other is not a key that belongs here", "other = true"),
    ('kind = "phone"', 'kind = "choice"', "a field of the kind choice has choices, no other has", "[[categories.form]]"),
    ('payer = "public"', 'payer = "the neighbour"', "the neighbour is not known here; known: public, fund, responsible"),
    ('closing = { zh-CN = "完好", en = "Sound" }', 'closing = { en = "Sound" }', "closing has no Chinese (zh-CN)"),
    ('closing = { zh-CN = "完好", en = "Sound" }', 'closing = "完好"', "closing must give a text for each language"),
    ('enforce = { days = 90, kind = "calendar" }\n', "", "enforce is missing", "[stages]"),
    ("extensions = 2", "extensions = 3", "extensions must be from 0 to 2"),
    ("holder_level = 1", "holder_level = 2", "holder_level must be from 0 to 1"),
    ("sample_share = 0.05", "sample_share = 5", "sample_share must be from 0 to 1"),
    ("sample_share = 0.05", "sample_share = nan", "sample_share must be from 0 to 1"),
    ('system_acts = ["register"]', 'system_acts = ["dispatch"]', "dispatch is not known here; known: register, close"),
    ('categories = ["s/01*"]', 'categories = ["t/01*"]', "no category meets this rule", "[[routing]]"),
    ('categories = ["s/*"]', 'categories = ["s/0199"]', "no routing rule speaks about s/0101", "[[categories]]"),
    ("level = 0", "level = 5", "level must be from 0 to 1"),
    ('frequent = ["s/0101"]', 'frequent = ["s/0102"]', "s/0102 is not known here"),
    ('reply_sources = ["phone"]', 'reply_sources = ["phone", "phone"]', "phone stands twice"),
    ('code = "small"', "code = 7", "code must be text in quotation marks"),
    ("format = 2", "format = 3", "this program reads format 2"),
    (
        'responsible = { handle = ["general"] }\nbasis = { zh-CN = "《通则》", en = "General rules" }\n',
        'responsible = { handle = ["general"] }\n',
        "it has no legal basis", '[[categories.conditions]]', 'choices = [',
    ),
    ('responsible = { handle = ["general"] }\n', "", "nobody is responsible for handling it", '[[categories.conditions]]', 'choices = ['),
]  # fmt: skip


def test_the_small_pack_is_right() -> None:
    assert reasons(SMALL) == []


@pytest.mark.parametrize("slip", SLIPS, ids=[f"{slip[1][:30]}-{slip[2][:20]}" for slip in SLIPS])
def test_a_slip_is_named_at_its_line(slip: tuple[str, ...]) -> None:
    right, wrong, reason, *at = slip
    assert SMALL.count(right) == 1
    text = SMALL.replace(right, wrong)
    told = [finding for finding in findings(text) if reason in finding.fault.text()]
    assert [str(finding.file) for finding in told] == ["mine.toml"]
    assert told[0].line == (line_of(text, *at) if at else line_of(SMALL, right))


def test_what_is_missing_is_told_at_the_table_that_lacks_it() -> None:
    text = SMALL.replace('closing = { zh-CN = "完好", en = "Sound" }\n', "")
    (told,) = findings(text)
    assert (
        told.text()
        == f"mine.toml:{line_of(text, '[[categories.conditions]]', after='补齐')}: closing is missing"
    )
    assert told.fault.path == "categories[0].conditions[1]"


def test_a_text_that_is_no_toml_is_told_with_its_line() -> None:
    (told,) = findings(SMALL.replace("holder_level = 1", "holder_level = "))
    assert (told.line, told.fault.text()) == (8, "this is not TOML: Invalid value")


@pytest.mark.parametrize("broken", ["pack.toml", "categories/component-01.toml"])
def test_of_a_folder_with_a_file_that_is_no_toml_only_that_is_told(broken: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(CHECKOUT / "server" / "packs" / "urban", folder)
    file = folder / broken
    lines = file.read_text(encoding="utf-8").count("\n")
    file.write_text(file.read_text(encoding="utf-8") + "[[broken\n", encoding="utf-8")
    (told,) = found_wrong(read_written(folder))
    assert (told.file, told.line) == (file, lines + 1)
    assert "this is not TOML" in told.text()


def test_of_a_pack_that_includes_one_that_is_not_there_only_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('format = 2\ncode = "mine"\nincludes = ["atlantis"]\n', encoding="utf-8")
    (told,) = found_wrong(read_written(file))
    assert (told.line, told.fault.text()) == (3, "there is no pack atlantis to include")


INCLUDING = 'format = 2\ncode = "mine"\nname = { zh-CN = "我" }\nincludes = ["urban"]\n'


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (INCLUDING.replace('["urban"]', '"urban"'), 4, "includes must be a list"),
        (INCLUDING.replace('["urban"]', '["urban", "urban"]'), 4, "urban stands twice"),
        (INCLUDING + "reasons = 5", 5, "reasons must be a table"),
        (INCLUDING + "reasons = { decline = 5 }", 5, "decline must be a list of tables"),
        (INCLUDING + 'reasons = { decline = ["far"] }', 5, "this must be a table"),
        (INCLUDING + "reasons = { decline = [{ code = [1] }] }", 5, "code must be text in quotation marks"),
        (INCLUDING + "categories = 5", 5, "categories must be a list of tables"),
        (
            f"{SMALL}\nfar = {'[' * 100_000}",
            SMALL.count("\n") + 2,
            "brackets stand within brackets too deeply",
        ),
    ],
)
def test_a_text_of_another_shape_is_named_at_its_line(text: str, line: int, reason: str) -> None:
    assert (line, reason) in [(finding.line, finding.fault.text()) for finding in findings(text)]


@pytest.mark.parametrize("name", ["categories", "majors", "routing"])
def test_a_file_of_a_folder_that_holds_no_list_is_named(name: str, tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "server" / "packs" / "urban", tmp_path / "mine")
    file = tmp_path / "mine" / "categories" / "zz.toml"
    file.write_text(f'system = "urban/event"\n{name} = 5\n', encoding="utf-8")
    (told,) = found_wrong(read_written(tmp_path / "mine"))
    assert told.text() == f"{file}:2: {name} must be a list"


def test_a_mark_that_an_editor_puts_before_the_text_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SMALL, encoding="utf-8-sig")
    assert found_wrong(read_written(tmp_path / "mine.toml")) == []


def test_a_version_that_was_kept_without_a_legal_basis_is_still_read() -> None:
    kept = data()
    del kept["categories"][1]["basis"]
    assert [fault.text() for fault in faults_of(kept)] == ["it has no legal basis (basis)"]
    assert read_pack(kept).categories[1].conditions[0].basis == {}


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    text = SMALL.replace("extensions = 2", "extensions = 9").replace('initials = "jg"', "initials = 4")
    found = findings(text)
    assert [finding.line for finding in found] == [line_of(text, "extensions"), line_of(text, "initials = 4")]


def places(value: Any, place: Place = ()) -> list[Place]:
    """Every place in the data below the top."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in inside for found in [(*place, key), *places(inner, (*place, key))]]


def holder(whole: Any, place: Place) -> Any:
    for step in place[:-1]:
        whole = whole[step]
    return whole


@settings(deadline=None)
@given(st.data())
def test_a_value_of_the_wrong_type_is_named_at_its_place(draw: st.DataObject) -> None:
    broken = data()
    place = draw.draw(st.sampled_from(places(broken)), label="place")
    there = holder(broken, place)
    strange = [v for v in (7, True, "x", [3], {"odd": 1}, -1.5) if type(v) is not type(there[place[-1]])]
    there[place[-1]] = draw.draw(st.sampled_from(strange), label="instead")
    if isinstance(broken["sample_share"], int) and not isinstance(broken["sample_share"], bool):
        broken["sample_share"] = 7  # 1 would be a share too
    faults = faults_of(broken)
    assert any(fault.place[: len(place)] == place for fault in faults), [f.path for f in faults]
    with pytest.raises(BadPack):
        read_pack({key: value for key, value in broken.items() if key in data()})


OPTIONAL = {"icon", "payer", "basis", "evidence", "form", "limits", "emergency", "claimable", "private", "conditions",
            "level", "trades", "frequent", "without", "narrow", "reasons", "words", "reply_sources", "trusted_sources",
            "system_acts", "escalate_on", "en", "reply", "whole", "report", "handle", "decline", "cancel", "states",
            "handled", "days", "hours", "minutes", "choices", "other", "responsible"}  # fmt: skip


@settings(deadline=None)
@given(st.data())
def test_a_key_that_is_gone_is_named_at_the_table_that_lacks_it(draw: st.DataObject) -> None:
    broken = data()
    needed = [p for p in places(broken) if isinstance(p[-1], str) and p[-1] not in OPTIONAL]
    needed = [p for p in needed if len(p) != 2 or p[0] not in ("systems", "trades")]
    needed += [(*p, key) for p in [("categories", 0), ("categories", 1)] for key in ("conditions",)]
    place = draw.draw(st.sampled_from(needed), label="place")
    del holder(broken, place)[place[-1]]
    faults = faults_of(broken)
    assert any(f.place in (place[:-1], place) for f in faults), [f.path for f in faults]


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_no_data_at_all_makes_the_reader_fall(anything: Any) -> None:
    assert faults_of(anything)


@settings(deadline=None)
@given(st.text())
def test_no_text_at_all_makes_the_checker_fall(text: str) -> None:
    assert findings(text)
    assert findings(f"{text}\n{SMALL}\n{text}") is not None


@pytest.mark.parametrize("code", ["urban", "social", "district"])
def test_a_pack_written_as_one_file_is_the_same_pack(code: str, tmp_path: Path) -> None:
    from server.packs import read_folder

    body = read_folder(code)
    file = tmp_path / "whole.toml"
    file.write_text(as_toml(body), encoding="utf-8")
    again = read_written(file)
    assert found_wrong(again) == []
    assert again.data == body


@settings(deadline=None)
@given(st.data())
def test_a_text_stays_itself_through_the_writer(draw: st.DataObject) -> None:
    import tomllib

    there = data()
    there["name"]["zh-CN"] = draw.draw(st.text(st.characters(exclude_categories=["Cs"])))
    assert tomllib.loads(as_toml(there)) == there


def test_every_key_that_is_read_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    take = Table.take

    def noting(table: Table, name: str, *rest: Any, **more: Any) -> Any:
        asked.add(name)
        return take(table, name, *rest, **more)

    monkeypatch.setattr(Table, "take", noting)
    assert faults_of(data()) == []
    text = (CHECKOUT / "docs" / "packs.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z_]+)`", text))
    assert len(asked) > 60
    assert asked - explained - {"cancel", "decline"} == set()
