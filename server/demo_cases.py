"""The demo's last fortnight: made-up cases of the demo district, each walked by the real acts as far as it got.

Seeded, so that every fresh demo looks alike. They are made once, when the district has no case yet.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.cases.apply import apply
from server.cases.blobs import keep_bytes
from server.db import Connection, queries
from server.demo_photos import drawn_photo
from server.errors import SetupFault
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7
from server.security import Viewer, load_viewer

SQL = queries(__file__, "demo.sql")
CASES = 100
DAYS = 14
SEED = 20261122
NEEDS_PHOTO = ("0110", "0102", "0505")
HOURS = {"0137": 40.0, "0505": 2.0, "0600": 60.0}

# category, condition, crew code, how often, what the worker writes
KINDS: list[tuple[str, str, str, int, tuple[str, ...]]] = [
    ("urban/event/0110", "any", "crew-sanitation", 40,
     ("垃圾桶满溢，袋装垃圾堆在旁边", "绿地边有成堆垃圾", "装修垃圾堆在路口", "果皮纸屑未清扫")),
    ("urban/event/0406", "any", "crew-order", 26,
     ("三轮车占道卖水果", "早餐摊占用盲道", "路口有人摆摊，行人绕行")),
    ("urban/component/0102", "broken", "crew-drainage", 14,
     ("井盖松动，车过有响声", "井盖边缘破损", "井盖下沉约 3 厘米")),
    ("urban/component/0102", "missing", "crew-drainage", 4, ("井盖缺失，已用树枝示警",)),
    ("urban/component/0137", "dark", "crew-lighting", 20,
     ("连续三盏路灯不亮", "巷口路灯不亮", "路灯忽明忽暗")),
    ("urban/event/0505", "any", "crew-road", 5, ("路面下陷，约一平方米",)),
    ("urban/event/0600", "any", "crew-general", 8, ("宣传栏玻璃破裂", "花箱倾倒在人行道")),
]  # fmt: skip


@dataclass
class Story:
    """One case to be told: where, what, when, and how far it went (0 = only reported … 6 = closed)."""

    worker: Viewer
    position: Position
    kind: tuple[str, str, str, int, tuple[str, ...]]
    at: datetime
    reach: int
    slow: float


def make_demo_cases(conn: Connection, blobs: Path, now: datetime) -> int:
    """Makes the cases unless the demo district has some already; returns how many were made."""
    if SQL.any_case(conn):
        return 0
    cast = Cast(conn, blobs, now)
    stories = list(_stories(conn, cast, now))
    for story in stories:
        _tell(conn, cast, story, now)
    return len(stories)


class Cast:
    """The demo's people and photos, each looked up once."""

    def __init__(self, conn: Connection, blobs: Path, now: datetime) -> None:
        self._conn, self._blobs, self._now = conn, blobs, now
        self._ids = {row["login"]: row["id"] for row in SQL.people_by_login(conn)}
        self._viewers: dict[str, Viewer] = {}
        self._photos: dict[int, tuple[str, int, str]] = {}
        self.workers = sorted(login for login in self._ids if login.startswith("worker"))
        self.crew_logins = {row["code"]: row["login"] for row in SQL.crew_logins(conn)}

    def viewer(self, login: str) -> Viewer:
        if login not in self._viewers:
            found = load_viewer(self._conn, self._ids[login], self._now)
            if found is None:
                raise SetupFault("The demo's {login} is not there.", login=login)
            self._viewers[login] = found
        return self._viewers[login]

    def photo(self, stage: str, bags: int) -> dict[str, Any]:
        """The declaration of a drawn photo whose bytes are kept."""
        if bags not in self._photos:
            content = drawn_photo(bags)
            sha256, mime = keep_bytes(self._conn, self._blobs, content, self._now)
            self._photos[bags] = sha256, len(content), mime
        sha256, size, mime = self._photos[bags]
        return {"id": str(uuid7()), "sha256": sha256, "bytes": size, "mime": mime, "stage": stage}


def _stories(conn: Connection, cast: Cast, now: datetime) -> Iterator[Story]:
    draw = random.Random(SEED)  # noqa: S311  # a demo's dice
    grids = {row["node_id"]: row for row in SQL.demo_grids(conn)}
    for n in range(CASES):
        worker = cast.viewer(draw.choice(cast.workers))
        grid = grids[draw.choice(worker.grids)]
        # Two thirds of the half-width around a point inside: nearly all land in the worker's own grid.
        lon = grid["lon"] + draw.uniform(-0.3, 0.3) * grid["width"] * 0.5
        lat = grid["lat"] + draw.uniform(-0.3, 0.3) * grid["height"] * 0.5
        kind = draw.choices(KINDS, [k[3] for k in KINDS])[0]
        recent = n % 3 == 0
        back = timedelta(hours=draw.uniform(0.2, 7)) if recent else timedelta(days=draw.uniform(0.6, DAYS))
        reach = (
            draw.choices(range(7), [3, 3, 3, 5, 4, 2, 2])[0]
            if recent
            else draw.choices((3, 4, 6), [2, 1, 60])[0]
        )
        slow = draw.choices((0.15, 0.5, 1.15), [50, 35, 15])[0]
        yield Story(
            worker,
            Position(lon, lat, draw.randint(4, 18), "gps", crs="EPSG:4326"),
            kind,
            now - back,
            reach,
            slow,
        )


def _tell(conn: Connection, cast: Cast, story: Story, now: datetime) -> None:
    """Reports the case and goes on as far as the story says, never past `now`."""
    category, condition, crew, _, titles = story.kind
    system, _, code = category.rpartition("/")
    at, case_id = story.at, uuid7(int(story.at.timestamp() * 1000))
    told = {
        "category": {"system": system, "code": code},
        "condition": condition,
        "attachments": [cast.photo("before", 3)] if code in NEEDS_PHOTO else [],
        "title": titles[int(at.timestamp()) % len(titles)],
    }
    handled = {"done": "已处理完毕，现场恢复", "attachments": [cast.photo("after", 0)]}
    limit = HOURS.get(code, 4.0)
    steps: list[tuple[str, str, dict[str, Any], timedelta]] = [
        (story.worker.login, "report", told, timedelta()),
        ("duty1", "register", {"condition": condition}, timedelta(minutes=9 * story.slow + 2)),
        ("dispatch1", "dispatch", {"crew": crew}, timedelta(minutes=10 * story.slow + 1)),
        (cast.crew_logins[crew], "accept", {}, timedelta(minutes=20 * story.slow + 2)),
        (cast.crew_logins[crew], "handle", handled, timedelta(hours=limit * story.slow)),
        (story.worker.login, "pass", {"close_kind": "fixed"}, timedelta(minutes=70 * story.slow + 5)),
        ("duty1", "close", {}, timedelta(minutes=25 * story.slow + 2)),
    ]
    for login, action, fields, after in steps[: story.reach + 1]:
        at += after
        if at >= now:
            return
        actor = cast.viewer(login)
        command = Command(
            uuid7(),
            action,
            case_id,
            read_payload(action, fields),
            body_hash(fields),
            "console",
            actor.person_id,
            made_at=at if action == "report" else None,
            position=story.position,
            source="patrol",
            district_id=actor.district_id,
        )
        answer = apply(conn, [command], at, {actor.person_id: actor.actor()})[0]
        if not answer.applied:
            raise SetupFault("The demo's {action} was refused: {code}", action=action, code=answer.code)
