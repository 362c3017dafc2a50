"""`at-most-once`: in a group that acknowledges before it handles, no event begins twice, and what is lost was in hand.

Four things are judged, in those groups alone.

* No entry has two runs, over all processes. It is excused where the server lost the acknowledgement, by name, where two
  servers had the entry and each has one, where a seek went back over it, or where its group was made again.
* What was acknowledged and has no run that ended well or failed is explained: it was told as dropped (`EventsDropped`),
  or the process that acknowledged it was killed later. It is excused if it is in the dead letters, if its body was
  gone, or if it came from nobody of the application; and if it was acknowledged by a command that a process had on its
  way when it was killed.
* What is dropped was not just asked for twice: where it was acknowledged, and the same is said once more on that
  connection, the first answer has come. A connection whose answers do not come is not used any more. It is excused
  where an actor crashed.
* Who is killed takes along no more of those than it may have in hand (`AcknowledgesFirst`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from attrs import define, field

from ...actors import ChildCrashed, EventsDropped
from ..history import Destroyed, History, ProcessEnded, Sent, Told
from ._chronicle import chronicle
from ._facts import Acknowledged, Began, Buried, Fact, Moved
from ._modes import in_hand_max
from ._runs import Of, Run, runs
from ._verdict import Verdict
from ._words import order, text

NAME = "at-most-once"


def at_most_once(history: History) -> Iterator[Verdict]:
    """Nothing begins twice, and what is lost is known."""
    once = in_hand_max(history)
    if once:
        yield from _begun_twice(history, once)
        yield from _lost(history, once)
        yield from _dropped_for_nothing(history)


def _begun_twice(history: History, once: Mapping[tuple[str, str], int]) -> Iterator[Verdict]:
    for of, found in runs(history).of_entry.items():
        for first, second in pairwise(found):
            if of[:2] in once and _same(first, second) and not _is_delivered_anew(history, of, first, second):
                event_id, hosts = first.start.event_id, f"{first.start.host}, and by {second.start.host}"
                words = f"{event_id} ({text(of[2])} of {of[0]}) was begun for {of[1]} by {hosts}"
                yield Verdict(NAME, words, (event_id,), "begun twice")


def _same(first: Run, second: Run) -> bool:
    return first.start.event_id == second.start.event_id


def _is_delivered_anew(history: History, of: Of, first: Run, second: Run) -> bool:
    if any(_takes_back(fact, of) for fact in chronicle(history).facts if fact.at < second.started_at):
        return True
    servers = {fact.server for fact in chronicle(history).facts if isinstance(fact, Acknowledged) and _of(fact) == of}
    if len(servers) > 1:
        return True
    between = history.records[first.started_at : second.started_at]
    return any(isinstance(record, Destroyed) and of in record.acknowledgements for record in between)


def _of(fact: Acknowledged | Buried) -> Of:
    return fact.stream, fact.group, fact.raw_id


def _takes_back(fact: Fact, of: Of) -> bool:
    match fact:
        case Began(first=False):
            return (fact.stream, fact.group) == of[:2]
        case Moved():
            return (fact.stream, fact.group) == of[:2] and order(fact.to) < order(of[2])
        case _:
            return False


@define
class _Hand:
    """What the processes of one host have acknowledged since the last one started, and not handled to its end.

    Attributes:
        left: each with its event; those that it told as dropped are not among them.
        dropped: those, also when Redis acknowledged them only later.
        connections: of the process that lives.
        dead: of those that have ended.
    """

    left: dict[Of, str] = field(factory=dict[Of, str])
    dropped: set[Of] = field(factory=set[Of])
    connections: set[int] = field(factory=set[int])
    dead: set[int] = field(factory=set[int])


def _lost(history: History, once: Mapping[tuple[str, str], int]) -> Iterator[Verdict]:
    hands: dict[str, _Hand] = {}
    ended = {run.ended_at: run for run in runs(history).all if run.outcome in {"done", "failed"}}
    told, buried = chronicle(history), set[Of]()
    for place, record in enumerate(history.records):
        hand = hands.setdefault(record.host, _Hand())
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Buried):
                buried.add(_of(fact))
            elif isinstance(fact, Acknowledged) and fact.was_there and fact.was_pending:
                _note(hands, once, buried, fact, getattr(record, "client", 0))
        if place in ended:
            start = ended[place].start
            hand.left.pop((start.stream, start.group, start.raw_id), None)
        match record:
            case Sent():
                hand.connections.add(record.client)
            case Told(event=EventsDropped() as event):
                for of in [(event.stream, event.group, raw_id) for raw_id in event.raw_ids]:
                    hand.dropped.add(of)
                    hand.left.pop(of, None)
            case ProcessEnded():
                yield from _ended(record, once, hand.left)
                hand.left.clear()
                hand.dropped.clear()
                hand.dead |= hand.connections
                hand.connections = set()
            case _:
                pass


def _note(
    hands: dict[str, _Hand],
    once: Mapping[tuple[str, str], int],
    buried: set[Of],
    fact: Acknowledged,
    client: int,
) -> None:
    of, hand = _of(fact), hands.setdefault(fact.by, _Hand())
    if fact.by and of[:2] in once and of not in buried | hand.dropped and client not in hand.dead:
        hand.left[of] = "" if fact.entry is None else fact.entry.event_id


def _ended(record: ProcessEnded, once: Mapping[tuple[str, str], int], left: Mapping[Of, str]) -> Iterator[Verdict]:
    if record.how in {"stopped", "finished"}:
        for of, event_id in left.items():
            what = f"{event_id} ({text(of[2])} of {of[0]})"
            words = f"{record.host} acknowledged {what} for {of[1]}, did not handle it, and did not say so"
            yield Verdict(NAME, words, (event_id,) if event_id else (), "lost in silence")
        return
    for group, most in once.items():
        taken: Sequence[str] = [event_id for of, event_id in left.items() if of[:2] == group]
        if len(taken) > most:
            words = f"{record.host} ended ({record.how}) with {len(taken)} events of {group[0]}, and may have {most}"
            yield Verdict(NAME, words, tuple(filter(None, taken)), "too many")


def _dropped_for_nothing(history: History) -> Iterator[Verdict]:
    told, times = chronicle(history), dict[tuple[int, bytes], int]()
    by: dict[tuple[str, Of], int] = {}
    for place, record in enumerate(history.records):
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Acknowledged) and fact.was_pending:
                by[fact.by, _of(fact)] = client = getattr(record, "client", 0)
                times[client, fact.raw_id] = 0  # Its own record comes behind what it did.
        match record:
            case Sent(client=client, action="settle", words=words):
                times.update({(client, word): times[client, word] + 1 for word in words if (client, word) in times})
            case Told(host=host, event=ChildCrashed()):
                by = {key: client for key, client in by.items() if key[0] != host}
            case Told(host=host, event=EventsDropped() as event):
                for raw_id in event.raw_ids:
                    client = by.get((host, (event.stream, event.group, raw_id)), 0)
                    if times.get((client, raw_id), 0) > 1:
                        in_words = f"{host} acknowledged {text(raw_id)} of {event.stream}, heard of it, and dropped it"
                        yield Verdict(NAME, in_words, (), "dropped for nothing")
            case _:
                pass
