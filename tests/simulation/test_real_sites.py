"""Faults are due at their site and turn, and only there."""

from redis_streams.simulations.plan import At, Fault, ForgetScripts, LoseReply, Plan, Site
from redis_streams.simulations.real.ground._sites import Due, Sites

FAULTS = (
    Fault(Site("a", "settle", 2), LoseReply()),
    Fault(Site("a", "settle", 2, before=False), ForgetScripts()),
    Fault(At(0, "a"), ForgetScripts()),
)


def test_a_fault_is_due_at_its_turn_only() -> None:
    """Other turns, hosts and actions have none; what comes before the action is told from what comes after it."""
    sites = Sites(Plan(1, "x", faults=FAULTS))
    first, other, twin = sites.come_by("a", "settle"), sites.come_by("a", "XADD"), sites.come_by("b", "settle")
    second, third = sites.come_by("a", "settle"), sites.come_by("a", "settle")
    assert all(not visit.before and not visit.after for visit in (first, other, twin, third))
    assert second.before == [Due(0, FAULTS[0])]
    assert second.after == [Due(1, FAULTS[1])]


def test_nothing_is_due_any_more_when_faults_have_ended() -> None:
    """What was planned for later does not happen while the run is healed."""
    sites = Sites(Plan(1, "x", faults=(Fault(Site("a", "XADD"), LoseReply()),)))
    sites.end()
    assert not sites.come_by("a", "XADD").before
