"""The one report being written: kept at every change, and what a command looks like when it becomes a draft again."""

from dataclasses import asdict

from mobile.core.album import Album, declared
from mobile.core.clockwork import Clock
from mobile.core.outbox import Entry
from mobile.core.owner import Owner
from mobile.core.standing import moment
from mobile.core.store import Damaged, Store
from mobile.core.views import Draft, Position
from server.protocol.payloads import COMPONENT, ON_BEHALF
from server.protocol.wire import time_text

# What a report's form says under `on_behalf`.
RESIDENT = "resident"


class Drafts:
    """A shared tablet keeps everybody's draft apart."""

    def __init__(self, store: Store, owner: Owner, album: Album, clock: Clock) -> None:
        self._store, self._owner, self._album, self._clock = store, owner, album, clock

    @property
    def _name(self) -> str:
        return f"draft/{self._owner.person_id}"

    @property
    def exists(self) -> bool:
        return self._store.kept(self._name) is not None

    @property
    def replaces(self) -> str:
        """The refused command in whose place the draft will be reported, "" for none."""
        return str(self._store.kept(f"{self._name}/replaces", ""))

    def load(self) -> Draft:
        try:
            raw = self._store.kept(self._name)
        except Damaged:
            return Draft(saved=self._owner.speech.say("The draft cannot be read any more."))
        if raw is None:
            return Draft()
        now, speech = self._clock.now(), self._owner.speech
        saved = speech.moment(moment(raw["saved_at"]) or now, now)
        return Draft(
            raw["category"],
            raw["condition"],
            Position(**raw["position"]) if raw["position"] else None,
            raw["sentence"],
            self._album.views(raw["photos"]),
            raw["mended"],
            raw.get("safe", False),
            raw.get("behalf", False),
            raw.get("form", {}),
            raw.get("component", ""),
            speech.say("draft kept by itself · {moment}", moment=saved),
        )

    def save(self, draft: Draft) -> None:
        """Writes the draft down; an empty one takes the place of nothing."""
        raw = {
            "category": draft.category,
            "condition": draft.condition,
            "position": asdict(draft.position) if draft.position else None,
            "sentence": draft.sentence,
            "photos": [photo.photo_id for photo in draft.photos],
            "mended": draft.mended,
            "safe": draft.safe,
            "behalf": draft.behalf,
            "form": dict(draft.form),
            "component": draft.component,
            "saved_at": time_text(self._clock.now()),
        }
        with self._store.writing():
            self._store.keep(self._name, raw)
            if not (draft.category or draft.sentence or draft.photos or draft.form):
                self._store.drop(f"{self._name}/replaces")

    def reopen(self, entry: Entry, replacing: bool, made_safe: Entry | None = None) -> Draft:
        """The content of a command as the draft; `replacing`: it will be reported in its place. `made_safe` was sealed
        with it.
        """
        draft = self._content(entry, made_safe)
        with self._store.writing():
            self.save(draft)
            if replacing:
                self._store.keep(f"{self._name}/replaces", entry.command_id)
        return draft

    def done(self) -> None:
        """It was reported."""
        with self._store.writing():
            self._store.drop(self._name)
            self._store.drop(f"{self._name}/replaces")

    def _content(self, entry: Entry, made_safe: Entry | None) -> Draft:
        payload, category = entry.payload, entry.payload.get("category") or {}
        position = dict(entry.command.get("position") or {})
        position.pop("crs", None)
        form = dict(payload.get("form") or {})
        return Draft(
            f"{category.get('system')}/{category.get('code')}",
            payload.get("condition", ""),
            Position(**position) if position else None,
            payload.get("description", ""),
            self._album.views(declared(*filter(None, (entry, made_safe)))),
            entry.kind == "self_handle",
            made_safe is not None,
            form.pop(ON_BEHALF, "") == RESIDENT,
            component=form.pop(COMPONENT, ""),
            form=form,
        )
