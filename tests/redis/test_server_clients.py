"""Real clients on the simulated server: redis-py, redis-cli and redis-benchmark cannot tell it from Redis."""

import asyncio
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest
import redis
import redis.asyncio
from support.clients import need


@pytest.fixture(scope="module")
def cli() -> str:
    """The path of redis-cli."""
    return need("redis-cli")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A simulated server as a process of its own, as users start it."""
    command = [sys.executable, "-m", "redis_streams", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+);", process.stdout.readline())
        assert found is not None
        yield int(found[1])
        process.terminate()
        assert process.wait(10) == 0


def run(*command: str, given: bytes = b"") -> str:
    result = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py(port: int, protocol: int) -> None:
    """What it does by itself to connect, and what it makes of replies."""
    with redis.Redis(port=port, protocol=protocol, client_name="me", decode_responses=True) as client:
        assert client.ping()
        assert client.client_getname() == "me"
        assert client.info()["redis_version"] == "7.0.15"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.command_count() == len(client.command())
        assert client.command()["xadd"]["arity"] == -5
        assert client.acl_whoami() == "default"
        assert client.role() == ["master", 0, []]
        assert [each["name"] for each in client.client_list()] == ["me"]
        assert client.wait(0, 0) == 0
        with pytest.raises(redis.ResponseError, match="unknown command 'NONSENSE'"):
            client.execute_command("NONSENSE")


def test_who_sent_first_is_served_first(port: int) -> None:
    """Also time and again: how they were served the last time must not decide how they are the next time."""
    with redis.Redis(port=port) as writer, redis.Redis(port=port) as reader:
        sending, asking = writer.connection_pool.get_connection(), reader.connection_pool.get_connection()
        for turn in range(200):
            sending.send_command("SET", "turn", turn)
            asking.send_command("GET", "turn")
            assert sending.read_response() == b"OK"
            assert asking.read_response() == b"%d" % turn


def test_redis_py_pipelines(port: int) -> None:
    with redis.Redis(port=port) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(5000):
            pipeline.xadd("piped", {"number": number}, id=f"1-{number + 1}")
        assert pipeline.execute() == [b"1-%d" % (number + 1) for number in range(5000)]
        assert client.xlen("piped") == 5000


def test_redis_py_asyncio(port: int) -> None:
    """A reader waits, a writer wakes it; sixty connections at once."""

    async def talk() -> None:
        async with redis.asyncio.Redis(port=port, protocol=3, decode_responses=True) as client:
            reading = asyncio.create_task(client.xread({"events": "$"}, block=10_000))
            while not await client.execute_command("CLIENT", "LIST") or not await _somebody_waits(client):
                await asyncio.sleep(0.005)
            written = await client.xadd("events", {"key": "value"})
            assert await reading == {"events": [[(written, {"key": "value"})]]}
            assert await asyncio.gather(*(client.ping() for _ in range(60))) == [True] * 60

    asyncio.run(talk())


async def _somebody_waits(client: "redis.asyncio.Redis") -> bool:
    return (await client.info("clients"))["blocked_clients"] == 1


def test_redis_cli(cli: str, port: int) -> None:
    assert run(cli, "-p", str(port), "PING") == "PONG\n"
    assert run(cli, "-p", str(port), "-3", "--json", "CONFIG", "GET", "hz") == '{"hz":"10"}\n'
    assert run(cli, "-p", str(port), "XADD", "cli", "1-1", "a", "b") == "1-1\n"
    assert run(cli, "-p", str(port), "--no-raw", "XREAD", "BLOCK", "10", "STREAMS", "cli", "$") == "(nil)\n"


def test_redis_cli_pipe_mode(cli: str, port: int) -> None:
    """Many lines at once, and an answer to each."""
    lines = b"".join(b"XADD pipe * number %d\r\n" % number for number in range(30_000))
    told = run(cli, "-p", str(port), "--pipe", given=lines)
    assert "errors: 0, replies: 30000" in told


def test_redis_cli_latency(cli: str, port: int) -> None:
    """The minimum, maximum and average of a second in milliseconds, and how many there were."""
    told = run(cli, "-p", str(port), "--latency", "--raw", "-i", "1").split()
    assert len(told) == 4
    assert float(told[0]) <= float(told[2]) <= float(told[1])
    assert int(told[3]) > 1


def test_redis_cli_by_hand(cli: str, port: int) -> None:
    """Typed at a terminal, with its hints and help made of COMMAND DOCS."""
    main, terminal = pty.openpty()
    # A terminal of no width is asked where its cursor is, and this one would not answer.
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    command = [cli, "-p", str(port)]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        try:
            type_all(main)
            assert process.wait(10) == 0
        finally:
            process.kill()
            os.close(main)


def type_all(main: int) -> None:
    type_and_see(main, b"", b"")
    type_and_see(main, b"xadd typed 1-1 field 'a b'\n", b'"1-1"')
    type_and_see(main, b"xrange typed - +\n", b'"a b"')
    type_and_see(main, b"hello 3\n", b'1# "server" => "redis"')
    type_and_see(main, b"help xadd\n", b"5.0.0")
    type_and_see(main, b"nonsense\n", b"unknown command 'nonsense'")
    os.write(main, b"quit\r")


def type_and_see(terminal: int, typed: bytes, expected: bytes) -> None:
    os.write(terminal, typed.replace(b"\n", b"\r"))  # what the Enter key sends
    seen, deadline = b"", time.monotonic() + 10
    # And the next prompt: what is typed before it is read in another way.
    answered = re.compile(re.escape(expected) + rb".*:\d+> ", re.DOTALL)
    while not answered.search(seen):
        ready, _, _ = select.select([terminal], [], [], deadline - time.monotonic())
        assert ready, seen
        seen += os.read(terminal, 65536)


def test_redis_benchmark(port: int) -> None:
    """Its own tests by name, where it has them, and a command that is given to it; with sixteen requests at once."""
    benchmark = [need("redis-benchmark"), "-p", str(port), "-P", "16"]
    told = run(*benchmark, "-n", "10000", "-t", "ping,set,get,incr,lpush,sadd,hset,zadd,xadd,mset", "--csv")
    assert all(f'"{name}"' in told for name in ("PING_MBULK", "SET", "GET", "INCR", "LPUSH", "SADD", "HSET", "ZADD"))
    told = run(*benchmark, "-n", "10000", "-q", "XADD", "bench", "*", "field", "value")
    assert "requests per second" in told
    with redis.Redis(port=port) as client:
        assert client.xlen("bench") == 10_000
