"""The simulated server answers as the real one of the same version does, byte for byte, whatever it is told."""

from __future__ import annotations

import pytest
from differential.grammar import commands
from differential.sequences import Kept, sequences
from differential.trial import Coverage, play, try_commands
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Profile

EXAMPLES = 40
VALUES = ["hashes", "keys", "lists", "sets", "sorted_sets", "strings", "sort", "geo", "hyperloglogs"]
VALUE_EXAMPLES = 6


@pytest.mark.also_on_valkey
def test_random_commands_on_streams_are_answered_alike(any_redis_server: RedisServer) -> None:
    """A bounded part of `make differential`."""
    check_random_commands(any_redis_server, "streams")


@pytest.mark.parametrize("kind", VALUES)
def test_random_commands_on_values_are_answered_alike(any_redis_server: RedisServer, kind: str) -> None:
    """The same for other kinds of values."""
    check_random_commands(any_redis_server, kind)


def check_random_commands(any_redis_server: RedisServer, kind: str) -> None:
    profile = f"{any_redis_server.version[0]}.{any_redis_server.version[1]}"
    if profile not in VERSIONS:
        pytest.skip(f"there is no profile {profile}")
    coverage = Coverage()
    examples = EXAMPLES if kind == "streams" else VALUE_EXAMPLES

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        plan=st.lists(commands(Profile.of(profile), kind), min_size=10, max_size=50),
        protocol=st.sampled_from([2, 3] if profile >= "6" else [2]),
    )
    def check(plan: list[tuple[int, list[bytes]]], protocol: int) -> None:
        try_commands(any_redis_server, profile, protocol, plan, coverage, kind)

    check()
    assert coverage.commands > 5 * examples


@pytest.mark.also_on_valkey
@pytest.mark.parametrize("kept", [pytest.param(kept, id=kept.name) for kept in sequences()])
def test_what_was_once_answered_differently_is_answered_alike(any_redis_server: RedisServer, kept: Kept) -> None:
    """The sequences that are kept: each names what it is about."""
    profile = f"{any_redis_server.version[0]}.{any_redis_server.version[1]}"
    if profile not in VERSIONS or not kept.is_for(Profile.of(profile)):
        pytest.skip("it is for other versions")
    play(any_redis_server, profile, kept.protocol, kept.plan, Coverage())
