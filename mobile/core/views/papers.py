"""What the office published, as the window shows it."""

from dataclasses import dataclass

from mobile.core.views.forms import PhotoView


@dataclass(frozen=True)
class DocumentView:
    """A notice or document of the office. `noted`: this worker's organisation knows of it (safety notices only)."""

    document_id: str
    title: str
    about: str  # kind, office, when
    body: str
    photos: tuple[PhotoView, ...]
    safety: bool = False
    noted: bool = False
