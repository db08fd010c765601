"""Bad input: each case of the protocol's table has its outcome, its sentence, and is never a fault of ours."""

import gzip
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import requests

from server.protocol.wire import uuid7
from server.settings import CHECKOUT
from tests.conftest import LiveServer
from tests.factories import RUBBISH, picture
from tests.server.sync.tablet import MISSING, Tablet, count, declared, enrol

Body = Callable[[Tablet], tuple[bytes, dict[str, str]]]
GZIP = {"Content-Encoding": "gzip"}
TABLE = "## Bad input"


def batch(tablet: Tablet, *commands: Any, envelope: Any = "xunge/1") -> dict[str, Any]:
    return {"envelope": envelope, "device_id": tablet.device, "sent_at": None, "commands": list(commands)}


def sent(tablet: Tablet, body: bytes, headers: dict[str, str]) -> requests.Response:
    return tablet.session.post(
        f"{tablet.url}/sync/v1/commands", data=body, headers=tablet.headers(**headers), timeout=60
    )


def plain(value: Any) -> bytes:
    return json.dumps(value).encode()


# Bodies that are refused whole: what they are called in the protocol, how they are made, what the answer says.
BODIES: dict[str, tuple[Body, int, str]] = {
    "gzip that was cut off": (
        lambda t: (gzip.compress(plain(batch(t, *(t.command() for _ in range(9)))))[:-20], GZIP),
        422,
        "unreadable_body",
    ),
    "gzip that is none": (lambda t: (plain(batch(t)), GZIP), 422, "unreadable_body"),
    "a gzip bomb": (lambda t: (gzip.compress(b" " * 40_000_000), GZIP), 413, "too_large"),
    "10 MB": (lambda t: (plain(batch(t)) + b" " * 10_000_000, {}), 413, "too_large"),
    "no JSON": (lambda t: (b'{"envelope":', {}), 422, "unreadable_body"),
    "no UTF-8": (lambda t: (b'{"envelope": "\xff"}', {}), 422, "unreadable_body"),
    "JSON that is no object": (lambda t: (b"[1, 2]", {}), 422, "bad_input"),
    "nested ten thousand deep": (lambda t: (b'{"a":' + b"[" * 10_000, {}), 422, "unreadable_body"),
    "101 commands": (lambda t: (plain(batch(t, *(t.command() for _ in range(101)))), {}), 422, "bad_input"),
    "`commands` that is no list of objects": (lambda t: (plain(batch(t, 1, None)), {}), 422, "bad_input"),
    "no envelope": (lambda t: (plain({"commands": []}), {}), 422, "bad_input"),
    "an envelope of an older version": (lambda t: (plain(batch(t, envelope="xunge/0")), {}), 426, "update_needed"),
    "an envelope of a newer version": (lambda t: (plain(batch(t, envelope="xunge/2")), {}), 426, "update_needed"),
}  # fmt: skip


def test_a_body_is_refused_whole_with_a_sentence_and_nothing_is_taken_in(
    live_server: LiveServer, tablet: Tablet
) -> None:
    for name, (make, status, code) in BODIES.items():
        answer = sent(tablet, *make(tablet))
        told = answer.json()
        assert (answer.status_code, told["code"], told["envelope"]) == (status, code, "xunge/1"), name
        assert told["detail"], name
    assert count(live_server, "commands") == count(live_server, "cases") == 0


Change = Callable[[Tablet], dict[str, Any]]
PLACE = {"lon": 104.005, "lat": 30.005, "accuracy_m": 8.5, "crs": "EPSG:4326"}


def photo(**wrong: Any) -> dict[str, Any]:
    return {"payload": {"category": RUBBISH, "attachments": [declared(picture()) | wrong]}}


# Single commands in a batch: what is wrong, the outcome, the code, and what the sentence names.
COMMANDS: dict[str, tuple[Change, str, str, str]] = {
    "an id that is none": (lambda t: {"command_id": "7"}, "rejected", "bad_command", "command_id"),
    "no id": (lambda t: {"command_id": None}, "rejected", "bad_command", "command_id"),
    "a case that is none": (lambda t: {"case_id": [1]}, "rejected", "bad_command", "case_id"),
    "an unknown kind": (lambda t: {"kind": "dance"}, "rejected", "bad_command", "dance"),
    "a kind that is no text": (lambda t: {"kind": {"a": "\x00"}}, "rejected", "bad_command", "act called"),
    "a payload that is no object": (lambda t: {"payload": "x"}, "rejected", "bad_command", "payload"),
    "a field of a wrong type": (lambda t: {"payload": {"title": 7}}, "rejected", "bad_command", "title"),
    "a text that is too long": (
        lambda t: {"payload": {"category": RUBBISH, "title": "x" * 201}}, "rejected", "bad_command", "200"),
    "half a character": (
        lambda t: {"payload": {"category": RUBBISH, "title": "\ud800"}}, "rejected", "bad_command", "characters"),
    "a time without a zone": (lambda t: {"made_at": "2026-11-22T10:00:00"}, "rejected", "bad_command", "made_at"),
    "a time beyond all calendars": (
        lambda t: {"made_at": "0001-01-01T00:00:00+14:00"}, "rejected", "bad_command", "made_at"),
    "a `seq` below 1": (lambda t: {"seq": 0}, "rejected", "bad_command", "seq"),
    "a version that no case has": (lambda t: {"base_version": 2**40}, "rejected", "bad_command", "base_version"),
    "a photo whose hash is none": (lambda t: photo(sha256="ab"), "rejected", "bad_command", "sha256"),
    "a photo of 31 MB": (lambda t: photo(bytes=31_000_000), "rejected", "bad_command", "bytes"),
    "a photo of an unknown type": (lambda t: photo(mime="image/svg+xml"), "rejected", "bad_command", "mime"),
    "an act that only the system does": (lambda t: {"kind": "record", "payload": {
        "category": RUBBISH, "status": "open", "opened_at": "2026-10-01T08:00:00Z"}}, "rejected", "not_yours", ""),
    "a case that does not exist": (
        lambda t: {"kind": "comment", "payload": {"text": "x"}}, "rejected", "no_case", ""),
    "a person who is not the token's": (lambda t: {"person_id": 10**9}, "held", "held_author", ""),
    "a field that nobody knows": (
        lambda t: {"payload": {"category": RUBBISH, "colour": "red"}, "moon": "full"}, "applied", "", ""),
    "a newer form": (lambda t: {"form_version": "2099-1/x"}, "applied", "", ""),
    "an unknown category": (
        lambda t: {"payload": {"category": {"system": "mars", "code": "9"}}}, "applied", "", ""),
    "a position that is no object": (lambda t: {"position": "here"}, "applied", "", ""),
    "a position in the sea": (lambda t: {"position": PLACE | {"lon": 0.0, "lat": 0.0}}, "applied", "", ""),
    "a position beyond the poles": (lambda t: {"position": PLACE | {"lat": 91}}, "applied", "", ""),
    "a position of an unknown system": (lambda t: {"position": PLACE | {"crs": "GCJ-02"}}, "applied", "", ""),
    "a `seq` that came before": (lambda t: {"seq": 1}, "applied", "", ""),
    "a `seq` of another device, far ahead": (lambda t: {"seq": 2**53}, "applied", "", ""),
}  # fmt: skip


def test_one_bad_command_has_its_outcome_and_never_blocks_the_others(
    live_server: LiveServer, tablet: Tablet
) -> None:
    for name, (change, outcome, code, named) in COMMANDS.items():
        good, bad, late = tablet.command(), tablet.command(), tablet.command()
        bad |= change(tablet)
        before = count(live_server, "commands")
        results = tablet.send(good, bad, late)
        told = results[1]
        assert [r["outcome"] for r in results] == ["applied", outcome, "applied"], name
        assert (told["command_id"], told["reason"]["code"]) == (bad["command_id"], code), name
        assert named in told["reason"]["sentence"], name
        # Kept for ever under its id, and answered alike.
        assert tablet.send(bad)[0] == told, name
        kept = 2 if bad["command_id"] in (None, "7") else 3
        assert count(live_server, "commands") == before + kept, name


def test_every_line_of_the_protocols_table_is_tested_and_every_test_has_its_line() -> None:
    text = (CHECKOUT / "server" / "PROTOCOL.md").read_text(encoding="utf-8")
    section = text[text.index(f"\n{TABLE}\n") :].split("\n## ", 2)[1]
    lines = {
        cells[0]: (cells[1], cells[2])
        for cells in (
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines()
            if line.startswith("| ")
        )
        if cells[0] not in ("what comes", "---")
    }
    said = {name: (f"{status}", f"`{code}`") for name, (_, status, code) in BODIES.items()}
    said |= {
        name: (outcome, f"`{code}`" if code else "–") for name, (_, outcome, code, _) in COMMANDS.items()
    }
    said |= {name: BESIDE[name] for name in BESIDE}
    assert lines == said


# What has a test of its own.
BESIDE = {
    "a position of NaN": ("applied", "–"),
    "a known id with another content": ("rejected", "`forged`"),
    "one id twice in a batch with different content": ("rejected", "`forged`"),
    "a known id that cannot be read": ("rejected", "`forged`"),
    "a photo that was declared before with another content": ("rejected", "`photo_used`"),
    "a photo's bytes with another hash than declared": ("460", "`checksum_mismatch`"),
    "an upload of a declared photo under another hash": ("422", "`bad_input`"),
    "a replay under another token": ("the stored answer", "–"),
}


def test_a_position_of_nan_never_costs_a_report(live_server: LiveServer, tablet: Tablet) -> None:
    for wrong in ("NaN", "Infinity", "1e999"):
        command = tablet.command()
        body = plain(batch(tablet, command)).replace(b"104.005", wrong.encode())
        first = sent(tablet, body, {}).json()["results"][0]
        assert first["outcome"] == "applied", wrong
        assert sent(tablet, body, {}).json()["results"][0] == first
    found, _ = tablet.follow()
    cases = [change["body"] for change in found if change["kind"] == "case"]
    assert [case["location"]["lon"] for case in cases] == [None] * 3
    assert all("place_missing" in case["tags"] for case in cases)


def test_a_place_in_the_sea_goes_to_the_centre_and_an_unknown_category_keeps_its_name(tablet: Tablet) -> None:
    sea = tablet.command(position=PLACE | {"lon": 0.0, "lat": 0.0})
    unknown = tablet.command(payload={"category": {"system": "mars", "code": "9"}, "title": "?"})
    tablet.send(sea, unknown)
    found, _ = tablet.follow()
    cases = {change["id"]: change["body"] for change in found if change["kind"] == "case"}
    assert cases[sea["case_id"]]["grid"]["status"] == "outside"
    assert cases[sea["case_id"]]["holder"]["kind"] == "centre"
    assert cases[unknown["case_id"]]["category"]["as_it_came"] == "mars/9"


def test_a_known_id_with_another_content_is_refused_and_kept_for_people(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    tablet.send(command)
    for n, change in enumerate(
        ({"payload": {"category": RUBBISH, "title": "else"}}, {"payload": {"title": 7}}), 1
    ):
        result = tablet.send(command | change)[0]
        assert (result["outcome"], result["reason"]["code"]) == ("rejected", "forged")
        assert count(live_server, "forged_commands") == n
    assert tablet.send(command)[0]["outcome"] == "applied"


def test_one_id_twice_in_a_batch_is_one_command_and_another_content_is_refused(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    other = command | {"payload": {"category": RUBBISH, "title": "else"}}
    results = tablet.send(command, other, command, command | {"command_id": command["command_id"].upper()})
    assert [r["outcome"] for r in results] == ["applied", "rejected", "applied", "rejected"]
    assert [r["reason"]["code"] for r in results] == ["", "forged", "", "forged"]
    assert count(live_server, "cases") == 1
    assert count(live_server, "forged_commands") == 2


def test_an_id_may_be_spelled_as_uuids_may(tablet: Tablet) -> None:
    command = tablet.command()
    command["command_id"] = command["command_id"].upper()
    assert [r["outcome"] for r in tablet.send(command)] == ["applied"]
    assert tablet.send(command)[0]["command_id"] == command["command_id"]


def test_a_replay_under_another_token_gets_the_stored_answer_and_does_nothing(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    first = tablet.send(command)
    for login in ("worker", "head"):
        thief = enrol(live_server, login)
        assert thief.send(command) == first
        thief.session.close()
    assert count(live_server, "case_events") == 1


def test_a_declared_photo_stands_for_one_content(live_server: LiveServer, tablet: Tablet) -> None:
    first, content = tablet.command(), picture("orange")
    one = declared(content)
    first["payload"]["attachments"] = [one]
    second = tablet.command(payload={"category": RUBBISH, "attachments": [one | {"sha256": "ab" * 32}]})
    results = tablet.send(first, second)
    assert [r["outcome"] for r in results] == ["applied", "rejected"]
    assert results[1]["reason"]["code"] == "photo_used"
    other = picture("blue")
    refused = tablet.upload(declared(other) | {"id": one["id"]}, other, expect=422)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input")
    assert tablet.upload(one, content).status_code == 204


def test_a_device_that_jumps_far_ahead_in_counting_lacks_one_range_and_nothing_of_before_is_dropped(
    live_server: LiveServer, tablet: Tablet
) -> None:
    tablet.seq += 2
    tablet.send(tablet.command())
    tablet.send(tablet.command() | {"seq": 2**52})
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(f"select last_seq, {MISSING} from devices")
        assert cursor.fetchone() == {"last_seq": 2**52, "gaps": [[1, 2], [4, 2**52 - 1]]}


def test_a_command_that_cannot_be_read_but_is_kept_is_not_missing(
    live_server: LiveServer, tablet: Tablet
) -> None:
    good, bad, unkept = (
        tablet.command(),
        tablet.command() | {"kind": "fly"},
        tablet.command() | {"command_id": 7},
    )
    tablet.send(good, bad, unkept, tablet.command())
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(f"select last_seq, {MISSING} from devices")
        assert cursor.fetchone() == {"last_seq": 4, "gaps": [[3, 3]]}, "what is kept nowhere stays in sight"


HOSTILE = ("\x00", "\ud800", "x" * 5000, 7, None, [], {}, [[]], True, -1, 1e308)


def test_nothing_in_an_enrolment_is_a_fault_of_ours(live_server: LiveServer, tablet: Tablet) -> None:
    for field in ("code", "model", "app_version"):
        for value in HOSTILE:
            device: dict[str, Any] = {"id": str(uuid.uuid4()), "model": "T", "app_version": "1"}
            told: dict[str, Any] = {"code": "AAAA-AAAA-AAAA", "device": device}
            (told if field == "code" else device)[field] = value
            answer = requests.post(f"{live_server.url}/sync/v1/enrol", data=json.dumps(told), timeout=30)
            assert answer.status_code == 403, (field, value)


CURSORS = ("x", "~~~~", "a~b~1p2o3~99999999999999999999", "é~\x00~1p2o3~1", "[" * 1900, str(uuid7()))


def test_a_cursor_that_is_none_asks_for_a_fresh_copy(tablet: Tablet) -> None:
    for cursor in CURSORS:
        answer = tablet.session.get(
            f"{tablet.url}/sync/v1/changes", params={"cursor": cursor}, headers=tablet.headers(), timeout=30
        )
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone"), cursor


def test_upload_headers_that_cannot_be_meant_get_sentences(tablet: Tablet) -> None:
    def create(length: str, metadata: str) -> requests.Response:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": length, "Upload-Metadata": metadata}
        return tablet.session.post(
            f"{tablet.url}/sync/v1/uploads", headers=tablet.headers(**headers), timeout=30
        )

    ident = "attachment_id MDE5YWE5ZjAtNWMwMS03YjAwLTgwMDAtMDEyMzQ1Njc4OWFi"
    for length, metadata, status in (
        ("x", "", 422), ("-1", "", 422), ("9" * 30, ident, 413), ("30000001", ident, 413), ("30000000", ident, 422),
        ("5", "sha256 !!!", 422), ("5", f"{ident},sha256 {'X18=' * 20}", 422), ("5", f"{ident}", 422), ("5", "a" * 3000, 422),
    ):  # fmt: skip
        answer = create(length, metadata)
        assert answer.status_code == status, (length, metadata)
        assert answer.json()["envelope"] == "xunge/1"
        assert re.search(r"\S", answer.json()["detail"])
