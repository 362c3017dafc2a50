"""Ranks in sorted sets of the simulated server."""

import pytest
from support.simulated import SimulatedServer


@pytest.mark.parametrize("version", ["7.2", "7.4", "8.0"])
def test_a_rank_is_told_with_its_score_since_7_2(version: str) -> None:
    client = SimulatedServer(version).connect()
    client.call("ZADD", "z", 1, "a", 2, "b")
    assert client.call("ZRANK", "z", "b", "WITHSCORE") == b"*2\r\n:1\r\n$1\r\n2\r\n"
    assert client.call("ZREVRANK", "z", "b", "NO") == b"-ERR syntax error\r\n"


def test_before_7_2_there_is_no_such_option() -> None:
    refused = b"-ERR wrong number of arguments for 'zrank' command\r\n"
    assert SimulatedServer("7.0").connect().call("ZRANK", "z", "b", "WITHSCORE") == refused
