"""Plans as data: JSON out and in, faults in words."""

import pytest
from redis_streams.simulations.plan import (
    At,
    Blackhole,
    CutReply,
    FailOver,
    Fault,
    KillProcess,
    LoseReply,
    Plan,
    PlanError,
    PlannedEvent,
    Schedule,
    Shape,
    Site,
    plan_from_json,
    plan_to_json,
)
from redis_streams.simulations.plan._effects import KINDS

PLAN = Plan(
    7,
    "shop",
    shape=Shape(workers=3, prefetch=5, appendfsync=""),
    events=(PlannedEvent(10, "b", fails=-1), PlannedEvent(undecodable=True)),
    faults=(
        Fault(Site("worker-1", "settle", 2, before=False), LoseReply()),
        Fault(Site("worker-1", "XREADGROUP"), CutReply(17)),
        Fault(Site("worker-2", "connect"), Blackhole("replies")),
        Fault(At(1200), FailOver(lag_ms=3)),
        Fault(At(0, "worker-1"), KillProcess()),
    ),
    schedule=Schedule("fifo", {3: (1, 0)}),
    broken_for_good=("worker-2",),
)


def test_a_plan_survives_json() -> None:
    assert plan_from_json(plan_to_json(PLAN)) == PLAN


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_effect_survives_json_and_has_words(kind: type) -> None:
    fault = Fault(Site("worker-1", "settle", 11), kind())
    plan = Plan(1, "x", faults=(fault,))
    assert plan_from_json(plan_to_json(plan)) == plan
    assert "{" not in fault.in_words()
    assert "{" not in Fault(At(5), kind()).in_words()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", '"format": 1'),
        ('{"format": 2}', '"format": 1'),
        ('{"format": 1, "seed": 1}', "scenario"),
        ('{"format": 1, "seed": 1, "scenario": "x", "shape": {"workers": -1}}', "'workers' must be >= 0: -1"),
        ('{"format": 1, "seed": 1, "scenario": "x", "sead": 2}', "sead"),
        (
            '{"format": 1, "seed": 1, "scenario": "x", "faults": [{"when": {"ms": 1}, "effect": {"kind": "zap"}}]}',
            "'zap'",
        ),
    ],
)
def test_what_is_no_plan_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        plan_from_json(text)


def test_faults_say_what_happens() -> None:
    assert [fault.in_words() for fault in PLAN.faults[::3]] == [
        "the server runs worker-1's 2nd settle, and the connection is reset before the reply arrives",
        "at 1200 ms: a replica that is 3 ms behind becomes the primary",
    ]
