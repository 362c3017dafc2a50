"""Which plans can be played on a real server."""

import pytest
from redis_streams.simulations.plan import (
    Answer,
    At,
    CrashActor,
    CrashServer,
    CutPower,
    Effect,
    FailOver,
    Fault,
    LosePower,
    LoseReply,
    Plan,
    RestartEmpty,
    Shape,
    ShiftClock,
    Site,
)
from redis_streams.simulations.plan._effects import KINDS
from redis_streams.simulations.real.ground import expressible

OTHERWISE = {FailOver, LosePower, CutPower, RestartEmpty, ShiftClock, CrashActor}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_each_effect_can_be_done_or_is_named(kind: type[Effect]) -> None:
    """The reason begins with the kind."""
    reasons = expressible(Plan(1, "x", faults=(Fault(At(0), kind()),)))
    assert [reason.split(":")[0] for reason in reasons] == ([kind.kind] if kind in OTHERWISE else [])


def test_reasons_are_said_once_each() -> None:
    """However many faults have them."""
    faults = (Fault(At(0), FailOver()), Fault(At(1), FailOver()), Fault(Site("a", "XADD"), LoseReply()))
    assert len(expressible(Plan(1, "x", faults=faults))) == 1


def test_what_a_crash_loses_has_to_be_known() -> None:
    """Without an append-only file it is everything since the start: only the simulated server knows what that was."""
    faults = (Fault(At(0), CrashServer()),)
    assert expressible(Plan(1, "x", Shape(appendfsync=""), faults=faults))
    assert not expressible(Plan(1, "x", Shape(appendfsync="everysec"), faults=faults))


@pytest.mark.parametrize(
    ("error", "possible"), [("OOM", True), ("READONLY", True), ("MISCONF", False), ("BUSY", False)]
)
def test_some_errors_a_server_answers_on_demand(error: str, *, possible: bool) -> None:
    """Those that a parameter brings about, and ends."""
    assert bool(expressible(Plan(1, "x", faults=(Fault(At(0), Answer(error)),)))) is not possible
