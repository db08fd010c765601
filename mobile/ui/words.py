"""The window's own words: `_` translates an English sentence into the language that the worker chose."""

from server.locale import DEFAULT, gettext_for

_language = DEFAULT


def speak(language: str) -> None:
    """Chooses the language ("zh-CN" or "en") for everything that is built from now on."""
    global _language
    _language = language


def language() -> str:
    return _language


def _(sentence: str) -> str:
    return gettext_for(_language)(sentence)
