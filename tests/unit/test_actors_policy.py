"""The restart policy: who is restarted, after how long, and when it is enough."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.actors import Backoff, Limits, Restart, Strategy
from redis_streams.actors._policy import Decision, End, GiveUp, LeaveEnded, Policy, RestartThese

PERMANENT, TRANSIENT, TEMPORARY = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
ONE_FOR_ONE, REST_FOR_ONE, ONE_FOR_ALL = Strategy.ONE_FOR_ONE, Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL
RUNNING = ("a", "b", "c", "d")


def policy(
    strategy: Strategy = ONE_FOR_ONE, restarts: int = 100, period: float = 60, initial: float = 1, most: float = 1e9
) -> Policy:
    return Policy(strategy, Limits(restarts, period), Backoff(initial, most))


def crash(*names: str, restart: Restart = PERMANENT) -> list[End]:
    return [End(name, restart, crashed=True) for name in names]


def names_of(decision: Decision) -> tuple[str, ...]:
    assert isinstance(decision, RestartThese)
    return decision.names


def delay_of(decision: Decision) -> float:
    assert isinstance(decision, RestartThese)
    return decision.delay_seconds


# Which ends ask for another start


@pytest.mark.parametrize(
    ("restart", "crashed", "wanted"),
    [
        (PERMANENT, True, True),
        (PERMANENT, False, True),
        (TRANSIENT, True, True),
        (TRANSIENT, False, False),
        (TEMPORARY, True, False),
        (TEMPORARY, False, False),
    ],
)
def test_the_restart_type_says_which_ends_are_followed_by_a_start(
    restart: Restart, *, crashed: bool, wanted: bool
) -> None:
    """Permanent: every one. Transient: crashes. Temporary: none."""
    end = End("b", restart, crashed=crashed)
    assert end.wants_restart is wanted
    decision = policy().decide([end], RUNNING, now=0, draw=0)
    assert isinstance(decision, RestartThese if wanted else LeaveEnded)


# Who is restarted with it


@pytest.mark.parametrize(
    ("strategy", "ended", "restarted"),
    [
        (ONE_FOR_ONE, "b", "b"),
        (ONE_FOR_ONE, "db", "bd"),
        (REST_FOR_ONE, "a", "abcd"),
        (REST_FOR_ONE, "c", "cd"),
        (REST_FOR_ONE, "d", "d"),
        (REST_FOR_ONE, "db", "bcd"),
        (ONE_FOR_ALL, "a", "abcd"),
        (ONE_FOR_ALL, "d", "abcd"),
    ],
)
def test_the_strategy_says_who_is_restarted_in_the_order_of_the_start(
    strategy: Strategy, ended: str, restarted: str
) -> None:
    """In whatever order the ends were noticed."""
    assert names_of(policy(strategy).decide(crash(*ended), RUNNING, now=0, draw=0)) == tuple(restarted)


@pytest.mark.parametrize(("strategy", "restarted"), [(ONE_FOR_ONE, "b"), (REST_FOR_ONE, "bd"), (ONE_FOR_ALL, "abd")])
@pytest.mark.parametrize("gone", [End("c", TRANSIENT, crashed=False), End("c", TEMPORARY, crashed=True)])
def test_who_ended_for_good_in_the_same_moment_stays_so(strategy: Strategy, restarted: str, gone: End) -> None:
    """A sibling's crash does not bring it back."""
    assert names_of(policy(strategy).decide([gone, *crash("b")], RUNNING, now=0, draw=0)) == tuple(restarted)


@given(
    st.sampled_from(Strategy),
    st.lists(
        st.builds(End, st.sampled_from(RUNNING), st.sampled_from(Restart), st.booleans()),
        unique_by=lambda end: end.name,
        max_size=4,
    ),
)
def test_a_decision_is_about_those_it_must_be_about(strategy: Strategy, ends: list[End]) -> None:
    """All that want a start are in it, none that ended for good is, and the order is that of the start."""
    decision = policy(strategy).decide(ends, RUNNING, now=0, draw=0)
    wanting = {end.name for end in ends if end.wants_restart}
    if not wanting:
        assert decision == LeaveEnded()
        return
    names = names_of(decision)
    assert wanting <= set(names)
    assert not set(names) & ({end.name for end in ends} - wanting)
    assert list(names) == sorted(names)
    assert min(names) == min(wanting) or strategy is ONE_FOR_ALL
    assert set(names) == wanting or strategy is not ONE_FOR_ONE


# How often


def test_one_restart_more_than_the_limit_is_too_many() -> None:
    """Within the limit nobody gives up."""
    tried = policy(restarts=2)
    assert [names_of(tried.decide(crash("b"), RUNNING, now=now, draw=0)) for now in (0, 1)] == [("b",), ("b",)]
    assert tried.decide(crash("c"), RUNNING, now=2, draw=0) == GiveUp("c")


@given(st.permutations(RUNNING), st.integers(1, 4))
def test_whoever_was_started_first_is_named_as_the_one_too_many(order: list[str], count: int) -> None:
    """In whatever order the ends were noticed, and in whatever order a set has them."""
    ended = order[:count]
    assert policy(restarts=0).decide(crash(*ended), RUNNING, now=2, draw=0) == GiveUp(min(ended))


def test_without_any_restart_the_first_is_too_many() -> None:
    """A limit of 0 is a limit."""
    assert policy(restarts=0).decide(crash("a"), RUNNING, now=0, draw=0) == GiveUp("a")
    assert policy(restarts=0).decide(crash("a", restart=TEMPORARY), RUNNING, now=0, draw=0) == LeaveEnded()


def test_children_that_end_together_count_once() -> None:
    """Mostly they have one cause."""
    tried = policy(restarts=1)
    assert names_of(tried.decide(crash(*RUNNING), RUNNING, now=0, draw=0)) == RUNNING
    assert tried.decide(crash("a"), RUNNING, now=1, draw=0) == GiveUp("a")


def test_ends_that_want_no_restart_do_not_count() -> None:
    """However many there are."""
    tried = policy(restarts=1)
    for now in range(10):
        tried.decide([End("a", TRANSIENT, crashed=False), *crash("b", restart=TEMPORARY)], RUNNING, now=now, draw=0)
    assert names_of(tried.decide(crash("c"), RUNNING, now=10, draw=0)) == ("c",)


def test_a_restart_counts_for_one_period() -> None:
    """Exactly one period later it does not count any more, a moment before it does."""
    for now, enough in ((59.999, True), (60, False)):
        tried = policy(restarts=1, period=60)
        tried.decide(crash("a"), RUNNING, now=0, draw=0)
        assert isinstance(tried.decide(crash("a"), RUNNING, now=now, draw=0), GiveUp) is enough


@given(
    st.integers(0, 4),
    st.floats(0.5, 20),
    st.lists(st.floats(0, 10), max_size=30),
)
def test_no_period_holds_more_restarts_than_the_limit(most: int, period: float, steps: list[float]) -> None:
    """Nor does it give up where a period holds no more than that: compared with counting by hand."""
    tried = policy(restarts=most, period=period)
    now, times = 0.0, list[float]()
    for step in steps:
        now += step
        times.append(now)
        in_period = sum(time > now - period for time in times)
        decision = tried.decide(crash("a"), RUNNING, now=now, draw=0.5)
        if in_period > most:
            assert decision == GiveUp("a")
            return
        assert isinstance(decision, RestartThese)
        assert decision.restarts == in_period


# How long


def test_the_delay_doubles_from_restart_to_restart() -> None:
    """Without jitter: 1, 2, 4, 8 and so on."""
    tried = policy(initial=1)
    assert [delay_of(tried.decide(crash("a"), RUNNING, now=now, draw=0)) for now in range(5)] == [1, 2, 4, 8, 16]


def test_the_delay_falls_back_as_restarts_leave_the_period() -> None:
    """The window itself resets it."""
    tried = policy(initial=1, period=10)
    times = (0, 1, 2, 10.5, 11.5, 12.5, 100)
    assert [delay_of(tried.decide(crash("a"), RUNNING, now=now, draw=0)) for now in times] == [1, 2, 4, 4, 4, 4, 1]


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 100), st.floats(0, 1000))
def test_jitter_adds_up_to_half_and_nothing_exceeds_the_most(
    restarts: int, draw: float, initial: float, most: float
) -> None:
    """Also after more restarts than a float can double."""
    delay = Backoff(initial, most).delay(restarts, draw)
    bare = min(most, initial * 2.0 ** min(restarts - 1, 60))
    assert bare <= delay <= min(most, 1.5 * bare * (1 + 1e-9))
    assert Backoff(initial, most).delay(restarts + 1, draw) >= delay


def test_jitter_spreads_over_its_whole_range_and_repeats_from_its_seed() -> None:
    """Supervisors that failed together do not come back together; a simulation replays."""

    def delays(seed: int) -> list[float]:
        rng = Random(seed)
        return [Backoff(1, 100).delay(1, rng.random()) for _ in range(200)]

    assert delays(3) == delays(3)
    assert min(delays(3)) < 1.05
    assert max(delays(3)) > 1.45


# Settings that make no sense


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: Limits(restarts=-1), "-1"),
        (lambda: Limits(period_seconds=0), "0"),
        (lambda: Limits(period_seconds=-2.5), "-2.5"),
        (lambda: Backoff(initial_seconds=-1), "-1"),
        (lambda: Backoff(max_seconds=-3), "-3"),
    ],
)
def test_settings_that_make_no_sense_are_refused_and_shown(make: type[Limits], shown: str) -> None:
    """The message has the bad value."""
    with pytest.raises(ValueError, match=shown):
        make()
