"""How personal data looks where it is not to be read: enough to know it again, not enough to use it."""

import re

# Digits that could be a telephone, an identity card, a bank card: seven or more, also with blanks or hyphens between.
NUMBERS = re.compile(r"(?<![0-9A-Za-z])\+?[0-9](?:[ \-]?[0-9]){6,}[0-9Xx]?(?![0-9A-Za-z])")
ADDRESSES = re.compile(r"[^\s@<>（(，,；;：:]+@[^\s@<>）)，,；;]+")
PLATES = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{5,6}")
HIDDEN = "＊＊＊"


def masked_name(name: str) -> str:
    """The first letter: 王＊＊."""
    return f"{name[0]}＊＊" if name else ""


def masked_phone(phone: str) -> str:
    """The last four digits, when there are more than that: ＊＊＊1234."""
    digits = re.sub(r"\D", "", phone)
    return f"{HIDDEN}{digits[-4:]}" if len(digits) > 6 else HIDDEN if phone else ""


def masked_text(text: str) -> str:
    """Words meant for somebody outside, without numbers of telephones, cards and cars, and without mail addresses."""
    for pattern in (ADDRESSES, PLATES, NUMBERS):
        text = pattern.sub(HIDDEN, text)
    return text
