"""One delivery to a receiver: where it may go, its signature, and a way there that cannot be led elsewhere.

A receiver's address comes from outside, so it could point at our own network: https only, no redirects, the address is
looked up once and checked, and the connection goes to exactly what was checked. Private addresses (and plain http to
this machine) are for the operator to allow.
"""

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from urllib.parse import SplitResult, urlsplit

from server.errors import BadInput
from server.telling.patience import cut_off

CONNECT_S, WHOLE_S = 5.0, 10.0
LONGEST_URL = 500
MOST_READ = 16 * 1024


class ForbiddenAddress(Exception):
    """The receiver's name leads to an address that deliveries may not go to."""


@dataclass(frozen=True)
class Answered:
    """What the receiver said: HTTP status, milliseconds, bytes of its answer (read to 16 KiB)."""

    status: int
    ms: int
    bytes: int


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The value of X-Xunge-Signature: the time of sending, and HMAC-SHA256 over "time.body" in hex."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={mac}"


def check_url(text: str, private: bool) -> SplitResult:
    """The parts of an address that may be a receiver's. Raises BadInput with what is wrong."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise BadInput("{url} is not an address.", url=text) from None
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadInput("{url} is not an address.", url=text[:LONGEST_URL])
    if url.scheme not in ("https", "http") or not url.hostname or port == 0:
        raise BadInput("The address must begin with https:// and name a host.")
    if url.username or url.password or url.fragment:
        raise BadInput("The address must not carry a name, a password or a #part.")
    if url.scheme == "http" and not (private and _all_loopback(url.hostname)):
        raise BadInput("The address must begin with https://; plain http is for this machine only.")
    return url


def _all_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def deliver(
    url_text: str, secret: str, key: str, event: str, body: str, private: bool, at: datetime
) -> Answered:
    """Posts `body` signed at `at`, follows nothing. Raises OSError, HTTPException, ForbiddenAddress without answer."""
    url, raw = check_url(url_text, private), body.encode()
    begun = monotonic()
    wire = _connected(url, private)
    with closing(wire), cut_off(WHOLE_S, lambda: wire):
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()
        connection = _over(wire, url)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Xunge",
            "Idempotency-Key": key,
            "X-Xunge-Delivery": key,
            "X-Xunge-Event": event,
            "X-Xunge-Signature": signature(secret, raw, at),
            "Connection": "close",
        }
        connection.request("POST", (url.path or "/") + (f"?{url.query}" if url.query else ""), raw, headers)
        answer = connection.getresponse()
        read = len(answer.read(MOST_READ))
        return Answered(answer.status, round((monotonic() - begun) * 1000), read)


def _connected(url: SplitResult, private: bool) -> socket.socket:
    """A connection to the host as it was looked up once; every address that it has must be one that may be gone to."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    found = list(
        dict.fromkeys(info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    )
    for address in found:
        if not private and not ipaddress.ip_address(address).is_global:
            raise ForbiddenAddress(f"{host} leads to {address}, a private address")
    wire = _first_reached([(str(address), port) for address in found])
    if url.scheme == "http":
        return wire
    secure = ssl.create_default_context()
    return secure.wrap_socket(wire, server_hostname=host, do_handshake_on_connect=False)


def _first_reached(addresses: list[tuple[str, int]]) -> socket.socket:
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection(address, CONNECT_S)
    return socket.create_connection(addresses[-1], CONNECT_S)


def _over(wire: socket.socket, url: SplitResult) -> http.client.HTTPConnection:
    """HTTP over a connection that is there already: the library must not look the name up again."""
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=WHOLE_S)
    connection.sock = wire
    return connection
