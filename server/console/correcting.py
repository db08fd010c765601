"""The form in which a held act is corrected: that of the act itself, filled with what came, read as its payload."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from server.cases import duplicates
from server.cases.acts import Offer
from server.cases.corrected import corrected
from server.console.casefile import names_crew, proposals
from server.console.choices import Choices
from server.console.desk import Desk
from server.console.filled import Filled, Reader, written
from server.console.questions import Question, answers, chosen, questions
from server.holds.service import Opened
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol.commands import Position
from server.protocol.pack import Category, Pack
from server.protocol.payloads import COMPONENT, CONTACT
from server.protocol.words import FIELD_WORDS

NOWHERE = {"lon": None, "lat": None}
REPORTS = ("report", "self_handle")
Row = dict[str, Any]


@dataclass(frozen=True)
class Corrected:
    """What an act says after it was corrected. None: as it came; `position` {}: none, the payload names an area."""

    payload: Row | None
    position: Row | None


@dataclass(frozen=True)
class Correction:
    """One held act before somebody who may change it."""

    desk: Desk
    held: Opened

    @property
    def kind(self) -> str:
        return str(self.held.row["kind"])

    @property
    def payload(self) -> Row:
        said = self.held.raw.get("payload")
        return said if isinstance(said, dict) else {}

    @cached_property
    def known(self) -> Row:
        """Of the case's row what choices need; of an act that has no case its district and the pack of today."""
        district = self.held.row["district_id"]
        return self.held.known or {
            "district_id": district,
            "pack_version": current(self.desk.conn, district)[0],
        }

    @cached_property
    def pack(self) -> Pack:
        return pack_of_version(self.desk.conn, self.known["pack_version"])

    @cached_property
    def category(self) -> Category | None:
        """What the act says it is about, where the pack knows it; the case's where it says nothing."""
        case = self.held.case
        said = self.payload.get("category") or (case["category"] if case else None)
        if not isinstance(said, dict):
            return None
        return self.pack.category(str(said.get("system")), str(said.get("code")))

    @cached_property
    def offer(self) -> Offer:
        return corrected(
            self.desk.conn,
            self.held.row["district_id"],
            self.kind,
            self.payload,
            self._about,
            self.pack,
            self.desk.lang,
        )

    @property
    def _about(self) -> dict[str, str]:
        about = self.category or self.pack.other
        return {"system": about.system, "code": about.code}

    # ---- the form ------------------------------------------------------------------------------------------

    def shown(self, given: dict[str, str] | None = None, faults: dict[str, str] | None = None) -> Row:
        """What the macros of act forms take as `o`, and what the questions of a report take beside it."""
        came = written(self.offer, self.payload, self.desk.zone, self._about) | self._answered()
        # A form that was sent says all of it: what was taken out must not come back.
        typed = given or came
        asked = self._asked(typed)
        return {
            "case": self._case_as_it_came(),
            "choices": self._choices(),
            "proposals": self._proposals(),
            "photos": [photo | {"url": self._picture(photo)} for photo in self.held.photos],
            "given": typed,
            "faults": faults or {},
            "tried": self.kind,
            "asked": asked,
            "category": self._chosen(typed) if asked else None,
        }

    def _case_as_it_came(self) -> Row:
        """The case with category and place of the act, where it names them: they stay when nothing else is chosen."""
        case: Row = self.held.case or {"condition": None, "grid": {"path": ""}, "location": NOWHERE}
        category, place = self.category, self.place
        names = category.name(self.desk.lang) if category else "–"
        return case | {
            "category": case.get("category", {}) | {"name": names},
            "grid": case["grid"] | ({"path": place} if place else {}),
            "location": self._point() or case["location"],
        }

    @property
    def place(self) -> str:
        """Where the act says that it is: an area's code or degrees; "" where it does not name a place."""
        if not any(need.kind == "place" for need in self.offer.needs):
            return ""
        at = self._point()
        if self.payload.get("grid_code"):
            return str(self.payload["grid_code"])
        return f"{at['lon']:.6f}, {at['lat']:.6f}" if at else ""

    def _point(self) -> Row | None:
        """Degrees (EPSG:4326) where the act was made, if the device knew."""
        at = Position.read(self.held.raw.get("position"))
        return None if at.lon is None else {"lon": at.lon, "lat": at.lat}

    def _choices(self) -> Choices:
        near: list[Row] = []
        if self.held.known and any(need.kind == "case" for need in self.offer.needs):
            near = duplicates.nearby(self.desk.conn, self.desk.viewer, self.known)
        return Choices(self.desk, self._case_as_it_came(), self.known, [], near)

    def _proposals(self) -> list[Row]:
        if self.held.known is None or not names_crew(self.offer):
            return []
        return proposals(self.desk, self.held.known["number"])

    def _picture(self, photo: Row) -> str:
        at = f"/conflicts/{self.held.row['command_id']}/photos/{photo['id']}?thumb=1"
        return at if photo["arrived"] else ""

    # ---- what a report was asked beside --------------------------------------------------------------------

    def _chosen(self, given: dict[str, str]) -> Category | None:
        return chosen(self.pack, given.get("category", "").partition("#")[0]) or self.category

    def _asked(self, given: dict[str, str]) -> list[Question]:
        """The questions of the category and who reported; none must be answered anew."""
        if self.kind not in REPORTS:
            return []
        category, say = self._chosen(given), gettext_for(self.desk.lang)
        own = questions(category, self.desk.lang) if category else []
        beside = [
            Question(name, say(FIELD_WORDS[name]), "text", False, name in CONTACT, ())
            for name in (*CONTACT, COMPONENT)
        ]
        return [replace(question, required=False) for question in (*own, *beside)]

    def _answered(self) -> dict[str, str]:
        """Answers as they came. What is masked everywhere is masked here: left blank, it stays as it came."""
        said = self.payload.get("form") or {}
        return {
            one.input: str(said[one.name]) for one in self._asked({}) if one.name in said and not one.private
        }

    # ---- reading it ----------------------------------------------------------------------------------------

    def read(self, given: dict[str, str]) -> tuple[Corrected, dict[str, str]]:
        """The act as the form has it, and what is wrong with the form, by input."""
        say = gettext_for(self.desk.lang)
        filled = Reader(self.desk.zone, say).read(self.offer, given, ())
        asked = self._asked(given)
        answered, faults = answers(asked, given, say)
        payload = self.payload | filled.payload
        for need in self.offer.needs:
            if need.kind == "time" and need.name not in filled.payload:
                payload[need.name] = None
            elif need.kind == "stages":
                payload[need.name] = self._staged(filled.payload.get(need.name, {}))
        if asked:
            kept = {one.name for one in asked if one.private}
            came = {
                name: said
                for name, said in (self.payload.get("form") or {}).items()
                if name in kept or name not in {one.name for one in asked}
            }
            payload["form"] = came | answered
        return Corrected(payload, self._position(payload, filled)), filled.faults | faults

    def _staged(self, said: dict[str, str]) -> list[Row]:
        return [photo | {"stage": said.get(str(photo.get("id")), photo.get("stage"))}
                for photo in self.payload.get("attachments") or ()]  # fmt: skip

    @staticmethod
    def _position(payload: Row, filled: Filled) -> Row | None:
        if filled.position.lon is not None:
            payload.pop("grid_code", None)
            return vars(filled.position)
        return {} if "grid_code" in filled.payload else None
