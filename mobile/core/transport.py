"""The wire: one HTTP request and its whole answer, or LinkDown. It knows nothing about what is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import requests

TIMEOUT_S = (10.0, 60.0)  # to connect, between two bytes
MOST_BYTES = 64 * 1024 * 1024
CHUNK = 64 * 1024


class LinkDown(Exception):
    """No usable answer came: no network, time-out, TLS fault, cut body. Nothing may be concluded from it."""


@dataclass(frozen=True)
class Reply:
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """What the core sends through. Tests put a bad wire in between."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request; raises LinkDown."""
        ...


class HttpTransport:
    """HTTP by `requests`."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # A .netrc would replace our Authorization header, and a redirect is a captive portal's: neither is ours.
        self._session.trust_env = False

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers),
                data=body or None,
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return Reply(
                    answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, _whole(answer)
                )
        except (requests.RequestException, OSError) as problem:
            raise LinkDown(type(problem).__name__) from problem

    def close(self) -> None:
        """Ends open connections."""
        self._session.close()


def _whole(answer: requests.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise LinkDown("the answer does not end")
    return bytes(body)
