"""After a restore: what was erased before is erased again, from the table and from the file that outlived it."""

from datetime import datetime
from pathlib import Path

from server.audit import service as audit
from server.cases import blobs, redaction
from server.db import Connection
from server.people import erasure


def erase_again(conn: Connection, folder: Path, file: Path, now: datetime) -> int:
    """Erases in a restored database all that its table or `file` name; how many they are.

    Persons and whole words are erased as often as it is asked for. What acts of a case say (words that were cut, a
    photo) stands in the table only where it was done, and is done once; a photo's bytes may have come back as a file.
    """
    there = {str(row["id"]) for row in erasure.SQL.all_erasures(conn)}
    known = erasure.known(conn, file)
    for done in known:
        if not done.is_act:
            erasure.do_again(conn, done, now)
        elif done.id not in there:
            redaction.again(conn, folder, done, now)
        if done.sha256 is not None:
            blobs.take_away(folder, done.sha256)
    audit.log(conn, "erased_again", None, "", {"erasures": len(known)}, now)
    return len(known)
