"""Which groups acknowledge what they begin before they do."""

from __future__ import annotations

from collections.abc import Mapping

from ..history import AcknowledgesFirst, History


def in_hand_max(history: History) -> Mapping[tuple[str, str], int]:
    """The groups that handle at most once, each with what one process may have in hand; worked out once."""
    return history.once(_in_hand_max)


def _in_hand_max(history: History) -> Mapping[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for record in history.of(AcknowledgesFirst):
        of = (record.stream, record.group)
        found[of] = max(found.get(of, 0), record.in_hand_max)
    return found
