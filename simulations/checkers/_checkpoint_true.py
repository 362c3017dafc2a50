"""`checkpoint-true`: the checkpoint never passes an unsettled entry, and never goes back within one history.

Each time a watermark is written, nothing at or below it that the group owes is unacknowledged on that server; and it is
not below the one that was there. At the end, nothing that is pending or unread is at or below the checkpoint; and where
nothing is, it has reached what was acknowledged, so that a group that is made again repeats no more than it has to.
Excused:

* entries below where the group began when it was made for the first time;
* entries whose bodies are gone from the stream: nobody can handle them;
* going back after the stream was deleted or the server was taken back in time: a new history begins then;
* on a new primary in a split brain, entries of before the failover, until they are handed out there: nobody can say yet
  which of them it lacks;
* after a fault that takes a server back in time, what a group owed anew because it had been lost, or was moved back,
  until it is handed out: that may be undone, and what was acknowledged or passed before it may be settled again.

* to be behind after a fault of the server or a seek, where somebody deletes or trims entries, or where the last one was
  buried or acknowledged by hand: the next acknowledgement takes it along.

A checkpoint in memory leaves no trace here, and is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import FaultStruck, GroupState, History
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried, Marked, Moved, Removed
from ._verdict import Verdict
from ._words import named, order, text

NAME = "checkpoint-true"


def checkpoint_true(history: History) -> Iterator[Verdict]:
    """A group that begins again at its checkpoint skips nothing."""
    for fact in chronicle(history).facts:
        if isinstance(fact, Marked):
            yield from _as_written(fact)
    for state in history.groups:
        yield from _at_the_end(history, state)
        yield from _behind(history, state)


def _as_written(fact: Marked) -> Iterator[Verdict]:
    who, mark = f"the checkpoint of {fact.group} in {fact.stream}", text(fact.mark)
    if fact.passed:
        passed = ", ".join(f"{entry.event_id or 'an entry'} ({text(entry.raw_id)})" for entry in fact.passed)
        events = tuple(entry.event_id for entry in fact.passed if entry.event_id)
        yield Verdict(NAME, f"{who} was set to {mark} and passed what is not settled: {passed}", events, "passed")
    if fact.former is not None and order(fact.mark) < order(fact.former):
        yield Verdict(NAME, f"{who} went back from {text(fact.former)} to {mark}", (), "went back")


def _at_the_end(history: History, state: GroupState) -> Iterator[Verdict]:
    if state.checkpoint is None:
        return
    there = dict(history.streams.get(state.stream, ()))
    waiting = sorted({*state.unread, *(raw_id for raw_id, *_ in state.pending)}, key=order)
    passed = [raw_id for raw_id in waiting if raw_id in there and order(raw_id) <= order(state.checkpoint)]
    if passed:
        ids = [text(named(there[raw_id]).get(b"event_id", b"")) for raw_id in passed]
        words = f"at the end {text(passed[0])} of {state.stream} waits for {state.group}, whose checkpoint is beyond it"
        yield Verdict(NAME, f"{words}: {text(state.checkpoint)}", tuple(each for each in ids if each), "at the end")


def _behind(history: History, state: GroupState) -> Iterator[Verdict]:
    if not history.live or state.checkpoint is None or state.pending or state.unread:
        return
    if any(struck.fault.effect.strikes == "server" for struck in history.of(FaultStruck)):
        return
    facts = chronicle(history).facts
    if any(isinstance(fact, Moved | Removed) and fact.stream == state.stream for fact in facts):
        return
    of = (state.stream, state.group)
    settled = [fact for fact in facts if isinstance(fact, Acknowledged) and (fact.stream, fact.group) == of]
    buried = {fact.raw_id for fact in facts if isinstance(fact, Buried) and (fact.stream, fact.group) == of}
    if not settled or settled[-1].consumer is None or settled[-1].raw_id in buried:
        return
    last = max((fact.raw_id for fact in settled), key=order)
    if order(state.checkpoint) < order(last):
        words = f"at the end {state.group} has settled all up to {text(last)} of {state.stream}, and its checkpoint is"
        yield Verdict(NAME, f"{words} {text(state.checkpoint)}", (), "behind")
