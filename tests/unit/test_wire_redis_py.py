"""What is taken from redis-py and hiredis, checked against what is installed: some of it is private there."""

import inspect
from collections.abc import Awaitable

import pytest
import redis
from redis._parsers.base import BaseParser
from redis.commands.core import AsyncCoreCommands
from redis_streams.wire import Arg, BusyGroup, NoGroup, RedisCommands, Reply
from redis_streams.wire._redis_py import make_error, pack, reply_reader


class Recorder:
    """Sends nothing, remembers what it was given, and answers as told."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.args: tuple[Arg, ...] = ()

    async def __call__(self, *args: Arg) -> Reply:
        self.args = args
        if isinstance(self.reply, redis.RedisError):
            raise self.reply
        return self.reply


def test_the_private_names_are_where_they_were() -> None:
    """An upgrade of redis-py that moves them fails here, and not in somebody's program."""
    assert inspect.ismethod(BaseParser.parse_error)
    assert list(inspect.signature(BaseParser.parse_error).parameters) == ["response"]
    assert inspect.iscoroutinefunction(RedisCommands.execute_command)
    assert issubclass(RedisCommands, AsyncCoreCommands)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_replies_are_read_from_pieces_of_any_size(size: int) -> None:
    """Every kind of RESP2 reply, cut anywhere."""
    data = b"+OK\r\n-ERR no\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*3\r\n$1\r\nx\r\n*0\r\n-NOGROUP y\r\n$0\r\n\r\n"
    reader, found = reply_reader(), list[object]()
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
        while (reply := reader.gets()) is not False:
            found.append(reply)
    kinds = [type(reply).__name__ if isinstance(reply, Exception) else reply for reply in found]
    assert kinds[:6] == [b"OK", "ResponseError", -5, b"a\r\n", None, None]
    [x, empty, error] = found[6]  # type: ignore[misc]
    assert (x, empty, type(error)) == (b"x", [], NoGroup)
    assert found[7] == b""


def test_bytes_that_are_no_protocol_raise_redis_pys_error() -> None:
    """Such as the answer of a web server."""
    reader = reply_reader()
    reader.feed(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(redis.exceptions.ConnectionError, match="Protocol error"):
        reader.gets()


SHORT = ["", "ERR", "ERR \udcff", "NOGROUP", "HISTORY", "HISTORY ", "MOVED", "ASK 1 y"]


@pytest.mark.parametrize("text", [*SHORT, "x" * 70_000, "Mixed Case", " leading"])
def test_every_error_reply_becomes_an_exception(text: str) -> None:
    """Also an empty one, one that is no UTF-8, and one without the words that belong to its code."""
    assert isinstance(make_error(text), redis.exceptions.RedisError)
    reader = reply_reader()
    reader.feed(b"-" + text.encode("utf-8", "surrogateescape") + b"\r\n")
    assert isinstance(reader.gets(), redis.exceptions.RedisError)


def test_errors_have_the_classes_that_people_catch() -> None:
    """redis-py's own, and ours where it has none."""
    assert type(make_error("NOGROUP No such key")) is NoGroup
    assert type(make_error("BUSYGROUP exists")) is BusyGroup
    assert type(make_error("WRONGPASS no")) is redis.exceptions.AuthenticationError
    assert type(make_error("NOPERM no")) is redis.exceptions.NoPermissionError
    assert type(make_error("NOSCRIPT no")) is redis.exceptions.NoScriptError
    assert type(make_error("LOADING wait")) is redis.exceptions.BusyLoadingError
    assert type(make_error("whatever")) is redis.exceptions.ResponseError


BEFORE_7 = "Error running script (call to f_06321069a166b3087d159381d840772d80feb677): @user_script:1: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ERR " + BEFORE_7 + "NOGROUP No such key 's' or consumer group 'g' ", NoGroup),
        (BEFORE_7 + "@user_script: 1: -OOM command not allowed when ...", redis.exceptions.OutOfMemoryError),
        (BEFORE_7 + "@user_script: 1: -READONLY You can't write", redis.exceptions.ReadOnlyError),
        ("@user_script: 1: -OOM command not allowed when ...", redis.exceptions.OutOfMemoryError),
        (BEFORE_7 + "ERR no such key ", redis.exceptions.ResponseError),
        (BEFORE_7 + "Script attempted to access a non existing global", redis.exceptions.ResponseError),
    ],
)
def test_an_error_in_a_script_is_that_of_its_command(text: str, expected: type[Exception]) -> None:
    """Older servers hide it behind words of their own."""
    assert type(make_error(text)) is expected


def test_a_command_is_packed_as_redis_reads_it() -> None:
    """Text as UTF-8, numbers as text, bytes as they are."""
    assert (
        pack(("SET", b"\xff", 1, 0.5, "ü"))
        == b"*5\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$1\r\n1\r\n$3\r\n0.5\r\n$2\r\n\xc3\xbc\r\n"
    )


def test_surrogates_go_out_as_the_bytes_they_stand_for() -> None:
    """A name that was read with them names the same thing again; other text that can't be written stays an error."""
    assert pack(("X", b"\xff\xfe".decode("utf-8", "surrogateescape"))) == b"*2\r\n$1\r\nX\r\n$2\r\n\xff\xfe\r\n"
    with pytest.raises(UnicodeEncodeError):
        pack(("X", "\ud800"))


@pytest.mark.parametrize("wrong", [None, True, [], {}, object()])
def test_what_is_no_word_is_refused(wrong: object) -> None:
    """Before anything is sent; redis-py refuses None and bool too."""
    with pytest.raises(TypeError):
        pack(("SET", "k", wrong))  # type: ignore[arg-type]


async def test_a_command_of_two_words_is_sent_as_two() -> None:
    """redis-py writes "XINFO GROUPS" in one; an argument with a blank stays one."""
    recorder = Recorder([])
    await RedisCommands(recorder).xinfo_groups("a b")
    assert recorder.args == ("XINFO", "GROUPS", "a b")


async def test_replies_are_shaped_by_redis_pys_callbacks() -> None:
    """With text as bytes, as a redis-py client without decode_responses gives it."""
    commands = RedisCommands(Recorder([b"f", b"v"]))
    assert await commands.hgetall("h") == {b"f": b"v"}
    assert await RedisCommands(Recorder(1)).expire("k", 5) is True
    assert await RedisCommands(Recorder(b"# x\r\nredis_version:7.0.15\r\n")).info() == {"redis_version": "7.0.15"}


async def test_options_for_redis_pys_own_connection_are_left_out() -> None:
    """EMPTY_RESPONSE is what a failed command answers; NEVER_DECODE and keys say nothing to a callback."""
    error = redis.exceptions.ResponseError("no")
    assert await RedisCommands(Recorder(error)).execute_command("BRPOP", "l", EMPTY_RESPONSE=[]) == []
    with pytest.raises(redis.exceptions.ResponseError):
        await RedisCommands(Recorder(error)).execute_command("GET", "k", keys=["k"])
    assert await RedisCommands(Recorder(b"\x00")).execute_command("DUMP", "k", NEVER_DECODE=True) == b"\x00"


async def test_methods_that_ask_for_an_encoder_get_one() -> None:
    """ACL SETUSER encodes its words itself."""
    recorder = Recorder(b"OK")
    assert await RedisCommands(recorder).acl_setuser("u", enabled=True, nopass=True, commands=["+get"])
    assert recorder.args[:3] == ("ACL", "SETUSER", "u")


def test_every_method_is_a_coroutine_or_an_iterator() -> None:
    """The asynchronous layer was taken, not the blocking one: what calls `execute_command` can be awaited."""

    def execute(*_args: Arg) -> Awaitable[Reply]:
        raise AssertionError("never awaited")

    waiting = RedisCommands(execute).get("k")
    assert inspect.iscoroutine(waiting)
    waiting.close()
