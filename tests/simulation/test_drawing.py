"""Plans for an application that nobody knew: faults strike where a calm run came by."""

from __future__ import annotations

import pytest
from redis_streams.simulations import At, History, Plan, Shape, Site, calm, failover, lite, powerloss, swarm
from redis_streams.simulations.history import HandlerStarted, ProcessStarted, Sent, ServiceCalled
from redis_streams.simulations.plan import Preset
from redis_streams.simulations.testing._drawing import MORE_TURNS, Drawing, Place, places_of

HISTORY = History(
    Plan(0, "x"),
    [
        ProcessStarted(0.0, "shop", 1),
        Sent(1.0, "shop", 1, "XREADGROUP", ()),
        Sent(2.0, "shop", 1, "XREADGROUP", ()),
        HandlerStarted(3.0, "shop", "orders", "billing", "event-0", b"1-0", 1, 1),
        ServiceCalled(4.0, "shop", "bank", "charge", "event-0", "done"),
        Sent(5.0, "shop", 1, "settle", ()),
    ],
)
PLACES = places_of(HISTORY)


def drawing(preset: Preset) -> Drawing:
    return Drawing("test_x", preset, events=10, span_ms=1000.0, shape=Shape(workers=0))


def test_places_are_where_a_run_came_by_and_how_often() -> None:
    """Commands, handlers, services, connections."""
    assert [
        Place("shop", "connect", 1),
        Place("shop", "XREADGROUP", 2),
        Place("shop", "handler", 1),
        Place("shop", "bank.charge", 1),
        Place("shop", "settle", 1),
    ] == PLACES


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("raise", {"handler"}),
        ("lose-reply", {"connect", "XREADGROUP", "settle", "bank.charge"}),
        ("cut-reply", {"connect", "XREADGROUP", "settle"}),
        ("kill-process", {"connect", "XREADGROUP", "settle", "bank.charge", "handler"}),
    ],
)
def test_a_fault_strikes_where_it_can(kind: str, actions: set[str]) -> None:
    """A handler's at a handler, a link's at what travels on it."""
    assert {place.action for place in PLACES if place.suits(kind)} == actions


@pytest.mark.parametrize(
    "preset",
    [swarm(), swarm(losses=True), lite(), failover(), powerloss()],
    ids=["swarm", "swarm with losses", "lite", "failover", "powerloss"],
)
def test_plans_stay_within_what_is_known(preset: Preset) -> None:
    """Kinds of the preset, hosts and places of the run, a few turns more, events in their span."""
    turns = {(place.host, place.action): place.turns for place in PLACES}
    for seed in range(50):
        plan = drawing(preset).plan(seed, PLACES)
        assert plan == drawing(preset).plan(seed, PLACES)
        assert 5 <= len(plan.events) <= 10
        assert 1 <= len(plan.faults) <= preset.faults_max
        for fault in plan.faults:
            assert preset.kinds is None or fault.effect.kind in preset.kinds
            match fault.when:
                case Site(host=host, action=action, turn=turn):
                    assert turn <= turns[host, action] + MORE_TURNS
                case At(ms=ms, host=host):
                    assert (ms <= 1000, host) == (True, "shop")


def test_seeds_differ() -> None:
    """Else there would be no use in many of them."""
    plans = {repr(drawing(swarm()).plan(seed, PLACES).faults) for seed in range(20)}
    assert len(plans) == 20


def test_in_a_calm_no_fault_is_drawn() -> None:
    """Only the order of tasks and the events differ."""
    assert all(not drawing(calm()).plan(seed, PLACES).faults for seed in range(20))


def test_a_swarm_destroys_nothing_unless_it_may() -> None:
    """What a server has acknowledged is there for every run of a test by default."""
    losing = {"restart-empty", "delete-stream", "delete-entries", "fail-over"}
    assert not losing & (swarm().kinds or frozenset())
    assert losing <= (swarm(losses=True).kinds or frozenset())
    assert swarm(at_most=2).faults_max == 2
