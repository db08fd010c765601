"""Forms as a browser without script reads them: what they offer, filled in as far as a hand can, and sent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import requests

from tests.conftest import LiveServer
from tests.factories import COVER, Street
from tests.server.small_district import PASSWORD, SmallDistrict, make_small_district


@dataclass
class PlainForm:
    """One form: where it goes, what would be sent as it stands, and for each name the values that may be chosen."""

    action: str = ""
    sent: dict[str, str] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)

    def fill(self, **values: str) -> "PlainForm":
        """Writes and chooses; a double underscore stands for a dot. What the form does not offer fails."""
        for given, value in values.items():
            name = given.replace("__", ".")
            assert name in self.written or value in self.offered.get(name, ()), (name, value, self.offered)
            self.sent[name] = value
        return self

    def tick(self, name: str, *values: str) -> "PlainForm":
        """Ticks the boxes NAME.000 … that have these values."""
        for value in values:
            box = next(n for n, own in self.offered.items() if n.startswith(f"{name}.") and value in own)
            self.sent[box] = value
        return self


class Forms(HTMLParser):
    """All forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[PlainForm] = []
        self._select = ""
        self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(PlainForm(at.get("action", "")))
        if not self.found:
            return
        form, name = self.found[-1], at.get("name", "")
        if tag == "option" and self._select:
            form.offered[self._select].append(at.get("value", ""))
            if "selected" in at or self._select not in form.sent:
                form.sent[self._select] = at.get("value", "")
        elif tag == "select" and name:
            self._select = name
            form.offered[name] = []
        elif tag == "textarea":
            self._area = name
            form.written.add(name)
            form.sent[name] = ""
        elif tag in ("input", "button") and name:
            self._control(form, name, at, tag)

    def _control(self, form: PlainForm, name: str, at: dict[str, str], tag: str) -> None:
        kind = "button" if tag == "button" else at.get("type", "text")
        if kind in ("radio", "checkbox", "button"):
            if "disabled" not in at:
                form.offered.setdefault(name, []).append(at.get("value", ""))
            if "checked" in at:
                form.sent[name] = at.get("value", "")
        elif kind == "file":
            form.files.append(name)
        else:
            form.sent[name] = at.get("value", "")
            if kind != "hidden":
                form.written.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1].sent[self._area] += data


@dataclass
class Clerk:
    """Somebody of the small district before the console, without script."""

    server: LiveServer
    login: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        page = self.session.get(f"{self.server.url}/login", timeout=30)
        form = next(f for f in Forms(page.text).found if "password" in f.written)
        form.fill(login=self.login, password=PASSWORD)
        answer = self.session.post(self.server.url + (form.action or "/login"), form.sent, timeout=30)
        assert "/login" not in answer.url, answer.text

    def get(self, path: str) -> str:
        answer = self.session.get(self.server.url + path, timeout=30)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def form(self, number: str, action: str) -> PlainForm:
        """The form of an act: on the case's own page, or where its link leads."""
        text = self.get(f"/cases/{number}")
        if f"/acts/{action}?" in text:
            text = self.get(f"/cases/{number}/acts/{action}")
        return form_in(text, action)

    def send(self, form: PlainForm, **photos: Any) -> requests.Response:
        """Posts it; the page that comes after."""
        return self.session.post(self.server.url + form.action, form.sent, files=photos or None, timeout=30)


def form_in(text: str, action: str) -> PlainForm:
    """The form of an act on a page; a button beside another case is a form too, but nothing is asked there."""
    found = [form for form in Forms(text).found if form.action.endswith(f"/actions/{action}")]
    asking = [form for form in found if form.written or form.offered] or found
    assert len(asking) == 1, f"{len(asking)} forms of {action}"
    return asking[0]


class Office:
    """The small district behind a live server, its clock standing an hour ago."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.district: SmallDistrict = server.database.run(make_small_district)

    def make(self, work: Any) -> Any:
        now = datetime.now(UTC) - timedelta(hours=1)
        blobs = self.server.settings.blobs
        return self.server.database.run(lambda conn: work(Street(conn, self.district, blobs, now)))

    def case(self, number: str) -> dict[str, Any]:
        return dict(self.make(lambda street: street.case(number)))

    def clerk(self, login: str) -> Clerk:
        return Clerk(self.server, login)


def registered(street: Street) -> str:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register", condition="missing")
    return number


def handling(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "accept")
    return number
