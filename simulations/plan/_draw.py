"""Plans drawn from a seed: what a scenario allows, a preset chooses from, and a swarm makes different from run to run.

*Swarm testing* (Groce and others, ISSTA 2012): each run has only some kinds of faults enabled. Runs in which everything
happens at once all look alike, and hide what only shows when one thing happens often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final

from attrs import evolve, frozen

from ._effects import (
    KINDS,
    Answer,
    Blackhole,
    CrashServer,
    CutReply,
    DeleteEntries,
    Effect,
    FailOver,
    LosePower,
    ShiftClock,
)
from ._plan import CONNECT, HANDLER, At, Fault, Plan, PlannedEvent, Schedule, Shape, Site

PROFILES: Final = ("5.0", "6.2", "7.0", "7.2", "8.0", "8.4", "8.6")
PRODUCER: Final = "producer"

WORKER_ACTIONS: Final = (
    "XREADGROUP",
    "XREADGROUP",
    "XREADGROUP",
    "settle",
    "settle",
    "settle",
    HANDLER,
    HANDLER,
    "renew",
    "XPENDING",
    "claim",
    "take_own",
    "hand_back",
    "ensure_group",
    "XINFO",
    "CLIENT",
    CONNECT,
)
"""Where faults strike; what is done most often, and has most to lose, more often than others."""
PRODUCER_ACTIONS: Final = ("XADD", "CLIENT", CONNECT)


STAYS: Final = 0.3
"""The share of failovers after which the old primary stays, as a replica."""


@frozen
class Domain:
    """What plans of a scenario may hold.

    Attributes:
        workers, consumers, concurrency, events: from, to.
        prefetch: one of these.
        appendfsync, profiles: one of these.
        slow, fails, undecodable: the share of events that are so.
        slow_ms_max: how slow at most.
        fails_max: how many deliveries fail at most; -1: those that fail always fail.
        fails_once: of the others, the share whose first delivery fails.
        kinds: the kinds of faults that make sense; None: all.
        always: of these kinds, one fault at least, whatever the preset.
        often: these faults, each in half of the runs.
        split_ms: how long an old primary goes on beside a new one, from, to; None: as it comes, or not at all.
        span_ms: the time over which events are published and timed faults strike.
        producer: the share of faults that strike the producer; None: as many as strike half of a worker.
        actions, producer_actions: of workers and the producer, where faults strike.
    """

    workers: tuple[int, int] = (1, 3)
    consumers: tuple[int, int] = (1, 2)
    concurrency: tuple[int, int] = (1, 3)
    events: tuple[int, int] = (5, 20)
    prefetch: Sequence[int | None] = (None, None, 2, 5)
    appendfsync: Sequence[str] = ("always", "always", "everysec")
    profiles: Sequence[str] = PROFILES
    slow: float = 0.1
    slow_ms_max: float = 300.0
    fails: float = 0.05
    fails_max: int = 2
    fails_once: float = 0.0
    undecodable: float = 0.0
    kinds: frozenset[str] | None = None
    always: Sequence[str] = ()
    often: Sequence[Fault] = ()
    split_ms: tuple[float, float] | None = None
    span_ms: float = 2000.0
    producer: float | None = None
    actions: Sequence[str] = WORKER_ACTIONS
    producer_actions: Sequence[str] = PRODUCER_ACTIONS


@frozen
class Preset:
    """Which faults, and how many.

    Attributes:
        kinds: those that may be enabled; None: all.
        faults_max: in one run.
        swarm: whether only some of the kinds are enabled in each run.
        buggify: the share of runs in which rare branches are taken on purpose.
        broken: the share of runs in which one worker stays broken for good.
    """

    kinds: frozenset[str] | None = None
    faults_max: int = 6
    swarm: bool = True
    buggify: float = 0.25
    broken: float = 0.15


def _preset(*kinds: str, faults_max: int = 4) -> Preset:
    return Preset(frozenset(kinds), faults_max, swarm=False)


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "calm": Preset(frozenset(), 0, swarm=False, buggify=0.0, broken=0.0),
        "lite": _preset("kill-process", "crash-server", "stop-process"),
        "swarm": Preset(),
        "failover": _preset("fail-over", "lose-reply", "kill-process", "answer"),
        "powerloss": _preset("lose-power", "cut-power", "crash-server"),
    }
)
"""By name, as `--faults` takes them."""


def draw_plan(seed: int, scenario: str, domain: Domain | None = None, preset: str = "swarm") -> Plan:
    """The plan of a seed: the same one each time.

    Raises:
        ValueError: there is no preset of this name.
    """
    if preset not in PRESETS:
        raise ValueError(f"no faults called {preset!r}; there are {', '.join(PRESETS)}")
    rng = Random(f"{seed}/{scenario}/{preset}")  # noqa: S311 - a plan is no secret
    known, chosen = domain or Domain(), PRESETS[preset]
    shape = _shape(rng, known)
    workers = [f"worker-{number}" for number in range(1, shape.workers + 1)]
    broken = workers[-1:] if len(workers) > 1 and rng.random() < chosen.broken else []
    return Plan(
        seed,
        scenario,
        shape,
        tuple(_events(rng, known)),
        tuple(_stay(Random(f"{seed}/{scenario}/stays"), _faults(rng, known, chosen, workers))),  # noqa: S311
        Schedule(rng.choices(("batch", "walk", "pct"), (0.7, 0.2, 0.1))[0]),
        rng.random() < chosen.buggify,
        tuple(broken),
    )


def _shape(rng: Random, domain: Domain) -> Shape:
    return Shape(
        workers=rng.randint(*domain.workers),
        consumers=rng.randint(*domain.consumers),
        concurrency=rng.randint(*domain.concurrency),
        prefetch=rng.choice(domain.prefetch),
        profile=rng.choice(domain.profiles),
        appendfsync=rng.choice(domain.appendfsync),  # type: ignore[arg-type]
        latency_ms=rng.choice((0.1, 0.5, 2.0, 10.0)),
    )


def _events(rng: Random, domain: Domain) -> Sequence[PlannedEvent]:
    keys = "abc"[: rng.randint(1, 3)]
    moments = sorted(round(rng.uniform(0, domain.span_ms / 2), 3) for _ in range(rng.randint(*domain.events)))
    return [_event(rng, domain, at_ms, rng.choice(keys)) for at_ms in moments]


def _event(rng: Random, domain: Domain, at_ms: float, key: str) -> PlannedEvent:
    event = PlannedEvent(at_ms, key)
    if rng.random() < domain.slow:
        event = evolve(event, slow_ms=round(rng.uniform(1, domain.slow_ms_max), 1))
    if rng.random() < domain.fails:
        event = evolve(event, fails=-1 if domain.fails_max < 0 else rng.randint(1, domain.fails_max))
    elif domain.fails_once and rng.random() < domain.fails_once:
        event = evolve(event, fails=1)
    if rng.random() < domain.undecodable:
        event = evolve(event, undecodable=True)
    return event


def _faults(rng: Random, domain: Domain, preset: Preset, workers: Sequence[str]) -> Sequence[Fault]:
    known = sorted(KINDS if preset.kinds is None else preset.kinds)
    allowed = [kind for kind in known if domain.kinds is None or kind in domain.kinds]
    if preset.swarm and allowed:
        allowed = rng.sample(allowed, rng.randint(1, min(6, len(allowed))))
    kinds = [rng.choice(allowed) for _ in range(rng.randint(1, preset.faults_max))] if allowed else []
    if preset.faults_max:
        kinds += [kind for kind in domain.always if kind not in kinds]
    actions = domain.actions, domain.producer_actions
    faults = [
        draw_fault(rng, kind, _whom(rng, domain, workers), span_ms=domain.span_ms, actions=actions) for kind in kinds
    ]
    faults += [fault for fault in domain.often if preset.faults_max and rng.random() < 0.5]  # noqa: PLR2004 - a coin
    return [_split(rng, fault, domain.split_ms) for fault in faults] if domain.split_ms else faults


def _whom(rng: Random, domain: Domain, workers: Sequence[str]) -> Sequence[str]:
    """Among whom a fault is drawn, beside the producer."""
    return () if domain.producer is not None and rng.random() < domain.producer else workers


def _split(rng: Random, fault: Fault, split_ms: tuple[float, float]) -> Fault:
    """A failover in which the old primary goes on for a while; other faults as they are."""
    if not isinstance(fault.effect, FailOver):
        return fault
    return evolve(fault, effect=evolve(fault.effect, split_ms=_log_uniform(rng, *split_ms)))


def _stay(rng: Random, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Some old primaries stay as replicas. Drawn apart: so all else in a plan is as it was before there were such."""
    for fault in faults:
        if isinstance(fault.effect, FailOver) and rng.random() < STAYS:
            yield evolve(fault, effect=evolve(fault.effect, stays=True))
        else:
            yield fault


def draw_fault(
    rng: Random,
    kind: str,
    workers: Sequence[str],
    *,
    span_ms: float,
    actions: tuple[Sequence[str], Sequence[str]] = (WORKER_ACTIONS, PRODUCER_ACTIONS),
) -> Fault:
    """A fault of a kind, at a place or a moment that a run is likely to come by."""
    effect = draw_effect(rng, KINDS[kind])
    host = rng.choice([*workers, *workers, PRODUCER])
    if effect.strikes == "handler" and workers:
        return Fault(Site(rng.choice(workers), HANDLER, rng.randint(1, 8)), effect)
    if effect.strikes != "link" and rng.random() < 0.4:  # noqa: PLR2004 - moments find other things than sites do
        return Fault(At(round(rng.uniform(0, span_ms), 3), host), effect)
    action = rng.choice(actions[host == PRODUCER])
    return Fault(Site(host, action, _turn(rng, action), rng.random() < 0.5), effect)  # noqa: PLR2004 - a coin


def _turn(rng: Random, action: str) -> int:
    """Some actions are done often; most faults are worth having early, where there is much to lose yet."""
    often = action in ("XREADGROUP", "settle", HANDLER, "XADD", "fire")
    return 1 + int(rng.expovariate(0.2 if often else 1.0))


def draw_effect(rng: Random, kind: type[Effect]) -> Effect:
    """An effect of this kind, with numbers of the size that matters: some below and some above each time limit."""
    draw = _DRAWN.get(kind)
    if draw is not None:
        return draw(rng)
    return kind(_ms(rng)) if "ms" in kind.__annotations__ else kind()  # type: ignore[call-arg]


def _log_uniform(rng: Random, low: float, high: float) -> float:
    return float(round(low * (high / low) ** rng.random(), 1))


def _ms(rng: Random) -> float:
    return _log_uniform(rng, 20, 12_000)


def _answer(rng: Random) -> Effect:
    return Answer(rng.choice(("OOM", "READONLY", "MISCONF", "LOADING", "NOREPLICAS", "BUSY", "TRYAGAIN")), _ms(rng))


def _blackhole(rng: Random) -> Effect:
    return Blackhole(rng.choice(("requests", "replies", "both")))


def _fail_over(rng: Random) -> Effect:
    return FailOver(rng.choice((0.0, _log_uniform(rng, 1, 1000))), rng.choice((0.0, _log_uniform(rng, 10, 5000))))


_DRAWN: Final[Mapping[type[Effect], Callable[[Random], Effect]]] = {
    Answer: _answer,
    Blackhole: _blackhole,
    CutReply: lambda rng: CutReply(rng.choice((0, 1, 3, 10, 40))),
    CrashServer: lambda rng: CrashServer(_ms(rng), _log_uniform(rng, 1, 3000)),
    LosePower: lambda rng: LosePower(_ms(rng), _log_uniform(rng, 1, 3000)),
    FailOver: _fail_over,
    DeleteEntries: lambda rng: DeleteEntries(rng.choice((0, 1, 3, 8))),
    ShiftClock: lambda rng: ShiftClock(rng.choice((-1, 1)) * _log_uniform(rng, 10, 100_000)),
}
