"""All promises judged at once."""

from __future__ import annotations

from collections.abc import Iterable

from ..history import History
from ._verdict import Checker, Verdict


def judge(history: History, checkers: Iterable[Checker]) -> list[Verdict]:
    """What these checkers say of a history, in their order; an empty list if every promise was kept."""
    return [verdict for check in checkers for verdict in check(history)]
