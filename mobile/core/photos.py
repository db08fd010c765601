"""Photographs on the tablet: sealed in files of their own, let go only when the server has confirmed them.

Those taken here lie under the device's key, for they go out while the tablet is locked; the office's under the PIN.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from mobile.core.clockwork import Clock
from mobile.core.store import DiskFull, Store
from server.protocol.wire import sha256, time_text, uuid7

KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
PDF, PDF_START = "application/pdf", b"%PDF-"


class NotAPicture(Exception):
    """The bytes are not a JPEG, PNG or WebP picture."""


@dataclass(frozen=True)
class Photo:
    """A photograph's card; `state`: draft, pending, confirmed (by the server), fetched (from it)."""

    photo_id: str
    command_id: str
    case_id: str
    sha256: str
    bytes: int
    mime: str
    stage: str
    taken_at: str
    state: str
    upload: str

    def wire(self) -> dict[str, str | int]:
        """As it is declared in a command."""
        return {
            "id": self.photo_id,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "mime": self.mime,
            "stage": self.stage,
        }


class Photos:
    """The photographs of this tablet."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._folder = store.home / "photos"
        self._folder.mkdir(exist_ok=True)

    def take_in(self, data: bytes, stage: str) -> Photo:
        """A new photograph, on the disk when this returns. Raises NotAPicture, DiskFull."""
        photo_id, kind = str(uuid7()), kind_of(data)
        self._write(photo_id, data, f"photo/{photo_id}")
        with self._store.writing() as sql:
            sql.execute(
                "insert into photos values (?, null, null, ?, ?, ?, ?, ?, 'draft', null)",
                (photo_id, sha256(data), len(data), kind, stage, time_text(self._clock.now())),
            )
        return self.card(photo_id)

    def keep_fetched(self, photo_id: str, case_id: str, data: bytes, stage: str) -> None:
        """The office's picture of a case, or a file of a document, so that it can be looked at without a signal."""
        kind = PDF if data.startswith(PDF_START) else kind_of(data)
        self._write(photo_id, data, f"picture/{photo_id}")
        with self._store.writing() as sql:
            sql.execute(
                "insert into photos values (?, null, ?, ?, ?, ?, ?, ?, 'fetched', null) on conflict do nothing",
                (
                    photo_id,
                    case_id,
                    sha256(data),
                    len(data),
                    kind,
                    stage,
                    time_text(self._clock.now()),
                ),
            )

    def card(self, photo_id: str) -> Photo:
        """Raises KeyError for a photograph that this tablet never had."""
        for row in self._store.rows("select * from photos where photo_id = ?", (photo_id,)):
            return _photo(row)
        raise KeyError(photo_id)

    def cards(self, **wanted: str) -> list[Photo]:
        """Those whose columns equal what is wanted (state, case_id, command_id), oldest first."""
        where = " and ".join(f"{name} = ?" for name in wanted) or "true"
        return [
            _photo(row)
            for row in self._store.rows(
                f"select * from photos where {where} order by taken_at, photo_id", tuple(wanted.values())
            )
        ]

    def data(self, photo_id: str) -> bytes | None:
        """The picture's bytes, None when they are not on this tablet."""
        try:
            sealed = self._path(photo_id).read_bytes()
        except FileNotFoundError:
            return None
        fetched = self._store.rows(
            "select 1 from photos where photo_id = ? and state = 'fetched'", (photo_id,)
        )
        return self._store.seal.open(f"{'picture' if fetched else 'photo'}/{photo_id}", sealed)

    def has(self, photo_id: str) -> bool:
        return self._path(photo_id).exists()

    def bind(self, photo_ids: list[str], command_id: str, case_id: str) -> None:
        """They belong to a command now and wait for the server (inside the transaction that seals the command)."""
        with self._store.writing() as sql:
            sql.executemany(
                "update photos set command_id = ?, case_id = ?, state = 'pending' "
                "where photo_id = ? and state <> 'fetched'",
                [(command_id, case_id, photo_id) for photo_id in photo_ids],
            )

    def unbind(self, command_id: str) -> None:
        """Back to the draft: the command that had them will never be sent."""
        with self._store.writing() as sql:
            sql.execute(
                "update photos set command_id = null, case_id = null, state = 'draft', upload = null "
                "where command_id = ? and state = 'pending'",
                (command_id,),
            )

    def give_up(self, command_id: str) -> None:
        """Takes away the photos of a command that can never take effect, but for those that another one took over; the
        server may have some of them.
        """
        left = self.cards(command_id=command_id)
        self.unbind(command_id)
        for photo in left:
            self.discard(photo.photo_id)

    def goes_to(self, photo_id: str, address: str | None) -> None:
        """Remembers where the upload goes on."""
        with self._store.writing() as sql:
            sql.execute("update photos set upload = ? where photo_id = ?", (address, photo_id))

    def confirmed(self, photo_id: str, stays: bool = True) -> None:
        """The server holds exactly these bytes; they stay to be looked at, or go at once."""
        with self._store.writing() as sql:
            sql.execute(
                "update photos set state = 'confirmed', upload = null where photo_id = ?", (photo_id,)
            )
            if not stays:
                self.discard(photo_id)

    def offer_again(self) -> None:
        """What a server confirmed that may have forgotten it goes again, as long as its bytes are here."""
        here = [(card.photo_id,) for card in self.cards(state="confirmed") if self.has(card.photo_id)]
        with self._store.writing() as sql:
            sql.executemany(
                "update photos set state = 'pending' where photo_id = ? and command_id is not null", here
            )

    def refused(self, photo_id: str, sentence: str) -> None:
        """The server will never take these bytes: not sent again, they stay until the worker lets go of them."""
        with self._store.writing() as sql:
            sql.execute(
                "insert into photo_refusals values (?, ?, ?) on conflict do nothing",
                (photo_id, sentence, time_text(self._clock.now())),
            )

    def refusals(self) -> dict[str, str]:
        """The server's sentence by photo, for those that it will never take."""
        found = self._store.rows("select photo_id, sentence from photo_refusals join photos using (photo_id)")
        return {row["photo_id"]: row["sentence"] for row in found}

    def let_go(self, command_id: str) -> None:
        """The worker takes the refused photos of a command off this tablet; the others go on waiting."""
        refused = self.refusals()
        named = [card.photo_id for card in self.cards(command_id=command_id) if card.photo_id in refused]
        with self._store.writing() as sql:
            for photo_id in named:
                sql.execute(
                    "update photos set state = 'draft', upload = null where photo_id = ?", (photo_id,)
                )
                sql.execute("delete from photo_refusals where photo_id = ?", (photo_id,))
        for photo_id in named:
            self.discard(photo_id)

    def discard(self, photo_id: str) -> None:
        """Takes away a photograph that belongs to no command, or one that the server has."""
        with self._store.writing() as sql:
            gone = sql.execute(
                "delete from photos where photo_id = ? and state <> 'pending'", (photo_id,)
            ).rowcount
        if gone:
            self._path(photo_id).unlink(missing_ok=True)

    def erase(self, photo_id: str) -> None:
        """The office erased it: its bytes go, whoever captured it."""
        if not self.has(photo_id):
            return
        with self._store.writing() as sql:
            sql.execute(
                "update photos set state = 'confirmed', upload = null where photo_id = ?", (photo_id,)
            )
        self.discard(photo_id)

    def forget_case(self, case_id: str) -> None:
        """A case left this tablet: its pictures go too, but for those that the server has not confirmed."""
        for photo in self.cards(case_id=case_id):
            self.discard(photo.photo_id)

    def forget(self, *states: str) -> None:
        """Takes away all that stand so; what waits for the server stays in any case."""
        for state in states:
            for photo in self.cards(state=state):
                self.discard(photo.photo_id)

    def sweep(self) -> int:
        """Takes away files that no card names (a capture cut off before it was written down); how many."""
        known = {row["photo_id"] for row in self._store.rows("select photo_id from photos")}
        strays = [path for path in self._folder.iterdir() if path.name not in known]
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)

    def _path(self, photo_id: str) -> Path:
        return self._folder / photo_id

    def _write(self, photo_id: str, data: bytes, what: str) -> None:
        sealed = self._store.seal.shut(what, data)
        draft = self._folder / f"{photo_id}.part"
        try:
            with draft.open("wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path(photo_id))
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as problem:
            draft.unlink(missing_ok=True)
            raise DiskFull from problem


def kind_of(data: bytes) -> str:
    """The MIME type by the first bytes; raises NotAPicture."""
    for start, kind in KINDS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    raise NotAPicture


def _photo(row: sqlite3.Row) -> Photo:
    return Photo(
        row["photo_id"],
        row["command_id"] or "",
        row["case_id"] or "",
        row["sha256"],
        row["bytes"],
        row["mime"],
        row["stage"],
        row["taken_at"],
        row["state"],
        row["upload"] or "",
    )
