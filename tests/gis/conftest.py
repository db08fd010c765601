"""The collection of real boundary files lies beside the checkout, or beside a folder above it; without it, what reads
it is not collected."""

from pathlib import Path

from server.settings import CHECKOUT


def boundary_data() -> Path:
    """The folder that holds `messy` and `chicago`; one that does not exist when there is none."""
    folders = [folder / "shared" / "data" for folder in CHECKOUT.parents]
    return next((folder for folder in folders if (folder / "messy").is_dir()), folders[0])


collect_ignore = [] if boundary_data().is_dir() else ["test_messy.py"]
