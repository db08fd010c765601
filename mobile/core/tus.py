"""Sending a photo piece by piece (tus 1.0): after a cut it goes on where the server stopped, whoever is to blame."""

from base64 import b64encode
from collections.abc import Callable

from mobile.core.office import NoWord, Office, Refused, problem_of
from mobile.core.transport import Reply

CHUNK = 512 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
CONFIRMED = "upload-checksum-confirmed"
MOST_TURNS = 10_000


def _spoken(reply: Reply, *statuses: int) -> Reply:
    """The reply if a tus server spoke with one of `statuses`; else NoWord or Refused."""
    if reply.status in statuses and reply.headers.get("tus-resumable") == "1.0.0":
        return reply
    problem = problem_of(reply)
    if (
        isinstance(problem, NoWord)
        and "tus-resumable" in reply.headers
        and reply.status in (400, 403, 404, 410, 413, 415, 460)
    ):
        raise Refused(reply.status, "upload_refused", "")
    raise problem


def _metadata(**fields: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in fields.items())


def create(office: Office, photo_id: str, sha256: str, mime: str, size: int) -> str:
    """Announces a photo and gives the address to send it to; repeating it gives the same upload."""
    metadata = _metadata(attachment_id=photo_id, sha256=sha256, mime=mime)
    reply = _spoken(
        office.send(
            "POST",
            office.url("/sync/v1/uploads"),
            {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata},
        ),
        201,
    )
    location = reply.headers.get("location", "")
    if not location:
        raise NoWord("no address to send to")
    return office.ours(location)


def _offset(reply: Reply, size: int) -> int:
    text = reply.headers.get("upload-offset", "")
    if not text.isdigit() or int(text) > size:
        raise NoWord("no usable offset")
    return int(text)


def send(
    office: Office,
    address: str,
    data: bytes,
    sha256: str,
    progress: Callable[[int], None] = lambda sent: None,
) -> bool:
    """Sends what the server still lacks. True once it has confirmed exactly this SHA-256; False when it took all
    the bytes without confirming. Raises NoWord (go on later) and Refused (404, 410: create it anew).
    """
    reply = _spoken(office.send("HEAD", office.ours(address), TUS), 200, 204)
    for _ in range(MOST_TURNS):
        if CONFIRMED in reply.headers:
            return reply.headers[CONFIRMED].lower() == sha256
        offset = _offset(reply, len(data))
        if offset == len(data):
            return False
        progress(offset)
        answer = office.send(
            "PATCH",
            address,
            {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
            data[offset : offset + CHUNK],
        )
        if answer.status == 409:  # another try of ours was counted after all: ask where we are
            answer = office.send("HEAD", address, TUS)
        reply = _spoken(answer, 200, 204)
    raise NoWord("the upload does not end")
