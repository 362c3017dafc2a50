"""`ack-implies-done`: an entry is acknowledged only after its handler returned.

Each XACK that took effect comes after a run of the event *that the id stood for*, on whatever host, that ended well. It
is excused

* if a dead letter was written for the entry before (in the same step, as a rule);
* if the entry's body was gone from the stream: nobody can handle it;
* if the group is not meant for events of its type;
* if it came from nobody of the application: somebody acknowledged by hand;
* if its group handles at most once: there `at-most-once` speaks.

After a seek that goes back over an entry only a run that began later counts: it is to be handled anew. Not so after a
fault that may undo the seek, nor when the group is made anew: then what was in hand is compared, and goes on. A seek on
one side of a split brain says nothing about the other.

That an event can't be decoded excuses nothing by itself: then there is a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..history import FaultStruck, History, Record
from ..plan import CrashServer, FailOver, LosePower
from ._chronicle import chronicle
from ._facts import Acknowledged, Began, Buried, Moved
from ._modes import in_hand_max
from ._runs import Runs, runs
from ._verdict import Verdict
from ._words import order, text

NAME = "ack-implies-done"


def ack_implies_done(history: History) -> Iterator[Verdict]:
    """Nothing is acknowledged that was not handled."""
    ran, types = runs(history), {(state.stream, state.group): state.event_types for state in history.groups}
    once, buried = in_hand_max(history), set[tuple[str, str, bytes]]()
    moves: list[Moved | Began] = []
    undone = [place for place, record in enumerate(history.records) if _may_undo(record)]
    for fact in chronicle(history).facts:
        if isinstance(fact, Buried):
            buried.add((fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Moved | Began):
            moves.append(fact)
        elif isinstance(fact, Acknowledged) and fact.by and fact.was_there:
            if (fact.stream, fact.group) in once:
                continue
            of, wanted = (fact.stream, fact.group, fact.raw_id), types.get((fact.stream, fact.group))
            unwanted = wanted is not None and fact.entry is not None and fact.entry.event_type not in wanted
            event_id = "" if fact.entry is None else fact.entry.event_id
            if (
                of not in buried
                and not unwanted
                and not ran.done_before(of, event_id, fact.at, begun_after=_moved_at(moves, fact, undone))
            ):
                yield _verdict(fact, event_id, ran)


def _may_undo(record: Record) -> bool:
    return isinstance(record, FaultStruck) and isinstance(record.fault.effect, CrashServer | FailOver | LosePower)


def _moved_at(moves: Sequence[Moved | Began], fact: Acknowledged, undone: Sequence[int]) -> int:
    """The place of the last seek that went back over an entry; before all records where there was none."""
    at = -1
    for move in moves:
        if (move.stream, move.group, move.server) != (fact.stream, fact.group, fact.server):
            continue
        if isinstance(move, Began):
            at = -1
        elif order(move.to) < order(fact.raw_id) and not any(move.at < place < fact.at for place in undone):
            at = move.at
    return at


def _verdict(fact: Acknowledged, event_id: str, ran: Runs) -> Verdict:
    own = [run for run in ran.of_entry.get((fact.stream, fact.group, fact.raw_id), ()) if run.started_at < fact.at]
    ended = [run for run in own if run.ended_at is not None and run.ended_at < fact.at]
    if not own:
        kind, what = "not begun", "before its handler began"
    elif len(ended) < len(own):
        kind, what = "running", f"while run {own[-1].start.run} of its handler was not over"
    else:
        kind, what = ended[-1].outcome, f"after run {ended[-1].start.run} of its handler, which {ended[-1].outcome}"
        if kind == "done" and ended[-1].start.event_id in ("", event_id):
            kind, what = "before a seek", f"after run {ended[-1].start.run} of its handler, which began before a seek"
        elif kind == "done":
            kind, what = "another", f"after a handler's run of another event with this id, {ended[-1].start.event_id}"
    who = event_id or f"the entry {text(fact.raw_id)}"
    words = f"{fact.by} acknowledged {who} ({text(fact.raw_id)} of {fact.stream}) for {fact.group} {what}"
    return Verdict(NAME, words, (event_id,) if event_id else (), kind)
