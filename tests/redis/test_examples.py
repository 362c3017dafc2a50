"""The examples: each runs to its end, and prints what it is about."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from redis_streams.simulations.real import RedisServer
from support.docs import CHECKOUT

SECONDS = 30
PRINTED = {
    "hello_trio.py": ["greeting: {'text': 'hello'}"],
    "typed_events.py": ["bill 2 × tea", "dead letter: payload does not fit OrderPlaced", "refund tea: no reason given"],
    "batches.py": ["stored 200, each once: True"],
    "plain_handler.py": ["converted 8 files"],
    "own_actor.py": ["restarting", "incarnation 2 measured"],
    "foreign_codec.py": ["dead letter: no measurement", "1.5 mm of rain at south"],
    "dead_letters.py": ["from reader-1: {'amount': 12}", "booked 12"],
    "blocking_worker.py": ["the last job is done"],
}


def test_the_table_has_every_example() -> None:
    """And nothing else."""
    linked = re.findall(r"\]\((\w+\.py)\)", (CHECKOUT / "examples" / "README.md").read_text())
    assert sorted(linked) == sorted(PRINTED)


@pytest.mark.also_on_memory
@pytest.mark.parametrize("name", [path.name for path in sorted((CHECKOUT / "examples").glob("*.py"))])
def test_an_example_runs(name: str, redis_server: RedisServer) -> None:
    """As a program of its own, also without any server beside it."""
    environ = {**os.environ, "REDIS_URL": redis_server.url, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(CHECKOUT / "examples" / name)]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for line in PRINTED[name]:
        assert line in ran.stdout, ran.stdout + ran.stderr
