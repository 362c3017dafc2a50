"""What a run came by: where its faults struck, and which rare things happened in it.

A simulation that never gets into a state proves nothing about it, and nobody would notice. So a batch counts the
*points* it ought to reach *sometimes*: each kind of fault in each state of the application, and each thing of a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from attrs import define, field, frozen

from ...actors import (
    DeadLettered,
    EntriesReclaimed,
    EntriesRecovered,
    GroupRecreated,
    HandedBack,
    HandlerFailed,
    LeaseLost,
    Resumed,
)
from ..history import (
    Destroyed,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    History,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    Sent,
    Told,
)
from ..plan import StopProcess
from ..plan._effects import KINDS

STATES: Final = ("starting", "publishing", "handling", "retrying", "recovering", "draining", "idle")
"""What the application is doing when a fault strikes: it may be in several of the states at once.

starting: a process has not sent anything yet. publishing: an event's fate is open. handling: a handler runs. retrying:
one runs not for the first time. recovering: another fault struck less than a second ago. draining: a process was told
to stop and has not ended. idle: none of these.
"""

STATES_OF_HANDLERS: Final = ("publishing", "handling", "retrying", "recovering")
"""Those that a fault of a handler can meet: it strikes while one runs."""

RECOVERING_MS = 1000.0

TOLD: Final[Mapping[type, str]] = MappingProxyType(
    {
        DeadLettered: "an entry was dead-lettered",
        EntriesReclaimed: "an entry was taken over from another consumer",
        EntriesRecovered: "a consumer read again what it had before a restart",
        GroupRecreated: "a lost group was made again",
        HandedBack: "entries were handed back at a stop",
        HandlerFailed: "a handler failed",
        LeaseLost: "a handler was told that its entry is another's",
        Resumed: "an actor went on after an interruption",
    }
)
HANDLED_TWICE: Final = "an event was handled to its end twice"
CANCELLED: Final = "a handler was cancelled"
UNKNOWN_FATE: Final = "a publish ended without an answer"
STARTED_AGAIN: Final = "a process was started again"
WRITES_LOST: Final = "the server lost what it had acknowledged"
HAPPENINGS: Final = (*TOLD.values(), HANDLED_TWICE, CANCELLED, UNKNOWN_FATE, STARTED_AGAIN, WRITES_LOST)
"""What ought to happen in some of the runs with faults."""

UNHIT_KIND_RUNS = 2000
"""Runs of a preset after which a kind of fault that never struck is an error: a rare one strikes in one run of 100."""
UNHIT_STATE_STRIKES = 1500
"""Strikes of one kind after which a state that none of them met is an error: the rarest, `retrying`, is met by one
of 130 strikes, so 1500 of them miss it once in 100,000 batches."""
UNHIT_HAPPENING_RUNS = 2000
"""Runs with faults after which a thing that never happened is an error."""


@frozen
class Passed:
    """What one run came by.

    Attributes:
        struck: how often a fault of each kind struck.
        met: how often one of a kind struck in a state.
        happened: what else happened, and in how many runs.
    """

    struck: Mapping[str, int]
    met: Mapping[tuple[str, str], int]
    happened: Mapping[str, int]


def points_of(history: History) -> Passed:
    """What a run came by, read from its records."""
    reading = _Reading()
    for record in history.records:
        reading.take(record)
    return Passed(reading.struck, reading.met, dict.fromkeys(reading.happened, 1))


def unhit(passed: Passed, *, runs: int, kinds: Sequence[str]) -> Iterator[str]:
    """The points that enough runs should have come by, and none did, in words.

    Args:
        passed: of all runs together; see `together`.
        runs: how many there were that had faults.
        kinds: of faults that were possible.
    """
    for kind in kinds:
        strikes = passed.struck.get(kind, 0)
        if not strikes and runs >= UNHIT_KIND_RUNS:
            yield f"{kind} never struck"
        if strikes >= UNHIT_STATE_STRIKES:
            states = STATES_OF_HANDLERS if KINDS[kind].strikes == "handler" else STATES
            yield from (f"{kind} never struck while {state}" for state in states if not passed.met.get((kind, state)))
    if runs >= UNHIT_HAPPENING_RUNS and set(kinds) == set(KINDS):  # some of them need a fault of a certain kind
        yield from (f"never: {thing}" for thing in HAPPENINGS if not passed.happened.get(thing))


@define
class _Reading:
    """The records, one after the other."""

    struck: Counter[str] = field(factory=Counter[str])
    met: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    happened: set[str] = field(factory=set[str])
    _starting: set[str] = field(factory=set[str])
    _draining: set[str] = field(factory=set[str])
    _publishing: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    _handling: dict[int, HandlerStarted] = field(factory=dict[int, HandlerStarted])
    _done: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    _last_strike_ms: float | None = None

    def take(self, record: Record) -> None:
        """What one record says."""
        match record:
            case FaultStruck():
                self._take_strike(record)
            case ProcessStarted() | ProcessEnded():
                self._take_process(record)
            case Sent(host=host):
                self._starting.discard(host)
            case Publishing(host=host, event_id=event_id):
                self._publishing.add((host, event_id))
            case Published(host=host, event_id=event_id, outcome=outcome):
                self._publishing.discard((host, event_id))
                self._note(UNKNOWN_FATE, outcome == "unknown")
            case HandlerStarted(run=run):
                self._handling[run] = record
            case HandlerEnded():
                self._take_end(record)
            case Told(event=event):
                self._note(TOLD.get(type(event), ""), type(event) in TOLD)
            case Destroyed():
                self._note(WRITES_LOST, bool(record.entries or record.acknowledgements or record.groups))
            case _:
                pass

    def _note(self, thing: str, happened: bool) -> None:  # noqa: FBT001 - a thing, and whether it did
        if happened:
            self.happened.add(thing)

    def _take_process(self, record: ProcessStarted | ProcessEnded) -> None:
        host = record.host
        if isinstance(record, ProcessStarted):
            self._starting.add(host)
            self._note(STARTED_AGAIN, record.incarnation > 1)
            return
        self._starting.discard(host)
        self._draining.discard(host)
        self._publishing = {each for each in self._publishing if each[0] != host}
        self._handling = {run: each for run, each in self._handling.items() if each.host != host}

    def _take_end(self, record: HandlerEnded) -> None:
        self._handling.pop(record.run, None)
        self._note(CANCELLED, record.outcome == "cancelled")
        if record.outcome == "done":
            event = record.group, record.event_id
            self._note(HANDLED_TWICE, event in self._done)
            self._done.add(event)

    def _take_strike(self, record: FaultStruck) -> None:
        kind = record.fault.effect.kind
        self.struck[kind] += 1
        self.met.update((kind, state) for state in self._states(record.at_ms))
        self._last_strike_ms = record.at_ms
        if isinstance(record.fault.effect, StopProcess):
            self._draining.add(record.host)

    def _states(self, now_ms: float) -> Sequence[str]:
        last = self._last_strike_ms
        is_in = {
            "starting": bool(self._starting),
            "publishing": bool(self._publishing),
            "handling": bool(self._handling),
            "retrying": any(each.delivery > 1 for each in self._handling.values()),
            "recovering": last is not None and now_ms - last < RECOVERING_MS,
            "draining": bool(self._draining),
        }
        return [state for state in STATES if is_in.get(state)] or ["idle"]


def together(passed: Passed, other: Passed) -> Passed:
    """What two runs came by."""
    return Passed(
        Counter(passed.struck) + Counter(other.struck),
        Counter(passed.met) + Counter(other.met),
        Counter(passed.happened) + Counter(other.happened),
    )


NOTHING: Final = Passed(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))
