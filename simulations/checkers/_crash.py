"""`crash`: no actor crashes and no process fails, unless the plan made it.

Expected trouble is handled inside actors (law 6), so a crash is a bug. Excused is a crash with a bug of the plan's own
at its root, and a process that gave up because of such crashes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ...actors import ChildCrashed
from ..history import History, ProcessEnded, Told
from ._verdict import Verdict

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

NAME = "crash"

PLANNED = "SimulatedBug"
"""The class of what a plan makes actors crash with; by its name, since histories come out of files, too."""


def crash(history: History) -> Iterator[Verdict]:
    """Weather is no reason to crash."""
    for record in history.records:
        match record:
            case Told(event=ChildCrashed() as event) if not _is_planned(event.error):
                kinds = sorted({type(error).__name__ for error in _roots(event.error)})
                words = f"{event.path} on {record.host} {event.words()}"
                yield Verdict(NAME, words, (), ", ".join(kinds))
            case ProcessEnded(how="failed") if PLANNED not in record.error:
                words = f"the process on {record.host} ended with an error: {record.error}"
                yield Verdict(NAME, words, (), record.error.partition(":")[0])
            case _:
                pass


def _is_planned(error: BaseException) -> bool:
    return any(type(root).__name__ == PLANNED for root in _roots(error))


def _roots(error: BaseException) -> Iterator[BaseException]:
    """What an error goes back to: out of groups, and behind what it was raised from."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _roots(each)
    elif error.__cause__ is not None:
        yield from _roots(error.__cause__)
    else:
        yield error
