"""Masking personal data: what is shown of a telephone number, an identity number, a name, before somebody says why.

The length of what is hidden is not told where it would help to guess.
"""

import re
from collections.abc import Callable

# Mobile numbers (also with +86, blanks or dashes), landlines with their area code, identity numbers of 18 places.
_MOBILE = re.compile(r"(?<![\d-])((?:\+?86[ -]?)?1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?![\d-])")
_LANDLINE = re.compile(r"(?<![\d-])(0(?:10|2\d|[3-9]\d\d))([ -]?)\d{3,4}[ -]?(\d{4})(?![\d-])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])(\d{3})\d{11}(\d{3}[0-9Xx])(?![0-9A-Za-z])")
HIDDEN = "****"
# What may not leave the house at all: numbers of telephones, identity cards, bank cards and cars, mail addresses.
# Numbers of cases (20261122-000001) and dates may.
_NUMBERS = re.compile(
    r"(?<![0-9A-Za-z])(?!20\d{6}-\d{6}(?!\d))(?:\+?86[ -]?)?"
    r"(?:1\d{2}[ -]\d{4}[ -]\d{4}|\d{6}[ -]\d{4}[ -]\d{4}[ -]\d{3}[\dXx]|(?:\d{4}[ -]){3,}\d{1,4}"
    r"|\d{3,4}-\d{7,8}|\d{7,}[Xx]?)(?![0-9A-Za-z])"
)
_MAIL = re.compile(r"[^\s@<>（(，,；;：:]+@[^\s@<>）)，,；;]+")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}")


def mask_text(text: str) -> str:
    """Free text with telephone and identity numbers masked; all other words stay."""
    text = _IDENTITY.sub(rf"\1{'*' * 11}\2", text)
    text = _MOBILE.sub(rf"\1{HIDDEN}\2", text)
    return _LANDLINE.sub(rf"\1\2{HIDDEN}\3", text)


def numbers_in(text: str) -> list[tuple[int, int]]:
    """Where numbers and addresses of persons stand in words: telephones, identity cards, cars, mail; from, to."""
    found: list[tuple[int, int]] = []
    for pattern in (_IDENTITY, _MOBILE, _LANDLINE, _MAIL, _PLATE, _NUMBERS):
        spans = (match.span() for match in pattern.finditer(text))
        found += [(a, b) for a, b in spans if all(b <= start or end <= a for start, end in found)]
    return sorted(found)


def hide_numbers(text: str) -> str:
    """Words meant for somebody outside, without any number or address of a person."""
    for pattern in (_MAIL, _PLATE, _NUMBERS):
        text = pattern.sub(HIDDEN, text)
    return text


def mask_phone(phone: str) -> str:
    """139****5678; of a number that is none we know, the last two digits at most."""
    phone = phone.strip()
    masked = mask_text(phone)
    if masked != phone or not phone:
        return masked
    return HIDDEN + (phone[-2:] if len(phone) > 6 else "")


def mask_name(name: str) -> str:
    """The family name of a Chinese name, the first letter of another."""
    return name.strip()[:1] + "**" if name.strip() else ""


def mask_all(text: str) -> str:
    """Nothing of an address or any other personal text."""
    return HIDDEN if text.strip() else ""


BY_NAME: tuple[tuple[str, Callable[[str], str]], ...] = (("phone", mask_phone), ("name", mask_name))


def mask_answer(field: str, text: str) -> str:
    """A private answer of a form: by what its field is called, else hidden whole."""
    mask = next((mask for part, mask in BY_NAME if part in field), mask_all)
    return mask(text)
