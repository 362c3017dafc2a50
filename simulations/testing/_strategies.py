"""Plans, faults and workloads as Hypothesis draws them.

A plan is drawn as a whole, and then it is run: nothing is drawn within a run, where Hypothesis' way of ending an
example would be taken for an error of a task. Faults are addressed by site and turn, so they stay where they are when
others are taken away, and Hypothesis can make a failing plan small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from attrs import fields_dict
from hypothesis import strategies as st

from ..plan import (
    CONNECT,
    HANDLER,
    Answer,
    At,
    Blackhole,
    Effect,
    Fault,
    Plan,
    PlannedEvent,
    Preset,
    Schedule,
    Shape,
    Site,
)
from ..plan._draw import PRODUCER_ACTIONS, WORKER_ACTIONS
from ..plan._effects import KINDS
from ._presets import swarm

HOSTS: Final = ("worker-1", "worker-2", "producer")
"""Processes of the built-in scenarios, and names to take for one's own."""
TURNS_MAX: Final = 20
MS: Final = (100.0, 20.0, 500.0, 2000.0, 12_000.0)
"""Below and above each time limit of the runtime; a shrinker goes to the first."""


def workloads(
    *, max_events: int = 20, span_ms: float = 1000.0, keys: str = "abc"
) -> st.SearchStrategy[tuple[PlannedEvent, ...]]:
    """What is published, by time.

    Args:
        max_events: so many at most; at least one.
        span_ms: over which virtual time.
        keys: what events are about, a letter each.
    """
    moments = st.integers(0, int(span_ms)).map(float)
    events = st.builds(PlannedEvent, at_ms=moments, key=st.sampled_from(keys))
    return st.lists(events, min_size=1, max_size=max_events).map(_by_time)


def _by_time(events: Iterable[PlannedEvent]) -> tuple[PlannedEvent, ...]:
    return tuple(sorted(events, key=lambda event: event.at_ms))


def faults(
    *,
    kinds: Preset | Collection[str] | None = None,
    hosts: Sequence[str] = HOSTS,
    actions: Sequence[str] | None = None,
    span_ms: float = 1000.0,
) -> st.SearchStrategy[Fault]:
    """One thing that goes wrong.

    Args:
        kinds: which; a preset, or the kinds' names. `swarm` by default.
        hosts: the processes of the scenario.
        actions: what they do, as in the sites of a plan; by default what the runtime does. Requests to a service of
            yours are ``bank.charge``.
        span_ms: the virtual time in which faults strike that have a moment, not a site.
    """
    known = kinds.kinds if isinstance(kinds, Preset) else kinds
    chosen = sorted(KINDS) if known is None and kinds is not None else sorted(known or swarm().kinds or ())
    return st.one_of([_faults_of(KINDS[kind], hosts, actions, span_ms) for kind in chosen])


def _faults_of(
    kind: type[Effect], hosts: Sequence[str], actions: Sequence[str] | None, span_ms: float
) -> st.SearchStrategy[Fault]:
    places = _sites(hosts, actions, kind)
    if kind.strikes in ("server", "process"):
        moments = st.builds(At, st.integers(0, int(span_ms)).map(float), st.sampled_from(hosts))
        return st.builds(Fault, places | moments, _effects(kind))
    return st.builds(Fault, places, _effects(kind))


def _sites(hosts: Sequence[str], actions: Sequence[str] | None, kind: type[Effect]) -> st.SearchStrategy[Site]:
    if kind.strikes == "handler":
        known: Sequence[str] = [HANDLER]
    else:
        known = actions or tuple(dict.fromkeys((*WORKER_ACTIONS, *PRODUCER_ACTIONS)))
    if kind.strikes == "link":
        known = [action for action in known if action != HANDLER] or [CONNECT]
    turns = st.integers(1, TURNS_MAX)
    return st.builds(Site, st.sampled_from(hosts), st.sampled_from(known), turns, st.booleans())


def _effects(kind: type[Effect]) -> st.SearchStrategy[Effect]:
    if kind is Answer:
        errors = st.sampled_from(("OOM", "READONLY", "MISCONF", "LOADING", "NOREPLICAS", "BUSY", "TRYAGAIN"))
        return st.builds(Answer, errors, st.sampled_from(MS))
    if kind is Blackhole:
        return st.builds(Blackhole, st.sampled_from(("both", "requests", "replies")))
    return st.builds(kind, ms=st.sampled_from(MS)) if "ms" in fields_dict(kind) else st.just(kind())


def plans(
    *,
    max_events: int = 20,
    max_faults: int = 4,
    scenario: str = "",
    kinds: Preset | Collection[str] | None = None,
    hosts: Sequence[str] = HOSTS,
    actions: Sequence[str] | None = None,
    span_ms: float = 1000.0,
    shape: Shape | None = None,
) -> st.SearchStrategy[Plan]:
    """Everything that makes one run what it is, for `run`.

    The order of tasks is one of the plan's seed. It is drawn last, so that Hypothesis gives up what happens first.

    Args:
        max_events: so many at most are published; see `publish_planned`.
        max_faults: so many at most are in it; some of them strike.
        scenario: its name in what is told.
        kinds: of the faults; see `faults`, as for the next two.
        hosts: whom they strike.
        actions: at what they strike.
        span_ms: see `faults` and `workloads`.
        shape: of all plans; the built-in scenarios want to be told how many workers there are.
    """
    several = st.lists(faults(kinds=kinds, hosts=hosts, actions=actions, span_ms=span_ms), max_size=max_faults)
    return st.builds(
        Plan,
        seed=st.integers(0, 2**16),
        scenario=st.just(scenario),
        shape=st.just(shape or Shape(workers=0)),
        events=workloads(max_events=max_events, span_ms=span_ms),
        faults=several.map(tuple),
        schedule=st.sampled_from((Schedule("batch"), Schedule("walk"), Schedule("pct"))),
    )
