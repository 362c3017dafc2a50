"""The fixtures that every other test with a real server stands on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis_streams.simulations.real import RedisServer, ServerFailed, TlsFiles
from support.servers import ServerFactory


def test_every_version_at_hand_starts_and_answers(any_redis_server: RedisServer) -> None:
    """The server of each version says PONG and reports the version that its binary reports."""
    assert any_redis_server.cli("PING") == "PONG"
    assert f"redis_version:{'.'.join(map(str, any_redis_server.version))}" in raw_info(any_redis_server)


def raw_info(server: RedisServer) -> str:
    return str(server.cli("EVAL", "return redis.call('INFO', 'server')", 0))


def test_what_the_append_only_file_holds_survives_a_kill(redis_server_factory: ServerFactory) -> None:
    """SIGKILL and restart: the same port, the same data."""
    server = redis_server_factory(appendonly="always")
    port = server.port
    server.cli("SET", "key", "value")
    server.kill()
    server.restart()
    assert (server.port, server.cli("GET", "key")) == (port, "value")


def test_without_the_append_only_file_a_kill_forgets(redis_server: RedisServer) -> None:
    """The default server keeps nothing, as its docstring says."""
    redis_server.cli("SET", "key", "value")
    redis_server.kill()
    redis_server.restart()
    assert redis_server.cli("GET", "key") is None


def test_a_paused_server_answers_after_resume(redis_server: RedisServer) -> None:
    """While it is paused a command runs into its timeout; afterwards all is well."""
    redis_server.pause()
    with (
        redis.Redis(port=redis_server.port, socket_timeout=0.05, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises((redis.TimeoutError, redis.ConnectionError)),
    ):
        client.ping()
    redis_server.resume()
    assert redis_server.cli("PING") == "PONG"


@pytest.mark.redis
def test_stop_leaves_no_process_and_no_folder() -> None:
    """After `stop()` the process is gone and so is its folder; a second `stop()` is harmless."""
    server = RedisServer().start()
    pid, folder = server.pid, server.folder
    assert pid is not None
    server.stop()
    server.stop()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_stopped_server_starts_again_empty(redis_server: RedisServer) -> None:
    """`stop()` throws the data away; `start()` begins anew."""
    redis_server.cli("SET", "key", "value")
    redis_server.stop()
    redis_server.start()
    assert redis_server.cli("DBSIZE") == 0


def test_start_twice_is_refused(redis_server: RedisServer) -> None:
    """A second `start()` would lose track of the first process."""
    with pytest.raises(ServerFailed, match="use restart"):
        redis_server.start()


@pytest.mark.redis
def test_a_killed_parent_takes_its_server_along(tmp_path: Path) -> None:
    """SIGKILL to the program that started a server ends the server, even a paused one, and removes its folder."""
    told = tmp_path / "told"
    program = (
        "import sys, time, threading\n"
        "from redis_streams.simulations.real import RedisServer\n"
        "server = RedisServer()\n"
        "thread = threading.Thread(target=server.start)\n"  # as Trio's worker threads do: they end before the program
        "thread.start(); thread.join()\n"
        "server.cli('PING'); server.pause()\n"
        "open(sys.argv[1] + '.tmp', 'w').write(f'{server.pid} {server.folder}')\n"
        "import os; os.rename(sys.argv[1] + '.tmp', sys.argv[1]); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(told)])
    wait_until(told.exists)
    parent.kill()
    parent.wait()
    pid, folder = told.read_text().split()
    wait_until(lambda: not Path(folder).exists())
    wait_until(lambda: not alive(int(pid)))


def wait_until(condition: object) -> None:
    """Real processes end in their own time; a wait that never comes true fails the test after ten seconds."""
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has reaped does not."""
    stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(stat.strip()) and not stat.startswith("Z")


@pytest.mark.redis
def test_a_server_that_cannot_start_shows_its_log() -> None:
    """A wrong directive is named, instead of a wait of thirty seconds."""
    with pytest.raises(ServerFailed, match="no-such-directive"):
        RedisServer(config={"no-such-directive": "1"}).start()


def test_a_password_does_not_stop_the_wait(redis_server_factory: ServerFactory) -> None:
    """`cli` uses the password of `requirepass`; the address does not show it."""
    server = redis_server_factory(config={"requirepass": "secret"})
    assert server.cli("PING") == "PONG"
    assert "secret" not in server.url


def test_a_server_that_lets_nobody_in_is_up_all_the_same(redis_server_factory: ServerFactory) -> None:
    """A password that only the ACL knows: the wait for the first answer takes NOAUTH for one."""
    server = redis_server_factory(config={"user": "default on >secret ~* +@all"})
    with redis.Redis(port=server.port, password="secret") as client:
        assert client.ping()


def test_a_unix_socket_answers(redis_server_factory: ServerFactory) -> None:
    """`unix_url` is an address that redis-py understands."""
    with redis.Redis.from_url(redis_server_factory(unixsocket=True).unix_url) as client:
        assert client.ping()


def test_a_tls_server_answers_to_its_authority(redis_server_factory: ServerFactory, tls_files: TlsFiles) -> None:
    """`url` is a rediss:// address with the authority that signed the certificate."""
    with redis.Redis.from_url(redis_server_factory(tls=tls_files).url) as client:
        assert client.ping()


def test_a_server_that_dies_of_itself_can_be_restarted(redis_server: RedisServer) -> None:
    """A process that somebody else killed is no obstacle for `restart()`."""
    assert redis_server.pid is not None
    os.kill(redis_server.pid, signal.SIGKILL)
    redis_server.restart()
    assert redis_server.cli("PING") == "PONG"
