"""The life of one event, told line by line: what a failure's print shows, and a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import assert_never

from ...actors import EntriesDestroyed, EntriesReclaimed, EventsDropped, GroupRecreated, LeaseLost
from ..history import (
    Destroyed,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    History,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    ServiceCalled,
    Told,
)
from ._chronicle import chronicle
from ._facts import Acknowledged, Added, Buried, Fact, Held, Removed
from ._runs import publications
from ._words import text

LINES_MAX = 30
"""Of the 40 lines of a failure's print, the rest says which promise, which plan, and how to replay it."""

_PHASES = {"healing": "the faults end", "stopping": "everybody is stopped"}

LIFE_LINES_MIN = 12
"""A life that is told in less says nothing: rather fewer of them, of those that a verdict names."""

Line = tuple[float, str, str]
"""When, where, and what."""


def lifeline(history: History, event_id: str, *, lines_max: int = LINES_MAX) -> list[str]:
    """What happened to an event, and around it to those who had to do with it, in the order of time.

    Args:
        history: of the run.
        event_id: whose life it is.
        lines_max: if it is longer, its middle is left out, and a line says how much.
    """
    told = [f"{at_ms:10.1f} ms  {where:<12} {what}" for at_ms, where, what in _Life(history, event_id).lines()]
    if len(told) <= lines_max:
        return told
    head = (lines_max - 1) // 2
    tail = lines_max - 1 - head
    return [*told[:head], f"{'…':>10}     {len(told) - head - tail} lines left out", *told[len(told) - tail :]]


class _Life:
    """Who and what has to do with an event."""

    def __init__(self, history: History, event_id: str) -> None:
        self._history = history
        self._event_id = event_id
        self._chronicle = chronicle(history)
        added = [fact.entry for fact in self._chronicle.facts if isinstance(fact, Added)]
        self._ids = {(entry.stream, entry.raw_id) for entry in added if entry.event_id == event_id}
        for (stream, published_id), ended in publications(history).ended.items():
            if published_id == event_id:
                self._ids |= {(stream, each.raw_id) for each in ended if each.raw_id is not None}
        self._began = next((place for place, each in enumerate(history.records) if self._is_about(each)), 0)
        self._hosts = self._who()

    def _is_about(self, record: Record) -> bool:
        return getattr(record, "event_id", None) == self._event_id

    def _who(self) -> frozenset[str]:
        """Hosts that published it, ran it or held it."""
        hosts = {record.host for record in self._history.records if self._is_about(record)}
        holders = {
            fact.consumer
            for fact in self._chronicle.facts
            if isinstance(fact, Held) and (fact.stream, fact.raw_id) in self._ids
        }
        hosts |= {host for host, names in self._chronicle.names.items() if names & holders}
        return frozenset(hosts)

    def lines(self) -> Iterator[Line]:
        """Everything, from its publishing on."""
        for place, record in enumerate(self._history.records):
            if place < self._began:
                continue
            for fact in self._chronicle.by_place.get(place, ()):
                what = self._fact(fact)
                if what:
                    yield fact.at_ms, "server", what
            what = self._record(record)
            if what:
                at_server = isinstance(record, FaultStruck) and record.fault.effect.strikes == "server"
                yield record.at_ms, "server" if at_server else record.host, what

    def _record(self, record: Record) -> str:
        match record:
            case Publishing() | Published() | HandlerStarted() | HandlerEnded():
                return _of_its_own(record) if self._is_about(record) else ""
            case ServiceCalled():
                return record.in_words() if record.event_id == self._event_id else ""
            case FaultStruck(fault=fault):
                host = fault.when.host
                concerned = not host or host in self._hosts or fault.effect.strikes == "server"
                return f"FAULT: {fault.in_words()}" if concerned else ""
            case ProcessStarted() | ProcessEnded():
                return _of_a_process(record) if record.host in self._hosts else ""
            case Destroyed() | Told():
                return self._destroyed(record) if isinstance(record, Destroyed) else self._told(record)
            case _:
                return _PHASES.get(record.name, "") if isinstance(record, Phase) else ""

    def _destroyed(self, record: Destroyed) -> str:
        parts = ["its entry" for stream, raw_id, _ in record.entries if (stream, raw_id) in self._ids]
        parts += [
            f"its acknowledgement by {group}"
            for stream, group, raw_id in record.acknowledgements
            if (stream, raw_id) in self._ids
        ]
        return f"LOST: {' and '.join(parts)}" if parts else ""

    def _told(self, record: Told) -> str:
        event = record.event
        if isinstance(event, LeaseLost | EntriesDestroyed | EntriesReclaimed | EventsDropped):
            ours = any((event.stream, raw_id) in self._ids for raw_id in event.raw_ids)
            return f"tells: {event.words()}" if ours else ""
        streams = {stream for stream, _ in self._ids}
        return f"tells: {event.words()}" if isinstance(event, GroupRecreated) and event.stream in streams else ""

    def _fact(self, fact: Fact) -> str:
        match fact:
            case Added(entry=entry) if entry.event_id == self._event_id:
                return f"entry {text(entry.raw_id)} is added to {entry.stream}"
            case Held() | Acknowledged() | Buried() | Removed() if (fact.stream, fact.raw_id) in self._ids:
                return _of_its_entry(fact)
            case _:
                return ""


def _of_its_own(record: Publishing | Published | HandlerStarted | HandlerEnded) -> str:
    match record:
        case Publishing():
            return f"publishes {record.event_id} to {record.stream}"
        case Published(raw_id=None):
            return f"publish ended: {record.outcome}{' (' + record.error + ')' if record.error else ''}"
        case Published(raw_id=raw_id):
            return f"publish ended: {record.outcome} as {text(raw_id or b'')}"
        case HandlerStarted():
            return f"run {record.run} begins for {record.group} (delivery {record.delivery})"
        case HandlerEnded():
            return f"run {record.run} ends: {record.outcome}{' (' + record.error + ')' if record.error else ''}"
        case never:
            assert_never(never)


def _of_a_process(record: ProcessStarted | ProcessEnded) -> str:
    if isinstance(record, ProcessStarted):
        return f"process {record.incarnation} starts"
    return f"process {record.incarnation} {record.how}{': ' + record.error if record.error else ''}"


def _of_its_entry(fact: Held | Acknowledged | Buried | Removed) -> str:
    match fact:
        case Held():
            return _of_its_owner(fact)
        case Acknowledged():
            return f"acknowledged for {fact.group} by {fact.by or 'somebody by hand'}"
        case Buried():
            return f"put into the dead letters of {fact.group} by {fact.by}"
        case Removed():
            return f"gone from {fact.stream}: {fact.in_words}"
        case never:
            assert_never(never)


def _of_its_owner(fact: Held) -> str:
    if fact.how == "renewed":
        return ""  # again and again: it would hide everything else
    if fact.how == "handed back":
        return f"{fact.consumer} hands it back for {fact.group}"
    if fact.how == "delayed":
        return f"{fact.consumer} lets it go for {fact.group}, until it is due again"
    if fact.former == "":
        return f"delivered to {fact.consumer} of {fact.group}"
    whose = "once more" if fact.former == fact.consumer else f"which {fact.former or 'somebody'} had"
    return f"claimed by {fact.consumer} of {fact.group}, {whose}"


def lifelines(history: History, event_ids: Sequence[str], *, lines_max: int = LINES_MAX) -> list[str]:
    """The lives of several events, one after the other, within so many lines in all."""
    shown = event_ids[: max(1, lines_max // LIFE_LINES_MIN)]
    each = lines_max // max(1, len(shown)) - 1
    return [line for event_id in shown for line in (f"{event_id}:", *lifeline(history, event_id, lines_max=each))]
