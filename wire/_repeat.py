"""Which commands may be sent again after their reply was lost.

redis-py repeats every command by default; three lost replies to an XADD then made four entries of one event. Here a
command that may have been applied is repeated only if applying it twice is the same as applying it once.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ._redis_py import Arg


class Repeat(Enum):
    """What a second sending of a command does."""

    SAFE = "safe"
    """Nothing that the first did not do: reads, and writes that say what shall be."""
    TOKEN = "token"  # noqa: S105 - a kind of command, no secret
    """Nothing, thanks to a token in the command that Redis remembers."""
    NEVER = "never"
    """It counts twice, or nobody knows: everything that is not known to be safe."""


_SAFE: Final = frozenset(
    ["AUTH", "COMMAND", "CONFIG", "DEL", "DBSIZE", "ECHO", "EXISTS", "GET", "HELLO", "HGET", "HGETALL", "HMGET", "HSET", "INFO", "KEYS", "LASTSAVE", "LLEN", "LRANGE", "MGET", "PERSIST", "PEXPIREAT", "PING", "PTTL", "ROLE", "SCAN", "SCARD", "SCRIPT", "SELECT", "SISMEMBER", "SMEMBERS", "STRLEN", "TIME", "TTL", "TYPE", "UNLINK", "WAIT", "WAITAOF", "XACK", "XDEL", "XINFO", "XLEN", "XPENDING", "XRANGE", "XREAD", "XREVRANGE", "XTRIM", "ZCARD", "ZRANGE", "ZSCORE"]
)
_SAFE_SUBCOMMANDS: Final = frozenset(
    ("XGROUP", word) for word in ("CREATE", "CREATECONSUMER", "DELCONSUMER", "DESTROY", "SETID")
) | {("CLIENT", word) for word in ("ID", "INFO", "LIST", "SETNAME", "UNBLOCK")}


def repeat_of(args: tuple[Arg, ...]) -> Repeat:
    """The class of one command.

    XACK is safe although its second reply is 0, XGROUP CREATE although it is BUSYGROUP: the state is as it should be.
    XADD is not, unless it carries an id of its own (then the second is refused) or an IDMP token (Redis 8.6).
    """
    words = [_upper(arg) for arg in args[:2]]
    if words[0] in _SAFE or tuple(words) in _SAFE_SUBCOMMANDS:
        return Repeat.SAFE
    if words[0] == "XADD" and any(_upper(arg) in ("IDMP", "IDMPAUTO") for arg in args[2:8]):
        return Repeat.TOKEN
    return Repeat.NEVER


def _upper(arg: Arg) -> str:
    return (arg.decode("latin-1") if isinstance(arg, bytes) else str(arg)).upper()
