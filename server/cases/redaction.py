"""Erasing single words or one photo of a case: by the duty officer who answers for it, with a reason.

The words are cut out beside the chain; an event of the case says that, why and by whom, and commits to what is left of
them, so that the chain can still be proved. The original of a photo goes with its copies and is refused for ever.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from server.audit import service as audit
from server.audit.masking import mask_answer, mask_text, numbers_in
from server.cases import blobs, service, unchained
from server.cases.apply import apply
from server.cases.link import commitment, spelled
from server.cases.passages import MARK, Cut, Way, cuts_of, strings, without
from server.cases.sentences import SENTENCES, as_read
from server.cases.state import CaseState
from server.db import Connection, queries
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.locale import gettext_for
from server.people import erasure
from server.people.erasure import Erasure
from server.protocol.commands import Command, read_payload
from server.protocol.hats import DUTY, Actor, hats
from server.protocol.wire import body_hash, time_text, uuid7
from server.protocol.words import ACTION_WORDS
from server.security import Viewer

sql = queries(__file__, "redaction.sql")
SHORTEST = 2


@dataclass(frozen=True)
class Passage:
    """Something personal that was found in the words of event `n` (None: of an act that waits); `key` names the place,
    `words` are masked.
    """

    key: str
    n: int | None
    words: str


def may_redact(viewer: Viewer, row: Mapping[str, Any], now: datetime) -> bool:
    """The duty officer of the office that holds the case, or of one above it."""
    facts = CaseState(**{k: row[k] for k in CaseState.__dataclass_fields__}).facts(now)
    return DUTY in hats(viewer.actor(), facts)


def said(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    """What people wrote on the case, masked as everywhere, and what in it looks personal.

    Raises NotFound, NotAllowed.
    """
    row = _own(conn, viewer, number, now)
    translate = gettext_for(viewer.lang)
    texts: list[dict[str, Any]] = []
    found: list[Passage] = []
    for key, (action, private) in _offered(conn, row["id"]).items():
        parts = list(strings(private))
        words = " · ".join(
            mask_text(as_read(text, translate)) for path, text in parts if not _is_answer(path)
        )
        n = key if isinstance(key, int) else None
        texts.append({"n": n, "action_word": translate(ACTION_WORDS[action]), "words": words})
        found += _passages(key, private)
    return {"version": row["version"], "texts": texts, "found": found}


def redact_words(
    conn: Connection,
    viewer: Viewer,
    number: str,
    chosen: Collection[str],
    typed: Sequence[str],
    reason: str,
    seen_version: int,
    now: datetime,
    address: str = "",
) -> list[Erasure]:
    """Cuts passages (`chosen`, keys of `said`) and words as they were typed out of everything written on the case.

    Keep what is returned (`erasure.keep`) after commit. Raises NotFound, NotAllowed, Conflict when the case has moved
    since, BadInput without a reason or where nothing of it is there.
    """
    erasure.with_reason(reason)
    row = _alone(conn, viewer, number, now)
    if row["version"] != seen_version:
        raise Conflict
    words = _words(_offered(conn, row["id"]), unchained.texts(conn, row["id"]), chosen, typed)
    cuts = {n: cuts_of(private, words) for n, (_action, private) in _written(conn, row["id"]).items()}
    beside = unchained.cut(conn, row["id"], words)
    act = _Act(row["id"], row["district_id"], viewer.actor(), reason, now)
    done = [act.cut(conn, {n: places for n, places in cuts.items() if places}, beside)]
    detail = {"case": number, "events": sorted(done[0].cuts or ()), "reason": reason}
    audit.log(conn, "words_redacted", viewer.person_id, address, detail, now)
    return done


def redact_photo(
    conn: Connection,
    folder: Path,
    viewer: Viewer,
    number: str,
    photo_id: uuid.UUID,
    reason: str,
    now: datetime,
    address: str = "",
) -> list[Erasure]:
    """Erases the original and the copies of one photo; the same picture goes from every case that shows it."""
    erasure.with_reason(reason)
    row = _alone(conn, viewer, number, now)
    sha256 = sql.photo(conn, case_id=row["id"], id=photo_id)
    if sha256 is None:
        raise NotFound
    act = _Act(row["id"], row["district_id"], viewer.actor(), reason, now)
    done = [act.take(conn, folder, str(photo_id), sha256)]
    audit.log(conn, "photo_erased", viewer.person_id, address,
              {"case": number, "photo": str(photo_id), "reason": reason}, now)  # fmt: skip
    return done


def _own(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    row = service.get_row(conn, viewer, number)
    if not may_redact(viewer, row, now):
        raise NotAllowed(SENTENCES["not_yours"])
    return dict(row)


def _alone(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    """The same for who erases now: the case is theirs alone until the transaction ends."""
    row = _own(conn, viewer, number, now)
    return dict(sql.lock_case(conn, id=row["id"]) or row)


def _written(conn: Connection, case_id: uuid.UUID) -> dict[int, tuple[str, Any]]:
    """Act and private words of each event that has some, by its number; what erasing itself said stays."""
    rows = sql.written(conn, case_id=case_id)
    return {row["n"]: (row["action"], json.loads(row["body"])) for row in rows}


def _offered(conn: Connection, case_id: uuid.UUID) -> dict[int | str, tuple[str, Any]]:
    """The same, and of each act that waits for a decision by its command."""
    found: dict[int | str, tuple[str, Any]] = dict(_written(conn, case_id).items())
    found.update(unchained.waiting(conn, case_id))
    return found


# Words and places --------------------------------------------------------------------------------------------


def _is_answer(path: Way) -> bool:
    return "form" in path


def _passages(key: int | str, private: Any) -> Iterator[Passage]:
    n = key if isinstance(key, int) else None
    for path, text in strings(private):
        at = "/".join(map(str, (key, *path)))
        if _is_answer(path):
            yield Passage(f"{at}:0-{len(text)}", n, mask_answer(str(path[-1]), text))
            continue
        for start, end in numbers_in(text):
            yield Passage(f"{at}:{start}-{end}", n, mask_text(text[start:end]))


def _words(
    written: Mapping[int | str, tuple[str, Any]],
    elsewhere: Sequence[str],
    chosen: Collection[str],
    typed: Iterable[str],
) -> list[str]:
    """The words that are to go, the longest first."""
    offered = {}
    for key, (_action, private) in written.items():
        texts = {"/".join(map(str, (key, *path))): text for path, text in strings(private)}
        for passage in _passages(key, private):
            place, _colon, span = passage.key.rpartition(":")
            start, end = map(int, span.split("-"))
            offered[passage.key] = texts[place][start:end]
    own = [words for line in typed if (words := line.strip())]
    everything = [*elsewhere]
    everything += [text for _action, private in written.values() for _path, text in strings(private)]
    for words in own:
        if len(words) < SHORTEST or not any(words in text for text in everything):
            raise BadInput("“{words}” does not stand in what was written on this case.", words=words)
    wanted = {*own, *(offered[key] for key in chosen if key in offered)}
    if not wanted:
        raise BadInput("Choose or write the words that are to go.")
    return sorted(wanted, key=len, reverse=True)


# The act -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Act:
    """One act of erasing on a case, in the name of `actor`; only this room writes it."""

    case_id: uuid.UUID
    district_id: int
    actor: Actor
    reason: str
    now: datetime
    id: uuid.UUID = field(default_factory=uuid7)

    def cut(
        self, conn: Connection, cuts: Mapping[int, Collection[Cut]], beside: Mapping[str, Collection[Cut]]
    ) -> Erasure:
        """Cuts the words beside the chain and in the row of the case, and drops the commands as they came. `beside`:
        what was cut of commands that are no events.
        """
        told: dict[str, str] = {}
        words: set[str] = set()
        events = {row["n"]: row for row in sql.written(conn, case_id=self.case_id)}
        for n, places in cuts.items():
            private = json.loads(events[n]["body"])
            texts = dict(strings(private))
            words |= {texts[tuple(path)][start:end] for path, start, end in places}
            text = spelled(without(private, [(tuple(path), a, b) for path, a, b in places]))
            salt, told[str(n)] = commitment(text)
            sql.write_over(conn, case_id=self.case_id, n=n, salt=salt, body=text)
        self._write(conn, {"events": told})
        for n in cuts:
            event = events[n]
            erasure.drop_copies(conn, str(self.case_id), event["command_id"], event["told_the_case"])
        self._blacken_case(conn, sorted(words, key=len, reverse=True))
        every = {**{str(n): places for n, places in cuts.items()}, **beside}
        kept = {key: [[list(path), a, b] for path, a, b in places] for key, places in every.items()}
        return self._put_down(conn, cuts=kept)

    def take(self, conn: Connection, folder: Path, photo_id: str, sha256: str) -> Erasure:
        """Takes the bytes of a photo away."""
        self._write(conn, {"photo": photo_id})
        blobs.erase(conn, folder, sha256, self.now)
        return self._put_down(conn, sha256=sha256)

    def _write(self, conn: Connection, what: dict[str, Any]) -> None:
        payload = {"reason": self.reason, **what}
        raw = {"kind": "redact", "payload": payload, "person": self.actor.person}
        command = Command(
            self.id, "redact", self.case_id, read_payload("redact", payload), body_hash(raw), "console",
            self.actor.person, district_id=self.district_id, raw=json.dumps(raw, ensure_ascii=False, sort_keys=True),
            actor=replace(self.actor, system=True),
        )  # fmt: skip
        (answer,) = apply(conn, [command], self.now)
        if not answer.applied:
            raise BadInput(answer.sentence, **answer.params)

    def _blacken_case(self, conn: Connection, words: Sequence[str]) -> None:
        row = sql.case_words(conn, id=self.case_id)

        def blackened(text: str) -> str:
            for one in words:
                text = text.replace(one, MARK)
            return text

        form = json.dumps({name: blackened(value) for name, value in row["form"].items()}, ensure_ascii=False)
        sql.rewrite_case(conn, id=self.case_id, title=blackened(row["title"]),
                         description=blackened(row["description"]), form=form)  # fmt: skip

    def _put_down(self, conn: Connection, **what: Any) -> Erasure:
        done = Erasure(str(self.id), time_text(self.now), None, str(self.case_id), None, self.actor.person,
                       self.reason, **what)  # fmt: skip
        erasure.put_down(conn, done)
        return done


def again(conn: Connection, folder: Path, done: Erasure, now: datetime) -> None:
    """The same once more in a restored database that does not know of it, with an event that says so there."""
    case = sql.case_of(conn, id=done.case_id)
    if case is None:
        return
    actor = Actor(done.by_id, "centre", district=case["district_id"])
    act = _Act(case["id"], case["district_id"], actor, done.reason, now, uuid.UUID(done.id))
    if done.sha256 is not None:
        photo = sql.photo_of(conn, case_id=case["id"], sha256=done.sha256)
        if photo is not None:
            act.take(conn, folder, str(photo), done.sha256)
        else:  # a tablet may bring it back with its report
            blobs.erase(conn, folder, done.sha256, now)
        return
    there = {row["n"] for row in sql.written(conn, case_id=case["id"])}
    cuts = {key: [(tuple(path), a, b) for path, a, b in found] for key, found in (done.cuts or {}).items()}
    kept = {int(key): places for key, places in cuts.items() if key.isdigit() and int(key) in there}
    beside = {key: places for key, places in cuts.items() if not key.isdigit()}
    unchained.cut_again(conn, case["id"], beside)
    if kept or beside:
        act.cut(conn, kept, beside)
