"""`paused`: while a group is paused, no handler of it begins.

From the moment at which a consumer tells that it is paused, until it tells that it goes on, no handler of its group
begins on its host. What ran by then may end. A consumer that is started anew tells anew. How soon a process learns that
the group was paused in all of them is not judged: nobody can tell it while its link is broken. But who told that it
knows of it does not tell that it goes on while Redis has that pause: it was noted before it was told, and is noted yet.
That is not judged

* after a fault that may take back what was noted, or with a twin, of which nobody can say who told something;
* after a crash of an actor: the next one tells anew what the former knew, which may be over.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ...actors import (
    EVERYWHERE,
    ChildCrashed,
    ChildStarted,
    ConsumptionPaused,
    ConsumptionResumed,
    checkpoint_key,
)
from ..history import Applied, FaultStruck, HandlerStarted, History, ProcessEnded, Told
from ..plan import CrashServer, FailOver, LosePower, RestartEmpty, StartTwin
from ._verdict import Verdict
from ._words import text

NAME = "paused"


def paused(history: History) -> Iterator[Verdict]:
    """A pause is one."""
    yield from _begun(history)
    yield from _resumed(history)


def _begun(history: History) -> Iterator[Verdict]:
    since: dict[tuple[str, str], ConsumptionPaused] = {}
    for record in history.records:
        match record:
            case Told(host=host, event=ConsumptionPaused() as told):
                since[host, told.path] = told
            case Told(host=host, event=ConsumptionResumed(path=path) | ChildStarted(path=path)):
                since.pop((host, path), None)
            case ProcessEnded(host=host):
                for key in [key for key in since if key[0] == host]:
                    del since[key]
            case HandlerStarted(host=host, event_id=event_id):
                of = (record.stream, record.group)
                if any(name == host and (told.stream, told.group) == of for (name, _), told in since.items()):
                    who = f"{event_id or 'an entry'} ({text(record.raw_id)} of {record.stream})"
                    yield Verdict(NAME, f"{host} began {who} while {record.group} was paused", (event_id,), "begun")
            case _:
                pass


SEEN_MS = 250.0
"""On a busy machine."""

_UNSURE = (CrashServer, FailOver, LosePower, RestartEmpty, StartTwin)


def _resumed(history: History) -> Iterator[Verdict]:
    since: dict[str, int] = {}
    told_at: dict[tuple[str, str], int] = {}
    for place, record in enumerate(history.records):
        match record:
            case FaultStruck() if isinstance(record.fault.effect, _UNSURE):
                return
            case Told(event=ChildCrashed()):
                return
            case Applied():
                _note(since, place, record)
            case Told(host=host, event=ConsumptionPaused() as told) if EVERYWHERE in told.reason:
                told_at[host, told.path] = place
            case Told(host=host, event=ConsumptionResumed() as told):
                key = checkpoint_key(told.stream, told.group)
                knew = since.get(key, place) < told_at.pop((host, told.path), -1)
                if knew and not _is_over(history, place, key):
                    words = f"{host} went on with {told.group}, which was paused as a whole, and it knew"
                    yield Verdict(NAME, words, (), "resumed")
            case ProcessEnded(host=host):
                told_at = {key: at for key, at in told_at.items() if key[0] != host}
            case _:
                pass


def _is_over(history: History, place: int, key: str) -> bool:
    """Whether that pause ends just now: what a real server changes is seen a little later than what processes tell."""
    until = history.records[place].at_ms + SEEN_MS
    for record in islice(history.records, place, None):
        if record.at_ms > until:
            return False
        if isinstance(record, Applied) and [*record.words[:2]] == [b"HDEL", key.encode()]:
            return True
    return False


def _note(since: dict[str, int], place: int, change: Applied) -> None:
    """Since when each whole group is paused, by the key that says so."""
    match [change.words[0].upper(), *change.words[1:3]] if change.words else []:
        case [b"HSET", key, b"paused"]:
            since.setdefault(text(key), place)
        case [b"HDEL", key, b"paused"] | [b"DEL" | b"UNLINK", key]:
            since.pop(text(key), None)
        case _:
            pass
