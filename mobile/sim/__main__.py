"""Simulated tablets on the real core that sync with a server over a good or a bad wire, for load and to be watched."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mobile.core.views import Refusal
from mobile.sim.codes import Codes, NoCodes, demo_token
from mobile.sim.crowd import Crowd, Tally, for_each
from mobile.sim.wire import BadWire
from mobile.sim.worker import Worker
from server.settings import settings

SHARES = {"good": 0.0, "bad": 0.25}
DELAY_S = 0.5
TEACHES = """\
Each tablet is a real one without its window: it seals what it captures on its own disk, sends it, follows the
changes, and keeps at it until the server's word for every command is stored. On a bad wire one request in four
meets with something: lost, sent twice, out of order, cut, late, or answered by a login page or a proxy.

  against `make run` on this machine:
    python -m mobile.sim                                  8 tablets, 5 reports each, all sent at once
    python -m mobile.sim --wire bad --photos 1            the same over a bad wire, each report with a photo
    python -m mobile.sim --tablets 200 --commands 20      200 tablets after an outage
    python -m mobile.sim --seconds 120                    reports come in over two minutes: watch the map

  against another server (never one in use: the reports are invented, but they are real cases):
    python -m mobile.sim --server https://… --token TOKEN     token of an administrator; codes are made by it
    python -m mobile.sim --server https://… --codes FILE      a code a line (- reads from the standard input)

Exit 0: the server's word for every command is stored. 1: it is not, or nobody could be enrolled. 2: wrong use.
"""


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two others."""

    def read(words: str) -> int:
        if not words.isdecimal() or not least <= int(words) <= most:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most}")
        return int(words)

    return read


def lines(name: str) -> list[str]:
    """What stands in a file, - being the standard input, line by line."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {problem}") from problem
    return [line.strip() for line in text.splitlines() if line.strip()]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mobile.sim",
        description=__doc__,
        epilog=TEACHES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--server", default=f"http://127.0.0.1:{settings().port}", help="address of the office (%(default)s)")
    add("--tablets", type=whole(1, 10_000), default=8, metavar="N", help="how many (%(default)s)")
    add("--commands", type=whole(1, 10_000), default=5, metavar="N", help="reports of each (%(default)s)")
    add("--photos", type=whole(0, 9), default=0, metavar="N", help="photos of each report (%(default)s)")
    add("--seconds", type=whole(0, 86_400), default=0, metavar="S",
        help="spread the reports over this time; 0: all captured first, then sent, as after an outage")  # fmt: skip
    add(
        "--wire",
        choices=tuple(SHARES),
        default="good",
        help="what is between tablets and office (%(default)s)",
    )
    add(
        "--at-once",
        type=whole(1, 256),
        default=16,
        metavar="N",
        help="tablets that are open at a time (%(default)s)",
    )
    add(
        "--seed",
        type=whole(0, 2**31),
        default=0,
        metavar="N",
        help="another number, another story (%(default)s)",
    )
    add("--token", default="", help="API token of an administrator, to make codes with")
    add(
        "--codes",
        type=lines,
        metavar="FILE",
        help="enrolment codes, one a line; - is standard input",
    )
    add("--home", type=Path, metavar="DIR", help="keep the tablets here; the next run goes on with them")
    add("--json", action="store_true", help="the account as JSON, for machines")
    return parser


def enrol(workers: list[Worker], wanted: argparse.Namespace) -> None:
    """Everybody who has no pass yet gets one. Raises NoCodes, Refusal."""
    fresh = [worker for worker in workers if not _has_pass(worker)]
    if not fresh:
        return
    if wanted.codes:
        codes = wanted.codes
        if len(codes) < len(fresh):
            raise NoCodes(f"{len(fresh)} tablets need a code, but there are only {len(codes)}.")
    else:
        codes = Codes(wanted.server, wanted.token or demo_token()).make(len(fresh))
    code_of = dict(zip((worker.home for worker in fresh), codes, strict=False))
    for_each(fresh, wanted.at_once, lambda worker: worker.enrol(wanted.server, code_of[worker.home]))


def _has_pass(worker: Worker) -> bool:
    with worker.in_hand() as tablet:
        return tablet.enrolled


def simulate(home: Path, wanted: argparse.Namespace) -> Tally:
    """Enrols, captures, sends; what became of it."""
    workers = [
        Worker(home / f"{n:05}", BadWire(wanted.seed + n, longest_s=DELAY_S), wanted.seed + n)
        for n in range(wanted.tablets)
    ]
    enrol(workers, wanted)
    show = None if wanted.json or not sys.stderr.isatty() else _progress
    crowd = Crowd(
        workers, wanted.commands, wanted.seconds, wanted.photos, wanted.at_once, show or (lambda tally: None)
    )
    if not wanted.seconds:
        crowd.capture_without_a_signal()
    for n, worker in enumerate(workers):
        worker.wire.reseed(wanted.seed + n, SHARES[wanted.wire])
    return crowd.send()


def _progress(tally: Tally) -> None:
    sys.stderr.write(f"\r{tally.captured} captured, {len(tally.done_after)}/{tally.tablets} tablets done ")


def account(tally: Tally) -> str:
    """What became of it, for people."""
    told = tally.as_json()
    lines = [
        f"{tally.tablets} tablets captured {tally.captured} reports in all; {tally.waiting} still wait.",
        "The server's word: " + (", ".join(f"{n} {state}" for state, n in tally.states.most_common()) or "none"),
        f"{tally.requests} requests" + (": " if tally.faults else ", none of them spoiled.")
        + ", ".join(f"{n} {fault.replace('_', ' ')}" for fault, n in tally.faults.most_common()),
        f"{told['seconds']} s in all; half of the tablets were through after {told['tablet_done_p50_s']} s, "
        f"95 % after {told['tablet_done_p95_s']} s ({told['commands_a_second']} reports a second).",
    ]  # fmt: skip
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    wanted = arguments().parse_args(words)
    home = wanted.home or Path(tempfile.mkdtemp(prefix="xunge-sim-"))
    try:
        tally = simulate(home, wanted)
    except (NoCodes, Refusal) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    finally:
        if wanted.home is None:
            shutil.rmtree(home, ignore_errors=True)
    if sys.stderr.isatty() and not wanted.json:
        sys.stderr.write("\r")
    print(json.dumps(tally.as_json(), ensure_ascii=False) if wanted.json else account(tally))
    return 0 if tally.waiting == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
