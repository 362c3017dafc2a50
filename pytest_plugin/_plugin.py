"""What pytest finds in this plugin; the work is done by `redis_streams.simulations.simulate`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of simulated tests."""
    group = parser.getgroup("redis-streams", "simulated tests of redis-streams")
    group.addoption(
        "--sim-seeds", type=_seeds, metavar="N", help="run each simulated test with N seeds, whatever it says itself"
    )
    group.addoption(
        "--sim-replay",
        metavar="REPLAY",
        help="run one plan, in its own test: the line that a failure printed, or a file",
    )


def _seeds(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


@pytest.fixture
def world(request: pytest.FixtureRequest) -> pytest.FixtureRequest:
    """A simulated world for an ``async def`` test that has no `@simulate`: one calm run, in virtual time."""
    if not hasattr(request.function, "simulated"):
        pytest.fail("the fixture world is for async tests: their function runs within the world", pytrace=False)
    return request


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Before the plugins that run async tests: those that want our world are ours, and plain functions from now on."""
    for item in items:
        if isinstance(item, pytest.Function) and _wants_our_world(item) and inspect.iscoroutinefunction(item.obj):
            from redis_streams.simulations.testing import in_calm_world  # noqa: PLC0415 - not before a test wants it

            item.obj = in_calm_world(item.obj)


def _wants_our_world(item: pytest.Function) -> bool:
    definitions = item._fixtureinfo.name2fixturedefs.get("world", ())  # noqa: SLF001 - pytest tells it nowhere else
    return bool(definitions) and definitions[-1].func.__module__ == __name__
