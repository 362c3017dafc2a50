"""`unexpected`: nothing is handled that nobody published.

A handler that starts does so on an event that was published to its stream before, or scheduled for it, or that somebody
wrote into the stream by other means; where an entry has no event id, on an entry that was added. Not excused: an event
that no codec can read, and one of another stream.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import HandlerStarted, History, Publishing, Scheduling
from ._chronicle import chronicle
from ._facts import Added
from ._verdict import Verdict
from ._words import text

NAME = "unexpected"


def unexpected(history: History) -> Iterator[Verdict]:
    """Events come from publishers."""
    by_place = chronicle(history).by_place
    known: set[tuple[str, str]] = set()
    there: set[tuple[str, bytes]] = set()
    undecodable: set[tuple[str, str]] = set()
    for place, record in enumerate(history.records):
        for fact in by_place.get(place, ()):
            if isinstance(fact, Added):
                there.add((fact.entry.stream, fact.entry.raw_id))
                if not fact.by:
                    known.add((fact.entry.stream, fact.entry.event_id))
        if isinstance(record, Publishing):
            (undecodable if record.undecodable else known).add((record.stream, record.event_id))
        elif isinstance(record, Scheduling):
            known.update(((record.stream, record.event_id), (record.stream, f"{record.schedule_id}-…")))
        elif isinstance(record, HandlerStarted):
            event = (record.stream, record.event_id)
            recurring = (record.stream, f"{record.event_id.rpartition('-')[0]}-…")
            if (
                event in known
                or recurring in known
                or (not record.event_id and (record.stream, record.raw_id) in there)
            ):
                continue
            who = f"{record.event_id or 'an entry'} ({text(record.raw_id)} of {record.stream})"
            kind = "undecodable" if event in undecodable else "never published"
            what = "which no codec reads" if event in undecodable else "which nobody had published there"
            yield Verdict(NAME, f"{record.host} handled {who}, {what}", (record.event_id,), kind)
