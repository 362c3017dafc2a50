"""DEBUG DIGEST and DIGEST-VALUE in the simulated server: the numbers that real servers have for the same."""

import pytest
from support.simulated import SimulatedServer

DIGESTS = [
    ("SET k a", "ed3966c92d61c522a8260b5c16c9469b328b5a95"),
    ("RPUSH k a b", "62f55a532623cf6c3d81081db480b6fd8461eb3f"),
    ("SADD k a b", "dd99329063ca0f1f28df2ac68d94b82fd95501c6"),
    ("ZADD k 1 a", "430190c6ed5abafff87d97b4f51a92796ed05895"),
    ("HSET k a b", "e74b6918422998016f954e98a1a8c89a0e1e4a25"),
    ("XADD k 1-1 a b", "db20534e81d36b705394fcfc8a61996efb6e5a7c"),
]


@pytest.mark.parametrize(("command", "digest"), DIGESTS)
def test_a_value_has_the_digest_of_a_real_server(command: str, digest: str) -> None:
    client = SimulatedServer().connect()
    client.call(*command.split())
    assert client.call("DEBUG", "DIGEST-VALUE", "k", "none") == f"*2\r\n+{digest}\r\n+{'0' * 40}\r\n".encode()


def test_whether_a_key_expires_and_where_it_is_makes_a_difference() -> None:
    seen = set()
    for commands in (["SET k a"], ["SET k a", "EXPIRE k 9"], ["SELECT 1", "SET k a"], ["SET l a"]):
        client = SimulatedServer().connect()
        for command in commands:
            client.call(*command.split())
        seen.add(client.call("DEBUG", "DIGEST"))
    assert len(seen) == 4


def test_nothing_is_zero() -> None:
    assert SimulatedServer().connect().call("DEBUG", "DIGEST") == f"+{'0' * 40}\r\n".encode()
