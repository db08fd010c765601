"""Rows of an import file: read as a stream, every field checked, each either a usable row or a reason in words."""

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import IO, Any, BinaryIO
from zoneinfo import ZoneInfo

from server.cases.coordinates import known_system, position_from
from server.errors import BadInput
from server.protocol.commands import Position, read_payload
from server.protocol.fields import BadCommand
from server.protocol.payloads import Record
from server.protocol.wire import body_hash, time_text

FIELDS = (
    "external_id",
    "lon",
    "lat",
    "category",
    "opened_at",
    "closed_at",
    "due_at",
    "status",
    "title",
    "description",
)
NEEDED = ("external_id", "lon", "lat", "opened_at")
STATUSES = {
    "open": ("open", ()),
    "closed": ("closed", ()),
    "open-duplicate": ("open", ("duplicate",)),
    "closed-duplicate": ("closed", ("duplicate",)),
}
LONGEST_ID = 200


class RowError(ValueError):
    """A row that cannot be taken: an English msgid and its parameters."""

    def __init__(self, sentence: str, **params: Any) -> None:
        super().__init__(sentence.format(**params))
        self.sentence, self.params = sentence, params


@dataclass(frozen=True)
class CaseRow:
    """A row that can be applied. `wire` is what its hash is taken over."""

    line: int
    cells: Sequence[str]
    external_id: str
    payload: Record
    position: Position
    wire: dict[str, Any]

    @property
    def hash(self) -> str:
        return body_hash(self.wire)


@dataclass(frozen=True)
class Reject:
    """A row that stays out, where it stands in the file, and why."""

    line: int
    cells: Sequence[str]
    sentence: str
    params: Mapping[str, Any] = field(default_factory=dict)


class CaseFile:
    """A CSV file (UTF-8, marked or not, or `gbk`; .gz too) whose header names the fields, or whose `names` map does.

    `crs` is the system of its degrees. Raises BadInput for a file that cannot be read at all or lacks a column that
    is needed, and for an unknown system.
    """

    def __init__(
        self,
        path: Path,
        timezone: str,
        now: datetime,
        names: Mapping[str, str] | None = None,
        crs: str = "EPSG:4326",
        gbk: bool = False,
    ) -> None:
        self.path, self.zone, self.now, self.names = path, ZoneInfo(timezone), now, dict(names or {})
        self.crs = known_system(crs)
        self.encoding = "gb18030" if gbk else "utf-8-sig"
        self.header: list[str] = []
        self.bytes_read = 0
        self._lines: list[str] = []

    def __iter__(self) -> Iterator[CaseRow | Reject]:
        try:
            with self.path.open("rb") as raw, self._text(raw) as text:
                yield from self._rows(raw, csv.reader(self._remembered(text), strict=True))
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput("{file} cannot be read: {reason}.", file=self.path, reason=reason) from None
        except EOFError:
            raise BadInput("{file} ends in the middle; it was not copied whole.", file=self.path) from None
        except UnicodeDecodeError:
            sentence = "{file} is not UTF-8 text. Save it as CSV UTF-8, or add --gbk if it was saved as GBK."
            if self.encoding != "utf-8-sig":
                sentence = "{file} is not GBK text."
            raise BadInput(sentence, file=self.path) from None

    def _text(self, raw: BinaryIO) -> IO[str]:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if packed:
            return gzip.open(raw, "rt", encoding=self.encoding, newline="")
        return io.TextIOWrapper(raw, encoding=self.encoding, newline="")

    def _remembered(self, text: IO[str]) -> Iterator[str]:
        """The lines of the file; those of the row that is being read are at hand when it turns out to be none."""
        for line in text:
            self._lines.append(line)
            yield line

    def _rows(self, raw: BinaryIO, reader: Any) -> Iterator[CaseRow | Reject]:
        columns: dict[str, int] = {}
        while True:
            self._lines.clear()
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error:
                text = "".join(self._lines).rstrip("\r\n")
                yield Reject(reader.line_num, (text,), "The row is not proper CSV (quotes).")
                continue
            self.bytes_read = raw.tell()
            if not columns:
                columns = self._columns(cells)
            elif any(cell.strip() for cell in cells):
                yield self._row(reader.line_num, cells, columns)
        if not columns:
            raise BadInput("{file} is empty.", file=self.path)

    def _columns(self, header: list[str]) -> dict[str, int]:
        self.header = [name.strip() for name in header]
        for column, name in self.names.items():
            if column not in self.header:
                raise BadInput("{file} has no column {column}.", file=self.path, column=column)
            if name not in FIELDS:
                raise BadInput(
                    "There is no field {field}. Fields: {choices}.", field=name, choices=", ".join(FIELDS)
                )
        called = [
            self.names.get(name, name if name not in self.names.values() else "") for name in self.header
        ]
        columns = {name: called.index(name) for name in FIELDS if name in called}
        twice = [name for name in FIELDS if called.count(name) > 1]
        missing = [name for name in NEEDED if name not in columns]
        if twice or missing:
            sentence = (
                "{file} has two columns {columns}."
                if twice
                else "{file} has no column {columns}. Name it with --map."
            )
            raise BadInput(sentence, file=self.path, columns=", ".join(twice or missing))
        return columns

    def _row(self, line: int, cells: list[str], columns: Mapping[str, int]) -> CaseRow | Reject:
        try:
            if len(cells) != len(self.header):
                raise RowError(
                    "The row has {count} cells, the header {expected}.",
                    count=len(cells),
                    expected=len(self.header),
                )
            given = {name: cells[index].replace("\x00", "").strip() for name, index in columns.items()}
            return self._checked(line, cells, given)
        except (RowError, BadCommand) as why:
            return Reject(line, cells, why.sentence, why.params)

    def _checked(self, line: int, cells: list[str], given: Mapping[str, str]) -> CaseRow:
        external_id = given["external_id"]
        if not external_id:
            raise RowError("The row has no external_id.")
        if len(external_id) > LONGEST_ID:
            raise RowError("The external_id is longer than {limit} characters.", limit=LONGEST_ID)
        position = _position(given["lon"], given["lat"], self.crs)
        payload = self._payload(given)
        wire = {"kind": "record", "external_id": external_id, "payload": payload, "position": position}
        record = read_payload("record", payload)
        if not isinstance(record, Record):
            raise TypeError("a record is not a Record")
        there = Position() if position is None else position_from(position)
        return CaseRow(line, cells, external_id, record, there, wire)

    def _payload(self, given: Mapping[str, str]) -> dict[str, Any]:
        times = {name: self._time(name, given.get(name, "")) for name in ("opened_at", "closed_at", "due_at")}
        opened, closed, due = times["opened_at"], times["closed_at"], times["due_at"]
        if opened is None:
            raise RowError("The row has no opened_at.")
        word = given.get("status", "").lower() or ("closed" if closed else "open")
        if word not in STATUSES:
            raise RowError(
                "There is no status {word}. Words: {choices}.", word=word, choices=", ".join(STATUSES)
            )
        status, tags = STATUSES[word]
        for name in ("opened_at", "closed_at"):
            if (at := times[name]) and at > self.now:
                raise RowError("{value} in {field} lies in the future.", value=given[name][:50], field=name)
        if closed and closed < opened:
            raise RowError("The case was closed before it was opened.")
        if closed and status == "open":
            raise RowError("The case is said to be open, but has a closed_at.")
        if due and due < opened:
            raise RowError("The deadline is before the case was opened.")
        return {
            "status": status,
            "tags": list(tags),
            **{name: time_text(at) for name, at in times.items() if at},
            **{name: given[name] for name in ("category", "title", "description") if given.get(name)},
        }

    def _time(self, name: str, text: str) -> datetime | None:
        """A time with a zone, a local time without one, or a local date (its first moment)."""
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
            at = datetime.combine(at, time(), self.zone) if len(text) <= len("2026-01-01") else at
            at = at if at.tzinfo else at.replace(tzinfo=self.zone)
            time_text(at)
        except (ValueError, OverflowError):
            raise RowError(
                "{value} in {field} is no date or time (ISO 8601).", value=text[:50], field=name
            ) from None
        return at


def _position(lon: str, lat: str, crs: str) -> dict[str, Any] | None:
    if not lon and not lat:
        return None
    if not lon or not lat:
        raise RowError("The row has only one of lon and lat.")
    degrees = {"lon": _degrees("lon", lon, 180), "lat": _degrees("lat", lat, 90)}
    return {**degrees, "crs": crs}


def _degrees(name: str, text: str, most: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise RowError("{value} in {field} is not a number.", value=text[:50], field=name) from None
    if not math.isfinite(value) or "_" in text:
        raise RowError("{value} in {field} is not a number.", value=text[:50], field=name)
    if abs(value) > most:
        raise RowError("{value} in {field} is beyond {most} degrees.", value=text[:50], field=name, most=most)
    return value
