"""Supervisors by example: who is restarted, in which order all stop, and what is said about it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest
import trio
from attrs import frozen
from redis_streams.actors import (
    ActorEvent,
    ActorStopped,
    Backoff,
    Child,
    ChildCrashed,
    ChildFinished,
    ChildRestarting,
    ChildStarted,
    ChildStopped,
    ChildStopping,
    Limits,
    Mailbox,
    MailboxStatistics,
    Restart,
    RestartLimitExceeded,
    Snapshot,
    Stage,
    StartTimeout,
    State,
    Strategy,
    StuckAfterCancel,
    Supervisor,
    nest,
    run_root,
)
from redis_streams.actors._observer import ignore, in_words
from trio.testing import MockClock, wait_all_tasks_blocked

PERMANENT, TRANSIENT, TEMPORARY = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
ONE_FOR_ONE, REST_FOR_ONE, ONE_FOR_ALL = Strategy.ONE_FOR_ONE, Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL


class Crash(Exception):
    """What a scripted actor dies of."""


class Rehearsal:
    """Scripted actors, what they did, and what the observer heard.

    The log has one word per step: ``a+`` incarnation up, ``a~`` told to drain, ``a-`` gone.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self.times: dict[str, float] = {}
        self.events: list[ActorEvent] = []
        self.cues: dict[str, trio.Event] = {}
        self.alive: set[str] = set()

    def note(self, word: str) -> None:
        self.log.append(word)
        self.times[word] = trio.current_time()

    def crash(self, *names: str) -> None:
        """Have these crash at their next step."""
        for name in names:
            self.cues[name].set()

    def child(
        self,
        name: str,
        *,
        restart: Restart = PERMANENT,
        starts_seconds: float = 0,
        drains_seconds: float = 0,
        grace: float = 5,
        start_timeout: float = 10,
        raises: BaseException | None = None,
        **_options: object,
    ) -> Child:
        """One that runs until it is told to crash or to drain; `raises` is what it crashes with, None: it returns."""

        async def run(stage: Stage) -> None:
            assert name not in self.alive, "two incarnations at once"
            self.alive.add(name)
            try:
                await trio.sleep(starts_seconds)
                self.cues[name] = trio.Event()
                self.note(f"{name}+")
                stage.started()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._until_cue, name, raises, nursery)
                    await stage.wait_draining()
                    self.note(f"{name}~")
                    await trio.sleep(drains_seconds)
                    nursery.cancel_scope.cancel()
            finally:
                self.alive.discard(name)
                self.note(f"{name}-")

        return Child(name, run, restart=restart, grace_seconds=grace, start_timeout_seconds=start_timeout)

    async def _until_cue(self, name: str, error: BaseException | None, nursery: trio.Nursery) -> None:
        await self.cues[name].wait()
        if error is not None:
            raise error
        nursery.cancel_scope.cancel()

    def supervisor(self, *children: Child, **options: object) -> Supervisor:
        options.setdefault("backoff", Backoff(1, 1))
        options.setdefault("observer", self.events.append)
        return Supervisor(children, rng=Random(1), **options)

    def said(self, *kinds: type[ActorEvent]) -> list[str]:
        """The events as words, those of some kinds only."""
        return [
            f"{event.path.removeprefix('root/')} {type(event).__name__}"
            for event in self.events
            if not kinds or isinstance(event, kinds)
        ]

    def letters(self, mark: str) -> str:
        """The names of those with this mark in the log, in its order."""
        return "".join(word[:-1] for word in self.log if word[-1] == mark)


@pytest.fixture
def play() -> Rehearsal:
    return Rehearsal()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> Iterator[int]:
    """Has the scheduler take tasks that are ready together in an order of this seed's."""
    scheduler = trio._core._run._r
    before = scheduler.getstate()
    scheduler.seed(request.param)
    yield request.param
    scheduler.setstate(before)


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[trio.Nursery]:
    """A supervisor that is up; it is cancelled at the end of the block."""
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(run_root, supervisor))
        yield nursery
        nursery.cancel_scope.cancel()


async def expect(error: type[BaseException], supervisor: Supervisor, caught: list[BaseException]) -> None:
    """Run it until it raises; the error goes into the list."""
    with pytest.raises(error) as info:
        await run_root(supervisor)
    caught.append(info.value)


def abc(play: Rehearsal, names: str = "abc", **options: object) -> list[Child]:
    return [play.child(name, raises=Crash("bang"), **options) for name in names]


# Starting


async def test_each_child_starts_when_the_one_before_is_up(play: Rehearsal, autojump_clock: MockClock) -> None:
    """And the supervisor itself is up when all are."""
    begun = trio.current_time()
    async with running(play.supervisor(*abc(play, starts_seconds=2))):
        assert trio.current_time() - begun == pytest.approx(6)
        assert play.log == ["a+", "b+", "c+"]
        assert play.times["b+"] - begun == pytest.approx(4)
    assert play.said(ChildStarted) == ["a ChildStarted", "b ChildStarted", "c ChildStarted"]


async def test_a_child_that_returns_at_once_is_up_and_finished(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It may forget to say so."""

    async def run(stage: Stage) -> None:
        await trio.sleep(1)

    supervisor = play.supervisor(Child("a", run, restart=TRANSIENT), Child("b", run, restart=TEMPORARY))
    await run_root(supervisor)
    assert play.said() == ["a ChildStarted", "a ChildFinished", "b ChildStarted", "b ChildFinished"]
    assert [child.state for child in supervisor.children()] == [State.FINISHED] * 2


async def test_who_crashes_while_others_start_is_restarted(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Whoever is still starting may need it: a link that broke just then kept a runtime from ever coming up."""
    up = trio.Event()

    async def need_a(stage: Stage) -> None:
        await up.wait()
        stage.started()
        await stage.wait_draining()

    async def crash_once(stage: Stage) -> None:
        stage.started()
        if stage.incarnation == 1:
            await trio.sleep(1)
            raise Crash("bang")
        up.set()
        await stage.wait_draining()

    async with running(play.supervisor(Child("a", crash_once), Child("b", need_a, start_timeout_seconds=math.inf))):
        assert play.said(ChildCrashed, ChildStarted) == [
            "a ChildStarted",
            "a ChildCrashed",
            "a ChildStarted",
            "b ChildStarted",
        ]


async def test_a_first_start_that_fails_is_not_tried_again(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Those that are up stop in reverse order, those behind it never start, and its error is raised."""

    async def fail(stage: Stage) -> None:
        await trio.sleep(1)
        raise Crash("no start")

    a, b, d = abc(play, "abd")
    supervisor = play.supervisor(a, b, Child("c", fail), d)
    with pytest.raises(Crash, match="no start"):
        await run_root(supervisor)
    assert play.log == ["a+", "b+", "b~", "b-", "a~", "a-"]
    assert play.said(ChildCrashed, ChildRestarting) == ["c ChildCrashed"]
    states = [child.state for child in supervisor.children()]
    assert states == [State.STOPPED, State.STOPPED, State.FAILED, State.STOPPED]


async def test_a_start_has_a_time_limit(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The error says whose and how long; the child is gone."""
    supervisor = play.supervisor(*abc(play, "a"), play.child("b", starts_seconds=99, start_timeout=7))
    begun = trio.current_time()
    with pytest.raises(StartTimeout, match="root/b did not start within 7 s"):
        await run_root(supervisor)
    assert trio.current_time() - begun == pytest.approx(7)
    assert play.log == ["a+", "b-", "a~", "a-"]
    assert play.said(ChildCrashed) == ["b ChildCrashed"]


@pytest.mark.parametrize("how", ["returns", "waits", "tie"])
async def test_what_a_child_says_after_its_start_was_given_up_is_not_heard(
    how: str, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """It broke: such a child was started and ended twice, and its cancellation was taken for a crash."""

    async def late(stage: Stage) -> None:
        if how == "tie":
            await trio.sleep(7)
        else:
            with trio.CancelScope(shield=True):
                await trio.sleep(8)
        stage.started()
        if how != "returns":
            await trio.sleep_forever()

    supervisor = play.supervisor(*abc(play, "a"), Child("b", late, start_timeout_seconds=7))
    with pytest.raises(StartTimeout):
        await run_root(supervisor)
    assert play.said()[1:] == ["b ChildCrashed", "a ChildStopping", "a ChildStopped"]
    assert supervisor.children()[1].state is State.FAILED


def test_children_need_names_of_their_own(play: Rehearsal) -> None:
    """Snapshots and events tell them apart by these."""
    with pytest.raises(ValueError, match="'a'"):
        play.supervisor(*abc(play, "aba"))


# Restarting


@pytest.mark.parametrize(
    ("strategy", "crashing", "stopped", "started"),
    [
        (ONE_FOR_ONE, "b", "b", "b"),
        (ONE_FOR_ONE, "d", "d", "d"),
        (REST_FOR_ONE, "b", "bdc", "bcd"),
        (REST_FOR_ONE, "a", "adcb", "abcd"),
        (REST_FOR_ONE, "d", "d", "d"),
        (ONE_FOR_ALL, "c", "cdba", "abcd"),
    ],
)
async def test_the_right_children_are_restarted_in_the_right_order(
    strategy: Strategy, crashing: str, stopped: str, started: str, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """They stop in reverse, wait together, and start in order; nobody else is touched."""
    async with running(play.supervisor(*abc(play, "abcd", drains_seconds=2), strategy=strategy)):
        play.log.clear()
        crashed_at = trio.current_time()
        play.crash(crashing)
        await trio.sleep(20)
        assert play.letters("-") == stopped
        assert play.letters("+") == started
        assert play.log == [word for word in play.log if word[-1] != "+"] + [f"{name}+" for name in started]
        drains = 2 * (len(stopped) - 1)
        assert play.times[f"{started[0]}+"] - crashed_at == pytest.approx(1 + drains, abs=0.01)
        assert play.said(ChildRestarting) == [f"{crashing} ChildRestarting"]


@pytest.mark.parametrize(
    ("restart", "raises", "again"),
    [
        (PERMANENT, True, True),
        (PERMANENT, False, True),
        (TRANSIENT, True, True),
        (TRANSIENT, False, False),
        (TEMPORARY, True, False),
        (TEMPORARY, False, False),
    ],
)
async def test_the_restart_type_says_whether_it_starts_again(
    restart: Restart, *, raises: bool, again: bool, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """A child that stays away has finished or failed."""
    supervisor = play.supervisor(
        *abc(play, "a"), play.child("b", restart=restart, raises=Crash("bang") if raises else None)
    )
    async with running(supervisor):
        play.crash("b")
        await trio.sleep(20)
        found = supervisor.children()[1]
        assert found.incarnation == (2 if again else 1)
        assert found.state is (State.RUNNING if again else State.FAILED if raises else State.FINISHED)
        assert found.last_error == ("Crash: bang" if raises else None)
        assert play.said(ChildCrashed, ChildFinished) == [f"b {'ChildCrashed' if raises else 'ChildFinished'}"]


async def test_the_supervisor_returns_when_all_have_finished(play: Rehearsal, autojump_clock: MockClock) -> None:
    """There is nobody left to look after."""
    children = [play.child(name, restart=TRANSIENT) for name in "ab"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_root, supervisor := play.supervisor(*children))
        await wait_all_tasks_blocked()
        play.crash("b")
        await trio.sleep(5)
        assert "b" not in play.alive
        play.crash("a")
    assert supervisor.snapshot().state is State.STOPPED
    assert [child.state for child in supervisor.children()] == [State.FINISHED] * 2


async def test_delays_grow_and_their_limit_holds(play: Rehearsal, autojump_clock: MockClock) -> None:
    """From one restart to the next, while they fall within one period."""
    async with running(play.supervisor(*abc(play, "a"), backoff=Backoff(1, 6), limits=Limits(9, 1000))):
        for _ in range(5):
            play.crash("a")
            await trio.sleep(20)
    delays = [event.delay_seconds for event in play.events if isinstance(event, ChildRestarting)]
    for delay, bare in zip(delays, [1, 2, 4, 6, 6], strict=True):
        assert bare <= delay <= min(6, 1.5 * bare)
    assert [event.restarts for event in play.events if isinstance(event, ChildRestarting)] == [1, 2, 3, 4, 5]


async def test_siblings_that_crash_together_count_once(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Mostly they have one cause."""
    async with running(play.supervisor(*abc(play), limits=Limits(1, 60))):
        play.crash("a", "b", "c")
        await trio.sleep(20)
        assert sorted(play.letters("+")) == sorted("abcabc")


async def test_one_that_fails_to_start_again_does_not_keep_others_from_it(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """It broke: of two that crashed together the second waited for ever when the first could not start again."""
    crash = trio.Event()

    async def run(stage: Stage) -> None:
        if stage.name == "a" and stage.incarnation == 2:
            raise Crash("no start")
        stage.started()
        if stage.incarnation == 1:
            await crash.wait()
            raise Crash("bang")
        await trio.sleep_forever()

    supervisor = play.supervisor(Child("a", run), Child("b", run))
    async with running(supervisor):
        crash.set()
        await trio.sleep(20)
        assert [child.state for child in supervisor.children()] == [State.RUNNING] * 2
        assert [child.incarnation for child in supervisor.children()] == [3, 2]
    assert [event.restarts for event in play.events if isinstance(event, ChildRestarting)] == [1, 1, 2]


@pytest.mark.parametrize("strategy", [REST_FOR_ONE, ONE_FOR_ALL])
async def test_those_that_depend_on_it_wait_until_it_has_started_again(
    strategy: Strategy, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """A start that fails is a crash like any other: it counts, and all that were to start begin anew."""
    starts = 0

    async def run(stage: Stage) -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            raise Crash("no start")
        stage.started()
        if starts == 1:
            await trio.sleep(1)
            raise Crash("bang")
        await trio.sleep_forever()

    supervisor = play.supervisor(Child("a", run), *abc(play, "bc"), strategy=strategy)
    async with running(supervisor):
        await trio.sleep(20)
        assert play.log == ["b+", "c+", "c~", "c-", "b~", "b-", "b+", "c+"]
        assert [child.incarnation for child in supervisor.children()] == [3, 2, 2]


async def test_a_temporary_sibling_that_cannot_start_again_keeps_nobody_from_it(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """Nothing will bring it back, so those behind it do not wait for that."""

    async def run(stage: Stage) -> None:
        if stage.incarnation == 2:
            raise Crash("no start")
        stage.started()
        await stage.wait_draining()

    supervisor = play.supervisor(Child("a", run, restart=TEMPORARY), *abc(play, "bc"), strategy=ONE_FOR_ALL)
    async with running(supervisor):
        play.crash("b")
        await trio.sleep(20)
        states = [child.state for child in supervisor.children()]
        assert states == [State.FAILED, State.RUNNING, State.RUNNING]


@pytest.mark.parametrize("seed", range(8), indirect=True)
async def test_a_start_that_is_called_off_is_not_begun(seed: int, play: Rehearsal, autojump_clock: MockClock) -> None:
    """It broke: where a sibling ended right after its start, the next one was entered all the same."""

    async def run(stage: Stage) -> None:
        play.note(f"b{stage.incarnation}")
        stage.started()
        if stage.incarnation == 1:
            await trio.sleep(1)
        if stage.incarnation > 2:
            await stage.wait_draining()

    async def behind(stage: Stage) -> None:
        play.note("c")
        stage.started()
        await stage.wait_draining()

    supervisor = play.supervisor(Child("b", run), Child("c", behind), strategy=REST_FOR_ONE)
    async with running(supervisor):
        await trio.sleep(20)
        assert play.log == ["b1", "c", "b2", "b3", "c"]


@pytest.mark.parametrize("strategy", [REST_FOR_ONE, ONE_FOR_ALL])
async def test_a_sibling_that_ends_for_good_before_it_is_told_to_stop_stays_so(
    strategy: Strategy, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """It broke: it came back where it ended while those behind it were being stopped."""
    a, c = abc(play, "ac", drains_seconds=4)
    supervisor = play.supervisor(a, play.child("b", restart=TRANSIENT), c, strategy=strategy)
    async with running(supervisor):
        play.crash("a")
        await trio.sleep(2)
        play.crash("b")  # which returns
        await trio.sleep(20)
        assert [child.state for child in supervisor.children()] == [State.RUNNING, State.FINISHED, State.RUNNING]


async def test_a_sibling_that_crashes_during_a_restart_comes_back_too(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """One restart takes over from the other: nobody is started twice, nobody is forgotten."""
    supervisor = play.supervisor(*abc(play, "abcd", drains_seconds=4), strategy=REST_FOR_ONE)
    async with running(supervisor):
        play.crash("c")
        await trio.sleep(2)
        play.crash("a")
        await trio.sleep(20)
        assert [child.state for child in supervisor.children()] == [State.RUNNING] * 4
        assert [child.incarnation for child in supervisor.children()] == [2] * 4
        assert play.letters("-") == "cadb"
        assert play.said(ChildStopping) == ["d ChildStopping", "b ChildStopping"]


async def test_a_restart_that_takes_over_forgets_nobody(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Neither those that only the first was about: here b, while c is the second's reason."""
    supervisor = play.supervisor(*abc(play, "abcd", drains_seconds=4), strategy=REST_FOR_ONE)
    async with running(supervisor):
        play.crash("b")
        await trio.sleep(2)
        play.crash("c")
        await trio.sleep(20)
        assert [child.state for child in supervisor.children()] == [State.RUNNING] * 4
        assert [child.incarnation for child in supervisor.children()] == [1, 2, 2, 2]


async def test_a_restart_that_takes_over_is_the_only_one(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The other is called off: nobody starts after its delay, which was shorter."""
    supervisor = play.supervisor(*abc(play, "ab"), strategy=REST_FOR_ONE, backoff=Backoff(4, 99))
    async with running(supervisor):
        play.crash("b")
        await trio.sleep(3)
        crashed_at = trio.current_time()
        play.crash("a")
        await trio.sleep(40)
        assert play.letters("+") == "abab"
        assert play.times["a+"] - crashed_at >= 8
        assert play.times["b+"] - crashed_at >= 8


async def test_grace_is_not_given_twice(play: Rehearsal, autojump_clock: MockClock) -> None:
    """A second restart that takes over does not let a child that is being stopped begin its grace anew."""
    children = [*abc(play, "ab"), play.child("c", drains_seconds=math.inf, grace=5)]
    async with running(play.supervisor(*children, strategy=REST_FOR_ONE)):
        crashed_at = trio.current_time()
        play.crash("b")
        await trio.sleep(4)
        play.crash("a")
        await trio.sleep(20)
        assert play.times["c-"] - crashed_at == pytest.approx(5, abs=0.01)


# Limits


async def test_one_restart_too_many_ends_the_supervisor(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It stops the others in order, then raises; the last crash is the cause."""
    caught = list[BaseException]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expect, RestartLimitExceeded, play.supervisor(*abc(play), limits=Limits(2, 60)), caught)
        for _ in range(3):
            await trio.sleep(5)
            play.crash("b")
    (error,) = caught
    assert isinstance(error, RestartLimitExceeded)
    assert (error.path, error.restarts, error.period_seconds) == ("root/b", 2, 60)
    assert str(error) == "root/b needed more than 2 restarts within 60 s; the last time because of Crash: bang"
    assert in_words(error.__cause__) == "Crash: bang"
    assert play.letters("+") == "abcbb"
    assert play.log[-4:] == ["c~", "c-", "a~", "a-"]


async def test_restarts_of_all_children_count_together(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The limit is the supervisor's."""
    caught = list[BaseException]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expect, RestartLimitExceeded, play.supervisor(*abc(play), limits=Limits(2, 60)), caught)
        for name in "abc":
            await trio.sleep(5)
            play.crash(name)
    assert caught[0].path == "root/c"


async def test_a_permanent_child_that_returns_may_exceed_the_limit(play: Rehearsal, autojump_clock: MockClock) -> None:
    """There is no error to be the cause; the message says so."""

    async def run(stage: Stage) -> None:
        stage.started()

    with pytest.raises(RestartLimitExceeded, match="it returned, but is meant to run for ever") as caught:
        await run_root(play.supervisor(Child("a", run)))
    assert caught.value.__cause__ is None


async def test_limits_escalate_one_level_at_a_time(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The parent restarts the supervisor that gave up, with all its children, and gives up itself only later."""
    inner = play.supervisor(*abc(play, "xy"), limits=Limits(1, 1000))
    root = play.supervisor(*abc(play, "a"), nest("inner", inner), *abc(play, "z"), limits=Limits(1, 1000))
    caught, seen = list[BaseException](), list[tuple[int, int, int]]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expect, RestartLimitExceeded, root, caught)
        for _ in range(4):
            await trio.sleep(20)
            seen.append(tuple(play.letters("+").count(name) for name in "xyaz"))
            play.crash("x")
    # x alone; then with its supervisor, which takes y along; then x alone again; then the root has had enough.
    assert seen == [(1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 1, 1), (4, 2, 1, 1)]
    assert caught[0].path == "root/inner"
    assert isinstance(caught[0].__cause__, RestartLimitExceeded)
    assert caught[0].__cause__.path == "root/inner/x"
    assert play.alive == set()
    assert play.letters("-")[-3:] == "yza"


# Stopping


async def test_children_stop_in_reverse_order_of_their_start(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Each is gone before the next is told."""
    async with running(play.supervisor(*abc(play, drains_seconds=3))):
        play.log.clear()
        begun = trio.current_time()
    assert play.log == ["c~", "c-", "b~", "b-", "a~", "a-"]
    assert trio.current_time() - begun == pytest.approx(9)
    assert play.said(ChildStopping, ChildStopped)[:2] == ["c ChildStopping", "c ChildStopped"]
    assert [event.cut for event in play.events if isinstance(event, ChildStopped)] == [False] * 3


async def test_draining_stops_a_nested_supervisor_in_its_place(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It takes the time its children need, whatever their grace."""
    inner = play.supervisor(*abc(play, "xy", drains_seconds=50, grace=100))
    async with running(play.supervisor(*abc(play, "a"), nest("inner", inner), *abc(play, "z"))):
        play.log.clear()
    assert play.log == ["z~", "z-", "y~", "y-", "x~", "x-", "a~", "a-"]
    assert play.said(StuckAfterCancel) == []
    assert not any(event.cut for event in play.events if isinstance(event, ChildStopped))


async def test_who_does_not_drain_in_its_grace_is_cancelled(play: Rehearsal, autojump_clock: MockClock) -> None:
    """And only it; the event says that it was cut."""
    children = [*abc(play, "a"), play.child("b", drains_seconds=math.inf, grace=4), *abc(play, "c")]
    async with running(play.supervisor(*children)):
        begun = trio.current_time()
    assert trio.current_time() - begun == pytest.approx(4)
    cuts = {event.path: event.cut for event in play.events if isinstance(event, ChildStopped)}
    assert cuts == {"root/a": False, "root/b": True, "root/c": False}
    assert play.letters("-") == "cba"


@pytest.mark.parametrize("while_it_stops", [True, False])
async def test_a_stop_in_a_hurry_ends_in_time(
    play: Rehearsal, autojump_clock: MockClock, *, while_it_stops: bool
) -> None:
    """All that still run then are cut, also below nested supervisors."""
    inner = play.supervisor(play.child("x", drains_seconds=math.inf, grace=100), *abc(play, "y"))
    root = play.supervisor(*abc(play, "a"), nest("inner", inner), play.child("c", drains_seconds=50, grace=100))

    async def hurry() -> None:
        await trio.sleep(while_it_stops)
        begun.append(trio.current_time())
        root.hurry(trio.current_time() + 2)

    begun: list[float] = []
    async with trio.open_nursery() as nursery, running(root):
        nursery.start_soon(hurry)
        if not while_it_stops:
            await trio.testing.wait_all_tasks_blocked()
    assert trio.current_time() - begun[0] == pytest.approx(2)
    cuts = {event.path: event.cut for event in play.events if isinstance(event, ChildStopped)}
    assert cuts == {"root/a": True, "root/inner": False, "root/inner/x": True, "root/inner/y": True, "root/c": True}


async def test_who_ignores_its_cancellation_is_waited_for_and_reported(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """Nothing can force it to go, and nothing outlives the supervisor."""

    async def run(stage: Stage) -> None:
        stage.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(100)
            play.note("b-")

    async with running(play.supervisor(*abc(play, "a"), Child("b", run, grace_seconds=4))):
        begun = trio.current_time()
    assert trio.current_time() - begun == pytest.approx(104)
    assert play.log[-3:] == ["b-", "a~", "a-"]
    assert play.said(StuckAfterCancel) == ["b StuckAfterCancel"]


async def test_a_child_that_fails_while_it_is_stopped_is_reported_and_no_more(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """The stop goes on."""

    async def run(stage: Stage) -> None:
        stage.started()
        await stage.wait_draining()
        raise Crash("while draining")

    supervisor = play.supervisor(*abc(play, "a"), Child("b", run), *abc(play, "c"))
    async with running(supervisor):
        pass
    assert play.said(ChildCrashed, ChildStopped) == [
        "c ChildStopped",
        "b ChildCrashed",
        "b ChildStopped",
        "a ChildStopped",
    ]
    assert supervisor.children()[1].last_error == "Crash: while draining"
    assert [child.state for child in supervisor.children()] == [State.STOPPED] * 3


async def test_a_crash_whose_text_can_not_be_made_is_one_as_any(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It broke: the child counted as running for ever, and nobody restarted it."""

    class Wordless(Exception):
        def __str__(self) -> str:
            raise TypeError

    async with running(play.supervisor(play.child("a", raises=Wordless()))):
        play.crash("a")
        await trio.sleep(5)
    assert play.said(ChildCrashed, ChildRestarting) == ["a ChildCrashed", "a ChildRestarting"]


async def test_a_keyboard_interrupt_ends_everything_in_order(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It is not restarted away."""
    children = [*abc(play, "a"), play.child("b", raises=KeyboardInterrupt()), *abc(play, "c")]
    caught = list[BaseException]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expect, BaseException, play.supervisor(*children), caught)
        await wait_all_tasks_blocked()
        play.crash("b")
    assert in_words(caught[0]).startswith("KeyboardInterrupt")
    assert play.log[-4:] == ["c~", "c-", "a~", "a-"]


async def test_a_keyboard_interrupt_in_a_restart_ends_everything_in_order(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """It broke: the others were cancelled at once, without a chance to drain."""
    starts = 0

    async def run(stage: Stage) -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            async with trio.open_nursery():
                raise KeyboardInterrupt
        stage.started()
        await trio.sleep(1)
        raise Crash("bang")

    caught = list[BaseException]()
    await expect(BaseException, play.supervisor(*abc(play, "a"), Child("b", run), *abc(play, "c")), caught)
    assert in_words(caught[0]).startswith("KeyboardInterrupt")
    assert play.log[-4:] == ["c~", "c-", "a~", "a-"]


# Cancelled from outside


async def cancelled_after(seconds: float, supervisor: Supervisor) -> None:
    with trio.move_on_after(seconds) as scope:
        await run_root(supervisor)
    assert scope.cancelled_caught


async def test_cancelled_during_the_start(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The one that is starting is cut off, those that are up drain, those behind never start."""
    supervisor = play.supervisor(*abc(play, "ab"), *abc(play, "cd", starts_seconds=5))
    await cancelled_after(3, supervisor)
    assert play.log == ["a+", "b+", "c-", "b~", "b-", "a~", "a-"]
    assert play.said(ChildCrashed) == []
    assert [child.state for child in supervisor.children()] == [State.STOPPED] * 4


async def test_cancelled_during_the_run(play: Rehearsal, autojump_clock: MockClock) -> None:
    """All drain, shielded from the cancellation."""
    await cancelled_after(3, play.supervisor(*abc(play, drains_seconds=2)))
    assert play.log == ["a+", "b+", "c+", "c~", "c-", "b~", "b-", "a~", "a-"]


async def test_cancelled_during_the_backoff(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Who waits for its next incarnation never gets it."""
    supervisor = play.supervisor(*abc(play), backoff=Backoff(100, 100))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancelled_after, 3, supervisor)
        await trio.sleep(1)
        play.crash("b")
        await trio.sleep(1)
        assert supervisor.children()[1].state is State.BACKING_OFF
    assert trio.current_time() < 10
    assert play.log == ["a+", "b+", "c+", "b-", "c~", "c-", "a~", "a-"]
    assert supervisor.children()[1].state is State.STOPPED


@pytest.mark.parametrize("seed", range(8), indirect=True)
async def test_cancelled_in_the_moment_of_a_restart(seed: int, play: Rehearsal, autojump_clock: MockClock) -> None:
    """Called off or done, but not begun when the others are being stopped. It broke in one order of two."""
    supervisor = play.supervisor(*abc(play, drains_seconds=1), backoff=Backoff(2, 2))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancelled_after, 3, supervisor)
        await trio.sleep(1)
        play.crash("b")
    starts = [index for index, word in enumerate(play.log) if word[-1] == "+"]
    assert max(starts) < play.log.index("c~")
    begun = [event.path for event in play.events if isinstance(event, ChildStarted)]
    assert len(begun) == len(starts)


async def test_cancelled_during_a_drain(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Told to stop twice: the first stop goes on as it was."""
    supervisor = play.supervisor(*abc(play, drains_seconds=4))
    stage = Stage("root", "root", 1, ignore)
    with trio.move_on_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run, stage)
            await trio.sleep(5)
            stage.drain()
    assert play.log[3:] == ["c~", "c-", "b~", "b-", "a~", "a-"]
    assert len(play.said(ChildStopping)) == 3


async def test_cancelled_while_a_restart_stops_siblings(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The stop takes over from the restart: nobody is told twice, nobody ends twice."""
    supervisor = play.supervisor(*abc(play, drains_seconds=4), strategy=ONE_FOR_ALL)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancelled_after, 3, supervisor)
        await trio.sleep(1)
        play.crash("b")
    assert play.log[3:] == ["b-", "c~", "c-", "a~", "a-"]
    assert play.said(ChildStopping, ChildStopped) == [
        "c ChildStopping",
        "c ChildStopped",
        "a ChildStopping",
        "a ChildStopped",
    ]


async def test_trouble_in_a_start_that_is_called_off_is_reported_and_no_more(
    play: Rehearsal, autojump_clock: MockClock
) -> None:
    """It broke: a start that was cancelled and raised beside that tore everything down at once."""
    starts = 0

    async def fail_in_cleanup() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Crash("in cleanup")

    async def run(stage: Stage) -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            stage.started()
            await trio.sleep(1)
            raise Crash("bang")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail_in_cleanup)
            nursery.start_soon(trio.sleep_forever)

    supervisor = play.supervisor(*abc(play, "a", drains_seconds=1), Child("b", run), *abc(play, "c"))
    await cancelled_after(5, supervisor)
    assert play.log[-4:] == ["c~", "c-", "a~", "a-"]
    assert supervisor.children()[1].last_error == "Crash: in cleanup"


# Joining


async def test_a_child_may_join(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It is up when `start_child` returns, is restarted like the others, and stops first."""
    supervisor = play.supervisor()
    async with running(supervisor):
        for child in abc(play, "ab", starts_seconds=2):
            await supervisor.start_child(child)
            assert play.log[-1] == f"{child.name}+"
        with pytest.raises(ValueError, match="'a'"):
            await supervisor.start_child(abc(play, "a")[0])
        play.crash("a")
        await trio.sleep(10)
        assert [child.incarnation for child in supervisor.children()] == [2, 1]
        play.log.clear()
    assert play.letters("-") == "ba"


async def test_a_child_that_cannot_start_does_not_join(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Whoever wanted it hears why, its name is free, and the supervisor goes on."""

    async def fail(stage: Stage) -> None:
        raise Crash("no start")

    supervisor = play.supervisor(*abc(play, "a"))
    async with running(supervisor):
        with pytest.raises(Crash, match="no start"):
            await supervisor.start_child(Child("b", fail))
        assert [child.name for child in supervisor.children()] == ["a"]
        await supervisor.start_child(abc(play, "b")[0])
        assert play.alive == {"a", "b"}


async def test_two_of_one_name_that_join_together(play: Rehearsal, autojump_clock: MockClock) -> None:
    """One of them is refused, whenever it asks."""
    supervisor = play.supervisor()
    refused = list[str]()

    async def join(passes: int) -> None:
        for _ in range(passes):
            await trio.lowlevel.checkpoint()
        try:
            await supervisor.start_child(abc(play, "a", starts_seconds=3)[0])
        except ValueError as error:
            refused.append(str(error))

    async with running(supervisor):
        async with trio.open_nursery() as nursery:
            for passes in range(6):
                nursery.start_soon(join, passes)
        assert len(refused) == 5
        assert [child.name for child in supervisor.children()] == ["a"]


@pytest.mark.parametrize("seed", range(12), indirect=True)
@pytest.mark.parametrize("passes", range(4))
async def test_joining_while_the_supervisor_stops(
    passes: int, seed: int, play: Rehearsal, autojump_clock: MockClock
) -> None:
    """Refused, or stopped with the others. It broke: a child that joined in that moment was never stopped."""
    supervisor = play.supervisor(*abc(play, "a"))

    async def join() -> None:
        with pytest.raises(ActorStopped):
            await supervisor.start_child(abc(play, "b", starts_seconds=20)[0])

    stage = Stage("root", "root", 1, ignore)
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run, stage)
            await trio.sleep(1)
            nursery.start_soon(join)
            for _ in range(passes):
                await trio.lowlevel.checkpoint()
            stage.drain()
    assert play.alive == set()


async def test_nobody_joins_a_supervisor_that_is_not_running(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Before its run and after it."""
    supervisor = play.supervisor(*abc(play, "a"))
    with pytest.raises(ActorStopped, match="b can't join"):
        await supervisor.start_child(abc(play, "b")[0])
    async with running(supervisor):
        pass
    with pytest.raises(ActorStopped, match="b can't join"):
        await supervisor.start_child(abc(play, "b")[0])


async def test_a_restart_of_all_leaves_alone_who_is_still_joining(play: Rehearsal, autojump_clock: MockClock) -> None:
    """It joins them afterwards."""
    supervisor = play.supervisor(*abc(play, "ab"), strategy=ONE_FOR_ALL)
    async with running(supervisor) as nursery:
        nursery.start_soon(supervisor.start_child, abc(play, "c", starts_seconds=9)[0])
        await trio.sleep(2)
        play.crash("a")
        await trio.sleep(20)
        assert [child.state for child in supervisor.children()] == [State.RUNNING] * 3
        assert [child.incarnation for child in supervisor.children()] == [2, 2, 1]


# Telling


@frozen
class Status:
    """What an actor publishes."""

    count: int


async def test_a_status_that_is_made_when_asked_is_never_old(play: Rehearsal, autojump_clock: MockClock) -> None:
    """The actor need not wake up to show how it stands."""
    count = 0

    async def counts(stage: Stage) -> None:
        stage.publish_when_asked(lambda: Status(count))
        stage.started()
        await trio.sleep_forever()

    root = play.supervisor(Child("x", counts))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_root, root)
        await trio.sleep(1)
        assert root.snapshot().find("x").status == Status(0)
        count = 7
        assert root.snapshot().find("x").status == Status(7)
        nursery.cancel_scope.cancel()


async def test_a_snapshot_shows_the_whole_tree(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Synchronously, so also of a stuck actor: state, incarnation, last error, mailboxes, status."""
    mailbox: Mailbox[int] = Mailbox("inner/x", 3)
    mailbox.address.send_nowait(1)

    async def stuck(stage: Stage) -> None:
        stage.publish(Status(stage.incarnation))
        stage.started()
        await trio.sleep(1)
        if stage.incarnation == 1:
            raise Crash("bang")
        await trio.sleep_forever()

    inner = play.supervisor(Child("x", stuck, mailboxes=(mailbox,)))
    root = play.supervisor(nest("inner", inner), play.child("z", starts_seconds=99, start_timeout=math.inf))
    assert root.snapshot() == Snapshot("root", "root", State.WAITING, 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_root, root)
        await trio.sleep(1.5)
        assert root.snapshot().find("inner/x").state is State.BACKING_OFF
        await trio.sleep(5)
        x = Snapshot(
            "x",
            "root/inner/x",
            State.RUNNING,
            2,
            last_error="Crash: bang",
            status=Status(2),
            mailboxes=(MailboxStatistics("inner/x", 3, 1, 0, 0),),
        )
        assert root.snapshot() == Snapshot(
            "root",
            "root",
            State.RUNNING,
            1,
            children=(
                Snapshot("inner", "root/inner", State.RUNNING, 1, children=(x,)),
                Snapshot("z", "root/z", State.STARTING, 1),
            ),
        )
        assert x.restarts == 1
        assert root.snapshot().find("inner") == root.snapshot().children[0]
        assert root.snapshot().find("nobody") is None
        assert root.snapshot().find("nner") is None
        nursery.cancel_scope.cancel()
        await trio.lowlevel.cancel_shielded_checkpoint()
    assert root.snapshot().state is State.STOPPED
    assert root.snapshot().find("inner/x").state is State.STOPPED


async def test_a_snapshot_while_it_stops(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Who is being stopped, who still runs."""
    supervisor = play.supervisor(*abc(play, drains_seconds=4))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancelled_after, 3, supervisor)
        await trio.sleep(8)
        snapshot = supervisor.snapshot()
        assert snapshot.state is State.STOPPING
        assert [child.state for child in snapshot.children] == [State.RUNNING, State.STOPPING, State.STOPPED]


async def test_the_observer_hears_the_whole_life_of_a_child(play: Rehearsal, autojump_clock: MockClock) -> None:
    """With its incarnations, in order."""
    async with running(play.supervisor(*abc(play, "a"), backoff=Backoff(1, 1))):
        play.crash("a")
        await trio.sleep(5)
    error = play.events[1].error
    assert play.events == [
        ChildStarted("root/a", 1),
        ChildCrashed("root/a", 1, error),
        ChildRestarting("root/a", 1, 1),
        ChildStarted("root/a", 2),
        ChildStopping("root/a", 2),
        ChildStopped("root/a", 2, cut=False),
    ]
    assert "bang" in repr(error)


async def test_what_a_stage_tells_goes_to_the_observer(play: Rehearsal, autojump_clock: MockClock) -> None:
    """Actors' own events take the same way."""
    event = ChildFinished("anything", 7)

    async def run(stage: Stage) -> None:
        stage.emit(event)
        await stage.wait_draining()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_root, play.supervisor(Child("a", run)))
        await wait_all_tasks_blocked()
        assert play.events == [event]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "kind", [ChildStarted, ChildFinished, ChildCrashed, ChildRestarting, ChildStopping, ChildStopped, ActorEvent]
)
async def test_an_observer_that_raises_hurts_nobody(
    kind: type[ActorEvent], play: Rehearsal, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It broke: a child's end was never noticed. Its mistake is logged, and that is all."""

    def observer(event: ActorEvent) -> None:
        play.events.append(event)
        if isinstance(event, kind):
            raise Crash("the observer's bug")

    async def emit(stage: Stage) -> None:
        stage.emit(ActorEvent(stage.path))

    children = [*abc(play), play.child("d", restart=TRANSIENT), Child("e", emit, restart=TRANSIENT)]
    supervisor = play.supervisor(*children, observer=observer)
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(cancelled_after, 30, supervisor)
            await trio.sleep(1)
            play.crash("b", "d")
            await trio.sleep(20)
            assert play.alive == {"a", "b", "c"}
        scope.cancel()
    assert play.letters("-") == "bdcba" or play.letters("-") == "dbcba"
    assert "the observer's bug" in caplog.text


# Anything that waits for an end


async def test_waiters_of_any_kind_see_a_stop(play: Rehearsal, autojump_clock: MockClock) -> None:
    """`draining`, `wait_draining`, `intake` and `woken_by_drain` are four ways to hear the same."""
    heard: list[str] = []

    async def poll(stage: Stage) -> None:
        stage.started()
        while not stage.draining:
            await trio.sleep(1)
        heard.append("poll")

    async def intake(stage: Stage) -> None:
        stage.started()
        with stage.intake() as waiting:
            await trio.sleep_forever()
        assert waiting.cut
        with stage.intake() as late:
            await trio.sleep_forever()
        assert late.cut
        heard.append("intake")

    async def woken(stage: Stage) -> None:
        stage.started()
        event = trio.Event()
        with stage.woken_by_drain(event.set):
            await event.wait()
        heard.append("woken")

    actors: Sequence[Callable[[Stage], Awaitable[None]]] = (poll, intake, woken)
    async with running(play.supervisor(*(Child(actor.__name__, actor) for actor in actors))):
        pass
    assert heard == ["woken", "intake", "poll"]


async def test_intake_swallows_no_other_cancellation(autojump_clock: MockClock) -> None:
    """Only the drain's own."""
    stage = Stage("a", "root/a", 1, ignore)
    with trio.move_on_after(1) as scope:
        with stage.intake():
            await trio.sleep_forever()
        raise AssertionError("not reached")
    assert scope.cancelled_caught
    with stage.intake() as through:
        await trio.sleep(1)
    assert not through.cut
    stage.drain()
    assert stage.draining
