"""/api/v1/cases, for other systems: scope of a grid subtree, paging by key, ETag, Idempotency-Key."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from server.audit import service as audit
from server.cases import acts, described, duplicates, guests, lists, parties, photos, sent, service
from server.cases.coordinates import position_from
from server.cases.evidence import raw_body
from server.cases.filters import Filters
from server.cases.pictures import looked_at
from server.cases.schemas import Act, NewCase, Why
from server.cases.unmask import unmask_case
from server.cases.view import iso
from server.errors import BadInput, NotAllowed, PreconditionNeeded
from server.protocol.declared import MIMES
from server.protocol.fields import BadCommand
from server.protocol.wire import named_uuid, read_time
from server.security import Viewer, address_of, home_of, require_viewer, require_writer, writer_when_asked

router = APIRouter(tags=["cases"])
Reader = Annotated[Viewer, Depends(require_viewer)]
Writer = Annotated[Viewer, Depends(require_writer)]
# The doors that other systems write through find out who asks in the same thread that does the work: handing a request
# to a thread costs as much as finding out. What they return is not read by the framework a second time, either.
Asker = Annotated[Callable[[], Viewer], Depends(writer_when_asked)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


def _etag(case: dict[str, Any]) -> str:
    return f'"{case["version"]}"'


def _command_id(viewer: Viewer, key: str | None) -> uuid.UUID | None:
    """The command that an Idempotency-Key stands for: the same key of the same person is the same command."""
    return named_uuid("key", str(viewer.person_id), key) if key else None


@router.post("/api/v1/cases", status_code=201, response_model=dict[str, Any])
def create(request: Request, who: Asker, new: NewCase, key: Key = None) -> Response:
    """A new case: 201; the same (source, external_id) or Idempotency-Key again: 200 and the same case.

    What a repeat says anew is carried into the case as one more event, or said there as a comment where it cannot be.
    A call with an Idempotency-Key that comes again late undoes nothing that was said after it.
    Where a reporter waits for a reply (a source of residents, or a contact), the answer 201 has `resident_link`: the
    address and the code that the reporter may be given. They are told this once.
    """
    now, viewer = datetime.now(UTC), who()
    request.state.external_id = new.external_id
    if (new.lon is None) != (new.lat is None):
        raise BadInput("A point needs both lon and lat.")
    if new.reported_at is not None and (new.reported_at.tzinfo is None or new.reported_at > now):
        raise BadInput("reported_at must have a zone and not lie in the future.")
    position = position_from(
        {"lon": new.lon, "lat": new.lat, "accuracy_m": new.accuracy_m, "crs": new.crs, "provider": "api"}
    )
    payload = new.model_dump(include={"category", "condition", "title", "description", "grid_code", "form"})

    def work(conn: Any) -> tuple[dict[str, Any], bool]:
        payload["attachments"] = sent.declared(conn, viewer, new.attachments, "before")
        answer = acts.report(
            conn,
            viewer,
            payload,
            position,
            new.source,
            new.external_id,
            new.reported_at,
            "api",
            _command_id(viewer, key),
            now,
        )
        sent.named(conn, payload["attachments"])
        case = service.get_case(conn, viewer, answer.case_number or "", now)
        known = case["received_at"] != iso(now)
        if not known and any(clock["kind"] == "reply" for clock in case["deadlines"]):
            case["resident_link"] = resident_link(request, conn, viewer, answer.case_id, now)
        return case, known

    case, known = request.app.state.database.run(work)
    headers = {"ETag": _etag(case), "Location": case["links"]["self"]}
    return JSONResponse(case, 200 if known else 201, headers)


def resident_link(
    request: Request, conn: Any, viewer: Viewer, case_id: uuid.UUID, now: datetime
) -> dict[str, str | None]:
    """A fresh link for whoever waits for the case."""
    link = guests.make_resident(conn, case_id, now, viewer.person_id)
    return {"url": home_of(request) + link.path, "code": link.code, "expires_at": iso(link.expires_at)}


@router.post("/api/v1/cases/{number}/resident-link", status_code=201)
def another_link(request: Request, viewer: Writer, number: str) -> dict[str, str | None]:
    """Another link and code for whoever waits for a case in scope, when the first answer was lost. Crews make none."""
    if viewer.role == "crew":
        raise NotAllowed
    now = datetime.now(UTC)

    def work(conn: Any) -> dict[str, str | None]:
        row = service.get_row(conn, viewer, number)
        audit.log(conn, "resident_link_made", viewer, address_of(request), {"number": number}, now)
        return resident_link(request, conn, viewer, row["id"], now)

    return dict(request.app.state.database.run(work))


@router.post("/api/v1/cases/{number}/party-link", status_code=201)
def another_party_link(request: Request, viewer: Writer, number: str) -> dict[str, Any]:
    """Another link for the outside party that has the case; the one before ends. Who forwards makes them."""
    now = datetime.now(UTC)
    return dict(
        request.app.state.database.run(lambda conn: party_link(request, conn, viewer, number, None, now))
    )


def party_link(
    request: Request, conn: Any, viewer: Viewer, number: str, until: datetime | None, now: datetime
) -> dict[str, Any]:
    """A fresh link for the party that has the case, told this once; `mailed`: it also goes there by letter."""
    link, mailed = parties.send_link(request, conn, viewer, number, until, now)
    return {"url": home_of(request) + link.path, "expires_at": iso(link.expires_at), "mailed": mailed}


@router.get("/api/v1/cases")
def page(
    request: Request,
    viewer: Reader,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    after: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Cases in scope; open ones by deadline, others newest first. GeoJSON where Accept asks for it."""
    now = datetime.now(UTC)
    filters = Filters.from_query(request.query_params)
    with request.app.state.database.read() as conn:
        found = lists.list_cases(conn, viewer, filters, limit, after, now)
    if "application/geo+json" in request.headers.get("accept", ""):
        features = [_feature(case) for case in found.items]
        return JSONResponse(
            {"type": "FeatureCollection", "features": features, "next": found.next},
            media_type="application/geo+json",
        )
    return JSONResponse({"items": found.items, "next": found.next})


def _feature(case: dict[str, Any]) -> dict[str, Any]:
    lon, lat = case["location"]["lon"], case["location"]["lat"]
    return {
        "type": "Feature",
        "id": case["id"],
        "geometry": None if lon is None else {"type": "Point", "coordinates": [lon, lat]},
        "properties": case,
    }


@router.get("/api/v1/cases/{number}")
def one(request: Request, response: Response, viewer: Reader, number: str) -> dict[str, Any]:
    """One case with its clocks and evidence."""
    with request.app.state.database.read() as conn:
        case = service.get_case(conn, viewer, number, datetime.now(UTC))
    response.headers["ETag"] = _etag(case)
    return case


@router.get("/api/v1/cases/{number}/duplicates")
def duplicates_of(request: Request, viewer: Reader, number: str) -> dict[str, Any]:
    """What may be the same matter, what was merged into the case, and the case that it was merged into."""
    with request.app.state.database.read() as conn:
        return duplicates.of_case(conn, viewer, number, datetime.now(UTC))


@router.get("/api/v1/cases/{number}/events")
def events(request: Request, viewer: Reader, number: str) -> dict[str, Any]:
    """The whole chain of one case, first event first."""
    with request.app.state.database.read() as conn:
        return {"items": service.events(conn, viewer, number), "next": None}


@router.post("/api/v1/cases/{number}/unmask")
def unmask(request: Request, viewer: Writer, number: str, body: Why) -> dict[str, Any]:
    """What is masked of a case, to somebody who says why; the reading is written down."""
    now, address = datetime.now(UTC), address_of(request)
    return dict(
        request.app.state.database.run(
            lambda conn: unmask_case(conn, viewer, number, body.reason, address, now)
        )
    )


@router.get("/api/v1/cases/{number}/photos/{attachment_id}")
def photo(
    request: Request,
    viewer: Reader,
    number: str,
    attachment_id: uuid.UUID,
    thumb: bool = False,
    original: bool = False,
) -> Response:
    """What is shown of a photo: a JPEG of at most 2048 pixels without place and time, or its thumbnail (320).

    `original=1` gives the file as it was captured, to duty officers, supervisors and auditors; each reading is logged.
    """
    if original:
        return photos.original(request, viewer, attachment_id, number)
    return photos.shown(request, viewer, attachment_id, number, thumb)


@router.post(
    "/api/v1/photos",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {
        mime: {"schema": {"type": "string", "format": "binary"}} for mime in MIMES}}},
)  # fmt: skip
def send_photo(request: Request, viewer: Writer, body: Annotated[bytes, Depends(raw_body)]) -> dict[str, Any]:
    """A photo as the whole body; its `id` is then named in `attachments` of a report or an act, within a week.

    What it is is seen from its bytes: JPEG, PNG or WebP, a still picture of at most 30 MB; anything else is refused
    with the reason. The same bytes again are the same id until it is named. An id stands on one case, once.
    """
    now, folder = datetime.now(UTC), request.app.state.settings.blobs
    with looked_at(folder, [body]) as (picture,):
        found = request.app.state.database.run(lambda conn: sent.put(conn, folder, viewer, picture, now))
    return found | {"expires_at": iso(found["expires_at"])}


@router.post(
    "/api/v1/cases/{number}/actions/{action}",
    description=described.description(),
    response_model=dict[str, Any],
)
def act(
    request: Request,
    who: Asker,
    number: str,
    action: Annotated[str, Path(json_schema_extra={"enum": [*described.actions()]})],
    body: Annotated[Act, Body(openapi_examples=described.examples())],
    if_match: Annotated[str | None, Header()] = None,
    key: Key = None,
) -> Response:
    """Does an act of the transition table on a case, as it was seen at version If-Match."""
    now, viewer = datetime.now(UTC), who()
    payload = body.payload()

    def work(conn: Any) -> dict[str, Any]:
        with acts.saying_where_it_stands(conn, viewer, number):
            seen = _seen(if_match)
            if payload.get("attachments"):
                stage, *_more = acts.stages(conn, viewer, number, action)
                payload["attachments"] = sent.declared(conn, viewer, body.payload()["attachments"], stage)
        command_id = _command_id(viewer, key)
        again = command_id is not None and acts.outcome_of(conn, viewer, command_id) is not None
        acts.act(conn, viewer, number, action, payload, seen, "api", command_id, now)
        sent.named(conn, payload.get("attachments") or ())
        case = service.get_case(conn, viewer, number, now)
        if action == "forward" and not again:
            until = read_time(payload["until"]) if payload.get("until") else None
            case["party_link"] = party_link(request, conn, viewer, number, until, now)
        return case

    try:
        case = request.app.state.database.run(work)
    except BadCommand as error:
        raise BadInput(error.sentence, **error.params) from None
    return JSONResponse(case, headers={"ETag": _etag(case)})


def _seen(if_match: str | None) -> int:
    if not if_match:
        raise PreconditionNeeded
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise BadInput('If-Match must be a version like "7".')
    return int(digits)
