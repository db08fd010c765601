"""A report sealed on the tablet, on the disk when it returns, against appending the same bytes and fdatasync."""

import os
from datetime import UTC, datetime

from bench.stage import Stage
from mobile.core.clockwork import DeviceClock
from mobile.core.outbox import Outbox
from mobile.core.seal import Seal
from mobile.core.store import Store
from server.protocol.wire import time_text, uuid7


class SealReport:
    name = "seal"
    what = "reports sealed on the tablet"
    floor_is = "append and fdatasync"
    count = 200

    def __init__(self, stage: Stage) -> None:
        home = stage.home / "tablet"
        home.mkdir()
        self.outbox = Outbox(Store(home, Seal(os.urandom(32))), DeviceClock())
        self.plain = os.open(home / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def floor(self, count: int) -> None:
        for _ in range(count):
            os.write(self.plain, b"x" * 600)
            os.fdatasync(self.plain)

    def figure(self, count: int) -> None:
        for _ in range(count):
            self.outbox.append(self._command())

    def _command(self) -> dict[str, object]:
        category = {"system": "urban/event", "code": "0110"}
        return {
            "command_id": str(uuid7()),
            "case_id": str(uuid7()),
            "kind": "report",
            "person_id": 1,
            "base_version": 0,
            "made_at": time_text(datetime.now(UTC)),
            "depends_on": None,
            "position": {"lon": 104.0123456, "lat": 30.6543219, "accuracy_m": 8, "crs": "EPSG:4326"},
            "payload": {"category": category, "title": "垃圾袋", "description": "两袋，在桶外"},
        }


FIGURES = (SealReport,)
