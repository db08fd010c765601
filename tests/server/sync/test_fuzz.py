"""The sync's doors under random requests made from their own description: never a fault of ours, always our envelope."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.transport import Response

from server.protocol.commands import COMMAND_TYPES
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.sync.tablet import Tablet, count

EXAMPLES = 25


@schemathesis.serializer("application/offset+octet-stream")
def bytes_of(_context: Any, value: Any) -> bytes:
    """A piece of a photo as it goes over the wire."""
    raw = getattr(value, "data", value)
    return raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "replace")


@pytest.fixture
def doors(live_server: LiveServer, street: Street, tablet: Tablet) -> Iterator[tuple[Any, dict[str, str]]]:
    """The operations under /sync/v1 as the server describes them, and a tablet's headers."""
    schema = schemathesis.openapi.from_url(f"{live_server.url}/openapi.json")
    schema.config.update(base_url=live_server.url)
    yield schema.include(path_regex="^/sync/v1/"), tablet.headers(**{"Tus-Resumable": "1.0.0"})


def check(response: Response, path: str) -> None:
    """What every answer of these doors promises."""
    assert response.status_code < 500 or response.status_code == 503, (
        path,
        response.status_code,
        response.text,
    )
    kind = (response.headers.get("content-type") or [""])[0]
    if kind.endswith("json") and response.content:  # HEAD has a head only
        told = response.json()
        assert told["envelope"] == "xunge/1", path
        assert response.status_code < 400 or (told["code"] and told["detail"]), path


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_no_request_is_a_fault_of_ours(
    doors: tuple[Any, dict[str, str]], live_server: LiveServer, mode: GenerationMode
) -> None:
    schema, headers = doors
    asked: list[str] = []
    spared: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @seed(20261129)
        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            check(case.call(headers=headers, timeout=60), f"{case.method} {case.path}")

        try:
            ask()
            asked.append(operation.label)
        except Unsatisfiable:
            spared.append(operation.label)
    # What takes nothing, or any text, cannot be asked wrongly.
    assert {"POST /sync/v1/enrol", "POST /sync/v1/commands", "GET /sync/v1/changes"} <= set(asked)
    assert not spared or mode is GenerationMode.NEGATIVE
    assert count(live_server, "security_log where what = 'device_token_refused'") == 0


def test_commands_made_from_the_description_each_get_one_answer(
    doors: tuple[Any, dict[str, str]], tablet: Tablet
) -> None:
    schema, headers = doors
    operation = schema["/sync/v1/commands"]["POST"]
    outcomes: set[str] = set()

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def send(case: schemathesis.Case) -> None:
        response = case.call(headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        results = response.json()["results"]
        assert [r["command_id"] for r in results] == [c["command_id"] for c in case.body["commands"]]
        outcomes.update(r["outcome"] for r in results)

    send()
    assert outcomes >= {"held", "rejected"}


def test_the_description_names_every_act(doors: tuple[Any, dict[str, str]]) -> None:
    schema, _ = doors
    body = schema.raw_schema["paths"]["/sync/v1/commands"]["post"]["requestBody"]["content"][
        "application/json"
    ]
    kinds = body["schema"]["properties"]["commands"]["items"]["properties"]["kind"]["enum"]
    assert kinds == sorted(COMMAND_TYPES)
