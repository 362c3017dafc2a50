"""What commands say, as far as checkers need to know: pure functions over their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

_TRIMS: Final = frozenset({b"MAXLEN", b"MINID"})
_WORDS: Final = {b"NOMKSTREAM": 1, b"KEEPREF": 1, b"DELREF": 1, b"ACKED": 1, b"IDMPAUTO": 2, b"IDMP": 3}
"""Options of XADD that say nothing here, with how many words each has. A real 8.6 passes on IDMP to replicas."""


@frozen
class Trimming:
    """What is to be left of a stream: so many entries, or those from an id on."""

    by: bytes
    limit: bytes


@frozen
class Addition:
    """An XADD in its canonical form, with the id that the entry got."""

    raw_id: bytes
    fields: Sequence[bytes]
    trimming: Trimming | None = None


def addition(words: Sequence[bytes]) -> Addition:
    """What an XADD says."""
    at, trimming = 2, None
    while at < len(words):
        option = words[at].upper()
        if option in _TRIMS:
            trimming, at = _trimming(words, at)
        elif option in _WORDS:
            at += _WORDS[option]
        else:
            break
    return Addition(words[at] if at < len(words) else b"", words[at + 1 :], trimming)


def trimming_of(words: Sequence[bytes]) -> Trimming:
    """What an XTRIM says."""
    return _trimming(words, 2)[0]


def _trimming(words: Sequence[bytes], at: int) -> tuple[Trimming, int]:
    end = at + (2 if words[at + 1 : at + 2] and words[at + 1] in {b"=", b"~"} else 1)
    trimming = Trimming(words[at].upper(), words[end] if end < len(words) else b"0")
    end += 1
    return trimming, end + 2 if words[end : end + 1] and words[end].upper() == b"LIMIT" else end


def retry_count(words: Sequence[bytes]) -> int:
    """How many deliveries an XCLAIM in its canonical form notes."""
    return int(words[words.index(b"RETRYCOUNT") + 1])


def named(flat: Sequence[bytes]) -> Mapping[bytes, bytes]:
    """Fields by their names."""
    return dict(zip(flat[::2], flat[1::2], strict=False))


def text(word: bytes) -> str:
    """A word as text, whatever it holds."""
    return word.decode("utf-8", "backslashreplace")


def order(raw_id: bytes) -> tuple[int, int]:
    """By which ids are in order; what is no id comes first."""
    ms, _, seq = raw_id.partition(b"-")
    return (int(ms), int(seq or b"0")) if ms.isdigit() and (seq.isdigit() or not seq) else (-1, -1)


def number(word: bytes, default: int = 0) -> int:
    """A word as a number."""
    return int(word) if word.lstrip(b"-").isdigit() else default


def script_arguments(words: Sequence[bytes]) -> Sequence[bytes]:
    """The arguments of an EVAL or EVALSHA: what follows its keys. None of another command."""
    if not words or words[0].upper() not in {b"EVAL", b"EVALSHA"} or len(words) < 3:
        return ()
    return words[3 + number(words[2]) :]


def option(words: Sequence[bytes], name: bytes) -> int | None:
    """The number that follows an option's name, None where it is not there."""
    for at in range(len(words) - 1):
        if words[at].upper() == name:
            return number(words[at + 1])
    return None
