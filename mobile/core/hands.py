"""What the worker's hands do: a report, an act, a way back; checked, then sealed, or refused with a sentence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from mobile.core.act_fields import form_field, on_the_wire, resident_fields
from mobile.core.act_words import photo_rule
from mobile.core.capture import Capture
from mobile.core.drafts import RESIDENT, Drafts
from mobile.core.known import Known
from mobile.core.outbox import Entry, Outbox
from mobile.core.owner import Owner
from mobile.core.photos import Photos
from mobile.core.store import DiskFull, Store
from mobile.core.views import Draft, Field, Position, Refusal
from server.protocol.fields import BadCommand
from server.protocol.pack import Category
from server.protocol.pack.answered import wrong_answer
from server.protocol.payloads import COMPONENT, ON_BEHALF
from server.protocol.stages import lacking, of_making_safe
from server.protocol.words import STAGE_WORDS

RECENT = 12
NO_FORM: Mapping[str, str] = {}
REPORTS = ("report", "self_handle")


class Hands:
    """Seals what is entered. Every seal is one transaction: commands, photos and draft together or not at all."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        photos: Photos,
        owner: Owner,
        drafts: Drafts,
        known: Known,
        capture: Capture,
        sealed: Callable[[], None],
    ) -> None:
        self._store, self._outbox, self._photos, self._owner = store, outbox, photos, owner
        self._drafts, self._known, self._capture, self._sealed = drafts, known, capture, sealed

    # Reporting -----------------------------------------------------------------------------------------------

    def report(
        self,
        category: str,
        condition: str,
        position: Position | None,
        sentence: str,
        photos: Sequence[str],
        mended: bool,
        form: Mapping[str, str] = NO_FORM,
        behalf: bool = False,
        safe: bool = False,
        component: str = "",
    ) -> str:
        """Seals a report; where the place was made safe that follows it as an act of its own."""
        chosen, say = self._known.category(category), self._owner.speech.say
        safe = safe and not mended
        seen, shown = self._parted(photos, chosen, safe)
        self._check(chosen, condition, mended, seen)
        if safe and lacking("make_safe", chosen, self._stages(shown)):
            raise Refusal(say("Take a photo of what makes the place safe."))
        answers = self._answers(chosen, form, behalf) | ({COMPONENT: component} if component else {})
        done = (sentence.strip() or say("Mended on the spot")) if mended else ""
        with self._sealing():
            places = self._known.places
            command_id = self._capture.report(
                chosen, condition, position, sentence, seen, done, answers, places
            )
            if safe:
                case_id = self._outbox.entry(command_id).case_id
                self._capture.act(case_id, 0, "make_safe", {}, shown, position, places)
            if replaced := self._drafts.replaces:
                self._outbox.put_away(replaced, "edited", command_id)
                self._photos.give_up(replaced)
            self._drafts.done()
            recent = dict.fromkeys([chosen.key, *self._store.kept("recent", [])])
            self._store.keep("recent", list(recent)[:RECENT])
        self._sealed()
        return command_id

    def _parted(self, photos: Sequence[str], chosen: Category, safe: bool) -> tuple[list[str], list[str]]:
        """The photos of the report, and those that show that the place was made safe."""
        stages = {name: self._photos.card(name).stage for name in photos if safe and self._photos.has(name)}
        shown = {name for name, _ in of_making_safe([*stages.items()], chosen.evidence)}
        return [name for name in photos if name not in shown], [name for name in photos if name in shown]

    def _stages(self, photos: Sequence[str]) -> list[str]:
        return [self._photos.card(name).stage for name in photos]

    def _check(self, chosen: Category, condition: str, mended: bool, photos: Sequence[str]) -> None:
        say = self._owner.speech.say
        if condition and chosen.condition(condition) is None:
            raise Refusal(say("Choose which condition of the category it is; it sets the time limit."))
        if mended and not chosen.self_handle:
            raise Refusal(say("This category cannot be closed by mending it on the spot."))
        self._check_photos("self_handle" if mended else "report", chosen, photos)

    def _check_photos(self, action: str, category: Category, photos: Sequence[str]) -> None:
        """Refusal names the stages of which the pack wants a photo with the act and that none of them shows."""
        if not all(map(self._photos.has, photos)):
            return  # sealing says so
        say, missing = self._owner.speech.say, lacking(action, category, self._stages(photos))
        if not missing:
            return
        if len(category.evidence[action]) == 1:
            raise Refusal(say("This category needs a photo."))
        stages = say(", ").join(say(STAGE_WORDS[stage]) for stage in missing)
        raise Refusal(say("Photos are still missing: {stages}.", stages=stages))

    def _answers(self, chosen: Category, form: Mapping[str, str], behalf: bool) -> dict[str, str]:
        """The answers that belong to this category, and for whom it is reported; Refusal names what is missing."""
        telling = self._known.telling()
        asked = [form_field(field, telling.speech, telling.now) for field in chosen.form]
        asked += resident_fields(telling.speech) if behalf else ()
        answers = {field.name: form.get(field.name, "").strip() for field in asked}
        for field in asked:
            self._check_answer(field, answers[field.name])
        found = {name: answer for name, answer in answers.items() if answer}
        return found | ({ON_BEHALF: RESIDENT} if behalf else {})

    def _check_answer(self, field: Field, answer: str) -> None:
        say = self._owner.speech.say
        if field.required and not answer:
            raise Refusal(say("Fill in: {field}.", field=field.label))
        codes = [choice.code for choice in field.choices]
        if answer and (wrong := wrong_answer(field.kind, codes, answer)):
            raise Refusal(say(wrong, field=field.label))

    # Acting --------------------------------------------------------------------------------------------------

    def act(
        self,
        case_id: str,
        action: str,
        values: Mapping[str, str | Sequence[str]],
        photos: Sequence[str] = (),
        position: Position | None = None,
    ) -> str:
        """Seals an act that the table allows on the case as it stands here."""
        telling = self._known.telling(position=position)
        standing = self._known.standing(case_id, telling.actor)
        row = next((row for row in telling.rows(standing) if row.action == action), None)
        if row is None:
            raise Refusal(self._say("This act is not possible at this moment."))
        category, _condition = telling.category(standing)
        if category:
            self._check_photos(action, category, photos)
        if not photos and photo_rule(row, category) == "must":
            raise Refusal(self._say("Take a photo first"))
        moves = any(need.kind == "place" for need in row.needs)
        if moves and not values.get("place"):
            position = None  # a position with it would say that the case lies here
        payload = on_the_wire(row, values, telling.now, telling.speech)
        with self._sealing():
            command_id = self._capture.act(
                case_id, standing.version, action, payload, photos, position, self._known.places
            )
        self._sealed()
        return command_id

    # Back ----------------------------------------------------------------------------------------------------

    def undo(self, command_id: str) -> bool:
        """Takes back a command that was never sent, and the making safe that was sealed with a report."""
        with self.roomy(), self._store.writing():
            entry = self._known.entry(command_id)
            made_safe = self._sealed_with(entry)
            if made_safe and not self._withdraw(made_safe):
                return False
            if not self._withdraw(entry):
                return False
            if entry.kind in REPORTS and not self._drafts.exists:
                self._drafts.reopen(entry, replacing=False, made_safe=made_safe)
            return True

    def _sealed_with(self, entry: Entry) -> Entry | None:
        last = self._outbox.newest_waiting(entry.case_id)
        follows = last and last.kind == "make_safe" and last.depends_on == entry.command_id
        return last if follows and entry.kind in REPORTS and entry.state == "queued" else None

    def _withdraw(self, entry: Entry) -> bool:
        if not self._outbox.withdraw(entry.command_id):
            return False
        self._photos.unbind(entry.command_id)
        return True

    def outbox_act(self, command_id: str, step: str, reason: str = "") -> Draft | None:
        """What the worker decides about something in the outbox; a draft when it is to be reported again."""
        entry = self._known.entry(command_id)
        if step == "edit":
            with self.roomy():
                return self._drafts.reopen(entry, replacing=True)
        if step == "undo" and not self.undo(command_id):
            raise Refusal(self._say("It is too late to take this back: it may have been sent."))
        if step == "ask_office":
            self.act(entry.case_id, "comment", {"text": reason})
            self._put_away(entry, "asked", reason)
        elif step in ("discard", "let_go") and not reason.strip():
            raise Refusal(self._say("Say in a few words why it is discarded."))
        elif step == "discard":
            self._put_away(entry, "discarded", reason)
            self._photos.give_up(command_id)
        elif step == "let_go":
            with self.roomy():
                self._photos.let_go(command_id)
        elif step == "seen":
            self._put_away(entry, "seen", "")
        return None

    def _put_away(self, entry: Entry, what: str, reason: str) -> None:
        if entry.waits:
            raise Refusal(self._say("It has no answer yet and stays until it has one."))
        with self.roomy():
            self._outbox.put_away(entry.command_id, what, reason)

    # Refusals ------------------------------------------------------------------------------------------------

    def _say(self, msgid: str) -> str:
        return self._owner.speech.say(msgid)

    @contextmanager
    def roomy(self) -> Iterator[None]:
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
        with self.roomy():
            try:
                with self._store.writing():
                    yield
            except BadCommand as bad:
                raise Refusal(self._owner.speech.say(bad.sentence, **bad.params)) from bad
            except KeyError as missing:
                raise Refusal(
                    self._say("A photo of this capture is not on this tablet any more.")
                ) from missing
