"""Everything that is taken from redis-py and hiredis, some of it by names that they call private.

redis-py's command layer does no I/O: its methods build arguments and call ``execute_command``; its callbacks shape
replies; its parser makes exceptions of error replies. hiredis packs commands and reads replies, from bytes to objects.
This is the one module that knows either of them, and ``tests/unit/test_wire_redis_py.py`` checks it against what is
installed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol, Union, cast

import hiredis
from redis._parsers.base import BaseParser
from redis._parsers.encoders import Encoder
from redis._parsers.response_callbacks import get_response_callbacks
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.commands.core import AsyncCoreCommands
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004 - redis-py's own name for it
    MasterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - likewise
)
from typing_extensions import override

Arg = bytes | str | int | float
"""One word of a command."""

# Union, because Python 3.10 knows no | between a type and a name that is still to come.
Reply = Union[bytes, int, None, "list[Reply]", RedisError]
"""What Redis answers over RESP2. An error appears as a value only inside an array, and in what a pipeline returns."""

_pack_command = cast("Callable[[tuple[Arg, ...]], bytes]", hiredis.pack_command)


def pack(args: tuple[Arg, ...]) -> bytes:
    """One command as bytes. Text goes as UTF-8; surrogates, which stand for other bytes, as those (PEP 383).

    Raises:
        TypeError: a word is neither bytes nor text nor a number.
        UnicodeEncodeError: text can't be written as bytes.
    """
    try:
        return _pack_command(args)
    except UnicodeEncodeError:
        return _pack_command(tuple(_bytes_of(word) if isinstance(word, str) else word for word in args))


def _bytes_of(word: str) -> bytes:
    return word.encode("utf-8", "surrogateescape")


class ReplyReader(Protocol):
    """hiredis' reader: bytes in, replies out, no I/O."""

    def feed(self, data: bytes | bytearray) -> None:
        """Take in what the socket gave."""

    def gets(self) -> Reply | bool:
        """The next complete reply, False while there is none."""


def reply_reader() -> ReplyReader:
    """A reader for one connection. Error replies come out as redis-py's exceptions, text stays bytes.

    What is no RESP raises `ConnectionError`; the reader is of no use after that.
    """
    reader = hiredis.Reader(protocolError=ConnectionError, replyError=make_error, notEnoughData=False)
    return cast("ReplyReader", reader)


def read_reply(data: bytes) -> object:
    """One whole reply, text decoded: what a person wants to see.

    Raises:
        RedisError: it is an error.
    """
    reader = hiredis.Reader(replyError=make_error, encoding="utf-8", errors="backslashreplace")
    reader.feed(data)
    reply: object = reader.gets()
    if isinstance(reply, RedisError):
        raise reply
    return reply


class NoGroup(ResponseError):
    """NOGROUP: there is no such consumer group, or no such stream."""


class BusyGroup(ResponseError):
    """BUSYGROUP: a consumer group of this name exists already."""


class HistoryChanged(ResponseError):
    """HISTORY, of our own scripts: the group was made again since; the same ids may stand for other entries now.

    Attributes:
        history: the name of the present one.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.history = message.partition(" ")[2]


class _ParseError(Protocol):
    def __call__(self, text: str) -> object: ...


_parse_error = cast("_ParseError", BaseParser.parse_error)

_OWN_CLASSES: Mapping[str, type[ResponseError]] = {
    "NOGROUP": NoGroup,
    "BUSYGROUP": BusyGroup,
    "HISTORY": HistoryChanged,
}


_IN_SCRIPT = re.compile(
    r"(?:(?:ERR )?Error running script \(call to f_[0-9a-f]+\): )?(?:@user_script: ?\d+: )+-?(.+)", re.DOTALL
)
"""How servers before 7.0 pass on the error of a command in a script, one that ends the script or one among what it
answers: from 7.0 on its own code comes first."""


def make_error(text: str) -> RedisError:
    """The exception for an error reply: redis-py's class for its code, or one of ours; also when a script met it."""
    in_script = _IN_SCRIPT.fullmatch(text)
    if in_script is not None:
        text = in_script[1].rstrip()
    code = text.partition(" ")[0]
    if code in _OWN_CLASSES:
        return _OWN_CLASSES[code](text)
    try:
        error = _parse_error(text)
    except ValueError:
        return ResponseError(text)  # MOVED and ASK have words to come, and another server's may not
    return error if isinstance(error, RedisError) else ResponseError(text)


class Execute(Protocol):
    """Sends one command, given word by word, and returns its reply."""

    def __call__(self, *args: Arg) -> Awaitable[Reply]:
        """Send it."""
        raise NotImplementedError


if TYPE_CHECKING:

    class RedisCommands(AsyncCoreCommands):
        """See below; the checker is told less, because redis-py's base classes are not typed for mixing in."""

        _is_async_client: Literal[True]  # tells redis-py's overloads that a command is awaited
        _event_dispatcher: object  # type: ignore[assignment]  # of redis-py's cache, which there is none of

        def __init__(self, execute: Execute) -> None: ...

        @override
        async def execute_command(self, *args: Arg, **options: object) -> object:
            """Send a command and shape its reply."""
            return args, options

else:

    class RedisCommands(AsyncCoreCommands):
        """Every Redis command as redis-py's asynchronous client spells it, on a Trio connection.

        ``await commands.hset("cart:7", mapping={"apples": 3})``. Replies are shaped by redis-py's own callbacks for
        RESP2; text stays bytes.
        """

        def __init__(self, execute: Execute) -> None:
            self._execute = execute
            self._callbacks = get_response_callbacks(2, legacy_responses=True)

        async def execute_command(self, *args: Arg, **options: object) -> object:
            """Send a command and shape its reply; called by redis-py's command methods."""
            try:
                reply = await self._execute(*_split(args))
            except ResponseError:
                if EMPTY_RESPONSE in options:
                    return options[EMPTY_RESPONSE]
                raise
            callback = self._callbacks.get(args[0])
            if callback is None:
                return reply
            for name in _NOT_FOR_CALLBACKS:
                options.pop(name, None)
            return callback(reply, **options)

        def get_encoder(self) -> Encoder:
            """How arguments become bytes; some of redis-py's methods ask."""
            return Encoder("utf-8", "strict", decode_responses=False)

        def get_connection_kwargs(self) -> dict[str, object]:
            """Settings that some of redis-py's methods ask for."""
            return {"decode_responses": False, "protocol": 2}


_NOT_FOR_CALLBACKS: Final = (EMPTY_RESPONSE, NEVER_DECODE, "keys")
"""Options of redis-py's methods that are meant for its connection, or its cache."""


def _split(args: tuple[Arg, ...]) -> tuple[Arg, ...]:
    """redis-py names a command of two words in one: "XINFO STREAM"."""
    first = args[0]
    if isinstance(first, str) and " " in first:
        return (*first.split(), *args[1:])
    return args


__all__ = [
    "Arg",
    "AuthenticationError",
    "BusyGroup",
    "BusyLoadingError",
    "ConnectionError",
    "Execute",
    "HistoryChanged",
    "MasterDownError",
    "NoGroup",
    "NoPermissionError",
    "NoScriptError",
    "OutOfMemoryError",
    "ReadOnlyError",
    "RedisCommands",
    "RedisError",
    "Reply",
    "ReplyReader",
    "ResponseError",
    "TimeoutError",
    "make_error",
    "pack",
    "reply_reader",
]
