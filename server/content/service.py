"""Notices and documents down the tree: an office writes, versions, publishes to subtrees, withdraws; others read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from server.cases.blobs import keep_bytes
from server.content.papers import file_name, keep_paper
from server.content.pdf import is_pdf
from server.db import Connection, queries
from server.errors import BadInput, NotAllowed, NotFound
from server.protocol.wire import time_text
from server.security import Viewer

sql = queries(__file__)
OFFICES = frozenset({"centre", "street", "community"})
KINDS = ("notice", "document")
MOST_TITLE, MOST_BODY, MOST_PICTURES, MOST_PAPERS = 100, 20_000, 9, 3
ON_TABLETS = 100


@dataclass(frozen=True)
class Draft:
    """What somebody wrote. `files`: (name, bytes) of pictures and PDFs, None to keep those of the version before."""

    title: str
    body: str
    files: Sequence[tuple[str, bytes]] | None = None

    def checked(self) -> "Draft":
        """Raises BadInput with the field and what is wrong."""
        title, body = self.title.strip(), self.body.strip().replace("\r\n", "\n")
        if not title:
            raise BadInput("A title is needed.")
        if not body:
            raise BadInput("A text is needed.")
        if len(title) > MOST_TITLE or len(body) > MOST_BODY:
            raise BadInput(
                "A title has at most {title} characters, a text {body}.", title=MOST_TITLE, body=MOST_BODY
            )
        papers = len(self.papers)
        if papers > MOST_PAPERS or len(self.files or ()) - papers > MOST_PICTURES:
            raise BadInput(
                "At most {pictures} pictures and {papers} PDFs can be attached.",
                pictures=MOST_PICTURES,
                papers=MOST_PAPERS,
            )
        return Draft(title, body, self.files)

    @property
    def papers(self) -> list[tuple[str, bytes]]:
        """The PDFs among the files, by their first bytes; the others are taken for pictures."""
        return [one for one in self.files or () if is_pdf(one[1])]

    @property
    def pictures(self) -> list[tuple[str, bytes]]:
        return [one for one in self.files or () if not is_pdf(one[1])]


def may_write(viewer: Viewer) -> bool:
    """Offices with a place in the tree send down it; crews and workers read."""
    return viewer.role in OFFICES


def _only_offices(viewer: Viewer) -> None:
    if not may_write(viewer):
        raise NotAllowed


def write(
    conn: Connection, viewer: Viewer, folder: Path, kind: str, safety: bool, draft: Draft, now: datetime
) -> int:
    """A new document with its first version, read by nobody yet; its id."""
    _only_offices(viewer)
    if kind not in KINDS:
        raise BadInput("Choose whether it is a notice or a document.")
    draft = draft.checked()
    id_ = int(
        sql.add_document(
            conn,
            district_id=viewer.district_id,
            organisation_id=viewer.organisation_id,
            kind=kind,
            safety=safety and kind == "notice",
            now=now,
            person=viewer.person_id,
        )
    )
    _add_version(conn, viewer, folder, id_, 1, draft, now)
    return id_


def add_version(conn: Connection, viewer: Viewer, folder: Path, id_: int, draft: Draft, now: datetime) -> int:
    """The next version of a document of one's own office; readers get it when it is published."""
    own = _own(conn, viewer, id_)
    _add_version(conn, viewer, folder, id_, own["last_n"] + 1, draft.checked(), now)
    return int(own["last_n"]) + 1


def _add_version(
    conn: Connection, viewer: Viewer, folder: Path, id_: int, n: int, draft: Draft, now: datetime
) -> None:
    sql.add_version(conn, id=id_, n=n, title=draft.title, body=draft.body, now=now, person=viewer.person_id)
    if draft.files is None:
        sql.keep_pictures(conn, id=id_, n=n)
        sql.keep_papers(conn, id=id_, n=n)
    for place, (name, content) in enumerate(draft.pictures, 1):
        sha256, _mime = keep_bytes(conn, folder, content, now)
        sql.add_picture(conn, id=id_, n=n, place=place, sha256=sha256, name=name[:100])
    for place, (name, content) in enumerate(draft.papers, 1):
        sha256 = keep_paper(conn, folder, content, now)
        sql.add_paper(conn, id=id_, n=n, place=place, sha256=sha256, name=file_name(name))


def _own(conn: Connection, viewer: Viewer, id_: int) -> dict[str, Any]:
    _only_offices(viewer)
    row = sql.lock_own(conn, id=id_, organisation_id=viewer.organisation_id)
    if row is None:
        raise NotFound
    return dict(row)


def publish(conn: Connection, viewer: Viewer, id_: int, codes: Sequence[str], now: datetime) -> None:
    """Gives the newest version to everybody at and below the nodes with these codes, and to nobody else any more."""
    own = _own(conn, viewer, id_)
    nodes = {
        row["code"]: row["node_id"] for row in sql.below(conn, roots=sorted(viewer.nodes), codes=list(codes))
    }
    if not codes:
        raise BadInput("Choose to whom it is published.")
    if missing := sorted(set(codes) - nodes.keys()):
        raise BadInput("{codes} does not lie in your area.", codes=", ".join(missing))
    before = [row["node_id"] for row in sql.drop_nodes(conn, id=id_)]
    for node in nodes.values():
        sql.add_node(conn, id=id_, node_id=node)
    sql.publish(conn, id=id_, n=own["last_n"], now=now, person=viewer.person_id)
    _tell(conn, viewer, id_, own["last_n"], [*before, *nodes.values()])


def withdraw(conn: Connection, viewer: Viewer, id_: int, now: datetime) -> None:
    """Takes it back from all readers; its versions and who published them stay."""
    own = _own(conn, viewer, id_)
    if own["published_n"] is None or own["withdrawn_at"] is not None:
        raise BadInput("It is not published.")
    sql.withdraw(conn, id=id_, now=now, person=viewer.person_id)
    _tell(conn, viewer, id_, own["published_n"], [])


def _tell(conn: Connection, viewer: Viewer, id_: int, n: int, nodes: Sequence[int]) -> None:
    list(sql.tell(conn, district_id=viewer.district_id, id=id_, n=n, nodes=list(nodes)))
    conn.changed.add(viewer.district_id)


def roots_of(viewer: Viewer) -> list[int]:
    """Where a reader stands in the tree; a crew at the root of its district."""
    return sorted(viewer.nodes) or [viewer.district_id]


def for_reader(
    conn: Connection, viewer: Viewer, ids: Sequence[int] | None = None, limit: int = ON_TABLETS
) -> list[dict[str, Any]]:
    """What is published to the reader's place in the tree, newest first, as JSON; of `ids` only, when given."""
    rows = sql.for_reader(
        conn,
        roots=roots_of(viewer),
        district_id=viewer.district_id,
        organisation_id=viewer.organisation_id,
        ids=None if ids is None else list(ids),
        limit=limit,
    )
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "safety": row["safety"],
            "version": row["n"],
            "title": row["title"],
            "body": row["body"],
            "organisation": row["organisation"],
            "published_at": time_text(row["published_at"]),
            "noted": row["noted"] if row["safety"] else None,
            "pictures": row["pictures"],
            "files": row["files"],
        }
        for row in rows
    ]


def one_for_reader(conn: Connection, viewer: Viewer, id_: int) -> dict[str, Any] | None:
    """A published document if it reaches the viewer."""
    return next(iter(for_reader(conn, viewer, [id_], 1)), None)


def shows_picture(conn: Connection, viewer: Viewer, sha256: str) -> bool:
    """Whether a document that the viewer reads has this picture."""
    return _among(for_reader(conn, viewer), "pictures", sha256) is not None


def shown_paper(conn: Connection, viewer: Viewer, sha256: str) -> dict[str, Any] | None:
    """The PDF with this hash, of a document that the viewer reads."""
    return _among(for_reader(conn, viewer), "files", sha256)


def attached(conn: Connection, viewer: Viewer, id_: int, kind: str) -> list[dict[str, Any]]:
    """`pictures` or `files` of what the viewer reads of a document and, when it is their office's, of all versions."""
    read, own = one_for_reader(conn, viewer, id_), written(conn, viewer, id_)
    versions = [*([read] if read else ()), *(own["versions"] if own else ())]
    return [one for version in versions for one in version[kind]]


def _among(documents: Iterable[dict[str, Any]], kind: str, sha256: str) -> dict[str, Any] | None:
    return next((one for document in documents for one in document[kind] if one["sha256"] == sha256), None)


def note(conn: Connection, viewer: Viewer, id_: int, version: int) -> None:
    """The viewer's organisation knows of a safety notice; who noted it, and when, is not kept."""
    found = one_for_reader(conn, viewer, id_)
    if found and found["safety"] and found["version"] == version:
        sql.note(conn, id=id_, n=version, organisation_id=viewer.organisation_id)


def of_office(conn: Connection, viewer: Viewer, limit: int, before: int | None) -> dict[str, Any]:
    """A page of what the viewer's office wrote; `next` is the `before` of the following one."""
    rows = [
        dict(row)
        for row in sql.of_office(conn, organisation_id=viewer.organisation_id, before=before, limit=limit + 1)
    ]
    return {"items": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}


def written(conn: Connection, viewer: Viewer, id_: int) -> dict[str, Any] | None:
    """A document of the viewer's own office: versions, where it is published, which organisations noted it."""
    own = sql.own(conn, id=id_, organisation_id=viewer.organisation_id) if may_write(viewer) else None
    if own is None:
        return None
    noted = (
        [
            dict(row)
            for row in sql.who_noted(
                conn, id=id_, n=own["published_n"], organisation_id=viewer.organisation_id
            )
        ]
        if own["safety"] and own["published_n"]
        else []
    )
    return {
        **own,
        "versions": [dict(row) for row in sql.versions(conn, id=id_)],
        "nodes": [dict(row) for row in sql.published_to(conn, id=id_)],
        "choices": [dict(row) for row in sql.choices(conn, roots=sorted(viewer.nodes))],
        "noted": noted,
    }
