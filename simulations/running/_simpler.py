"""Simpler forms of the parts of a plan, the simplest first. Pure: whether one still fails is for others to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import attrs
from attrs import evolve

from ..plan import At, Effect, Fault, Plan, PlannedEvent, Schedule, Shape, Site

Change = Callable[[Plan], Plan | None]
"""Makes a plan simpler in one thing; None where that does not apply (any more)."""

P = TypeVar("P", int, float)


def simpler_frame(plan: Plan) -> Iterator[Change]:
    """What is around events and faults: shape, schedule, and the rest."""
    yield lambda plan: evolve(plan, buggify=False)
    yield lambda plan: evolve(plan, broken_for_good=())
    yield lambda plan: None if plan.schedule.kind == "fifo" else evolve(plan, schedule=Schedule("fifo"))
    shape, usual = plan.shape, Shape()
    yield lambda plan: evolve(plan, shape=evolve(usual, workers=min(1, plan.shape.workers)))
    for name in ("prefetch", "appendfsync", "latency_ms", "profile"):
        yield _shaped(name, getattr(usual, name))
    for name in ("workers", "consumers", "concurrency"):
        number: int = getattr(shape, name)
        for fewer in range(1, number):
            yield _shaped(name, fewer)


def _shaped(name: str, value: object) -> Change:
    def change(plan: Plan) -> Plan | None:
        now = getattr(plan.shape, name)
        if isinstance(value, int) and isinstance(now, int) and now <= value:
            return None
        return evolve(plan, shape=_with(plan.shape, name, value))

    return change


def simpler_events(plan: Plan, number: int) -> Iterator[Change]:
    """One event."""
    usual, event = PlannedEvent(), plan.events[number]
    for name in ("undecodable", "slow_ms", "fails", "key"):
        yield _event(number, name, getattr(usual, name))
    if event.fails not in (0, 1):
        yield _event(number, "fails", 1)
    for simple in _simple_numbers(event.slow_ms):
        yield _event(number, "slow_ms", simple)
    for simple in _simple_numbers(event.at_ms):
        yield _event(number, "at_ms", simple)


def _event(number: int, name: str, value: object) -> Change:
    def change(plan: Plan) -> Plan | None:
        event = plan.events[number]
        if _is_as_simple(getattr(event, name), value):
            return None
        events = (*plan.events[:number], _with(event, name, value), *plan.events[number + 1 :])
        return evolve(plan, events=events)

    return change


def simpler_faults(plan: Plan, number: int) -> Iterator[Change]:
    """One fault: what it does, and when."""
    fault = plan.faults[number]
    yield _effect(number, type(fault.effect)())
    for name in attrs.fields_dict(type(fault.effect)):
        value = getattr(fault.effect, name)
        if isinstance(value, float):
            for simple in _simple_numbers(value):
                yield _effect(number, _with(fault.effect, name, simple), name)
    if fault.when.host.startswith("worker-"):
        yield _when(number, "host", "worker-1")  # then fewer workers are enough
    match fault.when:
        case Site(turn=turn):
            for earlier in dict.fromkeys((1, 2, turn // 2, turn - 1)):
                if 0 < earlier < turn:
                    yield _when(number, "turn", earlier)
            yield _when(number, "before", value=True)
        case At(ms=ms):
            for simple in _simple_numbers(ms):
                yield _when(number, "ms", simple)


def _effect(number: int, effect: Effect, name: str = "") -> Change:
    def change(plan: Plan) -> Plan | None:
        now = plan.faults[number].effect
        if now == type(now)():
            return None  # what is usual needs no number at all
        if name and _is_as_simple(getattr(now, name), getattr(effect, name)):
            return None
        wanted = _with(now, name, getattr(effect, name)) if name else effect
        return _with_fault(plan, number, evolve(plan.faults[number], effect=wanted))

    return change


def _when(number: int, name: str, value: object) -> Change:
    def change(plan: Plan) -> Plan | None:
        fault = plan.faults[number]
        if _is_as_simple(getattr(fault.when, name), value):
            return None
        return _with_fault(plan, number, evolve(fault, when=_with(fault.when, name, value)))

    return change


def _with_fault(plan: Plan, number: int, fault: Fault) -> Plan:
    return evolve(plan, faults=(*plan.faults[:number], fault, *plan.faults[number + 1 :]))


A = TypeVar("A")


def _with(given: A, name: str, value: object) -> A:
    """The same with one attribute changed, whose name only its caller knows."""
    values = {key: getattr(given, key) for key in attrs.fields_dict(type(given))}  # type: ignore[arg-type]
    return type(given)(**{**values, name: value})


def _simple_numbers(number: float) -> Iterator[float]:
    """Simpler ones near it: nothing, and with fewer digits."""
    yield 0.0
    for digits in (-3, -2, -1, 0):
        rounded = round(number, digits)
        if rounded != number:
            yield rounded


def _is_as_simple(now: object, wanted: object) -> bool:
    """Whether a value is no more complicated than another one: something simpler may have been taken before."""
    if isinstance(wanted, bool):
        return now == wanted
    return _complexity(now) <= _complexity(wanted)


def _complexity(value: object) -> tuple[int, float]:
    """What a person has to read: the digits, and then how much it is."""
    text = f"{value:g}" if isinstance(value, float) else f"{value}"
    return len(text), abs(value) if isinstance(value, int | float) else sum(text.encode())
