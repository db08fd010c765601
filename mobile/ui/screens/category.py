"""All categories: the tree in two columns, or a search by characters and pinyin initials."""

from typing import Any

from kivy.properties import ObjectProperty, StringProperty
from kivy.utils import escape_markup

from mobile.core.views import CategoryChoice, CategoryMajor
from mobile.ui.page import Page
from mobile.ui.theme import TOKENS, theme
from mobile.ui.widgets.buttons import Press
from mobile.ui.words import _


class Major(Press):
    """A branch of the tree."""


class Minor(Press):
    """A category that can be chosen; the part that the search found is marked in name and initials."""

    marked = StringProperty()
    initials = StringProperty()


class Category(Page):
    query = StringProperty()
    heading = StringProperty()
    heading_note = StringProperty()
    major = ObjectProperty(None, allownone=True)
    took = ObjectProperty(None, allownone=True)  # who asked for one; else the report does
    sheet = ObjectProperty(None, allownone=True)  # stands there again afterwards

    def on_kv_post(self, *_: Any) -> None:
        self._tree: tuple[CategoryMajor, ...] = self.tablet.report_form().tree
        self.major = self._tree[0] if self._tree else None
        self._show()

    def pour(self) -> None:
        super().pour()
        self.title = _("All categories")
        self.place = _("Choose one to go back") if self.took else _("Choose one to go back to the report")

    def search(self, query: str) -> None:
        self.query = query.strip()
        self._show()

    def clear(self) -> None:
        self.ids.query.text = ""

    def open_branch(self, major: CategoryMajor) -> None:
        self.major = major
        self._show()

    def _show(self) -> None:
        self.fill("majors", self.major, lambda: [self._branch(major) for major in self._tree])
        if self.query:
            found = self._found()
            self.heading = _("{count} found").format(count=len(found))
            self.heading_note = "" if found else _("Try another word, or fewer letters")
        else:
            found = list(self.major.categories) if self.major else []
            self.heading, self.heading_note = (self.major.name if self.major else ""), ""
        self.fill("minors", (self.query, found), lambda: [self._minor(category) for category in found])

    def _branch(self, major: CategoryMajor) -> Major:
        branch = Major(words=major.name, note=str(len(major.categories)), chosen=major is self.major)
        branch.bind(on_release=lambda _: self.open_branch(major))
        return branch

    def _found(self) -> list[CategoryChoice]:
        wanted = self.query.lower()
        everything = [category for major in self._tree for category in major.categories]
        return [
            category
            for category in everything
            if wanted in category.name.lower() or wanted in category.initials.lower()
        ]

    def _minor(self, category: CategoryChoice) -> Minor:
        start, end = self._match(category)
        minor = Minor(
            icon=category.icon,
            words=category.name,
            note=category.note,
            marked=self._mark(category.name, start, end, TOKENS[theme.mode]["accent"]),
            initials=self._mark(category.initials.upper(), start, end, TOKENS[theme.mode]["ink"]),
        )
        minor.bind(on_release=lambda _: self.choose(category))
        return minor

    def _match(self, category: CategoryChoice) -> tuple[int, int]:
        """Which characters were found; initials stand for the characters at the same places."""
        if not self.query:
            return 0, 0
        wanted = self.query.lower()
        same_places = len(category.initials) == len(category.name)
        for text in (category.name, category.initials if same_places else ""):
            start = text.lower().find(wanted)
            if start >= 0:
                return start, start + len(wanted)
        return 0, 0

    @staticmethod
    def _mark(text: str, start: int, end: int, colour: str) -> str:
        before, found, after = (escape_markup(part) for part in (text[:start], text[start:end], text[end:]))
        return f"{before}[b][color={colour}]{found}[/color][/b]{after}" if found else escape_markup(text)

    def choose(self, category: CategoryChoice) -> None:
        self.house.choose_category(category)
