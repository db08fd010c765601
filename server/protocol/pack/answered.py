"""What an answer to a category's own question must look like, for whoever asks it: tablet and desk alike."""

import re
from collections.abc import Collection
from datetime import date

from server.protocol.pack.data import _

PHONE = re.compile(r"[+0-9][0-9 ()+/-]{2,39}")


def wrong_answer(kind: str, choices: Collection[str], answer: str) -> str:
    """What is wrong with an answer that was given, as a msgid with {field} in it; "" when nothing is."""
    if kind == "number" and not answer.replace(".", "", 1).isdecimal():
        return _("{field} must be a number.")
    if kind == "choice" and answer not in choices:
        return _("Choose one of the answers to: {field}.")
    if kind == "phone" and not PHONE.fullmatch(answer):
        return _("{field} must be a telephone number.")
    if kind == "date" and not _is_date(answer):
        return _("{field} must be a date, for example 2026-11-22.")
    return ""


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
