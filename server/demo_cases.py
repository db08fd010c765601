"""The demo's cases: a recorded month that is closed, and the open ones of the last days, walked by the real acts.

Seeded, so that every fresh demo looks alike. They are made once, when the district has no case yet.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.cases.apply import apply
from server.cases.blobs import keep_bytes
from server.db import Connection, queries
from server.demo import DISTRICT
from server.demo_photos import drawn_photo
from server.errors import SetupFault
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, time_text, uuid7
from server.security import Viewer, load_viewer

SQL = queries(__file__, "demo.sql")
LIVE, RECORDED, DAYS = 48, 480, 30
FIRST_WORKER, TO_INSPECT = "worker1", 3
SEED = 20261122
BEFORE_AFTER = {
    "0110": ("bags", "clean"),
    "0102": ("open cover", "sound cover"),
    "0505": ("sunken road", "clean"),
}
HOURS = {"0137": 40.0, "0505": 2.0, "0600": 60.0}

# category, condition, crew code, how often, what the worker writes
Kind = tuple[str, str, str, int, tuple[str, ...]]
KINDS: list[Kind] = [
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
    kind: Kind
    at: datetime
    reach: int
    slow: float


def make_demo_cases(conn: Connection, blobs: Path, now: datetime) -> int:
    """Makes the cases unless the demo district has some already; returns how many were made."""
    if SQL.any_case(conn):
        return 0
    cast = Cast(conn, blobs, now)
    draw = random.Random(SEED)  # noqa: S311  # a demo's dice
    history = [_recorded(cast, draw, n, now) for n in range(RECORDED)]
    refused = [answer.code for answer in apply(conn, history, now) if not answer.applied]
    if refused:
        raise SetupFault("The demo's history was refused: {code}", code=refused[0])
    for n in range(LIVE):
        _tell(conn, cast, _story(cast, draw, n, now), now)
    return RECORDED + LIVE


class Cast:
    """The demo's people and photos, each looked up once."""

    def __init__(self, conn: Connection, blobs: Path, now: datetime) -> None:
        self._conn, self._blobs, self._now = conn, blobs, now
        self._ids = {row["login"]: row["id"] for row in SQL.people_by_login(conn)}
        self._viewers: dict[str, Viewer] = {}
        self._photos: dict[str, tuple[str, int, str]] = {}
        self.district_id = SQL.district_id(conn, code=DISTRICT)
        self.workers = sorted(login for login in self._ids if login.startswith("worker"))
        self.crew_logins = {row["code"]: row["login"] for row in SQL.crew_logins(conn)}
        self.grids = {row["node_id"]: row for row in SQL.demo_grids(conn)}

    def viewer(self, login: str) -> Viewer:
        if login not in self._viewers:
            found = load_viewer(self._conn, self._ids[login], self._now)
            if found is None:
                raise SetupFault("The demo's {login} is not there.", login=login)
            self._viewers[login] = found
        return self._viewers[login]

    def photo(self, stage: str, scene: str) -> dict[str, Any]:
        """The declaration of a drawn photo whose bytes are kept."""
        if scene not in self._photos:
            content = drawn_photo(scene)
            sha256, mime = keep_bytes(self._conn, self._blobs, content, self._now)
            self._photos[scene] = sha256, len(content), mime
        sha256, size, mime = self._photos[scene]
        return {"id": str(uuid7()), "sha256": sha256, "bytes": size, "mime": mime, "stage": stage}

    def place(self, draw: random.Random, grid_id: int) -> Position:
        """A place near the middle of a grid: nearly all of them lie in it."""
        grid = self.grids[grid_id]
        lon = grid["lon"] + draw.uniform(-0.15, 0.15) * grid["width"]
        lat = grid["lat"] + draw.uniform(-0.15, 0.15) * grid["height"]
        return Position(lon, lat, draw.randint(4, 18), "gps", crs="EPSG:4326")


def _recorded(cast: Cast, draw: random.Random, n: int, now: datetime) -> Command:
    """A closed case of the last month, as a system before this one would have left it: four of five in time."""
    category, condition, _, _, titles = draw.choices(KINDS, [kind[3] for kind in KINDS])[0]
    system, _, code = category.rpartition("/")
    limit = timedelta(hours=HOURS.get(code, 4.0) + 2.75)
    opened = now - limit * 2 - timedelta(days=draw.uniform(0.2, DAYS - 6))
    taken = limit * (draw.uniform(0.2, 0.98) if draw.random() < 0.8 else draw.uniform(1.02, 1.9))
    told = {
        "category": {"system": system, "code": code},
        "condition": condition,
        "title": titles[n % len(titles)],
        "status": "closed",
        "opened_at": time_text(opened),
        "closed_at": time_text(opened + taken),
        "due_at": time_text(opened + limit),
    }
    return Command(
        uuid7(),
        "record",
        uuid7(int(opened.timestamp() * 1000)),
        read_payload("record", told),
        body_hash(told),
        "import",
        position=cast.place(draw, draw.choice(list(cast.grids))),
        source="demo",
        external_id=f"D{n:04}",
        district_id=cast.district_id,
    )


def _story(cast: Cast, draw: random.Random, n: int, now: datetime) -> Story:
    """An open case. The first ones wait for the first worker's inspection; one in eight is late where it stands."""
    worker = cast.viewer(FIRST_WORKER if n < TO_INSPECT else draw.choice(cast.workers))
    kind = draw.choices(KINDS, [k[3] for k in KINDS])[0]
    reach = 4 if n < TO_INSPECT else draw.choices(range(7), [4, 4, 5, 14, 3, 3, 2])[0]
    slow = draw.choices((0.15, 0.5, 0.9), [50, 35, 15])[0]
    # How long it has stood at its last step, measured by that step's limit.
    stood = _limit_of(kind, reach) * (
        draw.uniform(1.1, 4) if draw.random() < 0.125 else draw.uniform(0.05, 0.85)
    )
    back = sum(_pauses(kind, slow)[:reach], stood)
    return Story(worker, cast.place(draw, draw.choice(worker.grids)), kind, now - back, reach, slow)


def _limit_of(kind: Kind, reach: int) -> timedelta:
    """How long a case of this kind may stand after so many steps (the pack's stage limits)."""
    handling = timedelta(hours=HOURS.get(kind[0].rpartition("/")[2], 4.0))
    short, half = timedelta(minutes=15), timedelta(minutes=30)
    return (short, short, handling, handling, timedelta(hours=2), half, half)[reach]


def _pauses(kind: Kind, slow: float) -> list[timedelta]:
    """How long each step takes after the one before: register, dispatch, accept, handle, pass, close."""
    handling = _limit_of(kind, 3)
    minutes = (9 * slow + 2, 10 * slow + 1, 20 * slow + 2, handling.total_seconds() / 60 * slow * 0.9, 70 * slow + 5,
               25 * slow + 2)  # fmt: skip
    return [timedelta(minutes=m) for m in minutes]


def _tell(conn: Connection, cast: Cast, story: Story, now: datetime) -> None:
    """Reports the case and goes on as far as the story says, never past `now`."""
    category, condition, crew, _, titles = story.kind
    system, _, code = category.rpartition("/")
    at, case_id = story.at, uuid7(int(story.at.timestamp() * 1000))
    told = {
        "category": {"system": system, "code": code},
        "condition": condition,
        "attachments": [cast.photo("before", BEFORE_AFTER[code][0])] if code in BEFORE_AFTER else [],
        "title": titles[int(at.timestamp()) % len(titles)],
    }
    handled = {
        "done": "已处理完毕，现场恢复",
        "attachments": [cast.photo("after", BEFORE_AFTER.get(code, ("", "clean"))[1])],
    }
    steps: list[tuple[str, str, dict[str, Any]]] = [
        (story.worker.login, "report", told),
        ("duty1", "register", {"condition": condition}),
        ("dispatch1", "dispatch", {"crew": crew}),
        (cast.crew_logins[crew], "accept", {}),
        (cast.crew_logins[crew], "handle", handled),
        (story.worker.login, "pass", {"close_kind": "fixed"}),
        ("duty1", "close", {}),
    ]
    pauses = [timedelta(), *_pauses(story.kind, story.slow)]
    for (login, action, fields), after in list(zip(steps, pauses, strict=True))[: story.reach + 1]:
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
