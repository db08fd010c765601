"""What tablets are promised: applied once, answered for ever, nothing missed, nothing refused into nothing."""

import gzip
import hashlib
import json
import threading
import uuid
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from server.cases.blobs import blob_path
from server.people.enrolment import make_enrol_code, revoke_device
from server.protocol.wire import sha256, time_text, uuid7
from tests.conftest import LiveServer
from tests.factories import RUBBISH, Street, picture


@dataclass
class Tablet:
    """A bare client of the wire: what any tablet could send."""

    url: str
    token: str
    person: int
    device: str
    seq: int = 0
    session: requests.Session = field(default_factory=requests.Session)

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more}

    def command(self, kind: str = "report", **changes: Any) -> dict[str, Any]:
        self.seq += 1
        payload = {"category": RUBBISH, "title": "bags"} if kind == "report" else {}
        return {
            "command_id": str(uuid7()), "person_id": self.person, "seq": self.seq, "kind": kind, "case_id": str(uuid7()), "base_version": 0,
            "form_version": 1, "made_at": time_text(datetime.now(UTC)), "depends_on": None, "payload": payload,
            "position": {"lon": 104.005, "lat": 30.005, "accuracy_m": 8.5, "provider": "gps", "crs": "EPSG:4326"},
        } | changes  # fmt: skip

    def send(self, *commands: dict[str, Any], sent_at: datetime | None = None) -> list[dict[str, Any]]:
        envelope = {
            "envelope": "xunge/1",
            "device_id": self.device,
            "sent_at": time_text(sent_at or datetime.now(UTC)),
            "commands": list(commands),
        }
        body = gzip.compress(json.dumps(envelope).encode())
        answer = self.session.post(
            f"{self.url}/sync/v1/commands",
            data=body,
            headers=self.headers(**{"Content-Encoding": "gzip"}),
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def changes(self, cursor: str = "", limit: int = 500) -> dict[str, Any]:
        answer = self.session.get(
            f"{self.url}/sync/v1/changes",
            params={"cursor": cursor, "limit": limit},
            headers=self.headers(),
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def follow(self, cursor: str = "", limit: int = 500) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        more = True
        while more:
            page = self.changes(cursor, limit)
            found, cursor, more = found + page["changes"], page["cursor"], page["more"]
        return found, cursor

    def upload(self, attachment: dict[str, Any], content: bytes, pieces: int = 3) -> requests.Response:
        pairs = {"attachment_id": attachment["id"], "sha256": attachment["sha256"]}
        meta = ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in pairs.items())
        tus = {"Tus-Resumable": "1.0.0"}
        made = self.session.post(
            f"{self.url}/sync/v1/uploads",
            headers=self.headers(
                **tus, **{"Upload-Length": str(attachment["bytes"]), "Upload-Metadata": meta}
            ),
            timeout=30,
        )
        assert made.status_code == 201, made.text
        where, answer = self.url + made.headers["Location"], made
        step = len(content) // pieces + 1
        for start in range(int(made.headers["Upload-Offset"]), len(content), step):
            answer = self.session.patch(where, data=content[start : start + step], timeout=30,
                                        headers=self.headers(**tus, **{"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}))  # fmt: skip
        return answer


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    """The cast of the running server; every use of it commits."""
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


def enrol(server: LiveServer, login: str = "worker", device: str | None = None) -> Tablet:
    code = server.database.run(lambda conn: make_enrol_code(conn, login, datetime.now(UTC)))
    device = device or str(uuid.uuid4())
    answer = requests.post(
        f"{server.url}/sync/v1/enrol",
        json={"code": code, "device": {"id": device, "model": "T", "app_version": "1"}},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return Tablet(server.url, told["device_token"], told["person"]["id"], device, told["next_seq"] - 1)


@pytest.fixture
def tablet(live_server: LiveServer, street: Street) -> Iterator[Tablet]:
    made = enrol(live_server)
    yield made
    made.session.close()


def count(server: LiveServer, table: str) -> int:
    with server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(f"select count(*) as n from {table}")
        return int(cursor.fetchone()["n"])


def test_a_report_is_applied_and_its_answer_is_the_same_for_ever(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    first = tablet.send(command)
    assert (first[0]["outcome"], first[0]["version"]) == ("applied", 1)
    assert tablet.send(command) == first
    assert tablet.send(command, command) == first * 2
    assert (
        count(live_server, "cases"),
        count(live_server, "case_events"),
        count(live_server, "commands"),
    ) == (1, 1, 1)


def test_a_known_id_with_another_content_is_refused_and_kept_for_people(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    tablet.send(command)
    forged = command | {"payload": {"category": RUBBISH, "title": "something else"}}
    result = tablet.send(forged)[0]
    assert (result["outcome"], result["reason"]["code"]) == ("rejected", "forged")
    assert count(live_server, "forged_commands") == 1
    assert tablet.send(command)[0]["outcome"] == "applied"


def test_one_bad_command_never_blocks_the_others(live_server: LiveServer, tablet: Tablet) -> None:
    good, bad, unknown, late = (
        tablet.command(),
        tablet.command(payload={"title": 7}),
        tablet.command("dance"),
        tablet.command(),
    )
    results = tablet.send(good, bad, unknown, late)
    assert [r["outcome"] for r in results] == ["applied", "rejected", "rejected", "applied"]
    assert "title" in results[1]["reason"]["sentence"]
    assert tablet.send(bad)[0]["outcome"] == "rejected"
    assert count(live_server, "cases") == 2


def test_the_same_command_from_two_requests_at_once_is_applied_once(
    live_server: LiveServer, tablet: Tablet
) -> None:
    commands = [tablet.command() for _ in range(10)]
    answers: list[list[dict[str, Any]]] = []
    threads = [threading.Thread(target=lambda: answers.append(tablet.send(*commands))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer == answers[0] for answer in answers)
    assert len(answers) == 4
    assert count(live_server, "cases") == 10


def test_an_act_on_what_moved_on_is_applied_with_a_word_or_held_never_dropped(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]

    def register(conn: Any) -> None:
        street.conn = conn
        street.now = datetime.now(UTC)
        street.act("duty", number, "register")

    live_server.database.run(register)
    escalate = tablet.command(
        "escalate", case_id=report["case_id"], base_version=1, payload={"reason": "too big for us"}
    )
    passing = tablet.command(
        "pass", case_id=report["case_id"], base_version=1, payload={"close_kind": "fixed"}
    )
    comment = tablet.command(
        "comment", case_id=report["case_id"], base_version=1, payload={"text": "still there"}
    )
    results = tablet.send(escalate, passing, comment)
    assert [r["outcome"] for r in results] == ["applied_with_conflict", "held", "applied"]
    assert count(live_server, "holds") == 1


def test_what_builds_on_a_held_act_waits_with_it(live_server: LiveServer, tablet: Tablet) -> None:
    report = tablet.command(person_id=tablet.person + 1)
    comment = tablet.command(
        "comment", case_id=report["case_id"], payload={"text": "x"}, depends_on=report["command_id"]
    )
    assert [r["reason"]["code"] for r in tablet.send(report)] == ["held_author"]
    assert [r["reason"]["code"] for r in tablet.send(comment)] == ["held_dependant"]
    assert (count(live_server, "cases"), count(live_server, "holds")) == (0, 2)


def test_a_withdrawn_tablet_is_still_relieved_of_what_it_holds(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    from server.security import load_viewer

    def withdraw(conn: Any) -> None:
        admin = load_viewer(conn, street.district.people["admin"], datetime.now(UTC))
        assert admin is not None
        revoke_device(conn, admin, uuid.UUID(tablet.device), "", datetime.now(UTC))

    live_server.database.run(withdraw)
    assert tablet.send(tablet.command())[0]["reason"]["code"] == "held_revoked"
    refused = requests.get(f"{tablet.url}/sync/v1/changes", headers=tablet.headers(), timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (403, "device_revoked")
    assert refused.json()["envelope"] == "xunge/1"


def test_a_forged_token_gets_a_sentence_and_a_log_row(live_server: LiveServer, street: Street) -> None:
    answer = requests.get(
        f"{live_server.url}/sync/v1/changes", headers={"Authorization": "Bearer nonsense"}, timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert count(live_server, "security_log") == 1


def test_a_wrong_device_clock_is_flagged_and_the_receipt_counts(
    live_server: LiveServer, tablet: Tablet
) -> None:
    wrong = datetime.now(UTC) - timedelta(hours=3)
    tablet.send(tablet.command(made_at=time_text(wrong)), sent_at=wrong)
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select acted_at, received_at, made_at, body from case_events")
        event = cursor.fetchone()
    assert event["acted_at"] == event["received_at"]
    assert event["made_at"] == time_text(wrong)
    assert '"flags":["device_clock"]' in event["body"]


def test_a_gap_in_counting_never_blocks_and_is_kept(live_server: LiveServer, tablet: Tablet) -> None:
    first = tablet.command()
    tablet.seq += 2
    last = tablet.command()
    assert [r["outcome"] for r in tablet.send(first, last)] == ["applied", "applied"]
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select last_seq, seq_gaps from devices")
        assert cursor.fetchone() == {"last_seq": 4, "seq_gaps": [2, 3]}


def test_an_old_envelope_a_huge_batch_and_a_zip_bomb_get_sentences(tablet: Tablet) -> None:
    url, headers = f"{tablet.url}/sync/v1/commands", tablet.headers()
    many = {"envelope": "xunge/1", "commands": [tablet.command() for _ in range(101)]}
    assert (
        requests.post(
            url, json={"envelope": "other/9", "commands": []}, headers=headers, timeout=30
        ).status_code
        == 422
    )
    assert requests.post(url, json=many, headers=headers, timeout=30).status_code == 422
    assert (
        requests.post(url, data=b"{", headers=headers, timeout=30).json()["detail"] == "The body is not JSON."
    )
    cut = gzip.compress(json.dumps(many).encode())[:-20]
    spoiled = requests.post(url, data=cut, headers=headers | {"Content-Encoding": "gzip"}, timeout=30).json()
    assert (spoiled["status"], spoiled["code"]) == (422, "unreadable_body")
    bomb = gzip.compress(b" " * 40_000_000)
    assert (
        requests.post(url, data=bomb, headers=headers | {"Content-Encoding": "gzip"}, timeout=30).status_code
        == 413
    )


def test_a_first_copy_brings_person_pack_grids_and_every_case_of_the_scope_in_pages(tablet: Tablet) -> None:
    mine = {tablet.send(tablet.command())[0]["case_id"] for _ in range(5)}
    found, cursor = tablet.follow(limit=2)
    kinds = [change["kind"] for change in found]
    assert kinds[:3] == ["person", "pack", "grid"]
    assert {change["id"] for change in found if change["kind"] == "case"} == mine
    assert kinds.count("case") == 5
    assert tablet.changes(cursor)["changes"] == []
    case = next(change["body"] for change in found if change["kind"] == "case")
    assert case["facts"]["state"] == "reported"
    assert [event["action"] for event in case["events"]] == ["report"]


def test_following_tells_each_change_and_a_case_that_left_the_scope(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    other = enrol(live_server, "head")
    _, cursor = other.follow()
    tablet.send(tablet.command())
    inside = tablet.command(position={"lon": 104.035, "lat": 30.005, "accuracy_m": 5, "crs": "EPSG:4326"})
    tablet.send(inside)
    found, cursor = other.follow(cursor)
    assert [(change["kind"], change["id"]) for change in found] == [("case", inside["case_id"])]

    def move_away(conn: Any) -> None:
        with conn.cursor() as cur:
            cur.execute("update cases set community_id = %s, grid_id = %s where id = %s",
                        (street.district.nodes["S1C1"], street.district.nodes["S1C1G1"], inside["case_id"]))  # fmt: skip

    live_server.database.run(move_away)
    found, _ = other.follow(cursor)
    assert [(change["kind"], change["id"]) for change in found] == [("leave", inside["case_id"])]


def test_the_cursor_misses_nothing_under_concurrent_writers(live_server: LiveServer, street: Street) -> None:
    writers = [enrol(live_server) for _ in range(6)]
    reader = enrol(live_server, "head")
    place = {"lon": 104.035, "lat": 30.005, "accuracy_m": 5, "crs": "EPSG:4326"}
    _, cursor = reader.follow()
    sent: set[str] = set()
    stop = threading.Event()

    def write(tablet: Tablet) -> None:
        for size in (1, 7, 2, 9, 1, 5):
            sent.update(
                r["case_id"] for r in tablet.send(*(tablet.command(position=place) for _ in range(size)))
            )

    threads = [threading.Thread(target=write, args=(tablet,)) for tablet in writers]
    seen: set[str] = set()

    def read() -> None:
        nonlocal cursor
        while not stop.is_set():
            found, cursor = reader.follow(cursor, limit=3)
            seen.update(change["id"] for change in found)

    reading = threading.Thread(target=read)
    reading.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    reading.join()
    found, _ = reader.follow(cursor)
    seen.update(change["id"] for change in found)
    assert len(sent) == 6 * 25
    assert sent - seen == set()


def test_a_restored_backup_asks_for_a_fresh_mirror(live_server: LiveServer, tablet: Tablet) -> None:
    _, cursor = tablet.follow()
    live_server.database.run(lambda conn: conn.cursor().execute("update epoch set epoch = gen_random_uuid()"))
    answer = requests.get(
        f"{tablet.url}/sync/v1/changes", params={"cursor": cursor}, headers=tablet.headers(), timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone")


def test_another_scope_begins_the_copy_anew(live_server: LiveServer, tablet: Tablet, street: Street) -> None:
    _, cursor = tablet.follow()
    live_server.database.run(lambda conn: conn.cursor().execute(
        "update memberships set grid_id = %s where person_id = %s", (street.district.nodes["S1C2"], tablet.person)))  # fmt: skip
    found, _ = tablet.follow(cursor)
    assert [(c["kind"], c["id"]) for c in found[:2]] == [("leave", "*"), ("person", str(tablet.person))]


def test_the_digest_counts_what_the_tablet_should_hold(tablet: Tablet) -> None:
    ids = sorted(tablet.send(tablet.command())[0]["case_id"] for _ in range(3))
    told = requests.get(f"{tablet.url}/sync/v1/digest", headers=tablet.headers(), timeout=30).json()
    assert (told["count"], told["catch_up"]) == (3, False)
    assert told["digest"] == sha256("\n".join(f"{i}:1" for i in ids))


def test_only_a_tablet_that_has_followed_to_the_end_can_compare(tablet: Tablet) -> None:
    def ask(cursor: str) -> dict[str, Any]:
        params = {"cursor": cursor}
        return requests.get(
            f"{tablet.url}/sync/v1/digest", params=params, headers=tablet.headers(), timeout=30
        ).json()

    _, before = tablet.follow()
    tablet.send(tablet.command())
    assert ask(before)["catch_up"] is True
    _, after = tablet.follow(before)
    assert (ask(after)["catch_up"], ask(after)["count"]) == (False, 1)


def declared(content: bytes) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "sha256": sha256(content),
        "bytes": len(content),
        "mime": "image/jpeg",
        "stage": "before",
    }


def test_a_photo_comes_in_pieces_and_is_confirmed_by_its_hash(
    live_server: LiveServer, tablet: Tablet
) -> None:
    content = picture()
    photo = declared(content)
    report = tablet.command()
    report["payload"]["attachments"] = [photo]
    tablet.send(report)
    answer = tablet.upload(photo, content)
    assert (answer.status_code, answer.headers["Upload-Checksum-Confirmed"]) == (204, photo["sha256"])
    # Created again after a lost answer: the same upload, already whole.
    assert tablet.upload(photo, content).headers["Upload-Checksum-Confirmed"] == photo["sha256"]
    got = requests.get(
        f"{tablet.url}/sync/v1/attachments/{photo['id']}", headers=tablet.headers(), timeout=30
    )
    assert got.headers["content-type"] == "image/jpeg"
    assert (
        got.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(got.content).digest()).decode()}:"
    )
    original = blob_path(live_server.settings.blobs, photo["sha256"])
    assert original.read_bytes() == content != got.content
    found, _ = tablet.follow()
    case = next(change["body"] for change in found if change["kind"] == "case")
    assert [a["arrived"] for a in case["attachments"]] == [True]
    assert count(live_server, "blobs") == 1


def test_a_photo_with_other_bytes_than_declared_begins_again(live_server: LiveServer, tablet: Tablet) -> None:
    content = picture()
    photo = declared(content)
    wrong = content[:-10] + b"0123456789"
    assert tablet.upload(photo, wrong).status_code == 460
    assert tablet.upload(photo, content).status_code == 204
    assert count(live_server, "blobs") == 1


def test_a_piece_at_the_wrong_offset_is_refused_with_where_to_go_on(tablet: Tablet) -> None:
    photo = declared(picture())
    tus = tablet.headers(
        **{"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "50"}
    )
    meta = (
        ",".join(f"{k} {b64encode(photo[k].encode()).decode()}" for k in ("sha256",))
        + f",attachment_id {b64encode(photo['id'].encode()).decode()}"
    )
    made = requests.post(
        f"{tablet.url}/sync/v1/uploads",
        timeout=30,
        headers=tablet.headers(
            **{"Tus-Resumable": "1.0.0", "Upload-Length": str(photo["bytes"]), "Upload-Metadata": meta}
        ),
    )
    answer = requests.patch(tablet.url + made.headers["Location"], data=b"x", headers=tus, timeout=30)
    assert answer.status_code == 409
    assert "0 bytes" in answer.json()["detail"]


def test_a_file_that_is_never_taken_is_told_to_tablet_and_case_and_not_asked_for_again(
    live_server: LiveServer, tablet: Tablet
) -> None:
    content = b"<svg onload=alert(1)>" * 20
    photo, report = declared(content), tablet.command()
    report["payload"]["attachments"] = [photo]
    tablet.send(report)
    _, cursor = tablet.follow()
    answer = tablet.upload(photo, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "picture_refused")
    assert answer.json()["detail"] == "The file is not a JPEG, PNG or WebP picture."
    # The case is told: the photo is no longer on its way, and why.
    found, _ = tablet.follow(cursor)
    (told,) = next(change["body"] for change in found if change["kind"] == "case")["attachments"]
    assert (told["arrived"], told["refused"]) == (False, "文件不是 JPEG、PNG 或 WebP 图片。")
    # Its bytes need not come a second time: the very first question is answered.
    meta = f"sha256 {b64encode(photo['sha256'].encode()).decode()},attachment_id {b64encode(photo['id'].encode()).decode()}"
    again = requests.post(
        f"{tablet.url}/sync/v1/uploads",
        timeout=30,
        headers=tablet.headers(**{"Tus-Resumable": "1.0.0", "Upload-Length": "420", "Upload-Metadata": meta}),
    )
    assert (again.status_code, again.json()["code"]) == (422, "picture_refused")
    assert count(live_server, "blobs") == count(live_server, "uploads") == 0
    assert list(live_server.settings.uploads.iterdir()) == []


def test_a_refusal_in_tus_carries_the_header_that_tus_asks_for(tablet: Tablet) -> None:
    gone = requests.head(
        f"{tablet.url}/sync/v1/uploads/{uuid.uuid4()}",
        headers=tablet.headers(**{"Tus-Resumable": "1.0.0"}),
        timeout=30,
    )
    assert (gone.status_code, gone.headers["Tus-Resumable"]) == (404, "1.0.0")
