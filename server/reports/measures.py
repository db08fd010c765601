"""The indicators: for each its name, its printed formula, and which counted sets stand above and below the line.

The sets are the words of the SQL function `cycle_is`; a measure is data, and a page or document prints its formula.
"""

from dataclasses import dataclass, replace

from server.protocol.pack import Pack


def _(msgid: str) -> str:
    return msgid


DUE, REPORTED, HANDLE_DUE, REPLY_DUE = "due", "reported", "handle_due", "reply_due"
# What may be asked for. "due" of handling is the handling deadline, of replies the reply's.
BASES = (DUE, REPORTED)
PLACE, HANDLER = "place", "handler"
OF = (PLACE, HANDLER)
STREET = "street"
LEVELS = {STREET: 1, "community": 2, "grid": 3}
BY = (*LEVELS, "category", "system", "crew", "day")
FEW = 20

# The sets that `cycle_is` knows: the values of `counted=` on a list of cases.
COUNTED = (
    "all",
    "owing",
    "suspended",
    "timed",
    "closed",
    "on_time",
    "overdue",
    "overdue_open",
    "rework",
    "rework_closed",
    "extended",
    "handled",
    "handled_on_time",
    "received",
    "valid",
    "reported",
    "registered",
    "dispatched",
    "right_dispatch",
    "evasion",
    "reached",
    "satisfied",
    "asked",
    "solved",
    "mended",
    "self_handled",
    "sampled",
    "sampled_void",
    "owed",
    "answered",
)


@dataclass(frozen=True)
class Measure:
    """One indicator: the cycles of set `numerator` ÷ those of `denominator`.

    `bases` are those it makes sense on, the first is taken when none is asked for. `among` is a set that has both in
    it: measures of one basis with the same `among` are counted in one reading. `count`: the numerator is what matters
    and no rate is shown. `timely`: it judges whether something was in time, so that a cycle which an upheld appeal
    excused leaves it when it is read by who is responsible (`of=handler`); the place keeps the fact.
    """

    code: str
    name: str
    formula: str
    numerator: str
    denominator: str
    bases: tuple[str, ...] = BASES
    among: str = ""
    count: bool = False
    timely: bool = False

    @property
    def within(self) -> str:
        """The set that one reading goes through."""
        return self.among or self.denominator

    def basis(self, asked: str | None) -> str | None:
        """The basis to count on when `asked` (None: whatever the measure is made for); None when it makes no sense."""
        if asked is None:
            return self.bases[0]
        return next((basis for basis in self.bases if public_basis(basis) == asked), None)


MEASURES = {
    measure.code: measure
    for measure in (
        Measure("closure", _("Closure rate"), _("closed ÷ {base}"), "closed", "all", among="owing"),
        Measure(
            "on_time", _("On-time closure rate"), _("closed on time ÷ {base}"), "on_time", "timed",
            among="owing", timely=True,
        ),
        Measure(
            "handled", _("Handling rate"), _("handled ÷ {base}"), "handled", "all", (HANDLE_DUE,),
        ),
        Measure(
            "handled_on_time", _("On-time handling rate"), _("handled on time ÷ {base}"), "handled_on_time", "all",
            (HANDLE_DUE,), timely=True,
        ),
        Measure(
            "rework", _("Rework rate"), _("cases reworked, however often ÷ {base}"), "rework", "all", among="owing"
        ),
        Measure(
            "overdue", _("Overdue rate"), _("closed or open after the deadline ÷ {base}"), "overdue", "timed",
            among="owing", timely=True,
        ),
        Measure(
            "overdue_open", _("Overdue and still open"), _("open after the deadline, out of those {base}"),
            "overdue_open", "timed", among="owing", count=True, timely=True,
        ),
        Measure(
            "extension", _("Extension rate"), _("cases extended, however often ÷ {base}"), "extended", "all",
            among="owing",
        ),
        Measure(
            "suspended", _("Suspended"), _("suspended, which leave the rates, of those {base} and themselves"),
            "suspended", "owing", count=True,
        ),
        Measure(
            "registered", _("Registered rate"), _("registered ÷ reported, declined ones among them"),
            "registered", "reported", (REPORTED,), among="received",
        ),
        Measure(
            "valid", _("Valid report rate"), _("registered or mended on the spot ÷ reported"), "valid", "received",
            (REPORTED,),
        ),
        Measure(
            "dispatched", _("Dispatch rate"), _("dispatched ÷ registered, out of those {base}"), "dispatched",
            "registered", (REPORTED, DUE),
        ),
        Measure(
            "right_dispatch", _("Right-dispatch rate"), _("dispatched without an upheld return ÷ dispatched"),
            "right_dispatch", "dispatched", among="registered",
        ),
        Measure(
            "evasion", _("Evasion rate"), _("cases with a refused return ÷ dispatched"), "evasion", "dispatched",
            among="registered",
        ),
        Measure(
            "self_handled", _("Self-handled share"), _("mended on the spot ÷ (mended on the spot + closed)"),
            "self_handled", "mended", (REPORTED,),
        ),
        Measure(
            "sampled_void", _("Sampled-void rate"), _("found void ÷ sampled of those mended on the spot"),
            "sampled_void", "sampled", (REPORTED,),
        ),
        Measure(
            "satisfaction", _("Satisfaction"),
            _("satisfied (by callback, else by a rating of 4 or 5) ÷ asked and reached"),
            "satisfied", "reached", (REPORTED, DUE),
        ),
        Measure(
            "solved", _("Solved rate"), _("solved by the reporter's word ÷ asked and reached"), "solved", "asked",
            (REPORTED, DUE), among="reached",
        ),
        Measure(
            "reply", _("Reply rate"), _("answered in time ÷ {base}"), "answered", "owed", (REPLY_DUE, REPORTED),
        ),
    )
}  # fmt: skip

# What {base} says: by basis, and apart for those sets that ask for more than the basis does.
BASE_WORDS = {
    DUE: _("due in the period"),
    REPORTED: _("reported in the period"),
    HANDLE_DUE: _("due to be handled in the period"),
    REPLY_DUE: _("owed a reply in the period"),
}
BASE_WORDS_OF_SET = {
    (REPORTED, "timed"): _("reported in the period with a deadline"),
    (REPORTED, "owed"): _("reported in the period and owed a reply"),
}


def public_basis(basis: str) -> str:
    """The word of a basis outside: every deadline is "due"."""
    return REPORTED if basis == REPORTED else DUE


def base_words(measure: Measure, basis: str) -> str:
    """The msgid of what a measure divides by on a basis."""
    return BASE_WORDS_OF_SET.get((basis, measure.denominator), BASE_WORDS[basis])


def measure_of(code: str, pack: Pack) -> Measure:
    """The measure as the pack reads it: a pack may divide reworked cases by the closed ones. KeyError: not known."""
    measure = MEASURES[code]
    if code == "rework" and pack.rework_over == "closed":
        formula = _("closed cases reworked, however often ÷ closed, out of those {base}")
        return replace(measure, formula=formula, numerator="rework_closed", denominator="closed")
    return measure
