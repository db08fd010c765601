"""Which fields a held act is corrected in: all of them, whatever the case allows now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from server.cases.acts import Offer, offer_of, parties_of
from server.db import Connection
from server.protocol import words
from server.protocol.pack import Pack
from server.protocol.workflow import TABLE, Needs

KEPT = ("category", "place", "evidence")  # kinds of field that stay as they came when nothing else is chosen


def corrected(
    conn: Connection,
    district_id: int,
    action: str,
    payload: Mapping[str, Any],
    category: Mapping[str, str],
    pack: Pack,
    lang: str,
) -> Offer:
    """An act with all that its rows ask for and all that `payload` says beside, whatever the case allows now.

    It is the form in which a held act is corrected: what is left blank stays as it came, so that nothing is asked for
    anew; its photos are there, so that it asks which stage each shows.
    """
    rows = [row for row in TABLE if row.action == action]
    asked = {need.name: need for row in rows for need in row.needs}
    asked |= {
        name: _beside(name) for name, said in payload.items() if name not in asked and _plain(name, said)
    }
    given = tuple(
        replace(
            need,
            kind="stages" if need.kind == "evidence" else need.kind,
            required=need.required and need.kind not in KEPT,
        )
        for need in asked.values()
    )
    parties = parties_of(conn, district_id) if action == "forward" else ()
    return offer_of(replace(rows[0], needs=given), {"category": category}, pack, lang, False, parties)


def _plain(name: str, said: Any) -> bool:
    return name in words.FIELD_WORDS and name != "attachments" and isinstance(said, str) and bool(said)


def _beside(name: str) -> Needs:
    """What the protocol takes with an act though no row asks for it."""
    if name in words.CHOICE_WORDS:
        return Needs(name, "choice", required=False, choices=tuple(words.CHOICE_WORDS[name]))
    return Needs(name, {"until": "time"}.get(name, "text"), required=False)
