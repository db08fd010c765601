"""Whatever happens between tablets and office, in whatever order: nothing is lost, doubled or silently dropped.

Captures, acts, bad wires, tablets killed between two statements of their core, servers killed while they answer, turned
clocks, moved scopes, tablets that change hands, expire or are withdrawn, and the office's own moves. After healing,
everything captured is on the server exactly once or visibly held or rejected with a reason, every chain verifies, and
every mirror equals what the server says is in that tablet's scope. One story here has all of it, a few are left to
chance, and the long ones are told at night (sync_night.py).
"""

from tests.properties.sync_machine import SyncMachine
from tests.properties.sync_night import play

SEED, STORIES, STEPS = 4, 4, 20
DEEDS = {
    "capture",
    "act",
    "take_back_the_last_or_decide_about_an_answer",
    "restart_or_turn_the_clock",
    "sync",
    "the_server_is_killed_while_it_answers",
    "the_office_acts_and_decides",
    "the_tablet_changes_hands",
    "the_scope_moves_or_the_pass_ends",
}
HAPPENED = {
    "killed",
    "server killed",
    "tablet closed",
    "clock turned",
    "undone",
    "photos",
    "scope moved",
    "pass expired",
    "pass withdrawn",
    "pass let go",
    "wiped",
    "office decided: apply",
    "office decided: refuse",
    "applied",
    "applied_with_conflict",
    "held",
    "decided",
    "withdrawn",
    "captive",
    "drop_answer",
}


def test_one_story_that_has_all_of_it(world: type[SyncMachine]) -> None:
    story = world()
    first, second, third = range(3)
    good = {"seed": 0, "share": 0.0, "dies_at": None}
    try:
        # Captures with and without a place, a login page, an answer lost, a tablet killed at its work.
        story.capture(which=first, places=[104.005, None], photos=1, mended=False, dies_at=None)
        story.capture(which=third, places=[104.0099999], photos=0, mended=True, dies_at=-60)
        story.tablets[first].wire.plan = ["captive", "drop_answer"]
        for _ in range(3):
            story.sync(which=first, **good)
        story.capture(which=third, places=[105.0], photos=0, mended=False, dies_at=None)
        story.take_back_the_last_or_decide_about_an_answer(which=third, number=1, dies_at=None)
        story.restart_or_turn_the_clock(which=second, minutes=None)
        story.restart_or_turn_the_clock(which=second, minutes=-42)
        # The office moves on while the workers act on what they see.
        for number in range(4):
            story.the_office_acts_and_decides(number=number, steps=1, choice="")
        for number in (*range(4), *range(12, 16)):
            story.act(which=first, number=number, dies_at=None)
            story.act(which=third, number=number, dies_at=300 * number or None)
        story.the_server_is_killed_while_it_answers(which=first, at=0, after_ms=5)
        story.the_server_is_killed_while_it_answers(which=third, at=1, after_ms=0)
        story.sync(which=first, **good)
        # What was sealed on a tablet before it changed hands waits for the office.
        story.capture(which=first, places=[104.015, 104.005, None], photos=1, mended=False, dies_at=None)
        story.the_tablet_changes_hands(which=first, login="head", dies_at=None, share=0.0)
        story.sync(which=first, **good)
        story.the_office_acts_and_decides(number=0, steps=0, choice="apply")
        story.the_office_acts_and_decides(number=0, steps=0, choice="refuse")
        story.sync(which=first, **good)
        story.take_back_the_last_or_decide_about_an_answer(which=first, number=0, dies_at=None)
        # Scopes move, passes end, one tablet is withdrawn and hands over what it has.
        story.the_scope_moves_or_the_pass_ends(which=third, what="S2")
        story.the_scope_moves_or_the_pass_ends(which=third, what="expired")
        story.the_scope_moves_or_the_pass_ends(which=second, what="let go")
        story.capture(which=second, places=[104.035], photos=1, mended=False, dies_at=None)
        for which in (second, third):
            story.sync(which=which, **good)
        story.capture(which=second, places=[104.065], photos=0, mended=False, dies_at=None)
        story.the_scope_moves_or_the_pass_ends(which=second, what="withdrawn")
        story.sync(which=second, **good)
    finally:
        story.teardown()
    assert set(+world.tally) >= DEEDS | HAPPENED, world.tally


def test_a_few_stories_that_chance_tells(world: type[SyncMachine]) -> None:
    happened = play(world, SEED, STORIES, STEPS)
    # What a seed brings changes with every line of the core and every module that is loaded beside it (Hypothesis draws
    # constants from them): each story's own account is what is asserted here, and what must be there stands above.
    assert happened[f"stories of {STEPS} steps"] >= STORIES, happened
