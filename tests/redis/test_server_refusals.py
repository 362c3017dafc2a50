"""What a server refuses because of its state: no memory, no replicas, no master, read only; as the real ones do."""

import re
import shlex
import socket

import pytest
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS
from support.simulated import SimulatedServer, request

WRITES = "SET a b; XADD s 1-1 a b; XACK s g 1-1; DEL a; GET a"
IN_SCRIPTS = """
EVAL "return redis.call('set','a','b')" 0; EVAL "return redis.pcall('set','a','b')" 0
EVAL "redis.call('del','a') redis.call('set','a','b') return redis.call('get','a')" 0; EVAL "return 1" 0
"""
IN_TRANSACTIONS = "MULTI; SET a c; EXEC; GET a; MULTI; GET a; EXEC; MULTI; DEL a; EXEC; MULTI; DISCARD; EXEC"

STATES = {
    "no memory": ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    "no replicas": ("CONFIG SET min-slaves-to-write 1", "CONFIG SET min-slaves-to-write 0"),
    "a replica": ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "a replica that may be written": (
        "CONFIG SET slave-read-only no; REPLICAOF 127.0.0.1 1",
        "REPLICAOF NO ONE; CONFIG SET slave-read-only yes",
    ),
    "a replica that hides what is old": (
        "CONFIG SET slave-serve-stale-data no; REPLICAOF 127.0.0.1 1",
        "REPLICAOF NO ONE; CONFIG SET slave-serve-stale-data yes",
    ),
}


def bytes_of(conversation: str) -> list[bytes]:
    """The requests of a conversation."""
    lines = conversation.strip().replace("\n", ";").split(";")
    return [request(*shlex.split(command)) for command in lines if command.strip()]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("conversation", [WRITES, IN_SCRIPTS, IN_TRANSACTIONS], ids=["plain", "scripts", "MULTI"])
def test_the_same_refusals(any_redis_server: RedisServer, state: str, conversation: str) -> None:
    """Command by command."""
    version = ".".join(map(str, any_redis_server.version[:2]))
    if version not in VERSIONS:
        pytest.skip(f"there is no profile for {version}")
    if conversation == IN_TRANSACTIONS and any_redis_server.version < (6, 0, 0) and "replica" in state:
        pytest.skip("5.0.6 does not answer such an EXEC at all")
    before, after = STATES[state]
    simulated = SimulatedServer(version).connect()
    with socket.create_connection(("127.0.0.1", any_redis_server.port)) as connection:
        for command in bytes_of(f"SET a b; {before}; {conversation}; {after}; GET a"):
            connection.sendall(command)
            assert one_reply(connection) == simulated.send(command), command


def one_reply(connection: socket.socket) -> bytes:
    """Replies to these commands are short: what is complete at a line's end is all there is."""
    received = b""
    while not re.fullmatch(rb"([+:-].*|\$-1|_|\*-1|\$\d+\r\n.*|\*\d+\r\n.*)\r\n", received, re.DOTALL) or (
        received[:1] == b"$" and received.count(b"\r\n") < 2 and received != b"$-1\r\n"
    ):
        received += connection.recv(1 << 16)
    return received
