"""How personal data looks where it is not to be read: enough to know it again, not enough to use it."""

import re

# What could be a telephone, an identity card or a bank card; numbers of cases (20261122-000001) and dates may be read.
NUMBERS = re.compile(
    r"(?<![0-9A-Za-z])(?!20\d{6}-\d{6}(?!\d))(?:\+?86[ -]?)?"
    r"(?:1\d{2}[ -]\d{4}[ -]\d{4}|\d{6}[ -]\d{4}[ -]\d{4}[ -]\d{3}[\dXx]|(?:\d{4}[ -]){3,}\d{1,4}"
    r"|\d{3,4}-\d{7,8}|\d{7,}[Xx]?)(?![0-9A-Za-z])"
)
ADDRESSES = re.compile(r"[^\s@<>（(，,；;：:]+@[^\s@<>）)，,；;]+")
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATES = re.compile(rf"[{PROVINCES}][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{{5,6}}")
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
