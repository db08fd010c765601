"""Facilities of this tablet's grids in words: which layers are shown, what is near, one told, a report about one.

Everything is asked of the offline package. What somebody looks at is noted nowhere.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mobile.core.album import Album
from mobile.core.basemap import Basemap, Unusable
from mobile.core.known import Known
from mobile.core.owner import Owner
from mobile.core.package import Facility, Layer, Package
from mobile.core.place import lines_of, metres_between, nearest_on
from mobile.core.standing import Standing
from mobile.core.store import Store
from mobile.core.views import (
    CaseRow,
    ComponentView,
    Draft,
    FacilityMap,
    FacilityMark,
    FacilityRow,
    FacilityView,
    Fact,
    LayerView,
    LonLat,
    PicturesView,
    Position,
)
from server.protocol.pack import Category
from server.protocol.payloads import COMPONENT
from server.protocol.workflow import ENDED

EVERYWHERE = (-180.0, -90.0, 180.0, 90.0)
LISTED, LISTED_M = 20, 5_000.0  # what the list of the nearest holds
OFFERED, OFFERED_M = 5, 100.0  # what a report is offered
BESIDE_M = 50.0  # a case so near may be about it
MOST_CASES, MOST_FACTS = 5, 30
REGISTERED_M = 3.0  # how exactly registers place things
# A layer without a category is drawn by what its code or name says.
ICONS = (
    ("lamp", ("lamp", "light", "灯")),
    ("hydrant", ("hydrant", "fire", "消火", "消防")),
    ("bin", ("bin", "waste", "果皮", "垃圾")),
    ("cctv", ("camera", "cctv", "监控", "摄像", "探头")),
    ("cover", ("cover", "manhole", "井")),
    ("tree", ("tree", "树", "绿")),
    ("wire", ("pipe", "line", "cable", "管", "线")),
)


class Facilities:
    """Answers out of the package that is here now; how this person wants the map is kept per person."""

    def __init__(self, store: Store, known: Known, owner: Owner, album: Album, tiles: Path) -> None:
        self._store, self._known, self._owner, self._album = store, known, owner, album
        self._tiles = tiles
        # Goes with the package, which a locked tablet lets go of.
        self._drawn: WeakKeyDictionary[Package, tuple[tuple[str, ...], FacilityMap]] = WeakKeyDictionary()

    # How the map is to look ----------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return f"map/{self._owner.person_id}"

    @property
    def _hidden(self) -> list[str]:
        return list(self._store.kept(self._name, []))

    def show(self, layer: str, shown: bool) -> None:
        """Whether this person sees a layer from now on; "" are the pictures of the basemap."""
        hidden = [code for code in self._hidden if code != layer]
        self._store.keep(self._name, hidden if shown else [*hidden, layer])

    def on_the_map(self) -> FacilityMap:
        package, hidden = self._known.package, self._hidden
        shown = tuple(layer.code for layer in package.layers if layer.code not in hidden)
        drawn = self._drawn.get(package)
        if drawn is None or drawn[0] != shown:
            drawn = self._drawn[package] = shown, self._drawn_of(package, shown)
        return drawn[1]

    def _drawn_of(self, package: Package, shown: Sequence[str]) -> FacilityMap:
        things = package.facilities_within(*EVERYWHERE, shown)
        layers = tuple(
            LayerView(
                layer.code,
                layer.name,
                self._icon(layer),
                package.count(layer.code),
                layer.code in shown,
            )
            for layer in package.layers
        )
        marks = tuple(
            FacilityMark(thing.layer, thing.code, thing.lon, thing.lat, _course(thing))
            for thing in sorted(things, key=lambda thing: (thing.layer, thing.code))
        )
        return FacilityMap(layers, marks)

    def pictures(self) -> PicturesView | None:
        """The basemap that this tablet carries, None without one."""
        path = self._tiles
        try:
            stamp = path.stat()
        except FileNotFoundError:
            return None
        shown = "" not in self._hidden
        version = f"{stamp.st_ino}-{stamp.st_size}-{stamp.st_mtime_ns}"
        try:
            found = Basemap.read(path)
        except Unusable as why:
            return PicturesView(path, version, "", 0, 0, shown, self._owner.speech.say(str(why)))
        return PicturesView(path, version, found.attribution, found.least, found.most, shown)

    # What is near --------------------------------------------------------------------------------------------

    def nearest(self, lon: float, lat: float, layer: str) -> tuple[FacilityRow, ...]:
        """The nearest of a layer to a point, nearest first."""
        found = self._known.package.nearest(lon, lat, [layer], LISTED, LISTED_M)
        return tuple(self._row(thing, metres) for thing, metres in found)

    def component(self, category: str, code: str, position: Position | None) -> ComponentView:
        """What a report of that category may be about, and which of them is `code`."""
        package = self._known.package
        fitting = [layer.code for layer in package.layers if category and _key(layer) == category]
        at = (position.lon, position.lat) if position else None
        if code:
            layers = [*fitting, *(layer.code for layer in package.layers)]
            found = next(filter(None, (package.facility(layer, code) for layer in layers)), None)
            chosen = (
                self._row(found, metres_between(at, (found.lon, found.lat)) if at else None)
                if found
                else FacilityRow("", code, "other", code, "", "", 0.0, 0.0)
            )
            return ComponentView(chosen, ())
        near = package.nearest(*at, fitting, OFFERED, OFFERED_M) if at and fitting else []
        return ComponentView(None, tuple(self._row(thing, metres) for thing, metres in near))

    # One of them ---------------------------------------------------------------------------------------------

    def view(self, layer: str, code: str, position: Position | None) -> FacilityView | None:
        """One facility told; None when the package has it no more."""
        thing = self._known.package.facility(layer, code)
        if thing is None:
            return None
        at = (position.lon, position.lat) if position else None
        row = self._row(thing, metres_between(at, (thing.lon, thing.lat)) if at else None)
        category = self._category(self._layer(layer))
        facts = [
            Fact(str(name), _plain(value))
            for name, value in thing.properties.items()
            if value not in (None, "")
        ]
        return FacilityView(
            row, tuple(facts[:MOST_FACTS]), self._cases(thing, position), category.key if category else ""
        )

    def _cases(self, thing: Facility, position: Position | None) -> tuple[CaseRow, ...]:
        """Open cases about it, then those beside it, nearest first."""
        telling = self._known.telling(position=position)
        layer = self._layer(thing.layer)
        found: list[tuple[bool, float, Standing]] = []
        for standing in self._known.standings(telling.actor).values():
            if standing.facts.state in ENDED:
                continue
            point = telling.point(standing)
            metres = metres_between((thing.lon, thing.lat), point) if point else BESIDE_M + 1
            about = _component_of(standing) == thing.code and layer is not None and _fits(standing, layer)
            if about or metres <= BESIDE_M:
                found.append((not about, metres, standing))
        found.sort(key=lambda one: one[:2])
        return tuple(
            telling.row(standing, self._album.first(standing)) for _, _, standing in found[:MOST_CASES]
        )

    def about(self, draft: Draft, layer: str, code: str) -> Draft:
        """The draft as a report about this facility: its category, its place, its code; what was written stays."""
        thing, kept = self._known.package.facility(layer, code), self._layer(layer)
        if thing is None or kept is None:
            return draft
        category = self._category(kept)
        if category and category.key != draft.category:
            first = category.conditions[0].code if category.conditions else ""
            mended = draft.mended and category.self_handle
            draft = replace(draft, category=category.key, condition=first, mended=mended)
        lon, lat = _spot(thing, draft.position)
        position = Position(lon, lat, REGISTERED_M, provider="facility", placed_by_hand=True)
        return replace(draft, position=position, component=thing.code)

    # Words ---------------------------------------------------------------------------------------------------

    def _row(self, thing: Facility, metres: float | None) -> FacilityRow:
        layer, speech = self._layer(thing.layer), self._owner.speech
        name = layer.name if layer else thing.layer
        grid = next(
            (node.name for node in self._known.places.nodes if thing.grid and node.code == thing.grid), ""
        )
        return FacilityRow(
            thing.layer,
            thing.code,
            self._icon(layer) if layer else "other",
            f"{name} {thing.code}",
            " · ".join(part for part in (thing.name, grid or speech.say("outside all grids")) if part),
            speech.metres(metres, 1 if metres < OFFERED_M else 10) if metres is not None else "",
            thing.lon,
            thing.lat,
        )

    def _layer(self, code: str) -> Layer | None:
        return next((layer for layer in self._known.package.layers if layer.code == code), None)

    def _category(self, layer: Layer | None) -> Category | None:
        pack = self._known.pack
        return pack.category(layer.category_system, layer.category_code) if pack and layer else None

    def _icon(self, layer: Layer) -> str:
        if category := self._category(layer):
            return category.icon
        said = f"{layer.code} {layer.name}".casefold()
        return next((icon for icon, words in ICONS if any(word in said for word in words)), "pin")


def _key(layer: Layer) -> str:
    return f"{layer.category_system}/{layer.category_code}"


def _course(thing: Facility) -> tuple[tuple[LonLat, ...], ...]:
    return tuple(lines_of(thing.shape)) if thing.shape else ()


def _spot(thing: Facility, position: Position | None) -> LonLat:
    """Where something is wrong with it: at its point; of a line where it is nearest to the worker."""
    here = (position.lon, position.lat) if position else None
    course = _course(thing)
    return nearest_on(here, course) if here and course else (thing.lon, thing.lat)


def _component_of(standing: Standing) -> str:
    form = standing.body.get("form") or standing.origin.get("form") or {}
    if isinstance(form, list):
        return next((str(answer.get("value", "")) for answer in form if answer.get("name") == COMPONENT), "")
    return str(form.get(COMPONENT, ""))


def _fits(standing: Standing, layer: Layer) -> bool:
    """Codes of two layers may be alike: the category says which of them is meant."""
    raw = standing.body.get("category") or standing.origin.get("category") or {}
    return not layer.category_code or f"{raw.get('system', '')}/{raw.get('code', '')}" == _key(layer)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
