"""`bounded-memory`: a consumer holds at most `prefetch` entries, from the read until they are settled.

Counted is what a consumer certainly holds: what was delivered to it and not yet acknowledged, handed back, given up
after a failure, lost to somebody else, or deleted. Since the server can't know what a consumer knows,

* what was delivered while a fault was felt by its host does not count: the reply may be lost, and then the consumer may
  read others before it finds these;
* when a fault strikes, or destroys something later, as the end of a split brain does, or its process ends, it is taken
  to hold nothing;
* what it says that it lost it has given up, though nobody may have taken it: after a seek it finds that again;
* when a verdict of its is refused, since the group began another history, or an actor of its process crashes, which
  may be long after the fault struck, it is taken to hold nothing, and what comes on what it had asked for before it
  leaves to its recovery;
* but what it renews, it holds: so the count is right again after a quarter of the lease. A renewal that a process had
  on its way when it ended says nothing of the next one of its name.

Where two processes share a name, each may hold so many. The limits of mailboxes leave no trace in a history: they are
proven where mailboxes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field

from ...actors import ChildCrashed, LeaseLost
from ...runtime import GroupOptions
from ..history import Applied, Destroyed, FaultStruck, HandlerEnded, History, ProcessEnded, Record, Sent, Told
from ._chronicle import chronicle
from ._facts import Acknowledged, Fact, Held, Moved, Removed
from ._runs import Of
from ._touch import AFTERMATH_MS, Touch, touches
from ._verdict import Verdict

NAME = "bounded-memory"

Whose = tuple[str, str, str]
"""Stream, group and consumer."""


@define
class _Hands:
    """What consumers hold."""

    held: dict[Whose, dict[bytes, None]] = field(factory=dict[Whose, "dict[bytes, None]"])
    owner: dict[Of, Whose] = field(factory=dict[Of, Whose])
    given_up: set[Of] = field(factory=set[Of])
    unsure_until: dict[str, float] = field(factory=dict[str, float])
    """To when a read may answer that a host had asked for in a former history."""
    connections: dict[str, set[int]] = field(factory=dict[str, "set[int]"])
    """Those of each host whose process lives."""
    dead: set[int] = field(factory=set[int])
    """Connections of processes that have ended; what they had on its way may arrive later."""

    def take(self, of: Of, consumer: str) -> int:
        """A consumer has an entry; returns how many it has now."""
        self.drop(of)
        whose = (of[0], of[1], consumer)
        held = self.held.setdefault(whose, {})
        held[of[2]] = None
        self.owner[of] = whose
        return len(held)

    def drop(self, of: Of) -> None:
        """Nobody has it any more."""
        whose = self.owner.pop(of, None)
        if whose is not None:
            self.held.get(whose, {}).pop(of[2], None)

    def lose(self, every: Iterable[Of], names: frozenset[str]) -> None:
        """Nobody of these names has them any more."""
        for of in every:
            if self.owner.get(of, ("", "", ""))[2] in names:
                self.drop(of)

    def empty(self, names: frozenset[str] | None) -> None:
        """These consumers, or all, may hold nothing."""
        for whose, held in self.held.items():
            if names is None or whose[2] in names:
                for raw_id in held:
                    self.owner.pop((whose[0], whose[1], raw_id), None)
                held.clear()


def bounded_memory(history: History) -> Iterator[Verdict]:
    """Nobody takes more than fits."""
    shape, told = history.plan.shape, chronicle(history)
    places = GroupOptions(concurrency=shape.concurrency, prefetch=shape.prefetch).places
    hands, found = _Hands(), set[Whose]()
    for place, record in enumerate(history.records):
        _look_at(history, hands, record)
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Held) and isinstance(record, Applied) and record.client in hands.dead:
                hands.drop((fact.stream, fact.group, fact.raw_id))
                continue
            held = _take(history, hands, fact)
            if isinstance(fact, Held):
                whose = (fact.stream, fact.group, fact.consumer)
                sharing = sum(fact.consumer in names for names in told.names.values())
                if held > places * max(1, sharing) and whose not in found:
                    found.add(whose)
                    words = (
                        f"{fact.consumer} held {held} entries of {fact.stream} for {fact.group}; prefetch is {places}"
                    )
                    yield Verdict(NAME, words, _events(fact), "prefetch")


def _look_at(history: History, hands: _Hands, record: Record) -> None:
    names = chronicle(history).names
    match record:
        case FaultStruck():
            host = record.fault.when.host
            hands.empty(names.get(host) if host and record.fault.effect.strikes != "server" else None)
        case Destroyed():
            hands.empty(None)
        case Sent():
            hands.connections.setdefault(record.host, set()).add(record.client)
            if record.reply is not None and record.reply.startswith(b"-HISTORY"):
                _begin_anew(hands, names, record)
        case Told(event=ChildCrashed()):
            _begin_anew(hands, names, record)
        case ProcessEnded():
            hands.empty(names.get(record.host, frozenset()))
            hands.dead |= hands.connections.pop(record.host, set())
        case Told(event=LeaseLost() as lost):
            every = [(lost.stream, lost.group, raw_id) for raw_id in lost.raw_ids]
            hands.lose(every, names.get(record.host, frozenset()))
        case HandlerEnded(outcome="failed"):
            of = (record.stream, record.group, record.raw_id)
            hands.drop(of)
            hands.given_up.add(of)
        case _:
            pass


def _begin_anew(hands: _Hands, names: Mapping[str, frozenset[str]], record: Sent | Told) -> None:
    """What the consumers of a process have asked for may still come, and they will not know of it at first."""
    hands.empty(names.get(record.host, frozenset()))
    hands.unsure_until[record.host] = record.at_ms + AFTERMATH_MS


def _take(history: History, hands: _Hands, fact: Fact) -> int:
    """Note what a fact changes; returns how much its consumer holds then."""
    match fact:
        case Held():
            of = (fact.stream, fact.group, fact.raw_id)
            if fact.how == "delivered":
                hands.given_up.discard(of)
            certain = fact.how == "renewed" or (fact.how == "delivered" and not _is_felt(history, hands, fact))
            if certain and of not in hands.given_up:
                return hands.take(of, fact.consumer)
            hands.drop(of)
        case Acknowledged():
            hands.drop((fact.stream, fact.group, fact.raw_id))
        case Removed():
            for of in [of for of in hands.owner if of[0] == fact.stream and of[2] == fact.raw_id]:
                hands.drop(of)
        case Moved():
            # It may have given up what it held, and found it again; what is delivered from now on is counted.
            for of in [of for of in hands.owner if of[:2] == (fact.stream, fact.group)]:
                hands.drop(of)
        case _:
            pass
    return 0


def _is_felt(history: History, hands: _Hands, fact: Held) -> bool:
    names = chronicle(history).names
    hosts = frozenset(host for host, used in names.items() if fact.consumer in used)
    if any(hands.unsure_until.get(host, 0.0) >= fact.at_ms for host in hosts):
        return True
    return any(_matters(touch) and touch.meets(hosts, fact.at_ms, fact.at_ms) for touch in touches(history))


def _matters(touch: Touch) -> bool:
    return touch.struck.fault.effect.strikes != "handler"


def _events(fact: Held) -> tuple[str, ...]:
    return (fact.entry.event_id,) if fact.entry is not None and fact.entry.event_id else ()
