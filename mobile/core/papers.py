"""Notices and documents on this tablet: readable without a network, their pictures too; safety ones are noted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mobile.core.album import Album
from mobile.core.freight import PICTURE_BYTES
from mobile.core.known import Known
from mobile.core.mirror import Mirror
from mobile.core.office import Office, Refused
from mobile.core.owner import Owner
from mobile.core.photos import NotAPicture, Photos
from mobile.core.store import Store
from mobile.core.views import DocumentView, FileView, MessageView, PhotoView
from server.protocol.wire import read_time, sha256

KIND = "document"
PENDING, NOTED, SEEN = "documents_to_note", "documents_noted", "documents_seen"


def _(msgid: str) -> str:
    return msgid


KINDS = {True: _("Safety notice"), False: _("Notice")}


@dataclass(frozen=True)
class Papers:
    """They lie in the mirror, their pictures among the photographs under their hashes. What was seen and noted is kept
    for each person of a shared tablet: it is told in the name of their organisation.
    """

    store: Store
    mirror: Mirror
    photos: Photos
    known: Known
    album: Album
    owner: Owner

    def rows(self) -> list[tuple[str, MessageView]]:
        """(moment of publishing, row for the list of messages)."""
        telling = self.known.telling()
        return [
            (
                str(body["published_at"]),
                MessageView(
                    number=str(body.get("organisation", "")),
                    case_id="",
                    sentence=str(body["title"]),
                    urgent=bool(body.get("safety")) and not self._noted(body),
                    at=telling.speech.moment(read_time(body["published_at"]), telling.now),
                    icon="warn" if body.get("safety") else "text",
                    unread=self._unread(body),
                    document_id=str(body["id"]),
                ),
            )
            for body in self.mirror.listed(KIND)
        ]

    def unread(self) -> int:
        return sum(map(self._unread, self.mirror.listed(KIND)))

    def view(self, document_id: str) -> DocumentView | None:
        """One of them, opened: it counts as seen on this tablet, and nowhere else. None when it was withdrawn."""
        body = next((b for b in self.mirror.listed(KIND) if str(b["id"]) == document_id), None)
        if body is None:
            return None
        self._remember(SEEN, body)
        telling = self.known.telling()
        say = telling.speech.say
        kind = KINDS[bool(body.get("safety"))] if body.get("kind") == "notice" else _("Office document")
        at = telling.speech.moment(read_time(body["published_at"]), telling.now)
        here = self.photos.has
        return DocumentView(
            document_id,
            str(body["title"]),
            " · ".join([say(kind), str(body.get("organisation", "")), at]),
            str(body["body"]),
            tuple(
                PhotoView(str(one["sha256"]), str(one.get("name", "")), "during", here(str(one["sha256"])))
                for one in body.get("pictures") or ()
            ),
            tuple(self._file(one) for one in body.get("files") or ()),
            safety=bool(body.get("safety")),
            noted=self._noted(body),
        )

    def _file(self, told: dict[str, Any]) -> FileView:
        say, here = self.known.telling().speech.say, self.photos.has(str(told["sha256"]))
        size = self.known.telling().speech.size(int(told.get("bytes") or 0))
        about = size if here else f"{size} · {say('at the office')}"
        return FileView(str(told.get("name", "")), str(told["sha256"]), about, here)

    def note(self, document_id: str) -> None:
        """The worker's organisation knows of a safety notice; it is told with the next round."""
        for body in self.mirror.listed(KIND):
            if str(body["id"]) == document_id and body.get("safety") and not self._noted(body):
                with self.store.writing():
                    self._remember(NOTED, body)
                    waiting = self._kept(PENDING)
                    told = {"id": body["id"], "version": body["version"]}
                    self._keep(PENDING, [*(one for one in waiting if one != told), told])

    def round(self, office: Office, allows: Callable[[int], bool]) -> None:
        """Tells what was noted, brings down the files that are not here yet, and lets go of those of what went.

        `allows`: whether so many bytes may come now, on a link that is paid by the byte.
        """
        if waiting := self._kept(PENDING):
            office.receipts(waiting)
            with self.store.writing():
                left = [one for one in self._kept(PENDING) if one not in waiting]
                self._keep(PENDING, left)
        if self.mirror.locked:
            return
        wanted = {
            str(one["sha256"]): (f"{KIND}:{body['id']}", int(one.get("bytes") or 0))
            for body in self.mirror.listed(KIND)
            for one in (*(body.get("pictures") or ()), *(body.get("files") or ()))
        }
        for card in self.photos.cards(state="fetched"):
            if (card.case_id or "").startswith(f"{KIND}:") and card.photo_id not in wanted:
                self.photos.discard(card.photo_id)
        for name, (document, size) in wanted.items():
            if not self.photos.has(name) and allows(size or PICTURE_BYTES):
                try:
                    self.photos.keep_fetched(name, document, self._whole(office, name, size), "during")
                except (Refused, NotAPicture):
                    continue

    @staticmethod
    def _whole(office: Office, name: str, size: int) -> bytes:
        """A file comes as it was published; a picture, of which no size was told, as it is shown."""
        data = office.file(name)
        if size and sha256(data) != name:
            raise NotAPicture
        return data

    def _unread(self, body: dict[str, Any]) -> bool:
        return [body["id"], body["version"]] not in self._kept(SEEN)

    def _noted(self, body: dict[str, Any]) -> bool:
        return bool(body.get("noted")) or [body["id"], body["version"]] in self._kept(NOTED)

    def _remember(self, name: str, body: dict[str, Any]) -> None:
        known = self._kept(name)
        if [body["id"], body["version"]] not in known:
            self._keep(name, [*known[-400:], [body["id"], body["version"]]])

    def _kept(self, name: str) -> list[Any]:
        return list(self.store.kept(f"{name}/{self.owner.person_id}", []))

    def _keep(self, name: str, value: list[Any]) -> None:
        self.store.keep(f"{name}/{self.owner.person_id}", value)
