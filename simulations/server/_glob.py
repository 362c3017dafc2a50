"""Patterns of names as KEYS, CONFIG GET, PSUBSCRIBE and the rules of users have them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CACHED: Final = 1000
DEPTH_MAX: Final = 1000
"""Servers give up on a pattern with more stars: nothing fits it."""


def fits(text: bytes, pattern: bytes, *, ignore_case: bool = False) -> bool:
    r"""Whether a text fits a pattern: ``*``, ``?``, ``[a-z]``, ``[^a]``, and ``\`` before what means itself."""
    if pattern == b"*":
        return True
    return _compiled(pattern, ignore_case).fits(text)


class _Pattern:
    """A pattern: what stands between its stars.

    Each part but the first and the last matches where it first can, and nowhere else is tried: that is always right,
    and trying everywhere would take for ever.

    Args:
        parts: regular expressions, each of characters or classes of them.
        flags: of the expressions.
    """

    def __init__(self, parts: list[list[bytes]], flags: int) -> None:
        self._has_star, self._last_length = len(parts) > 1, len(parts[-1])
        self._is_too_deep = len(parts) - 2 + bool(parts[-1]) > DEPTH_MAX
        self._first, *between = [
            re.compile(b"".join(part), flags) for part in (parts[:1] if self._is_too_deep else parts)
        ]
        self._last = between.pop() if between else self._first
        self._between = between

    def fits(self, text: bytes) -> bool:
        """Whether all of a text does."""
        if not self._has_star:
            return self._first.fullmatch(text) is not None
        match = self._first.match(text)
        if match is None or self._is_too_deep:
            return False
        for part in self._between:
            match = part.search(text, match.end())
            if match is None:
                return False
        begin = len(text) - self._last_length
        return begin >= match.end() and self._last.match(text, begin) is not None


@lru_cache(_CACHED)
def _compiled(pattern: bytes, ignore_case: bool) -> _Pattern:  # noqa: FBT001  # only `fits` calls it
    parts: list[list[bytes]] = [[]]
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        at += 1
        if char == b"*":
            # Several in a row are one.
            if parts[-1] or len(parts) == 1:
                parts.append([])
        elif char == b"?":
            parts[-1].append(b".")
        elif char == b"[":
            part, at = _bracket(pattern, at)
            parts[-1].append(part)
        elif char == b"\\" and at < len(pattern):
            parts[-1].append(re.escape(pattern[at : at + 1]))
            at += 1
        else:
            parts[-1].append(re.escape(char))
    return _Pattern(parts, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


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
