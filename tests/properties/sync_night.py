"""A night of long stories of the sync, in parts that run beside each other, each with a server and a seed of its own.

Not among the tests that run each time: `make nightly`. `NIGHTLY_STORIES` says how many, `NIGHTLY_SEED` tells those of
another night again; a night's seed is its date.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.sync_machine import SyncMachine

STORIES = int(os.environ.get("NIGHTLY_STORIES", "500"))
SEED = int(os.environ.get("NIGHTLY_SEED") or f"{datetime.now(UTC):%Y%m%d}")
STEPS, IN_A_PART = 60, 25
PARTS = [
    (SEED * 1000 + part, min(IN_A_PART, STORIES - first))
    for part, first in enumerate(range(0, STORIES, IN_A_PART))
]


def play(world: type[SyncMachine], seed: int, stories: int, steps: int, *more: Phase) -> Counter[str]:
    """So many stories that Hypothesis chooses; what happened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hypothesis.core.global_force_seed", seed)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            world,
            settings=settings(
                max_examples=stories,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=[Phase.generate, *more],
                suppress_health_check=list(HealthCheck),
            ),
            _min_steps=steps - 1,  # else a story is broken off now and then
        )
    return world.tally


@pytest.mark.parametrize(("seed", "stories"), PARTS)
def test_nothing_captured_is_lost_doubled_or_silently_dropped(
    world: type[SyncMachine], seed: int, stories: int, record_property: Callable[[str, object], None]
) -> None:
    happened = play(world, seed, stories, STEPS, Phase.shrink)
    record_property("night", {"seed": seed, "happened": dict(happened)})
    assert happened[f"stories of {STEPS} steps"] >= stories
