"""The outbox: commands sealed at the tap, in the order of their making, until the server's word is stored.

States: queued, sending, then the server's word (applied, applied_with_conflict, held, rejected), or quarantined
(cannot be sent as it is), or withdrawn (taken back before it was ever sent). On held follows what the office decided.
Nothing is ever changed or deleted.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from mobile.core.clockwork import Clock
from mobile.core.seal import SealBroken
from mobile.core.store import Store
from mobile.core.views import UNDO_SECONDS
from server.protocol.wire import read_time, time_text

WAITING = ("queued", "sending")
OFFERED = ("applied", "applied_with_conflict", "held")  # what is lost with a server that forgets it
OUTCOMES = ("applied", "applied_with_conflict", "held", "rejected")
DECISIONS = ("applied", "applied_with_conflict", "rejected")
BATCH = 100
UNDO = timedelta(seconds=UNDO_SECONDS)

_ENTRY = """select o.*, w.state, w.at, w.answer, w.sent, w.put_away, w.mirrored
            from outbox o join outbox_now w using (seq) where """


@dataclass(frozen=True)
class Entry:
    """One command and where it stands. `command` is the wire's JSON, `answer` the server's result for it."""

    seq: int
    command_id: str
    case_id: str
    kind: str
    depends_on: str | None
    made_at: datetime
    send_after: datetime
    state: str
    at: datetime
    sent: bool
    put_away: bool
    mirrored: bool
    command: dict[str, Any] = field(hash=False)
    answer: dict[str, Any] = field(hash=False)

    @cached_property
    def payload(self) -> dict[str, Any]:
        return self.command.get("payload") or {}

    @property
    def author(self) -> int | None:
        """The person who made it, None where it cannot be read any more."""
        return self.command.get("person_id")

    @property
    def waits(self) -> bool:
        return self.state in WAITING

    @property
    def decided(self) -> bool:
        """Whether the answer is what the office decided about an act that was held."""
        return "decided_at" in self.answer

    @property
    def version(self) -> int:
        """The case's version that the server's answer names, 0 before."""
        return int(self.answer.get("version") or 0)


class Outbox:
    """Reads and appends; the tables' triggers refuse everything else."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def append(self, command: dict[str, Any]) -> int:
        """Seals a command (all but its seq, which is given here) and gives its seq: on the disk when this returns.
        It goes out after the seconds in which it can be undone.
        """
        with self._store.writing() as sql:
            last = sql.execute("select max(seq) from outbox").fetchone()[0] or 0
            seq = max(last + 1, self._store.kept("next_seq", 1))
            sealed = {**command, "seq": seq}
            body = self._store.seal.shut(
                f"outbox/{command['command_id']}", json.dumps(sealed, ensure_ascii=False).encode()
            )
            made = read_time(command["made_at"])
            sql.execute(
                "insert into outbox values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    seq,
                    command["command_id"],
                    command["case_id"],
                    command["kind"],
                    command.get("depends_on"),
                    command["made_at"],
                    time_text(made + UNDO),
                    body,
                ),
            )
        return seq

    def entry(self, command_id: str) -> Entry:
        """Raises KeyError for a command that this tablet never made."""
        for found in self._entries("o.command_id = ?", command_id):
            return found
        raise KeyError(command_id)

    def shown(self) -> list[Entry]:
        """All that the worker should see: whatever was not put away, oldest first."""
        return self._entries("w.put_away = 0")

    def replayed(self) -> list[Entry]:
        """What the mirror does not know yet: waiting commands, and answered ones that have not come down."""
        return self._entries(
            "w.mirrored = 0 and (w.state in ('queued', 'sending', 'applied', 'applied_with_conflict')"
            " or w.state = 'held' and w.put_away = 0)"
        )

    def all(self) -> list[Entry]:
        """Every command that this tablet ever made."""
        return self._entries("true")

    def ready(self, hurry: bool = False, most: int = BATCH) -> list[Entry]:
        """The next commands to send, in seq order; those that may still be undone wait unless `hurry`."""
        found = self._entries("w.state in ('queued', 'sending') order by seq limit ?", most)
        now = self._clock.now()
        return [entry for entry in found if hurry or self._may_go(entry, now)]

    def next_due(self) -> datetime | None:
        """When the first command stops being undoable (device time), None when nothing waits."""
        found = self._store.rows(
            "select min(send_after) as at from outbox join outbox_now using (seq) where state = 'queued'"
        )
        return read_time(found[0]["at"]) if found[0]["at"] else None

    def waiting(self) -> int:
        """How many have no word from the server yet."""
        return int(
            self._store.rows("select count(*) as n from outbox_now where state in ('queued', 'sending')")[0][
                "n"
            ]
        )

    def states(self) -> dict[str, int]:
        """How many commands stand in each state."""
        counted = self._store.rows("select state, count(*) as n from outbox_now group by state")
        return {row["state"]: row["n"] for row in counted}

    def newest_waiting(self, case_id: str) -> Entry | None:
        """The last command of a case that the server has not answered."""
        found = self._entries(
            "o.case_id = ? and w.state in ('queued', 'sending') order by seq desc limit 1", case_id
        )
        return found[0] if found else None

    def offer_again(self) -> None:
        """The server may have forgotten what it answered: all of that is to be offered to it again."""
        self._store.keep("offered", 0)

    def offered(self, most: int) -> list[Entry]:
        """The next of the answered commands that are still to be offered again, in seq order; what was refused had no
        effect and stays refused.
        """
        after = self._store.kept("offered")
        if after is None:
            return []
        found = self._entries(f"w.state in {OFFERED} and o.seq > ? order by seq limit ?", after, most)
        if not found:
            self._store.drop("offered")
        return [entry for entry in found if entry.command]

    def heard_again(self, entries: list[Entry], results: dict[str, dict[str, Any]]) -> None:
        """What the server says of them now. A word that differs follows the first one, and is shown."""
        with self._store.writing():
            self._add_words(
                [
                    (entry.seq, result["outcome"], self._note("answer", entry.command_id, result))
                    for entry in entries
                    if (result := results.get(entry.command_id, {})).get("outcome") in OUTCOMES
                    and result["outcome"] != entry.state
                    and not (entry.decided and result["outcome"] == "held")
                ]
            )
            self._store.keep("offered", entries[-1].seq)

    def leave(self, entries: list[Entry]) -> None:
        """They are on their way: from now on nobody can know that the server has not got them."""
        self._add_words([(entry.seq, "sending", None) for entry in entries if entry.state == "queued"])

    def answered(self, results: dict[str, dict[str, Any]]) -> int:
        """Stores the server's words by command id; how many were news. Words that we do not know change nothing."""
        spoken = {name: result for name, result in results.items() if result.get("outcome") in OUTCOMES}
        return self._spoken(spoken, "'queued', 'sending', 'quarantined'")

    def decided(self, decisions: dict[str, dict[str, Any]]) -> int:
        """Stores what the office decided about held acts, by command id; how many were news. One whose answer was lost
        on the way may hear of the decision first.
        """
        spoken = {name: body for name, body in decisions.items() if body.get("outcome") in DECISIONS}
        return self._spoken(spoken, "'queued', 'sending', 'quarantined', 'held'")

    def _spoken(self, spoken: dict[str, dict[str, Any]], states: str) -> int:
        with self._store.writing() as sql:
            marks = ", ".join("?" * len(spoken))
            open_ones = sql.execute(
                "select seq, command_id from outbox join outbox_now using (seq) "
                f"where state in ({states}) and command_id in ({marks})",
                tuple(spoken),
            ).fetchall()
            self._add_words(
                [
                    (
                        row["seq"],
                        spoken[row["command_id"]]["outcome"],
                        self._note("answer", row["command_id"], spoken[row["command_id"]]),
                    )
                    for row in open_ones
                ]
            )
        return len(open_ones)

    def _note(self, kind: str, command_id: str, note: dict[str, Any]) -> bytes:
        return self._store.seal.shut(f"{kind}/{command_id}", json.dumps(note, ensure_ascii=False).encode())

    def quarantine(self, entry: Entry, sentence: str) -> None:
        """The server refuses even to read it: it stays here, in sight, and blocks nothing behind it."""
        answer = {"reason": {"code": "quarantined", "sentence": sentence}}
        self._add_words([(entry.seq, "quarantined", self._note("answer", entry.command_id, answer))])

    def withdraw(self, command_id: str) -> bool:
        """Takes a command back that was never sent and that nothing waiting depends on."""
        with self._store.writing() as sql:
            entry = self.entry(command_id)
            leaning = sql.execute(
                "select 1 from outbox join outbox_now using (seq) where depends_on = ? and state <> 'withdrawn'",
                (command_id,),
            ).fetchone()
            if entry.state != "queued" or entry.sent or leaning:
                return False
            self._add_words([(entry.seq, "withdrawn", None)])
            return True

    def put_away(self, command_id: str, what: str, reason: str = "") -> None:
        """The worker has dealt with it (seen, edited, discarded): it stays stored but is shown no more."""
        self._add_words(
            [
                (
                    self.entry(command_id).seq,
                    "put_away",
                    self._note("note", command_id, {"what": what, "reason": reason}),
                )
            ]
        )

    def unmirrored(self) -> list[int]:
        """The answered commands that a complete look at the changes will have brought down."""
        return [
            row["seq"]
            for row in self._store.rows(
                "select seq from outbox_now where mirrored = 0 and state in ('applied', 'applied_with_conflict')"
            )
        ]

    def came_down(self, seqs: list[int]) -> None:
        """The mirror holds what these did."""
        with self._store.writing() as sql:
            sql.executemany("update outbox_now set mirrored = 1 where seq = ?", [(seq,) for seq in seqs])

    def _add_words(self, words: list[tuple[int, str, bytes | None]]) -> None:
        at = time_text(self._clock.now())
        with self._store.writing() as sql:
            sql.executemany(
                "insert into outbox_words (seq, state, at, answer) values (?, ?, ?, ?)",
                [(seq, state, at, answer) for seq, state, answer in words],
            )

    @staticmethod
    def _may_go(entry: Entry, now: datetime) -> bool:
        # A clock that was set back must not hold a command for hours: before its own making, the wait is over.
        return now < entry.made_at or now >= entry.send_after or entry.sent

    def _entries(self, where: str, *parameters: Any) -> list[Entry]:
        ordered = where if "order by" in where else f"{where} order by seq"
        return [self._entry(row) for row in self._store.rows(_ENTRY + ordered, parameters)]

    def _entry(self, row: sqlite3.Row) -> Entry:
        command = self._opened(f"outbox/{row['command_id']}", row["body"])
        answer = self._opened(f"answer/{row['command_id']}", row["answer"])
        return Entry(
            row["seq"],
            row["command_id"],
            row["case_id"],
            row["kind"],
            row["depends_on"],
            read_time(row["made_at"]),
            read_time(row["send_after"]),
            row["state"],
            read_time(row["at"]),
            bool(row["sent"]),
            bool(row["put_away"]),
            bool(row["mirrored"]),
            command,
            answer,
        )

    def _opened(self, what: str, sealed: bytes | None) -> dict[str, Any]:
        """{} for nothing, and for a body that is not whole any more."""
        try:
            return dict(json.loads(self._store.seal.open(what, sealed))) if sealed else {}
        except SealBroken:
            return {}
