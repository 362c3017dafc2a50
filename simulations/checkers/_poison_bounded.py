"""`poison-bounded`: an event that always fails is dead-lettered after N deliveries, and no healthy one ever is.

Three things are judged: no event fails in more than N runs; none that can be decoded is dead-lettered before N of its
runs ended badly (failed, or never ended: their process died); and at the end of a live run none that failed N times is
still pending. The limit counts anew

* after each fault that takes delivery counts away with it: a failover, a power loss, a lost group, a lost stream.

An event that can't be decoded is dead-lettered at once, which is right. Not kept today: there is no limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..history import FaultStruck, History
from ..plan import CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty
from ._chronicle import chronicle
from ._facts import Buried
from ._runs import Run, publications, runs
from ._verdict import Checker, Verdict
from ._words import text

NAME = "poison-bounded"

DELIVERIES_MAX = 5
"""What is taken to be the limit where none is said."""


def poison_bounded_by(deliveries_max: int) -> Checker:
    """The promise for a group with this delivery limit."""

    def check(history: History) -> Iterator[Verdict]:
        yield from _too_often(history, deliveries_max)
        yield from _too_soon(history, deliveries_max)

    return check


poison_bounded: Checker = poison_bounded_by(DELIVERIES_MAX)
"""The promise for a group with the default limit."""


def _too_often(history: History, most: int) -> Iterator[Verdict]:
    taken_back = sum(isinstance(each.fault.effect, _TAKE_BACK) for each in history.of(FaultStruck))
    buried = {(fact.stream, fact.group, fact.raw_id) for fact in chronicle(history).facts if isinstance(fact, Buried)}
    pending = {(state.stream, state.group, raw_id) for state in history.groups for raw_id, *_ in state.pending}
    for of, found in runs(history).of_entry.items():
        failed, event_id = _bad(found, only_failed=True), found[0].start.event_id
        if failed > most * (1 + taken_back):
            words = f"{event_id} failed {failed} times in {of[1]}, although {most} deliveries are the limit"
            yield Verdict(NAME, words, (event_id,), "unbounded")
        elif history.live and failed >= most and of in pending and of not in buried:
            words = f"{event_id} failed {failed} times in {of[1]} and is not in the dead letters"
            yield Verdict(NAME, words, (event_id,), "not buried")


_TAKE_BACK = (FailOver, LosePower, CrashServer, DestroyGroup, DeleteStream, RestartEmpty)


def _too_soon(history: History, most: int) -> Iterator[Verdict]:
    published = publications(history).begun
    undecodable = {key for key, begun in published.items() if any(each.undecodable for each in begun)}
    ran = runs(history).of_entry
    raw_ids = {(fact.stream, fact.raw_id): fact for fact in chronicle(history).facts if isinstance(fact, Buried)}
    for (stream, raw_id), fact in raw_ids.items():
        found = [run for run in ran.get((stream, fact.group, raw_id), ()) if run.started_at < fact.at]
        event_id = found[0].start.event_id if found else _event_id(history, stream, raw_id)
        bad = _bad(found, only_failed=False)
        if bad < most and event_id and (stream, event_id) not in undecodable:
            words = f"{event_id} ({text(raw_id)}) went to the dead letters of {fact.group} after {bad} failed runs"
            yield Verdict(NAME, words, (event_id,), "healthy" if not bad else "too soon")


def _bad(found: Sequence[Run], *, only_failed: bool) -> int:
    bad = {"failed"} if only_failed else {"failed", "open"}
    return sum(run.outcome in bad for run in found)


def _event_id(history: History, stream: str, raw_id: bytes) -> str:
    ends = publications(history).ended.items()
    return next((key[1] for key, ended in ends if key[0] == stream and any(e.raw_id == raw_id for e in ended)), "")
