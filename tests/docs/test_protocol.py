"""The protocol document tells the truth: each of its examples runs against the real server, and none is missing."""

import gzip
import hashlib
import io
import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from PIL import Image

from server.content import service as content
from server.db import Connection
from server.protocol.commands import COMMAND_TYPES
from server.protocol.package import applied, content_of
from server.protocol.wire import sha256, time_text, uuid7
from server.protocol.workflow import ACTIONS
from server.security import load_viewer
from tests.docs.conftest import Office, Tablet
from tests.docs.examples import DOCUMENT, Example, differences, examples
from tests.factories import picture

EXAMPLES = {example.name: example for example in examples(DOCUMENT.read_text(encoding="utf-8"))}
COMMANDS = [
    example
    for name, example in EXAMPLES.items()
    if name.startswith("commands/") or name in ("held", "rejected")
]


def test_every_kind_of_command_has_one_example_and_no_other_has() -> None:
    shown = {name.removeprefix("commands/") for name in EXAMPLES if name.startswith("commands/")}
    assert shown == set(COMMAND_TYPES) == set(ACTIONS)
    assert all(EXAMPLES[f"commands/{kind}"].json(0)["kind"] == kind for kind in COMMAND_TYPES)


def test_no_example_is_left_out_by_these_tests() -> None:
    run = {example.name for example in COMMANDS} | {
        "commands",
        "hello",
        "enrol",
        "changes",
        "digest",
        "package",
        "bucket",
        "refusal",
        "decision",
        "document",
        "receipts",
    }
    run |= {"uploads/create", "uploads/head", "uploads/patch"}
    assert set(EXAMPLES) == run


def fresh_ids(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with attachments of its own, an id is declared once; and with an end that has not come yet."""
    if "until" in payload:
        payload = payload | {"until": time_text(datetime.now(UTC) + timedelta(days=1))}
    if "attachments" not in payload:
        return payload
    return payload | {"attachments": [one | {"id": str(uuid7())} for one in payload["attachments"]]}


@pytest.mark.parametrize("example", COMMANDS, ids=lambda example: example.name)
def test_a_command_is_answered_as_the_document_says(office: Office, example: Example) -> None:
    command, answer = example.json(0), example.json(1)
    command["payload"] = fresh_ids(command["payload"])
    tablet, standing = office.tablet(example.words["by"]), example.words.get("on")
    if standing:
        case = office.case(standing)
        version = 1 if "stale" in example.words else case["version"]
        command = tablet.sealed(command, case["id"], version)
    else:
        command = tablet.sealed(command)
    real = tablet.send(command)["results"][0]
    assert differences(answer, real) == []
    assert answer["version"] == real["version"]


def test_a_whole_batch_looks_as_in_the_document(office: Office) -> None:
    said, answer = (EXAMPLES["commands"].json(n) for n in (0, 1))
    tablet = office.tablet("worker")
    sealed = tablet.sealed(said["commands"][0])
    own = {name: sealed[name] for name in ("kind", "payload")}
    command = tablet.sealed(own)
    assert differences(said["commands"][0], command) == []
    assert differences(answer, tablet.send(command)) == []


def test_the_office_says_hello_to_whoever_asks_in_its_envelope(office: Office) -> None:
    real = requests.get(f"{office.server.url}/sync/v1/hello", timeout=30)
    assert real.status_code == 200
    assert differences(EXAMPLES["hello"].json(0), real.json()) == []


def test_a_tablet_of_another_protocol_version_is_told_which_side_is_to_be_updated(office: Office) -> None:
    tablet = office.tablet("worker")
    for version, words in (("xunge/0", "too old"), ("xunge/2", "newer")):
        said = {"envelope": version, "device_id": "x", "sent_at": "", "commands": []}
        real = tablet.ask("POST", "/sync/v1/commands", json=said)
        assert (real.status_code, real.json()["code"]) == (426, "update_needed")
        assert words in real.json()["detail"]


def test_enrolling_looks_as_in_the_document(office: Office) -> None:
    said, answer = (EXAMPLES["enrol"].json(n) for n in (0, 1))
    assert set(said) == {"code", "device"}
    wanted = said | {"code": office.code("worker").lower().replace("-", " ")}
    real = requests.post(f"{office.server.url}/sync/v1/enrol", json=wanted, timeout=30)
    assert real.status_code == 200
    assert differences(answer, real.json()) == []
    assert real.json()["scope"] == answer["scope"]


def test_changes_look_as_in_the_document(office: Office) -> None:
    tablet = office.tablet("worker")
    case = office.case(EXAMPLES["changes"].words["on"])
    real = tablet.ask("GET", "/sync/v1/changes").json()
    kept = {
        change["kind"]: change
        for change in real["changes"]
        if change["kind"] != "case" or change["id"] == case["id"]
    }
    told = kept["message"]["body"]
    told["sentence"] = re.sub(r"\d\d-\d\d \d\d:\d\d", "11-22 18:40", told["sentence"])
    real["changes"] = list(kept.values())
    said = EXAMPLES["changes"].json(0)
    assert [change["kind"] for change in said["changes"]] == ["person", "pack", "grid", "message", "case"]
    assert differences(said, real) == []


def test_the_package_looks_as_in_the_document_and_its_file_has_the_hash_that_is_named(office: Office) -> None:
    tablet = office.tablet("worker")
    real = tablet.ask("GET", "/sync/v1/package").json()
    assert differences(EXAMPLES["package"].json(0), real) == []
    file = tablet.ask("GET", f"/sync/v1/package/{real['file']}")
    assert (len(file.content), sha256(file.content)) == (real["bytes"], real["sha256"])
    assert content_of(applied(None, gzip.decompress(file.content))) == real["content"]


def test_the_digest_looks_as_in_the_document_and_proves_the_mirror(office: Office) -> None:
    tablet = office.tablet("worker")
    real = tablet.ask("GET", "/sync/v1/digest").json()
    assert differences(EXAMPLES["digest"].json(0), real) == []
    cases = [c for c in tablet.ask("GET", "/sync/v1/changes").json()["changes"] if c["kind"] == "case"]
    buckets: dict[str, list[str]] = {}
    for case in sorted(cases, key=lambda case: case["id"]):
        buckets.setdefault(case["id"][-2:], []).append(f"{case['id']}:{case['version']}")
    hashes = {name: hashlib.sha256("\n".join(buckets[name]).encode()).hexdigest()[:16] for name in buckets}
    whole = "\n".join(f"{name}:{hashes[name]}" for name in sorted(hashes))
    assert (real["count"], real["buckets"]) == (len(cases), hashes)
    assert real["digest"] == hashlib.sha256(whole.encode()).hexdigest()
    bucket = tablet.ask("GET", f"/sync/v1/buckets/{min(buckets)}").json()
    assert differences(EXAMPLES["bucket"].json(0), bucket) == []
    assert {case["id"] for case in bucket["changes"]} == {
        c["id"] for c in cases if c["id"][-2:] == min(buckets)
    }


def test_a_document_and_its_receipt_look_as_in_the_document(office: Office) -> None:
    said, (told, answer) = EXAMPLES["document"].json(0), (EXAMPLES["receipts"].json(n) for n in (0, 1))
    tablet = office.tablet("worker")
    cursor = tablet.ask("GET", "/sync/v1/changes").json()["cursor"]

    def publish(conn: Connection) -> int:
        now = datetime.now(UTC)
        row = conn.cursor()
        row.execute("select id from people where login = 'street'")
        viewer = load_viewer(conn, row.fetchone()["id"], now)
        assert viewer is not None
        draft = content.Draft(said["body"]["title"], said["body"]["body"])
        id_ = content.write(conn, viewer, office.server.settings.blobs, "notice", True, draft, now)
        content.publish(conn, viewer, id_, ["S1"], now)
        return id_

    id_ = office.server.database.run(publish)
    changes = tablet.ask("GET", f"/sync/v1/changes?cursor={cursor}").json()["changes"]
    (real,) = [change for change in changes if change["kind"] == "document"]
    assert differences(said, real) == []
    told["documents"][0]["id"] = id_
    noted = tablet.ask("POST", "/sync/v1/receipts", json=told)
    assert noted.status_code == 200
    assert differences(answer, noted.json()) == []
    (again,) = [
        c["body"] for c in tablet.ask("GET", "/sync/v1/changes").json()["changes"] if c["kind"] == "document"
    ]
    assert again["noted"] is True


def test_a_decision_looks_as_in_the_document(office: Office) -> None:
    tablet, said = office.tablet("worker"), EXAMPLES["decision"].json(0)
    case = office.case("registered")
    passing = tablet.sealed({"kind": "pass", "payload": {"close_kind": "fixed"}}, case["id"], 1)
    assert tablet.send(passing)["results"][0]["outcome"] == "held"
    cursor = tablet.ask("GET", "/sync/v1/changes").json()["cursor"]
    office.refuse(passing["command_id"], said["body"]["reason"]["params"]["said"])
    (real,) = [
        change
        for change in tablet.ask("GET", f"/sync/v1/changes?cursor={cursor}").json()["changes"]
        if change["kind"] == "decision"
    ]
    assert differences(said, real) == []
    assert real["body"]["reason"] == said["body"]["reason"]


def test_a_refusal_looks_as_in_the_document(office: Office) -> None:
    stranger = Tablet(office.server.url, "xunge_tab_forged", 0, "")
    real = stranger.ask("GET", "/sync/v1/changes")
    assert differences(EXAMPLES["refusal"].json(0), real.json()) == []
    assert real.json()["detail"] == EXAMPLES["refusal"].json(0)["detail"]


def http(block: str) -> tuple[str, dict[str, str]]:
    """The first line of an HTTP block, and its headers."""
    first, *lines = block.splitlines()
    return first, dict(line.split(": ", 1) for line in lines)


def test_a_photo_goes_up_as_in_the_document(office: Office) -> None:
    tablet, content, attachment = office.tablet("worker"), picture("orange"), str(uuid7())
    digest = hashlib.sha256(content).hexdigest()
    command = {"kind": "report", "payload": EXAMPLES["commands/report"].json(0)["payload"]}
    declared = command["payload"]["attachments"][0] | {
        "id": attachment,
        "sha256": digest,
        "bytes": len(content),
    }
    command["payload"] |= {"attachments": [declared]}
    case_id = tablet.send(tablet.sealed(command))["results"][0]["case_id"]
    pairs = {"attachment_id": attachment, "sha256": digest}
    real_values = {
        "Upload-Length": str(len(content)),
        "Upload-Metadata": ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in pairs.items()),
    }
    where = ""
    for name in ("uploads/create", "uploads/head", "uploads/patch"):
        (_, asked), (_, told) = EXAMPLES[name].blocks
        (method, path), headers = http(asked)[0].split(), http(asked)[1]
        status, expected = http(told)
        sent = {key: real_values.get(key, value) for key, value in headers.items()}
        answer = tablet.ask(method, where or path, sent, data=content if method == "PATCH" else None)
        assert answer.status_code == int(status), answer.text
        assert expected.keys() <= answer.headers.keys()
        where = where or answer.headers["Location"]
    assert answer.headers["Upload-Checksum-Confirmed"] == digest
    changes = tablet.ask("GET", "/sync/v1/changes").json()["changes"]
    photo = next(c["body"] for c in changes if c["id"] == case_id)["attachments"][0]
    assert (photo["id"], photo["arrived"]) == (attachment, True)
    shown = tablet.ask("GET", f"/sync/v1/attachments/{photo['id']}")
    assert (
        shown.headers["Repr-Digest"]
        == f"sha-256=:{b64encode(hashlib.sha256(shown.content).digest()).decode()}:"
    )
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"


def test_a_difference_is_found_where_there_is_one() -> None:
    said = {"outcome": "applied", "version": 1, "reason": {"code": ""}, "list": [{"a": 1}]}
    assert differences(said, json.loads(json.dumps(said))) == []
    for changed in (
        {"outcome": "held"},
        {"version": "1"},
        {"version": None},
        {"more_fields": 1},
        {"reason": {"code": "x"}},
        {"list": [{"b": 1}]},
        {"list": []},
    ):
        assert differences(said, said | changed), changed
    assert differences(said, {"outcome": "applied"})
