"""Whether an act would write over what somebody else changed since its author saw the case, field by field."""

import json

from server.cases.batch import Batch
from server.cases.state import Working
from server.db import Connection, queries
from server.protocol.commands import Command

sql = queries(__file__, "apply.sql")
# What an act of changing names, and the fields of the case that it stands for.
FIELDS_OF = {
    "code": ("category_system", "category_code", "condition"),
    "condition": ("category_system", "category_code", "condition"),
    "place": ("lon_e7", "lat_e7", "district_id", "street_id", "community_id", "grid_id"),
    "payer": ("payer",),
}


def overtaken(conn: Connection, command: Command, work: Working, batch: Batch) -> bool:
    """True where one of the fields that `command` changes was changed behind the version that its author saw."""
    seen = command.base_version
    if command.kind != "change" or command.decided or not seen or seen >= work.case.version:
        return False
    since = {row["field"] for row in sql.fields_since(conn, case_id=work.case.id, version=seen)}
    for event in batch.events:
        if event.case_id == str(work.case.id) and event.n > seen:
            since |= json.loads(event.body)["fields"].keys()
    return any(since.intersection(names) for said, names in FIELDS_OF.items() if _says(command, said))


def _says(command: Command, name: str) -> bool:
    if name == "place":
        return command.position.lon is not None or bool(getattr(command.payload, "grid_code", ""))
    return bool(getattr(command.payload, name, ""))
