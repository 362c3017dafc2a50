"""Patterns of names as KEYS, CONFIG GET, PSUBSCRIBE and the rules of users have them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CACHED: Final = 1000


def fits(text: bytes, pattern: bytes, *, ignore_case: bool = False) -> bool:
    r"""Whether a text fits a pattern: ``*``, ``?``, ``[a-z]``, ``[^a]``, and ``\`` before what means itself."""
    if pattern == b"*":
        return True
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(_CACHED)
def _compiled(pattern: bytes, ignore_case: bool) -> re.Pattern[bytes]:  # noqa: FBT001  # only `fits` calls it
    parts: list[bytes] = []
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        at += 1
        if char == b"*":
            # Several in a row are one: else matching would take for ever.
            if parts[-1:] != [b".*"]:
                parts.append(b".*")
        elif char == b"?":
            parts.append(b".")
        elif char == b"[":
            part, at = _bracket(pattern, at)
            parts.append(part)
        elif char == b"\\" and at < len(pattern):
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
        else:
            parts.append(re.escape(char))
    return re.compile(b"".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The class that begins there as a regular expression, and where it ends; one that is not closed ends with all."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    ranges: list[bytes] = []
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            ranges.append(re.escape(pattern[at + 1 : at + 2]))
            at += 2
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at : at + 1], pattern[at + 2 : at + 3]))
            ranges.append(re.escape(low) + b"-" + re.escape(high))
            at += 3
        else:
            ranges.append(re.escape(pattern[at : at + 1]))
            at += 1
    at += 1
    if not ranges:
        return (b"." if negated else b"(?!)"), at
    return b"[" + (b"^" if negated else b"") + b"".join(ranges) + b"]", at
