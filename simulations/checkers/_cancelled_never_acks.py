"""`cancelled-never-acks`: a cancelled handler acknowledges nothing.

A host whose run of an entry was cancelled acknowledges it only if another run of its own ended well; what a run on
another host came to is not its business. It is excused as `ack-implies-done` is, apart from types: if a dead letter
was written, or the body was gone. A run that ended well on this host *before* excuses as well: its acknowledgement may
have been on the way when the process was killed, and the next one's run cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import History
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried
from ._runs import runs
from ._verdict import Verdict
from ._words import text

NAME = "cancelled-never-acks"


def cancelled_never_acks(history: History) -> Iterator[Verdict]:
    """Nobody acknowledges what a cancelled handler of theirs was at."""
    ran = runs(history)
    buried: set[tuple[str, str, bytes]] = set()
    for fact in chronicle(history).facts:
        if isinstance(fact, Buried):
            buried.add((fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Acknowledged) and fact.by and fact.was_there:
            of = (fact.stream, fact.group, fact.raw_id)
            cancelled = [
                run
                for run in ran.of_entry.get(of, ())
                if run.outcome == "cancelled" and run.start.host == fact.by and (run.ended_at or 0) < fact.at
            ]
            if cancelled and of not in buried and not ran.done_before(of, "", fact.at, host=fact.by):
                start = cancelled[-1].start
                event = f"{start.event_id} ({text(fact.raw_id)} of {fact.stream})"
                words = f"{fact.by} acknowledged {event} although run {start.run} of its handler was cancelled"
                yield Verdict(NAME, words, (start.event_id,), "acknowledged")
