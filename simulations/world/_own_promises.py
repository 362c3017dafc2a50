"""What a scenario itself promises: its checks and what it asserts, as verdicts like those of the checkers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ..checkers import Verdict
from ..history import History, Publishing

Check = Callable[[], Iterable[str] | None]
"""A promise of a scenario's own. It asserts, or yields what is wrong, each as a sentence."""

ASSERTED: Final = "asserted"
"""The promise of what a scenario asserts by the way."""
LINES_MAX = 8
"""Of what pytest says of two values that differ: the rest is in the values' own tests."""
ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
"""Differs from run to run."""


def asserted(error: AssertionError, history: History) -> Verdict:
    """A scenario asserted something on its way, and it does not hold."""
    return _verdict(ASSERTED, _words(error), history)


def judged(checks: Sequence[Check], history: History) -> Sequence[Verdict]:
    """What the scenario's checks find wrong."""
    return [_verdict(_name(check), words, history) for check in checks for words in _breaches(check)]


def _name(check: Check) -> str:
    return getattr(check, "__name__", "check").strip("_").replace("_", "-")


def _breaches(check: Check) -> Iterator[str]:
    try:
        yield from check() or ()
    except AssertionError as error:
        yield _words(error)


def _words(error: AssertionError) -> str:
    """What was asserted; where it has no words, which line it was."""
    # pytest adds what the values were; where the test has words of its own they say it better.
    said = ADDRESS.sub("", str(error)).partition("\nassert ")[0].strip()
    if said:
        return "\n".join(said.splitlines()[:LINES_MAX])
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    return f"an assertion without words{where} does not hold"


def _verdict(promise: str, words: str, history: History) -> Verdict:
    return Verdict(promise, words, _named_in(words, history))


def _named_in(words: str, history: History) -> tuple[str, ...]:
    """The events whose ids stand in a text."""
    known = dict.fromkeys(record.event_id for record in history.of(Publishing) if record.event_id)
    return tuple(event_id for event_id in known if re.search(rf"(?<![\w-]){re.escape(event_id)}(?![\w-])", words))
