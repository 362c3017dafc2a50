"""The one place that touches Trio's private names: those that make its scheduling deterministic.

Trio can put the tasks that are ready into an order of ours: with `_ALLOW_DETERMINISTIC_SCHEDULING` it sorts each batch
by age and hands it to the `shuffle` of `_r`, which may also take tasks out of it. A Trio that has none of these is
refused with a clear error, rather than simulated wrongly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from operator import attrgetter
from types import TracebackType
from typing import Final, Protocol

import trio
from trio._core import _run
from typing_extensions import override

Task = trio.lowlevel.Task


class Turns(Protocol):
    """Decides who runs next."""

    def shuffle(self, batch: list[Task]) -> None:
        """Put a batch of tasks, sorted by age, into the order of their turns, the first one last.

        Whoever is taken out waits until `run_later`.
        """


class UnknownTrio(RuntimeError):
    """This version of Trio works otherwise than the simulation takes for granted."""


_NEEDED: Final = ("_ALLOW_DETERMINISTIC_SCHEDULING", "_r", "GLOBAL_RUN_CONTEXT")


@contextmanager
def turns_taken_by(turns: Turns) -> Iterator[None]:
    """Within this, every Trio run of this thread has its tasks run as `turns` says.

    Raises:
        UnknownTrio: this Trio can't be told.
    """
    missing = [name for name in _NEEDED if not hasattr(_run, name)]
    if missing:
        raise UnknownTrio(f"Trio {trio.__version__} has no {', '.join(missing)}: simulate with 0.31 to 0.35")
    before = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r  # noqa: SLF001 - see the module
    _set(allow=True, chooser=turns)
    try:
        with _cheap_scopes():
            yield
    finally:
        _set(allow=before[0], chooser=before[1])


def _set(*, allow: bool, chooser: object) -> None:
    vars(_run).update(_ALLOW_DETERMINISTIC_SCHEDULING=allow, _r=chooser)


_OF_SCOPES: Final = "_might_change_registered_deadline"


@contextmanager
def _cheap_scopes() -> Iterator[None]:
    """Within this, entering and leaving a cancel scope takes two thirds of its usual time.

    Both do something before a change of the scope and something after it, by a method made with `contextmanager`. What
    that makes takes longer than what it is made of, and a run has hundreds of scopes. A Trio without it is left alone.
    """
    usual: object = getattr(trio.CancelScope, _OF_SCOPES, None)
    steps: Callable[[trio.CancelScope], Generator[None, None, None]] | None = getattr(usual, "__wrapped__", None)
    if steps is None:
        yield
        return
    setattr(trio.CancelScope, _OF_SCOPES, lambda scope: _Around(steps(scope)))
    try:
        yield
    finally:
        setattr(trio.CancelScope, _OF_SCOPES, usual)


class _Around:
    """What a generator function does up to its one yield, and behind it."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Generator[None, None, None]) -> None:
        self._steps = steps

    def __enter__(self) -> None:
        next(self._steps)

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._steps.throw(error)
        next(self._steps, None)


def run_later(task: Task) -> None:
    """Have a task that was taken out of a batch run in the next one."""
    ready().append(task)


def ready() -> deque[Task]:
    """The tasks that can run, in the run of this thread."""
    return _run.GLOBAL_RUN_CONTEXT.runner.runq


def is_anybody_waiting_for_idle() -> bool:
    """Whether a task is in `wait_all_tasks_blocked`."""
    return bool(_run.GLOBAL_RUN_CONTEXT.runner.waiting_for_idle)


age: Final[Callable[[Task], int]] = attrgetter("_counter")
"""Of a task: a number that grows from task to task, over all runs of the process."""


class _Proof:
    """Remembers that it was asked."""

    def __init__(self) -> None:
        self.asked = False

    def shuffle(self, batch: list[Task]) -> None:
        self.asked = True
        batch.reverse()


def check_trio() -> None:
    """See for ourselves that Trio asks for the order and keeps to it.

    Raises:
        UnknownTrio: it does not.
    """
    proof, order = _Proof(), list[int]()

    async def note(number: int) -> None:
        await trio.lowlevel.checkpoint()
        order.append(number)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(note, number)

    with turns_taken_by(proof):
        trio.run(main, clock=_Still())
    if not proof.asked or order != sorted(order):
        raise UnknownTrio(f"Trio {trio.__version__} does not keep the order it is told: simulate with 0.31 to 0.35")


class _Still(trio.abc.Clock):
    @override
    def start_clock(self) -> None:
        pass

    @override
    def current_time(self) -> float:
        return 0.0

    @override
    def deadline_to_sleep_time(self, deadline: float) -> float:
        return deadline


def throw_into(task: Task, error: BaseException) -> None:
    """Have a task whose turn it is go on with this error raised where it waits."""
    task._next_send_fn, task._next_send = task.coro.throw, error  # noqa: SLF001
