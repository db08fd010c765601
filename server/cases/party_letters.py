"""The letter that brings an outside party its link: put into the outbox, where its words do not outlast the sending."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.cases.guests import OutsideLink
from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol.wire import sha256
from server.settings import Settings

sql = queries(__file__, "guests.sql")
# By this beginning of its key the outbox knows a letter whose words are blanked once it has gone.
BLANKED = "link."


def put(
    conn: Connection, settings: Settings, row: dict[str, Any], link: OutsideLink, home: str, now: datetime
) -> bool:
    """Whether a letter goes: the party has an address and this installation sends letters."""
    contact = sql.contact_of_party(conn, organisation_id=link.party_id)
    if contact is None or not settings.smtp_url:
        return False
    _ = gettext_for(settings.lang)
    until = f"{link.expires_at.astimezone(ZoneInfo(contact['timezone'])):%Y-%m-%d %H:%M}"
    words = {
        "subject": _("Xunge: case {number} for {party}").format(number=row["number"], party=link.party),
        "text": "\n\n".join(
            [
                _("You are asked to take care of case {number}. What it is, where and until when:").format(
                    number=row["number"]
                ),
                home + link.path,
                _("Answer there too. The link is for you alone and opens until {time}.").format(time=until),
            ]
        )
        + "\n",
    }
    sql.put_letter(
        conn,
        key=f"{BLANKED}{sha256(link.token)[:32]}",
        district_id=row["district_id"],
        contact_id=contact["id"],
        case_id=row["id"],
        number=row["number"],
        body=json.dumps(words, ensure_ascii=False),
        now=now,
    )
    return True
