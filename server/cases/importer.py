"""Imports history and other systems' cases, once each by (source, outside number); bad rows come back with reasons.

Every row goes through `apply` as a `record` command, at most 500 a transaction. A row whose content is the one that was
imported last of its outside number is left alone; another content is one more event of the same case. Once an office
has worked on the case it is no history any more, and what its source says anew is carried in as the API carries it
(`outside`).
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

from server.cases import outside
from server.cases.apply import Answer, apply
from server.cases.csv_rows import CaseFile, CaseRow, Reject
from server.db import Connection, Database, queries
from server.errors import BadInput
from server.protocol.commands import Command
from server.protocol.wire import named_uuid
from server.protocol.workflow import TABLE

SQL = queries(__file__, "importer.sql")
CHUNK = 500
# What may stand on a case that is still only history: rows of files, and what is said or shown beside it.
BESIDE_HISTORY = sorted({"record", *(row.action for row in TABLE if row.appends)})
ELSEWHERE = "This outside number belongs to a case of another district."
Translate = Callable[[str], str]


@dataclass
class Summary:
    """What became of the rows of a file."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    outside: int = 0
    rejects_file: str | None = None
    district: str = ""
    source: str = ""


@dataclass(frozen=True)
class District:
    """Where the cases belong, and its local time."""

    id: int
    code: str
    timezone: str


@dataclass
class Chunk:
    """What one transaction did: who is new, who changed, who stays out."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outside: int = 0
    rejects: list[Reject] = field(default_factory=list)


class Rejects:
    """The file of rows that stay out: their own columns, then `row` (its line) and `reason`; made when needed."""

    def __init__(self, path: Path, translate: Translate) -> None:
        self.path, self.translate = path, translate
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, reject: Reject, header: Sequence[str]) -> None:
        if self._file is None:
            self._open(header)
        reason = self.translate(reject.sentence).format(**reject.params)
        cells = [*reject.cells, *[""] * (len(header) - len(reject.cells))]
        # Cells beyond the header's follow the reason: what came is given back whole.
        self._writer.writerow([*cells[: len(header)], reject.line, reason, *cells[len(header) :]])

    def _open(self, header: Sequence[str]) -> None:
        try:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        except OSError:
            # A folder that may only be read: the rows that stay out are still wanted.
            self.path = Path.cwd() / self.path.name
            try:
                self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            except OSError as error:
                raise BadInput(
                    "{file} cannot be written: {reason}.", file=self.path, reason=error.strerror
                ) from None
        self._writer = csv.writer(self._file)
        self._writer.writerow([*header, "row", "reason"])

    @property
    def written(self) -> str | None:
        return str(self.path) if self._file else None


def rejects_path(file: Path) -> Path:
    """FILE.rejects.csv beside FILE.csv or FILE.csv.gz."""
    name = file.name.removesuffix(".gz").removesuffix(".csv")
    return file.with_name(f"{name}.rejects.csv")


def district_of(conn: Connection, code: str | None) -> District:
    """The district called `code`, or the only one. Raises BadInput when there is none, or several without a code."""
    rows = list(SQL.districts(conn))
    known = ", ".join(row["code"] for row in rows)
    if not rows:
        raise BadInput("There is no district yet. Load its boundaries first (python -m gis load).")
    if code is None and len(rows) > 1:
        raise BadInput("Say which district with --district: {choices}.", choices=known)
    found = [row for row in rows if code in (None, row["code"])]
    if not found:
        raise BadInput("There is no district {code}. Districts: {choices}.", code=code, choices=known)
    return District(found[0]["id"], found[0]["code"], found[0]["timezone"])


def import_cases(
    database: Database,
    file: CaseFile,
    source: str,
    district: District,
    now: Callable[[], datetime],
    rejects: Rejects,
    progress: Callable[[Summary, int], None] = lambda summary, read: None,
) -> Summary:
    """Imports all rows, a transaction for every 500; a run that was broken off goes on when it is repeated."""
    summary = Summary(district=district.code, source=source)
    for rows in _chunks(file):
        good = [row for row in rows if isinstance(row, CaseRow)]
        at = now()
        done = database.run(partial(import_chunk, rows=good, source=source, district=district, now=at))
        for reject in (*(row for row in rows if isinstance(row, Reject)), *done.rejects):
            rejects.add(reject, file.header)
            summary.rejected += 1
        summary.rows += len(rows)
        summary.new += done.new
        summary.changed += done.changed
        summary.unchanged += done.unchanged
        summary.outside += done.outside
        progress(summary, file.bytes_read)
    summary.rejects_file = rejects.written
    return summary


def _chunks(file: Iterable[CaseRow | Reject]) -> Iterator[list[CaseRow | Reject]]:
    """Rows in order, at most CHUNK together, no number twice in one: a repeat must see what it repeats."""
    rows: list[CaseRow | Reject] = []
    numbers: set[str] = set()
    for row in file:
        number = row.external_id if isinstance(row, CaseRow) else None
        if len(rows) == CHUNK or number in numbers:
            yield rows
            rows, numbers = [], set()
        rows.append(row)
        if number is not None:
            numbers.add(number)
    if rows:
        yield rows


def import_chunk(
    conn: Connection, rows: Sequence[CaseRow], source: str, district: District, now: datetime
) -> Chunk:
    """Applies rows with different outside numbers in the caller's transaction."""
    numbers = [row.external_id for row in rows]
    found = SQL.known(conn, source=source, external_ids=numbers, beside=BESIDE_HISTORY)
    known = {case["external_id"]: case for case in found}
    done = Chunk()
    work: list[tuple[CaseRow, Command]] = []
    for row in rows:
        case = known.get(row.external_id)
        if case is not None and case["district_id"] != district.id:
            done.rejects.append(Reject(row.line, row.cells, ELSEWHERE))
        elif case is not None and case["body_hash"] == row.hash:
            done.unchanged += 1
        elif case is not None and not case["history"]:
            _told_again(conn, row, case["case_id"], district, now, done)
        else:
            work.append((row, _command(row, source, district, case)))
    answers = apply(conn, [command for _, command in work], now) if work else []
    fresh = []
    for (row, command), answer in zip(work, answers, strict=True):
        if not answer.applied:
            done.rejects.append(_refused(row, answer))
        elif row.external_id in known:
            done.changed += 1
        else:
            done.new += 1
            fresh.append(command.case_id)
    done.outside = SQL.outside(conn, ids=fresh) if fresh else 0
    return done


def _told_again(
    conn: Connection, row: CaseRow, case_id: UUID, district: District, now: datetime, done: Chunk
) -> None:
    """What a row says anew of a case that an office works on; the row counts as changed."""
    case = outside.sql.case(conn, id=case_id)
    speaker = outside.Speaker.of_file(district.id)
    answer = outside.told_again(conn, speaker, case, row.wire["payload"], row.position, now, row.hash)
    if answer.applied:
        done.changed += 1
    else:
        done.rejects.append(_refused(row, answer))


def _command(row: CaseRow, source: str, district: District, case: Mapping[str, Any] | None) -> Command:
    """The command of a row. Its identifier is the same whenever the same row meets the same past, so that a run that
    was broken off, or two at once, apply it once; the same content after another change is a change again."""
    past = () if case is None else (str(case["version"]),)
    return Command(
        command_id=named_uuid("import", source, row.external_id, row.hash, *past),
        kind="record",
        case_id=case["case_id"] if case else named_uuid("case", source, row.external_id),
        payload=row.payload,
        body_hash=row.hash,
        origin="import",
        position=row.position,
        source=source,
        external_id=row.external_id,
        district_id=district.id,
        raw=json.dumps(row.wire, ensure_ascii=False, sort_keys=True),
    )


def _refused(row: CaseRow, answer: Answer) -> Reject:
    return Reject(row.line, row.cells, answer.sentence, {**answer.params})
