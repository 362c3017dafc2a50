"""What a run came by: states in which faults struck, things that happened, and what never did though it should."""

from collections import Counter
from collections.abc import Sequence

import pytest
from redis_streams.simulations.history import (
    Destroyed,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    History,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    Sent,
)
from redis_streams.simulations.plan import At, Fault, KillProcess, Plan, StopProcess
from redis_streams.simulations.plan._effects import KINDS
from redis_streams.simulations.running._points import HAPPENINGS, STATES, Passed, points_of, together, unhit

KILL = Fault(At(0, "worker-1"), KillProcess())
STOP = Fault(At(0, "worker-1"), StopProcess())


def strike(at_ms: float = 5000, fault: Fault = KILL) -> FaultStruck:
    return FaultStruck(at_ms, "worker-1", fault, 0)


def started(run: int = 1, delivery: int = 1) -> HandlerStarted:
    return HandlerStarted(1, "worker-1", "orders", "billing", "event-1", b"1-0", delivery, run)


def ended(run: int = 1, outcome: str = "done") -> HandlerEnded:
    return HandlerEnded(1, "worker-1", "orders", "billing", "event-1", b"1-0", run, outcome)  # type: ignore[arg-type]


def passed(*records: Record) -> Passed:
    return points_of(History(Plan(1, "x"), list(records)))


PROCESS, SENT = ProcessStarted(0, "worker-1", 1), Sent(1, "worker-1", 1, "XADD", (b"XADD",))


@pytest.mark.parametrize(
    ("records", "states"),
    [
        ([], {"idle"}),
        ([PROCESS], {"starting"}),
        ([PROCESS, SENT], {"idle"}),
        ([Publishing(1, "producer", "orders", "event-1")], {"publishing"}),
        (
            [
                Publishing(1, "producer", "orders", "event-1"),
                Published(2, "producer", "orders", "event-1", "acknowledged"),
            ],
            {"idle"},
        ),
        ([started()], {"handling"}),
        ([started(), ended()], {"idle"}),
        ([started(delivery=2)], {"handling", "retrying"}),
        ([started(), ProcessEnded(2, "worker-1", 1, "killed")], {"idle"}),
        ([strike(4500)], {"recovering"}),
        ([strike(3500)], {"idle"}),
        ([strike(3500, STOP)], {"draining"}),
        ([strike(3500, STOP), ProcessEnded(4000, "worker-1", 1, "stopped")], {"idle"}),
    ],
)
def test_a_fault_meets_the_states_that_the_application_is_in(records: Sequence[Record], states: set[str]) -> None:
    """As far as the records before it tell."""
    before = passed(*records).met
    after = passed(*records, strike()).met
    assert {state for kind, state in Counter(after) - Counter(before)} == states


@pytest.mark.parametrize(
    ("records", "things"),
    [
        ([ProcessStarted(0, "a", 2)], {"a process was started again"}),
        ([ended(1), ended(2)], {"an event was handled to its end twice"}),
        ([ended(1, "failed"), ended(2)], set()),
        ([ended(1, "cancelled")], {"a handler was cancelled"}),
        ([Published(1, "a", "orders", "event-1", "unknown")], {"a publish ended without an answer"}),
        ([Destroyed(1, "server", groups=(("orders", "billing"),))], {"the server lost what it had acknowledged"}),
        ([Destroyed(1, "server")], set()),
    ],
)
def test_what_else_happened(records: Sequence[Record], things: set[str]) -> None:
    assert set(passed(*records).happened) == things


def test_runs_are_added_up() -> None:
    one = passed(strike(), ended(1, "cancelled"))
    both = together(one, one)
    assert both == Passed({"kill-process": 2}, {("kill-process", "idle"): 2}, {"a handler was cancelled": 2})


def test_what_never_happened_is_told_only_after_enough_runs() -> None:
    """A kind, a state that no strike met, a thing of the list. A handler's fault is never idle."""
    met = {("kill-process", state): 1 for state in STATES[1:]} | {
        ("raise", state): 1 for state in ("publishing", "handling", "retrying", "recovering")
    }
    all_but_one = dict.fromkeys(HAPPENINGS[1:], 1)
    so_far = Passed({"kill-process": 1500, "raise": 1500}, met, all_but_one)
    kinds = ["hang", "kill-process", "raise"]
    assert list(unhit(so_far, runs=10_000, kinds=kinds)) == [
        "hang never struck",
        f"kill-process never struck while {STATES[0]}",
    ]
    assert list(unhit(so_far, runs=10_000, kinds=list(KINDS)))[-1] == f"never: {HAPPENINGS[0]}"
    few = Passed({"kill-process": 1499, "raise": 1499}, {}, {})
    assert list(unhit(few, runs=100, kinds=kinds)) == []
    assert list(unhit(Passed({}, {}, {}), runs=10_000, kinds=[])) == []
