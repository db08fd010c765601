"""Errors as sentences: every refusal is a named class with a code, an HTTP status and a sentence for a person.

The sentence is an English msgid with named parameters; the edge translates it into the reader's language.
"""

from typing import Any


class Msgid(str):
    """A word of the catalogue as a parameter of a sentence: said in the language of the sentence around it."""


class XungeError(Exception):
    """Base of all refusals: `code` for machines, `sentence` (a gettext msgid) and `params` for people; `more` is what
    a machine is told beside them, as where the case stands now.
    """

    status = 400
    code = "error"
    sentence = "The request could not be carried out."

    def __init__(self, sentence: str | None = None, /, **params: Any) -> None:
        self.params = params
        self.more: dict[str, Any] = {}
        if sentence is not None:
            self.sentence = sentence
        super().__init__(self.text())

    def text(self, translate: Any = None) -> str:
        """The sentence in the language of `translate` (a gettext function), English without one."""
        words = translate(self.sentence) if translate else self.sentence
        said = {
            name: translate(str(value)) if translate and isinstance(value, Msgid) else value
            for name, value in self.params.items()
        }
        return words.format(**said) if said else words


class NotFound(XungeError):
    status, code, sentence = 404, "not_found", "There is nothing here that you may see."


class NotAllowed(XungeError):
    status, code, sentence = 403, "not_allowed", "Your role may not do this."


class SignInNeeded(XungeError):
    status, code, sentence = 401, "sign_in_needed", "Please sign in."


class WrongCredentials(XungeError):
    status, code, sentence = 401, "wrong_credentials", "The name or the password is not right."


class LockedOut(XungeError):
    status, code = 429, "locked_out"
    sentence = "Too many attempts. Try again in {minutes} minutes."


class TokenExpired(XungeError):
    status, code = 401, "token_expired"
    sentence = (
        "This tablet's pass is no longer valid. Ask your office for a new code; everything captured is kept."
    )


class DeviceRevoked(XungeError):
    status, code = 403, "device_revoked"
    sentence = "This tablet was withdrawn by the office. What it still holds is taken in and kept for review."


class EnrolRefused(XungeError):
    status, code = 403, "enrol_refused"
    sentence = "This code cannot be used. Ask your office for a new one."


class UpdateNeeded(XungeError):
    status, code = 426, "update_needed"
    sentence = "This app is too old for the server. Update it; everything captured is kept."


class ServerTooOld(UpdateNeeded):
    sentence = "This app is newer than the server. Everything captured is kept until the server is updated."


class BadInput(XungeError):
    status, code, sentence = 422, "bad_input", "The input is not complete or not valid."


class Unreadable(BadInput):
    """Nobody sends such a body: something on the way spoiled it, and nothing may be concluded about what was sent."""

    code, sentence = "unreadable_body", "The body did not arrive whole. Send it again."


class BadQuery(XungeError):
    """A query parameter that means nothing here: leaving it alone would answer another question."""

    status, code, sentence = 400, "bad_query", "The parameter {name} is not known here."


class Conflict(XungeError):
    status, code = 409, "conflict"
    sentence = "Somebody changed this case in the meantime. Look again before you act."


class PreconditionNeeded(XungeError):
    status, code = 428, "precondition_needed"
    sentence = "Say which version of the case you saw (If-Match)."


class TooLarge(XungeError):
    status, code, sentence = 413, "too_large", "This is larger than {limit} bytes."


class Busy(XungeError):
    status, code = 503, "busy"
    sentence = "The server is busy. Nothing was changed; try again in a moment."


class SetupFault(XungeError):
    """The installation itself is wrong (cluster, schema, files); shown by the command line."""

    status, code = 500, "setup_fault"


class BackupRefused(XungeError):
    status, code = 409, "backup_refused"
    sentence = "The backup was not made."


class RestoreRefused(XungeError):
    status, code = 409, "restore_refused"
    sentence = "Nothing was restored."
