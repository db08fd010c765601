"""One incident through the whole chain before your eyes: captured offline by the tablet core, closed by the offices.

Everybody uses their own door: the grid worker the tablet core, the offices and the crew the console's plain forms.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from rich.cells import cell_len
from rich.console import Console

from mobile.sim.wire import BadWire
from mobile.sim.worker import Worker
from server.cases.chain import verify_case
from server.db import Database
from server.demo import PASSWORD
from server.demo_photos import drawn_photo
from server.errors import SetupFault
from server.locale import gettext_for
from server.people.enrolment import make_enrol_code

WORKER, DUTY, DISPATCHER, CREW_LOGIN, CREW = "worker1", "duty1", "dispatch1", "crew3", "crew-sanitation"
TIMEOUT_S = 20
# Of the column that says who did it: the longest of these words and a gap, in columns of a terminal.
WHO_WIDTH = 16


class _Forms(HTMLParser):
    """The forms of a page: action address -> its fields with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.found.setdefault(told.get("action", ""), {})
        elif tag == "input" and self._fields is not None and told.get("type") == "hidden" and "name" in told:
            self._fields[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


class Desk:
    """Somebody signed in to the console, who fills in its forms."""

    def __init__(self, url: str, login: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self._post("/login", self._forms("/login")["/login"] | {"login": login, "password": PASSWORD})

    def act(self, number: str, action: str, photo: bytes | None = None, **fields: str) -> None:
        """Fills in the form of `action` on the case's page; SetupFault when it is refused."""
        path = f"/cases/{number}/actions/{action}"
        forms = self._forms(f"/cases/{number}")
        if path not in forms:
            raise SetupFault(
                "The page of case {number} does not offer {action}.", number=number, action=action
            )
        self._post(path, forms[path] | fields, photo)

    def _forms(self, path: str) -> dict[str, dict[str, str]]:
        answer = self.session.get(urljoin(self.url, path), timeout=TIMEOUT_S)
        answer.raise_for_status()
        parser = _Forms()
        parser.feed(answer.text)
        return parser.found

    def _post(self, path: str, fields: dict[str, str], photo: bytes | None = None) -> None:
        files = {"attachments": ("after.jpg", photo, "image/jpeg")} if photo else None
        answer = self.session.post(
            urljoin(self.url, path), data=fields, files=files, timeout=TIMEOUT_S, allow_redirects=False
        )
        if answer.status_code != 303:
            raise SetupFault("{path} was answered with {status}.", path=path, status=answer.status_code)


def open_worker(url: str, home: Path, database: Database) -> Worker:
    """The demo worker with a tablet that is kept over runs; enrolled again where the server's address is another."""
    worker = Worker(home / "walk-tablet", BadWire())
    if not worker.tablet.enrolled or worker.tablet.office_address != url:
        code = database.run(lambda conn: make_enrol_code(conn, WORKER, datetime.now(UTC)))
        worker.enrol(url, code)
    worker.tablet.sync_now()
    return worker


def walk(url: str, home: Path, database: Database, lang: str = "zh-CN") -> str:
    """Walks one case from report to closing, printing each step; its number. SetupFault names what failed."""
    _ = gettext_for(lang)
    console = Console(highlight=False, soft_wrap=True)

    def step(who: str, what: str, **params: object) -> None:
        gap = " " * (WHO_WIDTH - cell_len(who))
        console.print(f"  [green]✓[/] [bold]{who}[/]{gap}{what.format(**params)}")

    console.print(_("One incident through the whole chain:"))
    # The desks sign in while the tablet works: passwords are slow to check on purpose.
    pool = ThreadPoolExecutor(3)
    duty_in, dispatcher_in, crew_in = (
        pool.submit(Desk, url, login) for login in (DUTY, DISPATCHER, CREW_LOGIN)
    )
    worker = open_worker(url, home, database)
    tablet, wire = worker.tablet, worker.wire
    try:
        wire.online = False
        photo = tablet.take_in(drawn_photo("bags"), "before")
        place = worker.place()
        command = tablet.report(
            "urban/event/0110", "any", place, _("Bags of rubbish beside the bins"), [photo.photo_id], False
        )
        tablet.sync_now()
        waiting = tablet.today(datetime.now(UTC), place).outbox_count
        if waiting != 1:
            raise SetupFault("Captured without a signal, but the outbox holds {count}.", count=waiting)
        step(_("Grid worker"), _("captured it with a photo, without a signal; it waits in the outbox"))
        wire.online, wire.plan = True, ["drop_answer"]
        tablet.sync_now()
        step(
            _("Tablet"), _("signal is back: sent, but the answer was lost on its way; it stays in the outbox")
        )
        tablet.sync_now()
        number = _number_of(database, command)
        step(
            _("Tablet"),
            _("sent again and counted once, case {number}, photo confirmed by its hash"),
            number=number,
        )
        duty, dispatcher, crew = duty_in.result(), dispatcher_in.result(), crew_in.result()
        grid = _place_of(database, number)
        step(_("Server"), _("found its grid by the point: {grid}"), grid=grid)
        duty.act(number, "register", condition="any")
        step(_("Duty officer"), _("registered it; the clocks run"))
        dispatcher.act(number, "dispatch", crew=CREW)
        step(_("Dispatcher"), _("gave it to a crew that is permitted for it"))
        crew.act(number, "accept")
        crew.act(number, "handle", photo=drawn_photo("clean"), done=_("Rubbish taken away, ground rinsed"))
        step(_("Handling crew"), _("accepted it, mended it, sent the photo of the result"))
        tablet.sync_now()
        tablet.act(_case_id(database, number), "pass", {"close_kind": "fixed"})
        tablet.sync_now()
        step(_("Grid worker"), _("looked, and passed it on the tablet"))
        duty.act(number, "close")
        step(_("Duty officer"), _("closed it: not the one who dispatched it"))
        _prove(database, number)
        step(_("Chain"), _("every event follows the one before it, nothing was altered"))
    finally:
        worker.close()
        pool.shutdown()
    return number


def _number_of(database: Database, command_id: str) -> str:
    row = _one(
        database,
        "select k.number from commands c join case_keys k on k.case_id = c.case_id where c.command_id = %s",
        command_id,
    )
    if row is None:
        raise SetupFault("The report did not arrive.")
    return str(row["number"])


def _case_id(database: Database, number: str) -> str:
    row = _one(database, "select case_id from case_keys where number = %s", number)
    return str(row["case_id"]) if row else ""


def _place_of(database: Database, number: str) -> str:
    row = _one(
        database,
        "select string_agg(g.name, ' › ' order by g.level) as path from case_keys k join cases c on c.id = k.case_id"
        " join grids g on g.current and g.node_id in (c.street_id, c.community_id, c.grid_id) where k.number = %s",
        number,
    )
    return str(row["path"]) if row else ""


def _prove(database: Database, number: str) -> None:
    row = _one(database, "select id, state from cases where number = %s", number)
    if row is None or row["state"] != "closed":
        raise SetupFault("Case {number} was not closed.", number=number)
    with database.read() as conn:
        broken = verify_case(conn, row["id"])
    if broken:
        raise SetupFault(
            "The chain of case {number} is broken at event {n}: {why}",
            number=number,
            n=broken.n,
            why=str(broken),
        )


def _one(database: Database, statement: str, value: str) -> dict[str, Any] | None:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(statement, (value,))
        return cursor.fetchone()
