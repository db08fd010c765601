"""The page of packs: what is in force with its categories and limits; an administrator puts another in its place."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from server import packs
from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.errors import BadInput, TooLarge
from server.locale import gettext_for
from server.packs import keeping
from server.packs.folder import LARGEST_BYTES, Finding, Written, read_text
from server.packs.toml import as_toml
from server.protocol.pack import Category, Condition, Pack, limit_words
from server.protocol.words import ACTION_WORDS, CLOCK_WORDS, STAGE_WORDS
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
ROWS = 20
MOST_FINDINGS = 100


@dataclass(frozen=True)
class Major:
    """A major and its categories, for one section of the page."""

    name: str
    categories: list[dict[str, Any]]


@router.get("/packs", response_class=HTMLResponse)
def packs_page(
    request: Request, after: int | None = None, done: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """The pack in force in the reader's district, and what was in force before."""
    with desk(request, viewer) as page:
        return show(page, after, done)


@router.get("/packs/pack.toml")
def download(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """The pack in force as one file that can be changed and put back."""
    with desk(request, viewer) as page:
        version = packs.current(page.conn, viewer.district_id)[0]
        text = as_toml(packs.body_of(page.conn, version))
    name = f'attachment; filename="pack-{version}.toml"'
    return Response(text, media_type="application/toml", headers={"content-disposition": name})


@router.post("/packs", response_class=HTMLResponse)
def put(
    request: Request, file: Annotated[UploadFile | None, File()] = None, viewer: Viewer = Depends(writer)
) -> Response:
    """Puts the pack of a file in force; a faulty one is refused whole, and its faults stand on the page."""
    district = keeping.administered(viewer)
    with desk(request, viewer) as page:
        now = page.now
    try:
        written = _uploaded(file)
        request.app.state.database.run(
            lambda conn: keeping.put(conn, district, written, viewer, address_of(request), now)
        )
    except keeping.FaultyPack as refused:
        with desk(request, viewer) as page:
            return show(page, None, "", refused.findings)
    return RedirectResponse("/packs?done=put", status_code=303)


@router.post("/packs/follow", response_class=HTMLResponse)
def follow(request: Request, code: str = Form(""), viewer: Viewer = Depends(writer)) -> Response:
    """Goes back to a pack that came with the program."""
    district = keeping.administered(viewer)
    with desk(request, viewer) as page:
        now = page.now
    request.app.state.database.run(
        lambda conn: keeping.follow(conn, district, code, viewer, address_of(request), now)
    )
    return RedirectResponse("/packs?done=follow", status_code=303)


def _uploaded(file: UploadFile | None) -> Written:
    """The pack in the file that was sent."""
    content = file.file.read(LARGEST_BYTES + 1) if file is not None else b""
    if len(content) > LARGEST_BYTES:
        raise TooLarge(limit=LARGEST_BYTES)
    if file is None or not content:
        raise BadInput("Choose the file of a pack first.")
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:120] or "pack.toml"
    try:
        return read_text(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise BadInput("{file} is not written in UTF-8.", file=name) from None


def show(page: Desk, after: int | None, done: str, findings: list[Finding] | None = None) -> Response:
    """The page; `findings` are the faults of a pack that was refused."""
    district, _ = page.viewer.district_id, gettext_for(page.lang)
    version, pack = packs.current(page.conn, district)
    rows = list(packs.SQL.history(page.conn, district_id=district, before=after, limit=ROWS + 1))
    faults = [
        {"file": f.file.name, "line": f.line, "place": f.fault.path, "reason": f.fault.text(_)}
        for f in findings or ()
    ]
    stages = [(_(CLOCK_WORDS.get(c, c)), limit_words(limit, _)) for c, limit in pack.stages.items()]
    return page.page(
        "packs.html", 422 if faults else 200, pack=pack, version=version, majors=_majors(pack, page.lang),
        stages=stages, history=rows[:ROWS], next=rows[ROWS - 1]["id"] if len(rows) > ROWS else None, done=done,
        faults=faults[:MOST_FINDINGS], count=len(faults), named=_namer(page.lang),
        shipped=list(packs.SQL.shipped(page.conn)),
    )  # fmt: skip


def _namer(lang: str) -> Any:
    """A text of the pack in the reader's language; Chinese where it has none."""
    return lambda names: names.get(lang) or names.get("zh-CN", "")


def _majors(pack: Pack, lang: str) -> list[Major]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for category in pack.categories:
        found.setdefault((category.system, category.major), []).append(_category(pack, category, lang))
    named = _namer(lang)
    return [
        Major(
            f"{named(pack.systems.get(system, {})) or system} · {pack.major_name(system, major, lang)}",
            categories,
        )
        for (system, major), categories in found.items()
    ]


def _category(pack: Pack, category: Category, lang: str) -> dict[str, Any]:
    named, _ = _namer(lang), gettext_for(lang)
    return {
        "code": category.code,
        "name": category.name(lang),
        "self_handle": category.self_handle,
        "claimable": category.claimable,
        "owes_reply": category.owes_reply,
        "photos": [
            _("{act} ({stages})").format(
                act=_(ACTION_WORDS.get(act, act)),
                stages=" + ".join(_(STAGE_WORDS[stage]) for stage in stages),
            )
            for act, stages in category.evidence.items()
        ],
        "fields": [named(field.names) for field in category.form],
        "conditions": [_condition(pack, condition, lang) for condition in category.conditions],
    }


def _condition(pack: Pack, condition: Condition, lang: str) -> dict[str, Any]:
    named, _ = _namer(lang), gettext_for(lang)
    kinds = {"centre": _("command centre"), "street": _("street office"), "community": _("community"),
             "crew": _("handling crew"), "outside": _("outside party")}  # fmt: skip
    return {
        "name": named(condition.names),
        "limit": limit_words(condition.handle, _),
        "emergency": condition.emergency,
        "closing": named(condition.closing),
        "basis": named(condition.basis),
        "responsible": [
            named(pack.trades[name]) if name in pack.trades else kinds.get(name, name)
            for name in condition.responsible.get("handle", ())
        ],
    }
