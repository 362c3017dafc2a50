"""Consumer groups of the simulated server beside those of real servers: the same scripts, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis_streams.simulations.real import RedisServer
from support.beside import Beside
from support.random_groups import RandomCommands

SCRIPTS = sorted((Path(__file__).parent / "groups").glob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_answered_alike(path: Path, any_redis_server: RedisServer) -> None:
    """Every reply, and who gets it when, is that of the real server."""
    with Beside(any_redis_server) as both:
        both.tell(path.read_text())
        both.tell_nothing_more()


@pytest.mark.parametrize("seed", range(12))
def test_random_commands_are_answered_alike(seed: int, any_redis_server: RedisServer) -> None:
    """So are commands that nobody thought of, with several clients that wait."""
    with Beside(any_redis_server) as both:
        commands = RandomCommands(seed, claim=both.profile.since(8, 4))
        for _ in range(150):
            line = commands.line(waiting=[client for client in "abcd" if both.waits(client)])
            both.tell(line)
        both.tell_nothing_more()
