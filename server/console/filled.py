"""What somebody filled into an act's form, read as the act's payload; what is wrong is said field by field.

Names of inputs: a field has its own name; of a moment, a reason or a case "NAME.pick" is the choice that stands beside
what may be typed, and what is typed counts; several of one kind are "called.0", "parts.0.matter"; photos of several
stages are "attachments.before".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from server.cases.acts import Need, Offer
from server.console.moments import local_text, read_local
from server.protocol.commands import Position
from server.protocol.payloads import MOST_PARTS
from server.protocol.wire import read_time, time_text
from server.protocol.words import STAGE_WORDS

Words = Callable[[str], str]
Given = Mapping[str, str]
PART_TEXTS = ("title", "description", "crew")
LEAST_PARTS = 2


@dataclass
class Filled:
    """The payload as the protocol takes it, the place as a point, and the faults by the name of their input."""

    payload: dict[str, Any] = field(default_factory=dict)
    position: Position = field(default_factory=Position)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Reads forms in one reader's language and one district's clock time."""

    zone: ZoneInfo
    _: Words

    def read(self, offer: Offer, given: Given, shown: Sequence[str]) -> Filled:
        """The whole form with photos of the stages `shown`; what is required and blank is a fault like any other."""
        found = Filled()
        for need in offer.needs:
            if need.kind == "evidence":
                found.faults |= self._photos_missing(offer, need, shown)
                continue
            reading = READINGS.get(need.kind, Reader._text)
            reading(self, offer, need, given, found)
            blank = not found.payload.get(need.name) and not (need.kind == "place" and _placed(found))
            if need.required and blank and need.name not in found.faults:
                found.faults[need.name] = self._("Fill in: {field}").format(field=need.label)
        if (
            offer.action == "verify"
            and given.get("finding") == "other_category"
            and not found.payload.get("category")
        ):
            found.faults["category"] = self._("Choose a category.")
        return found

    def _photos_missing(self, offer: Offer, need: Need, shown: Sequence[str]) -> dict[str, str]:
        """Which stages lack a photo, each at its own input where there are several."""
        _ = self._
        if not need.required:
            return {}
        if len(offer.stages) == 1:
            return {} if shown else {need.name: _("Add a photo")}
        return {
            f"{need.name}.{stage}": _("Add a photo: {stage}").format(stage=_(STAGE_WORDS[stage]))
            for stage in offer.stages
            if stage not in shown
        }

    def _text(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        written = given.get(need.name, "").strip()
        picked = given.get(f"{need.name}.pick", "")
        if picked in need.offered and written:
            written = self._("{reason}: {words}").format(reason=picked, words=written)
        found.payload[need.name] = written or (picked if picked in need.offered else "")

    def _moment(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        text = given.get(need.name, "").strip() or given.get(f"{need.name}.pick", "").strip()
        if not text:
            return
        try:
            found.payload[need.name] = time_text(read_local(text, self.zone))
        except ValueError:
            found.faults[need.name] = self._("Write day and hour, for example 2026-11-24 18:00.")

    def _case(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        found.payload[need.name] = (
            given.get(need.name, "").strip() or given.get(f"{need.name}.pick", "").strip()
        )

    def _organisations(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        if need.name == "called":
            found.payload["called"] = [given[name] for name in sorted(given) if name.startswith("called.")]
        else:
            self._text(offer, need, given, found)

    def _category(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        found.payload |= matter(given.get(need.name, ""))

    def _condition(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        # Where a category can be chosen too, its conditions stand in that one list.
        if not any(other.kind == "category" for other in offer.needs):
            self._text(offer, need, given, found)

    def _place(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        try:
            point = read_point(given.get(f"{need.name}.point", ""))
        except ValueError:
            found.faults[need.name] = self._(
                "Write the place as longitude, latitude, for example 104.06123, 30.60421."
            )
            return
        if point is not None:
            found.position = Position(*point, crs="EPSG:4326", provider="desk", placed_by_hand=True)
        elif grid := given.get(f"{need.name}.grid", "").strip():
            found.payload["grid_code"] = grid

    def _stages(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        said = {name: given[name] for name in given if name.startswith(f"{need.name}.")}
        found.payload[need.name] = {name.removeprefix(f"{need.name}."): stage for name, stage in said.items()}

    def _parts(self, offer: Offer, need: Need, given: Given, found: Filled) -> None:
        _, parts = self._, []
        for n in range(MOST_PARTS):
            said = {
                name: given.get(f"{need.name}.{n}.{name}", "").strip() for name in ("matter", *PART_TEXTS)
            }
            if not any(said.values()):
                continue
            if not said["matter"]:
                found.faults[f"{need.name}.{n}.matter"] = _("Part {n}: choose what it is.").format(n=n + 1)
            parts.append(matter(said["matter"]) | {name: said[name] for name in PART_TEXTS if said[name]})
        found.payload[need.name] = parts
        if len(parts) < LEAST_PARTS:
            found.faults[need.name] = _("Describe at least two parts.")


def _placed(found: Filled) -> bool:
    return found.position.lon is not None or "grid_code" in found.payload


def matter(text: str) -> dict[str, Any]:
    """Category and condition of "system/code#condition", as payloads have them; nothing of a blank text."""
    key, _hash, condition = text.partition("#")
    system, _slash, code = key.rpartition("/")
    if not code:
        return {}
    return {"category": {"system": system, "code": code}} | ({"condition": condition} if condition else {})


def written(
    offer: Offer, payload: Mapping[str, Any], zone: ZoneInfo, about: Mapping[str, str]
) -> dict[str, str]:
    """The form that would be read as `payload`, but for its place: left blank, that stays as it came.

    `about` = the case's category: a payload may name a condition of it alone.
    """
    whole: dict[str, Any] = {"category": about if payload.get("condition") else None, **payload}
    given: dict[str, str] = {}
    for need in offer.needs:
        said = whole.get(need.name)
        if said:
            WRITINGS.get(need.kind, _as_text)(need.name, said, given, payload, zone)
    return given


def _as_text(name: str, said: Any, given: dict[str, str], payload: Mapping[str, Any], zone: ZoneInfo) -> None:
    given |= (
        {f"{name}.{n:03d}": str(one) for n, one in enumerate(said)}
        if isinstance(said, list)
        else {name: str(said)}
    )


def _as_moment(
    name: str, said: Any, given: dict[str, str], payload: Mapping[str, Any], zone: ZoneInfo
) -> None:
    given[name] = local_text(read_time(said), zone)


def _as_category(
    name: str, said: Any, given: dict[str, str], payload: Mapping[str, Any], zone: ZoneInfo
) -> None:
    given[name] = matter_text(said, payload.get("condition"))


def _as_stages(
    name: str, said: Any, given: dict[str, str], payload: Mapping[str, Any], zone: ZoneInfo
) -> None:
    given |= {f"{name}.{photo['id']}": photo["stage"] for photo in said}


def _as_parts(
    name: str, said: Any, given: dict[str, str], payload: Mapping[str, Any], zone: ZoneInfo
) -> None:
    for n, part in enumerate(said):
        given[f"{name}.{n}.matter"] = matter_text(part.get("category"), part.get("condition"))
        given |= {f"{name}.{n}.{text}": str(part[text]) for text in PART_TEXTS if part.get(text)}


def matter_text(category: Any, condition: Any) -> str:
    """The value of a choice of category and condition, "" where no code was given."""
    if not isinstance(category, dict):
        return ""
    key = f"{category.get('system')}/{category.get('code')}"
    return f"{key}#{condition}" if condition else key


def read_point(text: str) -> tuple[float, float] | None:
    """Longitude and latitude (EPSG:4326) of "104.06123, 30.60421"; None of a blank text, ValueError of any other."""
    text = text.replace("，", ",").strip()
    if not text:
        return None
    lon, lat = (float(part) for part in text.split(","))
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(text)
    return lon, lat


Reading = Callable[[Reader, Offer, Need, Given, Filled], None]
READINGS: dict[str, Reading] = {
    "time": Reader._moment,
    "case": Reader._case,
    "organisation": Reader._organisations,
    "category": Reader._category,
    "condition": Reader._condition,
    "place": Reader._place,
    "parts": Reader._parts,
    "stages": Reader._stages,
}
WRITINGS: dict[str, Callable[[str, Any, dict[str, str], Mapping[str, Any], ZoneInfo], None]] = {
    "time": _as_moment,
    "category": _as_category,
    "stages": _as_stages,
    "parts": _as_parts,
}
