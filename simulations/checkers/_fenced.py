"""`fenced`: who lost an entry can't acknowledge it, has it not back by renewing it, and does not begin it.

At each XACK that took effect the entry was pending under the name in which it was acknowledged; where the command names
none, under one that its host used. What renews, delays or hands back leaves alone what is pending under another name.
No handler begins on an entry that was last delivered to somebody else, and one that runs on it when its consumer tells
that it is lost is cancelled within `TOLD_MS`, unless it is to finish (`on_lease_lost`, or a plain function). It is
excused

* where the owner is not known: a fault took the server back in time, and nobody has claimed the entry since;
* if it was not pending at all: then the XACK did nothing;
* after a dead letter of the same host: a letter too large for a script goes as a transaction (documented);
* if it came from nobody of the application;
* between two processes of one name: Redis can't tell them apart;
* to begin an entry after a fault that made the server forget whose it is, or how long it was idle: what took it back in
  time, a lost stream or group, a clock that jumped;
* to go on with what is lost while the process stands still.

That the effects of a handler outside of Redis are undone is not promised, and not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...actors import LeaseLost
from ..history import FaultStruck, HandlerStarted, History, ProcessEnded, Told
from ..plan import CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, PauseProcess, RestartEmpty, ShiftClock
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried, Held, Moved
from ._runs import Of, Run, runs
from ._verdict import Verdict
from ._words import text

NAME = "fenced"

TOLD_MS = 1000.0
"""A cancelled handler gets to its next checkpoint at once, but for what it does meanwhile, and for a busy machine."""


def fenced(history: History) -> Iterator[Verdict]:
    """Only its owner begins, renews and acknowledges an entry, and who lost it is told."""
    yield from _acknowledged(history)
    yield from _kept(history)
    yield from _begun(history)
    yield from _told(history)


def _kept(history: History) -> Iterator[Verdict]:
    for fact in chronicle(history).facts:
        if isinstance(fact, Held) and fact.how != "delivered" and fact.former not in {None, "", fact.consumer}:
            words = f"{fact.consumer} {fact.how} {_who(fact)}, which belonged to {fact.former}, and has it now"
            yield Verdict(NAME, words, _events(fact), fact.how)


_FORGETS = (CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty, ShiftClock)


def _begun(history: History) -> Iterator[Verdict]:
    told, owners = chronicle(history), dict[Of, Held]()
    for place, record in enumerate(history.records):
        if isinstance(record, FaultStruck) and isinstance(record.fault.effect, _FORGETS):
            return
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Moved):
                return
            if isinstance(fact, Held):
                owners[fact.stream, fact.group, fact.raw_id] = fact
        if isinstance(record, HandlerStarted):
            held = owners.get((record.stream, record.group, record.raw_id))
            if held is not None and held.consumer not in told.names.get(record.host, frozenset()):
                words = f"{record.host} began {_who(held)}, which it had lost to {held.consumer}"
                yield Verdict(NAME, words, _events(held), "begun")


def _told(history: History) -> Iterator[Verdict]:
    told, owners = chronicle(history), dict[Of, Held]()
    for place, record in enumerate(history.records):
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Held):
                owners[fact.stream, fact.group, fact.raw_id] = fact
        if not isinstance(record, Told) or not isinstance(record.event, LeaseLost):
            continue
        for raw_id in record.event.raw_ids:
            held = owners.get((record.event.stream, record.event.group, raw_id))
            if held is not None and held.consumer not in told.names.get(record.host, frozenset()):
                for run in _goes_on(history, place, record, held):
                    words = f"{record.host} told that {_who(held)} is lost, and run {run.start.run} went on"
                    yield Verdict(NAME, words, _events(held), "not told")


def _goes_on(history: History, place: int, record: Told, held: Held) -> Iterator[Run]:
    """The runs of this host on an entry that go on although it told that the entry is lost."""
    until = record.at_ms + TOLD_MS
    if history.records[-1].at_ms <= until:
        return
    for run in runs(history).of_entry.get((held.stream, held.group, held.raw_id), ()):
        begun = run.start.host == record.host and run.started_at < place and not run.start.finishes
        goes_on = run.end is None or run.end.at_ms > until
        if begun and goes_on and not _is_excused(history, place, run):
            yield run


def _is_excused(history: History, place: int, run: Run) -> bool:
    """Whether its process stood still meanwhile, or ended."""
    host = run.start.host
    for record in history.records[place : run.ended_at]:
        if isinstance(record, ProcessEnded) and record.host == host:
            return True
        if isinstance(record, FaultStruck) and isinstance(record.fault.effect, PauseProcess) and record.host == host:
            return True
    return False


def _who(fact: Held | Acknowledged) -> str:
    event_id = "" if fact.entry is None else fact.entry.event_id
    return f"{event_id or 'an entry'} ({text(fact.raw_id)} of {fact.stream})"


def _events(fact: Held | Acknowledged) -> tuple[str, ...]:
    return (fact.entry.event_id,) if fact.entry is not None and fact.entry.event_id else ()


def _acknowledged(history: History) -> Iterator[Verdict]:
    told = chronicle(history)
    buried: set[tuple[str, str, str, bytes]] = set()
    had: set[tuple[str, str, str, bytes]] = set()
    for fact in told.facts:
        if isinstance(fact, Buried):
            buried.add((fact.by, fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Held):
            had.add((fact.consumer, fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Acknowledged) and fact.by and fact.was_pending and fact.owner is not None:
            names = told.names.get(fact.by, frozenset({fact.by})) if fact.consumer is None else {fact.consumer}
            of = (fact.stream, fact.group, fact.raw_id)
            if fact.owner not in names and (fact.by, *of) not in buried:
                yield _verdict(fact, lost=any((name, *of) in had for name in names))


def _verdict(fact: Acknowledged, *, lost: bool) -> Verdict:
    words = f"{fact.by} acknowledged {_who(fact)}, which {'it had lost to' if lost else 'belongs to'} {fact.owner}"
    return Verdict(NAME, words, _events(fact), "lost" if lost else "never had")
