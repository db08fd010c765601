"""Which PDFs go down the tree: whole ones that are open and do nothing, whatever a hand or a program hid in the others."""

import random
import zipfile
import zlib
from io import BytesIO

import pytest
from PIL import Image

from server.content.pdf import MOST_INFLATED, PdfRefused, look_through
from tests.pdfs import packed, pdf, stream

SCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"


def why(content: bytes) -> str:
    """Why it is refused, "" when it is not."""
    try:
        look_through(content)
    except PdfRefused as refused:
        return refused.why
    return ""


def scanned() -> bytes:
    """What a scanner or a printer makes of a picture."""
    out = BytesIO()
    Image.effect_noise((300, 200), 60).convert("RGB").save(out, "PDF")
    return out.getvalue()


def archive(content: bytes) -> bytes:
    out = BytesIO(content)
    with zipfile.ZipFile(out, "a") as more:
        more.writestr("hidden.txt", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pdf(),
        scanned(),
        pdf(packed(b"<< /Title (a \\(b\\) (c)) >>", b"[1 2 3]")),
        pdf(packed(b"<< /A /B >>", wrap=False, entries=b"")),
        pdf(stream(b"BT (/JS /JavaScript /Encrypt) Tj ET")),  # words on a page do nothing
        pdf(stream(bytes(range(256)) * 40, b"/Filter /DCTDecode")),
        pdf(stream(b"q Q", length=b"5 0 R"), b"3"),  # its length stands in another object
        pdf(stream(b"q Q", length=b"7")),  # and this one's is wrong
        pdf(b"<< /Title (5 objects; \\) still text \\\\) /Other <FEFF 6c5b> >>"),
        pdf(b"<< /S /URI /URI (https://example.org) >>", catalog=b"/OpenAction [3 0 R /Fit]"),
        pdf() + b"\n" + pdf(),  # changed and saved again
        pdf(stream(b" " * 2_000_000, length=b"1")),  # each place is looked at once, however they are laid out
        pdf(b"%" + b"1%" * 500_000),
        pdf(*[stream(b"q", length=b"9999999")] * 2000),
    ],
)
def test_a_pdf_that_is_whole_and_does_nothing_is_taken(content: bytes) -> None:
    assert why(content) == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not_a_pdf"),
        (b"\xff\xd8\xff\xe0 a picture", "not_a_pdf"),
        (b"<html>" + pdf(), "not_a_pdf"),
        (b"%PDF-9.9" + pdf()[8:], "not_a_pdf"),
        (pdf()[: len(pdf()) // 2], "unreadable"),
        (pdf() + b"<script>alert(1)</script>", "unreadable"),
        (archive(pdf()), "unreadable"),
        (b"%PDF-1.7\nstartxref\n0\n%%EOF", "unreadable"),
        (pdf(b"(never closed"), "unreadable"),
        (pdf(b"<< /Length 3 >>\nstream\nabc"), "unreadable"),
        (pdf(trailer=b"/Encrypt 4 0 R"), "locked"),
        (pdf(catalog=b"/OpenAction " + SCRIPT), "acts"),
        (pdf(catalog=b"/OpenAction << /S /J#61vaScr#69pt /J#53 (x) >>"), "acts"),
        (pdf(SCRIPT, catalog=b"/OpenAction 4 0 R"), "acts"),
        (pdf(packed(SCRIPT), catalog=b"/OpenAction 90 0 R"), "acts"),
        (pdf(packed(b"(read from the middle: " + SCRIPT.replace(b"(app.alert(1))", b"5 0 R") + b")")), "acts"),
        (pdf(packed(SCRIPT, wrap=False, entries=b"")), "acts"),
        (pdf(packed(SCRIPT).replace(b"/ObjStm", b"/Obj#53tm")), "acts"),
        (pdf(packed(SCRIPT).replace(b"/Type /ObjStm", b"/Type 9 0 R")), "acts"),
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "acts"),
        (pdf(b"<< /Type /Filespec /EF << /F 5 0 R >> >>", stream(b"MZ", b"/Type /EmbeddedFile")), "acts"),
        (pdf(catalog=b"/AcroForm << /XFA 4 0 R >>"), "acts"),
        (pdf(b"<< /Subtype /RichMedia >>"), "acts"),
        (pdf(packed(SCRIPT, entries=b"/Filter [/ASCIIHexDecode /FlateDecode]")), "hidden"),
        (pdf(packed(SCRIPT, entries=b"/Filter 9 0 R")), "hidden"),
        (pdf(packed(SCRIPT, entries=b"/Filter [/FlateDecode /ASCIIHexDecode]")), "hidden"),
        (pdf(packed(b"1", entries=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")), "hidden"),
        (pdf(stream(b"9 0 obj " + SCRIPT + b" endobj")), "hidden"),
        (pdf(stream(b"9 0%\nobj<<>> endobj")), "hidden"),
        (pdf(b"(9 0 obj << /Type /Catalog >> endobj)"), "hidden"),
        (pdf(packed(b"1").replace(b"x\x9c", b"xx")), "unreadable"),
        (pdf(packed(b" " * (MOST_INFLATED + 1))), "too_costly"),
    ],
)  # fmt: skip
def test_what_is_no_pdf_is_not_whole_is_locked_acts_or_hides_is_refused(
    content: bytes, expected: str
) -> None:
    assert why(content) == expected


def test_a_bomb_of_marks_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.content.pdf.MOST_TOKENS", 1000)
    assert why(pdf(b"[" + b"1 " * 2000 + b"]")) == "too_costly"


HONEST = pdf(packed(b"<< /Title (a) >>"), stream(zlib.compress(b"q Q"), b"/Filter /FlateDecode"))


def test_whatever_is_broken_in_a_pdf_is_refused_or_taken_and_never_a_fault() -> None:
    chance = random.Random(2026)
    told = {""}
    for _ in range(500):
        at, cut = chance.randrange(len(HONEST)), chance.randrange(40)
        told.add(why(HONEST[:at] + chance.randbytes(chance.randrange(12)) + HONEST[at + cut :]))
    assert {"unreadable", "not_a_pdf"} <= told
