"""RESP replies as values that keep everything: what kind each part is, and what it says."""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """A reply, or a part of one.

    Attributes:
        sign: its first byte: "$", "*", ":", "+", "-", "_", "%", "~", ",", "#", "(", "=", ">".
        value: bytes, or a list of parts; None for the null bulk string and the null array of RESP2.
    """

    sign: str
    value: bytes | list[Part] | None

    def shown(self) -> str:
        """As a person reads it."""
        if isinstance(self.value, list):
            return f"{self.sign}[{', '.join(part.shown() for part in self.value)}]"
        return self.sign + ("null" if self.value is None else self.value.decode("utf-8", "backslashreplace"))


def parse(data: bytes, start: int = 0) -> tuple[Part, int] | None:
    """The reply that begins there and where it ends; None if it is not all there yet."""
    end = data.find(b"\r\n", start)
    if end < 0:
        return None
    sign, line, position = chr(data[start]), data[start + 1 : end], end + 2
    if sign in "$=":
        return _bulk(sign, data, int(line), position)
    if sign in "*~>%":
        return _items(sign, data, int(line), position)
    return Part(sign, line), position


def _bulk(sign: str, data: bytes, length: int, position: int) -> tuple[Part, int] | None:
    if length < 0:
        return Part(sign, None), position
    if len(data) < position + length + 2:
        return None
    return Part(sign, data[position : position + length]), position + length + 2


def _items(sign: str, data: bytes, count: int, position: int) -> tuple[Part, int] | None:
    if count < 0:
        return Part(sign, None), position
    items: list[Part] = []
    for _ in range(2 * count if sign == "%" else count):
        found = parse(data, position)
        if found is None:
            return None
        item, position = found
        items.append(item)
    return Part(sign, items), position


def command(words: list[bytes]) -> bytes:
    """A command as clients send it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
