"""API tokens for other systems: shown once, stored as a hash."""

from datetime import datetime, timedelta

from server.audit import service as audit
from server.db import Connection, queries
from server.people.service import person_id_of
from server.security import fresh_token, token_hash
from server.security.tokens import API

SQL = queries(__file__)
LIFETIME = timedelta(days=365)


def make_token(conn: Connection, login: str, label: str, now: datetime) -> str:
    """A new API token with the rights of `login`, good for a year. BadInput for an unknown login."""
    person_id, token = person_id_of(conn, login), fresh_token(API)
    SQL.add_api_token(
        conn,
        token_hash=token_hash(token),
        person_id=person_id,
        label=label,
        now=now,
        expires_at=now + LIFETIME,
    )
    audit.log(conn, "api_token_made", person_id, detail={"label": label}, at=now)
    return token
