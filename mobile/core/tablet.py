"""The tablet as its window sees it: one object that keeps, shows, seals and sends (the face is in views.py)."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mobile.core import lists, me_words, report_words
from mobile.core.capture import Capture
from mobile.core.case_words import STAGE_WORDS, Telling, photo_rule
from mobile.core.clockwork import Clock, DeviceClock
from mobile.core.map_shapes import map_shapes
from mobile.core.mirror import Mirror, Standing, actor_of, moment
from mobile.core.office import Account, NoWord, Office, Refused
from mobile.core.outbox import Entry, Outbox
from mobile.core.outbox_words import OutboxWords
from mobile.core.photos import NotAPicture, Photo, Photos
from mobile.core.place import Places
from mobile.core.seal import KeyFile, Keys, Seal, SealBroken
from mobile.core.speech import Speech
from mobile.core.store import DiskFull, Store
from mobile.core.syncer import Syncer
from mobile.core.transport import HttpTransport, Transport
from mobile.core.views import (
    CasesView,
    CaseView,
    Draft,
    LinkView,
    MapShapes,
    MeView,
    OutboxView,
    PersonView,
    PhotoView,
    PlaceView,
    Position,
    Refusal,
    ReportForm,
    Settings,
    TodayView,
)
from server.protocol.fields import BadCommand
from server.protocol.pack import Category
from server.protocol.workflow import Actor

MODEL = "desktop"
RECENT = 12


class Tablet:
    """A grid worker's tablet without its window. `home` holds all of its state; one process uses it at a time."""

    def __init__(
        self,
        home: Path,
        clock: Clock | None = None,
        transport: Transport | None = None,
        keys: Keys | None = None,
    ) -> None:
        self.home = home
        self._clock = clock or DeviceClock()
        self._transport = transport or HttpTransport()
        self._keys = keys or KeyFile(home / "device.key")
        self._listeners: list[Callable[[], None]] = []
        self._open()

    def _open(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = Store(self.home, Seal(self._keys.device_key()))
        self._outbox = Outbox(self._store, self._clock)
        self._mirror = Mirror(self._store)
        self._photos = Photos(self._store, self._clock)
        self._capture = Capture(self._store, self._clock, self._outbox, self._mirror, self._photos)
        self._syncer = Syncer(self._store, self._clock, self._outbox, self._mirror, self._photos)
        self._syncer.listeners = self._listeners
        self._syncer.emptied = self._wipe
        self._syncer.wanted_pictures = self._evidence_to_inspect
        self._shapes: tuple[object, Places, MapShapes] | None = None
        self._worked_out: tuple[int, Actor, dict[str, Standing]] | None = None
        self._photos.sweep()
        if self._store.kept("device_id") is None:
            self._store.keep("device_id", str(uuid.uuid4()))
        self._connect()

    def _connect(self) -> None:
        token, server = self._store.kept("token"), self._store.kept("server")
        if token and server:
            self._syncer.office = Office(
                self._transport, Account(server, token), lambda: self.settings.language
            )

    def close(self) -> None:
        """Ends the syncing and lets go of the files."""
        self.stop()
        self._store.close()

    # Who and how ---------------------------------------------------------------------------------------------

    @property
    def enrolled(self) -> bool:
        return bool(self._store.kept("token"))

    @property
    def settings(self) -> Settings:
        return Settings(**self._store.kept("settings", {}))

    def save_settings(self, settings: Settings) -> None:
        with self._roomy():
            self._store.keep("settings", asdict(settings))

    def enrol(self, server: str, code: str) -> PersonView:
        """Trades the code for this person's pass, then brings down what is needed to work without a signal.

        The outbox stays as it is, whoever enrols: every command says who made it.
        """
        office = Office(self._transport, Account(server.strip()), lambda: self.settings.language)
        asked = self._clock.now()
        try:
            answer = office.enrol(code.strip(), self._store.kept("device_id"), MODEL)
            token, person = str(answer["device_token"]), dict(answer["person"])
        except Refused as refusal:
            raise Refusal(
                refusal.sentence or self._say("This code cannot be used. Ask your office for a new one.")
            ) from refusal
        except (NoWord, KeyError, TypeError) as silence:
            raise Refusal(
                self._say(
                    "The office cannot be reached now. The code stays valid; try again where there is a signal."
                )
            ) from silence
        with self._roomy(), self._syncer.pausing(), self._store.writing():
            another = person.get("id") != (self._store.kept("person") or {}).get("id")
            self._store.keep("token", token)
            self._store.keep("server", server.strip())
            self._store.keep("person", person)
            self._store.keep("scope", list(answer.get("scope") or ()))
            self._store.keep("district", answer.get("district") or {})
            self._store.keep(
                "next_seq", max(int(answer.get("next_seq") or 1), self._store.kept("next_seq", 1))
            )
            self._mirror.start_over(empty=another)
        self._syncer.heard(answer, asked)
        self._connect()
        self._syncer.round()
        return self.person

    @property
    def person(self) -> PersonView:
        raw = self._store.kept("person")
        if raw is None:
            raise Refusal(self._say("This tablet has no owner yet. Ask your office for a code."))
        organisation = raw.get("organisation")
        own = self._places.mine
        path = [node.name for node in self._places.path(own[0])[1:3]] if own else []
        return PersonView(
            raw.get("name", ""),
            self._say(me_words.ROLE_WORDS.get(raw.get("role", ""), raw.get("role", ""))),
            organisation.get("name", "") if isinstance(organisation, dict) else str(organisation or ""),
            " › ".join(path),
            self._say(", ").join(node.name for node in own),
            tuple(node.code for node in own) or tuple(self._store.kept("scope", ())),
        )

    # Looking -------------------------------------------------------------------------------------------------

    def today(self, now: datetime, position: Position | None) -> TodayView:
        telling = self._telling(now, position)
        found = lists.todos(self._standings(telling.actor).values(), telling)
        shown = self._shown_entries()
        line, note, needs_you = me_words.outbox_line(shown, telling.speech, telling.now)
        notices = me_words.notices(
            telling.speech,
            position,
            timedelta(milliseconds=self._store.kept("offset_ms", 0)),
            self._store.room(),
            self._syncer.link,
            self._store.kept("cursor") is not None,
        )
        person = self.person
        return TodayView(
            self._say("Today · {day}", day=telling.speech.day(telling.now)),
            " › ".join(part for part in (person.place, person.grids) if part),
            self._say("{n} to do", n=len(found)),
            lists.rows(found, telling, self._first_photo),
            line,
            note,
            len(shown),
            needs_you,
            notices,
        )

    def cases(
        self, chosen: str = "", query: str = "", after: str = "", position: Position | None = None
    ) -> CasesView:
        telling = self._telling(None, position)
        return lists.cases(
            self._standings(telling.actor).values(),
            telling,
            chosen,
            query,
            after,
            self.person.grids,
            self._first_photo,
        )

    def case(self, case_id: str) -> CaseView:
        telling = self._telling(None, None)
        standing = self._standing(case_id, telling.actor)
        return telling.case(standing, self._case_photos(standing, telling))

    def map_shapes(self) -> MapShapes:
        return self._drawn()[1]

    def locate(self, lon: float, lat: float, accuracy_m: float) -> PlaceView:
        places = self._places
        return report_words.place_view(
            places.find(lon, lat, accuracy_m), places, lon, lat, accuracy_m, self._speech
        )

    def photo(self, photo_id: str) -> bytes | None:
        try:
            return self._photos.data(photo_id)
        except SealBroken:
            return None  # a damaged picture cannot be shown; its card says so by having no bytes

    # Reporting -----------------------------------------------------------------------------------------------

    def report_form(self) -> ReportForm:
        pack, room = self._mirror.pack(), self._store.room()
        notices = me_words.room_notices(self._speech, room)
        if pack is None:
            return ReportForm((), (), room.for_photos, (me_words.no_pack(self._speech), *notices))
        return ReportForm(
            report_words.tiles(pack, self._store.kept("recent", []), self._speech),
            report_words.tree(pack, self._speech),
            room.for_photos,
            notices,
        )

    def draft(self) -> Draft:
        raw = self._store.kept(self._draft_name)
        if raw is None:
            return Draft()
        position = Position(**raw["position"]) if raw["position"] else None
        photos = tuple(
            self._photo_view(self._photos.card(photo_id))
            for photo_id in raw["photos"]
            if self._photos.has(photo_id)
        )
        saved = self._speech.moment(moment(raw["saved_at"]) or self._clock.now(), self._clock.now())
        return Draft(
            raw["category"],
            raw["condition"],
            position,
            raw["sentence"],
            photos,
            raw["mended"],
            self._say("draft kept by itself · {moment}", moment=saved),
        )

    def save_draft(self, draft: Draft) -> None:
        with self._roomy():
            self._store.keep(
                self._draft_name,
                {
                    "category": draft.category,
                    "condition": draft.condition,
                    "position": asdict(draft.position) if draft.position else None,
                    "sentence": draft.sentence,
                    "photos": [photo.photo_id for photo in draft.photos],
                    "mended": draft.mended,
                    "saved_at": self._clock.now().isoformat(timespec="seconds"),
                },
            )

    def take_in(self, jpeg: bytes, stage: str) -> PhotoView:
        with self._roomy():
            try:
                return self._photo_view(self._photos.take_in(jpeg, stage))
            except NotAPicture:
                raise Refusal(
                    self._say("This is not a picture that can be sent (JPEG, PNG or WebP).")
                ) from None

    def discard_photo(self, photo_id: str) -> None:
        self._photos.discard(photo_id)

    def report(
        self,
        category: str,
        condition: str,
        position: Position | None,
        sentence: str,
        photos: Sequence[str],
        mended: bool,
    ) -> str:
        chosen = self._category(category)
        if condition and chosen.condition(condition) is None:
            raise Refusal(self._say("Choose which condition of the category it is; it sets the time limit."))
        if mended and not chosen.self_handle:
            raise Refusal(self._say("This category cannot be closed by mending it on the spot."))
        if not photos and ("self_handle" if mended else "report") in chosen.needs_photo:
            raise Refusal(self._say("This category needs a photo."))
        done = (sentence.strip() or self._say("Mended on the spot")) if mended else ""
        with self._sealing():
            command_id = self._capture.report(
                chosen, condition, position, sentence, photos, done, self._places
            )
            replaced = self._store.kept("replaces")
            if replaced:
                self._outbox.put_away(replaced, "edited", command_id)
                self._give_up_photos(replaced)
            self._store.drop("replaces")
            self._store.drop(self._draft_name)
            recent = [chosen.key, *(key for key in self._store.kept("recent", []) if key != chosen.key)]
            self._store.keep("recent", recent[:RECENT])
        self._syncer.nudge()
        return command_id

    def undo(self, command_id: str) -> bool:
        with self._roomy(), self._store.writing():
            entry = self._entry(command_id)
            if not self._outbox.withdraw(command_id):
                return False
            self._photos.unbind(command_id)
            if entry.kind in ("report", "self_handle") and self._store.kept(self._draft_name) is None:
                self.save_draft(self._draft_of(entry))
            return True

    def act(
        self,
        case_id: str,
        action: str,
        values: Mapping[str, str | Sequence[str]],
        photos: Sequence[str] = (),
        position: Position | None = None,
    ) -> str:
        telling = self._telling(None, position)
        standing = self._standing(case_id, telling.actor)
        row = next((row for row in telling.rows(standing) if row.action == action), None)
        if row is None:
            raise Refusal(self._say("This act is not possible at this moment."))
        if not photos and photo_rule(row, telling.category(standing)[0]) == "must":
            raise Refusal(self._say("This category needs a photo."))
        with self._sealing():
            command_id = self._capture.act(standing, action, values, photos, position, self._places)
        self._syncer.nudge()
        return command_id

    # The outbox ----------------------------------------------------------------------------------------------

    def outbox(self) -> OutboxView:
        telling = self._telling(None, None)
        known = self._standings(telling.actor)

        def matter(entry: Entry) -> str:
            raw = entry.payload.get("category")
            if isinstance(raw, dict):
                return telling.speech.matter(
                    telling.pack,
                    raw.get("system", ""),
                    raw.get("code", ""),
                    entry.payload.get("condition", ""),
                )
            return telling.matter(known[entry.case_id]) if entry.case_id in known else self._say("Case")

        words = OutboxWords(
            telling.speech, telling.now, matter, self._photo_count, lambda case_id: case_id in known
        )
        return words.view(self._shown_entries(), moment(self._store.kept("synced_at")))

    def outbox_act(self, command_id: str, step: str, reason: str = "") -> Draft | None:
        entry = self._entry(command_id)
        if step == "edit":
            draft = self._draft_of(entry)
            with self._roomy(), self._store.writing():
                self.save_draft(draft)
                self._store.keep("replaces", command_id)
            return draft
        if step == "undo":
            if not self.undo(command_id):
                raise Refusal(self._say("It is too late to take this back: it may have been sent."))
        elif step == "ask_office":
            self.act(entry.case_id, "comment", {"text": reason})
            self._put_away(command_id, "asked", reason)
        elif step == "discard":
            if not reason.strip():
                raise Refusal(self._say("Say in a few words why it is discarded."))
            self._put_away(command_id, "discarded", reason)
            self._give_up_photos(command_id)
        elif step == "seen":
            self._put_away(command_id, "seen", "")
        return None

    def _give_up_photos(self, command_id: str) -> None:
        """Photos of a command that can never take effect and that nothing else has taken over."""
        left = self._photos.cards(command_id=command_id, state="pending")
        self._photos.unbind(command_id)
        for photo in left:
            self._photos.discard(photo.photo_id)

    def _put_away(self, command_id: str, what: str, reason: str) -> None:
        if self._outbox.entry(command_id).waits:
            raise Refusal(self._say("It has no answer yet and stays until it has one."))
        with self._roomy():
            self._outbox.put_away(command_id, what, reason)

    # The link ------------------------------------------------------------------------------------------------

    @property
    def link(self) -> LinkView:
        return me_words.link_view(self._syncer.link, self._speech, self._outbox.waiting())

    def me(self) -> MeView:
        pictures = sum(photo.bytes for photo in self._photos.cards())
        waiting = sum(photo.bytes for photo in self._photos.cards(state="pending"))
        return me_words.me_view(
            self.person,
            self._speech,
            self._clock.now(),
            moment(self._store.kept("synced_at")),
            self._store.room(),
            len(self._mirror.bodies()),
            pictures,
            waiting,
            self._store.kept(self._draft_name) is not None,
            self._store.kept("device_id"),
            self._outbox.waiting(),
        )

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def sync_now(self) -> LinkView:
        """One round with the server now; it also ends the seconds in which a capture could be undone."""
        self._syncer.round(hurry=True)
        return self.link

    def start_syncing(self) -> None:
        self._syncer.start()

    def stop(self) -> None:
        self._syncer.stop()

    def _wipe(self) -> None:
        """The office withdrew this tablet and has all that was captured: nothing of it stays here."""
        self._syncer.office = None
        self._store.wipe(self._new_seal)
        self._mirror.forget()
        self._photos.sweep()
        self._shapes = None
        self._store.keep("device_id", str(uuid.uuid4()))

    def _new_seal(self) -> Seal:
        self._keys.forget()
        return Seal(self._keys.device_key())

    # Inside --------------------------------------------------------------------------------------------------

    @property
    def _draft_name(self) -> str:
        """A shared tablet keeps everybody's draft apart."""
        return f"draft/{(self._store.kept('person') or {}).get('id')}"

    @property
    def _speech(self) -> Speech:
        return Speech(
            self.settings.language, (self._store.kept("district") or {}).get("timezone") or "Asia/Shanghai"
        )

    def _say(self, msgid: str, /, **params: Any) -> str:
        return self._speech.say(msgid, **params)

    @property
    def _places(self) -> Places:
        return self._drawn()[0]

    def _drawn(self) -> tuple[Places, MapShapes]:
        package = self._mirror.thing("grid")
        if self._shapes is None or self._shapes[0] is not package:
            places = Places(package)
            self._shapes = (package, places, map_shapes(places))
        return self._shapes[1:]

    @property
    def _actor(self) -> Actor:
        person = self._store.kept("person") or {}
        newer = self._mirror.thing("person")
        return actor_of((newer if newer.get("id") == person.get("id") else person).get("actor") or {})

    def _telling(self, now: datetime | None, position: Position | None) -> Telling:
        # Deadlines run by the server's clock; what the device's says is only ever added to it.
        server_now = (now or self._clock.now()) + timedelta(milliseconds=self._store.kept("offset_ms", 0))
        return Telling(self._speech, self._mirror.pack(), self._places, self._actor, server_now, position)

    def _standings(self, actor: Actor) -> dict[str, Standing]:
        known, writes = self._worked_out, self._store.writes
        if known is None or known[:2] != (writes, actor):
            known = self._worked_out = (writes, actor, self._mirror.standings(self._outbox.replayed(), actor))
        return known[2]

    def _standing(self, case_id: str, actor: Actor) -> Standing:
        found = self._standings(actor).get(case_id)
        if found is None:
            raise Refusal(self._say("This case is not on this tablet any more."))
        return found

    def _entry(self, command_id: str) -> Entry:
        try:
            return self._outbox.entry(command_id)
        except KeyError:
            raise Refusal(self._say("There is no such item in the outbox.")) from None

    def _shown_entries(self) -> list[Entry]:
        """What is not put away, and what the office has but for its photos."""
        shown = {entry.seq: entry for entry in self._outbox.shown()}
        for command_id in {photo.command_id for photo in self._photos.cards(state="pending")}:
            entry = self._outbox.entry(command_id)
            if entry.state == "applied":
                shown[entry.seq] = entry
        return [shown[seq] for seq in sorted(shown)]

    def _category(self, key: str) -> Category:
        pack = self._mirror.pack()
        found = next((c for c in pack.categories if c.key == key), None) if pack else None
        if found is None:
            raise Refusal(self._say("Choose what kind of matter it is."))
        return found

    def _draft_of(self, entry: Entry) -> Draft:
        payload, position = entry.payload, dict(entry.command.get("position") or {})
        position.pop("crs", None)
        raw = payload.get("category") or {}
        photos = tuple(
            self._photo_view(self._photos.card(a["id"]))
            for a in payload.get("attachments") or ()
            if self._photos.has(a["id"])
        )
        return Draft(
            f"{raw.get('system')}/{raw.get('code')}",
            payload.get("condition", ""),
            Position(**position) if position else None,
            payload.get("description", ""),
            photos,
            entry.kind == "self_handle",
        )

    def _photo_view(self, photo: Photo) -> PhotoView:
        return PhotoView(
            photo.photo_id,
            self._caption(photo.stage, photo.taken_at),
            photo.stage,
            self._photos.has(photo.photo_id),
        )

    def _caption(self, stage: str, at: str | None) -> str:
        taken = moment(at)
        return " · ".join(
            [
                self._say(STAGE_WORDS.get(stage, stage)),
                *([self._speech.moment(taken, self._clock.now())] if taken else []),
            ]
        )

    def _photo_count(self, entry: Entry) -> tuple[int, int]:
        cards = self._photos.cards(command_id=entry.command_id)
        return sum(card.state == "confirmed" for card in cards), len(cards)

    def _first_photo(self, standing: Standing) -> str:
        told = [str(raw["id"]) for raw in standing.body.get("attachments") or ()]
        own = [str(raw["id"]) for entry in standing.pending for raw in entry.payload.get("attachments") or ()]
        return next((photo_id for photo_id in (*told, *own) if self._photos.has(photo_id)), "")

    def _case_photos(self, standing: Standing, telling: Telling) -> tuple[PhotoView, ...]:
        found: dict[str, PhotoView] = {}
        for raw in standing.body.get("attachments") or ():
            photo_id, here = str(raw["id"]), self._photos.has(str(raw["id"]))
            caption = self._caption(raw.get("stage", ""), raw.get("made_at"))
            if not here:
                caption += " · " + (
                    self._say("at the office") if raw.get("arrived") else self._say("on its way")
                )
            found[photo_id] = PhotoView(photo_id, caption, raw.get("stage", ""), here)
        for entry in standing.pending:
            for raw in entry.payload.get("attachments") or ():
                if raw["id"] not in found:
                    found[raw["id"]] = self._photo_view(self._photos.card(raw["id"]))
        order = list(STAGE_WORDS)
        return tuple(
            sorted(
                found.values(),
                key=lambda photo: order.index(photo.stage) if photo.stage in order else len(order),
            )
        )

    def _evidence_to_inspect(self) -> list[tuple[str, dict[str, Any]]]:
        telling = self._telling(None, None)
        return [
            (s.case_id, raw)
            for s in lists.todos(self._standings(telling.actor).values(), telling)
            for raw in s.body.get("attachments") or ()
        ]

    @contextmanager
    def _roomy(self) -> Iterator[None]:
        """A full disk as a sentence; nothing was written then and nothing is lost."""
        try:
            yield
        except DiskFull:
            raise Refusal(
                self._say(
                    "The tablet's storage is full. Nothing was lost; free some space, then do it again."
                )
            ) from None

    @contextmanager
    def _sealing(self) -> Iterator[None]:
        """One transaction for a capture, its refusals as sentences."""
        with self._roomy():
            try:
                with self._store.writing():
                    yield
            except BadCommand as bad:
                raise Refusal(str(bad)) from bad
            except KeyError as missing:
                raise Refusal(
                    self._say("A photo of this capture is not on this tablet any more.")
                ) from missing
