"""The bodies of the sync's requests as JSON schemas, for the API's description: what a tablet may send.

They describe, they do not refuse: the door reads every field itself, so that one bad command has its own answer.
"""

from typing import Any

from server.protocol.commands import COMMAND_TYPES
from server.protocol.wire import ENVELOPE

Schema = dict[str, Any]
UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer", "minimum": 0}

POSITION: Schema = {
    "type": ["object", "null"],
    "properties": {
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "accuracy_m": {"type": "number", "minimum": 0},
        "provider": {"type": "string", "maxLength": 200},
        "fix_age_s": {"type": "number", "minimum": 0},
        "is_mock": {"type": "boolean"},
        "placed_by_hand": {"type": "boolean"},
        "crs": {"enum": ["EPSG:4326", "EPSG:4490"]},
    },
    "required": ["lon", "lat", "crs"],
}
COMMAND: Schema = {
    "type": "object",
    "properties": {
        "command_id": UUID,
        "person_id": WHOLE,
        "seq": {"type": "integer", "minimum": 1},
        "kind": {"enum": sorted(COMMAND_TYPES)},
        "case_id": UUID,
        "base_version": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
        "form_version": {},
        "made_at": TIME,
        "depends_on": {"anyOf": [UUID, {"type": "null"}]},
        "place": {
            "type": "object",
            "properties": {"grid": {"type": "string"}, "nodes": {"type": "array", "maxItems": 4}},
        },
        "position": POSITION,
        "payload": {"type": "object"},
    },
    "required": ["command_id", "person_id", "seq", "kind", "case_id", "made_at", "payload"],
}
COMMANDS: Schema = {
    "type": "object",
    "properties": {
        "envelope": {"const": ENVELOPE},
        "device_id": UUID,
        "sent_at": TIME,
        "commands": {"type": "array", "maxItems": 100, "items": COMMAND},
    },
    "required": ["envelope", "sent_at", "commands"],
}
ENROL: Schema = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "maxLength": 100},
        "device": {
            "type": "object",
            "properties": {"id": UUID, "model": {"type": "string"}, "app_version": {"type": "string"}},
            "required": ["id"],
        },
    },
    "required": ["code", "device"],
}


def body(schema: Schema, *kinds: str) -> Schema:
    """What a route adds to its description: its body, in JSON unless `kinds` say otherwise."""
    content = {kind: {"schema": schema} for kind in kinds or ("application/json",)}
    return {"requestBody": {"required": True, "content": content}}


BYTES = body({"type": "string", "format": "binary"}, "application/offset+octet-stream")
