"""What the simulated server says about connections, users and itself; exact bytes."""

import pytest
from redis_streams.simulations.server import VERSIONS
from support.simulated import Client, SimulatedServer, request


def connect(version: str = "7.0", **configuration: str) -> Client:
    return SimulatedServer(version, **configuration).connect()


def test_hello_changes_the_protocol() -> None:
    client = connect()
    greeting = client.call("HELLO", 3, "SETNAME", "me")
    assert greeting.startswith(
        b"%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
    )
    assert client.call("CLIENT", "GETNAME") == b"$2\r\nme\r\n"
    assert client.call("DEBUG", "PROTOCOL", "null") == b"_\r\n"
    assert client.call("RESET") == b"+RESET\r\n"
    assert client.call("CLIENT", "GETNAME") == b"$-1\r\n"


def test_a_password_is_asked_for() -> None:
    client = connect(requirepass="secret")
    assert client.call("PING") == b"-NOAUTH Authentication required.\r\n"
    assert client.call("AUTH", "wrong") == b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
    assert client.call("HELLO", 3).startswith(b"-NOAUTH HELLO must be called with the client already authenticated")
    assert client.send(request(*range(11))) == b"-ERR Protocol error: unauthenticated multibulk length\r\n<closed>"


def test_auth_in_the_same_piece_lifts_the_limits() -> None:
    """What was parsed ahead must not be judged before AUTH ran."""
    client = connect(requirepass="secret")
    data = request("AUTH", "secret") + request("ECHO", "x" * 20000) + request("CONFIG", "GET", *range(20))
    assert client.send(data) == b"+OK\r\n$20000\r\n" + b"x" * 20000 + b"\r\n*0\r\n"


def test_old_versions_have_one_password() -> None:
    assert connect("5.0").call("AUTH", "x") == b"-ERR Client sent AUTH, but no password is set\r\n"
    client = connect("5.0", requirepass="secret")
    assert client.call("AUTH", "x") == b"-ERR invalid password\r\n"
    assert client.call("AUTH", "secret") == b"+OK\r\n"


def test_users_may_do_what_they_were_granted() -> None:
    server = SimulatedServer()
    admin, bob = server.connect(), server.connect()
    rules = ["on", ">pw", "~a*", "&ch*", "+xlen", "+acl|whoami", "+xgroup|create"]
    assert admin.call("ACL", "SETUSER", "bob", *rules) == b"+OK\r\n"
    assert bob.call("AUTH", "bob", "pw") == b"+OK\r\n"
    assert bob.call("ACL", "WHOAMI") == b"$3\r\nbob\r\n"
    assert bob.call("XLEN", "a1") == b":0\r\n"
    no_key = b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
    assert bob.call("XLEN", "b1") == no_key
    assert bob.call("PING") == b"-NOPERM this user has no permissions to run the 'ping' command\r\n"
    assert bob.call("XGROUP", "CREATE", "b1", "g", "0") == no_key
    assert bob.call("XGROUP", "DESTROY", "a1", "g").startswith(
        b"-NOPERM this user has no permissions to run the 'xgroup|de"
    )
    assert admin.call("ACL", "DELUSER", "bob") == b":1\r\n"
    bob.take()
    assert bob.receive() == b"<closed>"


def test_a_rule_that_is_none_changes_nothing() -> None:
    client = connect()
    refusal = client.call("ACL", "SETUSER", "bob", "on", "+nonsense")
    assert refusal == b"-ERR Error in ACL SETUSER modifier '+nonsense': Unknown command or category name in ACL\r\n"
    assert client.call("ACL", "USERS") == b"*1\r\n$7\r\ndefault\r\n"


def test_reply_off_and_skip() -> None:
    client = connect()
    assert client.send(b"CLIENT REPLY SKIP\r\nPING 1\r\nPING 2\r\n") == b"$1\r\n2\r\n"
    assert client.send(b"CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY SKIP\r\nPING\r\n") == b""
    assert client.send(b"CLIENT REPLY ON\r\nPING\r\n") == b"+OK\r\n+PONG\r\n"


def test_a_wait_that_is_silent_does_not_silence_what_comes_after() -> None:
    server = SimulatedServer()
    client = server.connect()
    assert client.send(b"CLIENT REPLY SKIP\r\nXREAD BLOCK 50 STREAMS s $\r\nPING\r\n") == b""
    server.pass_time(50)
    assert client.receive() == b""
    assert client.send(b"") == b"+PONG\r\n"


def test_a_pause_puts_writes_off_until_it_ends() -> None:
    server = SimulatedServer()
    admin, writer = server.connect(), server.connect()
    assert admin.call("CLIENT", "PAUSE", 1000, "WRITE") == b"+OK\r\n"
    assert writer.call("PING") == b"+PONG\r\n"
    assert writer.call("XADD", "s", "1-1", "a", "b") == b""
    assert admin.call("XLEN", "s") == b":0\r\n"
    server.pass_time(999)
    assert writer.receive() == b""
    server.pass_time(1)
    assert writer.receive() == b"$3\r\n1-1\r\n"


def test_unpause_lets_them_go_on_at_once() -> None:
    server = SimulatedServer()
    admin, writer = server.connect(), server.connect()
    admin.call("CLIENT", "PAUSE", 100000, "WRITE")
    assert writer.call("XADD", "s", "1-1", "a", "b") == b""
    assert admin.call("CLIENT", "UNPAUSE") == b"+OK\r\n"
    assert writer.receive() == b"$3\r\n1-1\r\n"


def test_unblock_and_kill() -> None:
    server = SimulatedServer()
    admin, reader = server.connect(), server.connect()
    assert reader.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$") == b""
    assert admin.call("CLIENT", "UNBLOCK", reader.session.id) == b":1\r\n"
    assert reader.receive() == b"*-1\r\n"
    assert reader.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$") == b""
    assert admin.call("CLIENT", "UNBLOCK", reader.session.id, "ERROR") == b":1\r\n"
    assert reader.receive() == b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
    assert admin.call("CLIENT", "UNBLOCK", reader.session.id) == b":0\r\n"
    assert admin.call("CLIENT", "KILL", "ID", reader.session.id) == b":1\r\n"
    assert reader.receive() == b"<closed>"
    assert admin.call("CLIENT", "KILL", "ID", admin.session.id, "SKIPME", "no") == b":1\r\n<closed>"


def test_wait_for_replicas_that_are_not_there() -> None:
    server = SimulatedServer()
    client = server.connect()
    assert client.call("WAIT", 0, 0) == b":0\r\n"
    assert client.send(request("WAIT", 1, 500) + request("PING")) == b""
    server.pass_time(500)
    assert client.receive() == b":0\r\n"
    assert client.send(b"") == b"+PONG\r\n"


def test_monitor_shows_commands_and_no_passwords() -> None:
    server = SimulatedServer()
    watcher, client = server.connect(), server.connect()
    assert watcher.call("MONITOR") == b"+OK\r\n"
    client.call("ECHO", b'a"\x00\xff\n')
    client.call("AUTH", "default", "secret")
    assert watcher.receive() == (
        b'+1700000000.000000 [0 127.0.0.1:2] "ECHO" "a\\"\\x00\\xff\\n"\r\n'
        b'+1700000000.000000 [0 127.0.0.1:2] "AUTH" "(redacted)" "(redacted)"\r\n'
    )


def test_parameters_are_checked_all_or_nothing() -> None:
    client = connect()
    assert client.call("CONFIG", "SET", "maxmemory", "1mb", "timeout", "x") == (
        b"-ERR CONFIG SET failed (possibly related to argument 'timeout') - "
        b"argument couldn't be parsed into an integer\r\n"
    )
    assert client.call("CONFIG", "GET", "maxmemory") == b"*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n"
    assert client.call("CONFIG", "SET", "maxmemory", "1mb", "slave-priority", "7") == b"+OK\r\n"
    assert client.call("CONFIG", "GET", "replica-priority") == b"*2\r\n$16\r\nreplica-priority\r\n$1\r\n7\r\n"


def test_info_tells_what_happened() -> None:
    server = SimulatedServer()
    client, reader = server.connect(), server.connect()
    client.call("XADD", "s", "*", "a", "b")
    client.call("NONSENSE")
    client.call("XADD", "s", "1-1", "a", "b")
    reader.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
    server.pass_time(5000)
    lines = client.call("INFO", "everything").split(b"\r\n")
    assert {b"connected_clients:2", b"blocked_clients:1", b"uptime_in_seconds:5", b"role:master"} <= set(lines)
    assert b"db0:keys=1,expires=0,avg_ttl=0" in lines
    assert b"errorstat_ERR:count=2" in lines
    assert b"cmdstat_xadd:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1" in lines


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_describes_its_commands(version: str) -> None:
    """COMMAND, its COUNT and LIST agree, and none of them breaks in either protocol."""
    client = connect(version)
    count = client.call("COMMAND", "COUNT")
    assert client.call("COMMAND").startswith(b"*" + count[1:])
    assert b"redis_version:" + version.encode() in client.call("INFO")
    if version not in {"5.0", "6.0", "6.2"}:
        client.call("HELLO", 3)
        assert client.call("COMMAND", "DOCS").startswith(b"%" + count[1:])
        assert b"\r\n$11\r\nxgroup|help\r\n" in client.call("COMMAND", "LIST")


@pytest.mark.parametrize(("version", "pattern", "told"), [("6.2", "*", b"slaveof"), ("6.2", "rep*of", b"replicaof")])
def test_the_primary_is_told_by_one_name(version: str, pattern: str, told: bytes) -> None:
    reply = SimulatedServer(version).connect().call("CONFIG", "GET", pattern)
    assert [name for name in (b"slaveof", b"replicaof") if b"\r\n%b\r\n" % name in reply] == [told]
