"""Plans for an application that nobody knows beforehand: faults are drawn for the places that a calm run came by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

from attrs import evolve, frozen

from ..history import HandlerStarted, History, ProcessStarted, Sent, ServiceCalled
from ..plan import CONNECT, HANDLER, At, Fault, Plan, PlannedEvent, Preset, Schedule, Shape, Site
from ..plan._draw import draw_effect
from ..plan._effects import KINDS

SERVICE_KINDS: Final = frozenset({"lose-request", "lose-reply", "delay"})
"""Of the faults of a link, those that the way to a service knows."""
MORE_TURNS: Final = 2
"""A run with faults comes by its places more often than a calm one."""
TIMED_SHARE: Final = 0.3
"""Of the faults that need no place: moments find other things than places do."""


@frozen
class Place:
    """Where a run comes by: a host, what it does there, and how often."""

    host: str
    action: str
    turns: int

    def suits(self, kind: str) -> bool:
        """Whether faults of this kind can strike here."""
        match KINDS[kind].strikes:
            case "handler":
                return self.action == HANDLER
            case "link":
                return self.action != HANDLER and ("." not in self.action or kind in SERVICE_KINDS)
            case _:
                return True


def places_of(history: History) -> Sequence[Place]:
    """Where a run came by."""
    return [Place(host, action, times) for (host, action), times in Counter(_passed(history)).items()]


def _passed(history: History) -> Iterable[tuple[str, str]]:
    for record in history.records:
        match record:
            case Sent():
                yield record.host, record.action
            case HandlerStarted():
                yield record.host, HANDLER
            case ServiceCalled():
                yield record.host, f"{record.service}.{record.action}"
            case ProcessStarted():
                yield record.host, CONNECT
            case _:
                pass


@frozen
class Drawing:
    """How plans of a test are drawn.

    Attributes:
        name: of the test.
        preset: which faults.
        events: so many at most.
        span_ms: over which time they are published, and timed faults strike.
        shape: of all its plans.
    """

    name: str
    preset: Preset
    events: int
    span_ms: float
    shape: Shape

    def calm(self) -> Plan:
        """As many events as there may be, and no fault."""
        step_ms = self.span_ms / (self.events + 1)
        events = tuple(PlannedEvent(round(number * step_ms, 1), "abc"[number % 3]) for number in range(self.events))
        return Plan(0, self.name, self.shape, events)

    def plan(self, seed: int, places: Sequence[Place]) -> Plan:
        """The plan of a seed: the same one each time."""
        rng = Random(f"{self.name}/{seed}")  # noqa: S311 - a plan is no secret
        return evolve(
            self.calm(),
            seed=seed,
            events=tuple(self._events(rng)),
            faults=tuple(self._faults(rng, places)),
            schedule=Schedule(rng.choices(("batch", "walk", "pct"), (0.7, 0.2, 0.1))[0]),
            buggify=rng.random() < self.preset.buggify,
        )

    def _events(self, rng: Random) -> Iterable[PlannedEvent]:
        count = rng.randint((self.events + 1) // 2, self.events)
        for at_ms in sorted(round(rng.uniform(0, self.span_ms), 1) for _ in range(count)):
            yield PlannedEvent(at_ms, rng.choice("abc"))

    def _faults(self, rng: Random, places: Sequence[Place]) -> Iterable[Fault]:
        known = sorted(KINDS if self.preset.kinds is None else self.preset.kinds)
        kinds = [kind for kind in known if any(place.suits(kind) for place in places)]
        if self.preset.swarm and kinds:
            kinds = rng.sample(kinds, rng.randint(1, min(6, len(kinds))))
        for _ in range(rng.randint(1, self.preset.faults_max) if kinds else 0):
            yield self._fault(rng, rng.choice(kinds), places)

    def _fault(self, rng: Random, kind: str, places: Sequence[Place]) -> Fault:
        effect = draw_effect(rng, KINDS[kind])
        if effect.strikes in ("server", "process") and rng.random() < TIMED_SHARE:
            return Fault(At(round(rng.uniform(0, self.span_ms), 1), rng.choice(places).host), effect)
        place = rng.choice([place for place in places if place.suits(kind)])
        turn = rng.randint(1, place.turns + MORE_TURNS)
        return Fault(Site(place.host, place.action, turn, rng.choice((True, False))), effect)
