"""Random tokens: 256 bits from the system, of which only the SHA-256 is ever stored."""

import hashlib
import secrets

API, DEVICE = "xunge_api_", "xunge_tab_"


def fresh_token(kind: str = "") -> str:
    """A new unguessable token; `kind` is a visible beginning by which a leaked one is recognised."""
    return kind + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token. A slow hash would add nothing: nobody guesses 256 bits."""
    return hashlib.sha256(token.encode()).digest()
