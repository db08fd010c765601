"""Notices and documents: what came down to this office, and what it sends down itself."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from server.cases.blobs import open_copy
from server.cases.photos import SANDBOX
from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.content import service
from server.content.papers import sent_paper
from server.content.service import Draft
from server.errors import NotAllowed, NotFound, XungeError
from server.locale import gettext_for
from server.protocol.fields import MOST_BYTES
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 50
BLANK = {"kind": "notice", "safety": "", "title": "", "body": ""}
Files = Annotated[list[UploadFile], File()]


@router.get("/documents", response_class=HTMLResponse)
def documents_page(request: Request, after: int | None = None, viewer: Viewer = Depends(reader)) -> Response:
    """What is published to the reader's place, and below it what the own office wrote."""
    with desk(request, viewer) as page:
        return page.page(
            "documents.html",
            found=service.for_reader(page.conn, viewer, limit=ROWS),
            written=service.of_office(page.conn, viewer, ROWS, after) if service.may_write(viewer) else None,
        )


@router.get("/documents/new", response_class=HTMLResponse)
def new_page(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """A blank form."""
    if not service.may_write(viewer):
        raise NotAllowed
    with desk(request, viewer) as page:
        return page.page("document_form.html", given=BLANK, fault="")


@router.post("/documents")
def write_document(
    request: Request, kind: str = Form("notice"), safety: str = Form(""), title: str = Form(""),
    body: str = Form(""), files: Files = [], viewer: Viewer = Depends(writer),  # noqa: B006 (FastAPI copies it)
) -> Response:  # fmt: skip
    """Keeps the first version; what was refused stands there again with the reason."""
    state, now = request.app.state, datetime.now(UTC)
    try:
        draft = Draft(title, body, _read(files))
        id_ = state.database.run(
            lambda conn: service.write(conn, viewer, state.settings.blobs, kind, bool(safety), draft, now)
        )
    except XungeError as refused:
        given = {"kind": kind, "safety": safety, "title": title, "body": body}
        with desk(request, viewer) as page:
            fault = refused.text(gettext_for(viewer.lang))
            return page.page("document_form.html", refused.status, given=given, fault=fault)
    return RedirectResponse(f"/documents/{id_}", status_code=303)


@router.get("/documents/{id_}", response_class=HTMLResponse)
def document_page(request: Request, id_: int, viewer: Viewer = Depends(reader)) -> Response:
    """One document: as its readers have it, and for its own office with versions, publishing and who noted it."""
    with desk(request, viewer) as page:
        return show(page, id_)


def show(
    page: Desk, id_: int, fault: str = "", given: dict[str, Any] | None = None, status: int = 200
) -> Response:
    read, own = (
        service.one_for_reader(page.conn, page.viewer, id_),
        service.written(page.conn, page.viewer, id_),
    )
    if read is None and own is None:
        raise NotFound
    return page.page("document.html", status, id=id_, read=read, own=own, fault=fault, given=given)


@router.post("/documents/{id_}/versions")
def add_version(
    request: Request, id_: int, title: str = Form(""), body: str = Form(""), keep: str = Form(""),
    files: Files = [], viewer: Viewer = Depends(writer),  # noqa: B006 (FastAPI copies it)
) -> Response:  # fmt: skip
    """The next version."""
    folder, now = request.app.state.settings.blobs, datetime.now(UTC)
    given = {"title": title, "body": body}

    def work(conn: Any) -> Any:
        return service.add_version(
            conn, viewer, folder, id_, Draft(title, body, None if keep else _read(files)), now
        )

    return _done(request, viewer, id_, work, given)


@router.post("/documents/{id_}/publish")
def publish(
    request: Request,
    id_: int,
    node: Annotated[list[str], Form()] = [],  # noqa: B006 (FastAPI copies it)
    viewer: Viewer = Depends(writer),
) -> Response:
    """Gives the newest version to these nodes and what lies below them."""
    now = datetime.now(UTC)
    return _done(request, viewer, id_, lambda conn: service.publish(conn, viewer, id_, node[:100], now))


@router.post("/documents/{id_}/withdraw")
def withdraw(request: Request, id_: int, viewer: Viewer = Depends(writer)) -> Response:
    """Takes it back."""
    now = datetime.now(UTC)
    return _done(request, viewer, id_, lambda conn: service.withdraw(conn, viewer, id_, now))


@router.post("/documents/{id_}/noted")
def noted(request: Request, id_: int, version: int = Form(0), viewer: Viewer = Depends(writer)) -> Response:
    """This organisation knows of a safety notice."""
    return _done(request, viewer, id_, lambda conn: service.note(conn, viewer, id_, version))


@router.get("/documents/{id_}/pictures/{sha256}")
def picture(request: Request, id_: int, sha256: str, viewer: Viewer = Depends(reader)) -> Response:
    """A picture of a document that the viewer reads or wrote: the copy without place and device."""
    _attached(request, viewer, id_, "pictures", sha256)
    path = open_copy(request.app.state.settings.blobs, sha256)
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": "private, max-age=31536000, immutable"}
    return FileResponse(path, media_type="image/jpeg", headers=headers)


@router.get("/documents/{id_}/files/{sha256}")
def file(request: Request, id_: int, sha256: str, viewer: Viewer = Depends(reader)) -> Response:
    """A PDF of a document that the viewer reads or wrote, to be saved."""
    paper = _attached(request, viewer, id_, "files", sha256)
    return sent_paper(request.app.state.settings.blobs, paper)


def _attached(request: Request, viewer: Viewer, id_: int, kind: str, sha256: str) -> dict[str, Any]:
    """What is attached to the published version or, for its office, to any. Raises NotFound."""
    with request.app.state.database.read() as conn:
        found = service.attached(conn, viewer, id_, kind)
    for one in found:
        if one["sha256"] == sha256:
            return one
    raise NotFound


def _read(files: list[UploadFile]) -> list[tuple[str, bytes]]:
    return [(f.filename or "", f.file.read(MOST_BYTES + 1)) for f in files if f.filename]


def _done(
    request: Request, viewer: Viewer, id_: int, work: Any, given: dict[str, Any] | None = None
) -> Response:
    try:
        request.app.state.database.run(work)
    except XungeError as refused:
        if isinstance(refused, NotFound):
            raise
        with desk(request, viewer) as page:
            return show(page, id_, refused.text(gettext_for(viewer.lang)), given, refused.status)
    return RedirectResponse(f"/documents/{id_}", status_code=303)
