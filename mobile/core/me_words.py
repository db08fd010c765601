"""What the tablet says about itself: the link, its clock, its room, its owner, and what waits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mobile.core.clockwork import is_wrong
from mobile.core.outbox import Entry
from mobile.core.speech import Speech
from mobile.core.store import Room
from mobile.core.syncer import Link, Progress
from mobile.core.views import Fact, LinkView, MeView, NoticeView, PersonView, Position


def _(msgid: str) -> str:
    return msgid


ROLE_WORDS = {
    "worker": _("Grid worker"),
    "community": _("Community officer"),
    "street": _("Street office"),
    "centre": _("Command centre"),
    "crew": _("Handling crew"),
    "admin": _("Administrator"),
    "auditor": _("Auditor"),
    "resident-service": _("Resident service"),
}


@dataclass(frozen=True)
class Held:
    """What lies on the tablet: counts, and bytes of pictures."""

    cases: int
    pictures: int
    unsent: int
    waiting: int
    draft: bool


NEEDS_YOU = ("rejected", "quarantined", "held")


STOPPED = {
    "token_expired": _("Needs a new code"),
    "device_revoked": _("Withdrawn"),
    "update_needed": _("Waits for an update"),
}


def link_view(link: Link, speech: Speech, waiting: int) -> LinkView:
    """How the line to the office stands, as a sentence."""
    say = speech.say
    if link.state == "stopped":
        return LinkView(
            "stopped",
            link.sentence or say("The office does not let this tablet in. Everything captured is kept."),
            say(STOPPED.get(link.stopped, STOPPED["token_expired"])),
        )
    if link.state == "syncing":
        return LinkView("syncing", progress_words(link.progress, speech))
    if link.state == "online":
        return LinkView(
            "online", say("Online · {n} wait", n=waiting) if waiting else say("Online · all sent")
        )
    if link.sentence == "storage_full":
        return LinkView("offline", say("Storage is full, syncing waits"))
    if link.sentence == "called_off":
        return LinkView("offline", say("Syncing was stopped; it goes on with the next entry"))
    return LinkView("offline", say("No signal, work goes on"))


def progress_words(progress: Progress | None, speech: Speech) -> str:
    """What is under way, and how far it is."""
    say = speech.say
    if progress is None:
        return say("Syncing")
    if progress.what == "commands":
        return say("Sending {n} of {m}", n=progress.number, m=progress.of)
    if progress.what == "changes":
        return say("Fetching · {n} so far", n=progress.number)
    if progress.what == "pictures":
        return say("Fetching picture {n} of {m}", n=progress.number, m=progress.of)
    if progress.what == "package":
        return say("Fetching the map · {share} %", share=round(progress.share * 100))
    return say(
        "Photo {n} of {m} · {share} %", n=progress.number, m=progress.of, share=round(progress.share * 100)
    )


def outbox_line(
    entries: Sequence[Entry], speech: Speech, now: datetime, refused: Callable[[Entry], str]
) -> tuple[str, str, int]:
    """The outbox in one line, a note, and how many need the worker, those with a `refused` photo among them."""
    say = speech.say
    needs_you = sum(entry.state in NEEDS_YOU or bool(refused(entry)) for entry in entries)
    if not entries:
        return (
            say("Nothing waits: all has arrived"),
            say("What you capture is sealed here first, then sent by itself."),
            0,
        )
    line = (
        say("{n} in the outbox, {m} need you", n=len(entries), m=needs_you)
        if needs_you
        else say("{n} in the outbox", n=len(entries))
    )
    oldest = speech.moment(min(entry.made_at for entry in entries), now)
    return (
        line,
        say("oldest {moment} · sealed on this tablet, sent by itself when there is a signal", moment=oldest),
        needs_you,
    )


def notices(
    speech: Speech,
    position: Position | None,
    offset: timedelta,
    room: Room,
    link: Link,
    synced: bool,
    map_refused: bool,
) -> tuple[NoticeView, ...]:
    """What is wrong now, what still works, one thing to do. `map_refused`: what came was not signed by the office."""
    say = speech.say
    found: list[NoticeView] = []
    if link.stopped == "update_needed":
        found.append(
            NoticeView(
                "sync",
                "soon",
                say("App and office speak different versions"),
                link.sentence or say("Everything captured is kept."),
            )
        )
    elif link.state == "stopped":
        found.append(
            NoticeView(
                "lock",
                "overdue",
                say("The office does not let this tablet in"),
                link.sentence or say("Everything captured is kept."),
                "enrol",
                say("Enter a code"),
            )
        )
    if not synced:
        found.append(
            NoticeView(
                "sync",
                "soon",
                say("Nothing has come down from the office yet"),
                say("Categories and grids are fetched as soon as there is a signal."),
                "me",
                say("Sync now"),
            )
        )
    if map_refused:
        found.append(
            NoticeView(
                "map",
                "soon",
                say("The newest map does not bear your office's signature"),
                say(
                    "The map of before stays, and it is fetched again. If this goes on, enrol the tablet anew."
                ),
            )
        )
    if is_wrong(offset):
        minutes = round(abs(offset).total_seconds() / 60)
        title = (
            say("This tablet's clock is {n} min slow", n=minutes)
            if offset > timedelta(0)
            else say("This tablet's clock is {n} min fast", n=minutes)
        )
        found.append(
            NoticeView(
                "clock",
                "soon",
                title,
                say(
                    "Deadlines run by the server's time. The times that you note are kept beside it, never changed."
                ),
            )
        )
    if position is None:
        found.append(
            NoticeView(
                "nogps",
                "soon",
                say("No satellite position"),
                say(
                    "Usual in buildings and below ground. Put the pin on the map by hand, or report without it."
                ),
                "place",
                say("Choose the place"),
            )
        )
    return (*found, *room_notices(speech, room))


def room_notices(speech: Speech, room: Room) -> tuple[NoticeView, ...]:
    """Said before anything is typed: a full disk, or no room for pictures."""
    say = speech.say
    if not room.writable:
        return (
            NoticeView(
                "storage",
                "overdue",
                say("Storage is full: nothing can be noted now"),
                say("What is already noted is safe. Free some space before you write anything."),
                "me",
                say("See storage"),
            ),
        )
    if not room.for_photos:
        return (
            NoticeView(
                "storage",
                "overdue",
                say("Only {size} left: no photos for now", size=speech.size(room.free)),
                say("Reports in words go on and are not lost. Photos that are sent make room."),
                "me",
                say("See storage"),
            ),
        )
    return ()


def no_pack(speech: Speech) -> NoticeView:
    """Before the first sync there are no categories to choose from."""
    return NoticeView(
        "sync",
        "soon",
        speech.say("Categories have not come down yet"),
        speech.say("They are fetched as soon as there is a signal."),
        "me",
        speech.say("Sync now"),
    )


def me_view(
    person: PersonView,
    speech: Speech,
    now: datetime,
    synced: datetime | None,
    room: Room,
    held: Held,
    device_id: str,
) -> MeView:
    """What this tablet knows about its worker, item by item."""
    say = speech.say
    knows = (
        Fact(say("Name, role, office"), f"{person.name} · {person.role} · {person.organisation}"),
        Fact(say("Grids"), person.grids or say("none")),
        Fact(say("Cases of your grids"), say("{n} cases", n=held.cases)),
        Fact(say("Waiting to be sent"), say("{n} items", n=held.waiting)),
        Fact(say("Draft"), say("one report being written") if held.draft else say("none")),
        Fact(say("Position"), say("only at the moment of a report or an act, inside that case; no track")),
    )
    return MeView(
        " · ".join(
            part
            for part in (person.name, person.organisation, say("device {name}", name=device_id[:8]))
            if part
        ),
        say("Last synced {moment}.", moment=speech.moment(synced, now))
        if synced
        else say("Never synced yet."),
        say(
            "Photos {all}, of them {unsent} not yet sent",
            all=speech.size(held.pictures),
            unsent=speech.size(held.unsent),
        ),
        say("{size} left", size=speech.size(room.free)),
        knows,
        say("Record number: not assigned yet"),
    )
