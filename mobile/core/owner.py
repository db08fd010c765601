"""Whose tablet this is: the person, the pass, the district and the settings, as the enrolment brought them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from mobile.core.me_words import ROLE_WORDS
from mobile.core.mirror import Mirror
from mobile.core.office import Account
from mobile.core.place import Places
from mobile.core.speech import Speech
from mobile.core.standing import actor_of
from mobile.core.store import Store
from mobile.core.views import PersonView, Refusal, Settings
from server.protocol.hats import Actor

TIMEZONE = "Asia/Shanghai"


class Owner:
    """Reads and writes what the store keeps of the person."""

    def __init__(self, store: Store, mirror: Mirror) -> None:
        self._store, self._mirror = store, mirror

    @property
    def account(self) -> Account | None:
        """Where to speak and with which pass, None before the enrolment."""
        token, server = self._store.kept("token"), self._store.kept("server")
        return Account(server, token) if token and server else None

    @property
    def settings(self) -> Settings:
        return Settings(**self._store.kept("settings", {}))

    def save_settings(self, settings: Settings) -> None:
        self._store.keep("settings", asdict(settings))

    @property
    def speech(self) -> Speech:
        """The chosen language, in the district's time zone."""
        timezone = (self._store.kept("district") or {}).get("timezone") or TIMEZONE
        return Speech(self.settings.language, timezone)

    @property
    def person_id(self) -> int | None:
        return (self._store.kept("person") or {}).get("id")

    @property
    def _person(self) -> dict[str, Any]:
        """The newest word of the office about this person; {} before the enrolment."""
        person, newer = self._store.kept("person") or {}, self._mirror.thing("person")
        return newer if newer.get("id") == person.get("id") else dict(person)

    @property
    def actor(self) -> Actor:
        """Who the person is to the transition table."""
        return actor_of(self._person.get("actor") or {})

    def view(self, places: Places) -> PersonView:
        """Raises Refusal before anybody enrolled."""
        raw, speech = self._person, self.speech
        if not raw:
            raise Refusal(speech.say("This tablet has no owner yet. Ask your office for a code."))
        organisation, role, own = raw.get("organisation"), raw.get("role", ""), places.mine
        return PersonView(
            raw.get("name", ""),
            speech.say(ROLE_WORDS.get(role, role)),
            organisation.get("name", "") if isinstance(organisation, dict) else str(organisation or ""),
            " › ".join(node.name for node in places.path(own[0])[1:3]) if own else "",
            speech.say(", ").join(node.name for node in own),
            tuple(node.code for node in own) or tuple(self._store.kept("scope", ())),
        )

    def take_over(self, server: str, answer: dict[str, Any], hand_over: Callable[[bool], None]) -> None:
        """Writes down what the enrolment answered. Somebody else does not see the cases of the one before; the
        outbox stays as it is, for every command says who made it. `hand_over` is told whether it is another person.
        Raises KeyError, TypeError for half an answer.
        """
        token, person = str(answer["device_token"]), dict(answer["person"])
        next_seq = max(int(answer.get("next_seq") or 1), self._store.kept("next_seq", 1))
        with self._store.writing():
            another = person.get("id") != self.person_id
            for name, value in (
                ("token", token),
                ("server", server),
                ("person", person),
                ("scope", list(answer.get("scope") or ())),
                ("district", answer.get("district") or {}),
                ("next_seq", next_seq),
                ("package_key", str(answer.get("package_key") or "")),
            ):
                self._store.keep(name, value)
            hand_over(another)
            self._mirror.start_over(empty=another)
