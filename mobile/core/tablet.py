"""The tablet as its window sees it: one object that keeps, shows, seals and sends (the face is in face.py)."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from mobile.core import lists, me_words, report_words
from mobile.core.act_words import photo_rule
from mobile.core.album import Album
from mobile.core.capture import Capture
from mobile.core.clockwork import Clock, DeviceClock
from mobile.core.drafts import Drafts
from mobile.core.known import Known
from mobile.core.mirror import Mirror, moment
from mobile.core.office import Account, NoWord, Office, Refused
from mobile.core.outbox import Entry, Outbox
from mobile.core.outbox_words import OutboxWords
from mobile.core.owner import Owner
from mobile.core.photos import NotAPicture, Photos
from mobile.core.seal import KeyFile, Keys, Seal
from mobile.core.store import DiskFull, Store
from mobile.core.syncer import Syncer
from mobile.core.transport import HttpTransport, Transport
from mobile.core.views import (
    CasesView,
    CaseView,
    Draft,
    LinkView,
    MapShapes,
    MessageView,
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
from server.protocol.wire import read_time

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
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        clock = self._clock = clock or DeviceClock()
        self._transport = transport or HttpTransport()
        self._keys = keys or KeyFile(home / "device.key")
        store = self._store = Store(home, Seal(self._keys.device_key()))
        self._outbox, self._mirror, self._photos = Outbox(store, clock), Mirror(store), Photos(store, clock)
        self._owner = Owner(store, self._mirror)
        self._album = Album(self._photos, self._owner, clock)
        self._drafts = Drafts(store, self._owner, self._album, clock)
        self._known = Known(store, clock, self._mirror, self._outbox, self._photos, self._owner)
        self._capture = Capture(store, clock, self._outbox, self._mirror, self._photos)
        self._syncer = Syncer(store, clock, self._outbox, self._mirror, self._photos)
        self._syncer.emptied = self._wipe
        self._syncer.wanted_pictures = self._known.evidence_to_inspect
        self._photos.sweep()
        if store.kept("device_id") is None:
            store.keep("device_id", str(uuid.uuid4()))
        self._connect()

    def _connect(self) -> None:
        account = self._owner.account
        self._syncer.office = self._office(account) if account else None

    def _office(self, account: Account) -> Office:
        return Office(self._transport, account, lambda: self.settings.language)

    def close(self) -> None:
        """Ends the syncing and lets go of the files."""
        self.stop()
        self._store.close()

    # Who and how ---------------------------------------------------------------------------------------------

    @property
    def enrolled(self) -> bool:
        return self._owner.account is not None

    @property
    def settings(self) -> Settings:
        return self._owner.settings

    def save_settings(self, settings: Settings) -> None:
        with self._roomy():
            self._owner.save_settings(settings)

    @property
    def person(self) -> PersonView:
        return self._owner.view(self._known.places)

    def enrol(self, server: str, code: str) -> PersonView:
        """Trades the code for this person's pass, then brings down what is needed to work without a signal."""
        say, server, asked = self._owner.speech.say, server.strip(), self._clock.now()
        try:
            answer = self._office(Account(server)).enrol(code.strip(), self._store.kept("device_id"), MODEL)
            with self._roomy(), self._syncer.pausing():
                self._owner.take_over(server, answer)
        except Refused as refusal:
            spent = say("This code cannot be used. Ask your office for a new one.")
            raise Refusal(refusal.sentence or spent) from refusal
        except (NoWord, KeyError, TypeError) as silence:
            raise Refusal(
                say(
                    "The office cannot be reached now. The code stays valid; try again where there is a signal."
                )
            ) from silence
        self._syncer.heard(answer, asked)
        self._connect()
        self._syncer.round()
        return self.person

    # Looking -------------------------------------------------------------------------------------------------

    def today(self, now: datetime, position: Position | None) -> TodayView:
        telling, person = self._known.telling(now, position), self.person
        say, shown = telling.speech.say, self._known.shown()
        found = lists.todos(self._known.standings(telling.actor).values(), telling)
        line, note, needs_you = me_words.outbox_line(shown, telling.speech, telling.now, self._album.refused)
        synced = self._store.kept("cursor") is not None
        notices = me_words.notices(
            telling.speech, position, self._known.offset, self._store.room(), self._syncer.link, synced
        )
        return TodayView(
            title=say("Today · {day}", day=telling.speech.day(telling.now)),
            place=" › ".join(part for part in (person.place, person.grids) if part),
            heading=say("{n} to do", n=len(found)),
            todos=lists.rows(found, telling, self._album.first),
            outbox_line=line,
            outbox_note=note,
            outbox_count=len(shown),
            needs_you=needs_you,
            notices=notices,
        )

    def cases(
        self, chosen: str = "", query: str = "", after: str = "", position: Position | None = None
    ) -> CasesView:
        telling = self._known.telling(position=position)
        standings = self._known.standings(telling.actor).values()
        return lists.cases(standings, telling, chosen, query, after, self.person.grids, self._album.first)

    def messages(self) -> tuple[MessageView, ...]:
        """What the person of this tablet was told, newest first."""
        telling, here = self._known.telling(), self._mirror.bodies()
        return tuple(
            MessageView(
                number=str(body.get("number", "")),
                case_id=str(body.get("case_id")) if body.get("case_id") in here else "",
                sentence=str(body.get("sentence", "")),
                urgent=bool(body.get("urgent")),
                at=telling.speech.moment(read_time(body["made_at"]), telling.now),
            )
            for body in self._mirror.messages()
        )

    def case(self, case_id: str) -> CaseView:
        telling = self._known.telling()
        standing = self._known.standing(case_id, telling.actor)
        return telling.case(standing, self._album.of_case(standing))

    def map_shapes(self) -> MapShapes:
        return self._known.shapes

    def locate(self, lon: float, lat: float, accuracy_m: float) -> PlaceView:
        places, speech = self._known.places, self._owner.speech
        found = places.find(lon, lat, accuracy_m)
        return report_words.place_view(found, places, lon, lat, accuracy_m, speech)

    def photo(self, photo_id: str) -> bytes | None:
        return self._album.picture(photo_id)

    # Reporting -----------------------------------------------------------------------------------------------

    def report_form(self) -> ReportForm:
        pack, room, speech = self._mirror.pack(), self._store.room(), self._owner.speech
        notices = me_words.room_notices(speech, room)
        if pack is None:
            return ReportForm((), (), room.for_photos, (me_words.no_pack(speech), *notices))
        tiles = report_words.tiles(pack, self._store.kept("recent", []), speech)
        return ReportForm(tiles, report_words.tree(pack, speech), room.for_photos, notices)

    def draft(self) -> Draft:
        return self._drafts.load()

    def save_draft(self, draft: Draft) -> None:
        with self._roomy():
            self._drafts.save(draft)

    def take_in(self, jpeg: bytes, stage: str) -> PhotoView:
        with self._roomy():
            try:
                return self._album.view(self._photos.take_in(jpeg, stage))
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
        chosen, say = self._known.category(category), self._owner.speech.say
        if condition and chosen.condition(condition) is None:
            raise Refusal(say("Choose which condition of the category it is; it sets the time limit."))
        if mended and not chosen.self_handle:
            raise Refusal(say("This category cannot be closed by mending it on the spot."))
        if not photos and ("self_handle" if mended else "report") in chosen.needs_photo:
            raise Refusal(say("This category needs a photo."))
        done = (sentence.strip() or say("Mended on the spot")) if mended else ""
        with self._sealing():
            places = self._known.places
            command_id = self._capture.report(chosen, condition, position, sentence, photos, done, places)
            if replaced := self._drafts.replaces:
                self._outbox.put_away(replaced, "edited", command_id)
                self._photos.give_up(replaced)
            self._drafts.done()
            recent = dict.fromkeys([chosen.key, *self._store.kept("recent", [])])
            self._store.keep("recent", list(recent)[:RECENT])
        self._syncer.nudge()
        return command_id

    def undo(self, command_id: str) -> bool:
        with self._roomy(), self._store.writing():
            entry = self._known.entry(command_id)
            if not self._outbox.withdraw(command_id):
                return False
            self._photos.unbind(command_id)
            if entry.kind in ("report", "self_handle") and not self._drafts.exists:
                self._drafts.reopen(entry, replacing=False)
            return True

    def act(
        self,
        case_id: str,
        action: str,
        values: Mapping[str, str | Sequence[str]],
        photos: Sequence[str] = (),
        position: Position | None = None,
    ) -> str:
        telling = self._known.telling(position=position)
        standing = self._known.standing(case_id, telling.actor)
        row = next((row for row in telling.rows(standing) if row.action == action), None)
        if row is None:
            raise Refusal(self._say("This act is not possible at this moment."))
        if not photos and photo_rule(row, telling.category(standing)[0]) == "must":
            raise Refusal(self._say("This category needs a photo."))
        with self._sealing():
            command_id = self._capture.act(standing, action, values, photos, position, self._known.places)
        self._syncer.nudge()
        return command_id

    # The outbox ----------------------------------------------------------------------------------------------

    def outbox(self) -> OutboxView:
        telling = self._known.telling()
        cases = self._known.standings(telling.actor)

        def matter(entry: Entry) -> str:
            if isinstance(entry.payload.get("category"), dict):
                return telling.matter_of_report(entry.payload)
            return (
                telling.matter(cases[entry.case_id]) if entry.case_id in cases else telling.speech.say("Case")
            )

        album = self._album
        words = OutboxWords(
            telling.speech, telling.now, matter, album.sent, album.refused, cases.__contains__
        )
        return words.view(self._known.shown(), moment(self._store.kept("synced_at")))

    def outbox_act(self, command_id: str, step: str, reason: str = "") -> Draft | None:
        entry = self._known.entry(command_id)
        if step == "edit":
            with self._roomy():
                return self._drafts.reopen(entry, replacing=True)
        if step == "undo" and not self.undo(command_id):
            raise Refusal(self._say("It is too late to take this back: it may have been sent."))
        if step == "ask_office":
            self.act(entry.case_id, "comment", {"text": reason})
            self._put_away(entry, "asked", reason)
        elif step == "discard":
            if not reason.strip():
                raise Refusal(self._say("Say in a few words why it is discarded."))
            self._put_away(entry, "discarded", reason)
            self._photos.give_up(command_id)
        elif step == "let_go":
            if not reason.strip():
                raise Refusal(self._say("Say in a few words why it is discarded."))
            with self._roomy():
                self._photos.let_go(command_id)
        elif step == "seen":
            self._put_away(entry, "seen", "")
        return None

    def _put_away(self, entry: Entry, what: str, reason: str) -> None:
        if entry.waits:
            raise Refusal(self._say("It has no answer yet and stays until it has one."))
        with self._roomy():
            self._outbox.put_away(entry.command_id, what, reason)

    # The link ------------------------------------------------------------------------------------------------

    @property
    def link(self) -> LinkView:
        return me_words.link_view(self._syncer.link, self._owner.speech, self._outbox.waiting())

    def me(self) -> MeView:
        cards = self._photos.cards()
        held = me_words.Held(
            cases=len(self._mirror.bodies()),
            pictures=sum(photo.bytes for photo in cards),
            unsent=sum(photo.bytes for photo in cards if photo.state == "pending"),
            waiting=self._outbox.waiting(),
            draft=self._drafts.exists,
        )
        synced, device = moment(self._store.kept("synced_at")), self._store.kept("device_id")
        now, room = self._clock.now(), self._store.room()
        return me_words.me_view(self.person, self._owner.speech, now, synced, room, held, device)

    def on_change(self, listener: Callable[[], None]) -> None:
        self._syncer.listeners.append(listener)

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
        self._store.keep("device_id", str(uuid.uuid4()))

    def _new_seal(self) -> Seal:
        self._keys.forget()
        return Seal(self._keys.device_key())

    # Refusals ------------------------------------------------------------------------------------------------

    def _say(self, msgid: str) -> str:
        return self._owner.speech.say(msgid)

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
                raise Refusal(self._owner.speech.say(bad.sentence, **bad.params)) from bad
            except KeyError as missing:
                raise Refusal(
                    self._say("A photo of this capture is not on this tablet any more.")
                ) from missing
