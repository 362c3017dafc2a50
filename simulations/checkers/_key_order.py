"""`key-order`: events of one key are handled in the order of the stream, also across retries.

When a handler starts on an event, every earlier one of its key in that stream has been handled to its end, or is in the
dead letters, or is gone from the stream. Excused are events without a key, and earlier ones below where the group began
when it was made for the first time. That an earlier one is handled once more later on is `bounded-duplicates`'
business, not the order's.

Not kept today: it is for consumers that are `ordered`.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from ..history import HandlerEnded, HandlerStarted, History, Publishing
from ._chronicle import chronicle
from ._facts import Added, Began, Buried, Entry, Fact, Removed
from ._verdict import Verdict
from ._words import order

NAME = "key-order"


@define
class _Lanes:
    """Per stream and key the entries that came so far; per group what is settled of them."""

    keys: dict[tuple[str, str], str]
    entries: dict[tuple[str, str], list[Entry]] = field(factory=dict[tuple[str, str], "list[Entry]"])
    over: set[tuple[str, str, bytes]] = field(factory=set[tuple[str, str, bytes]])
    gone: set[tuple[str, bytes]] = field(factory=set[tuple[str, bytes]])
    began: dict[tuple[str, str], Began] = field(factory=dict[tuple[str, str], Began])

    def take(self, fact: Fact) -> None:
        match fact:
            case Added(entry=entry):
                key = self.keys.get((entry.stream, entry.event_id), "")
                if key:
                    self.entries.setdefault((entry.stream, key), []).append(entry)
                self.gone.discard((entry.stream, entry.raw_id))
            case Buried():
                self.over.add((fact.stream, fact.group, fact.raw_id))
            case Removed():
                self.gone.add((fact.stream, fact.raw_id))
            case Began(first=True):
                self.began[fact.stream, fact.group] = fact
            case _:
                pass

    def waits_for(self, started: HandlerStarted, key: str) -> Entry | None:
        """The first earlier entry of the key that is not over."""
        began = self.began.get((started.stream, started.group))
        for entry in self.entries.get((started.stream, key), ()):
            if entry.raw_id == started.raw_id:
                return None
            skipped = began is not None and entry.added_at < began.at and order(entry.raw_id) <= order(began.after)
            over = (started.stream, started.group, entry.raw_id) in self.over
            if not over and not skipped and (entry.stream, entry.raw_id) not in self.gone:
                return entry
        return None


def key_order(history: History) -> Iterator[Verdict]:
    """No event overtakes another one of its key."""
    lanes = _Lanes({(each.stream, each.event_id): each.key for each in history.of(Publishing)})
    by_place = chronicle(history).by_place
    for place, record in enumerate(history.records):
        for fact in by_place.get(place, ()):
            lanes.take(fact)
        match record:
            case HandlerStarted():
                key = record.key or lanes.keys.get((record.stream, record.event_id), "")
                former = lanes.waits_for(record, key) if key else None
                if former is not None:
                    words = f"{record.event_id} of key {key} was begun before {former.event_id} was over"
                    yield Verdict(NAME, words, (former.event_id, record.event_id), "overtaken")
            case HandlerEnded(outcome="done"):
                lanes.over.add((record.stream, record.group, record.raw_id))
            case _:
                pass
