"""Walks through a JSON text piece by piece: keys of an object, items of a list, one value at a time.

Only the value at hand is held as Python objects; a collection of many features never is as a whole.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol, TextIO

PIECE = 1 << 20
# The text of one feature. Beyond it nobody drew by hand.
LONGEST_VALUE = 32 << 20
_SPACE = re.compile(r"[ \t\r\n\x1e]*")
# What is left of a number or a word that the end of the file cut.
_STUMP = re.compile(r"\s*[-+.\w]*\Z")
SHOWN = 80


class Refusal(Protocol):
    """Makes the error that says a sentence."""

    def __call__(self, sentence: str, /, **params: Any) -> Exception: ...


class JsonStream:
    """A cursor in the text of `file`. `size` is its length in bytes; every fault becomes a `refusal`."""

    def __init__(self, file: TextIO, size: int, refusal: Refusal) -> None:
        self._file, self._size, self._refusal = file, size, refusal
        self._text, self._at, self._ended = "", 0, False
        self._lines, self._column = 1, 0
        self._new = ""
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def each_key(self) -> Iterator[str]:
        """The keys of the object that begins here; the caller takes each value before it asks for the next."""
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                self.broken("Expecting property name enclosed in double quotes")
            self._expect(":")
            yield key
            if self.peek() == "}":
                self._at += 1
                return
            self._expect(",")

    def items(self) -> Iterator[Any]:
        """The values of the list that begins here."""
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                self._at += 1
                return
            self._expect(",")

    def value(self) -> Any:
        """The value that begins here, whole."""
        if not self.peek():
            self._cut_off()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self._refusal("The file is nested too deeply.") from error
            except json.JSONDecodeError as error:
                if self._ended:
                    self._name(error)
            else:
                # A number at the end of the piece may go on in the next one.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            whole = self._text[self._at] != "{"
            # A feature does not end before a brace does; until then there is no use in trying.
            while self._more() and not whole and "}" not in self._new:
                pass

    def _name(self, error: json.JSONDecodeError) -> NoReturn:
        if _STUMP.match(self._text, error.pos) or error.msg.startswith("Unterminated string"):
            self._cut_off()
        self.broken(error.msg, error.pos)

    def broken(self, reason: str, at: int | None = None) -> NoReturn:
        """Ends with line and column."""
        before = self._text[: self._at if at is None else at]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else self._column + len(before) + 1
        raise self._refusal("The file is not JSON at line {line}, column {column}: {reason}.",
                            line=self._lines + lines, column=column, reason=reason)  # fmt: skip

    def _cut_off(self) -> NoReturn:
        raise self._refusal("The file ends early, at byte {byte} (line {line}).", byte=f"{self._size:,}",
                            line=self._lines + self._text.count("\n"))  # fmt: skip

    def _expect(self, sign: str) -> None:
        found = self.peek()
        if not found:
            self._cut_off()
        if found != sign:
            self.broken(f"Expecting '{sign}' delimiter")
        self._at += 1

    def _more(self) -> bool:
        """Drops what was read and adds a piece, twice as long as what is waited for; False at the end of the file."""
        if self._ended:
            return False
        done = self._text[: self._at]
        lines = done.count("\n")
        self._lines += lines
        self._column = len(done) - done.rfind("\n") - 1 if lines else self._column + len(done)
        waiting = len(self._text) - self._at
        if waiting > LONGEST_VALUE:
            sentence = (
                "The feature at line {line} ({begin} …) is longer than {limit} bytes; simplify it first."
            )
            raise self._refusal(sentence, line=self._lines, limit=f"{LONGEST_VALUE:,}",
                                begin=" ".join(self._text[self._at : self._at + SHOWN].split()))  # fmt: skip
        self._new = piece = self._file.read(min(max(PIECE, waiting), LONGEST_VALUE + 1 - waiting))
        self._text, self._at = self._text[self._at :] + piece, 0
        self._ended = not piece
        return bool(piece)
