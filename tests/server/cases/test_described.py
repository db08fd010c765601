"""What /docs says about the acts is made from the transition table: no act is missing, none is told otherwise."""

from pathlib import Path
from typing import Any

import pytest

from server.app import create_app
from server.cases import described
from server.cases.apply import ELSEWHERE_CHECKED
from server.db import Database
from server.protocol.commands import read_payload
from server.protocol.fields import BadCommand
from server.protocol.workflow import ACTIONS, TABLE
from server.settings import Settings

PATH = "/api/v1/cases/{number}/actions/{action}"
# Only the system does these, or they make a case: nobody asks for them by this door.
NOT_ASKED_FOR = {
    "report",
    "part",
    "self_handle",
    "record",
    "time_out",
    "parts_done",
    "absent",
    "redact",
    "recompute",
    "reroute",
}


@pytest.fixture(scope="module")
def door() -> dict[str, Any]:
    """The operation as the API describes itself."""
    nowhere: Any = Database.__new__(Database)
    app = create_app(nowhere, Settings(home=Path("/nonexistent")))
    return dict(app.openapi()["paths"][PATH]["post"])


def test_every_act_that_a_person_may_do_is_named_and_no_other(door: dict[str, Any]) -> None:
    (action,) = (p for p in door["parameters"] if p["name"] == "action")
    assert action["schema"]["enum"] == [name for name in ACTIONS if name not in NOT_ASKED_FOR]


def test_every_row_of_the_table_stands_there_with_who_what_and_whither(door: dict[str, Any]) -> None:
    told = [line for line in door["description"].splitlines() if line.startswith("| `")]
    rows = [row for row in TABLE if row.action not in NOT_ASKED_FOR and row.sources != ("",)]
    assert len(told) == len(rows)
    for line, row in zip(told, rows, strict=True):
        _, act, way, who, fields, _ = (cell.strip() for cell in line.split("|"))
        assert act == f"`{row.action}`"
        assert way.endswith(f"→ {row.to or 'same'}")
        assert set(who.split(", ")) == set(row.who) - {"system", "import"}
        for need in row.needs:
            if need.kind not in ("evidence", "place"):
                assert need.name in fields, (row.action, need.name)


@pytest.mark.parametrize(
    "line",
    [
        "| `dispatch` | registered → dispatched | dispatcher | crew |",
        "| `register` | reported → registered | duty | condition |",
        "| `suspend` | handling → suspended | duty | reason, until |",
        "| `hand_down` | any open → same | street | reason |",
        "| `sample` | closed → registered | street, supervisor | result = void, result (uphold / void), finding |",
    ],
)
def test_a_line_reads_like_this(door: dict[str, Any], line: str) -> None:
    assert line in door["description"].splitlines()


def test_the_example_of_every_act_is_one_that_the_server_reads(door: dict[str, Any]) -> None:
    examples = door["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == set(described.actions())
    for action, example in examples.items():
        read_payload(action, example["value"] | _photos_beside(action))


def test_what_the_page_calls_needed_is_missed_when_it_is_left_out() -> None:
    examples = described.examples()
    needed = [
        (row, need.name)
        for row in described.rows_of_people()
        for need in row.needs
        if need.required and need.kind not in ELSEWHERE_CHECKED
    ]
    assert len(needed) > 50
    for row, name in needed:
        body = {key: value for key, value in examples[row.action]["value"].items() if key != name}
        try:
            left_out = not getattr(read_payload(row.action, body | _photos_beside(row.action)), name)
        except BadCommand as error:
            left_out = error.params["field"] == name
        assert left_out, (row.action, name)


def _photos_beside(action: str) -> dict[str, Any]:
    """What only an upload brings."""
    photo = {
        "id": "01a2023b-eade-73ed-82b1-4a286680b193",
        "sha256": "0" * 64,
        "bytes": 1,
        "mime": "image/jpeg",
        "stage": "after",
    }
    return {"attachments": [photo]} if action == "add_evidence" else {}
