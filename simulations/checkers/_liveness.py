"""`liveness`: when faults stop, the pending list empties and lag reaches 0 within the bound.

The world waits for it and says in `History.live` whether it came about; this says what still waits, and why. Excused is

* an event of which the plan says that it always fails, where there is no limit of deliveries: it was tried after the
  faults had ended, so somebody takes care of it;
* everything, if all processes that consume are broken for good: then nobody is left;
* where nobody reclaims, what a late read of a process brought that had ended: its successor may have looked before.

Handlers that hang do so until the faults end. Hosts that are broken for good excuse nothing else: what they held is to
be taken over.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...actors import ChildStarted
from ..history import GroupState, History, ProcessEnded, ProcessStarted, Told
from ._chronicle import chronicle
from ._readers import was_read_by_the_dead
from ._runs import publications, runs
from ._verdict import Verdict
from ._words import named, text

NAME = "liveness"

SHOWN = 5
"""Entries in a verdict: enough to see what they have in common."""


def liveness(history: History) -> Iterator[Verdict]:
    """Everything is settled in the end."""
    if history.live:
        return
    excused, anything = False, False
    for state in history.groups:
        waiting = [(raw_id, _why(history, consumer, count)) for raw_id, consumer, count in state.pending]
        waiting += [(raw_id, "was never delivered") for raw_id in state.unread]
        owed = [each for each in waiting if not _is_excused(history, state, each[0])]
        anything = anything or bool(owed)
        excused = excused or len(owed) < len(waiting)
        if owed:
            yield _verdict(history, state, owed)
    if not anything and not excused:
        words = "what waited was settled only after the bound, when the processes were stopped"
        yield Verdict(NAME, words, (), "late")


def _verdict(history: History, state: GroupState, owed: list[tuple[bytes, str]]) -> Verdict:
    ids = [_event_id(history, state.stream, raw_id) for raw_id, _ in owed]
    told = [f"{event_id or text(raw_id)} {why}" for event_id, (raw_id, why) in zip(ids, owed, strict=True)]
    more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    many = f"{len(told)} {'entry waits' if len(told) == 1 else 'entries wait'}"
    words = f"long after the faults had ended {many} for {state.group} in {state.stream}: {'; '.join(told[:SHOWN])}"
    kind = "unread" if len(state.unread) == len(owed) else "pending"
    return Verdict(NAME, words + more, tuple(each for each in ids if each), kind)


def _why(history: History, consumer: bytes, count: int) -> str:
    name = text(consumer)
    hosts = [host for host, names in chronicle(history).names.items() if name in names]
    runs_there = any(_runs_at_the_end(history, host) for host in hosts)
    return f"is pending under {name}, {'which runs' if runs_there else 'which is gone'}, after {count} deliveries"


def _runs_at_the_end(history: History, host: str) -> bool:
    """Whether a process runs there when everything is stopped."""
    runs_now = False
    for record in history.records:
        if isinstance(record, ProcessStarted) and record.host == host:
            runs_now = True
        elif isinstance(record, ProcessEnded) and record.host == host and record.how not in {"stopped", "finished"}:
            runs_now = False
    return runs_now


def _is_excused(history: History, state: GroupState, raw_id: bytes) -> bool:
    if _nobody_is_left(history):
        return True
    if raw_id in state.unread:
        return False
    if not _somebody_reclaims(history) and was_read_by_the_dead(history, (state.stream, state.group, raw_id)):
        return True
    event_id = _event_id(history, state.stream, raw_id)
    planned = publications(history).begun.get((state.stream, event_id), ())
    healed_ms = history.healed_at_ms or 0.0
    tried = runs(history).of_entry.get((state.stream, state.group, raw_id), ())
    endless = any(run.start.deliveries_max is None for run in tried)
    late = any(run.start.at_ms >= healed_ms for run in tried)
    return endless and late and any(each.fails < 0 for each in planned)


def _nobody_is_left(history: History) -> bool:
    """Whether every host that ever consumed is broken for good."""
    consumers = set(chronicle(history).names)
    return bool(consumers) and consumers <= set(history.plan.broken_for_good)


def _somebody_reclaims(history: History) -> bool:
    return any(
        isinstance(told.event, ChildStarted) and told.event.path.endswith("/reclaimer") for told in history.of(Told)
    )


def _event_id(history: History, stream: str, raw_id: bytes) -> str:
    fields = dict(history.streams.get(stream, ())).get(raw_id, ())
    return text(named(fields).get(b"event_id", b""))
