"""Has a boundary file read, checked and compared in a process of its own: the server goes on serving meanwhile, and no
file takes longer than somebody waits at a page.

`python -m gis.aside FOLDER` decides about the file that `asked` in FOLDER names and leaves `told` there: what was
prepared, the sentence of a refusal, or a fault of ours with its traceback. Both are pickles of ours in a folder of
ours.
"""

import pickle
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gis.child import limit, run
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.prepare import Prepared, Stored, Wanted, decide
from gis.read import read
from server.errors import BadInput, Busy

# A district of 12,000 areas needs a fifth of this.
SECONDS = 120
PATIENCE_S = 10.0
ASKED, TOLD = "asked", "told"
# Several large files at once would take the machine from everybody else.
_turn = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """One file, what is wanted of it, and what is stored; `name` is what the file is called to people."""

    path: str
    name: str
    wanted: Wanted
    stored: Stored
    now: datetime


class OurFaultError(Exception):
    """Deciding failed in a way that is no file's doing; says the child's traceback, for the log."""


def prepared(content: bytes, name: str, wanted: Wanted, stored: Stored, now: datetime) -> Prepared:
    """What loading the file's `content` would do. Raises BadInput for a file that cannot be read, is of another
    district, or needs more time or memory than there is for it; Busy while another file has its turn; OurFaultError.
    """
    if not _turn.acquire(timeout=PATIENCE_S):
        raise Busy("Another boundary file is being checked. Nothing was changed; try again in a minute.")
    try:
        # Whatever reading leaves behind when it is ended lies in here, too.
        with tempfile.TemporaryDirectory(prefix="xunge-aside-") as inside:
            folder = Path(inside)
            # What a hand has edited is GeoJSON of ours under the code of its grid.
            path = folder / f"boundaries{Path(name).suffix.lower() or '.geojson'}"
            path.write_bytes(content)
            (folder / ASKED).write_bytes(pickle.dumps(Asked(str(path), name, wanted, stored, now)))
            return _told(folder, run("gis.aside", [inside], folder, SECONDS, {"TMPDIR": inside}))
    finally:
        _turn.release()


def _told(folder: Path, code: int | None) -> Prepared:
    if code is None:
        raise BadInput(
            "Reading and checking the file took longer than {seconds} seconds. Nothing was changed; simplify its"
            " outlines.",
            seconds=SECONDS,
        )
    if code != 0:
        raise BadInput(
            "Reading and checking the file needs more memory or time than a boundary file may take. Nothing was"
            " changed; simplify its outlines."
        )
    told = pickle.loads((folder / TOLD).read_bytes())  # noqa: S301  # our own child wrote it
    if isinstance(told, Prepared):
        return told
    if isinstance(told, str):
        raise OurFaultError(told)
    sentence, params = told
    raise BadInput(sentence, **params)


def main(folder: Path) -> None:
    """The child's part."""
    limit(SECONDS)
    asked: Asked = pickle.loads((folder / ASKED).read_bytes())  # noqa: S301  # our own parent wrote it
    try:
        found = replace(read(Path(asked.path), Fields(), asked.wanted.crs), source_name=asked.name)
        told: object = decide(found, asked.wanted, asked.stored, asked.now)
    except (UnreadableError, BadInput) as refusal:
        told = (refusal.sentence, refusal.params)
    except MemoryError:
        raise  # its end says that the file was too large, as when the system ends it
    except Exception:  # a fault of ours must not be told as one of the file
        told = traceback.format_exc()
    (folder / TOLD).write_bytes(pickle.dumps(told))


if __name__ == "__main__":
    # Under its own name, so that what it leaves is of the classes that the parent knows.
    from gis import aside

    aside.main(Path(sys.argv[1]))
