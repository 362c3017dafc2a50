"""Who runs next: the order of tasks that could run at the same time.

Trio's own shuffling of batches explores little: a race in which one task has to be three steps ahead of another is not
found in 300 seeds. So there are strategies that run one task at a time. Whatever a strategy chose can be played again
as deviations from running everybody by age, and a shrinker takes away those that do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random

from ..plan import Schedule
from ._clock import VirtualClock
from ._trace import Trace
from ._trio import Task, age, run_later

PCT_STEPS = 3000
"""Steps among which the moments lie at which a priority changes: about as many as a run of 20 events has."""
PCT_CHANGES = 3

TURNS_MAX = 20_000
"""Turns without time going on, after which somebody must be spinning: a run has a few thousand in all."""

ORDER_BITS = 64
"""Enough for every order of 20 tasks; of the orders of more tasks some are never drawn."""

Choose = Callable[[int, Sequence[Task]], Sequence[int]]
"""Of the tasks that can run in a step, by age: the places of those that do, in the order of their turns."""


class TurnTaker:
    """Hands out turns, and keeps the tasks of hosts that stand still from having any.

    Args:
        schedule: how.
        rng: of the strategies.
        trace: takes note of each turn.
        held_by: the list where a task is to wait, or None if it may run.
        clock: which says whether time goes on.
        on_spin: called with whose turn it is when time does not go on any more.
    """

    def __init__(
        self,
        schedule: Schedule,
        rng: Random,
        trace: Trace,
        *,
        held_by: Callable[[Task], list[Task] | None],
        clock: VirtualClock,
        on_spin: Callable[[Sequence[Task]], None],
    ) -> None:
        self.deviations: dict[int, tuple[int, ...]] = {}
        """What was chosen where running everybody by age would have been something else."""
        self.steps = 0
        self.anybody_held = False
        self._choose = _STRATEGIES[schedule.kind](rng, schedule.deviations)
        self._trace = trace
        self._held_by = held_by
        self._clock = clock
        self._on_spin = on_spin
        self._since, self._turns_since = 0.0, 0
        self._first_age: int | None = None
        self._batch: list[Task] = []

    def hold(self) -> None:
        """Somebody is held from now on: not even those go on whose turn was about to come."""
        self.anybody_held = True
        self._batch[:] = self._without_held(self._batch)

    def shuffle(self, batch: list[Task]) -> None:
        """As Trio asks for it: sorted by age it comes, the first to run goes last."""
        self._batch = batch
        if self.anybody_held:
            batch[:] = self._without_held(batch)
        if len(batch) > 1:
            self._take_turns(batch)
        if not batch:
            return
        self._clock.note_turn()
        first = self._first_age
        if first is None:
            first = self._first_age = age(batch[0])
        self._trace.note_many([(age(task) - first, task.name) for task in reversed(batch)])
        self._check_time_goes_on(batch)

    def _take_turns(self, batch: list[Task]) -> None:
        self.steps += 1
        chosen = self._choose(self.steps, batch)
        if list(chosen) != list(range(len(batch))):
            self.deviations[self.steps] = tuple(chosen)
            if len(chosen) < len(batch):
                left = set(chosen)
                for place, task in enumerate(batch):
                    if place not in left:
                        run_later(task)
        batch[:] = [batch[place] for place in reversed(chosen)]

    def _without_held(self, batch: Iterable[Task]) -> list[Task]:
        free: list[Task] = []
        for task in batch:
            held = self._held_by(task)
            (free if held is None else held).append(task)
        return free

    def _check_time_goes_on(self, batch: Sequence[Task]) -> None:
        """Each turn counts, also of a task that is alone, which is no step: nothing was to be chosen."""
        if self._clock.now > self._since:
            self._since, self._turns_since = self._clock.now, 0
        self._turns_since += 1
        if self._turns_since > TURNS_MAX:
            self._turns_since = 0
            self._on_spin(batch)


def _batch(rng: Random, _deviations: Mapping[int, Sequence[int]]) -> Choose:
    def choose(_step: int, batch: Sequence[Task]) -> Sequence[int]:
        places = list(range(len(batch)))
        # One draw for all of them: it is the number of an order.
        order = rng.getrandbits(ORDER_BITS)
        for last in range(len(places) - 1, 0, -1):
            order, place = divmod(order, last + 1)
            places[last], places[place] = places[place], places[last]
        return places

    return choose


def _walk(rng: Random, _deviations: Mapping[int, Sequence[int]]) -> Choose:
    return lambda _step, batch: (rng.randrange(len(batch)),)


def _pct(rng: Random, _deviations: Mapping[int, Sequence[int]]) -> Choose:
    """Probabilistic concurrency testing (Burckhardt and others, ASPLOS 2010)."""
    priorities: dict[int, float] = {}
    changes = {rng.randrange(1, PCT_STEPS) for _ in range(PCT_CHANGES)}

    def choose(step: int, batch: Sequence[Task]) -> Sequence[int]:
        for task in batch:
            if age(task) not in priorities:
                priorities[age(task)] = 1 + rng.random()
        place = max(range(len(batch)), key=lambda index: priorities[age(batch[index])])
        if step in changes or step % PCT_STEPS == 0:
            priorities[age(batch[place])] = -step
        return (place,)

    return choose


def _fifo(_rng: Random, deviations: Mapping[int, Sequence[int]]) -> Choose:
    def choose(step: int, batch: Sequence[Task]) -> Sequence[int]:
        everybody = range(len(batch))
        wanted = [place for place in deviations.get(step, ()) if place < len(batch)]
        return wanted or everybody

    return choose


_STRATEGIES: Mapping[str, Callable[[Random, Mapping[int, Sequence[int]]], Choose]] = {
    "batch": _batch,
    "walk": _walk,
    "pct": _pct,
    "fifo": _fifo,
}
