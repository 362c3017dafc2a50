"""`redis-streams serve --appendonly`: what was acknowledged is there again; real servers load it, we load theirs."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import redis
from redis.exceptions import ConnectionError, ResponseError  # noqa: A004
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS
from support import forked
from support.servers import ServerFactory

WRITES = """
XADD s * a b
XADD s 9999999999998 c d
XADD s MAXLEN ~ 100 9999999999999-5 e f
XADD t 5-5 a b
XDEL t 5-5
XADD trimmed MAXLEN = 1 1-1 a b
XGROUP CREATE s g 0
XGROUP CREATE t h $ MKSTREAM
XREADGROUP GROUP g c COUNT 2 STREAMS s >
XACK s g 9999999999998-0
XADD u 1-1 a b
XADD u 2-1 a b
XADD u 3-1 a b
XGROUP CREATE u g 0
XREADGROUP GROUP g c STREAMS u >
XCLAIM u g d 0 1-1 JUSTID
XCLAIM u g e 0 2-1 RETRYCOUNT 7
XADD empty MAXLEN 0 7-7 a b
SET text v
SET brief v EX 1000
PEXPIRE text 900000
INCRBYFLOAT number 1.5
HSET hash f v g w
HINCRBY hash n 5
RPUSH list a b c d
LPOP list
SADD set x y z
SREM set x
ZADD zset 1 a 2.5 b
EVAL "redis.call('SET', 'by-script', ARGV[1]); return redis.call('INCR', 'counted')" 0 v
DEL text
SET text again
"""
READS = """
XRANGE s - +
XRANGE t - +
XRANGE trimmed - +
XLEN empty
XPENDING s g - + 10
XPENDING u g - + 10
XINFO GROUPS u
XINFO GROUPS s
XINFO GROUPS t
GET text
GET brief
GET number
LRANGE list 0 -1
SISMEMBER set y
SISMEMBER set x
ZRANGE zset 0 -1 WITHSCORES
HGETALL hash
GET by-script
GET counted
DBSIZE
"""


class Served:
    """A simulated server in a process of its own, and a client of it."""

    def __init__(self, process: ForkServerProcess, port: int) -> None:
        self.process = process
        self.port = port
        self.client = redis.Redis(port=port, socket_timeout=20, protocol=2)

    def do(self, line: str) -> object:
        return self.client.execute_command(*words(line))

    def end(self, number: int) -> None:
        self.client.close()
        os.kill(self.process.pid, number)
        self.process.join(20)
        assert self.process.exitcode is not None


@contextmanager
def served(folder: Path, version: str, *options: str, appendonly: bool = True) -> Iterator[Served]:
    arguments = ["--port", "0", "--version", version, "--dir", str(folder), *options]
    arguments += ["--appendonly"] if appendonly else []
    process, printed = forked.start(["serve", *arguments])
    with printed:
        try:
            greeting = printed.readline()
            found = re.search(r"at 127.0.0.1:(\d+)", greeting)
            assert found is not None, greeting + printed.read()
            server = Served(process, int(found[1]))
            yield server
            server.client.close()
        finally:
            process.kill()
            process.join()
            process.close()


def words(line: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]


def told(client: "redis.Redis", lines: str) -> list[object]:
    answers: list[object] = []
    raw = redis.Redis(connection_pool=client.connection_pool)
    raw.response_callbacks.clear()
    for line in lines.strip().splitlines():
        try:
            answer = raw.execute_command(*words(line))
        except ResponseError as error:
            answer = str(error)
        answers.append(comparable(answer))
    return answers


def as_files_have_it(answers: list[object], version: str) -> list[object]:
    """What 7.0 tells its files of a reading says nothing of how much the group has read."""

    def without(answer: object) -> object:
        match answer:
            case [*before, b"entries-read", int(), b"lag", _]:
                return [*before, b"entries-read", None]
            case [*before, b"entries-read", None, b"lag", _]:
                return [*before, b"entries-read", None]
            case list():
                return [without(each) for each in answer]
            case _:
                return answer

    return [without(each) for each in answers] if version == "7.0" else answers


def comparable(answer: object) -> object:
    """Without how long something has been idle, as in the rows of XPENDING."""
    match answer:
        case [bytes() as entry_id, bytes() as consumer, int(), int() as count]:
            return [entry_id, consumer, count]
        case list():
            return [comparable(item) for item in answer]
        case _:
            return answer


def profile_of(server: RedisServer) -> str:
    name = ".".join(map(str, server.version[:2]))
    if name not in VERSIONS:
        pytest.skip(f"there is no profile for {name}")
    return name


@pytest.mark.parametrize("version", ["5.0", "7.0", "8.6"])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, version: str) -> None:
    with served(tmp_path, version, "--appendfsync", "always") as server:
        told(server.client, WRITES)
        acknowledged = [server.client.xadd("many", {"n": n}) for n in range(500)]
        before = told(server.client, READS)
        server.end(signal.SIGKILL)
    with served(tmp_path, version) as server:
        assert as_files_have_it(told(server.client, READS), version) == as_files_have_it(before, version)
        assert [entry_id for entry_id, _ in server.client.xrange("many")] == acknowledged


def test_a_client_that_writes_when_it_is_killed(tmp_path: Path) -> None:
    """Whatever was answered is there again, in the middle of a pipeline too."""
    requests = b"".join(b"XADD s %d-1 a b\r\n" % n for n in range(1, 20001))
    with (
        served(tmp_path, "7.0", "--appendfsync", "always") as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.sendall(requests)
        received = connection.recv(1 << 16)
        server.end(signal.SIGKILL)
        while piece := receive(connection):
            received += piece
    answered = received.count(b"-1\r\n")
    with served(tmp_path, "7.0") as server:
        assert server.client.xlen("s") >= answered > 0


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except OSError:
        return b""


@pytest.mark.parametrize("rewritten", ["as it grew", "written anew"])
def test_a_real_server_loads_our_files(any_redis_server: RedisServer, tmp_path: Path, rewritten: str) -> None:
    version = profile_of(any_redis_server)
    with served(tmp_path, version) as server:
        told(server.client, WRITES)
        if rewritten == "written anew":
            server.client.bgrewriteaof()
            deadline = time.monotonic() + 10
            while server.client.info("persistence")["aof_last_rewrite_time_sec"] < 0:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            server.client.set("after", "the rewriting")
        before = told(server.client, READS)
        server.end(signal.SIGTERM)
    config = {"dir": str(tmp_path), "appendonly": "yes", "aof-use-rdb-preamble": "no"}
    with RedisServer(any_redis_server.binary, config=config) as real, redis.Redis(port=real.port, protocol=2) as client:
        assert as_files_have_it(told(client, READS), version) == as_files_have_it(before, version)


def test_we_load_a_real_server_s_files(any_redis_server: RedisServer, tmp_path: Path) -> None:
    version = profile_of(any_redis_server)
    config = {"dir": str(tmp_path), "appendonly": "yes", "aof-use-rdb-preamble": "no", "appendfsync": "always"}
    with RedisServer(any_redis_server.binary, config=config) as real, redis.Redis(port=real.port, protocol=2) as client:
        told(client, WRITES)
        real.restart()
        before = told(client, READS)
    with served(tmp_path, version) as server:
        assert as_files_have_it(told(server.client, READS), version) == as_files_have_it(before, version)


@pytest.mark.parametrize("version", ["6.2", "7.0"])
def test_a_tail_that_was_cut_off(tmp_path: Path, version: str) -> None:
    with served(tmp_path, version) as server:
        server.client.xadd("s", {"a": "b"}, id="1-1")
        with server.client.pipeline(transaction=True) as together:
            together.xadd("s", {"a": "b"}, id="2-1")
            together.xadd("s", {"a": "b"}, id="2-2")
            together.execute()
        server.end(signal.SIGTERM)
    [file] = [*tmp_path.glob("appendonlydir/*.incr.aof"), *tmp_path.glob("appendonly.aof")]
    data = file.read_bytes()
    file.write_bytes(data[:-10])
    with served(tmp_path, version) as server:
        assert [entry_id for entry_id, _ in server.client.xrange("s")] == [b"1-1"]
        server.end(signal.SIGTERM)
    assert len(file.read_bytes()) < len(data) - 10
    file.write_bytes(data[:-10])
    process = subprocess.run(
        [sys.executable, "-m", "redis_streams", "serve", "--port", "0", "--version", version, "--appendonly"]
        + ["--dir", str(tmp_path), "--config", "aof-load-truncated", "no"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert process.returncode == 1
    assert "Unexpected end of file reading the append only file" in process.stderr
    file.write_bytes(b"nonsense\r\n" + data)
    process = subprocess.run(
        [sys.executable, "-m", "redis_streams", "serve", "--port", "0", "--version", version, "--appendonly"]
        + ["--dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert process.returncode == 1
    assert "Bad file format" in process.stderr


def test_clients_are_told_to_wait_while_it_loads(tmp_path: Path) -> None:
    with served(tmp_path, "7.0", "--appendfsync", "no") as server:
        server.client.set("first", "1")
        server.end(signal.SIGTERM)
    [file] = tmp_path.glob("appendonlydir/*.incr.aof")
    with file.open("ab") as more:
        more.write(b"*3\r\n$6\r\nINCRBY\r\n$5\r\nfirst\r\n$1\r\n1\r\n" * 100_000)
    with served(tmp_path, "7.0") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"GET first\r\n")
            assert connection.recv(100) == b"-LOADING Redis is loading the dataset in memory\r\n"
        info = server.client.info("persistence")
        assert info["loading"] == 1
        assert info["loading_total_bytes"] > 3_000_000
        deadline = time.monotonic() + 60
        while server.client.info("persistence")["loading"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert server.client.get("first") == b"100001"


def test_waitaof_waits_for_the_disk(tmp_path: Path) -> None:
    with served(tmp_path, "7.2") as server:
        client = server.client
        assert client.execute_command("WAITAOF", 0, 0, 0) == [1, 0]
        client.set("a", "b")
        assert client.execute_command("WAITAOF", 1, 0, 5000) == [1, 0]
        assert client.execute_command("WAITAOF", 1, 1, 50) == [1, 0]
        client.config_set("appendfsync", "no")
        client.set("a", "c")
        assert client.execute_command("WAITAOF", 1, 0, 300) == [0, 0]
        client.config_set("appendfsync", "always")
        client.set("a", "d")
        assert client.execute_command("WAITAOF", 1, 0, 0) == [1, 0]


def test_appendonly_is_turned_on_and_off_while_it_runs(tmp_path: Path, redis_server_factory: ServerFactory) -> None:
    assert redis_server_factory is not None
    with served(tmp_path, "7.0", "--config", "appendonly", "no") as server:
        server.client.xadd("s", {"a": "b"}, id="1-1")
        server.end(signal.SIGTERM)
    with served(tmp_path, "7.0") as server:
        server.client.config_set("appendonly", "no")
        server.client.set("forgotten", "1")
        server.client.config_set("appendonly", "yes")
        server.client.set("kept", "1")
        server.end(signal.SIGKILL)
    with served(tmp_path, "7.0") as server:
        assert server.client.dbsize() == 3
        with pytest.raises(ConnectionError):
            server.do("SHUTDOWN")
        server.process.join(20)
        assert server.process.exitcode == 0


@pytest.mark.parametrize("preamble", [True, False], ids=["an append-only file", "dump.rdb"])
def test_a_real_server_and_we_load_each_other_s_snapshots(
    any_redis_server: RedisServer, tmp_path: Path, *, preamble: bool
) -> None:
    """What SAVE wrote, or BGREWRITEAOF as a snapshot, is there again: ours on the real one, and its on ours."""
    version, write = profile_of(any_redis_server), "BGREWRITEAOF" if preamble else "SAVE"
    config = {"dir": str(tmp_path), "appendonly": "yes" if preamble else "no", "save": "" if preamble else "3600 1000"}
    given = ["--config", "save", config["save"], "--config", "aof-use-rdb-preamble", "yes"]
    with served(tmp_path, version, *given, appendonly=preamble) as server:
        told(server.client, WRITES)
        told(server.client, write)
        wait_rewritten(server.client)
        before = told(server.client, READS)
        server.end(signal.SIGTERM)
    with RedisServer(any_redis_server.binary, config=config) as real, redis.Redis(port=real.port, protocol=2) as client:
        assert told(client, READS) == before
        client.set("text", "from the real one")
        told(client, write)
        wait_rewritten(client)
        before = told(client, READS)
    with served(tmp_path, version, *given, appendonly=preamble) as server:
        assert told(server.client, READS) == before
        assert told(server.client, "DEBUG RELOAD") == [b"OK"]
        assert told(server.client, READS) == before


def wait_rewritten(client: "redis.Redis") -> None:
    """Until no append-only file is being written anew."""
    deadline = time.monotonic() + 20
    while client.info("persistence")["aof_rewrite_in_progress"] or client.info("persistence")["aof_rewrite_scheduled"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("follows", ["the real one", "the simulated one"])
def test_a_real_server_and_we_follow_each_other(any_redis_server: RedisServer, tmp_path: Path, follows: str) -> None:
    """A replica has all that there was when it came, and then all that its primary does."""
    version = profile_of(any_redis_server)
    config = {"repl-diskless-sync": "no", "dir": str(tmp_path)}
    with (
        served(tmp_path, version, "--config", "save", "", appendonly=False) as server,
        RedisServer(any_redis_server.binary, config=config) as real,
        redis.Redis(port=real.port, protocol=2) as client,
    ):
        ours = follows == "the simulated one"
        primary, replica = (client, server.client) if ours else (server.client, client)
        told(primary, WRITES)
        replica.execute_command("REPLICAOF", "127.0.0.1", real.port if ours else server.port)
        assert primary.set("since", "1")
        deadline = time.monotonic() + 20
        while replica.get("since") is None or replica.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert primary.set("further", "2")
        assert primary.wait(1, 5000) == 1
        assert replica.get("further") == b"2"
        assert as_files_have_it(told(replica, READS), version) == as_files_have_it(told(primary, READS), version)
