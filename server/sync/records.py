"""Cases as a tablet keeps them: finished JSON made in the database, with words that a tablet may not know itself."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from server.cases.pictures import REFUSALS, PictureRefused
from server.cases.service import RESIDENT
from server.db import Connection, queries
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol import words
from server.protocol.pack import Pack

sql = queries(__file__, "records.sql")
TIMELINE = 30


def case_changes(
    conn: Connection,
    rows: Sequence[Mapping[str, Any]],
    seqs: Mapping[uuid.UUID, int] | int,
    lang: str,
    now: datetime,
) -> list[str]:
    """A change in JSON text for each of `rows` (id, pack_version) of cases in scope, in their order.

    `seqs`: the place of each in the log, or one for all.
    """
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    packs = {row["pack_version"]: pack_of_version(conn, row["pack_version"]) for row in rows}
    found = sql.changes_of_cases(
        conn,
        ids=ids,
        seqs=[seqs if isinstance(seqs, int) else seqs[id_] for id_ in ids],
        words=_words(lang, [packs[version] for version in sorted(packs)]),
        timeline=TIMELINE,
        now=now,
    )
    return [row["change"] for row in found]


def _words(lang: str, packs: Sequence[Pack]) -> str:
    """Words by code as JSON: what an older tablet may not have, and names of categories that a pack no longer has."""
    translate = gettext_for(lang)
    states = {code: translate(word) for code, word in words.STATE_WORDS.items()}
    for code in states:
        states[code] = next(
            (own for p in reversed(packs) if (own := p.word("states", code, lang))), states[code]
        )
    return json.dumps(
        {
            "states": states,
            "actions": {code: translate(word) for code, word in words.ACTION_WORDS.items()},
            "clocks": {code: translate(word) for code, word in words.CLOCK_WORDS.items()},
            "categories": {
                f"{category.system}/{category.code}": category.name(lang)
                for pack in packs
                for category in pack.categories
            },
            "refusals": {why: PictureRefused(why).text(translate) for why in REFUSALS},
            "resident": translate(RESIDENT),
            "erased": translate("(erased)"),
            "erased_person": translate("erased person"),
        },
        ensure_ascii=False,
    )
