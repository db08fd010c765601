"""Every word that the window says is known in Chinese, in .py and .kv alike."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from server.locale import translations_for
from server.settings import CHECKOUT

UI = CHECKOUT / "mobile" / "ui"
FILES = sorted(path for path in UI.rglob("*") if path.suffix in (".py", ".kv"))
CHINESE = re.compile(r"[\u4e00-\u9fff、]")  # ideographs, and what parts them in a list
OWN_NAMES = {"简体中文"}  # a language is called by its own name


def sentences(path: Path) -> list[str]:
    return [str(found[1]) for found in extract_from_file("python", path)]


def test_sentences_are_found_in_rules_too() -> None:
    assert "What is wrong" in sentences(UI / "screens" / "report.kv")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(UI).as_posix())
def test_every_sentence_has_its_chinese(path: Path) -> None:
    chinese = translations_for("zh-CN")
    missing = [said for said in sentences(path) if not CHINESE.search(chinese.gettext(said))]
    assert not missing


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix == ".kv"], ids=lambda path: path.relative_to(UI).as_posix()
)
def test_rules_hold_no_words_of_their_own(path: Path) -> None:
    """What is shown comes through gettext or from the core: a bare string in a rule is a name of something."""
    bare = re.findall(r"^\s*(?:words|title|hint_text|note|text):\s*'([^']+)'", path.read_text(), re.M)
    assert set(bare) <= OWN_NAMES | {"English"}
