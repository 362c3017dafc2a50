"""Groups that were made again, and nobody told it: part of `no-loss`.

Who makes a group again tells so, and what was lost with the former one: in silence it would hide that. It is excused

* if its process ends before it can, or its actor crashes, or anything befalls the process from the answer to its end;
* if anybody tells it of a making after this one: where that was undone, or not heard of before there was the next one;
* where a server is taken back in time, or two of them are there: the making may be undone, and what it was for with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ...actors import ChildCrashed, GroupCreated, GroupRecreated
from ..history import FaultStruck, History, ProcessEnded, Sent, Told
from ..plan import CrashServer, DestroyGroup, FailOver, LosePower, LoseReply, LoseRequest, RestartEmpty
from ._chronicle import chronicle
from ._facts import Began
from ._touch import touches

HEARD_MS: Final = 90.0
"""An answer that nothing befalls has come by then, and who got it has told."""

_TAKES_BACK: Final = (CrashServer, FailOver, LosePower, RestartEmpty)

_OVER_AT_ONCE: Final = (DestroyGroup, LoseReply, LoseRequest)
"""What befell a connection that is given up does nothing to the next one."""


def made_in_silence(history: History) -> Iterator[Began]:
    """Those of which nobody told."""
    if any(isinstance(struck.fault.effect, _TAKES_BACK) for struck in history.of(FaultStruck)):
        return
    for fact in chronicle(history).facts:
        if isinstance(fact, Began) and fact.by and not fact.first and _is_silent(history, fact):
            yield fact


def _is_silent(history: History, fact: Began) -> bool:
    asked_ms = None
    for record in history.records[fact.at :]:
        match record:
            case Told(event=GroupCreated() | GroupRecreated() as told):
                if (told.stream, told.group) == (fact.stream, fact.group):
                    return False
            case Told(host=fact.by, event=ChildCrashed()):
                return False
            case Sent(host=fact.by, action="ensure_group"):
                asked_ms = record.at_ms if _is_good(record) else None
            case ProcessEnded(host=fact.by):
                return asked_ms is not None and _has_come(history, fact.by, asked_ms, record.at_ms)
            case _:
                pass
    return asked_ms is not None and _has_come(history, fact.by, asked_ms, history.records[-1].at_ms)


def _is_good(sent: Sent) -> bool:
    """Whether it was answered, and not with an error. In real time, where commands have numbers, one can't say when."""
    return sent.answered and not sent.number and (sent.reply or b"-")[:1] != b"-"


def _has_come(history: History, host: str, answered_ms: float, end_ms: float) -> bool:
    hosts = frozenset({host})
    befell = any(
        touch.meets(hosts, answered_ms, end_ms)
        for touch in touches(history)
        if touch.struck.at_ms >= answered_ms or not isinstance(touch.struck.fault.effect, _OVER_AT_ONCE)
    )
    return end_ms - answered_ms > HEARD_MS and not befell
