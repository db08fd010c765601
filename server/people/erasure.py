"""Erasing personal data: who a person was, and the words of an event; the chain holds neither and stays whole.

What was erased is written down without the words (`erasures`, and a file that outlives the database), so that a
restored copy can be erased again and the proof knows why words are gone. What somebody did in office stays: the acts
of a case are a record of the office, under a number that no longer leads to a name.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.db import Connection, queries
from server.errors import BadInput, NotFound
from server.people.service import only_admin
from server.protocol.wire import named_uuid, read_time, time_text
from server.security import Viewer

SQL = queries(__file__, "erasure.sql")
SHORTEST_REASON = 2


@dataclass(frozen=True)
class Erasure:
    """One thing that was erased: a person (`cuts` is {} where all that they wrote went too), the words of event `n` of
    a case, some words of a case (`cuts`: by number of the event, or by the command of an act that is none, their path,
    from, to; no places = all of it), or a photo. `at` is UTC text.
    """

    id: str
    at: str
    person_id: int | None
    case_id: str | None
    n: int | None
    by_id: int | None
    reason: str
    cuts: dict[str, list[Any]] | None = None
    sha256: str | None = None

    @property
    def is_act(self) -> bool:
        """Whether an act of the case says it: words that were cut, a photo."""
        return self.case_id is not None and (self.cuts is not None or self.sha256 is not None)

    @classmethod
    def of_person(
        cls, person_id: int, at: datetime, by_id: int | None, reason: str, words: bool = False
    ) -> "Erasure":
        own = str(named_uuid("erased", str(person_id)))
        return cls(own, time_text(at), person_id, None, None, by_id, reason, {} if words else None)

    @classmethod
    def of_words(cls, case_id: UUID, n: int, at: datetime, by_id: int | None, reason: str) -> "Erasure":
        own = str(named_uuid("erased", str(case_id), str(n)))
        return cls(own, time_text(at), None, str(case_id), n, by_id, reason)


def erasable(conn: Connection, viewer: Viewer, login: str) -> dict[str, Any]:
    """id, login and name of somebody whom the administrator may erase. Raises NotAllowed, NotFound."""
    row = SQL.person_here(conn, login=login.strip().lower(), district_id=only_admin(viewer))
    if row is None:
        raise NotFound
    return dict(row)


def erase_by(
    conn: Connection, viewer: Viewer, login: str, reason: str, address: str, now: datetime, words: bool
) -> list[Erasure]:
    """What `erase_person` does, by an administrator for a person of the own district; keep what is returned."""
    if erasable(conn, viewer, login)["id"] == viewer.person_id:
        raise BadInput("You cannot erase yourself; another administrator does it.")
    return erase_person(conn, login, reason, now, viewer.person_id, words, address)


def erase_person(
    conn: Connection,
    login: str,
    reason: str,
    now: datetime,
    by_id: int | None = None,
    words: bool = False,
    address: str = "",
) -> list[Erasure]:
    """Erases who `login` was and ends every way in; with `words` also all that they wrote on cases.

    Writes in the caller's transaction; keep what is returned (`keep`) after commit. Raises BadInput when there is
    nobody with this login, or no reason.
    """
    with_reason(reason)
    row = SQL.person(conn, login=login.strip().lower())
    if row is None:
        raise BadInput("There is nobody with the login {login}.", login=login)
    done = [Erasure.of_person(row["id"], now, by_id, reason, words)]
    if words:
        written = SQL.words_of(conn, person_id=row["id"])
        done += [Erasure.of_words(one["case_id"], one["n"], now, by_id, reason) for one in written]
    for erasure in done:
        _apply(conn, erasure, now)
    audit.log(
        conn,
        "person_erased",
        by_id,
        address,
        {"person": row["id"], "events": len(done) - 1, "reason": reason},
        now,
    )
    return done


def erase_words(
    conn: Connection, number: str, n: int, reason: str, now: datetime, by_id: int | None = None
) -> list[Erasure]:
    """Erases the private words of event `n` of the case with this number: title, description, contacts, remarks.

    Raises BadInput when there is no such event, it has no words, or no reason is given.
    """
    with_reason(reason)
    event = SQL.event(conn, number=number, n=n)
    if event is None:
        raise BadInput("Case {number} has no event {n}.", number=number, n=n)
    if not event["has_words"]:
        raise BadInput("Event {n} of case {number} carries no words of anybody.", number=number, n=n)
    erasure = Erasure.of_words(event["case_id"], n, now, by_id, reason)
    _apply(conn, erasure, now)
    audit.log(conn, "words_erased", by_id, "", {"case": number, "event": n, "reason": reason}, now)
    return [erasure]


def with_reason(reason: str) -> None:
    """BadInput unless it is said why."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("Say why it is erased; the reason is kept.")


def put_down(conn: Connection, erasure: Erasure) -> None:
    """Its row: that it was erased, never what."""
    cuts = json.dumps(erasure.cuts) if erasure.cuts is not None else None
    SQL.add_erasure(conn, **{**asdict(erasure), "at": read_time(erasure.at), "cuts": cuts})


def drop_copies(conn: Connection, case_id: str, command_id: Any, told_the_case: bool) -> None:
    """What else holds the words of an event: the command as it came, its decision, its twins and its repeats."""
    SQL.drop_payload(conn, command_id=command_id)
    SQL.drop_decision(conn, command_id=command_id)
    SQL.drop_forged(conn, command_id=command_id)
    if told_the_case:
        SQL.drop_refused(conn, case_id=case_id)


def _apply(conn: Connection, erasure: Erasure, now: datetime) -> None:
    """Does one erasure; done twice it does no harm."""
    put_down(conn, erasure)
    if erasure.person_id is not None:
        for statement in (
            SQL.drop_private,
            SQL.end_letters,
            SQL.drop_credentials,
            SQL.drop_sessions,
            SQL.end_tokens,
            SQL.end_tablets,
            SQL.drop_codes,
            SQL.drop_contact,
            SQL.end_memberships,
            SQL.close_person,
        ):
            statement(conn, person_id=erasure.person_id, now=now)
        if erasure.cuts is not None:
            for statement in (SQL.drop_said_commands, SQL.drop_said_twins, SQL.drop_said_decisions):
                statement(conn, person_id=erasure.person_id)
        return
    event = SQL.event_by_id(conn, case_id=erasure.case_id, n=erasure.n)
    if event is None:
        return
    SQL.blank_changed(conn, case_id=erasure.case_id, n=erasure.n)
    SQL.drop_words(conn, case_id=erasure.case_id, n=erasure.n)
    drop_copies(conn, str(erasure.case_id), event["command_id"], event["told_the_case"])
    if event["told_the_case"]:
        SQL.blank_case(conn, case_id=erasure.case_id)


def keep(file: Path, done: Iterable[Erasure]) -> None:
    """Appends what was erased to the file that a restore is erased by."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in done)


def known(conn: Connection, file: Path) -> list[Erasure]:
    """All that the table or `file` name, the oldest first."""
    found: dict[str, Erasure] = {str(row["id"]): _of_row(row) for row in SQL.all_erasures(conn)}
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                erasure = Erasure(**json.loads(line))
                found[erasure.id] = erasure
    return sorted(found.values(), key=lambda erasure: erasure.at)


def do_again(conn: Connection, erasure: Erasure, now: datetime) -> None:
    """A person or the words of an event, once more, in a restored database."""
    at = read_time(erasure.at)
    if erasure.person_id is None or SQL.already_there(conn, person_id=erasure.person_id, at=at):
        _apply(conn, erasure, now)


def _of_row(row: dict[str, Any]) -> Erasure:
    case_id = str(row["case_id"]) if row["case_id"] else None
    return Erasure(
        str(row["id"]),
        time_text(row["at"]),
        row["person_id"],
        case_id,
        row["n"],
        row["by_id"],
        row["reason"],
        row["cuts"],
        row["sha256"],
    )
