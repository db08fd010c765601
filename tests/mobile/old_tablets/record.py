"""Records a tablet as some revision of the project left it on its disk: `python record.py CHECKOUT OUT.json`.

Run with the revision's own code (`git archive REVISION | tar -x -C CHECKOUT`): what it wrote is what old tablets hold.
The recording has the device's key, the SQLite file as statements, the photo files, and what must come out of it.
"""

import base64
import json
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT, OUT = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(CHECKOUT))

from mobile.core.tablet import Tablet  # noqa: E402
from mobile.core.transport import LinkDown, Reply  # noqa: E402
from mobile.core.views import Draft  # noqa: E402
from server.protocol.wire import ENVELOPE, time_text  # noqa: E402

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
CASE = "01990000-0000-7000-8000-000000000001"
RUBBISH, COVER = "urban/event/0110", "urban/component/0102"


class Office:
    """Answers as the office of that time would: the first command is applied, the second rejected, then it is gone."""

    def __init__(self) -> None:
        self.answers = ["applied", "rejected"]
        self.online = True

    def send(self, method: str, url: str, headers: Any, body: bytes = b"") -> Reply:
        import gzip
        from datetime import UTC, datetime

        if not self.online:
            raise LinkDown("gone")
        told = json.loads(
            gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body or b"{}"
        )
        if url.endswith("/enrol"):
            answer: dict[str, Any] = {"device_token": "old token", "scope": ["G1"], "next_seq": 41,
                "person": {"id": 7, "name": "李网格", "role": "worker", "organisation": "杏花社区",
                           "actor": {"person": 7, "role": "worker", "duties": [], "organisation": 3, "nodes": [4]}},
                "district": {"code": "D", "name": "试验区", "timezone": "Asia/Shanghai"}}  # fmt: skip
        elif url.endswith("/commands"):
            if not self.answers:
                raise LinkDown("the answer got lost")
            outcome = self.answers.pop(0)
            answer = {"results": [{"command_id": c["command_id"], "outcome": outcome, "case_id": c["case_id"],
                                   "version": 1, "reason": {"code": "", "params": {}, "sentence": "旧的理由"}}
                                  for c in told["commands"]]}  # fmt: skip
        elif "/changes" in url:
            changes = [] if url.split("cursor=")[1][:1] not in ("", "&") else [
                {"seq": 1, "kind": "pack", "id": "urban", "version": 3, "body": pack()},
                {"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case()},
                {"seq": 3, "kind": "message", "id": "1", "version": None,
                 "body": {"id": 1, "sentence": "旧消息", "made_at": time_text(datetime.now(UTC))}}]  # fmt: skip
            answer = {"changes": changes, "cursor": "old cursor", "more": False}
        else:
            raise LinkDown("no photos today")
        whole = {"envelope": ENVELOPE, "server_time": time_text(datetime.now(UTC)), **answer}
        return Reply(200, {"content-type": "application/json"}, json.dumps(whole).encode())


def pack() -> dict[str, Any]:
    """The revision's own urban pack with two of its categories, to keep the recording small."""
    from server import packs

    whole = dict(packs.read_folder("urban"))
    wanted = {"0110", "0102"}
    whole["categories"] = [c for c in whole["categories"] if c.get("other") or str(c.get("code")) in wanted]
    if isinstance(whole.get("routing"), list):
        whole["routing"] = whole["routing"][-1:]
    whole["frequent"] = [key for key in whole.get("frequent", ()) if str(key).rpartition("/")[2] in wanted]
    return whole


def case() -> dict[str, Any]:
    facts = {
        "state": "handled",
        "nodes": [1, 2, 3, 4],
        "handler": 9,
        "reporter": None,
        "dispatchers": [5],
        "flags": [],
    }
    return {"id": CASE, "number": "2026-1122-0001", "version": 3, "state": "handled", "description": "井盖裂了",
            "category": {"system": "urban/component", "code": "0102"}, "condition": {"code": "broken", "name": "破损"},
            "location": {"lon": 104.005, "lat": 30.005, "accuracy_m": 6}, "grid": {"name": "G1 网格"}, "facts": facts,
            "deadlines": [], "events": [], "attachments": [], "closed_at": None, "close_kind": None,
            "reported_at": "2026-11-22T01:00:00.000000Z"}  # fmt: skip


def record() -> dict[str, Any]:
    home, office = Path(tempfile.mkdtemp()), Office()
    tablet = Tablet(home, transport=office)
    tablet.enrol("http://office.test", "7KQX-2M9D-VH4T")
    photo = tablet.take_in(JPEG, "before")
    applied = tablet.report(COVER, "broken", None, "已送达，照片未到", [photo.photo_id], False)
    tablet.sync_now()
    rejected = tablet.report(RUBBISH, "any", None, "被退回", [], False)
    tablet.sync_now()
    sending = tablet.report(RUBBISH, "any", None, "已发出，没有答复", [], False)
    tablet.sync_now()
    office.online = False
    waiting_photo = tablet.take_in(JPEG[::-1].replace(JPEG[::-1][:4], JPEG[:4], 1), "before")
    queued = tablet.report(COVER, "broken", None, "还没发出", [waiting_photo.photo_id], False)
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半"))
    tablet.close() if hasattr(tablet, "close") else tablet.stop()
    database = sqlite3.connect(home / "tablet.db")
    return {
        "key": (home / "device.key").read_bytes().hex(),
        "user_version": database.execute("pragma user_version").fetchone()[0],
        "sql": list(database.iterdump()),
        "photos": {
            path.name: base64.b64encode(path.read_bytes()).decode() for path in (home / "photos").iterdir()
        },
        "holds": {"applied": applied, "rejected": rejected, "sending": sending, "queued": queued, "draft": "写到一半",
                  "case": CASE, "photos": [photo.photo_id, waiting_photo.photo_id], "next_seq": 45},
    }  # fmt: skip


if __name__ == "__main__":
    OUT.write_text(json.dumps(record(), ensure_ascii=False, indent=0), encoding="utf-8")
