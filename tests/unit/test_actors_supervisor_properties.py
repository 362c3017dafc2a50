"""Supervisors under random scripts: whatever their children do, and whenever they are stopped, these rules hold.

- There are never two incarnations of one child at once, and nothing outlives the supervisor.
- Every start has exactly one end, in what the observer hears as in what happened.
- A child is told to stop when no later sibling is there any more; nobody starts after that.
- Restarts never exceed the limits and never come sooner than their delay.
- Whoever is to be restarted is; whoever has finished for good stays finished.
- A run comes to its end when it is told to, and raises nothing unexpected.

Everything happens at whole seconds, so crashes, limits, starts and stops meet in one pass of the scheduler, in an order
that is drawn too.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random

import pytest
import trio
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
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
)
from support.examples import examples
from support.seeded import run_seeded

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

START_TIMEOUT = 3
QUIET = 400
"""By then every script has been played."""
HUNG = 10_000


class Crash(Exception):
    """What scripted actors die of."""


@frozen
class Turn:
    """What one incarnation does."""

    start: str = "up"
    """up; fail; forget (returns without a word); late (shielded, says that it is up when its time is over)"""
    start_seconds: int = 0
    work: str = "stay"
    """stay; crash; finish; hang (does not hear that it shall drain)"""
    work_seconds: int = 0
    drain: str = "return"
    """return; crash; ignore"""
    drain_seconds: int = 0
    cleanup_seconds: int = 0
    """At the end, shielded from cancellation."""
    cleanup_crashes: bool = False


@frozen
class Script:
    """A child: what its incarnations do one after the other; those after the last just stay."""

    turns: Sequence[Turn]
    restart: Restart = Restart.PERMANENT
    grace: int = 2


@frozen
class Tree:
    """A supervisor and those under it."""

    nodes: Sequence[Script | Tree]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    limits: Limits = Limits(3, 10)
    backoff: Backoff = Backoff(1, 4)
    restart: Restart = Restart.PERMANENT


@frozen
class Stop:
    """How and when it ends from outside."""

    how: str
    """cancel; drain"""
    at: int


@frozen
class Join:
    """A child that joins later."""

    script: Script
    at: int


SECONDS = st.sampled_from([0, 0, 0, 1, 2])
TURNS = st.builds(
    Turn,
    start=st.sampled_from(["up"] * 8 + ["fail", "forget", "late"]),
    start_seconds=st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4]),
    work=st.sampled_from(["stay", "crash", "crash", "crash", "finish", "hang"]),
    work_seconds=st.integers(0, 4),
    drain=st.sampled_from(["return", "return", "crash", "ignore"]),
    drain_seconds=SECONDS,
    cleanup_seconds=st.sampled_from([0, 0, 0, 0, 1, 4]),
    cleanup_crashes=st.sampled_from([False, False, False, True]),
)
GOOD_FIRST_TURNS = TURNS.map(lambda turn: evolve(turn, start="up", start_seconds=turn.start_seconds % START_TIMEOUT))
SCRIPTS = st.builds(
    Script,
    st.tuples(GOOD_FIRST_TURNS | TURNS, st.lists(TURNS, max_size=3)).map(lambda parts: [parts[0], *parts[1]]),
    st.sampled_from(Restart),
    st.integers(0, 3),
)


def trees(nodes: st.SearchStrategy[Script | Tree]) -> st.SearchStrategy[Tree]:
    return st.builds(
        Tree,
        st.lists(nodes, min_size=1, max_size=4),
        st.sampled_from(Strategy),
        st.builds(Limits, st.sampled_from([0, 1, 2, 8, 8, 8]), st.sampled_from([3, 10, 50])),
        st.builds(Backoff, st.sampled_from([0, 1, 2]), st.sampled_from([0, 4])),
        st.sampled_from(Restart),
    )


FLAT = trees(SCRIPTS)
NESTED = trees(SCRIPTS | FLAT)
STOPS = st.builds(Stop, st.sampled_from(["cancel", "drain"]), st.integers(0, 14) | st.just(QUIET))
SEEDS = st.integers(0, 2**16)


@frozen
class Noted:
    """A step of the play: begin, end, stop, or an event that the observer heard."""

    time: float
    what: str | ActorEvent
    path: str


@define
class Play:
    """One run of a tree, with what happened in it."""

    tree: Tree
    rng: Random
    log: list[Noted] = field(factory=list)
    alive: set[str] = field(factory=set)
    begins: Counter[str] = field(factory=Counter)
    places: dict[str, tuple[int, ...]] = field(factory=dict)
    trees: dict[str, Tree] = field(factory=dict)
    restarts: dict[str, Restart] = field(factory=dict)
    supervisors: list[Supervisor] = field(factory=list)
    before_stop: Snapshot | None = None
    outcome: BaseException | None = None
    stopped: bool = False
    wrong: list[str] = field(factory=list)
    """Rules that were seen broken. An assertion would only be one more crash to the supervisor."""

    # Building

    def supervisor(self, tree: Tree, path: str = "root", place: tuple[int, ...] = ()) -> Supervisor:
        """The supervisor of a tree whose path is this."""
        self.trees[path] = tree
        children = [self.child(node, f"{path}/{index}", (*place, index)) for index, node in enumerate(tree.nodes)]
        made = Supervisor(
            children,
            rng=self.rng,
            strategy=tree.strategy,
            limits=tree.limits,
            backoff=tree.backoff,
            observer=self.hear,
        )
        self.supervisors.append(made)
        return made

    def child(self, node: Script | Tree, path: str, place: tuple[int, ...]) -> Child:
        """The child at a place."""
        self.places[path] = place
        self.restarts[path] = node.restart
        name = path.rpartition("/")[2]
        if isinstance(node, Tree):
            nested = nest(name, self.supervisor(node, path, place), restart=node.restart)

            async def run_nested(stage: Stage) -> None:
                self.note("run", path)
                await nested.run(stage)

            return evolve(nested, run=run_nested)

        async def run(stage: Stage) -> None:
            await self.play(stage, node)

        return Child(name, run, restart=node.restart, grace_seconds=node.grace, start_timeout_seconds=START_TIMEOUT)

    @property
    def joiner(self) -> str:
        """The path of a child that joins."""
        return f"root/{len(self.tree.nodes)}"

    # Playing

    def note(self, what: str | ActorEvent, path: str) -> None:
        self.log.append(Noted(trio.current_time(), what, path))

    def hear(self, told: ActorEvent) -> None:
        """The observer: looks at once whether what is told may be true now."""
        self.note(told, told.path)
        if isinstance(told, ChildStopping):
            self.expect_none_after(told.path, "is told to stop")

    def expect_none_after(self, path: str, what: str) -> None:
        """Nobody is there that was started after this one."""
        others = list(self.alive_after(path))
        if others:
            self.wrong.append(f"{path} {what} while {others} are there")

    def alive_after(self, path: str) -> Iterator[str]:
        """Who is there among the siblings behind this one, and under them.

        One that joins is no matter to a restart of several that was decided before it was up.
        """
        place = self.places[path]
        alone = self.tree.strategy is Strategy.ONE_FOR_ONE
        for other in self.alive if alone else self.alive - {self.joiner}:
            there = self.places[other]
            if there[: len(place) - 1] == place[:-1] and there[len(place) - 1] > place[-1]:
                yield other

    async def play(self, stage: Stage, script: Script) -> None:
        """One incarnation."""
        path = stage.path
        if path in self.alive:
            self.wrong.append(f"two incarnations of {path} at once")
        self.alive.add(path)
        turn = script.turns[self.begins[path]] if self.begins[path] < len(script.turns) else Turn()
        self.begins[path] += 1
        self.note("begin", path)
        if self.trees[path.rpartition("/")[0]].strategy is not Strategy.ONE_FOR_ONE:
            self.expect_none_after(path, "starts")
        try:
            async with trio.open_nursery() as nursery:
                if turn.cleanup_crashes:
                    nursery.start_soon(self.crash_at_the_end)
                if await self.start(stage, turn):
                    await self.work(stage, turn)
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(turn.cleanup_seconds)
            self.alive.discard(path)
            self.note("end", path)

    async def crash_at_the_end(self) -> None:
        """Something beside the actor's own work, so that its crash comes mixed with a cancellation."""
        try:
            await trio.sleep_forever()
        finally:
            raise Crash("in cleanup")

    async def start(self, stage: Stage, turn: Turn) -> bool:
        with trio.CancelScope(shield=turn.start == "late"):
            await trio.sleep(START_TIMEOUT + 1 if turn.start == "late" else turn.start_seconds)
        if turn.start == "fail":
            raise Crash("no start")
        if turn.start == "forget":
            return False
        stage.started()
        return True

    async def work(self, stage: Stage, turn: Turn) -> None:
        if turn.work == "hang":
            await trio.sleep_forever()
        with trio.move_on_after(turn.work_seconds if turn.work != "stay" else QUIET * 2):
            await stage.wait_draining()
        if not stage.draining:
            if turn.work == "crash":
                raise Crash("at work")
            return
        await trio.sleep(turn.drain_seconds if turn.drain != "ignore" else HUNG)
        if turn.drain == "crash":
            raise Crash("while draining")

    async def perform(self, stop: Stop, join: Join | None) -> None:
        """Run the tree until it ends or is stopped; its outcome is kept."""
        root = self.supervisor(self.tree)
        stage = Stage("root", "root", 1, self.hear)
        scope = trio.CancelScope()
        async with trio.open_nursery() as beside:
            beside.start_soon(self.stop_at, stop, root, scope, stage)
            beside.start_soon(self.let_go)
            if join is not None:
                beside.start_soon(self.join, join, root)
            with scope:
                try:
                    await root.run(stage)
                except (Crash, StartTimeout, RestartLimitExceeded, ExceptionGroup) as error:
                    self.outcome = error
            if self.alive:
                self.wrong.append(f"{self.alive} outlive the supervisor")
            beside.cancel_scope.cancel()

    async def stop_at(self, stop: Stop, root: Supervisor, scope: trio.CancelScope, stage: Stage) -> None:
        await trio.sleep(stop.at)
        self.before_stop = root.snapshot()
        self.note("stop", "root")
        self.stopped = True
        if stop.how == "cancel":
            scope.cancel()
        else:
            stage.drain()
        await trio.sleep_forever()

    async def let_go(self) -> None:
        """A supervisor that hangs is shielded: only from within can it be ended, so that the test can fail."""
        await trio.sleep(HUNG / 2)
        self.note("hung", "root")
        for supervisor in self.supervisors:
            if supervisor._run is not None:
                supervisor._run.nursery.cancel_scope.cancel()

    async def join(self, join: Join, root: Supervisor) -> None:
        await trio.sleep(join.at)
        child = self.child(join.script, self.joiner, (len(self.tree.nodes),))
        with suppress(Crash, StartTimeout, ActorStopped, ExceptionGroup):
            await root.start_child(child)


# What must hold afterwards


def check(play: Play) -> None:
    assert not play.wrong
    assert not [noted for noted in play.log if noted.what == "hung"], "the supervisor does not come to its end"
    scripts = dict(nodes(play.tree))
    for path in play.places:
        life = [noted for noted in play.log if noted.path == path]
        check_life(life)
        script = scripts.get(path)
        check_grace(life, script.grace if isinstance(script, Script) else 0)
    for path, tree in play.trees.items():
        for below in runs(play.log, path):
            check_intensity(tree, below)
            check_ends_for_good(play, below)
            if tree.strategy is Strategy.ONE_FOR_ONE or play.joiner not in play.places:
                check_delays(tree, below)
    check_nobody_starts_after_the_stop(play)
    check_all_are_back(play)
    final = play.supervisors[0 if len(play.trees) == 1 else -1].children()
    assert {child.state for child in final} <= {State.FINISHED, State.FAILED, State.STOPPED}
    if not play.stopped and play.outcome is None:
        assert {child.state for child in final} <= {State.FINISHED, State.FAILED}


def check_life(log: Sequence[Noted]) -> None:
    """What the observer heard of one child is a life, with one end for each start; so is what happened."""
    happened = [noted.what for noted in log if isinstance(noted.what, str) and noted.what in {"begin", "end"}]
    assert happened == ["begin", "end"] * (len(happened) // 2)
    state, incarnation = "away", 0
    for noted in log:
        told = noted.what
        match told:
            case ChildStarted():
                assert state == "away"
                state, incarnation = "up", told.incarnation
            case ChildFinished() | ChildStopped():
                assert state == ("up" if isinstance(told, ChildFinished) else "stopping")
                assert told.incarnation == incarnation
                state = "away"
            case ChildCrashed():
                state = "stopping" if state == "stopping" else "away"
            case ChildStopping():
                assert (state, told.incarnation) == ("up", incarnation)
                state = "stopping"
            case StuckAfterCancel():
                assert state == "stopping" or told.incarnation > incarnation or state == "away"
            case ChildRestarting():
                assert state == "away"
    assert state == "away"


def check_grace(log: Sequence[Noted], grace: int) -> None:
    """Nobody is cancelled before its grace is over."""
    told = 0.0
    for noted in log:
        if isinstance(noted.what, ChildStopping):
            told = noted.time
        elif isinstance(noted.what, ChildStopped) and noted.what.cut:
            assert noted.time >= told + grace - 1e-6, f"{noted.path} was cut before its grace was over"


def runs(log: Sequence[Noted], path: str) -> Iterator[Sequence[Noted]]:
    """What a supervisor's children did, run by run: each has a memory of its own."""
    part: list[Noted] = []
    for noted in log:
        if noted.what == "run" and noted.path == path:
            yield part
            part = []
        elif noted.path.rpartition("/")[0] == path:
            part.append(noted)
    yield part


def check_intensity(tree: Tree, log: Sequence[Noted]) -> None:
    """No period has more restarts than the limit; those of one moment count once at least."""
    told = [(noted.time, noted.what.restarts) for noted in log if isinstance(noted.what, ChildRestarting)]
    for end, restarts in told:
        in_period = {time for time, _ in told if end - tree.limits.period_seconds < time <= end}
        assert len(in_period) <= restarts <= tree.limits.restarts
    # Who was told to stop has not ended by itself: that is no reason for a restart.
    ends = sum(isinstance(noted.what, ChildCrashed | ChildFinished) for noted in log)
    assert len(set(told)) <= ends


def check_ends_for_good(play: Play, log: Sequence[Noted]) -> None:
    """Who ended by itself, and is not to be restarted for that, never begins again: not with a sibling either."""
    up: set[str] = set()
    ended: set[str] = set()
    for noted in log:
        path, restart = noted.path, play.restarts[noted.path]
        match noted.what:
            case "begin" | "run":
                assert path not in ended, f"{path} begins again, though it had finished for good"
            case ChildStarted():
                up.add(path)
            case ChildFinished() if restart is not Restart.PERMANENT:
                ended.add(path)
            case ChildCrashed() if path in up and restart is Restart.TEMPORARY:
                ended.add(path)
            case ChildStopping():
                up.discard(path)
            case _:
                pass


def check_delays(tree: Tree, log: Sequence[Noted]) -> None:
    """Who is restarted begins no sooner than was said, and what was said is what the backoff asks for."""
    due: dict[str, float] = {}
    for noted in log:
        told = noted.what
        if isinstance(told, ChildRestarting):
            asked = min(tree.backoff.max_seconds, tree.backoff.initial_seconds * 2 ** (told.restarts - 1))
            assert asked <= told.delay_seconds <= min(tree.backoff.max_seconds, asked * 1.5)
            due[told.path if tree.strategy is Strategy.ONE_FOR_ONE else ""] = noted.time + told.delay_seconds
        elif noted.what == "begin":
            key = noted.path if tree.strategy is Strategy.ONE_FOR_ONE else ""
            assert noted.time >= due.get(key, 0) - 1e-6, f"{noted.path} starts too soon"


def check_nobody_starts_after_the_stop(play: Play) -> None:
    """Once the first child of the root was told to stop because all are."""
    stopped = told = False
    for noted in play.log:
        stopped |= noted.what == "stop"
        told |= stopped and isinstance(noted.what, ChildStopping) and len(play.places[noted.path]) == 1
        starts = noted.what in {"begin", "run"} and len(play.places[noted.path]) == 1
        assert not (told and starts), f"{noted.path} starts while all are being stopped"


def check_all_are_back(play: Play) -> None:
    """When all scripts have been played, those that are to run do."""
    if play.before_stop is None or play.log[-1].time < QUIET:
        return
    for path, node in nodes(play.tree):
        found = play.before_stop.find(path)
        if found is None or play.before_stop.state is not State.RUNNING:
            continue
        above = play.before_stop.find(path.rpartition("/")[0])
        if above is not None and above.state is State.RUNNING:
            allowed = {State.RUNNING}
            if node.restart is not Restart.PERMANENT:
                allowed |= {State.FINISHED}
            if node.restart is Restart.TEMPORARY:
                allowed |= {State.FAILED}
            assert found.state in allowed, f"{path} is {found.state.value}"


def nodes(tree: Tree, path: str = "root") -> Iterator[tuple[str, Script | Tree]]:
    for index, node in enumerate(tree.nodes):
        yield f"{path}/{index}", node
        if isinstance(node, Tree):
            yield from nodes(node, f"{path}/{index}")


def perform(tree: Tree, stop: Stop, seed: int, join: Join | None = None, *, jitter: bool = False) -> Play:
    play = Play(tree, Random(seed) if jitter else NoJitter())

    async def main() -> None:
        await play.perform(stop, join)

    run_seeded(main, seed)
    check(play)
    return play


class NoJitter(Random):
    """So that restarts fall on whole seconds too."""

    def random(self) -> float:
        return 0.0


def profile(many: int) -> settings:
    return settings(max_examples=examples(many), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@profile(400)
@given(FLAT, STOPS, SEEDS, st.booleans())
def test_one_supervisor_keeps_its_rules(tree: Tree, stop: Stop, seed: int, jitter: bool) -> None:  # noqa: FBT001
    """Whatever its children do."""
    play = perform(tree, stop, seed, jitter=jitter)
    event(f"outcome {type(play.outcome).__name__}")


@profile(200)
@given(NESTED, STOPS, SEEDS)
def test_supervisors_under_supervisors_keep_their_rules(tree: Tree, stop: Stop, seed: int) -> None:
    """The same, one level deeper."""
    perform(tree, stop, seed)


@profile(200)
@given(FLAT, STOPS, SEEDS, st.builds(Join, SCRIPTS, st.integers(0, 14)))
def test_a_child_that_joins_keeps_the_rules(tree: Tree, stop: Stop, seed: int, join: Join) -> None:
    """In whatever moment: also while it is stopped, or while all are restarted."""
    perform(tree, stop, seed, join)


STAYS = Turn()
CRASHES_AT_1 = evolve(STAYS, work="crash", work_seconds=1)
CRASHES_AT_2 = evolve(STAYS, work="crash", work_seconds=2)
STARTS_AT_2 = evolve(STAYS, start_seconds=2)


def always(*turns: Turn) -> Script:
    """A child that is always restarted, without grace."""
    return Script(turns, Restart.PERMANENT, 0)


def several(strategy: Strategy, *scripts: Script) -> Tree:
    return Tree(scripts, strategy, Limits(2, 3), Backoff(0, 0))


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
@pytest.mark.parametrize("seed", range(4))
def test_a_second_crash_while_several_are_restarted_leaves_nobody_stopped(strategy: Strategy, seed: int) -> None:
    """A restart is under way, in which one takes two seconds to start, when another crashes."""
    first, second = always(CRASHES_AT_1, CRASHES_AT_2), always(STAYS, STARTS_AT_2)
    perform(several(strategy, first, second, always(STAYS), always(STAYS)), Stop("cancel", QUIET), seed)


def test_who_finished_for_good_is_not_restarted_by_who_takes_over() -> None:
    """One ends for good while all are being restarted, and is then no matter of the next restart either."""
    ends = Script([STAYS, evolve(STAYS, work="finish")], Restart.TEMPORARY, 0)
    tree = several(Strategy.ONE_FOR_ALL, always(CRASHES_AT_1, CRASHES_AT_1), ends, always(STAYS, STARTS_AT_2))
    play = perform(tree, Stop("cancel", QUIET), 0)
    assert play.begins["root/1"] == 2


def test_a_stop_in_the_moment_in_which_all_were_stopped_leaves_nobody_backing_off() -> None:
    """The last of those that are to be restarted is gone just when the supervisor is told to stop."""
    slow = Script([evolve(STAYS, drain_seconds=1)], grace=2)
    for seed in range(8):
        perform(several(Strategy.ONE_FOR_ALL, slow, always(CRASHES_AT_1)), Stop("cancel", 2), seed)
