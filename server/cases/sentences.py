"""What people are told when an act is not simply applied: a code, and its sentence as a gettext msgid."""

from collections.abc import Callable, Mapping
from typing import Any

from server.protocol.words import FIELD_WORDS, STAGE_WORDS, STATE_WORDS


def _(msgid: str) -> str:
    return msgid


SENTENCES = {
    "": "",
    "unknown_action": _("There is no act called {action}."),
    "wrong_state": _("The case is at “{state}” now; this act is not possible there."),
    "not_yours": _("This act is not yours on this case."),
    "left_out": _("The rules of this district leave this act out, or leave it to others."),
    "not_now": _("This act is not possible at this moment."),
    "extended_enough": _("The case was extended as often as is allowed."),
    "overdue_already": _("Its time is up; what is overdue is neither extended nor suspended."),
    "suspended_before": _("A case is suspended once at most, and this one was."),
    "asked_already": _("That was asked for already; the duty officer has not answered yet."),
    "nobody_asked": _("Nobody asked for that, or it was answered already."),
    "done_already": _("That was done on this case already; it is done once."),
    "inspected_below": _(
        "The worker of that grid or the community looks first; it is yours when they cannot, or mended it themselves."
    ),
    "not_supervised": _("The case is not under supervision, or was answered for already."),
    "no_notice": _("Nobody was given a time to put it right, so there is nothing to look at again."),
    "not_claimable": _("This category is not open to volunteers."),
    "not_at_centre": _(
        "Only a case that the centre holds, in one of its streets, can be handed down for dispatch."
    ),
    "held_above": _("The centre has this case now; only the centre hands it down again."),
    "not_mended_on_the_spot": _("Only what a worker mended on the spot is sampled."),
    "not_both": _("Who dispatched or mended a case may not also close or inspect it."),
    "no_case": _("There is no such case that you may see."),
    "case_exists": _("A case with this identifier was already reported."),
    "bad_command": _("The act is not complete: {detail}"),
    "forged": _(
        "An act with this identifier was already received with another content. It was kept for review."
    ),
    "moved_on": _("Somebody acted on this case in the meantime; your act was still applied."),
    "held_moved_on": _(
        "Somebody acted on this case in the meantime. Your act waits for the office to decide."
    ),
    "held_not_yours": _("This case is no longer in your hands. Your act waits for the office to decide."),
    "held_former": _(
        "Your account is not active any more. What you made before is kept and waits for the office to decide."
    ),
    "held_not_by_itself": _(
        "What this act builds on was decided, but this one cannot take effect as it was made. It waits for the office."
    ),
    "held_author": _(
        "The act was made by another person than the one signed in on this tablet. It waits for the office to decide."
    ),
    "held_revoked": _(
        "This tablet was withdrawn. What it still held is kept and waits for the office to decide."
    ),
    "held_dependant": _("An earlier act that this one builds on is waiting; this one waits with it."),
    "conflict": _("Somebody changed this case in the meantime. Look again before you act."),
    "condition_needed": _("Choose which condition of the category it is; it sets the time limit."),
    "crew_unknown": _("There is no handling crew {crew} in this district."),
    "crew_not_permitted": _("{crew} is not permitted for {category}. It is permitted for: {permits}."),
    "crew_permit_over": _("The permit {permit} of {crew} ended on {last_day}."),
    "crew_permit_later": _("The permit {permit} of {crew} begins on {first_day}."),
    "crew_not_qualified": _(
        "{category} asks for the qualification {qualification}, which {crew} has not proved."
    ),
    "crew_qualification_over": _("The qualification {qualification} of {crew} ended on {last_day}."),
    "crew_suspended": _("{crew} is suspended until further notice: {reason}"),
    "crew_suspended_to": _("{crew} is suspended to {last_day}: {reason}"),
    "crew_not_here": _("{crew} does not serve this place."),
    "evidence_needed": _("Photos that this category needs with this act are missing: {stage}."),
    "photo_used": _("A photo that this act names stands on a case already. Take or send it again."),
    "photos_waiting": _("A photo of this case is still on its way; inspect when it has arrived."),
    "not_self_handled": _("This category cannot be closed by mending it on the spot."),
    "reopen_too_late": _("A case can be reopened within {days} days of closing."),
    "rate_too_late": _("A case can be rated within {days} days of closing."),
    "appeal_too_late": _("An appeal can be made within {days} days."),
    "field_needed": _("Field {field} is missing."),
    "survivor_unknown": _("There is no case {number} in this district to merge into."),
    "survivor_itself": _("A case cannot be merged into itself."),
    "survivor_follows": _("Case {number} was itself merged into this one."),
    "survivor_ended": _(
        "Case {number} was itself merged, declined or cancelled; choose the one that goes on."
    ),
    "organisation_unknown": _("There is no organisation {organisation} in this district."),
    "organisation_itself": _("Your own organisation has the case already; ask another one."),
    "outside_unknown": _("There is no outside party {party} in this district."),
    "no_office_below": _("No office below the one that holds it has anybody in it."),
    "category_unknown": _("The pack has no category {category}."),
    "place_unknown": _("Nothing says where the case lies."),
    "area_unknown": _("There is no area {area} in this district."),
    "place_elsewhere": _("The new place lies in another district."),
    "until_past": _("The moment that was named is over already."),
    "until_too_far": _("At most {days} days can be given."),
    "deadline_by_system": _("That a deadline was missed is found by the system itself; leave the clock out."),
    "too_late_to_extend": _("Its time is up; what is overdue is not extended."),
}


# What the system itself gives as the reason of an escalation; as it stands in the chain.
DEADLINE_MISSED = _("deadline missed")


def as_read(text: str, translate: Callable[[str], str]) -> str:
    """What was said on a case as its reader sees it: the system's own reason in their language."""
    return translate(text) if text == DEADLINE_MISSED else text


def in_words(params: Mapping[str, Any], translate: Callable[[str], str]) -> dict[str, Any]:
    """The parameters of a sentence with the codes of states, stages and fields as words, alone or in lists."""
    spoken = {"state": STATE_WORDS, "stage": STAGE_WORDS, "field": FIELD_WORDS}

    def said(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return translate(", ").join(said(name, one) for one in value)
        return translate(spoken[name][value]) if name in spoken and value in spoken[name] else value

    return {name: said(name, value) for name, value in params.items()}
