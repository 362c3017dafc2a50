"""`redis-streams demo --real`: its story, its verdict and its exit code, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from redis_streams.simulations.real import RedisServer

SECONDS = 60

pytestmark = pytest.mark.real_time


def demo(url: str | None, *options: str, seconds: float = 2) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    if url is not None:
        environ["REDIS_URL"] = url
    command = [sys.executable, "-m", "redis_streams", "demo", "--real", "--seconds", str(seconds), *options]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_it_shows_every_fault_and_loses_nothing(redis_server: RedisServer) -> None:
    """On the server that REDIS_URL names, where it leaves nothing behind."""
    redis_server.cli("SET", "mine", "kept")
    # Long enough for the second process to start on a busy machine before it is killed.
    result = demo(redis_server.url, seconds=8)
    assert result.returncode == 0, result.stdout + result.stderr
    for part in ("crashed: RuntimeError", "restarting in", "connections were cut", "is killed (SIGKILL)", "took over"):
        assert part in result.stdout
    found = re.search(r"published (\d+)  handled (\d+)  duplicated (\d+)  lost 0  pending 0", result.stdout)
    assert found is not None, result.stdout
    assert int(found[1]) == int(found[2]) > 100
    assert result.stdout.endswith("Nothing was lost.\n")
    assert redis_server.cli("KEYS", "*") == ["mine"]


@pytest.mark.redis
@pytest.mark.parametrize("options", [[], ["--server", os.environ.get("REDIS_SERVER", "")]], ids=["found", "named"])
def test_without_redis_url_it_starts_a_server_of_its_own(options: list[str]) -> None:
    """One that it finds, or the one that is named. And stops it."""
    result = demo(None, "--rate", "50", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    found = re.search(r"started Redis [\d.]+ at redis://127.0.0.1:(\d+)", result.stdout)
    assert found is not None
    again = demo(f"redis://127.0.0.1:{found[1]}")
    assert again.returncode == 1
    assert again.stderr.count("connection refused") == 1
