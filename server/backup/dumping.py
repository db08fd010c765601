"""PostgreSQL's own dump, out of one snapshot and into one open transaction.

`pg_restore` by itself commits what it restores. Here its script is run on a connection of ours instead, so that the
data, the new epoch and the erasures become visible together or not at all.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from psycopg2.extensions import make_dsn, parse_dsn

from server.errors import SetupFault
from server.postgres import ENVIRONMENT, programs

TABLE_DONE = "dumping contents of table"
COPY = re.compile(rb"^COPY .* FROM stdin;\n$")
END_OF_ROWS = b"\\.\n"
# psql's own lines, and comments: no SQL.
NOT_SQL = (b"\\restrict", b"\\unrestrict", b"--")
# Extensions are there before. What a superuser made is not ours to comment or to grant.
EXTENSIONS = re.compile(r"COMMENT - EXTENSION|EXTENSION - postgis")
OF_POSTGIS = re.compile(r" ACL public .*(spatial_ref_sys|geo(metr|graph)y_columns) \w+$")
OWNS_POSTGIS = (
    "select pg_has_role(current_user, extowner, 'usage') as owned from pg_extension where extname = 'postgis'"
)
AT_ONCE = 1 << 16


def dump(dsn: str, snapshot: str, file: Path, advance: Callable[[int], None]) -> None:
    """Writes the database as it stands in an exported snapshot; `advance` is told how many tables are done."""
    told = parse_dsn(dsn)
    # Everybody on the machine can read the arguments of a program.
    environment = {**_ssl_and_files(), "PGPASSWORD": told.pop("password", os.environ.get("PGPASSWORD", ""))}
    arguments = ["--format=custom", f"--snapshot={snapshot}", "--verbose", f"--file={file}"]
    asked = [str(programs().pg_dump), *arguments, f"--dbname={make_dsn(**told)}"]
    done, last = 0, ""
    with subprocess.Popen(
        asked, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as program:
        for line in cast(IO[str], program.stderr):
            last = line.strip()
            if TABLE_DONE in line:
                done += 1
                advance(done)
    if program.returncode != 0:
        raise SetupFault("The database was not copied: {reason}", reason=last)


def _ssl_and_files() -> dict[str, str]:
    """What of the caller's environment says how to reach a database, beside our own fixed one."""
    return {name: text for name, text in os.environ.items() if name.startswith("PG")} | ENVIRONMENT


def replay(cursor: Any, file: Path, advance: Callable[[int], None]) -> None:
    """Runs a dump on `cursor`, in its transaction; `advance` is told how many tables are done."""
    cursor.execute(OWNS_POSTGIS)
    owned = cursor.fetchone()["owned"]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as wanted:
        for line in _contents(file).splitlines():
            if not EXTENSIONS.search(line) and (owned or not OF_POSTGIS.search(line)):
                print(line, file=wanted)
        wanted.flush()
        for section in ("pre-data", "data", "post-data"):
            with _script(file, section, Path(wanted.name)) as lines:
                (_run_rows if section == "data" else _run_whole)(cursor, lines, advance)


def _contents(file: Path) -> str:
    done = subprocess.run(
        [programs().pg_restore, "--list", file], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if done.returncode != 0:
        raise SetupFault("The dump cannot be read: {reason}", reason=done.stderr.strip())
    return done.stdout


@contextmanager
def _script(file: Path, section: str, wanted: Path) -> Iterator[IO[bytes]]:
    """One section of the dump as SQL text, line by line."""
    arguments = ["--no-owner", f"--section={section}", f"--use-list={wanted}", "--file=-", str(file)]
    with subprocess.Popen(
        [programs().pg_restore, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        yield cast(IO[bytes], program.stdout)
        fault = cast(IO[bytes], program.stderr).read().decode(errors="replace").strip()
    if program.returncode != 0:
        raise SetupFault("The dump cannot be read: {reason}", reason=fault)


def _run_whole(cursor: Any, lines: IO[bytes], advance: Callable[[int], None]) -> None:
    """Definitions: one text of many statements. Comments may stand inside bodies of functions: they are left."""
    text = b"".join(line for line in lines if not line.startswith(NOT_SQL[:2]))
    if text.strip():
        cursor.execute(text)


def _run_rows(cursor: Any, lines: IO[bytes], advance: Callable[[int], None]) -> None:
    """Rows table by table, and the statements between them, of which each is one line."""
    done = 0
    for line in lines:
        if COPY.match(line):
            cursor.copy_expert(line.decode(), Rows(lines))
            done += 1
            advance(done)
        elif line.strip() and not line.startswith(NOT_SQL):
            cursor.execute(line)


class Rows:
    """The rows of one table, read from the script until its end mark."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines, self._over = lines, False

    def read(self, size: int = AT_ONCE) -> bytes:
        """Whole lines, about `size` bytes of them; nothing when the table is at its end."""
        taken: list[bytes] = []
        held = 0
        while not self._over and held < size:
            line = self._lines.readline()
            self._over = line in (END_OF_ROWS, b"")
            if not self._over:
                taken.append(line)
                held += len(line)
        return b"".join(taken)
