"""A notice or document of the office: its text and pictures, and for a safety notice a button that it is known."""

from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import FileView, PhotoView
from mobile.ui.page import Page
from mobile.ui.screens.photo import PhotoSheet
from mobile.ui.widgets.buttons import Outline
from mobile.ui.widgets.photo import Photo
from mobile.ui.widgets.text import Paragraph
from mobile.ui.words import _

LONGEST, ENDING = 22, 8


class Document(Page):
    document_id = StringProperty()
    about = StringProperty()
    heading = StringProperty()
    body = StringProperty()
    to_note = BooleanProperty(False)
    note_words = StringProperty()

    def pour(self) -> None:
        super().pour()
        view = self.tablet.document(self.document_id)
        self.title = _("Notices and documents")
        if view is None:
            self.heading = _("The office has withdrawn it")
            self.body, self.to_note, self.note_words = "", False, ""
            return
        self.heading, self.about, self.body = view.title, view.about, view.body
        self.to_note = view.safety and not view.noted
        self.note_words = _("Your organisation has noted it.") if view.safety and view.noted else ""
        self.fill("files", view.files, lambda: [part for file in view.files for part in self.told(file)])
        self.fill("pictures", view.photos, lambda: [self._picture(photo) for photo in view.photos])

    def told(self, file: FileView) -> tuple[Outline, Paragraph]:
        """A button with the file's name, and under it how large it is or that it is not here yet."""
        made: Outline = Outline(words=fitted(file.name), icon="poster", size_hint_x=1, disabled=not file.here)
        made.bind(on_release=lambda *_of: self.house.open_file(file))
        return made, Paragraph(words=file.about)

    def _picture(self, photo: PhotoView) -> Photo:
        made: Photo = Photo(
            photo_id=photo.photo_id if photo.has_bytes else "",
            caption=photo.caption if photo.has_bytes else f"{photo.caption} · {_('at the office')}",
            size_hint_y=None,
        )
        made.bind(width=lambda picture, width: setattr(picture, "height", min(width * 0.7, dp(440))))
        made.bind(on_release=lambda *_of: self.house.raise_sheet(PhotoSheet(house=self.house, photo=photo)))
        return made

    def note(self) -> None:
        """This organisation knows of it."""
        self.house.attempt(lambda: self.tablet.note_document(self.document_id))
        self.pour()


def fitted(name: str) -> str:
    """A name that fits on a button, upright and in large letters, too; of a long one the middle is left out."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - ENDING]}…{name[-ENDING:]}"
