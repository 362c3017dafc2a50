"""Scripts of a simulated server: none ends the server or keeps it, whatever it does; who is answered while one runs."""

import re
from itertools import count

import pytest
from redis_streams.simulations.server.scripting import _lua
from support.simulated import Client, SimulatedServer

OVER = b":1\r\n"


def client_of(version: str = "7.0") -> Client:
    return SimulatedServer(version).connect()


def test_a_table_that_looks_like_another_is_the_array_that_it_is() -> None:
    """A metatable is asked for nothing while a reply is made: it could fail, or call the server."""
    client = client_of()
    for index in ("foo()", "redis.call('SET', 'x', '1')"):
        script = f"return setmetatable({{}}, {{__index = function() {index} end}})"
        assert client.call("EVAL", script, 0) == b"*0\r\n"
    assert client.call("EXISTS", "x") == b":0\r\n"
    assert client.call("EVAL", "return _G", 0) == b"*0\r\n"


RECURSIONS = [
    "local function f() return 1 + f() end return f()",
    "local function f() return coroutine.wrap(f)() end return f()",
    "local function f() return pcall(f) end return f()",
    "local function f() return string.gsub('a', 'a', f) end return f()",
    "local t = {} t[1] = t return t",
    "local t = {} t[1] = t return cjson.encode(t)",
    "local t = {} t[1] = t return #cmsgpack.pack(t)",
    "local t = {} for i = 1, 5000 do t = {t} end return t",
    "return cjson.decode(string.rep('[', 100000))",
    "return cmsgpack.unpack(string.rep('\\145', 100000))",
    "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
]


@pytest.mark.parametrize("script", RECURSIONS)
def test_what_goes_on_without_an_end_is_an_error_or_cut_off(script: str) -> None:
    client = client_of()
    assert client.call("EVAL", script, 0)
    assert client.call("EVAL", "return 1", 0) == OVER


MISUSES = [
    "rawset(1, 2, 3)",
    "setmetatable(1, {})",
    "setmetatable({}, 1)",
    "next(1)",
    "pairs()",
    "rawget(nil, 1)",
    "coroutine.wrap(1)",
    "coroutine.resume(1)",
    "getfenv(99)",
    "setfenv(0, {})",
    "loadstring()",
    "load(1)",
    "string.rep('x', -1):foo()",
    "cjson.encode(nil, nil)",
    "redis.call(redis)",
    "error(setmetatable({}, {__index = function() error('x') end}))",
    "error(setmetatable({}, {__tostring = function() error('x') end}))",
    "struct.pack('i0', 1)",
    "bit.tohex(1/0)",
    "unpack({}, 0, 2^31 - 1)",
    "unpack({}, -2^31, 2^31 - 1)",
    "unpack({1}, -2^31)",
    "unpack({1}, 0/0, 1)",
    "unpack({1}, 1, 1e100)",
]


@pytest.mark.parametrize("script", MISUSES)
@pytest.mark.parametrize("version", ["6.0", "7.0", "8.6"])
def test_what_is_misused_is_an_error_of_the_script(script: str, version: str) -> None:
    client = client_of(version)
    assert client.call("EVAL", script, 0)[:1] in b"-$:"
    assert client.call("EVAL", "return 1", 0) == OVER


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lua, "MEMORY_BYTES_MAX", 64 << 20)
    monkeypatch.setattr(_lua, "SCRIPT_BYTES_MAX", 16 << 20)


HUNGRY = [
    "local t = {} while true do t[#t + 1] = string.rep('x', 1000) .. #t end",
    "local t = {} while true do pcall(function() t[#t + 1] = string.rep('x', 1000) .. #t end) end",
    "local t = {} while true do t[#t + 1] = redis.call('PING', string.rep('x', 100000) .. #t) end",
    "local x = 'x' while true do x = x .. x end",
    "local x = 'x' while true do pcall(function() x = x .. x end) end",
]


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("script", HUNGRY)
def test_a_script_without_bounds_is_out_of_memory(script: str) -> None:
    """And what it had is free again; the next one has room."""
    client = client_of()
    assert b"not enough memory" in client.call("EVAL", script, 0)
    assert client.call("EVAL", "return #string.rep('x', 8000000)", 0) == b":8000000\r\n"


@pytest.mark.usefixtures("little_memory")
def test_many_scripts_that_are_forgotten_take_no_memory() -> None:
    server = SimulatedServer("7.0")
    client = server.connect()
    for number in range(3000):
        client.call("EVAL", f"local x = '{str(number) * 500}' return 1", 0)
    client.call("SCRIPT", "FLUSH")
    for _ in range(10_000):
        client.call("EVAL", "return {1, 2, 3}", 0)
    assert server.engine.runner.lua.memory_bytes < 4 << 20


def test_scripts_see_nothing_of_the_host() -> None:
    """Neither by the environment of a function, nor by that of the thread, nor by what was compiled elsewhere."""
    client = client_of()
    for of in ("0", "1", "print", "string.rep", "next", "getfenv"):
        script = f"return rawget(getfenv({of}), 'python') == nil and rawget(getfenv({of}), 'io') == nil"
        assert client.call("EVAL", script, 0)[:1] in (b":", b"-")
        assert client.call("EVAL", script, 0) != b"$-1\r\n"
    compiled = "return loadstring(string.dump(function() return 1 end))"
    assert client.call("EVAL", compiled, 0) == b"$-1\r\n"
    assert b"readonly" in client.call("EVAL", "getmetatable('').__index = 1", 0)


class BusyServer(SimulatedServer):
    """A simulated server whose scripts look at others after a while, as the stopwatch goes with each look."""

    def __init__(self, version: str = "7.0") -> None:
        super().__init__(version)
        looks = count()
        self.engine.slowness.stopwatch = lambda: next(looks) * 1_000_000_000
        self.says: list[tuple[Client, list[str | bytes | int]]] = []
        self.told: list[bytes] = []
        self.engine.runner.meanwhile = self._meanwhile

    def _meanwhile(self) -> None:
        if self.says:
            client, words = self.says.pop(0)
            self.told.append(client.call(*words))


LOOP = "while true do pcall(function() while true do end end) end"
SCRIPT_BUSY = b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
FUNCTION_BUSY = SCRIPT_BUSY.replace(b"SCRIPT KILL", b"FUNCTION KILL")


@pytest.mark.parametrize("version", ["5.0", "6.2", "7.0", "8.6"])
def test_others_are_told_that_a_script_is_busy_and_may_kill_it(version: str) -> None:
    server = BusyServer(version)
    client, other = server.connect(), server.connect()
    server.says = [(other, ["PING"]), (other, ["GET", "k"]), (other, ["SCRIPT", "KILL"])]
    answer = client.call("EVAL", LOOP, 0)
    assert b"Script killed by user with SCRIPT KILL..." in answer
    assert server.told == [SCRIPT_BUSY, SCRIPT_BUSY, b"+OK\r\n"]
    assert other.call("PING") == b"+PONG\r\n"
    assert other.call("SCRIPT", "KILL") == b"-NOTBUSY No scripts in execution right now.\r\n"


def test_a_coroutine_is_killed_as_well() -> None:
    server = BusyServer()
    client, other = server.connect(), server.connect()
    for thread in (
        f"coroutine.wrap(function() {LOOP} end)()",
        f"coroutine.resume(coroutine.create(function() {LOOP} end))",
    ):
        server.says = [(other, ["SCRIPT", "KILL"])]
        assert b"Script killed by user" in client.call("EVAL", f"while true do {thread} end", 0)


def test_what_has_written_can_only_be_ended_with_the_server() -> None:
    server = BusyServer()
    client, other = server.connect(), server.connect()
    server.says = [(other, ["SCRIPT", "KILL"]), (other, ["SHUTDOWN"]), (other, ["SHUTDOWN", "NOSAVE"])]
    client.call("EVAL", f"redis.call('SET', 'k', 'v') {LOOP}", 0)
    assert server.told[0].startswith(b"-UNKILLABLE Sorry the script already executed write commands")
    assert server.told[1:] == [SCRIPT_BUSY, b"<closed>"]
    assert server.engine.ended


def test_a_function_is_killed_as_a_function() -> None:
    server = BusyServer()
    client, other = server.connect(), server.connect()
    client.call("FUNCTION", "LOAD", f"#!lua name=l\nredis.register_function('f', function() {LOOP} end)")
    stats, kill = ["FUNCTION", "STATS"], ["FUNCTION", "KILL"]
    server.says = [(other, ["SCRIPT", "KILL"]), (other, stats), (other, kill)]  # type: ignore[list-item]
    assert b"Script killed by user" in client.call("FCALL", "f", 0)
    assert server.told[0] == FUNCTION_BUSY
    assert b"$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n*3\r\n" in server.told[1]
    assert server.told[2] == b"+OK\r\n"


def test_a_transaction_that_met_a_busy_script_is_discarded() -> None:
    """MULTI is taken, so that what comes behind it is not run one by one."""
    server = BusyServer()
    client, other, third = server.connect(), server.connect(), server.connect()
    server.says = [(other, ["MULTI"]), (other, ["SET", "k", "v"]), (third, ["SCRIPT", "KILL"])]
    client.call("EVAL", LOOP, 0)
    assert server.told[:2] == [b"+OK\r\n", SCRIPT_BUSY]
    assert other.call("EXEC").startswith(b"-EXECABORT")


def test_who_waits_is_served_after_the_script() -> None:
    server = BusyServer()
    client, other, waiting = server.connect(), server.connect(), server.connect()
    waiting.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
    server.says = [(other, ["PING"])]
    script = "redis.call('XADD', 's', '1-1', 'a', 'b') for i = 1, 1e6 do end return redis.call('XDEL', 's', '1-1')"
    assert client.call("EVAL", script, 0) == b":1\r\n"
    assert server.told == [SCRIPT_BUSY]
    assert waiting.receive() == b"*1\r\n*2\r\n$1\r\ns\r\n*0\r\n"


def test_scripts_that_nobody_loaded_are_forgotten_when_others_come() -> None:
    """Since 7.4, from five hundred on: first the one that was not used for longest."""
    for version, kept in (("7.2", b":1\r\n"), ("7.4", b":0\r\n")):
        client = client_of(version)
        first, second = (client.call("EVAL", f"return redis.sha1hex('return {n}')", 0)[5:45] for n in (0, 1))
        client.call("EVAL", "return 0", 0)
        client.call("EVAL", "return 1", 0)
        loaded = client.call("SCRIPT", "LOAD", "return 'loaded'")[5:45]
        for number in range(2, 501):
            client.call("EVALSHA", first, 0)
            client.call("EVAL", f"return {number}", 0)
        assert client.call("SCRIPT", "EXISTS", first, second, loaded) == b"*3\r\n:1\r\n" + kept + OVER


def test_an_error_is_counted_once_and_where_it_belongs() -> None:
    """Since 7.0 a command that a script may not call is rejected, one that fails has failed, and the script as well."""
    client = client_of()
    client.call("EVAL", "return redis.call('SELECT', 99)", 0)
    client.call("EVAL", "return redis.pcall('SELECT', 99)", 0)
    client.call("EVAL", "redis.pcall('SELECT', 99)", 0)
    client.call("EVAL_RO", "return redis.call('SET', 'k', 'v')", 0)
    client.call("EVAL", "return redis.error_reply('MINE text')", 0)
    told = client.call("INFO", "commandstats", "errorstats")
    assert b"cmdstat_select:calls=3," in told
    assert re.search(rb"cmdstat_select:.*rejected_calls=0,failed_calls=3", told)
    assert re.search(rb"cmdstat_set:calls=0,.*rejected_calls=1,failed_calls=0", told)
    assert re.search(rb"cmdstat_eval:.*rejected_calls=0,failed_calls=3", told)
    assert b"errorstat_ERR:count=4\r\nerrorstat_MINE:count=1" in told


def test_the_options_of_cjson_hold_until_they_are_set_back() -> None:
    client = client_of()
    assert client.call("EVAL", "return cjson.encode_max_depth(1)", 0) == OVER
    assert b"excessive nesting (2)" in client.call("EVAL", "return cjson.encode({{1}})", 0)
    assert client.call("EVAL", "cjson.encode_max_depth(1000) return cjson.encode({{1}})", 0) == b"$5\r\n[[1]]\r\n"
    assert b"must not be NaN or Inf" in client.call("EVAL", "return cjson.encode({1/0})", 0)
    assert (
        client.call("EVAL", "cjson.encode_invalid_numbers('null') return cjson.encode({1/0})", 0) == b"$6\r\n[null]\r\n"
    )
    assert b"bad argument #1 to 'decode_max_depth'" in client.call("EVAL", "cjson.decode_max_depth(0)", 0)


def test_a_library_that_does_not_end_is_not_loaded() -> None:
    server = BusyServer()
    client = server.connect()
    assert b"FUNCTION LOAD timeout" in client.call("FUNCTION", "LOAD", "#!lua name=l\nwhile true do end")
    assert client.call("FUNCTION", "LIST") == b"*0\r\n"


def test_functions_are_registered_only_while_their_library_is_loaded() -> None:
    client = client_of()
    later = "redis.register_function('f', function() lib.register_function('g', function() end) end)"
    client.call("FUNCTION", "LOAD", f"#!lua name=l\nlocal lib = redis\n{later}")
    assert b"can only be called on FUNCTION LOAD command" in client.call("FCALL", "f", 0)
