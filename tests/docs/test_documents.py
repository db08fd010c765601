"""The documents name only what exists: files, headings, make targets, commands with their options, made parts."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from docs.made import MEANING, commands, documents
from mobile.__main__ import arguments as mobile_arguments
from server.settings import CHECKOUT, Settings

DOCUMENTS = documents()
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
PROGRAM = re.compile(r"python3? -m ((?:server|gis|tasks|mobile|bench|docs)(?:\.\w+)?)(?=\s|$)")
ELSEWHERE = re.compile(r"^[a-z]+:", re.IGNORECASE)
MOST_PICTURE_BYTES = 200_000


def by_name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)


def slug(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@lru_cache(maxsize=128)
def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {slug(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")}


@each_document
def test_every_link_leads_somewhere(path: Path) -> None:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        assert place.exists(), f"{target}: there is no such file"
        assert place.is_relative_to(CHECKOUT), f"{target} leads out of the project"
        if anchor:
            assert anchor in anchors(place), f"{target}: there is no such heading"


@each_document
def test_every_file_and_every_test_that_is_named_exists(path: Path) -> None:
    rooms = ("server/", "mobile/", "gis/", "tasks/", "tests/", "bench/", "docs/", "setup/", ".ci/")
    for code in CODE.findall(path.read_text(encoding="utf-8")):
        if code.startswith(rooms) and not re.search(r"[\s*{<…]|NAME|NNNN", code):
            name, _, test = code.partition("::")
            assert (CHECKOUT / name).exists(), f"{name} does not exist"
            assert not test or test in named_in(CHECKOUT / name), f"{code}: there is no such test"


@lru_cache(maxsize=128)
def named_in(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))


def shell_lines(text: str) -> Iterator[str]:
    """What a reader would type: lines of shell blocks, and code in a sentence."""
    for block in re.findall(r"^```(?:sh|shell|bash|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from (line.partition("  #")[0].strip() for line in block.replace("\\\n", " ").splitlines())
    yield from CODE.findall(FENCE.sub("", text))


@each_document
def test_every_make_target_exists(path: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for line in shell_lines(path.read_text(encoding="utf-8")):
        if found := re.match(r"(?:[A-Z_]+=\S+ )*make ([a-z-]+)", line):
            assert found[1] in targets, f"make {found[1]} does not exist"


@lru_cache(maxsize=1)
def known_commands() -> dict[str, set[str]]:
    """Every command line with the options that it takes."""
    known = {
        line: {opt for one in described.params for opt in one.opts}
        for program in ("server", "gis", "tasks")
        for line, described in commands(program)
    }
    known["python -m mobile"] = {
        opt for action in mobile_arguments()._actions for opt in action.option_strings
    }
    return known


@each_document
def test_every_command_exists_with_its_options(path: Path) -> None:
    known = known_commands()
    for line in shell_lines(path.read_text(encoding="utf-8")):
        if not PROGRAM.search(line):
            continue
        words = shlex.split(line.replace("[", " ").replace("]", " ").replace("…", ""))
        if "." in words[words.index("-m") + 1] or words[words.index("-m") + 1] in ("bench", "docs"):
            assert find_spec(words[words.index("-m") + 1]), f"{line}: there is no such program"
            continue
        start = words.index("-m") + 1
        name = f"python -m {words[start]}"
        if words[start] in ("server", "gis"):
            if len(words) == start + 1:
                continue
            name = f"{name} {words[start + 1]}"
        if name not in known and len(words) > start + 2:
            name = f"{name} {words[start + 2]}"
        assert name in known, f"{line}: there is no {name}"
        for word in words[start + 1 :]:
            if word.startswith("--"):
                assert word.partition("=")[0] in {*known[name], "--help"}, f"{line}: there is no {word}"


def test_the_made_parts_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_every_setting_has_a_meaning_in_the_operators_guide() -> None:
    assert set(MEANING) == set(Settings.model_fields)


def test_every_guide_exists_in_both_languages() -> None:
    guides = {path.name for path in (CHECKOUT / "docs" / "guides").glob("*.md")}
    english = {name for name in guides if not name.endswith(".zh-CN.md")}
    assert english == {"grid-worker.md", "command-centre.md", "street-office.md", "crew.md", "resident.md"}
    assert guides - english == {name.replace(".md", ".zh-CN.md") for name in english}


def test_pictures_are_small_and_shown() -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    for picture in (CHECKOUT / "docs" / "pictures").iterdir():
        assert picture.name in texts, f"{picture.name} is shown nowhere"
        assert picture.stat().st_size < MOST_PICTURE_BYTES


def test_decisions_are_numbered_and_listed() -> None:
    folder = CHECKOUT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert len({name[:4] for name in pages}) == len(pages), "a number stands for one decision"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"]({name})" in index for name in pages)


def test_every_promise_of_the_sync_names_what_proves_it() -> None:
    text = (CHECKOUT / "server" / "PROTOCOL.md").read_text(encoding="utf-8")
    section = text[text.index("\n## Promises and their proofs\n") :]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    promises = {row[0]: CODE.findall(row[1]) for row in rows if row[0] not in ("promise", "---")}
    assert promises
    for promise, proofs in promises.items():
        assert any(proof.startswith("tests/") and "::test_" in proof for proof in proofs), promise
