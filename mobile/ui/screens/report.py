"""Report: three taps for a common case. Everything stands on one screen; nothing is asked that is known.

The draft that the core keeps is the state of this screen, so it survives a closed tablet.
"""

from dataclasses import replace
from typing import Any

from kivy.clock import Clock
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import (
    CategoryChoice,
    ComponentView,
    ConditionChoice,
    Draft,
    FacilityRow,
    PhotoView,
    Position,
    ReportForm,
)
from mobile.ui.page import Page
from mobile.ui.screens.details import DetailsSheet
from mobile.ui.screens.facilities import ComponentLine, NearSheet
from mobile.ui.screens.photo import PhotoSheet
from mobile.ui.screens.readiness import Readiness, filed
from mobile.ui.widgets.buttons import Chip, Press, Tile
from mobile.ui.words import _

CLOSE_LOOK = 1.9  # pixels a metre: a street corner
TYPED = 0.6  # seconds after the last character
MOST_PHOTOS = 6
ROW = 150  # dp: a tile is no taller


class Shoot(Press):
    """The camera's button; `able` is False while the storage is full."""

    able = BooleanProperty(True)


class Report(Page):
    chosen = StringProperty()
    where = StringProperty()
    precision = StringProperty()
    placed = BooleanProperty(False)
    photo_note = StringProperty()
    mended_note = StringProperty()
    may_mend = BooleanProperty(True)
    can_shoot = BooleanProperty(True)
    ready = BooleanProperty(False)
    submit_words = StringProperty()
    danger = BooleanProperty(False)
    behalf = BooleanProperty(False)
    details_title = StringProperty()
    details_note = StringProperty()
    details_missing = BooleanProperty(False)

    def __init__(self, **kwargs: Any) -> None:
        self._form: ReportForm | None = None
        self._draft = Draft()
        self._save = Clock.create_trigger(self._write, TYPED)
        super().__init__(**kwargs)

    # ---- showing the draft ---------------------------------------------------------------------------------

    def on_kv_post(self, *_: Any) -> None:
        self._form = self.tablet.report_form()
        self._draft = self.tablet.draft()
        if self._draft.position is None:
            self._draft = replace(self._draft, position=self.house.gps.position())
        self.ids.sentence.text = self._draft.sentence
        self.ids.mended_switch.on = self._draft.mended
        self.ids.safe_switch.on = self._draft.safe
        self.pour_map(self.ids.map)
        self._show_place(look=True)

    def pour(self) -> None:
        super().pour()
        assert self._form is not None  # noqa: S101 - filled in on_kv_post
        self.can_shoot = self._form.can_shoot
        self.pour_notices(self._form.notices)
        self._show()

    def tile_height(self, room: float) -> float:
        """Tiles fill the column, up to a height that still looks like a tile; upright they are low."""
        rows = max(-(-len(self.ids.tiles.children) // self.ids.tiles.cols), 1) if self.ids else 4
        return min((room - dp(10) * (rows - 1)) / rows, dp(ROW)) if self.wide else dp(86)

    @property
    def category(self) -> CategoryChoice | None:
        return self._choice(self._draft.category)

    def _choice(self, key: str) -> CategoryChoice | None:
        form = self._form
        everything = (
            [*form.tiles, *(found for major in form.tree for found in major.categories)] if form else []
        )
        return next((found for found in everything if found.key == key), None)

    def _show(self) -> None:
        category, draft = self.category, self._draft
        self.chosen = category.name if category else ""
        self.title = _("Report: {category}").format(category=self.chosen) if category else _("Report")
        self.place = draft.saved or _("Choose what it is, then press Report")
        self.may_mend = category is None or category.may_mend
        self.mended_note = category.mended_note if category else _("Closed at once, nobody is sent")
        self._show_tiles()
        self._show_conditions()
        self._show_component()
        self.ids.strip.photos = list(draft.photos)
        stand = self._stand
        self.danger, self.behalf = stand.danger, draft.behalf
        self.ids.safe_switch.on = draft.safe
        self.details_title, self.details_note = stand.details_title, stand.details_note
        self.details_missing = bool(stand.empty)
        self.photo_note, self.submit_words, self.ready = stand.photo_note, stand.submit_words, stand.ready

    @property
    def _stand(self) -> Readiness:
        return Readiness(self._draft, self.category, self._form.resident if self._form else ())

    def _show_tiles(self) -> None:
        tiles = list(self._form.tiles) if self._form else []
        category = self.category
        if category and category.key not in [tile.key for tile in tiles]:
            tiles = [category, *tiles[:11]]  # chosen in the tree: it stands first
        self.fill("tiles", (tiles, self._draft.category), lambda: [self._tile(tile) for tile in tiles])

    def _tile(self, category: CategoryChoice) -> Tile:
        chosen = category.key == self._draft.category
        tile = Tile(icon=category.icon, words=category.name, chosen=chosen)
        tile.bind(on_release=lambda _: self.choose(category.key))
        return tile

    def _show_conditions(self) -> None:
        conditions = self.category.conditions if self.category else ()
        self.fill(
            "conditions",
            (conditions, self._draft.condition),
            lambda: [self._chip(condition) for condition in conditions],
        )

    def _chip(self, condition: ConditionChoice) -> Chip:
        chosen = condition.code == self._draft.condition
        chip = Chip(words=condition.name, note=condition.limit, chosen=chosen)
        chip.bind(on_release=lambda _: self.change_condition(condition.code))
        return chip

    def _show_component(self) -> None:
        draft = self._draft
        view = self.tablet.component(draft.category, draft.component, draft.position)
        self.fill("component", view, lambda: self._component(view))

    def _component(self, view: ComponentView) -> list[ComponentLine]:
        row = view.chosen or next(iter(view.offered), None)
        if row is None:
            return []
        line = ComponentLine(row=row, chosen=view.chosen is not None, more=len(view.offered) > 1)
        line.takes = lambda: self.be_about(row)
        line.others = lambda: self.show_others(view.offered)
        line.drops = lambda: self._change(component="")
        return [line]

    def _show_place(self, look: bool = False) -> None:
        position = self._draft.position
        self.placed = position is not None
        self.ids.map.pin = position
        if position is None:
            self.where, self.precision = _("No position: tap the map where it is"), ""
            return
        place = self.tablet.locate(position.lon, position.lat, position.accuracy_m)
        self.where, self.precision = place.words, place.precision
        if look:
            self.ids.map.look_at(position.lon, position.lat, CLOSE_LOOK)

    # ---- changing it ---------------------------------------------------------------------------------------

    def _change(self, **fields: Any) -> None:
        self._draft = replace(self._draft, **fields)
        self._write()
        self._show()

    def _write(self, *_: Any) -> None:
        self.house.attempt(lambda: self.tablet.save_draft(self._draft))
        self._draft = replace(self._draft, saved=self.tablet.draft().saved)
        self.place = self._draft.saved or self.place

    def choose(self, key: str) -> None:
        if found := self._choice(key):
            self._draft = filed(self._draft, found)
        self._change()
        self.ids.mended_switch.on = self._draft.mended

    def change_condition(self, code: str) -> None:
        self._change(condition=code)

    def say(self, sentence: str) -> None:
        if sentence != self._draft.sentence:
            self._draft = replace(self._draft, sentence=sentence)
            self._save()

    def mend(self, mended: bool) -> None:
        if mended != self._draft.mended:
            self._change(mended=mended)

    def make_safe(self, safe: bool) -> None:
        if safe != self._draft.safe:
            self._change(safe=safe)

    def open_details(self) -> None:
        form = self._form
        self.details = DetailsSheet(
            house=self.house,
            fields=self.category.form if self.category else (),
            resident=form.resident if form else (),
            form=dict(self._draft.form),
            behalf=self._draft.behalf,
            changed=self._filled_in,
        )
        self.house.raise_sheet(self.details)

    def _filled_in(self, form: dict[str, str], behalf: bool) -> None:
        self._draft = replace(self._draft, form=form, behalf=behalf)
        self._save()
        self._show()

    def be_about(self, row: FacilityRow) -> None:
        """The report is about this component, and lies where the register has it."""
        self.house.lower()
        self._draft = self.tablet.about(self._draft, row.layer, row.code)
        self._change()
        self._show_place(look=True)

    def show_others(self, rows: tuple[FacilityRow, ...]) -> None:
        title, note = _("Which one is it?"), _("Nearest to the pin first. It may also stay open.")
        self.house.raise_sheet(
            NearSheet(house=self.house, title=title, note=note, rows=rows, chosen=self.be_about)
        )

    def put_pin(self, lon: float, lat: float, accuracy_m: float) -> None:
        self._change(position=Position(lon, lat, accuracy_m, provider="finger", placed_by_hand=True))
        self._show_place()

    def take_fix(self) -> None:
        """Back to where the tablet is."""
        position = self.house.gps.position()
        if position is None:
            self.house.say(_("No position now. Tap the map where it is."))
            return
        self._change(position=position)
        self._show_place(look=True)

    # ---- photographs ---------------------------------------------------------------------------------------

    def shoot(self) -> None:
        if len(self._draft.photos) >= MOST_PHOTOS:
            self.house.say(_("Six photos are enough for one report."))
        else:
            self.house.shoot(self._taken)

    def _taken(self, jpeg: bytes | None) -> None:
        if jpeg is None:
            return
        stage = self._stand.next_stage
        photo = self.house.attempt(lambda: self.tablet.take_in(jpeg, stage))
        if photo:
            self._change(photos=(*self._draft.photos, photo))

    def look_at_photo(self, photo: PhotoView) -> None:
        self.house.raise_sheet(PhotoSheet(house=self.house, photo=photo, discard=self._discard))

    def _discard(self, photo: PhotoView) -> None:
        self._change(photos=tuple(kept for kept in self._draft.photos if kept.photo_id != photo.photo_id))
        self.house.attempt(lambda: self.tablet.discard_photo(photo.photo_id))

    # ---- done ----------------------------------------------------------------------------------------------

    def keep(self) -> None:
        if self._save.is_triggered:
            self._save.cancel()
            self._write()

    def submit(self) -> None:
        if self.details_missing:
            self.open_details()
            return
        self._save.cancel()
        draft, house = self._draft, self.house
        command_id = house.attempt(
            lambda: self.tablet.report(
                category=draft.category,
                condition=draft.condition,
                position=draft.position,
                sentence=draft.sentence,
                photos=[photo.photo_id for photo in draft.photos],
                mended=draft.mended,
                form=draft.form,
                behalf=draft.behalf,
                safe=self._stand.safe,
                component=draft.component,
            )
        )
        if command_id:
            said = _("Kept on this tablet: {category}. It is sent by itself.").format(category=self.chosen)
            house.back()
            house.say(said, undo=lambda: house.take_back(command_id))
