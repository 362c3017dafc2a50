"""`bounded-duplicates`: runs of one event ≤ 1 + faults that touched it.

Counted in each group. Allowed are

* one run for each entry that holds the event: if it was published twice, `publish-once` speaks;
* one more for each run that failed: its event is to be delivered again;
* one more for each end of a process on whose host the event ran (killed, lost power, failed), from the moment the entry
  was delivered to the last start; for a graceful end only if it cut a run short, since what was handled to its end is
  settled before, and from when it did: what is handed back is begun elsewhere before the process has ended;
* one more for each fault that was felt in that time (see `_touch`: longer than it lasts) by the server, by the whole
  link or by a host on which the event ran. Faults that end a process are counted by that end. A handler's fault counts
  only if it came after the run had noted that it ended well, for then the event failed all the same. A fault that
  struck before the delivery counts if it was still felt: an entry held behind a cut link is taken over by others;
* one more for each time that its acknowledgement was lost later than the fault began, as with the side of a split brain
  on which it was: by then both sides may have handed it out, and for that the fault itself accounts.

* for each seek that went back over its entry one more, and one for each host on which it ran: it is delivered anew,
  and whoever does not know of the seek yet has handled it in vain;

While two processes have one name each of these counts twice: both take what they find under it.

A cancelled run excuses nothing: a stop or a crash that cancelled it is counted by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ..history import Destroyed, FaultStruck, History, ProcessEnded
from ..plan import CutPower, KillProcess, StartTwin, StopProcess
from ._chronicle import chronicle
from ._facts import Held, Moved
from ._runs import Of, Run, runs
from ._touch import Touch, raises_after_the_end, touches
from ._verdict import Verdict
from ._words import order

NAME = "bounded-duplicates"

GRACE_MS_MAX = 5_000.0
"""How long a process lasts at most after its stop has cancelled what outlasts the drain."""


def bounded_duplicates(history: History) -> Iterator[Verdict]:
    """An event is handled again only where something happened to it."""
    delivered = _first_deliveries(history)
    ends = tuple(history.of(ProcessEnded))
    for (_, group, event_id), found in runs(history).of_event.items():
        entries = {run.start.raw_id for run in found}
        failed = sum(run.outcome == "failed" for run in found)
        if len(found) <= len(entries) + failed:
            continue
        touched = [
            *_touched(found, delivered, touches(history), ends),
            *_taken_back(found, history),
            *_moved_back(found, history),
        ]
        if len(found) > len(entries) + failed + len(touched):
            told = f"{failed} failed and {len(touched)} faults or ends of processes touched it"
            words = f"{event_id} was handled {len(found)} times by {group}, although {told}"
            yield Verdict(NAME, words, (event_id,), _kind(found, touched))


def _touched(
    found: Sequence[Run], delivered: Mapping[Of, float], touched: Sequence[Touch], ends: Sequence[ProcessEnded]
) -> Sequence[object]:
    """What happened to an event between its first delivery and its last run's start."""
    hosts = frozenset(run.start.host for run in found)
    first, last_ms = found[0].start, found[-1].start.at_ms
    from_ms = min(first.at_ms, delivered.get((first.stream, first.group, first.raw_id), first.at_ms))
    ended = [end for end in ends if end.host in hosts and _is_within(end, found, from_ms, last_ms)]
    felt = [touch for touch in touched if _counts(touch) and touch.meets(hosts, from_ms, last_ms)]
    twins = [touch for touch in felt if isinstance(touch.struck.fault.effect, StartTwin)]
    others = [*ended, *(touch for touch in felt if touch not in twins)]
    return [*twins, *others, *(others if twins else ())]


def _taken_back(found: Sequence[Run], history: History) -> Iterator[Destroyed]:
    """Losses of an acknowledgement of this event between its runs, each later than the fault that it came from."""
    own = {(run.start.stream, run.start.group, run.start.raw_id) for run in found}
    struck_at_ms = {struck.at_ms for struck in history.of(FaultStruck)}
    for lost in history.of(Destroyed):
        is_between = found[0].start.at_ms <= lost.at_ms <= found[-1].start.at_ms
        if is_between and lost.at_ms not in struck_at_ms and not own.isdisjoint(lost.acknowledgements):
            yield lost


def _moved_back(found: Sequence[Run], history: History) -> Iterator[Moved]:
    """Seeks that went back over this event before its last run; each counts for itself, and for each host."""
    start, last = found[0].start, found[-1]
    moves = (fact for fact in chronicle(history).facts if isinstance(fact, Moved) and fact.at < last.started_at)
    for move in moves:
        if (move.stream, move.group) == (start.stream, start.group) and order(move.to) < order(start.raw_id):
            yield from [move] * (1 + len({run.start.host for run in found}))


def _is_within(end: ProcessEnded, found: Sequence[Run], from_ms: float, to_ms: float) -> bool:
    """Whether a process that ended may have left the event unsettled in this time."""
    if end.how not in {"stopped", "finished"}:
        return from_ms <= end.at_ms <= to_ms
    own = [run for run in found if run.start.host == end.host and run.start.at_ms <= end.at_ms]
    cut_at_ms = [
        end.at_ms if run.end is None or end.at_ms - run.end.at_ms > GRACE_MS_MAX else run.end.at_ms
        for run in own
        if run.outcome in {"cancelled", "open"}
    ]
    return any(from_ms <= at_ms <= to_ms for at_ms in cut_at_ms)


def _counts(touch: Touch) -> bool:
    effect = touch.struck.fault.effect
    if effect.strikes == "handler":
        return raises_after_the_end(touch)
    return not isinstance(effect, KillProcess | CutPower | StopProcess)


def _kind(found: Sequence[Run], touched: Sequence[object]) -> str:
    beside = any(
        later.started_at < (earlier.ended_at if earlier.ended_at is not None else later.started_at + 1)
        for earlier, later in pairwise(found)
    )
    return ("beside each other" if beside else "one after the other") + (", touched" if touched else "")


def _first_deliveries(history: History) -> Mapping[Of, float]:
    first: dict[Of, float] = {}
    for fact in chronicle(history).facts:
        if isinstance(fact, Held):
            first.setdefault((fact.stream, fact.group, fact.raw_id), fact.at_ms)
    return first
