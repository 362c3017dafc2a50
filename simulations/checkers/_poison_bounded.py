"""`poison-bounded`: an event that always fails is dead-lettered after N deliveries, and no healthy one ever is.

Eight things are judged. In each group with a limit N no event fails in more than N runs, nor is one begun at a later
delivery; none that can be decoded is dead-lettered before N of its runs ended badly (failed, or never ended: their
process died); and at the end of a live run none that failed N times is still pending. Failures by which a `Dependency`
is told to be away are none of these N; where an event has no others it is not dead-lettered unless another one
succeeded between the last two of them, or Redis could not be told that the last one does not count. What is handed back
and no handler had begun, in its first delivery, counts as never delivered. While Redis refuses
dead letters for good, what is handled is acknowledged all the same. And who told that a dependency is away
begins one handler at a time until it is back. What waits for a retry is delivered to nobody before its time (see
`_waiting`). The limit counts anew

* after each fault that takes delivery counts away with it: a failover, a power loss, a lost group, a lost stream;
* for each seek that went back over the event: it is delivered anew;
* for each twin: two processes with one consumer name may begin one delivery both.

A delivery that was counted without a run is excused where nobody could help it: the first one, which the read counts,
and one whose handler was about to begin (`begin`) when its process died or lost the entry. So is a run that was
cancelled and could not be handed back, or was the first: that stays counted once it has begun. An event that can't be
decoded is dead-lettered at once, which is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ...actors import DependencyAway, DependencyBack
from ..history import Applied, FaultStruck, HandlerEnded, HandlerStarted, History, ProcessEnded, Sent, Told
from ..plan import (
    CrashServer,
    DeleteStream,
    DestroyGroup,
    FailOver,
    LosePower,
    PauseProcess,
    RestartEmpty,
    StartTwin,
)
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried, Held, Moved
from ._runs import Of, Run, publications, runs
from ._verdict import Checker, Verdict
from ._waiting import delivered_early
from ._words import number, order, retry_count, script_arguments, text

NAME = "poison-bounded"


def poison_bounded_by(deliveries_max: int) -> Checker:
    """The promise for groups with this delivery limit, whatever they say themselves."""

    def check(history: History) -> Iterator[Verdict]:
        yield from _too_often(history, deliveries_max)
        yield from _too_soon(history, deliveries_max)

    return check


def poison_bounded(history: History) -> Iterator[Verdict]:
    """The promise for each group with the limit that it has."""
    yield from _too_often(history, None)
    yield from _too_soon(history, None)
    yield from _by_an_outage(history)
    yield from _not_paused(history)
    yield from _used_up(history)
    yield from _held_up(history)
    yield from _too_early(history)


def _limit(found: Sequence[Run], said: int | None) -> int | None:
    return said if said is not None else next((run.start.deliveries_max for run in found), None)


def _too_often(history: History, said: int | None) -> Iterator[Verdict]:
    faults = sum(isinstance(each.fault.effect, _COUNTS_ANEW) for each in history.of(FaultStruck))
    buried = {(fact.stream, fact.group, fact.raw_id) for fact in chronicle(history).facts if isinstance(fact, Buried)}
    pending = {(state.stream, state.group, raw_id) for state in history.groups for raw_id, *_ in state.pending}
    for of, found in runs(history).of_entry.items():
        failed, event_id = _bad(found, only_failed=True), found[0].start.event_id
        most = _limit(found, said)
        if most is None:
            continue
        last = max(run.start.delivery for run in found)
        again = faults + _moved_back(history, of)
        if last > most:
            words = f"{event_id} was begun at delivery {last} in {of[1]}, although {most} are the limit"
            yield Verdict(NAME, words, (event_id,), "begun")
        elif failed > most * (1 + again):
            words = f"{event_id} failed {failed} times in {of[1]}, although {most} deliveries are the limit"
            yield Verdict(NAME, words, (event_id,), "unbounded")
        elif history.live and failed >= most * (1 + again) and of in pending and of not in buried:
            words = f"{event_id} failed {failed} times in {of[1]} and is not in the dead letters"
            yield Verdict(NAME, words, (event_id,), "not buried")


_COUNTS_ANEW = (FailOver, LosePower, CrashServer, DestroyGroup, DeleteStream, RestartEmpty, StartTwin)


def _moved_back(history: History, of: Of) -> int:
    """Seeks that went back over an entry."""
    moves = (fact for fact in chronicle(history).facts if isinstance(fact, Moved))
    return sum((move.stream, move.group) == of[:2] and order(move.to) < order(of[2]) for move in moves)


def _too_soon(history: History, said: int | None) -> Iterator[Verdict]:
    published = publications(history).begun
    undecodable = {key for key, begun in published.items() if any(each.undecodable for each in begun)}
    ran, counted = runs(history).of_entry, _counted(history)
    raw_ids = {(fact.stream, fact.raw_id): fact for fact in chronicle(history).facts if isinstance(fact, Buried)}
    for (stream, raw_id), fact in raw_ids.items():
        of = (stream, fact.group, raw_id)
        found = [run for run in ran.get(of, ()) if run.started_at < fact.at]
        event_id = found[0].start.event_id if found else _event_id(history, stream, raw_id)
        most = _limit(found, said) if found else said or 1
        bad = _bad(found, only_failed=False)
        excused = len(_unrun(found, counted.get(of, {}))) + _cut(history, of, found)
        if most is not None and bad + excused < most and event_id and (stream, event_id) not in undecodable:
            words = f"{event_id} ({text(raw_id)}) went to the dead letters of {fact.group} after {bad} failed runs"
            yield Verdict(NAME, words, (event_id,), "healthy" if not bad else "too soon")


def _by_an_outage(history: History) -> Iterator[Verdict]:
    """Events that were given up although nothing but the absence of a dependency was wrong with them."""
    done = [(run.start.stream, run.start.group, run.ended_at) for run in runs(history).all if run.outcome == "done"]
    for fact in chronicle(history).facts:
        if not isinstance(fact, Buried):
            continue
        of = (fact.stream, fact.group, fact.raw_id)
        found = [run for run in runs(history).of_entry.get(of, ()) if run.started_at < fact.at]
        if len(found) < 2 or not all(map(_is_away, found)):
            continue
        since, until = found[-2].started_at, found[-1].ended_at or fact.at
        if not _was_told(history, of, until, fact.at):
            continue
        if not any(each[:2] == of[:2] and each[2] is not None and since < each[2] < until for each in done):
            event_id = found[0].start.event_id
            words = f"{event_id} ({text(fact.raw_id)}) went to the dead letters of {fact.group} by an outage alone"
            yield Verdict(NAME, words, (event_id,), "outage")


def _was_told(history: History, of: Of, since: int, until: int) -> bool:
    """Whether Redis could hear that a delivery does not count before somebody else took the entry over."""
    held = [each for each in chronicle(history).facts if isinstance(each, Held) and since < each.at < until]
    how = {each.how for each in held if (each.stream, each.group, each.raw_id) == of}
    return "delivered" not in how or not how.isdisjoint({"handed back", "delayed"})


def _not_paused(history: History) -> Iterator[Verdict]:
    """Handlers that were begun while consumption was paused, beside the one that was tried."""
    tried: dict[tuple[str, str, str], set[int]] = {}
    for record in history.records:
        match record:
            case Told(event=DependencyAway() as paused):
                tried[record.host, paused.stream, paused.group] = set()
            case Told(event=DependencyBack() as resumed):
                tried.pop((record.host, resumed.stream, resumed.group), None)
            case ProcessEnded():
                tried = {key: found for key, found in tried.items() if key[0] != record.host}
            case HandlerEnded():
                tried.get((record.host, record.stream, record.group), set[int]()).discard(record.run)
            case HandlerStarted():
                begun = tried.get((record.host, record.stream, record.group))
                if begun:
                    words = f"{record.host} began {record.event_id} beside another one, while {record.group} is paused"
                    yield Verdict(NAME, words, (record.event_id,), "not paused")
                if begun is not None:
                    begun.add(record.run)
            case _:
                pass


def _used_up(history: History) -> Iterator[Verdict]:
    """First deliveries that were handed back unbegun, and stay counted."""
    begun, delivered = set[Of](), Counter[Of]()
    for place, record in enumerate(history.records):
        if isinstance(record, HandlerStarted):
            begun.add((record.stream, record.group, record.raw_id))
        if not isinstance(record, Applied):
            continue
        for fact in chronicle(history).by_place.get(place, ()):
            if not isinstance(fact, Held):
                continue
            of = (fact.stream, fact.group, fact.raw_id)
            delivered[of] += fact.how == "delivered"
            is_first = delivered[of] == 1 and of not in begun
            if fact.how == "handed back" and is_first and retry_count(record.words):
                event_id = fact.entry.event_id if fact.entry is not None else ""
                who = f"{event_id or 'an entry'} ({text(fact.raw_id)})"
                words = f"{who} was handed back by {fact.consumer} unbegun, and counts as delivered to {fact.group}"
                yield Verdict(NAME, words, (event_id,) if event_id else (), "used up")


HELD_UP_MS = 5000.0
"""From the end of a handler to its acknowledgement at most, while letters are refused and nothing else is wrong."""


def _held_up(history: History) -> Iterator[Verdict]:
    """Events that were handled by who had letters refused, and not acknowledged soon."""
    effects = [each.fault.effect for each in history.of(FaultStruck)]
    if any(effect.strikes in {"link", "server"} or isinstance(effect, PauseProcess) for effect in effects):
        return  # What kept the letter from being written may have kept the acknowledgement, too.
    refused = _refused(history)
    facts = (fact for fact in chronicle(history).facts if isinstance(fact, Acknowledged)) if refused else ()
    settled = {(fact.stream, fact.group, fact.raw_id): fact.at_ms for fact in facts}
    for of, found in runs(history).of_entry.items() if refused else ():
        host, end, event_id = found[-1].start.host, found[-1].end, found[-1].start.event_id
        if end is None or end.outcome != "done":
            continue
        ended = [it.at_ms for it in history.of(ProcessEnded) if it.host == host and it.at_ms >= end.at_ms]
        until_ms = min([settled.get(of, history.records[-1].at_ms), *ended])
        if until_ms > end.at_ms + HELD_UP_MS and refused.get((host, *of[:2]), until_ms) < until_ms:
            words = f"{event_id} was handled by {host}, and not acknowledged while a dead letter was refused"
            yield Verdict(NAME, words, (event_id,), "held up")


def _refused(history: History) -> Mapping[tuple[str, str, str], float]:
    """When letters were refused first for good, by host, stream and group."""
    found: dict[tuple[str, str, str], float] = {}
    for sent in history.of(Sent):
        if sent.action == "dead_letter" and (sent.reply or b"").startswith((b"-WRONGTYPE", b"-NOPERM")):
            stream, group = text(sent.words[3]), text(script_arguments(sent.words)[0])
            found.setdefault((sent.host, stream, group), sent.at_ms)
    return found


def _counted(history: History) -> Mapping[Of, Mapping[int, int]]:
    """The deliveries of each entry that were counted because a handler was to begin, and where they were last."""
    found: dict[Of, dict[int, int]] = {}
    for place, sent in enumerate(history.records):
        if isinstance(sent, Sent) and sent.action == "begin":
            stream, (group, _, *pairs) = text(sent.words[3]), script_arguments(sent.words)
            for raw_id, deliveries in zip(pairs[::2], pairs[1::2], strict=True):
                found.setdefault((stream, text(group), raw_id), {})[number(deliveries)] = place
    return found


def _unrun(found: Sequence[Run], counted: Mapping[int, int]) -> set[int]:
    """Deliveries that were counted, and of which no run came; of one that was taken back, none since it was counted."""
    ran = {run.start.delivery: run.started_at for run in found}
    return {deliveries for deliveries, place in {1: -1, **counted}.items() if ran.get(deliveries, -2) < place}


def _bad(found: Sequence[Run], *, only_failed: bool) -> int:
    # One that ended well counts too where it was buried later: nobody heard of it, its process died.
    bad = {"failed"} if only_failed else {"failed", "open", "done"}
    return sum(run.outcome in bad and not (only_failed and _is_away(run)) for run in found)


def _is_away(run: Run) -> bool:
    return run.end is not None and run.end.away


def _cut(history: History, of: Of, found: Sequence[Run]) -> int:
    """Runs that were cancelled and that no hand-back took off: Redis was away, or an actor had crashed."""
    cancelled = [run for run in found if run.outcome == "cancelled"]
    facts = chronicle(history).facts if cancelled else ()
    back = [fact for fact in facts if isinstance(fact, Held) and fact.how == "handed back"]
    left = {fact.at: _left(history, fact) for fact in back if (fact.stream, fact.group, fact.raw_id) == of}
    return sum(
        not any(at > run.started_at and deliveries < run.start.delivery for at, deliveries in left.items())
        for run in cancelled
    )


def _left(history: History, back: Held) -> int:
    """So many deliveries stay counted of what was handed back."""
    record = history.records[back.at]
    return retry_count(record.words) if isinstance(record, Applied) else 0


def _event_id(history: History, stream: str, raw_id: bytes) -> str:
    ends = publications(history).ended.items()
    return next((key[1] for key, ended in ends if key[0] == stream and any(e.raw_id == raw_id for e in ended)), "")


def _too_early(history: History) -> Iterator[Verdict]:
    for early in delivered_early(history):
        held, event_id = early.held, "" if early.held.entry is None else early.held.entry.event_id
        what = f"{event_id or 'an entry'} ({text(held.raw_id)} of {held.stream})"
        words = f"{what} was to wait until {early.due_ms:.0f} ms, and {held.consumer} got it at {held.at_ms:.0f} ms"
        yield Verdict(NAME, words, (event_id,) if event_id else (), "early")
