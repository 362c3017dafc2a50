"""cjson, as scripts have it: the number formats, the limits and the errors of the library inside Redis."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from attrs import define, frozen

from ._json_options import JsonOptions

_ESCAPED: Final = {
    **{number: b"\\u%04x" % number for number in (*range(32), 127)},
    34: b'\\"', 92: b"\\\\", 47: b"\\/", 8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r",
}  # fmt: skip
_NEEDS_ESCAPE: Final = re.compile(rb'[\x00-\x1f"\\/\x7f]')
_SPACES: Final = re.compile(rb"[ \t\n\r]*")
_NUMBER: Final = re.compile(rb"-?(0[xX][0-9a-fA-F]+|[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?)")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_SIGNS: Final = {
    b"{": "T_OBJ_BEGIN", b"}": "T_OBJ_END", b"[": "T_ARR_BEGIN", b"]": "T_ARR_END", b",": "T_COMMA", b":": "T_COLON",
}  # fmt: skip
_WORDS: Final[tuple[tuple[bytes, str, object], ...]] = (
    (b"true", "T_BOOLEAN", True),
    (b"false", "T_BOOLEAN", False),
    (b"null", "T_NULL", None),
)
_SIMPLE_ESCAPES: Final = {
    b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t",
}  # fmt: skip


class JsonError(ValueError):
    """A value cannot be written, or a text cannot be read."""


@frozen
class Table:
    """A table of Lua, as its pairs in their order."""

    pairs: list[tuple[object, object]]


@frozen
class Unknown:
    """A value that JSON has no words for: its type in Lua."""

    kind: str


def encode(value: object, options: JsonOptions, depth: int = 0) -> bytes:
    """A value as JSON.

    Args:
        value: bytes, a number, a bool, None, a `Table` or an `Unknown`.
        options: what scripts have set.
        depth: in how many tables it is.

    Raises:
        JsonError: it cannot be written.
    """
    if isinstance(value, bytes):
        return b'"%b"' % _NEEDS_ESCAPE.sub(lambda found: _ESCAPED[found[0][0]], value)
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int | float):
        return _number(value, options)
    if isinstance(value, Table):
        if depth >= options.encode_depth_max:
            raise JsonError(f"Cannot serialise, excessive nesting ({depth + 1})")
        return _table(value, options, depth + 1)
    raise JsonError(f"Cannot serialise {value.kind if isinstance(value, Unknown) else value}: type not supported")


def _number(value: float, options: JsonOptions) -> bytes:
    if not math.isfinite(value):
        if options.encode_invalid == "off":
            raise JsonError("Cannot serialise number: must not be NaN or Inf")
        if options.encode_invalid == "null":
            return b"null"
    return f"{float(value):.{options.precision}g}".encode()


def _table(table: Table, options: JsonOptions, depth: int) -> bytes:
    length = _array_length(table, options)
    if length > 0:
        items = dict(table.pairs)
        return b"[%b]" % b",".join(encode(items.get(number), options, depth) for number in range(1, length + 1))
    return b"{%b}" % b",".join(
        b"%b:%b" % (_key(key, options), encode(value, options, depth)) for key, value in table.pairs
    )


def _key(key: object, options: JsonOptions) -> bytes:
    if isinstance(key, bytes):
        return encode(key, options)
    if isinstance(key, int | float) and not isinstance(key, bool):
        return b'"%b"' % _number(key, options)
    raise JsonError("Cannot serialise table: table key must be a number or string")


def _array_length(table: Table, options: JsonOptions) -> int:
    """How long an array a table is; -1: it is none."""
    longest = 0
    for key, _ in table.pairs:
        if isinstance(key, bool) or not isinstance(key, int) or key < 1:
            return -1
        longest = max(longest, key)
    ratio = options.sparse_ratio
    if ratio and longest > len(table.pairs) * ratio and longest > options.sparse_safe:
        if options.sparse_convert:
            return -1
        raise JsonError("Cannot serialise table: excessively sparse array")
    return longest


@define
class _Reader:
    """Reads a text, token by token."""

    text: bytes
    depth_max: int
    at: int = 0
    kind: str = ""
    value: object = None
    begin: int = 0

    def advance(self) -> None:
        """Take the next token."""
        spaces = _SPACES.match(self.text, self.at)
        self.at = self.begin = spaces.end() if spaces is not None else self.at
        sign = self.text[self.at : self.at + 1]
        if not sign:
            self.kind = "T_END"
        elif sign in _SIGNS:
            self.kind, self.at = _SIGNS[sign], self.at + 1
        elif sign == b'"':
            self.kind, self.value = "T_STRING", b"".join(self._string())
        else:
            self._word_or_number()

    def _word_or_number(self) -> None:
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.kind, self.at = "T_NUMBER", number.end()
            text = number[0].decode()
            self.value = float(int(text, 16)) if "x" in text.lower() else float(text)
            return
        for word, kind, value in _WORDS:
            if self.text.startswith(word, self.at):
                self.kind, self.value, self.at = kind, value, self.at + len(word)
                return
        self.kind = "invalid token"

    def _string(self) -> Iterator[bytes]:
        self.at += 1
        while True:
            plain = _PLAIN.match(self.text, self.at)
            if plain is not None:
                yield plain[0]
                self.at = plain.end()
            sign = self.text[self.at : self.at + 1]
            self.at += 1
            if sign == b'"':
                return
            if sign != b"\\":
                self.at = self.begin
                raise self.expected("value", "unexpected end of string" if not sign else "invalid token")
            yield self._escape()

    def _escape(self) -> bytes:
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        if sign in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[sign]
        code = self._hex() if sign == b"u" else None
        if code is None:
            raise self.expected("value", "invalid escape code" if sign != b"u" else "invalid unicode escape code")
        if 0xD800 <= code < 0xDC00 and self.text[self.at : self.at + 2] == b"\\u":
            self.at += 2
            low = self._hex()
            if low is not None and 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        return chr(code).encode("utf-8", "surrogatepass")

    def _hex(self) -> int | None:
        digits = self.text[self.at : self.at + 4]
        self.at += 4
        return int(digits, 16) if re.fullmatch(rb"[0-9a-fA-F]{4}", digits) else None

    def expected(self, what: str, found: str = "") -> JsonError:
        """There is something else."""
        return JsonError(f"Expected {what} but found {found or self.kind} at character {self.begin + 1}")


def decode(text: bytes, options: JsonOptions) -> object:
    """What a text says: bytes, floats, bools, None for null, lists, and dicts by bytes.

    Raises:
        JsonError: it is no JSON.
    """
    reader = _Reader(text, options.decode_depth_max)
    reader.advance()
    value = _value(reader, 0)
    reader.advance()
    if reader.kind != "T_END":
        raise reader.expected("the end")
    return value


def _value(reader: _Reader, depth: int) -> object:
    if reader.kind in {"T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL"}:
        return reader.value
    if reader.kind not in {"T_OBJ_BEGIN", "T_ARR_BEGIN"}:
        raise reader.expected("value")
    if depth >= reader.depth_max:
        raise JsonError(f"Found too many nested data structures ({depth + 1}) at character {reader.at}")
    return _object(reader, depth + 1) if reader.kind == "T_OBJ_BEGIN" else _array(reader, depth + 1)


def _object(reader: _Reader, depth: int) -> dict[bytes, object]:
    found: dict[bytes, object] = {}
    reader.advance()
    if reader.kind == "T_OBJ_END":
        return found
    while True:
        key = reader.value
        if reader.kind != "T_STRING" or not isinstance(key, bytes):
            raise reader.expected("object key string")
        reader.advance()
        if reader.kind != "T_COLON":
            raise reader.expected("colon")
        reader.advance()
        found[key] = _value(reader, depth)
        reader.advance()
        if reader.kind == "T_OBJ_END":
            return found
        if reader.kind != "T_COMMA":
            raise reader.expected("comma or object end")
        reader.advance()


def _array(reader: _Reader, depth: int) -> list[object]:
    found: list[object] = []
    reader.advance()
    if reader.kind == "T_ARR_END":
        return found
    while True:
        found.append(_value(reader, depth))
        reader.advance()
        if reader.kind == "T_ARR_END":
            return found
        if reader.kind != "T_COMMA":
            raise reader.expected("comma or array end")
        reader.advance()
