"""Supervisors: they start actors in order, restart what fails, and stop everything in reverse.

How one runs::

    outer nursery
    ├ watch          hears that the supervisor is to stop: it is cancelled, or its own stage drains
    └ shielded scope
      └ nursery
        ├ control    decides about children that end; in the end stops them
        ├ first      starts the children, one after the other
        ├ restarts   one task for each restart under way
        └ children   one incarnation each

An outer cancellation hits all tasks at once and in any order, so nothing of the children's is within its reach: only
`watch` is. What it hears it hands to `control`, which stops one child after the other, the last started first: drain,
wait for the grace, cancel, wait until it is gone. The cancellation goes on its way when that is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

import trio
from attrs import define, field

from ._cell import Cell, holds_cancelled
from ._child import Child
from ._errors import ActorStopped, RestartLimitExceeded
from ._mailbox import Reply
from ._observer import ChildRestarting, Observer, guarded, ignore
from ._policy import Backoff, End, GiveUp, LeaveEnded, Limits, Policy, Restart, RestartThese, Strategy
from ._snapshot import Snapshot, State
from ._stage import Stage


@define(eq=False)
class _Work:
    """A restart that is under way, or a child that joins.

    Attributes:
        names: whom a restart is about.
        scope: around it, so that it can be called off.
        over: set when it touches no child any more.
    """

    names: frozenset[str] = frozenset()
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    over: trio.Event = field(factory=trio.Event)


@define(eq=False)
class _Run:
    """One run of a supervisor: what is there only while it lasts."""

    stage: Stage
    nursery: trio.Nursery
    policy: Policy
    changed: trio.lowlevel.ParkingLot = field(factory=trio.lowlevel.ParkingLot)
    ended: list[Cell] = field(factory=list)
    failed: BaseException | None = None
    joining: list[tuple[Child, Reply[None]]] = field(factory=list)
    stopping: bool = False
    starting: trio.CancelScope = field(factory=trio.CancelScope)
    """Around the first starts: ended at once when the supervisor is to stop."""
    started_all: trio.Event = field(factory=trio.Event)
    """Set when no first start is under way any more."""
    under_way: list[_Work] = field(factory=list)

    def ring(self) -> None:
        """Have `control` look again."""
        self.changed.unpark_all()

    @contextmanager
    def doing(self, work: _Work) -> Iterator[None]:
        """Around what is under way."""
        try:
            with work.scope:
                yield
        finally:
            self.under_way.remove(work)
            work.over.set()
            self.ring()

    def stop(self) -> None:
        """Have everything stopped."""
        self.stopping = True
        self.starting.cancel()
        self.ring()


class Supervisor:
    """Starts, restarts and stops children. Its `run` is an actor itself, so supervisors nest; see `nest`.

    It returns when all its children have finished for good; one that was made without any waits for those that join.

    Args:
        children: in the order of their start; they stop in reverse.
        strategy: who is restarted together with a child that ends.
        together: stop all children at once: those that need nothing of each other, so that graces do not add up.
        limits: restarts that are borne.
        backoff: how long to wait before a restart.
        rng: the jitter's.
        observer: hears what happens to the children.

    Raises:
        ValueError: two children have the same name.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        rng: Random,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        together: bool = False,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        observer: Observer = ignore,
    ) -> None:
        self._children = list(children)
        self._strategy = strategy
        self._together = together
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._rng = rng
        self._observer = guarded(observer)
        self._cells: list[Cell] = []
        self._run: _Run | None = None
        for index, child in enumerate(self._children):
            self._check_name(child, self._children[:index])

    async def run(self, stage: Stage) -> None:
        """Run the children until they have all finished, the stage drains, or this is cancelled.

        Raises:
            RestartLimitExceeded: there were too many restarts; from the last error.
            Exception: what the first start of a child raised. A failed first start is not tried again.
        """
        async with trio.open_nursery() as outer:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as nursery:
                    policy = Policy(self._strategy, self._limits, self._backoff)
                    run = self._run = _Run(stage, nursery, policy)
                    outer.start_soon(_watch, run)
                    self._cells = [self._cell(run, child) for child in self._children]
                    try:
                        await self._control(run)
                    except Exception as error:  # noqa: BLE001 - raised below, out of the nurseries' groups
                        run.failed = error
                    finally:
                        try:
                            await self._stop_all(run)
                        finally:
                            self._run = None
            outer.cancel_scope.cancel()
        if run.failed is not None:
            raise run.failed

    async def start_child(self, child: Child) -> None:
        """Add a child to a running supervisor, and wait until it is up. From then on siblings' ends may concern it.

        Raises:
            ActorStopped: the supervisor is not running, or is about to stop.
            ValueError: there is a child of this name.
            Exception: what the child's start raised; it is not added then.
        """
        run = self._run
        if run is None or run.stopping:
            raise _cannot_join(child)
        self._check_name(child, [cell.child for cell in self._cells] + [joining for joining, _ in run.joining])
        reply: Reply[None] = Reply()
        run.joining.append((child, reply))
        run.ring()
        await reply.wait()

    def hurry(self, until: float) -> None:
        """Have a stop that is under way, or the next one, take no longer than until then: whoever runs then is cut."""
        for cell in self._cells:
            cell.hurry(until)

    def snapshot(self, name: str = "root") -> Snapshot:
        """The whole tree as it is now, with this supervisor at its root."""
        if self._run is not None:
            state = State.STOPPING if self._run.stopping else State.RUNNING
            return Snapshot(name, self._run.stage.path, state, 1, children=self.children())
        return Snapshot(name, name, State.STOPPED if self._cells else State.WAITING, 1, children=self.children())

    def children(self) -> tuple[Snapshot, ...]:
        """All children as they are now, in the order of their start."""
        return tuple(cell.snapshot() for cell in self._cells)

    # Within a run

    async def _control(self, run: _Run) -> None:
        run.nursery.start_soon(self._start_all, run, tuple(self._cells))
        while not run.stopping and run.failed is None and not self._all_finished():
            if run.ended and self._may_decide(run):
                self._decide(run)
            elif run.joining:
                self._begin_join(run, *run.joining.pop(0))
            else:
                await run.changed.park()

    def _may_decide(self, run: _Run) -> bool:
        """Whether to act on ends already: where ends concern siblings, only when the first starts are over."""
        return self._strategy is Strategy.ONE_FOR_ONE or run.started_all.is_set()

    async def _start_all(self, run: _Run, cells: Sequence[Cell]) -> None:
        """The first starts, in order.

        Beside them those are looked after that are up: who is still starting may need one that crashes, as everybody
        needs the link to Redis.
        """
        try:
            with run.starting:
                for cell in cells:
                    await cell.start(run.nursery)
                run.stage.started()
        except BaseException as error:
            if holds_cancelled(error):
                raise
            run.failed = run.failed or error
        finally:
            run.started_all.set()
            run.ring()

    def _all_finished(self) -> bool:
        over = (State.FINISHED, State.FAILED)
        up = self._run is not None and self._run.started_all.is_set()
        return up and bool(self._cells) and all(cell.state in over for cell in self._cells) and not self._unsettled()

    def _unsettled(self) -> bool:
        return self._run is not None and bool(self._run.ended or self._run.joining or self._run.under_way)

    def _decide(self, run: _Run) -> None:
        """Act on all children that ended since the last look: those that end together count once."""
        ended, run.ended = run.ended, []
        fatal = [cell.error for cell in ended if cell.error is not None and not isinstance(cell.error, Exception)]
        if fatal:
            run.failed = fatal[0]  # KeyboardInterrupt and its like end the program: they are not restarted away.
            return
        vital = [cell.error for cell in ended if cell.child.is_fatal(cell.error)]
        if vital:
            run.failed = vital[0]
            return
        ends = [End(cell.child.name, cell.child.restart, cell.error is not None) for cell in ended]
        names = {end.name for end in ends}
        there = [c.child.name for c in self._cells if c.child.name in names or self._takes_part(c)]
        decision = run.policy.decide(ends, there, now=trio.current_time(), draw=self._rng.random())
        match decision:
            case LeaveEnded():
                pass
            case RestartThese():
                self._restart(run, decision)
            case GiveUp():
                cell = self._named(decision.name)
                limits = self._limits
                run.failed = RestartLimitExceeded(cell.path, limits.restarts, limits.period_seconds, cell.error)
                run.failed.__cause__ = cell.error

    def _takes_part(self, cell: Cell) -> bool:
        """Whether a sibling's end may concern it: not where it has finished for good, or is still about to join."""
        joins = cell.incarnation <= 1 and cell.state in (State.WAITING, State.STARTING)
        return not joins and cell.state not in (State.FINISHED, State.FAILED)

    def _restart(self, run: _Run, decision: RestartThese) -> None:
        # Who does not depend on a sibling does not wait for one either, least of all for one that cannot start.
        alone = self._strategy is Strategy.ONE_FOR_ONE
        for names in [{name} for name in decision.names] if alone else [set(decision.names)]:
            # One restart takes over from the other: it is about all that either was about.
            before = [work for work in run.under_way if names & work.names]
            taken = {name for work in before for name in work.names}
            for work in before:
                work.scope.cancel()
            # But not about who has finished for good meanwhile.
            cells = [c for c in self._cells if c.child.name in names or (c.child.name in taken and self._takes_part(c))]
            for cell in cells:
                if not cell.lives:
                    cell.state = State.BACKING_OFF
                    self._observer(ChildRestarting(cell.path, decision.delay_seconds, decision.restarts))
            restart = _Work(frozenset(cell.child.name for cell in cells))
            run.under_way.append(restart)
            run.nursery.start_soon(self._restart_cells, run, restart, before, cells, decision.delay_seconds)

    async def _restart_cells(
        self, run: _Run, restart: _Work, before: Sequence[_Work], cells: Sequence[Cell], delay: float
    ) -> None:
        with run.doing(restart):
            for cell in reversed(cells):
                # Who called this restart off stops the cells by now, and maybe others before them.
                await trio.lowlevel.checkpoint_if_cancelled()
                if cell.lives:
                    await cell.stop()
            # What was called off may have been about to start a cell that did not live when we passed it.
            for work in before:
                await work.over.wait()
            await trio.lowlevel.checkpoint_if_cancelled()
            for cell in cells:
                if cell.state is State.STOPPED:
                    cell.state = State.BACKING_OFF
            await trio.sleep(delay)
            for cell in cells:
                # Who ended by itself meanwhile, before it was told to stop, is the next decision's.
                if cell.state is State.BACKING_OFF and not await self._start_again(run, cell):
                    break

    async def _start_again(self, run: _Run, cell: Cell) -> bool:
        """Start a child that had been up before; a start that fails is a crash like any other.

        Returns whether those behind it may go on: not where its own restart will bring them too.
        """
        try:
            await cell.start(run.nursery)
        except BaseException as error:
            if holds_cancelled(error):
                raise
            cell.error = error
            if cell.state is State.FAILED:  # Not told to stop before, by who took over.
                run.ended.append(cell)
            return cell.child.restart is Restart.TEMPORARY
        return True

    def _begin_join(self, run: _Run, child: Child, reply: Reply[None]) -> None:
        cell = self._cell(run, child)
        self._cells.append(cell)
        join = _Work()
        run.under_way.append(join)
        run.nursery.start_soon(self._join, run, join, cell, reply)

    async def _join(self, run: _Run, join: _Work, cell: Cell, reply: Reply[None]) -> None:
        with reply:
            with run.doing(join):
                try:
                    await cell.start(run.nursery)
                    reply.set(None)
                except Exception as error:  # noqa: BLE001 - handed to whoever wanted the child
                    self._cells.remove(cell)
                    reply.fail(error)
            reply.fail(_cannot_join(cell.child))  # Not heard by one that has its answer.

    async def _stop_all(self, run: _Run) -> None:
        """In reverse order of the start, each one gone before the next is told; or all of them at once."""
        run.stopping = True
        run.starting.cancel()
        await run.started_all.wait()
        for work in run.under_way:
            work.scope.cancel()
        for child, reply in run.joining:
            reply.fail(_cannot_join(child))
        if not self._together:
            for cell in reversed(self._cells):
                await cell.stop()
            return
        async with trio.open_nursery() as stops:
            for cell in reversed(self._cells):
                stops.start_soon(cell.stop)

    def _cell(self, run: _Run, child: Child) -> Cell:
        def on_end(cell: Cell) -> None:
            run.ended.append(cell)
            run.ring()

        return Cell(child, f"{run.stage.path}/{child.name}", self._observer, on_end)

    def _named(self, name: str) -> Cell:
        return next(cell for cell in self._cells if cell.child.name == name)

    def _check_name(self, child: Child, others: Sequence[Child]) -> None:
        if any(child.name == other.name for other in others):
            raise ValueError(f"two children of one supervisor are named {child.name!r}; give each a name of its own")


def _cannot_join(child: Child) -> ActorStopped:
    return ActorStopped(f"{child.name} can't join: its supervisor is not running")


async def _watch(run: _Run) -> None:
    """Outside the shield: hear that the supervisor is to stop."""
    try:
        await run.stage.wait_draining()
    finally:
        run.stop()


async def run_root(
    supervisor: Supervisor,
    *,
    name: str = "root",
    observer: Observer = ignore,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a supervisor that has none above it: ``await nursery.start(partial(run_root, supervisor))``.

    Cancel it to stop it: it stops its children in order first.
    """
    stage = Stage(name, name, 1, guarded(observer))
    stage._on_started = task_status.started  # noqa: SLF001 - the other half of the same mechanism
    await supervisor.run(stage)
