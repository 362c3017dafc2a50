"""Memory: what goes when it runs out, what was used last, what is given back in the background."""

import pytest
from support.simulated import Client, SimulatedServer


def filled(policy: str, count: int = 10, version: str = "7.0") -> tuple[SimulatedServer, Client]:
    """A server with keys of 100,000 bytes each, one made each second, the even ones with an end: k8 has the first."""
    server = SimulatedServer(version)
    client = server.connect()
    client.call("CONFIG", "SET", "maxmemory-policy", policy)
    for number in range(count):
        client.call("SET", f"k{number}", "x" * 100_000)
        if number % 2 == 0:
            client.call("EXPIRE", f"k{number}", 10_000 - 100 * number)
        server.pass_time(1000)
    return server, client


def keys(client: Client) -> str:
    words = client.call("KEYS", "*").decode().split("\r\n")
    return " ".join(sorted(word for word in words if word.startswith("k")))


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("allkeys-lru", "k0 k2 k7 k8 k9"),
        ("volatile-lru", "k0 k1 k2 k3 k5 k7 k9"),
        ("volatile-ttl", "k0 k1 k3 k5 k7 k9"),
        ("noeviction", "k0 k1 k2 k3 k4 k5 k6 k7 k8 k9"),
    ],
)
def test_what_goes_first(policy: str, left: str) -> None:
    """Who was not used for longest, or who ends soonest; if that is not enough, writing is refused."""
    _, client = filled(policy)
    client.call("GET", "k0")
    client.call("GETRANGE", "k2", 0, 1)
    client.call("TTL", "k4")
    room = 900_000 + 100_000 * len(left.split()) + 50_000 if policy != "noeviction" else 1_000_000
    client.call("CONFIG", "SET", "maxmemory", room)
    reply = client.call("SET", "small", "1")
    assert (reply == b"+OK\r\n") == (policy != "noeviction")
    assert keys(client) == left
    evicted = 10 - len(left.split())
    assert b"evicted_keys:%d\r\n" % evicted in client.call("INFO", "stats")


def test_the_most_used_keys_stay() -> None:
    _, client = filled("allkeys-lfu")
    for _ in range(50):
        client.call("GETRANGE", "k3", 0, 0)
        client.call("GETRANGE", "k4", 0, 0)
    client.call("CONFIG", "SET", "maxmemory", 900_000 + 250_000)
    client.call("PING")
    assert keys(client) == "k3 k4"


def test_who_may_not_evict_refuses() -> None:
    _, client = filled("volatile-random")
    client.call("CONFIG", "SET", "maxmemory", 1_000_000)
    assert client.call("SET", "small", "1").startswith(b"-OOM")
    assert keys(client) == "k1 k3 k5 k7 k9"


def test_evicted_keys_are_told() -> None:
    server, client = filled("allkeys-lru", count=1)
    client.call("CONFIG", "SET", "notify-keyspace-events", "Ee")
    listener = server.connect()
    listener.call("SUBSCRIBE", "__keyevent@0__:evicted")
    client.call("CONFIG", "SET", "maxmemory", "1")
    server.pass_time(100)
    assert listener.receive() == b"*3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:evicted\r\n$2\r\nk0\r\n"


def test_looking_at_a_key_is_no_use_of_it() -> None:
    server = SimulatedServer("7.2")
    client = server.connect()
    client.call("SET", "k", "v")
    server.pass_time(5000)
    for words in (["EXISTS", "k"], ["TTL", "k"], ["TYPE", "k"], ["OBJECT", "ENCODING", "k"], ["MEMORY", "USAGE", "k"]):
        client.call(*words)
        assert client.call("OBJECT", "IDLETIME", "k") == b":5\r\n"
    client.call("CLIENT", "NO-TOUCH", "ON")
    client.call("GET", "k")
    assert client.call("OBJECT", "IDLETIME", "k") == b":5\r\n"
    client.call("TOUCH", "k")
    assert client.call("OBJECT", "IDLETIME", "k") == b":0\r\n"


def test_how_often_a_key_was_used_is_forgotten_with_time() -> None:
    server = SimulatedServer("7.0", maxmemory_policy="allkeys-lfu", lfu_log_factor="0")
    client = server.connect()
    client.call("SET", "k", "v")
    assert client.call("OBJECT", "FREQ", "k") == b":5\r\n"
    for _ in range(4):
        client.call("GET", "k")
    assert client.call("OBJECT", "FREQ", "k") == b":9\r\n"
    server.pass_time(3 * 60_000)
    assert client.call("OBJECT", "FREQ", "k") == b":6\r\n"


@pytest.mark.parametrize(
    ("version", "words", "freed"),
    [
        ("7.0", ["DEL", "set"], 0),
        ("7.0", ["UNLINK", "set"], 1),
        ("7.0", ["UNLINK", "small"], 0),
        ("7.0", ["UNLINK", "long"], 0),
        ("7.0", ["FLUSHALL"], 0),
        ("7.0", ["FLUSHALL", "ASYNC"], 3),
        ("8.0", ["FLUSHALL"], 3),
    ],
)
def test_large_values_are_given_back_in_the_background(version: str, words: list[str], freed: int) -> None:
    client = SimulatedServer(version).connect()
    client.call("SADD", "set", *[f"m{number}" for number in range(1000)])
    client.call("SADD", "small", "m")
    client.call("SET", "long", "x" * 100_000)
    client.call(*words)
    assert b"lazyfreed_objects:%d\r\n" % freed in client.call("INFO", "memory")


def test_memory_grows_with_what_collections_hold() -> None:
    client = SimulatedServer("7.0").connect()
    client.call("RPUSH", "list", *["x" * 1000] * 100)
    client.call("HSET", "hash", *["f", "x" * 1000])
    assert int(client.call("MEMORY", "USAGE", "list")[1:]) > 100_000
    assert 1000 < int(client.call("MEMORY", "USAGE", "hash")[1:]) < 2000


def test_what_clients_ask_for_and_subscribe_to_takes_memory() -> None:
    server = SimulatedServer("8.6", maxmemory="1000000")
    client, subscriber = server.connect(), server.connect()
    assert client.call("SET", "k", "x" * 200_000).startswith(b"-OOM")
    subscriber.call("SUBSCRIBE", "c" * 60_000)
    assert client.call("SET", "k", "x" * 60_000).startswith(b"-OOM")
    server.engine.disconnect(subscriber.session)
    assert client.call("SET", "k", "x" * 60_000) == b"+OK\r\n"


def test_keys_that_expire_unseen_are_counted_apart() -> None:
    server = SimulatedServer("8.6")
    client = server.connect()
    client.call("SET", "a", "1", "PX", 10)
    server.pass_time(50)
    client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    client.call("SET", "b", "1", "PX", 10)
    server.pass_time(50)
    client.call("GET", "b")
    assert b"\r\nexpired_keys:2\r\nexpired_keys_active:1\r\n" in client.call("INFO", "stats")


def test_info_has_the_fields_of_its_version_in_their_order() -> None:
    old, new = (SimulatedServer(version).connect().call("INFO", "stats") for version in ("5.0", "8.6"))
    assert b"sync_partial_err:0\r\nexpired_keys:0\r\nexpired_stale_perc:0.00\r\n" in old
    assert b"total_error_replies" not in old
    assert b"evicted_keys:0\r\nevicted_clients:0\r\nevicted_scripts:0\r\n" in new


def test_debug_populate_makes_keys_that_are_not_there() -> None:
    client = SimulatedServer("7.0").connect()
    client.call("SET", "key:1", "mine")
    assert client.call("DEBUG", "POPULATE", 3) == b"+OK\r\n"
    assert client.call("MGET", "key:0", "key:1", "key:2") == b"*3\r\n$7\r\nvalue:0\r\n$4\r\nmine\r\n$7\r\nvalue:2\r\n"
    client.call("DEBUG", "POPULATE", 1, "other", 9)
    assert client.call("GET", "other:0") == b"$9\r\nvalue:0\0\0\r\n"
    assert client.call("DEBUG", "POPULATE", -1) == b"-ERR value is out of range, must be positive\r\n"
