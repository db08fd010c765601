"""The line in a tablet's QR code: where the office is, and the code that works once."""

from dataclasses import dataclass
from urllib.parse import urlsplit

MARK = "xunge-enrol"
MOST = 1000


@dataclass(frozen=True)
class Ticket:
    """What a tablet needs to come in: the office's address (http or https) and the code as it is shown."""

    server: str
    code: str

    @property
    def line(self) -> str:
        """As it stands in the QR code. No link: a telephone that scans it shows it, and opens nothing."""
        return f"{MARK} {self.server} {self.code}"


def read_ticket(text: str) -> Ticket | None:
    """The ticket that a text holds, whatever blanks stand around its parts; None when it is anything else."""
    parts = text[:MOST].split()
    if len(parts) != 3 or parts[0].lower() != MARK:
        return None
    try:
        address = urlsplit(parts[1])
    except ValueError:
        return None
    return Ticket(parts[1], parts[2]) if address.scheme in ("http", "https") and address.netloc else None
