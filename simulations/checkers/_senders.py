"""Which command a change came from, and in whose name it was: the server notes a command behind its changes.

In real time several commands of one connection may have been run before the first of them is noted: there, changes name
theirs by number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from attrs import define, field

from ..history import Applied, Record, Sent
from ._words import script_arguments, text

_NAMED = frozenset({"begin", "claim", "dead_letter", "delay", "hand_back", "renew", "settle", "take_own"})
"""Our scripts whose arguments begin with the group and the consumer."""


@define
class _Of:
    """What one connection sent."""

    places: list[int] = field(factory=list[int])
    sent: list[Sent] = field(factory=list[Sent])


class Senders:
    """The commands of a history, by connection."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._by_client: defaultdict[int, _Of] = defaultdict(_Of)
        self._by_number: dict[int, Sent] = {}
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        for place, record in enumerate(records):
            if isinstance(record, Sent) and record.words:
                of = self._by_client[record.client]
                of.places.append(place)
                of.sent.append(record)
                self._by_number[record.number] = record
                name = consumer_of(record)
                if name is not None:
                    self._names[record.host].add(name)

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """The consumer names that each host used."""
        return {host: frozenset(names) for host, names in self._names.items()}

    def of(self, applied: Applied, place: int) -> Sent | None:
        """The command that made this change, which is at this place."""
        if applied.command:
            return self._by_number.get(applied.command)
        of = self._by_client.get(applied.client)
        if of is None:
            return None
        at = bisect_right(of.places, place)
        return of.sent[at] if at < len(of.sent) else None


def consumer_of(sent: Sent) -> str | None:
    """In whose name a command was sent; None if in nobody's."""
    words = sent.words
    if sent.action == "XREADGROUP" and len(words) > 3:
        return text(words[3])
    if sent.action in _NAMED:
        arguments = script_arguments(words)
        return text(arguments[1]) if len(arguments) > 1 else None
    if sent.action in {"XCLAIM", "XAUTOCLAIM"} and len(words) > 3:
        return text(words[3])
    return None
