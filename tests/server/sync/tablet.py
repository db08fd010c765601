"""A bare client of the wire: what any tablet could send, right or wrong."""

import gzip
import json
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from server.people.enrolment import make_enrol_code
from server.protocol.wire import sha256, time_text, uuid7
from tests.conftest import LiveServer
from tests.factories import RUBBISH

# What is missing of a tablet's counting, without since when: a column of a query on `devices`.
MISSING = """coalesce((select jsonb_agg(jsonb_build_array(g -> 'first', g -> 'last'))
    from jsonb_array_elements(seq_gaps) g), '[]') as gaps"""


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

    def upload(
        self, attachment: dict[str, Any], content: bytes, pieces: int = 3, expect: int = 201
    ) -> requests.Response:
        """Sends a photo in pieces; the last answer, or that of a creation which is expected to be refused."""
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
        assert made.status_code == expect, made.text
        if expect != 201:
            return made
        where, answer = self.url + made.headers["Location"], made
        step = len(content) // pieces + 1
        for start in range(int(made.headers["Upload-Offset"]), len(content), step):
            answer = self.session.patch(where, data=content[start : start + step], timeout=30,
                                        headers=self.headers(**tus, **{"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}))  # fmt: skip
        return answer


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


def count(server: LiveServer, table: str) -> int:
    with server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(f"select count(*) as n from {table}")
        return int(cursor.fetchone()["n"])


def declared(content: bytes) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "sha256": sha256(content),
        "bytes": len(content),
        "mime": "image/jpeg",
        "stage": "before",
    }
