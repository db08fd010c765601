"""What leaves the house: seals letters, then sends one thing at a time from the outbox, again and again until it went.

A try is written down before it is made: counted, and the row is not due while it can last. So nobody else sends it
meanwhile, no transaction is open while a receiver thinks, and whatever goes wrong between the sending and writing down
how it went (a kill, a database that fell) costs one try of fourteen, never a flood. That one try may have arrived: the
key of the row (Message-ID of a letter, Idempotency-Key of a delivery) lets the receiver fold the two.
"""

import hashlib
import http.client
import json
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from server.db import Connection, Database, queries
from server.errors import XungeError
from server.locale import gettext_for
from server.security import Viewer
from server.settings import Settings
from server.telling import exchanges, mail, webhook
from server.telling.service import page_of
from server.telling.words import Translate, joined, sentence

sql = queries(__file__, "delivery.sql")
FIRST_DELAY, LONGEST_DELAY, LONGEST_REST = timedelta(seconds=30), timedelta(hours=6), timedelta(minutes=15)
MOST_TRIES = 14
TOO_OLD = timedelta(days=3)
MOST_LINES = 50
MOST_ERROR = 300
# Longer than a try can take: to connect, and what webhook.WHOLE_S and mail.WHOLE_S then allow.
UNDER_WAY = timedelta(minutes=2)


def _(msgid: str) -> str:
    """Marks a sentence for the catalogue: it is put into the reader's language where it is shown."""
    return msgid


# What a try says of itself until it is known how it went.
INTERRUPTED = _("The sender ended before it knew whether this had arrived.")
NO_ADDRESS = _("There is no address any more.")
SWITCHED_OFF = _("The webhook was switched off.")


def step(database: Database, settings: Settings, now: datetime) -> int:
    """Seals one letter or sends one thing that is due at `now`; 0 when there is nothing to do."""
    if settings.smtp_url and database.run(lambda conn: seal_next(conn, settings, now)):
        return 1
    row = database.run(lambda conn: begin_next(conn, settings, now))
    if row is None:
        return 0
    if row["tries"] > MOST_TRIES:
        # The last one was begun and never ended.
        database.run(lambda conn: sql.give_up(conn, id=row["id"], now=now, error=INTERRUPTED))
    elif row["channel"] == "mail":
        send_letter(database, settings, row, now)
    else:
        send_outcome(database, settings, row, now)
    return 1


def begin_next(conn: Connection, settings: Settings, now: datetime) -> dict[str, Any] | None:
    """Takes the next row that is due: its try is counted (`tries` of the answer) and nobody else takes it meanwhile."""
    row = sql.next_due(conn, now=now, mail=bool(settings.smtp_url))
    if row is None:
        return None
    sql.begin_try(conn, id=row["id"], due_at=now + UNDER_WAY, error=INTERRUPTED)
    return {**row, "tries": row["tries"] + 1}


# Letters -----------------------------------------------------------------------------------------------------


def seal_next(conn: Connection, settings: Settings, now: datetime) -> bool:
    """Makes one letter of all lines that wait for somebody; its words never change afterwards."""
    contact = sql.next_contact(conn, now=now, lang=settings.lang)
    if contact is None:
        return False
    sql.drop_read_lines(conn, contact=contact["id"], person=contact["person_id"])
    lines = list(sql.open_lines(conn, contact=contact["id"]))
    if not lines:
        return True
    key = f"mail.{contact['id']}.{min(line['id'] for line in lines)}"
    body = json.dumps(letter_words(contact, lines, settings.console_url), ensure_ascii=False)
    sealed = sql.seal(
        conn, key=key, district_id=contact["district_id"], contact=contact["id"], body=body, now=now
    )
    sql.close_lines(conn, letter=sealed["id"], contact=contact["id"], messages=[line["id"] for line in lines])
    sql.letter_sealed(conn, contact=contact["id"], now=now)
    return True


def letter_words(contact: dict[str, Any], lines: list[dict[str, Any]], home: str) -> dict[str, str]:
    """Subject and text of a letter: numbers and sentences without personal data, emergencies first."""
    translate, zone = gettext_for(contact["lang"]), ZoneInfo(contact["timezone"])
    said = [
        f"{line['made_at'].astimezone(zone):%m-%d %H:%M}  {_told(line, translate, zone, '  ')}\n"
        f"{home}{page_of(line['action'], line['held_id'], line['number']) or '/messages'}"
        for line in lines[:MOST_LINES]
    ]
    if len(lines) > MOST_LINES:
        said.append(translate("And {count} more.").format(count=len(lines) - MOST_LINES))
    first, end = (
        lines[0],
        translate("You asked for these letters; {url} is where you change or end them.").format(
            url=f"{home}/messages/letters"
        ),
    )
    if len(lines) == 1:
        subject = _told(first, translate, zone, " ")
    else:
        subject = translate("{count} messages").format(count=len(lines))
        if first["urgent"]:
            subject = joined([translate("Emergency."), subject], translate)
    return {"subject": f"{translate('Xunge')}: {subject}", "text": "\n\n".join([*said, end]) + "\n"}


def _told(line: dict[str, Any], translate: Translate, zone: ZoneInfo, between: str) -> str:
    """Number, where there is one, and sentence; what an office said about a held act does not leave the house."""
    said = sentence(line["action"], line["params"], translate, zone)
    return between.join(part for part in (line["number"], said) if part)


def send_letter(database: Database, settings: Settings, row: dict[str, Any], now: datetime) -> None:
    """Hands a sealed letter to the post office; when that is away, all letters wait."""
    if not row["mail"]:
        database.run(lambda conn: sql.give_up(conn, id=row["id"], now=now, error=NO_ADDRESS))
        return
    words = json.loads(row["body"])
    letter = mail.compose(
        settings.mail_from, row["mail"], words["subject"], words["text"], row["key"], row["made_at"]
    )
    try:
        mail.send(settings.smtp_url or "", letter)
    except mail.Undeliverable as error:
        refused = str(error)[:MOST_ERROR]
        database.run(lambda conn: sql.give_up(conn, id=row["id"], now=now, error=refused))
    except (smtplib.SMTPException, OSError, ValueError, XungeError) as error:
        all_wait = not isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
        database.run(partial(_letter_failed, row=row, now=now, error=_words(error), all_wait=all_wait))
    else:
        database.run(lambda conn: sql.sent(conn, id=row["id"], now=now))


def _letter_failed(conn: Connection, row: dict[str, Any], now: datetime, error: str, all_wait: bool) -> None:
    due_at = _later(conn, row, now, error)
    if all_wait:
        sql.postpone_mail(conn, due_at=due_at)


# Webhooks ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """How one delivery went: the answer's status (0: none), its time and size, and what was wrong."""

    status: int
    ms: int
    bytes: int = 0
    error: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def receiver_is_ill(self) -> bool:
        """Whether it is the receiver that fails, not this one delivery."""
        return self.status == 0 or self.status >= 500 or self.status == 429


def send_outcome(database: Database, settings: Settings, row: dict[str, Any], now: datetime) -> None:
    """One delivery to one webhook, and its row in the log of exchanges."""
    event = json.loads(row["body"])
    told = _posted(row, event["event"], settings.webhook_private)
    database.run(lambda conn: _write_down(conn, row, event, told, now))


def _write_down(
    conn: Connection, row: dict[str, Any], event: dict[str, Any], told: Told, now: datetime
) -> None:
    exchanges.add(conn, [_exchange(row, event, told, now)])
    if told.taken:
        sql.sent(conn, id=row["id"], now=now)
        sql.receiver_answers(conn, id=row["webhook_id"])
        return
    if told.status == http.client.GONE:
        sql.receiver_gone(conn, id=row["webhook_id"])
        sql.drop_waiting(conn, id=row["webhook_id"], now=now, error=told.error)
        return
    _later(conn, row, now, told.error)
    if told.receiver_is_ill:
        rest = min(FIRST_DELAY * 2 ** min(row["failures"], 10), LONGEST_REST)
        sql.receiver_fails(conn, id=row["webhook_id"], rest_until=now + rest)
        sql.give_up_old(conn, id=row["webhook_id"], now=now, made_before=now - TOO_OLD, error=told.error)


def _posted(row: dict[str, Any], event: str, private: bool) -> Told:
    # The moment is the real one: a run that began long ago must not sign with a time that receivers refuse as old.
    begun, now = monotonic(), datetime.now(UTC)
    try:
        answer = webhook.deliver(row["url"], row["secret"], row["key"], event, row["body"], private, now)
    except (OSError, ValueError, http.client.HTTPException, webhook.ForbiddenAddress, XungeError) as error:
        return Told(0, round((monotonic() - begun) * 1000), error=_words(error))
    wrong = "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    return Told(answer.status, answer.ms, answer.bytes, wrong)


def _exchange(row: dict[str, Any], event: dict[str, Any], told: Told, now: datetime) -> exchanges.Exchange:
    """The path of a receiver's address may be a secret of theirs: only the host is kept."""
    url = urlsplit(row["url"])
    return exchanges.Exchange(
        at=now,
        direction="out",
        district_id=row["district_id"],
        webhook_id=row["webhook_id"],
        method="POST",
        path=f"{url.scheme}://{url.hostname}",
        status=told.status,
        ms=told.ms,
        request_id=row["key"],
        bytes_in=told.bytes,
        bytes_out=len(row["body"].encode()),
        number=row["number"],
        external_id=event.get("case", {}).get("external_id"),
        error=told.error or None,
    )


# Again -------------------------------------------------------------------------------------------------------


def delay_after(tries: int, key: str) -> timedelta:
    """How long to wait after `tries` failed ones: 30 s, doubled each time, at most 6 h, up to a quarter more.

    What is added differs by key, so that what failed together does not come back together.
    """
    spread = int.from_bytes(hashlib.sha256(f"{key}.{tries}".encode()).digest()[:2], "big") / 0xFFFF
    return min(FIRST_DELAY * 2 ** min(tries - 1, 20), LONGEST_DELAY) * (1 + spread / 4)


def _later(conn: Connection, row: dict[str, Any], now: datetime, error: str) -> datetime:
    """Sets the next try, or gives up after the last; when that next try is."""
    due_at = now + delay_after(row["tries"], row["key"])
    if row["tries"] >= MOST_TRIES:
        sql.give_up(conn, id=row["id"], now=now, error=error)
    else:
        sql.try_again(conn, id=row["id"], due_at=due_at, error=error)
    return due_at


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_ERROR]


def undelivered(conn: Connection, viewer: Viewer, limit: int, before: int | None = None) -> dict[str, Any]:
    """What was given up in the viewer's district, newest first, with why; `next` is the `after` of the next page."""
    rows = list(sql.undelivered(conn, district=viewer.district_id, before=before, limit=limit + 1))
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def send_again(conn: Connection, viewer: Viewer, ids: Sequence[int], now: datetime) -> None:
    """Those of `ids` that were given up in the viewer's district begin anew, under their old keys."""
    sql.again(conn, ids=list(ids), district=viewer.district_id, now=now)
