"""What the office published, as the window shows it."""

from dataclasses import dataclass

from mobile.core.views.forms import PhotoView


@dataclass(frozen=True)
class FileView:
    """A PDF of a document. `here`: its bytes are on this tablet; `about`: how large it is, or where it is."""

    name: str
    file_id: str
    about: str
    here: bool


@dataclass(frozen=True)
class DocumentView:
    """A notice or document of the office. `noted`: this worker's organisation knows of it (safety notices only)."""

    document_id: str
    title: str
    about: str  # kind, office, when
    body: str
    photos: tuple[PhotoView, ...]
    files: tuple[FileView, ...] = ()
    safety: bool = False
    noted: bool = False
