"""Health: what of a picture of the tree is a problem."""

from __future__ import annotations

import pytest
from redis_streams.actors import ConsumerStatus, GroupStatus, Health, ReaderStatus, Snapshot, State, health_of
from redis_streams.wire import EntryId

NOW, PATIENCE = 1000.0, 60.0


def consumer(due_at: float, *, state: State = State.RUNNING, paused: str = "", error: str | None = None) -> Snapshot:
    status = ConsumerStatus(held=7, waiting=3, handled=9, failed=0, paused=paused, due_at=due_at)
    return Snapshot("consumer-0", "root/consumer-0", state, 1, error, status)


def judged(*children: Snapshot) -> Health:
    return health_of(Snapshot("root", "root", State.RUNNING, 1, children=children), NOW, PATIENCE)


def test_what_is_due_or_late_within_patience_is_no_problem() -> None:
    """To the moment."""
    assert judged(consumer(NOW + 1), consumer(NOW - PATIENCE)).ok


def test_what_is_overdue_is_told_with_what_it_holds() -> None:
    """By the actor's path."""
    [problem] = judged(consumer(NOW - PATIENCE - 1)).problems
    assert "root/consumer-0 is overdue for 61 s" in problem
    assert "holds 7 entries" in problem


@pytest.mark.parametrize("state", [State.STOPPING, State.STOPPED, State.FINISHED, State.WAITING, State.STARTING])
def test_who_does_not_run_is_not_overdue(state: State) -> None:
    """Nothing is expected of it."""
    assert judged(consumer(0, state=state)).ok


def test_who_is_paused_is_not_overdue() -> None:
    """Somebody wanted that."""
    assert judged(consumer(0, paused="it is paused in this process")).ok


@pytest.mark.parametrize("state", [State.BACKING_OFF, State.FAILED])
def test_a_crash_that_is_not_mended_is_a_problem(state: State) -> None:
    """With its error."""
    [problem] = judged(consumer(NOW, state=state, error="ValueError: bad")).problems
    assert "ValueError: bad" in problem


def test_a_group_that_nobody_could_look_at_is_a_problem() -> None:
    """As where Redis is away, though nothing is there to be read."""
    status = GroupStatus(0, 0, EntryId(0, 0), NOW - PATIENCE - 1)
    [problem] = judged(Snapshot("group", "root/group", State.RUNNING, 1, None, status)).problems
    assert "root/group is overdue" in problem


def test_a_reader_that_does_not_get_on_is_told_with_its_place() -> None:
    """As where its handler hangs."""
    status = ReaderStatus(EntryId(7, 1), handled=3, failed=0, due_at=NOW - PATIENCE - 1)
    [problem] = judged(Snapshot("reader", "root/reader", State.RUNNING, 1, None, status)).problems
    assert "root/reader is overdue" in problem
    assert "stands at 7-1" in problem
