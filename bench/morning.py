"""A believable month of cases of the demo district as a CSV for `import-cases`: what the pictures show. Seeded."""

import csv
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import shapely
from shapely.geometry import Point, shape

from server.settings import CHECKOUT

COLUMNS = ("external_id", "lon", "lat", "category", "opened_at", "closed_at", "due_at", "status", "title")
# category, its limit in hours, and how people put it
MATTERS = [
    ("urban/event/0110", 4, ["暴露垃圾，桶外堆放", "垃圾袋堆在绿地边", "装修垃圾无人清运"]),
    ("urban/component/0102", 4, ["污水井盖松动", "井盖破损，车过有响声", "井盖缺失，紧邻小学东门"]),
    ("urban/component/0137", 48, ["路灯不亮，连续三盏", "巷口路灯不亮", "灯杆倾斜"]),
    ("urban/event/0406", 4, ["占道经营，摊位堵住盲道", "流动摊点占道"]),
    ("urban/event/0505", 2, ["路面塌陷，坑深约 15 厘米"]),
    ("urban/event/0600", 72, ["公告栏玻璃碎裂", "长椅缺木条"]),
]
CLOSED, OPEN = 460, 42


def places(random_: random.Random) -> Iterator[Point]:
    """Points inside grids, for ever."""
    with (CHECKOUT / "grids.geojson").open(encoding="utf-8") as file:
        grids = [shape(f["geometry"]) for f in json.load(file)["features"] if f["properties"]["level"] == 3]
    while True:
        grid = random_.choice(grids)
        west, south, east, north = grid.bounds
        point = Point(random_.uniform(west, east), random_.uniform(south, north))
        if shapely.contains(grid, point):
            yield point


def rows(now: datetime) -> Iterator[tuple[object, ...]]:
    """Closed ones of the month, most of them in time, and open ones with deadlines around `now`."""
    random_ = random.Random(20261120)
    where = places(random_)
    for n in range(CLOSED + OPEN):
        category, hours, titles = random_.choice(MATTERS)
        place = next(where)
        limit = timedelta(hours=hours + 2.75)
        if n < CLOSED:
            opened = now - timedelta(hours=random_.uniform(90, 24 * 30))
            taken = (
                limit
                * random_.choices([random_.uniform(0.2, 0.98), random_.uniform(1.02, 1.9)], [0.8, 0.2])[0]
            )
            closed: datetime | str = opened + taken
        else:
            left = random_.choices([(-26, -0.5), (0.05, 0.48), (0.6, 40)], [0.08, 0.1, 0.82])[0]
            opened, closed = now + timedelta(hours=random_.uniform(*left)) - limit, ""
        yield (f"M{n:04}", f"{place.x:.6f}", f"{place.y:.6f}", category, opened.isoformat(),
               closed and closed.isoformat(), (opened + limit).isoformat(), "closed" if closed else "open",  # type: ignore[union-attr]
               random_.choice(titles))  # fmt: skip


def write(path: Path, now: datetime) -> None:
    """The month up to `now` (aware) as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(now))
