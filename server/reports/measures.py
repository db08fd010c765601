"""The indicators: for each its name, its printed formula, and which counted sets stand above and below the line."""

from dataclasses import dataclass


def _(msgid: str) -> str:
    return msgid


DUE, REPORTED, HANDLE_DUE = "due", "reported", "handle_due"
BASES = (DUE, REPORTED)
LEVELS = {"street": 1, "community": 2, "grid": 3}
BY = (*LEVELS, "category", "crew", "day")
FEW = 20

# The sets that the SQL function `cycle_is` knows: the values of `counted=` on a list of cases.
COUNTED = (
    "all",
    "closed",
    "on_time",
    "overdue",
    "overdue_open",
    "rework",
    "received",
    "valid",
    "reported",
    "registered",
    "mended",
    "self_handled",
    "dispatched",
    "right_dispatch",
    "evasion",
    "handled",
    "handled_on_time",
)


@dataclass(frozen=True)
class Measure:
    """One indicator. `bases` are those it makes sense on, the first is taken when none is asked for."""

    code: str
    name: str
    formula: str
    numerator: str
    denominator: str
    bases: tuple[str, ...] = (DUE, REPORTED)


MEASURES = {
    measure.code: measure
    for measure in (
        Measure("closure", _("Closure rate"), _("closed ÷ {base}"), "closed", "all"),
        Measure("on_time", _("On-time closure rate"), _("closed on time ÷ {base}"), "on_time", "all"),
        Measure(
            "overdue", _("Overdue rate"), _("closed or open after the deadline ÷ {base}"), "overdue", "all"
        ),
        Measure(
            "overdue_open",
            _("Overdue and still open"),
            _("open after the deadline ÷ {base}"),
            "overdue_open",
            "all",
        ),
        Measure("rework", _("Rework rate"), _("cases reworked at least once ÷ {base}"), "rework", "all"),
        Measure(
            "registered",
            _("Registered rate"),
            _("registered ÷ reported, declined ones among them"),
            "registered",
            "reported",
            (REPORTED,),
        ),
        Measure(
            "valid",
            _("Valid report rate"),
            _("registered or mended on the spot ÷ reported"),
            "valid",
            "received",
            (REPORTED,),
        ),
        Measure(
            "self_handled",
            _("Self-handled share"),
            _("mended on the spot ÷ (mended on the spot + closed)"),
            "self_handled",
            "mended",
            (REPORTED,),
        ),
        Measure(
            "dispatched", _("Dispatch rate"), _("dispatched ÷ {base}"), "dispatched", "all", (REPORTED, DUE)
        ),
        Measure(
            "right_dispatch",
            _("Right-dispatch rate"),
            _("dispatched without an upheld return ÷ dispatched"),
            "right_dispatch",
            "dispatched",
            (DUE, REPORTED),
        ),
        Measure(
            "evasion",
            _("Evasion rate"),
            _("cases with a refused return ÷ dispatched"),
            "evasion",
            "dispatched",
            (DUE, REPORTED),
        ),
        Measure(
            "handled", _("Handling rate"), _("handled ÷ due to be handled"), "handled", "all", (HANDLE_DUE,)
        ),
        Measure(
            "handled_on_time",
            _("On-time handling rate"),
            _("handled on time ÷ due to be handled"),
            "handled_on_time",
            "all",
            (HANDLE_DUE,),
        ),
    )
}

BASE_WORDS = {
    DUE: _("due in the period"),
    REPORTED: _("reported in the period"),
    HANDLE_DUE: _("due to be handled in the period"),
}
