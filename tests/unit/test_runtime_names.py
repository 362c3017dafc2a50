"""Consumer names from templates."""

from __future__ import annotations

import os
import socket

import pytest
from redis_streams import Config, ConfigError, GroupOptions
from redis_streams.runtime._names import expand


def test_places_are_filled_in() -> None:
    """With what this process is, where it runs, and what its environment says."""
    assert expand("worker-{host}-{pid}") == f"worker-{socket.gethostname()}-{os.getpid()}"
    assert expand("{env:SLOT}/{env:SLOT}", {"SLOT": "7"}) == "7/7"
    assert expand("worker-1") == "worker-1"


@pytest.mark.parametrize("wrong", ["{hots}", "a-{}", "{env:}", "{host }"])
def test_what_nobody_knows_is_refused_with_what_is_known(wrong: str) -> None:
    """Where the name is said, and not when the runtime starts."""
    with pytest.raises(ValueError, match=r"write \{host\}, \{pid\} or \{env:NAME\}"):
        GroupOptions(consumer=wrong)


def test_a_variable_that_is_not_set_is_named() -> None:
    """Also one that is empty: two processes would get the same name."""
    with pytest.raises(ValueError, match="the environment variable SLOT is not set"):
        expand("w-{env:SLOT}", {"SLOT": ""})


def test_a_file_with_a_wrong_name_is_refused_at_its_key() -> None:
    """As every other value in it."""
    text = "redis_streams:\n  consumer: {group: g, stream: s, name: 'w-{nobody}'}\n"
    with pytest.raises(ConfigError, match=r"consumer\.name.*nobody"):
        Config.from_yaml_text(text)
