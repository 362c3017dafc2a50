"""The public names of simulations: there when they are asked for, and not before."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis_streams.simulations


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after this."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


def test_who_opens_a_memory_url_imports_no_simulation() -> None:
    """Only the server."""
    modules = imported_by("import redis_streams.simulations.server")
    assert not {"redis_streams.simulations.world", "redis_streams.simulations.testing", "hypothesis"} & modules


def test_who_simulates_without_strategies_imports_no_hypothesis() -> None:
    """Which is a package of its own, and changes Trio's ways when it is imported."""
    modules = imported_by("from redis_streams.simulations import World, check, run, simulate, swarm, NO_LOSS")
    assert "redis_streams.simulations.world" in modules
    assert not {"hypothesis", "pytest"} & modules


def test_the_pytest_plugin_imports_nothing_of_the_library() -> None:
    """It is loaded in every run of pytest, wherever the library is installed."""
    assert not {"redis_streams", "trio", "hypothesis", "redis"} & imported_by("import redis_streams_pytest")


def test_other_names_are_not_there() -> None:
    """And nothing is imported to look for them."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(redis_streams.simulations, "nothing")  # noqa: B009 - mypy knows, too
