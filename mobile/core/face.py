"""The one object that the window talks to: what it may ask, and what it gets (the records of views.py).

Calls come from the window's thread, but for `enrol` and `sync_now`, which wait for the network and get a thread of
their own; listeners of `on_change` are called from the syncing thread. Every method may raise `views.Refusal`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

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
    PhotoView,
    PicturesView,
    PlaceView,
    Position,
    ReportForm,
    Settings,
    TodayView,
)


class TabletFace(Protocol):
    """What `mobile.core.tablet.Tablet` offers the window."""

    @property
    def enrolled(self) -> bool: ...
    @property
    def person(self) -> PersonView: ...
    @property
    def office_address(self) -> str: ...
    @property
    def link(self) -> LinkView: ...
    @property
    def settings(self) -> Settings: ...
    def save_settings(self, settings: Settings) -> None: ...
    def enrol(self, server: str, code: str) -> PersonView: ...

    @property
    def locked(self) -> bool:
        """Whether nothing can be looked at or written without the PIN; sending goes on."""
        ...

    @property
    def has_pin(self) -> bool: ...
    @property
    def lock_view(self) -> LockView: ...
    def choose_pin(self, pin: str) -> None:
        """The PIN from now on; Refusal for one that is easily guessed."""
        ...

    def unlock(self, pin: str) -> bool:
        """Whether it was the PIN; takes about a third of a second. `lock_view` says how it stands otherwise."""
        ...

    def lock(self) -> None: ...

    def today(self, now: datetime, position: Position | None) -> TodayView: ...
    def messages(self) -> tuple[MessageView, ...]: ...
    def messages_read(self) -> None:
        """All messages were seen by the person of this tablet."""
        ...

    def document(self, document_id: str) -> DocumentView | None:
        """A notice or document of the office, which counts as seen by now; None when it was withdrawn."""
        ...

    def file(self, file_id: str) -> bytes | None:
        """A PDF of a document as the office published it, None when it is not on this tablet."""
        ...

    def note_document(self, document_id: str) -> None:
        """Tells the office that this organisation knows of a safety notice."""
        ...

    def map_shapes(self) -> MapShapes: ...
    def facility_map(self) -> FacilityMap: ...
    def show_layer(self, layer: str, shown: bool) -> None:
        """Whether this person sees a layer on the map from now on; "" are the basemap's pictures."""
        ...

    def pictures(self) -> PicturesView | None: ...
    def nearest(self, lon: float, lat: float, layer: str) -> tuple[FacilityRow, ...]: ...
    def facility(self, layer: str, code: str, position: Position | None = None) -> FacilityView | None: ...
    def component(self, category: str, code: str, position: Position | None) -> ComponentView:
        """Which component a report of that category is about, or which it might be about."""
        ...

    def about(self, draft: Draft, layer: str, code: str) -> Draft:
        """The draft as a report about this facility; nothing is written down."""
        ...

    def locate(self, lon: float, lat: float, accuracy_m: float) -> PlaceView: ...

    def report_form(self) -> ReportForm: ...
    def draft(self) -> Draft: ...
    def save_draft(self, draft: Draft) -> None: ...
    def take_in(self, jpeg: bytes, stage: str) -> PhotoView:
        """Seals a photograph on disk at once; its id goes into `Draft.photos`, `report` or `act`."""
        ...

    def discard_photo(self, photo_id: str) -> None: ...
    def photo(self, photo_id: str) -> bytes | None:
        """JPEG bytes for the screen (a thumbnail of about 1280 px at most), None when they are not here."""
        ...

    def report(
        self,
        category: str,
        condition: str,
        position: Position | None,
        sentence: str,
        photos: Sequence[str],
        mended: bool,
        form: Mapping[str, str] = ...,
        behalf: bool = False,
        safe: bool = False,
        component: str = "",
    ) -> str:
        """Seals a report (or a self-handled case) and gives its command id; the draft is gone with it.

        `form` answers by field name; `behalf` of a resident; `safe`: that the place was made safe is sealed after it,
        with the photos of stage "during". `component` is the code of the one that it is about.
        """
        ...

    def undo(self, command_id: str) -> bool:
        """Takes back a command not yet sent; False when it is too late."""
        ...

    def cases(
        self, chosen: str = "", query: str = "", after: str = "", position: Position | None = None
    ) -> CasesView: ...
    def case_map(self, chosen: str = "", position: Position | None = None) -> CaseMapView: ...
    def case_row(self, case_id: str, position: Position | None = None) -> CaseRow: ...
    def case(self, case_id: str) -> CaseView: ...
    def inspection(self, case_id: str) -> InspectView: ...
    def act(
        self,
        case_id: str,
        action: str,
        values: Mapping[str, str | Sequence[str]],
        photos: Sequence[str] = (),
        position: Position | None = None,
    ) -> str: ...

    def outbox(self) -> OutboxView: ...
    def outbox_act(self, command_id: str, step: str, reason: str = "") -> Draft | None: ...

    def me(self) -> MeView: ...
    def on_change(self, listener: Callable[[], None]) -> None: ...
    def sync_now(self) -> LinkView:
        """One round with the server; blocks, so the window calls it on a thread of its own."""
        ...

    def call_off(self) -> None:
        """Ends the round that is under way at its next piece."""
        ...

    def leave(self) -> None:
        """The window goes away, perhaps for good."""
        ...

    def start_syncing(self) -> None: ...
    def stop(self) -> None: ...
