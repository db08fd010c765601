"""Makes the parts of the documents that come from the code: each stands between two marker lines of its document.

A part begins with `<!-- made: NAME -->` and ends with `<!-- /made -->`; what is between them is replaced.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from gis.__main__ import app as gis_app
from server.__main__ import app as server_app
from server.cases.sentences import SENTENCES
from server.locale import gettext_for
from server.protocol.hats import NEW
from server.protocol.words import CLOCK_WORDS, STATE_WORDS
from server.protocol.workflow import ENDED, OPEN, STATES, TABLE, Row
from server.reports.measures import BASE_WORDS, MEASURES
from server.settings import CHECKOUT, Settings
from tasks.__main__ import app as tasks_app
from tasks.schedule import TASKS

PART = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- /made -->)", re.DOTALL)
APART = {"handler": "never who mended it", "dispatcher": "never the person who dispatched it"}
MEANING = {
    "home": "all state: database, photos, logs",
    "host": "address that the server listens on",
    "port": "its port",
    "database_url": "a PostgreSQL of your own instead of the private one",
    "demo": "`0`: no demo people and no walk at the start of a run",
    "lang": "language of the command line, and of pages before sign-in: `zh-CN` or `en`",
    "workers": "server processes that share the address; two cores carry two",
    "pool": "database connections of one server process",
    "public_url": "how people and tablets reach the server from outside, for links in letters and tablets' QR codes; "
    "else host and port",
    "smtp_url": "the post office: `smtp://user:password@host:port`, or `smtps://`; without it no letters",
    "mail_from": "who letters are from: `Name <desk@district.example>`",
    "mbtiles": "map pictures (MBTiles 1.3 with png, jpg or webp) that tablets take along, clipped to each scope; "
    "several servers have copies of the same name and time",
    "webhook_private": "`1`: webhooks may go to private addresses (and by http to this machine)",
    "cookie_secure": "`1`: cookies over https only; set it wherever people other than you sign in",
}


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def workflow_diagram() -> str:
    """The states and the acts that lead from one to another; acts that stay in their state are in the table only."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for source, to in row.moves:
            if source != to:
                labels = arrows.setdefault((source or "[*]", to), [])
                labels.extend([row.action] if row.action not in labels else [])
    lines = [f"    {source} --> {to}: {', '.join(acts)}" for (source, to), acts in arrows.items()]
    ends = [f"    {state} --> [*]" for state in STATES if state in ENDED]
    names = [f"    {state}: {state}<br/>{STATE_WORDS[state]}" for state in STATES]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    direction TB", *names, *lines, *ends, "```"])


def workflow_table() -> str:
    """Every row of the transition table, in its order."""
    head = ("from", "act", "to", "who", "needs", "clocks", "only if", "leaves behind", "told")
    return table(head, [_workflow_row(row) for row in TABLE])


def _workflow_row(row: Row) -> tuple[str, ...]:
    sources = "–" if row.sources == (NEW,) else ", ".join(source or "–" for source in row.sources)
    if set(row.sources) == set(STATES):
        sources = "any"
    elif set(row.sources) == {*OPEN, "closed"}:
        sources = "any open, closed"
    elif set(row.sources) == set(OPEN):
        sources = "any open"
    needs = ", ".join(need.name if need.required else f"({need.name})" for need in row.needs)
    only = [f"not {flag[1:]}" if flag.startswith("!") else flag for flag in row.only_if]
    only += [f"{row.given[0]} = {row.given[1]}"] if row.given else []
    only += [APART[row.apart_from]] if row.apart_from else []
    return (
        sources,
        f"`{row.action}`",
        row.to or "same",
        ", ".join(row.who),
        needs or "–",
        _clocks(row) or "–",
        "; ".join(only) or "–",
        "; ".join([*row.raises, *(f"no {flag}" for flag in row.clears)]) or "–",
        ", ".join(row.tells) or "–",
    )


def _clocks(row: Row) -> str:
    signs = (("▶", row.start), ("■", row.stop), ("⏸", row.pause), ("⏵", row.resume))
    return " ".join(
        f"{sign} {'all' if len(kinds) == len(CLOCK_WORDS) else ', '.join(kinds)}"
        for sign, kinds in signs
        if kinds
    )


def reasons() -> str:
    """The codes that an answer to a command may carry, with their sentences."""
    return table(("code", "sentence"), [(f"`{code}`", said) for code, said in SENTENCES.items() if code])


def environment() -> str:
    """Every environment variable; a setting without a meaning here is an error."""
    rows = []
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias) if field.validation_alias else f"XUNGE_{name.upper()}"
        default = field.default
        shown = (
            f"`{default.relative_to(CHECKOUT)}/` in the checkout"
            if isinstance(default, Path)
            else f"`{default}`"
        )
        if isinstance(default, bool):
            shown = f"`{int(default)}`"
        rows.append((f"`{variable}`", "–" if default is None else shown, MEANING[name]))
    return table(("variable", "default", "meaning"), rows)


def tasks() -> str:
    """What the system does by itself."""
    return table(
        ("task", "every", "does"),
        [(f"`{task.name}`", f"{task.every.total_seconds():.0f} s", task.purpose) for task in TASKS],
    )


def measures(lang: str, head: tuple[str, ...]) -> str:
    """The indicators with the formulas that the pages print in `lang`."""
    _ = gettext_for(lang)
    rows = [
        (_(one.name), f"`{one.code}`", _(one.formula).format(base=_(BASE_WORDS[one.bases[0]])))
        for one in MEASURES.values()
    ]
    return table(head, rows)


def commands(program: str) -> Iterator[tuple[str, Any]]:
    """The command lines of a program with typer's description of each; one line where there are no subcommands."""
    described: Any = typer.main.get_command(
        {"server": server_app, "gis": gis_app, "tasks": tasks_app}[program]
    )
    yield from _below(f"python -m {program}", described)


def _below(line: str, described: Any) -> Iterator[tuple[str, Any]]:
    commands = getattr(described, "commands", None)
    if commands is None:
        yield line, described
    else:
        for name, one in commands.items():
            yield from _below(f"{line} {name}", one)


def command_lines() -> str:
    """Every command with its options."""
    rows = []
    for program in ("server", "gis", "tasks"):
        for line, described in commands(program):
            words = [_parameter(one) for one in described.params if one.name != "help"]
            said = str(described.help or "").partition("\n\n")[0].replace("\n", " ")
            rows.append((f"`{' '.join([line, *filter(None, words)])}`", said))
    return table(("command", "does"), rows)


def _parameter(one: Any) -> str:
    if one.param_type_name == "argument":
        name = str(one.metavar or one.name).upper()
        return f"{name}…" if one.nargs == -1 else name
    word = one.opts[0] if one.is_flag else f"{one.opts[0]} {(one.metavar or one.name.strip('_')).upper()}"
    return word if one.required else f"[{word}]"


PARTS: dict[str, Callable[[], str]] = {
    "workflow-diagram": workflow_diagram,
    "workflow-table": workflow_table,
    "reasons": reasons,
    "environment": environment,
    "tasks": tasks,
    "measures": partial(measures, "en", ("indicator", "`measure=`", "formula")),
    "measures-in-chinese": partial(measures, "zh-CN", ("指标", "`measure=`", "算法")),
    "command-lines": command_lines,
}


def documents() -> list[Path]:
    """Every document of the project; the protocol stands beside the code that speaks it."""
    return sorted(
        [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "server").glob("*.md")]
    )


def renewed(text: str) -> str:
    """The document with its made parts made anew. KeyError names a part that nobody makes."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)
