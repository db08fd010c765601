"""A simulated grid worker: the real core of a tablet on a wire of its own, and hands that report what they see."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path

from PIL import Image
from shapely import Point, Polygon

from mobile.core.clockwork import Clock
from mobile.core.tablet import Tablet
from mobile.core.views import CategoryChoice, Position
from mobile.sim.wire import BadWire

ACCURACY_M = 8.0
WORDS = ("两袋垃圾堆在桶外", "路面有积水", "花箱被推倒", "小广告一处", "护栏松动", "树枝挡住路灯")


def picture(number: int = 0, size: int = 64) -> bytes:
    """A JPEG that differs from every other number's; `size` px a side of noise (64 px ≈ 3 kB)."""
    dice = random.Random(number)  # noqa: S311 (noise, not a secret)
    image = Image.frombytes("RGB", (size, size), dice.randbytes(size * size * 3))
    file = BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


class Worker:
    """One worker with one tablet, which lives in `home` and may be closed and opened at any time."""

    def __init__(self, home: Path, wire: BadWire, seed: int = 0, clock: Clock | None = None) -> None:
        self.home, self.wire, self._clock = home, wire, clock
        self._dice = random.Random(seed)  # noqa: S311

    @cached_property
    def tablet(self) -> Tablet:
        return Tablet(self.home, clock=self._clock, transport=self.wire)

    def close(self) -> None:
        """Puts the tablet away; the next look at it opens it again."""
        if "tablet" in self.__dict__:
            self.tablet.close()
            del self.tablet
        self.wire.close()

    @contextmanager
    def in_hand(self) -> Iterator[Tablet]:
        """The tablet, open while the block runs: a thousand of them are not open at once."""
        try:
            yield self.tablet
        finally:
            self.close()

    def enrol(self, server: str, code: str) -> None:
        """Raises Refusal when the office does not take the code."""
        self.tablet.enrol(server, code)

    def place(self) -> Position | None:
        """Somewhere in one of the worker's own grids, off its border; None until the office has sent their borders."""
        own = [Polygon(grid.rings[0]) for grid in self.tablet.map_shapes().grids if grid.mine]
        if not own:
            return None
        grid = self._dice.choice(own)
        west, south, east, north = grid.bounds
        for _ in range(100):
            lon, lat = self._dice.uniform(west, east), self._dice.uniform(south, north)
            if grid.contains(Point(lon, lat)):
                return Position(lon, lat, ACCURACY_M)
        middle = grid.representative_point()
        return Position(middle.x, middle.y, ACCURACY_M)

    def capture(self, photos: int = 0) -> str:
        """Reports something that the pack knows, with so many photos; its command's id."""
        chosen = self._matter()
        condition = self._dice.choice(chosen.conditions).code
        stages = chosen.photos.get("report", ())
        stages += ("before",) * (photos - len(stages))
        taken = [self.tablet.take_in(picture(self._dice.getrandbits(32)), stage).photo_id for stage in stages]
        return self.tablet.report(
            chosen.key, condition, self.place(), self._dice.choice(WORDS), taken, mended=False
        )

    def _matter(self) -> CategoryChoice:
        """A category that asks nothing but what is seen, and whose conditions endanger nobody."""
        tree = self.tablet.report_form().tree
        return self._dice.choice(
            [
                one
                for major in tree
                for one in major.categories
                if one.conditions
                and not any(field.required for field in one.form)
                and not any(condition.danger for condition in one.conditions)
            ]
        )

    @property
    def waiting(self) -> int:
        """What has still to be sent or confirmed: commands, and commands whose photos are on their way."""
        return len(self.tablet.outbox().waiting)
