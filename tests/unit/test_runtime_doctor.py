"""What the doctor says of a server's settings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from redis_streams.runtime._cli_doctor import advice

SAFE = {"appendonly": "yes", "appendfsync": "always", "maxmemory": "0", "maxmemory-policy": "noeviction"}


def test_a_server_that_keeps_everything_is_not_warned_of() -> None:
    """That it does is said."""
    [said] = advice(SAFE)
    assert not said.is_warning
    assert "on its disk" in said.words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"appendonly": "no"}, "lost with its process", id="keeps snapshots only"),
        pytest.param({"appendfsync": "everysec"}, "costs a second or two", id="writes once a second"),
        pytest.param({"appendfsync": "no"}, "what the system has not written yet", id="writes when the system likes"),
        pytest.param(
            {"maxmemory": "1000000", "maxmemory-policy": "allkeys-lru"}, "whole streams are evicted", id="evicts"
        ),
        pytest.param(
            {"maxmemory": "1000000", "maxmemory-policy": "volatile-lru"}, "may be appended twice", id="evicts tokens"
        ),
    ],
)
def test_what_loses_events_is_warned_of(settings: Mapping[str, str], words: str) -> None:
    """In words, with what to do about it where that is one thing."""
    [warning] = [said for said in advice({**SAFE, **settings}) if said.is_warning]
    assert words in warning.words


def test_where_redis_keeps_tokens_itself_a_volatile_policy_leaves_them() -> None:
    """Then there is still what is remembered of schedules that are over."""
    settings = {**SAFE, "maxmemory": "1000000", "maxmemory-policy": "volatile-ttl"}
    [warning] = [said for said in advice(settings, publish_token=True) if said.is_warning]
    assert "ended schedules are forgotten" in warning.words


def test_a_policy_without_a_limit_evicts_nothing() -> None:
    """And what is not known is not said."""
    for policy in ("allkeys-lru", "volatile-lru"):
        assert not any(said.is_warning for said in advice({**SAFE, "maxmemory-policy": policy}))
    assert advice({}) == []
