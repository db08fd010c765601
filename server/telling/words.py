"""The sentence that people are told for each act; its parameters are codes, times or names of offices.

A sentence is one fact, the same for whoever reads it; number and category of the case stand beside it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from string import Formatter
from typing import Any

from server.protocol.wire import read_time
from server.protocol.words import ACTION_WORDS, CLOSE_KIND_WORDS, STATE_WORDS

Translate = Callable[[str], str]


def _(msgid: str) -> str:
    return msgid


SENTENCES = {
    "report": _("A case was reported and waits to be registered."),
    "part": _("A part of a split case waits to be dispatched."),
    "self_handle": _("A case was mended on the spot."),
    "record": _("A case was recorded from another system."),
    "send_verify": _("Somebody should look at the spot before the case is registered."),
    "verify": _("The spot was looked at; the case waits to be registered."),
    "register": _("The case was registered."),
    "decline": _("The case was declined; the reason stands in the case."),
    "ask": _("A question about the case waits for an answer."),
    "answer": _("The question about the case was answered."),
    "time_out": _("The question about the case was not answered in time; the case goes on without."),
    "merge": _("The case is the same matter as {survivor} and goes on there."),
    "dispatch": _("The case was dispatched to {organisation}."),
    "assign_anyway": _("The case was assigned to {organisation}, though it is not yet clear whose it is."),
    "dispatch_down": _("The street dispatches this case to its own crews."),
    "take": _("{organisation} has taken the case into its own hands."),
    "claim": _("{organisation} has claimed the case."),
    "split": _("The case was split into parts for several departments."),
    "forward": _("The case was forwarded to {organisation}."),
    "accept": _("{organisation} has accepted the case."),
    "ask_return": _("{organisation} asks to return the case."),
    "uphold_return": _("The return was upheld; the case is dispatched anew."),
    "refuse_return": _("The return was refused; the case stays with {organisation}."),
    "recall": _("The case was recalled from {organisation}."),
    "make_safe": _("The spot was made safe."),
    "whistle": _("The street calls {organisation} to the spot."),
    "arrive": _("{organisation} has arrived on the spot."),
    "ask_help": _("{organisation} is asked for help on the case."),
    "answer_help": _("{organisation} has answered the request for help."),
    "notice": _("A notice to put it right was given."),
    "recheck": _("The notice was checked again."),
    "enforce": _("The case was handed to enforcement."),
    "enforced": _("Enforcement has ended."),
    "ask_extension": _("{organisation} asks for more time."),
    "grant_extension": _("More time was granted."),
    "refuse_extension": _("More time was refused; the deadline stands."),
    "ask_suspension": _("{organisation} asks to suspend the case."),
    "suspend": _("The case was suspended; its clocks stand."),
    "refuse_suspension": _("Suspending was refused; the clocks run on."),
    "resume": _("The case goes on; its clocks run again."),
    "handle": _("The case was handled and waits for inspection."),
    "parts_done": _("All parts of the case are done; it waits for inspection."),
    "answer_outside": _("The outside party has answered; the case waits for inspection."),
    "pass": _("The inspection passed."),
    "fail": _("The inspection failed: the work goes on within the same time."),
    "cannot_inspect": _("The case could not be inspected; somebody else should look."),
    "absent": _("The inspector is absent; somebody else should look."),
    "close": _("The case was closed: {close_kind}."),
    "send_back": _("The case was sent back to {organisation} before closing."),
    "reopen": _("The case was reopened."),
    "rate": _("The case was rated: {rating} of 5."),
    "appeal": _("There is an appeal about the case."),
    "uphold_appeal": _("The appeal was upheld."),
    "reject_appeal": _("The appeal was rejected."),
    "sample": _("A sample shows that the matter was not mended; the case is open again."),
    "escalate": _("The case was escalated to {organisation}."),
    "hand_down": _("The case was handed down to {organisation}."),
    "supervise": _("The case is pressed by supervision."),
    "answer_supervision": _("There is an answer to the demand of supervision."),
    "change": _("Facts of the case were changed."),
    "contact": _("The reporter was contacted."),
    "reply": _("The reporter was answered."),
    "callback": _("The reporter was called back."),
    "comment": _("Something was added to the case."),
    "add_evidence": _("Photos were added to the case."),
    "cancel": _("The case was cancelled."),
    "redact": _("Words or a photo of the case were erased."),
    "recompute": _("The deadlines were computed anew."),
    "reroute": _("The boundaries changed; the case lies in another grid now."),
    "hold": _("An act made on a tablet has waited for a decision for a day."),
    "decided_apply": _("{office} decided: your act took effect as you made it."),
    "decided_change": _("{office} decided: your act took effect with changes. {said}"),
    "decided_refuse": _("{office} did not accept your act: {said}"),
    "decided_with": _("{office} did not accept an earlier act that this one builds on: {said}"),
}
# Instead of a sentence with a parameter that is not known.
SHORTER = {
    "dispatch": _("The case was dispatched."),
    "assign_anyway": _("The case was assigned, though it is not yet clear whose it is."),
    "take": _("The case was taken into own hands."),
    "claim": _("The case was claimed."),
    "forward": _("The case was forwarded to an outside party."),
    "accept": _("The case was accepted."),
    "ask_return": _("The crew asks to return the case."),
    "refuse_return": _("The return was refused; the case stays where it is."),
    "recall": _("The case was recalled."),
    "whistle": _("The street calls departments to the spot."),
    "arrive": _("A department has arrived on the spot."),
    "ask_help": _("Help is asked for on the case."),
    "answer_help": _("The request for help was answered."),
    "ask_extension": _("The crew asks for more time."),
    "ask_suspension": _("The crew asks to suspend the case."),
    "send_back": _("The case was sent back before closing."),
    "escalate": _("The case was escalated."),
    "hand_down": _("The case was handed down one level."),
    "close": _("The case was closed."),
    "merge": _("The case goes on in another one that is the same matter."),
    "rate": _("The case was rated."),
    "decided_change": _("{office} decided: your act took effect with changes."),
    "decided_refuse": _("{office} did not accept your act."),
    "decided_with": _("{office} did not accept an earlier act that this one builds on."),
}
# Acts after which somebody's clock runs: their messages name the deadline.
CALLING = frozenset(
    {
        *("report", "part", "register", "send_verify", "reopen", "sample"),
        *("dispatch", "assign_anyway", "dispatch_down", "claim", "forward", "recall"),
        *(
            "uphold_return",
            "refuse_return",
            "grant_extension",
            "refuse_extension",
            "refuse_suspension",
            "resume",
        ),
        *("whistle", "ask_help", "fail", "send_back", "supervise", "escalate", "hand_down"),
    }
)
SOMETHING = _("Something happened to the case: {act}.")
DUE = _("Due {time}.")
EMERGENCY = _("Emergency.")
# What is said about a held act names it: of a report that waits there is no number yet.
OF_ACT = _("“{act}” of {time}: {sentence}")


def sentence(action: str, params: Mapping[str, Any], translate: Translate, zone: tzinfo | None = None) -> str:
    """The sentence of `action`, after "Emergency." where it is one, before the deadline where one is named."""
    named = {key: value for key, value in params.items() if isinstance(value, str | int)}
    for key, names in (("state", STATE_WORDS), ("close_kind", CLOSE_KIND_WORDS)):
        if key in named:
            named[key] = translate(names.get(str(named[key]), str(named[key])))
    if action not in SENTENCES:
        named["act"] = translate(ACTION_WORDS.get(action, action))
    said = [translate(_template(action, named)).format(**named)]
    if params.get("severity") == "emergency":
        said.insert(0, translate(EMERGENCY))
    if params.get("due_at") and action in CALLING:
        said.append(translate(DUE).format(time=_clock(params["due_at"], zone)))
    told = joined(said, translate)
    if "act" not in params:
        return told
    act = translate(ACTION_WORDS.get(str(params["act"]), ""))
    return translate(OF_ACT).format(act=act, time=_clock(params["acted_at"], zone), sentence=told)


def _clock(at: object, zone: tzinfo | None) -> str:
    read = at if isinstance(at, datetime) else read_time(str(at))
    return f"{read.astimezone(zone or UTC):%m-%d %H:%M}"


def joined(sentences: list[str], translate: Translate) -> str:
    """Sentences one after the other, as the language sets them."""
    text = sentences[0]
    for following in sentences[1:]:
        text = translate("{first} {second}").format(first=text, second=following)
    return text


def _template(action: str, named: Mapping[str, Any]) -> str:
    full = SENTENCES.get(action, SOMETHING)
    missing = [
        name for _text, name, _form, _conversion in Formatter().parse(full) if name and name not in named
    ]
    return SHORTER[action] if missing else full
