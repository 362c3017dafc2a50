"""`no-loss`: every event whose publish was acknowledged is handled to its end, or in the dead letters.

Judged for every group of its stream, apart from those that handle at most once (`at-most-once`). It is excused

* while it is pending or unread at the end: then it waits, and `liveness` says so;
* if a fault of the server destroyed it, by name, or somebody deleted or trimmed it who is no process of the
  application, or the length limit of its own stream did (XADD with MAXLEN; documented), *and* it is not there any more:
  what a fault took and a restart brought back has to be handled;
* if it is below where the group began when it was made for the first time (a start of ``$``, or an id);
* if a seek went forward over it, before it was handled, and it was not pending: what is stays;
* if the group is not meant for events of its type.

Not excused: XDEL, XTRIM or DEL by a process of the application, and a group that is made again too far ahead.

A group that is made again is told by whoever made it, or nobody would know that anything was lost. See `_silence`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from ...actors import dead_letter_key
from ..history import GroupState, History, Published
from ._chronicle import chronicle
from ._facts import Acknowledged, Added, Began, Buried, Entry, Moved, Removed
from ._modes import in_hand_max
from ._runs import Runs, runs
from ._silence import made_in_silence
from ._verdict import Verdict
from ._words import named, order, text

NAME = "no-loss"

Key = tuple[str, bytes, str]
"""Stream, raw id and event id: a raw id alone may stand for two events."""


@frozen(eq=False)
class _Fate:
    """What the history says of entries."""

    history: History
    runs: Runs
    entries: Mapping[Key, Entry]
    removed: Mapping[Key, Removed]
    buried: frozenset[tuple[str, str, bytes]]
    began: Mapping[tuple[str, str], Began]
    acknowledged: frozenset[tuple[str, str, bytes]]
    moves: Mapping[tuple[str, str], Sequence[Moved]]
    present: frozenset[Key]


def no_loss(history: History) -> Iterator[Verdict]:
    """Nothing that was acknowledged to its publisher is lost."""
    fate, once = _fate(history), in_hand_max(history)
    judged = [state for state in history.groups if (state.stream, state.group) not in once]
    waiting = {
        (state.stream, state.group): frozenset((*state.unread, *(raw_id for raw_id, *_ in state.pending)))
        for state in history.groups
    }
    for published in history.of(Published):
        if published.outcome != "acknowledged" or published.raw_id is None:
            continue
        for state in judged:
            if state.stream == published.stream and not _is_safe(fate, published, published.raw_id, state):
                waits = published.raw_id in waiting[state.stream, state.group]
                if not (waits and _is_present(fate, published, published.raw_id)):
                    yield _verdict(fate, published, published.raw_id, state)
    for fact in made_in_silence(history):
        words = f"{fact.by} made {fact.group} of {fact.stream} again, after {text(fact.after)}, and nobody told it"
        yield Verdict(NAME, words, (), "in silence")


def _is_safe(fate: _Fate, published: Published, raw_id: bytes, state: GroupState) -> bool:
    stream, group, event_id = state.stream, state.group, published.event_id
    if any(run.outcome == "done" for run in fate.runs.of_event.get((stream, group, event_id), ())):
        return True
    if (stream, group, raw_id) in fate.buried:
        return True
    key = (stream, raw_id, event_id)
    removed = fate.removed.get(key)
    if removed is not None and not (removed.by and removed.why != "XADD") and not _is_present(fate, published, raw_id):
        return True
    began, entry = fate.began.get((stream, group)), fate.entries.get(key)
    if entry is not None and any(_passes(move, entry) for move in fate.moves.get((stream, group), ())):
        return True
    if began is not None and entry is not None and entry.added_at < began.at and order(raw_id) <= order(began.after):
        return True
    return state.event_types is not None and entry is not None and entry.event_type not in state.event_types


def _passes(move: Moved, entry: Entry) -> bool:
    return entry.added_at < move.at and order(entry.raw_id) <= order(move.to) and entry.raw_id not in move.kept


def _is_present(fate: _Fate, published: Published, raw_id: bytes) -> bool:
    return not {(published.stream, raw_id, published.event_id), (published.stream, raw_id, "")}.isdisjoint(fate.present)


def _verdict(fate: _Fate, published: Published, raw_id: bytes, state: GroupState) -> Verdict:
    ended = fate.runs.of_event.get((state.stream, state.group, published.event_id), ())
    tried = f"its handler never returned in {len(ended)} runs" if ended else "its handler never ran"
    if not _is_present(fate, published, raw_id):
        kind, why = "vanished", "it is not in the stream any more, and nothing explains that"
    elif (state.stream, state.group, raw_id) in fate.acknowledged:
        kind, why = "acknowledged", "it was acknowledged all the same"
    else:
        kind, why = "skipped", "it is neither pending nor unread: the group has passed it"
    words = f"{published.event_id} ({text(raw_id)} of {state.stream}) is lost for {state.group}: {tried}, and {why}"
    return Verdict(NAME, words, (published.event_id,), kind)


def _fate(history: History) -> _Fate:
    entries: dict[Key, Entry] = {}
    removed: dict[Key, Removed] = {}
    began: dict[tuple[str, str], Began] = {}
    buried: set[tuple[str, str, bytes]] = set()
    acknowledged: set[tuple[str, str, bytes]] = set()
    moves: dict[tuple[str, str], list[Moved]] = {}
    for fact in chronicle(history).facts:
        match fact:
            case Added(entry=entry):
                entries[entry.stream, entry.raw_id, entry.event_id] = entry
            case Removed():
                removed[fact.stream, fact.raw_id, fact.event_id] = fact
            case Buried():
                buried.add((fact.stream, fact.group, fact.raw_id))
            case Began(first=True):
                began[fact.stream, fact.group] = fact
            case Moved():
                moves.setdefault((fact.stream, fact.group), []).append(fact)
            case Acknowledged():
                acknowledged.add((fact.stream, fact.group, fact.raw_id))
            case _:
                pass
    buried.update(_in_dead_letters(history))
    sets = (frozenset(buried), began, frozenset(acknowledged), moves, _present(history))
    return _Fate(history, runs(history), entries, removed, *sets)


def _in_dead_letters(history: History) -> Iterator[tuple[str, str, bytes]]:
    for state in history.groups:
        for _, fields in history.streams.get(dead_letter_key(state.stream, state.group), ()):
            yield state.stream, state.group, named(fields).get(b"dead_id", b"")


def _present(history: History) -> frozenset[Key]:
    return frozenset(
        (stream, raw_id, text(named(fields).get(b"event_id", b"")))
        for stream, entries in history.streams.items()
        for raw_id, fields in entries
    )
