"""`scheduled-once`: what was scheduled is appended once, not before its time, and soon after it.

"Soon" is `LATE_MS` after its time or after all faults have ended, whichever is later. Of an event that recurs each time
is judged so, and with ``missed="all"``, as the scenario has it, none is left out. It is excused

* if the call that scheduled it was refused, or nobody was told what became of it: then it may be there or not;
* if somebody had it cancelled; who is told that it was there gets nothing afterwards, and it was not appended before,
  unless a server may have gone back in time.

An event that is scheduled again after it was appended is appended again: so it may be there as often as it was
scheduled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from attrs import define, field

from ..history import Cancelled, FaultStruck, History, Scheduling, SchedulingEnded
from ..plan import CrashServer, FailOver, LosePower, RestartEmpty
from ._chronicle import chronicle
from ._facts import Added
from ._verdict import Verdict

NAME = "scheduled-once"

LATE_MS: Final = 45_000.0
"""The longest backoff of the scheduler, 30 s, and a few of its looks."""

START_MS: Final = 1_700_000_000_000
"""When simulated time begins by the clock of the server: firings are named by that."""

SLACK_MS: Final = 1.0
"""Redis' clock, in whole milliseconds, is behind by so much at most."""

_GOES_BACK: Final = (CrashServer, FailOver, LosePower, RestartEmpty)


@define
class _Schedule:
    """Every call with one schedule id."""

    calls: list[Scheduling] = field(factory=list[Scheduling])
    outcomes: list[str] = field(factory=list[str])
    settled_ms: float = 0.0
    """When a call was acknowledged first."""
    is_cancelled: bool = False
    """Or may be: who asked for it was perhaps not told."""
    cancelled_ms: float | None = None
    cancelled_at: int | None = None
    """The place of the record that somebody was told so, among all records."""

    @property
    def is_known(self) -> bool:
        return "acknowledged" in self.outcomes

    @property
    def calls_max(self) -> int:
        return len(self.calls) - self.outcomes.count("refused")


def scheduled_once(history: History) -> Iterator[Verdict]:
    """Everything that was scheduled is there, once and in time."""
    schedules = _schedules(history)
    if not schedules:
        return
    added: defaultdict[tuple[str, str], list[Added]] = defaultdict(list)
    for fact in chronicle(history).facts:
        if isinstance(fact, Added) and fact.by and fact.entry.event_id:
            added[fact.entry.stream, fact.entry.event_id].append(fact)
    for (stream, schedule_id), schedule in schedules.items():
        first = schedule.calls[0]
        if first.every_ms:
            prefix = f"{schedule_id}-"
            made = {event: facts for (of, event), facts in added.items() if of == stream and event.startswith(prefix)}
            yield from _recurring(history, schedule, made)
        else:
            yield from _judged(history, schedule, first.event_id, added.get((stream, first.event_id), ()))


def _schedules(history: History) -> Mapping[tuple[str, str], _Schedule]:
    found: defaultdict[tuple[str, str], _Schedule] = defaultdict(_Schedule)
    for place, record in enumerate(history.records):
        match record:
            case Scheduling():
                found[record.stream, record.schedule_id].calls.append(record)
            case SchedulingEnded():
                schedule = found[record.stream, record.schedule_id]
                if record.outcome == "acknowledged" and not schedule.is_known:
                    schedule.settled_ms = record.at_ms
                schedule.outcomes.append(record.outcome)
            case Cancelled():
                schedule = found[record.stream, record.schedule_id]
                schedule.is_cancelled = True
                if record.is_told:
                    schedule.cancelled_ms, schedule.cancelled_at = record.at_ms, place
            case _:
                pass
    return found


def _judged(history: History, schedule: _Schedule, event_id: str, added: Sequence[Added]) -> Iterator[Verdict]:
    due_ms = min(call.due_ms for call in schedule.calls)
    if len(added) > schedule.calls_max:
        words = f"{event_id} was scheduled {schedule.calls_max} times, and appended {len(added)} times"
        yield Verdict(NAME, words, (event_id,), "twice")
    if _was_over(history, schedule, added):
        words = f"{event_id} was appended, and then cancelled as if it were still to come"
        yield Verdict(NAME, words, (event_id,), "over")
    yield from _too_early(event_id, added, due_ms, schedule)
    if not schedule.is_known or schedule.is_cancelled:
        return
    latest_ms = max(*(call.due_ms for call in schedule.calls), schedule.settled_ms, history.healed_at_ms or 0) + LATE_MS
    if not added:
        yield Verdict(
            NAME, f"{event_id} was scheduled for {due_ms:.0f} ms and never appended", (event_id,), "forgotten"
        )
    elif added[0].at_ms > latest_ms:
        words = f"{event_id} was scheduled for {due_ms:.0f} ms and appended at {added[0].at_ms:.0f} ms"
        yield Verdict(NAME, words, (event_id,), "late")


def _was_over(history: History, schedule: _Schedule, added: Sequence[Added]) -> bool:
    """Whether somebody was told that it was still to come, and it had come; it was scheduled once."""
    at = schedule.cancelled_at
    if at is None or len(schedule.calls) > 1 or all(fact.at > at for fact in added):
        return False
    return not any(isinstance(struck.fault.effect, _GOES_BACK) for struck in history.of(FaultStruck))


def _too_early(event_id: str, added: Sequence[Added], due_ms: float, schedule: _Schedule) -> Iterator[Verdict]:
    for fact in added:
        if fact.at_ms + SLACK_MS < due_ms:
            words = f"{event_id} was scheduled for {due_ms:.0f} ms and appended at {fact.at_ms:.0f} ms"
            yield Verdict(NAME, words, (event_id,), "early")
        if schedule.cancelled_ms is not None and fact.at_ms > schedule.cancelled_ms:
            words = f"{event_id} was cancelled at {schedule.cancelled_ms:.0f} ms and appended at {fact.at_ms:.0f} ms"
            yield Verdict(NAME, words, (event_id,), "cancelled")


def _recurring(history: History, schedule: _Schedule, made: Mapping[str, Sequence[Added]]) -> Iterator[Verdict]:
    call = schedule.calls[0]
    times = sorted(int(event_id.rpartition("-")[2]) - START_MS for event_id in made)
    for event_id, added in made.items():
        if len(added) > 1:
            yield Verdict(NAME, f"{event_id} was appended {len(added)} times for one time", (event_id,), "twice")
        yield from _too_early(event_id, added, int(event_id.rpartition("-")[2]) - START_MS, schedule)
    gaps = [later for former, later in pairwise(times) if later - former != call.every_ms]
    if gaps and schedule.calls_max == 1:
        words = f"{call.schedule_id} recurs every {call.every_ms:.0f} ms, and leaves out a time before {gaps[0]} ms"
        yield Verdict(NAME, words, (), "forgotten")
    if schedule.is_known and not schedule.is_cancelled and call.until_ms is not None and history.live:
        last = times[-1] if times else call.at_ms
        if call.until_ms - last >= 2 * call.every_ms:
            words = f"{call.schedule_id} recurs until {call.until_ms:.0f} ms, and ended at {last:.0f} ms"
            yield Verdict(NAME, words, (), "forgotten")
