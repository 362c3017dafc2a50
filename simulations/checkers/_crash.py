"""`crash`: no actor crashes and no process fails, unless the plan made it.

Expected trouble is handled inside actors (law 6), so a crash is a bug. Excused is

* a crash with a bug of the plan's own behind it, and a process that gave up because of such crashes;
* a process that gave up because its *first* connection failed as often as its options allow, while a fault was felt
  that kept it from the server (documented: what can't begin says so).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from ...actors import ChildCrashed, RestartLimitExceeded
from ...wire import ConnectFailed
from ..history import History, ProcessEnded, Record, Told
from ._touch import touches
from ._verdict import Verdict

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

NAME = "crash"

FIRST_CONNECTION = ConnectFailed.__name__
"""What is raised when there is no first connection; an outage later is waited out."""

PLANNED = "SimulatedBug"
"""The class of what a plan makes actors crash with; by its name, since histories come out of files, too."""


def crash(history: History) -> Iterator[Verdict]:
    """Weather is no reason to crash."""
    for record in history.records:
        match record:
            case Told(event=ChildCrashed() as event):
                behind = [type(error).__name__ for error in _chain(event.error)]
                if not _is_excused(history, record, behind):
                    words = f"{event.path} on {record.host} {event.words()}"
                    yield Verdict(NAME, words, (), _kind(behind))
            case ProcessEnded(how="failed"):
                behind = re.findall(r"\b[A-Z]\w+(?=:)", record.error) or [record.error]
                if not _is_excused(history, record, behind):
                    words = f"the process on {record.host} ended with an error: {record.error}"
                    yield Verdict(NAME, words, (), _kind(behind))
            case _:
                pass


def _is_excused(history: History, record: Record, behind: Sequence[str]) -> bool:
    if PLANNED in behind:
        return True
    host = frozenset({record.host})
    felt = (touch.meets(host, record.at_ms, record.at_ms) for touch in touches(history))
    return FIRST_CONNECTION in behind and any(felt)


def _kind(behind: Sequence[str]) -> str:
    """The first class that says what was wrong: not that somebody gave up over it."""
    return next((name for name in behind if name != RestartLimitExceeded.__name__), behind[0])


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error without the groups around it, and what it was raised from."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each)
        return
    yield error
    if error.__cause__ is not None:
        yield from _chain(error.__cause__)
