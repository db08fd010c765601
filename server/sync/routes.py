"""/sync/v1: the doors for tablets. Every answer stands in our own envelope, so that a captive portal's page is none."""

import gzip
import json
import math
import uuid
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from server.cases import photos
from server.cases.evidence import raw_body
from server.content import service as content
from server.content.papers import sent_paper
from server.db import Connection
from server.errors import BadInput, NotFound, TooLarge, Unreadable
from server.locale import chosen
from server.package import service as packages
from server.package.keeping import Kept
from server.people.enrolment import enrol
from server.protocol.fields import MOST_BYTES, plain
from server.security import DeviceViewer, address_of, device_when_asked, require_device
from server.sync import described, digests, intake, service, uploads

router = APIRouter(prefix="/sync/v1", tags=["tablets"])
MOST_JSON = 5_000_000
GZIP_FROM, GZIP_LEVEL = 1000, 5  # level 9 takes far longer and saves hardly anything
TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
TUS_SPOKEN = {"Tus-Version": "1.0.0"}
Device = Annotated[DeviceViewer, Depends(require_device)]


def read_json(request: Request, body: bytes) -> dict[str, Any]:
    """A JSON object, gzip accepted, never larger than a batch can be."""
    if request.headers.get("content-encoding", "").strip().lower() == "gzip":
        inflate = zlib.decompressobj(wbits=31)
        try:
            body = inflate.decompress(body, MOST_JSON + 1)
        except zlib.error:
            raise Unreadable("The body is not gzip.") from None
        if not inflate.eof and len(body) <= MOST_JSON:
            raise Unreadable
    if len(body) > MOST_JSON:
        raise TooLarge(limit=MOST_JSON)
    try:
        value = json.loads(body, parse_constant=lambda _name: None, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise BadInput("The body must be a JSON object.")
    return value


def _finite(text: str) -> float | None:
    """What is no number is nothing, like NaN: a report is not lost over its position."""
    value = float(text)
    return value if math.isfinite(value) else None


def _lang(request: Request, viewer_lang: str | None = None) -> str:
    return chosen(request.headers.get("accept-language"), viewer_lang)


@router.get("/hello")
def get_hello() -> dict[str, Any]:
    """Answers in our envelope: a tablet asks before it sends, for what its platform calls a network may be none."""
    return service.stamp(datetime.now(UTC))


@router.post("/enrol", openapi_extra=described.body(described.ENROL))
def post_enrol(request: Request, body: Annotated[bytes, Depends(raw_body)]) -> dict[str, Any]:
    """A single-use code becomes a revocable device token."""
    now, told = datetime.now(UTC), read_json(request, body)
    device: dict[str, Any] = told["device"] if isinstance(told.get("device"), dict) else {}
    try:
        device_id = uuid.UUID(str(device.get("id")))
    except ValueError:
        raise BadInput("Field {field} must be a UUID.", field="device.id") from None
    database = request.app.state.database
    result = enrol(
        database,
        plain(told.get("code")),
        device_id,
        plain(device.get("model")),
        plain(device.get("app_version"), 50),
        now,
        address_of(request),
    )
    with database.read() as conn:
        district = service.district_json(conn, result.viewer)
        package_key = packages.public_key(conn)
    return {
        **service.stamp(now),
        "device_token": result.device_token,
        "person": service.person_json(result.viewer),
        "scope": result.scope,
        "district": district,
        "next_seq": result.next_seq,
        "package_key": package_key,
    }


@router.post("/commands", response_model=dict[str, Any], openapi_extra=described.body(described.COMMANDS))
def post_commands(
    request: Request,
    who: Annotated[Callable[[], DeviceViewer], Depends(device_when_asked)],
    body: Annotated[bytes, Depends(raw_body)],
) -> Response:
    """Up to 100 sealed commands; one result each, whatever happened to the others."""
    device = who()
    now, envelope = datetime.now(UTC), read_json(request, body)
    lang = _lang(request, device.viewer.lang)
    results = request.app.state.database.run(lambda conn: intake.take(conn, device, envelope, lang, now))
    told = {**service.stamp(now), "device_state": device.state, "results": results}
    return Response(orjson.dumps(told), media_type="application/json")


def _sent(request: Request, body: bytes) -> Response:
    """An answer in JSON, small on the wire where the tablet can unpack it."""
    headers = {"Vary": "Accept-Encoding"} if len(body) >= GZIP_FROM else {}
    if headers and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = gzip.compress(body, GZIP_LEVEL, mtime=0), "gzip"
    return Response(body, media_type="application/json", headers=headers)


@router.get("/changes")
def get_changes(
    request: Request,
    device: Device,
    cursor: Annotated[str, Query(max_length=2000)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    package: Annotated[int, Query(ge=1, le=1000)] = service.PLAIN,
) -> Response:
    """What changed in scope since the cursor; without one, everything from the beginning in pages."""
    now = datetime.now(UTC)
    with request.app.state.database.read() as conn:
        found = service.changes(conn, device, cursor, limit, now, package)
    return _sent(request, found.body(now))


@router.get("/package")
def get_package(
    request: Request, device: Device, have: Annotated[str, Query(max_length=64)] = "", refused: bool = False
) -> dict[str, Any]:
    """The offline package of the tablet's person: which file leads to it from the content that the tablet holds;
    `refused`: it left the last one, which was not the office's or not whole."""
    kept, now = Kept(request.app.state.settings.packages), datetime.now(UTC)
    if refused:
        request.app.state.database.run(lambda conn: packages.was_refused(conn, device.device_id, now))
    with request.app.state.database.read() as conn:
        return {**service.stamp(now), **packages.offer(conn, device.viewer, have, kept)}


@router.get("/package/{name}", response_class=FileResponse)
def get_package_file(request: Request, device: Device, name: str) -> Response:
    """A file that was named there, whole or by ranges: a download that was cut goes on where it was."""
    kept, now = Kept(request.app.state.settings.packages), datetime.now(UTC)

    def work(conn: Connection) -> Path:
        path = packages.file_of(conn, device.viewer, name, kept)
        # The later pieces are of the same file.
        if request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
            packages.goes_out(conn, device.viewer, name, kept, now, address_of(request))
        return path

    path = request.app.state.database.run(work)
    headers = {"ETag": f'"{name}"', "Cache-Control": "no-store"}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@router.get("/digest")
def get_digest(
    request: Request, device: Device, cursor: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """What a tablet's mirror must equal when it stands at the same cursor."""
    now = datetime.now(UTC)
    with request.app.state.database.read() as conn:
        told = {**service.stamp(now), **digests.digest(conn, device, cursor, now)}
    return _sent(request, json.dumps(told, separators=(",", ":")).encode())


@router.get("/buckets/{bucket}")
def get_bucket(request: Request, device: Device, bucket: str) -> Response:
    """All cases of one bucket of the mirror, for a tablet whose own differs; the operator sees that it did."""
    now = datetime.now(UTC)
    found = request.app.state.database.run(lambda conn: digests.bucket(conn, device, bucket, now))
    return _sent(request, found.body(now))


@router.get("/attachments/{attachment_id}")
def get_attachment(
    request: Request, device: Device, attachment_id: uuid.UUID, thumb: bool = False
) -> Response:
    """What is shown of a photo of a case in scope: a JPEG without the original's place and time, or its thumbnail."""
    return photos.shown(request, device.viewer, attachment_id, thumb=thumb)


@router.get("/files/{sha256}")
def get_file(request: Request, device: Device, sha256: str) -> Response:
    """A file of a document that is published to the tablet's person, by its hash: a PDF as it came, or a picture as it
    is shown (JPEG)."""
    with request.app.state.database.read() as conn:
        shown = content.shows_picture(conn, device.viewer, sha256)
        paper = None if shown else content.shown_paper(conn, device.viewer, sha256)
    if shown:
        return photos.sent_copy(request, sha256)
    if paper is None:
        raise NotFound
    return sent_paper(request.app.state.settings.blobs, paper)


@router.post("/receipts")
def post_receipts(
    request: Request, device: Device, body: Annotated[bytes, Depends(raw_body)]
) -> dict[str, Any]:
    """Safety notices that this tablet's organisation knows of; neither who nor when is kept."""
    now, told = datetime.now(UTC), read_json(request, body).get("documents")
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told[:100]):
        raise BadInput("Field {field} must be a list.", field="documents")
    pairs = [(one.get("id"), one.get("version")) for one in told[:100]]
    if not all(type(value) is int and 0 < value < 1 << 31 for pair in pairs for value in pair):
        raise BadInput("Field {field} must be whole numbers.", field="documents")

    def work(conn: Connection) -> None:
        for id_, version in pairs:
            content.note(conn, device.viewer, id_, version)

    request.app.state.database.run(work)
    return {**service.stamp(now), "documents": [{"id": id_, "version": version} for id_, version in pairs]}


def _tus(upload: uploads.Upload, status: int, **headers: str) -> Response:
    confirmed = {"Upload-Checksum-Confirmed": upload.sha256} if upload.confirmed else {}
    told = {
        **TUS,
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": f"{upload.expires_at:%a, %d %b %Y %H:%M:%S GMT}",
        **confirmed,
        **headers,
    }
    return Response(status_code=status, headers=told)


@router.options("/uploads")
def tus_options() -> Response:
    """What this end of tus can do."""
    return Response(
        status_code=204,
        headers={
            **TUS,
            **TUS_SPOKEN,
            "Tus-Extension": "creation,expiration",
            "Tus-Max-Size": str(MOST_BYTES),
        },
    )


def _tus_version(tus_resumable: Annotated[str, Header()] = "") -> None:
    if tus_resumable != "1.0.0":
        raise uploads.WrongVersion


@router.post("/uploads", dependencies=[Depends(_tus_version)])
def tus_create(
    request: Request,
    device: Device,
    upload_length: Annotated[int, Header(ge=1)],
    upload_metadata: Annotated[str, Header(max_length=2000)] = "",
) -> Response:
    """Begins the upload of one declared attachment, or finds the one that is under way."""
    config, now = request.app.state.settings, datetime.now(UTC)
    upload = request.app.state.database.run(
        lambda conn: uploads.create(conn, config, device.device_id, upload_length, upload_metadata, now)
    )
    return _tus(upload, 201, Location=f"/sync/v1/uploads/{upload.id}")


@router.head("/uploads/{upload_id}", dependencies=[Depends(_tus_version)])
def tus_head(request: Request, device: Device, upload_id: uuid.UUID) -> Response:
    """How many bytes of an upload are on the disk."""
    with request.app.state.database.read() as conn:
        upload = uploads.find(conn, request.app.state.settings, device.device_id, upload_id)
    told = {"Upload-Length": str(upload.bytes), "Upload-Metadata": uploads.named(upload)}
    return _tus(upload, 200, **told)


@router.patch("/uploads/{upload_id}", dependencies=[Depends(_tus_version)], openapi_extra=described.BYTES)
def tus_patch(
    request: Request,
    device: Device,
    upload_id: uuid.UUID,
    upload_offset: Annotated[int, Header(ge=0)],
    content_type: Annotated[str, Header()],
    body: Annotated[bytes, Depends(raw_body)],
) -> Response:
    """Appends bytes. The last piece is answered with the confirmed hash once the photo is kept for good."""
    if content_type != "application/offset+octet-stream":
        raise uploads.WrongType
    config, now = request.app.state.settings, datetime.now(UTC)
    upload = request.app.state.database.run(
        lambda conn: uploads.append(conn, config, device.device_id, upload_id, upload_offset, body, now)
    )
    if upload.refused:
        raise upload.refused
    if upload_offset + len(body) == upload.bytes and not upload.confirmed:
        raise uploads.WrongChecksum
    return _tus(upload, 204)


def envelope_problem(problem: dict[str, Any], now: datetime) -> JSONResponse:
    """A refusal to a tablet: a problem document that stands in our envelope, and in tus, which asks for its headers."""
    spoken = TUS_SPOKEN if problem["code"] == uploads.WrongVersion.code else {}
    return JSONResponse(
        {**service.stamp(now), **problem},
        status_code=problem["status"],
        headers={**TUS, **spoken},
        media_type="application/problem+json",
    )
