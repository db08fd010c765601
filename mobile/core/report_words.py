"""The report form in words: what can be reported, under which conditions, and where one stands."""

from collections.abc import Sequence
from typing import Any

from mobile.core.place import Found, Places
from mobile.core.speech import Speech
from mobile.core.views import CategoryChoice, CategoryMajor, ConditionChoice, PlaceView
from server.protocol.pack import Category, Pack

TILES = 12


def choice(category: Category, pack: Pack, speech: Speech) -> CategoryChoice:
    """One category with all that the form says about it."""
    say = speech.say
    conditions = tuple(
        ConditionChoice(c.code, speech.named(c.names), speech.limit(c.handle)) for c in category.conditions
    )
    photo, mended_photo = "report" in category.needs_photo, "self_handle" in category.needs_photo
    system = speech.named(pack.systems.get(category.system, {})) or category.system
    note = [f"{system} {category.code}", conditions[0].limit]
    if category.self_handle:
        note.append(say("may be mended on the spot"))
    mended = (
        say("Closed at once in your own grid, nothing is dispatched.")
        if category.self_handle
        else say("This category is mended by a crew.")
    )
    if category.self_handle and mended_photo and not photo:
        mended += say(" A photo of the result is needed.")
    return CategoryChoice(
        category.key,
        speech.named(category.names),
        " · ".join(note),
        category.icon,
        category.initials,
        conditions,
        photo,
        category.self_handle,
        say("This category needs a photo.") if photo else say("No photo is needed for this category."),
        mended,
    )


def tiles(pack: Pack, recent: Sequence[str], speech: Speech) -> tuple[CategoryChoice, ...]:
    """The ones reported most lately first, then those that the pack calls frequent; at most 12."""
    by_key = {category.key: category for category in pack.categories}
    ordered = [by_key[key] for key in dict.fromkeys((*recent, *pack.frequent, *by_key)) if key in by_key]
    return tuple(choice(category, pack, speech) for category in ordered[:TILES])


def tree(pack: Pack, speech: Speech) -> tuple[CategoryMajor, ...]:
    """All categories by system and major code."""
    branches: dict[tuple[str, str], list[Category]] = {}
    for category in pack.categories:
        branches.setdefault((category.system, category.major), []).append(category)
    return tuple(
        CategoryMajor(_branch(pack, system, major, speech), tuple(choice(c, pack, speech) for c in found))
        for (system, major), found in sorted(branches.items())
    )


def _branch(pack: Pack, system: str, major: str, speech: Speech) -> str:
    """A major with its system, for two systems may have majors of one name."""
    return f"{speech.named(pack.systems.get(system, {})) or system} · {pack.major_name(system, major, speech.language)}"


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
