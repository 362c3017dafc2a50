"""Scripts in the simulated server, beside real ones: values, errors with their places, and all scripts of `wire`."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from differential.twin import Twin
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS
from redis_streams.wire import load

SCRIPTS = [
    ["return 1"],
    ["return 'a'"],
    ["return {1, 'b', {3}, nil, 4}"],
    ["return 3.7"],
    ["return -3.7"],
    ["return true"],
    ["return false"],
    ["return nil"],
    ["return {ok='fine'}"],
    ["return {err='BAD thing'}"],
    ["return redis.error_reply('X y')"],
    ["return redis.status_reply('fine')"],
    ["return redis.call('SET', KEYS[1], ARGV[1])", "1", "k", "v"],
    ["return redis.call('GET', KEYS[1])", "1", "k"],
    ["return redis.call('GET', 'none')"],
    ["return redis.call('XPENDING', 's', 'g')"],
    ["return redis.pcall('XPENDING', 's', 'g')"],
    ["return redis.pcall('XPENDING', 's', 'g').err"],
    ["return redis.call('FOO')"],
    ["return redis.call('GET')"],
    ["return redis.call('MULTI')"],
    ["\n\nreturn redis.call('XLEN', 'k')"],
    ["local function f() return redis.call('XLEN', 'k') end\nreturn f()"],
    ["return x"],
    ["x = 1"],
    ["return nil + 1"],
    ["error('boom')"],
    ["return #KEYS", "5", "a"],
    ["return 1", "-1"],
    ["return 1", "x"],
    ["return redis.sha1hex('a')"],
    ["return redis.call('SET', 'f', 0.1)"],
    ["return redis.call('GET', 'f')"],
    ["return redis.call('SET', 'f', 10)"],
    ["return redis.call('GET', 'f')"],
    ["return {redis.call('XADD', 's', '5-1', 'a', 'b'), redis.call('XGROUP', 'CREATE', 's', 'g', '0')}"],
    ["return redis.call('XINFO', 'GROUPS', 's')"],
    ["return redis.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>')"],
]
OURS: list[tuple[str, list[str]]] = [
    ("settle", ["2", "s", "{s}:cp", "g", "c", "1", "", "5-1", "6-1"]),
    ("ensure_group", ["4", "s", "{s}:cp", "{s}:retries", "{s}:groups", "g", "0", "1", "h1", "replay", "0", "call"]),
    ("ensure_group", ["4", "t", "{t}:cp", "{t}:retries", "{t}:groups", "g", "0", "1", "h1", "replay", "0", "call"]),
    ("ensure_group", ["4", "t", "{t}:cp", "{t}:retries", "{t}:groups", "g", "0", "1", "h2", "replay", "0", "call"]),
    ("settle", ["2", "none", "{s}:cp", "g", "c", "1", "h2", "5-1"]),
    ("renew", ["1", "s", "g", "c", "5-1"]),
    ("claim", ["1", "s", "g", "d", "0", "5-1", "9-9"]),
    ("take_own", ["1", "s", "g", "d", "5-1", "9-9"]),
    ("hand_back", ["1", "s", "g", "c", "50000", "5-1"]),
    ("settle", ["2", "s", "{s}:cp", "g", "c", "1", "h2", "5-1"]),
]


@pytest.fixture
def twin(any_redis_server: RedisServer) -> Twin:
    """A real server and a simulated one, with one connection."""
    profile = f"{any_redis_server.version[0]}.{any_redis_server.version[1]}"
    if profile not in VERSIONS:
        pytest.skip(f"there is no profile {profile}")
    made = Twin(any_redis_server, profile)
    made.open(1)
    return made


def test_what_scripts_answer(twin: Twin) -> None:
    """Byte for byte, one after the other."""
    for source, *words in SCRIPTS:
        twin.do(0, [word.encode() for word in ("EVAL", source, *(words or ["0"]))])
    twin.close()


def test_what_there_is_in_lua(twin: Twin) -> None:
    """The functions of redis, cjson, cmsgpack, bit and struct, what is forbidden, and how each error is told."""
    writable = (b"KEYS={} return 1", b"_G", b"redis.call=1")
    for words in conversation("scripts"):
        if twin.profile >= "6.2" or not any(text in words[1] for text in writable):
            twin.do(0, words)
    twin.close()


def test_lua_itself(twin: Twin) -> None:
    """Its own functions, what is protected of it, coroutines, and the options of its libraries."""
    if twin.profile < "6.2":
        twin.close()
        pytest.skip("real servers of this age do not survive all of it")
    for words in conversation("lua"):
        twin.do(0, words)
    twin.close()


def test_functions(twin: Twin) -> None:
    """Libraries as they are loaded, called, listed and deleted."""
    for words in conversation("functions"):
        twin.do(0, words)
    twin.close()


def conversation(name: str) -> list[list[bytes]]:
    """The commands of a file, a line each."""
    text = Path(__file__).with_name("conversations").joinpath(f"{name}.txt").read_text("utf-8")
    lines = [shlex.split(line) for line in text.splitlines()]
    return [[word.encode().decode("unicode_escape").encode("latin-1") for word in line] for line in lines]


@pytest.mark.also_on_valkey
def test_the_scripts_of_the_runtime_run_unchanged(twin: Twin) -> None:
    """With their errors, and what they leave behind."""
    for words in (
        ["XADD", "s", "5-1", "a", "b"],
        ["XADD", "s", "6-1", "a", "b"],
        ["XGROUP", "CREATE", "s", "g", "0"],
        ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"],
    ):
        twin.do(0, [word.encode() for word in words])
    for name, words in OURS:
        twin.do(0, [word.encode() for word in ("EVAL", load(name).source, *words)])
        for look in (["XPENDING", "s", "g"], ["HGETALL", "{s}:cp"], ["XPENDING", "s", "g", "-", "+", "10"]):
            twin.do(0, [word.encode() for word in look])
    twin.close()


def test_scripts_are_known_by_their_hash(twin: Twin) -> None:
    """Until they are forgotten."""
    sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    for words in (
        ["EVALSHA", sha, "0"],
        ["SCRIPT", "LOAD", "return 1"],
        ["SCRIPT", "EXISTS", sha, "x"],
        ["EVALSHA", sha.upper(), "0"],
        ["SCRIPT", "FLUSH"],
        ["EVALSHA", sha, "0"],
        ["SCRIPT", "EXISTS", sha],
    ):
        twin.do(0, [word.encode() for word in words])
    twin.close()
