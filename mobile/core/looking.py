"""What the tablet shows: every view, worked out of what is kept; looking changes nothing."""

from datetime import datetime

from mobile.core import case_page, lists, me_words, report_words
from mobile.core.act_fields import resident_fields
from mobile.core.album import Album
from mobile.core.clockwork import Clock
from mobile.core.drafts import Drafts
from mobile.core.facilities import Facilities
from mobile.core.gate import Gate
from mobile.core.inbox import Inbox
from mobile.core.known import Known
from mobile.core.mirror import Mirror
from mobile.core.outbox import Entry, Outbox
from mobile.core.outbox_words import OutboxWords
from mobile.core.owner import Owner
from mobile.core.papers import Papers
from mobile.core.photos import Photos
from mobile.core.standing import moment
from mobile.core.store import Store
from mobile.core.syncer import Syncer
from mobile.core.vault import Vault
from mobile.core.views import (
    CaseMapView,
    CaseRow,
    CasesView,
    CaseView,
    ComponentView,
    DocumentView,
    Draft,
    FacilityMap,
    FacilityRow,
    FacilityView,
    InspectView,
    LinkView,
    LockView,
    MapShapes,
    MessageView,
    MeView,
    OutboxView,
    PersonView,
    PicturesView,
    PlaceView,
    Position,
    ReportForm,
    Settings,
    TodayView,
)


class Looking:
    """The half of the tablet that only looks."""

    def __init__(self, store: Store, clock: Clock, attended: bool = True) -> None:
        self._store, self._clock = store, clock
        self._outbox, self._mirror, self._photos = Outbox(store, clock), Mirror(store), Photos(store, clock)
        self._owner = Owner(store, self._mirror)
        self._album = Album(self._photos, self._owner, clock)
        self._known = Known(store, clock, self._mirror, self._outbox, self._photos, self._owner)
        self._inbox = Inbox(store, self._mirror, self._known, self._owner)
        self._papers = Papers(store, self._mirror, self._photos, self._known, self._album, self._owner)
        self._drafts = Drafts(store, self._owner, self._album, clock)
        self._syncer = Syncer(store, clock, self._outbox, self._mirror, self._photos)
        tiles = self._syncer.delivery.tiles
        self._facilities = Facilities(store, self._known, self._owner, self._album, tiles)
        self._gate = Gate(
            store,
            Vault(store, clock, attended),
            self._outbox,
            self._mirror,
            self._photos,
            self._owner,
            self._known,
        )

    @property
    def locked(self) -> bool:
        return self._gate.locked

    @property
    def has_pin(self) -> bool:
        return self._gate.has_pin

    @property
    def lock_view(self) -> LockView:
        return self._gate.view()

    @property
    def settings(self) -> Settings:
        return self._owner.settings

    @property
    def person(self) -> PersonView:
        return self._owner.view(self._known.places)

    @property
    def office_address(self) -> str:
        """Where the office was at the last enrolment, "" before one."""
        return str(self._store.kept("server", ""))

    @property
    def link(self) -> LinkView:
        return me_words.link_view(self._syncer.link, self._owner.speech, self._outbox.waiting())

    @property
    def states(self) -> dict[str, int]:
        """How many commands of this tablet stand in each state of the outbox, all that were ever made."""
        return self._outbox.states()

    def today(self, now: datetime, position: Position | None) -> TodayView:
        telling, person = self._known.telling(now, position), self.person
        say, shown = telling.speech.say, self._known.shown()
        found = lists.todos(self._known.standings(telling.actor).values(), telling)
        line, note, needs_you = me_words.outbox_line(shown, telling.speech, telling.now, self._album.refused)
        synced = self._store.kept("cursor") is not None
        notices = me_words.notices(
            telling.speech,
            position,
            self._known.offset,
            self._store.room(),
            self._syncer.link,
            synced,
            self._syncer.delivery.fault,
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
            unread=self._inbox.unread() + self._papers.unread(),
            notices=notices,
        )

    def cases(
        self, chosen: str = "", query: str = "", after: str = "", position: Position | None = None
    ) -> CasesView:
        telling = self._known.telling(position=position)
        standings = self._known.standings(telling.actor).values()
        return lists.cases(standings, telling, chosen, query, after, self.person.grids, self._album.first)

    def case_map(self, chosen: str = "", position: Position | None = None) -> CaseMapView:
        telling = self._known.telling(position=position)
        standings = self._known.standings(telling.actor).values()
        return lists.on_the_map(standings, telling, chosen, self.person.grids)

    def case_row(self, case_id: str, position: Position | None = None) -> CaseRow:
        """One case as a list shows it; Refusal when it is not here."""
        telling = self._known.telling(position=position)
        standing = self._known.standing(case_id, telling.actor)
        return telling.row(standing, self._album.first(standing))

    def messages(self) -> tuple[MessageView, ...]:
        """What the person of this tablet was told, and what the office published, newest first."""
        told = [*self._inbox.rows(), *self._papers.rows()]
        return tuple(view for _, view in sorted(told, key=lambda one: one[0], reverse=True))

    def document(self, document_id: str) -> DocumentView | None:
        """A notice or document, opened; None when it was withdrawn."""
        return self._papers.view(document_id)

    def file(self, file_id: str) -> bytes | None:
        """A PDF of a document, None when it is not here."""
        return self._album.picture(file_id)

    def case(self, case_id: str) -> CaseView:
        telling = self._known.telling()
        standing = self._known.standing(case_id, telling.actor)
        return case_page.page(telling, standing, self._album.of_case(standing))

    def inspection(self, case_id: str) -> InspectView:
        telling = self._known.telling()
        standing = self._known.standing(case_id, telling.actor)
        return case_page.inspection(telling, standing, self._album.of_case(standing))

    def map_shapes(self) -> MapShapes:
        return self._known.shapes

    def facility_map(self) -> FacilityMap:
        return self._facilities.on_the_map()

    def pictures(self) -> PicturesView | None:
        return self._facilities.pictures()

    def nearest(self, lon: float, lat: float, layer: str) -> tuple[FacilityRow, ...]:
        return self._facilities.nearest(lon, lat, layer)

    def facility(self, layer: str, code: str, position: Position | None = None) -> FacilityView | None:
        return self._facilities.view(layer, code, position)

    def component(self, category: str, code: str, position: Position | None) -> ComponentView:
        return self._facilities.component(category, code, position)

    def about(self, draft: Draft, layer: str, code: str) -> Draft:
        return self._facilities.about(draft, layer, code)

    def locate(self, lon: float, lat: float, accuracy_m: float) -> PlaceView:
        places, speech = self._known.places, self._owner.speech
        found = places.find(lon, lat, accuracy_m)
        return report_words.place_view(found, places, lon, lat, accuracy_m, speech)

    def photo(self, photo_id: str) -> bytes | None:
        return self._album.picture(photo_id)

    def report_form(self) -> ReportForm:
        pack, room, speech = self._mirror.pack(), self._store.room(), self._owner.speech
        notices = me_words.room_notices(speech, room)
        if pack is None:
            return ReportForm((), (), room.for_photos, (me_words.no_pack(speech), *notices))
        words = report_words.ReportWords(pack, speech, self._known.telling().now)
        tiles = words.tiles(self._store.kept("recent", []))
        return ReportForm(tiles, words.tree(), room.for_photos, notices, resident_fields(speech))

    def draft(self) -> Draft:
        return self._drafts.load()

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
