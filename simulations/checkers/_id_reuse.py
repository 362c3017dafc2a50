"""`id-reuse`: that a server gave one id to two entries does no harm.

After a failover, a power loss or on an empty server an id may be handed out again. That alone is no breach. But the
second entry must not be taken for the first one: it is acknowledged only after a run of its own event, not on the
strength of the first one's. Judged on the server that has the second entry, in groups that handle at least once; it is
excused if a dead letter of it was written after it had come, or it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import History
from ._chronicle import chronicle
from ._facts import Acknowledged, Added, Buried, Entry
from ._modes import in_hand_max
from ._runs import runs
from ._verdict import Verdict
from ._words import text

NAME = "id-reuse"


def id_reuse(history: History) -> Iterator[Verdict]:
    """A stream id is no identity."""
    ran = runs(history)
    latest: dict[tuple[str, bytes], Entry] = {}
    former: dict[tuple[str, bytes, str], Entry] = {}
    buried, once = dict[tuple[str, str, bytes], int](), in_hand_max(history)
    for fact in chronicle(history).facts:
        if isinstance(fact, Added):
            entry = fact.entry
            known = latest.get((entry.stream, entry.raw_id))
            if known is not None and known.event_id != entry.event_id:
                former[entry.stream, entry.raw_id, entry.event_id] = known
            latest[entry.stream, entry.raw_id] = entry
        elif isinstance(fact, Buried):
            buried[fact.stream, fact.group, fact.raw_id] = fact.at
        elif isinstance(fact, Acknowledged) and fact.by and fact.was_there and fact.entry is not None:
            if (fact.stream, fact.group) in once:
                continue
            of, event_id = (fact.stream, fact.group, fact.raw_id), fact.entry.event_id
            first = former.get((fact.stream, fact.raw_id, event_id))
            is_buried = buried.get(of, -1) > fact.entry.added_at
            if first is not None and not is_buried and not ran.done_before(of, event_id, fact.at):
                why = f"which has the id {text(fact.raw_id)} of {first.event_id}"
                words = f"{fact.by} acknowledged {event_id}, {why}, without its having been handled"
                yield Verdict(NAME, words, (first.event_id, event_id), "taken for another")
