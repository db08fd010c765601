"""Says which sentences of the code have no Chinese words yet, or words with other parameters than the sentence.

A sentence is what stands in `_()` or `say()` (Python, Kivy language, templates), what a class of `server/errors.py`
says, and what such a class is raised with.
"""

import ast
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "server" / "locale" / "zh_CN" / "LC_MESSAGES" / "xunge.po"
ROOMS = ("server", "mobile", "gis", "tasks")
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "say": None,
    "_say": None,
    "gettext": None,
    "ngettext": (1, 2),
}
METHODS = {".py": "python", ".kv": "python", ".html": "jinja2.ext:babel_extract"}
HTML_OPTIONS = {"trimmed": "true", "silent": "false"}


def files() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in METHODS and "vendor" not in path.parts:
                yield path


def marked(path: Path) -> Iterator[tuple[str, int]]:
    """Sentences in `_()` and their lines."""
    options = HTML_OPTIONS if path.suffix == ".html" else {}
    for line, message, _comments, _context in extract_from_file(
        METHODS[path.suffix], path, keywords=KEYWORDS, options=options
    ):
        for one in message if isinstance(message, tuple) else (message,):
            if one:
                yield one, line


def errors_of_house() -> set[str]:
    """The names of the classes in server/errors.py."""
    tree = ast.parse((ROOT / "server" / "errors.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def spoken_by_errors(path: Path, classes: set[str]) -> Iterator[tuple[str, int]]:
    """Sentences that error classes carry (`sentence = …`) or are raised with (first argument)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                yield from sentence_of_class(line)
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in classes and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, node.lineno


def sentence_of_class(line: ast.stmt) -> Iterator[tuple[str, int]]:
    if not isinstance(line, ast.Assign):
        return
    names, values = line.targets[0], line.value
    pairs = (
        zip(names.elts, values.elts, strict=False)
        if (isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple))
        else [(names, values)]
    )
    for name, value in pairs:
        if isinstance(name, ast.Name) and name.id == "sentence" and isinstance(value, ast.Constant):
            yield str(value.value), line.lineno


def parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def faults() -> Iterator[str]:
    with CATALOGUE.open("rb") as file:
        words = {
            one: message.string
            for message in read_po(file, locale="zh_CN")
            if message.id and not message.fuzzy
            for one in (message.id if isinstance(message.id, tuple) else (message.id,))
        }
    classes = errors_of_house()
    for path in files():
        found = list(marked(path))
        if path.suffix == ".py":
            found += spoken_by_errors(path, classes)
        for sentence, line in dict(found).items():
            where = f"{path.relative_to(ROOT)}:{line}"
            chinese = words.get(sentence)
            if not chinese:
                yield f"{where}: no Chinese for “{sentence}”"
            elif isinstance(chinese, str) and not same_parameters(sentence, chinese):
                yield f"{where}: other parameters in the Chinese for “{sentence}”"


def same_parameters(sentence: str, chinese: str) -> bool:
    try:
        return parameters(sentence) == parameters(chinese)
    except ValueError:
        return True  # braces that are no parameters


def main() -> int:
    found = list(faults())
    print("\n".join(found))
    if found:
        print(f"{len(found)} sentences lack words", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
