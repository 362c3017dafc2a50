"""The decorator that makes a pytest test of a scenario.

The test becomes a plain function, so plugins that run async tests leave it alone: each of its runs is a Trio run of its
own, in virtual time. Its first argument `world` is ours; all others are fixtures and parameters as usual, which every
run gets the same of.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, cast

from typing_extensions import Never

from ..checkers import AT_LEAST_ONCE, Checker
from ..plan import Preset, Shape
from ..world import World
from ._check import BrokenPromise
from ._drawing import Drawing
from ._presets import calm, swarm
from ._session import Session
from ._trial import Trial

if TYPE_CHECKING:
    import pytest

SEEDS: Final = 100
"""Enough for most bugs of a handler, and few enough for every run of a test suite."""
EVENTS_MAX: Final = 10
SPAN_MS: Final = 1000.0

P = ParamSpec("P")


class Test(Protocol):
    """A plain function, as pytest calls it."""

    def __call__(self, *given: object, **named: object) -> None:
        """Try everything; raises if something fails."""


class _AsyncTest(Protocol):
    """A user's function. What it takes is between it and pytest."""

    __qualname__: str

    def __call__(self, **named: object) -> Awaitable[None]: ...


class _Decorator(Protocol):
    def __call__(self, function: Callable[P, Awaitable[None]], /) -> Test: ...


def simulate(
    *bare: Never,
    seeds: int = SEEDS,
    faults: Preset | None = None,
    guarantees: Iterable[Checker] = AT_LEAST_ONCE,
    events: int = EVENTS_MAX,
    span_ms: float = SPAN_MS,
    shape: Shape | None = None,
) -> _Decorator:
    """Decorator of an ``async def test_…(world)``: run it once for each seed, each time with other faults.

    ::

        @simulate(seeds=200, faults=swarm())
        async def test_every_order_is_billed_once(world): ...

    The first run is calm, and shows where faults can strike. Of a run that fails the plan is made as small as it can
    be, kept in ``.redis-streams/tests``, and tried first the next time.

    Args:
        bare: nothing; for whoever writes ``@simulate`` without its parentheses.
        seeds: how many runs; `--sim-seeds` of pytest overrides it.
        faults: which ones; `swarm` by default.
        guarantees: the promises that are judged, beside the test's own.
        events: so many planned events at most in each run; see `publish_planned`.
        span_ms: over which virtual time these are published, and timed faults strike.
        shape: the version and durability of Redis and the latency.

    Raises:
        TypeError: the function is not async, or has no argument `world`.
        ValueError: a number is too small.
    """
    if bare:
        raise TypeError("write @simulate(), with its parentheses, also where there is nothing to say in them")
    if seeds < 0 or events < 1 or span_ms <= 0:
        raise ValueError(f"seeds, events and span_ms are more than nothing, not {seeds}, {events}, {span_ms}")
    preset, judges = faults or swarm(), tuple(guarantees)

    def decorate(given: Callable[P, Awaitable[None]], /) -> Test:
        _check_function(given)
        function = cast("_AsyncTest", given)

        def try_all(request: pytest.FixtureRequest | None, arguments: dict[str, object]) -> None:

            async def scenario(world: World) -> None:
                await function(**{**arguments, "world": world})

            session = Session.of(request, function.__qualname__)
            if request is not None and session.is_passed_over:
                _skip()
            drawing = Drawing(session.name, preset, events, span_ms, shape or Shape(workers=0))
            failure = session.try_out(Trial(scenario, judges, drawing), seeds)
            if failure:
                _fail(request, failure)

        return _as_plain_test(function, try_all)

    return decorate


def in_calm_world(function: Callable[P, Awaitable[None]]) -> Test:
    """What becomes of an async test that asks for the fixture `world`: one calm run; more with `--sim-seeds`."""
    return simulate(seeds=0, faults=calm())(function)


def _check_function(function: Callable[P, Awaitable[None]]) -> None:
    name = getattr(function, "__qualname__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"@simulate is for async functions, and {name} is none")
    if "world" not in inspect.signature(function).parameters:
        raise TypeError(f"@simulate gives {name} a world: it needs an argument of this name")


def _as_plain_test(
    function: _AsyncTest,
    try_all: Callable[[pytest.FixtureRequest | None, dict[str, object]], None],
) -> Test:
    """A plain function with the arguments of the async one, but for `world`; and with pytest's `request`."""
    signature = inspect.signature(function)
    wants_request = "request" in signature.parameters

    @functools.wraps(function)
    def test(*given: object, **named: object) -> None:
        # The fixture `world`, of a test without the decorator, is the request too.
        request = cast("pytest.FixtureRequest | None", named.get("request", named.pop("world", None)))
        if not wants_request:
            named.pop("request", None)
        positional = (name for name in signature.parameters if name != "world")
        try_all(request, {**dict(zip(positional, given, strict=False)), **named})

    parameters = [parameter for name, parameter in signature.parameters.items() if name != "world"]
    if not wants_request:
        parameters.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY))
    parameters.sort(key=lambda parameter: parameter.kind)
    vars(test)["simulated"] = True
    vars(test)["__signature__"] = signature.replace(parameters=parameters, return_annotation=None)
    return test


def _skip() -> None:
    import pytest  # noqa: PLC0415 - as below

    pytest.skip("the plan of --sim-replay is of another test")


def _fail(request: pytest.FixtureRequest | None, text: str) -> None:
    """End the test; within pytest without a traceback, which could only show our own code."""
    if request is None:
        raise BrokenPromise(text)
    import pytest  # noqa: PLC0415 - who simulates without pytest need not have it

    pytest.fail(text, pytrace=False)
