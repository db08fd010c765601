"""What a resident is told about a case, in plain words: where it stands, what comes next, what has happened.

Offices are named, persons never. What is the offices' own business (returns, escalation, supervision) is not told.
"""

from collections.abc import Callable

Words = Callable[[str], str]


def _(msgid: str) -> str:
    return msgid


# State: where it stands, and what comes next. {who} = who has it in hand.
STANDS = {
    "reported": (_("Your report has arrived."), _("An office looks at it and decides who takes care of it.")),
    "verifying": (_("Somebody goes to look at it."), _("After that an office decides who takes care of it.")),
    "waiting": (_("We have a question for you."), _("Please answer it below.")),
    "registered": (_("It has been accepted."), _("It will now be given to those who can put it right.")),
    "dispatched": (_("{who} was asked to take care of it."), _("They will begin soon.")),
    "handling": (_("{who} is working on it."), _("When they are done, somebody else goes to look.")),
    "suspended": (_("It has to wait for a while."), _("The work goes on when what it waits for is there.")),
    "enforcing": (_("It is going the way of the law."), _("That takes its time; the office keeps watch.")),
    "split": (_("Several offices are working on it."), _("You get one answer for all of them.")),
    "forwarded": (
        _("{who} was asked to take care of it."),
        _("When they are done, somebody else goes to look."),
    ),
    "handled": (_("{who} says that it is done."), _("Somebody else now goes to look whether that is so.")),
    "inspected": (_("Somebody looked: it is done."), _("The office will now finish the case.")),
    "closed": (_("It is finished."), _("Tell us whether you are satisfied. If it is not so, say it below.")),
    "declined": (_("It was not accepted."), _("If you do not agree, you may say so once, below.")),
    "merged": (
        _("The same matter was reported before."),
        _("It is dealt with there. You get the same answer."),
    ),
    "cancelled": (_("The case was taken back."), _("Nothing more happens with it.")),
}
MERGED_ANSWERED = _("Our answer to you stands below.")
CLOSED_AS = {
    "fixed": _("It was put right."),
    "gone": _("When somebody came to look, it was no longer there."),
    "explained": _("It was explained why nothing can be done."),
    "recorded": _("It was put right."),
}
# Act: what happened. What is not here is not told.
HAPPENED = {
    "report": _("Your report arrived."),
    "part": _("Your report arrived."),
    "self_handle": _("It was put right on the spot."),
    "record": _("Your report arrived from another office."),
    "send_verify": _("Somebody was asked to go and look."),
    "verify": _("Somebody looked at it."),
    "register": _("It was accepted."),
    "decline": _("It was not accepted."),
    "ask": _("We asked you a question."),
    "answer": _("The question was answered."),
    "time_out": _("The question was not answered; the case went on without."),
    "merge": _("It turned out to be the same matter as another report."),
    "dispatch": _("{who} was asked to take care of it."),
    "assign_anyway": _("{who} was asked to take care of it."),
    "take": _("{who} began to work on it."),
    "claim": _("{who} offered to take care of it."),
    "split": _("Several offices were asked to take care of it together."),
    "forward": _("{who} was asked to take care of it."),
    "accept": _("{who} began to work on it."),
    "uphold_return": _("Another office will be asked instead."),
    "recall": _("Another office will be asked instead."),
    "make_safe": _("The place was made safe."),
    "arrive": _("{who} came to the place."),
    "notice": _("Whoever is responsible was told to put it right."),
    "enforce": _("It was given to law enforcement."),
    "enforced": _("Law enforcement has ended."),
    "grant_extension": _("More time was granted for the work."),
    "suspend": _("The work has to wait for a while."),
    "resume": _("The work goes on."),
    "handle": _("{who} says that it is done."),
    "parts_done": _("All offices say that it is done."),
    "answer_outside": _("{who} says that it is done."),
    "pass": _("Somebody looked: it is done."),
    "fail": _("Somebody looked: it is not done yet. The work goes on."),
    "send_back": _("It is not done yet. The work goes on."),
    "close": _("The case was finished."),
    "reopen": _("The case was opened again."),
    "rate": _("It was rated."),
    "appeal": _("You did not agree. It is looked at again."),
    "reply": _("You were given an answer."),
    "callback": _("You were called."),
    "contact": _("You were contacted."),
    "cancel": _("The case was taken back."),
}
AN_OFFICE = _("An office")
# What a resident may do: the button, and the label of what is written.
ACTS = {
    "answer": (_("Send the answer"), _("Your answer")),
    "rate": (_("Send the rating"), _("A word about it, if you like")),
    "reopen": (_("Open the case again"), _("What is not in order?")),
    "appeal": (_("Ask to look at it again"), _("Why do you not agree?")),
    "comment": (_("Send"), _("What else should we know?")),
    "add_evidence": (_("Send the photos"), _("What do they show? If you like")),
}
DONE = {
    "answer": _("Thank you. Your answer has arrived."),
    "rate": _("Thank you for your rating."),
    "reopen": _("The case is open again. Somebody takes care of it."),
    "appeal": _("Your report is looked at again."),
    "comment": _("Thank you. What you wrote has arrived."),
    "add_evidence": _("Thank you. Your photos have arrived."),
}
STARS = {
    "5": _("very satisfied"),
    "4": _("satisfied"),
    "3": _("so-so"),
    "2": _("not satisfied"),
    "1": _("not satisfied at all"),
}


def stands(state: str, who: str, translate: Words) -> tuple[str, str]:
    """Where a case stands and what comes next, in the reader's language."""
    now, then = STANDS[state]
    return translate(now).format(who=who or translate(AN_OFFICE)), translate(then)


def happened(action: str, who: str, translate: Words) -> str | None:
    """What an act means for a resident; None for what is not told."""
    words = HAPPENED.get(action)
    return translate(words).format(who=who or translate(AN_OFFICE)) if words else None
