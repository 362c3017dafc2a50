"""redis-py's commands on Trio answer what redis-py's own client answers, call by call, on every version at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

import pytest
import redis
import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Client
from support.servers import ServerFactory

pytestmark = pytest.mark.also_on_memory

RETURN_1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"

CALLS: tuple[tuple[str, tuple[object, ...], dict[str, object]], ...] = (
    # Strings and keys
    ("set", ("k", "v"), {"ex": 100}),
    ("set", ("k", "w"), {"nx": True}),
    ("set", ("k", "w"), {"xx": True, "get": True}),
    ("get", ("k",), {}),
    ("getdel", ("k",), {}),
    ("mset", ({"a": 1, "b": 2},), {}),
    ("mget", ("a", "none"), {}),
    ("incr", ("n",), {}),
    ("incrbyfloat", ("n", 1.5), {}),
    ("incr", ("n",), {}),
    ("expire", ("a", 100), {}),
    ("persist", ("a",), {}),
    ("ttl", ("a",), {}),
    ("exists", ("a", "b", "none"), {}),
    ("type", ("a",), {}),
    ("object", ("encoding", "a"), {}),
    ("copy", ("a", "c"), {}),
    ("delete", ("c", "none"), {}),
    # Lists, hashes, sets, sorted sets
    ("rpush", ("l", 1, 2, 3), {}),
    ("lrange", ("l", 0, -1), {}),
    ("lmove", ("l", "m"), {}),
    ("lpos", ("l", 2), {}),
    ("lpop", ("l",), {}),
    ("sort", ("l",), {"desc": True}),
    ("hset", ("h", "a", "1"), {"mapping": {"b": b"\xff"}}),
    ("hgetall", ("h",), {}),
    ("hmget", ("h", ["a", "none"]), {}),
    ("hincrbyfloat", ("h", "a", 0.5), {}),
    ("hscan", ("h",), {}),
    ("sadd", ("set", "x"), {}),
    ("smembers", ("set",), {}),
    ("sismember", ("set", "x"), {}),
    ("zadd", ("z", {"a": 1, "b": 2.5}), {}),
    ("zadd", ("z", {"a": 5}), {"incr": True}),
    ("zrange", ("z", 0, -1), {"withscores": True}),
    ("zscore", ("z", "none"), {}),
    ("zpopmin", ("z",), {}),
    ("geoadd", ("g", [13.361389, 38.115556, "P"]), {}),
    ("geopos", ("g", "P", "none"), {}),
    ("pfadd", ("hll", "a"), {}),
    # Streams
    ("xadd", ("s", {"f": "v"}), {"id": "1-1"}),
    ("xadd", ("s", {"f": "v"}), {"id": "2-1", "maxlen": 10, "approximate": False}),
    ("xadd", ("s", {"f": "v"}), {"id": "1-1"}),
    ("xrange", ("s",), {}),
    ("xread", ({"s": "1-1"},), {}),
    ("xgroup_create", ("s", "g", "0"), {}),
    ("xgroup_create", ("s", "g", "0"), {}),
    ("xreadgroup", ("g", "c", {"s": ">"}), {"count": 1}),
    ("xreadgroup", ("none", "c", {"s": ">"}), {}),
    ("xpending", ("s", "g"), {}),
    ("xinfo_stream", ("s",), {}),
    ("xinfo_groups", ("s",), {}),
    ("xautoclaim", ("s", "g", "d", 0), {}),
    ("xclaim", ("s", "g", "e", 0, ["1-1"]), {}),
    ("xclaim", ("s", "g", "f", 0, ["1-1"]), {"justid": True}),
    ("xack", ("s", "g", "1-1"), {}),
    ("xtrim", ("s", 1), {"approximate": False}),
    ("xgroup_destroy", ("s", "g"), {}),
    # Scripts and the server
    ("script_load", ("return 1",), {}),
    ("script_exists", (RETURN_1, "none"), {}),
    ("evalsha", (RETURN_1, 0), {}),
    ("eval", ("return {1, 'a', {2}, false}", 0), {}),
    ("config_get", ("maxmemory*",), {}),
    ("config_set", ("maxmemory", "none"), {}),
    ("client_getname", (), {}),
    ("acl_whoami", (), {}),
    ("acl_setuser", ("u",), {"enabled": True, "nopass": True, "commands": ["+get"], "keys": ["*"]}),
    ("acl_getuser", ("u",), {}),
    ("command_getkeys", ("GET", "k"), {}),
    ("role", (), {}),
    ("pubsub_numsub", ("c",), {}),
    ("publish", ("c", "m"), {}),
    ("lpush", ("h", "x"), {}),
    ("flushall", (), {}),
    ("dbsize", (), {}),
)


def outcome(error: redis.RedisError) -> object:
    """What is compared of an error: its words, and which of redis-py's classes it is at heart."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ == "redis.exceptions"), str(error)


@pytest.mark.real_server_only("redis-py's own client wants a socket, as in test_server_clients.py")
async def test_each_call_answers_what_redis_pys_own_client_answers(
    any_redis_server: RedisServer, redis_server_factory: ServerFactory
) -> None:
    """Shapes, values and errors; also where the server does not know the command."""
    theirs = redis.Redis(port=redis_server_factory(any_redis_server.binary).port, protocol=2)
    client = Client(any_redis_server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        for name, args, options in CALLS:
            expected = _sync_outcome(getattr(theirs, name), args, options)
            assert await _outcome(getattr(client.redis, name), args, options) == expected, (name, args)
        nursery.cancel_scope.cancel()
    theirs.close()


def _sync_outcome(call: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
    try:
        return call(*args, **options)
    except redis.RedisError as error:
        return outcome(error)


async def _outcome(
    call: Callable[..., Awaitable[object]], args: tuple[object, ...], options: dict[str, object]
) -> object:
    try:
        return await call(*args, **options)
    except redis.RedisError as error:
        return outcome(error)


async def test_redis_pys_script_objects_load_themselves(any_redis_server: RedisServer) -> None:
    """`register_script` gives one; the server need not know it yet."""
    client = Client(any_redis_server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        script = client.redis.register_script("return {KEYS[1], ARGV[1]}")
        for _ in range(2):
            assert await script(keys=["k"], args=["a"]) == [b"k", b"a"]
            any_redis_server.cli("SCRIPT", "FLUSH")
        nursery.cancel_scope.cancel()
