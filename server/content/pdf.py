"""A PDF before it goes down the tree: whole, open to everybody, and nothing in it acts.

The file is walked from its first byte as a reader's lexer would: names are read out of every object, out of the
compressed ones too, with their escapes undone. The data of other streams (pages, pictures, fonts) is stepped over. So
that nothing can lie in there for a reader that jumps, every place in the file that looks like the head of an object
must be one that the walk came by. Nothing is drawn and nothing is repaired: what is not plain is refused.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from server.errors import XungeError

MOST_TOKENS, MOST_INFLATED = 1_000_000, 32_000_000
BLANK = rb"\0\t\n\f\r "
END = rb"(?=[" + BLANK + rb"()<>\[\]{}/%]|\Z)"
TOKEN = re.compile(
    rb"(?P<blank>[" + BLANK + rb"]+|%[^\r\n]*)|(?P<mark><<|>>|[\[\]{}])"
    rb"|(?P<hex><[0-9A-Fa-f" + BLANK + rb"]*>)|(?P<text>\()"
    rb"|/(?P<name>[^" + BLANK + rb"()<>\[\]{}/%]*)|(?P<word>[^" + BLANK + rb"()<>\[\]{}/%]+)"
)  # fmt: skip
HEAD = re.compile(rb"(?<=[" + BLANK + rb"])obj" + END)
NAME = re.compile(rb"/([^" + BLANK + rb"()<>\[\]{}/%]*)")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
PARENS = re.compile(rb"\\.|[()]", re.DOTALL)
DATA = re.compile(rb"\r\n|\n|\r")
AFTER_DATA = re.compile(
    rb"[" + BLANK + rb"]{0,4}endstream" + END
)  # bounded: a search may not walk blanks again
START = re.compile(rb"%PDF-[12]\.\d")
# What a table of objects says where it begins, and the end, behind which there is nothing.
TAIL = re.compile(rb"startxref[" + BLANK + rb"]+\d+[" + BLANK + rb"]+%%EOF[" + BLANK + rb"]*\Z")
ACTS = {
    b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia", b"XFA", b"SubmitForm",
    b"ImportData", b"Rendition", b"Movie", b"Sound", b"GoToE",
}  # fmt: skip


def _(msgid: str) -> str:
    return msgid


REFUSALS = {
    "not_a_pdf": _("The file is not a PDF."),
    "locked": _("The PDF is encrypted. Save it without a password."),
    "acts": _("The PDF holds a script, a film, another file or a form that sends. Print it into a new PDF."),
    "unreadable": _("The PDF is damaged or cut off: it cannot be looked through."),
    "hidden": _("Something is hidden in the PDF where it would not be seen. Print it into a new PDF."),
    "too_costly": _("The PDF takes too long to be looked through. Print it into a new PDF."),
}


class PdfRefused(XungeError):
    """A file that is not taken. `why` is a key of REFUSALS."""

    status, code = 422, "pdf_refused"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(REFUSALS[why])


class Token(NamedTuple):
    """`kind`: mark, hex, text, name (escapes undone), word; `start` and `end` are offsets into the file."""

    kind: str
    value: bytes
    start: int
    end: int


def is_pdf(content: bytes) -> bool:
    """Whether the first bytes say so, whatever the file is called."""
    return START.match(content) is not None


def look_through(content: bytes) -> None:
    """Raises PdfRefused for what is not a whole PDF that is open and does nothing."""
    if not is_pdf(content):
        raise PdfRefused("not_a_pdf")
    if not TAIL.search(content[-1024:]):
        raise PdfRefused("unreadable")
    walk = _Walk(content)
    walk.go()
    if not {b"Catalog", b"Page"} <= walk.names:
        raise PdfRefused("unreadable")
    if b"Encrypt" in walk.names:
        raise PdfRefused("locked")
    if walk.names & ACTS:
        raise PdfRefused("acts")
    if any(found.end() not in walk.heads for found in HEAD.finditer(content)):
        raise PdfRefused("hidden")


class _Walk:
    """One walk through a file: which names stand in it, and where its objects begin (the offsets behind `obj`)."""

    def __init__(self, content: bytes) -> None:
        self.names: set[bytes] = set()
        self.heads: set[int] = set()
        self._content = content
        self._tokens, self._inflated = 0, 0

    def go(self) -> None:
        at, since = 0, list[Token]()  # the tokens since the object's head
        while True:
            for token in self._read(self._content, at):
                since.append(token)
                if token.kind == "word" and token.value == b"obj":
                    self.heads.add(token.end)
                    since.clear()
                elif token.kind == "word" and token.value == b"stream":
                    at = self._step_over(token.end, entries(since))
                    since.clear()
                    break
            else:
                return

    def _read(self, content: bytes, at: int) -> Iterator[Token]:
        for token in tokens(content, at):
            self._tokens += 1
            if self._tokens > MOST_TOKENS:
                raise PdfRefused("too_costly")
            if token.kind == "name":
                self.names.add(token.value)
            yield token

    def _step_over(self, behind: int, about: dict[bytes, list[Token]]) -> int:
        """Where the walk goes on behind the data of a stream; a stream of objects is walked through."""
        line = DATA.match(self._content, behind)
        start = line.end() if line else behind
        length = number(about.get(b"Length"))
        after = AFTER_DATA.match(self._content, start + length) if length is not None else None
        if after is None:  # its length stands elsewhere, or is wrong
            after = AFTER_DATA.search(self._content, start)
            if after is None:
                raise PdfRefused("unreadable")
        if is_name(about.get(b"Type"), b"ObjStm") or {b"N", b"First"} <= about.keys():
            self._walk_objects(self._content[start : after.start()], about)
        return after.end()

    def _walk_objects(self, data: bytes, about: dict[bytes, list[Token]]) -> None:
        how = [token for token in about.get(b"Filter", ()) if token.kind != "mark"]
        if about.keys() & {b"DecodeParms", b"F", b"FFilter"} or len(how) > 1:
            raise PdfRefused("hidden")
        if how:
            if how[0].kind != "name" or how[0].value not in (b"FlateDecode", b"Fl"):
                raise PdfRefused("hidden")
            data = self._inflate(data)
        # A reader is led into the middle of such data by offsets: names count in texts and comments, too.
        self.names |= {unescaped(found[1]) for found in NAME.finditer(data)}

    def _inflate(self, data: bytes) -> bytes:
        machine = zlib.decompressobj()
        try:
            plain = machine.decompress(data, MOST_INFLATED - self._inflated + 1)
        except zlib.error:
            raise PdfRefused("unreadable") from None
        self._inflated += len(plain)
        if self._inflated > MOST_INFLATED:
            raise PdfRefused("too_costly")
        if not machine.eof:
            raise PdfRefused("unreadable")
        return plain


def tokens(content: bytes, at: int) -> Iterator[Token]:
    """Everything that stands there but blanks and comments. Raises PdfRefused where nothing can stand."""
    while at < len(content):
        found = TOKEN.match(content, at)
        if found is None:
            raise PdfRefused("unreadable")
        kind, start, at = str(found.lastgroup), at, found.end()
        if kind == "text":
            at = end_of_text(content, at)
        if kind != "blank":
            value = found[kind]
            if kind == "name":
                value = unescaped(value)
            yield Token(kind, value, start, at)


def unescaped(name: bytes) -> bytes:
    return ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), name)


def end_of_text(content: bytes, at: int) -> int:
    """Behind the parenthesis that closes the text which was opened just before."""
    depth = 1
    for found in PARENS.finditer(content, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    raise PdfRefused("unreadable")


def entries(object_: list[Token]) -> dict[bytes, list[Token]]:
    """The entries of the dictionary that an object begins with: each key's tokens up to the next key."""
    found: dict[bytes, list[Token]] = {}
    depth, key = 0, None
    for token in object_:
        if token.kind == "mark":
            depth += {b"<<": 1, b"[": 1, b">>": -1, b"]": -1}.get(token.value, 0)
            if depth == 0:
                break
        if depth == 1 and token.kind == "name" and (key is None or found[key]):
            key = token.value
            found[key] = []
        elif key is not None:
            found[key].append(token)
    return found


def number(value: list[Token] | None) -> int | None:
    """A number that stands there itself, no reference to one."""
    words = [token.value for token in value or () if token.kind == "word"]
    return int(words[0]) if len(words) == 1 and words[0].isdigit() and len(words[0]) < 10 else None


def is_name(value: list[Token] | None, name: bytes) -> bool:
    return [(token.kind, token.value) for token in value or ()] == [("name", name)]
