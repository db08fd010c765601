"""`python -m docs`: renews the parts of the documents that are made from the code; `--check` only compares.

The parts are in English whatever the language of the installation, so that the same code makes the same text.
"""

import os
import sys

os.environ["XUNGE_LANG"] = "en"

from docs.made import documents, renewed
from server.settings import CHECKOUT

FAULT, WRONG_USE = 1, 2


def main(arguments: list[str]) -> int:
    """Exit 1 with `--check` when a document is behind the code."""
    if arguments not in ([], ["--check"]):
        print("python -m docs [--check]", file=sys.stderr)
        return WRONG_USE
    behind = []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        fresh = renewed(text)
        if fresh != text:
            behind.append(str(path.relative_to(CHECKOUT)))
            if not arguments:
                path.write_text(fresh, encoding="utf-8")
    for name in behind:
        print(f"{name} {'is behind the code: run `make docs`' if arguments else 'renewed'}")
    return FAULT if behind and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
