"""The report form in words: what can be reported, under which conditions, and where one stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mobile.core.act_fields import form_field
from mobile.core.place import Found, Places
from mobile.core.speech import Speech
from mobile.core.views import CategoryChoice, CategoryMajor, ConditionChoice, PlaceView
from server.protocol.pack import Category, Pack
from server.protocol.words import STAGE_WORDS

TILES = 12


@dataclass(frozen=True)
class ReportWords:
    """Words the categories of a pack at the server's time `now`."""

    pack: Pack
    speech: Speech
    now: datetime

    def choice(self, category: Category) -> CategoryChoice:
        """One category with all that the form says about it."""
        conditions = tuple(
            ConditionChoice(c.code, self.speech.named(c.names), self.speech.limit(c.handle), c.emergency)
            for c in category.conditions
        )
        return CategoryChoice(
            category.key,
            self.speech.named(category.names),
            self._note(category, conditions[0].limit),
            category.icon,
            category.initials,
            conditions,
            category.self_handle,
            self._photo_note(category),
            self._mended_note(category),
            tuple(form_field(field, self.speech, self.now) for field in category.form),
            category.evidence,
        )

    def _photo_note(self, category: Category) -> str:
        say, stages = self.speech.say, category.evidence.get("report", ())
        if len(stages) > 1:
            words = say(", ").join(say(STAGE_WORDS[stage]) for stage in stages)
            return say("This category needs a photo of each: {stages}.", stages=words)
        return say("This category needs a photo.") if stages else say("No photo is needed for this category.")

    def _note(self, category: Category, limit: str) -> str:
        system = self.speech.named(self.pack.systems.get(category.system, {})) or category.system
        note = [f"{system} {category.code}", limit]
        if category.self_handle:
            note.append(self.speech.say("may be mended on the spot"))
        return " · ".join(note)

    def _mended_note(self, category: Category) -> str:
        say, photos = self.speech.say, category.needs_photo
        if not category.self_handle:
            return say("This category is mended by a crew.")
        mended = say("Closed at once in your own grid, nothing is dispatched.")
        if "self_handle" in photos and "report" not in photos:
            mended += say(" A photo of the result is needed.")
        return mended

    def tiles(self, recent: Sequence[str]) -> tuple[CategoryChoice, ...]:
        """The ones reported most lately first, then those that the pack calls frequent; at most 12."""
        by_key = {category.key: category for category in self.pack.categories}
        ordered = [
            by_key[key] for key in dict.fromkeys((*recent, *self.pack.frequent, *by_key)) if key in by_key
        ]
        return tuple(self.choice(category) for category in ordered[:TILES])

    def tree(self) -> tuple[CategoryMajor, ...]:
        """All categories by system and major code."""
        branches: dict[tuple[str, str], list[Category]] = {}
        for category in self.pack.categories:
            branches.setdefault((category.system, category.major), []).append(category)
        return tuple(
            CategoryMajor(self._branch(system, major), tuple(map(self.choice, found)))
            for (system, major), found in sorted(branches.items())
        )

    def _branch(self, system: str, major: str) -> str:
        """A major with its system, for two systems may have majors of one name."""
        named = self.speech.named(self.pack.systems.get(system, {})) or system
        return f"{named} · {self.pack.major_name(system, major, self.speech.language)}"


def place_view(
    found: Found, places: Places, lon: float, lat: float, accuracy_m: float, speech: Speech
) -> PlaceView:
    """A point in words. A circle that crosses a border names every grid that it touches."""
    say = speech.say
    near = places.near(lon, lat)
    beside = say("near {name}", name=near) + " · " if near else ""
    names = [node.name for node in found.candidates]
    if len(names) > 1:
        words = beside + say(
            "on the border of {grids}: both are noted, the office decides", grids=say(", ").join(names)
        )
    elif names:
        words = beside + names[0]
    else:
        words = beside + say("outside all grids; it is kept and the office decides")
    return PlaceView(
        words,
        say("accurate to {n} m, drag to correct", n=round(accuracy_m)),
        found.inside.code if found.inside else "",
        tuple(node.code for node in found.candidates),
        bool(found.inside and found.inside.mine),
    )


def place_note(found: Found, places: Places) -> dict[str, Any]:
    """What the tablet found, for the command: the server derives it again and keeps a disagreement."""
    path = {node.level: node.id for node in places.path(found.inside)}
    district = next((node.id for node in places.nodes if node.level == 0), None)
    return {
        "grid": found.inside.code if found.inside else "",
        "candidates": [node.code for node in found.candidates],
        "nodes": [path.get(0, district), path.get(1), path.get(2), path.get(3)],
        "version": places.version,
    }
