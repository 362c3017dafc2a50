"""Which commands may be sent again after their reply was lost.

redis-py repeats every command by default; three lost replies to an XADD then made four entries of one event. Here a
command that may have been applied is repeated only if applying it twice is the same as applying it once.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ._redis_py import Arg
from ._shared import upper, words


class Repeat(Enum):
    """What a second sending of a command does."""

    SAFE = "safe"
    """Nothing that the first did not do: reads, and writes that say what shall be."""
    TOKEN = "token"  # noqa: S105 - a kind of command, no secret
    """Nothing, thanks to a token in the command that Redis remembers."""
    NEVER = "never"
    """It counts twice, or nobody knows: everything that is not known to be safe."""


_READS: Final = words(
    "BITCOUNT BITPOS DBSIZE DUMP ECHO EXISTS EXPIRETIME GEODIST GEOHASH GEOPOS GEOSEARCH GET GETBIT GETRANGE HEXISTS "
    "HGET HGETALL HKEYS HLEN HMGET HRANDFIELD HSCAN HSTRLEN HVALS INFO KEYS LASTSAVE LCS LINDEX LLEN LOLWUT LPOS "
    "LRANGE MGET PEXPIRETIME PFCOUNT PING PTTL RANDOMKEY ROLE SCAN SCARD SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS "
    "SMISMEMBER SRANDMEMBER SSCAN STRLEN SUNION TIME TTL TYPE XINFO XLEN XPENDING XRANGE XREAD XREVRANGE ZCARD ZCOUNT "
    "ZDIFF ZINTER ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANK ZSCAN ZSCORE "
    "ZUNION COMMAND"
)
_READING_SUBCOMMANDS: Final = {
    "ACL": ("CAT", "DRYRUN", "GETUSER", "LIST", "USERS", "WHOAMI"),
    "CLIENT": ("GETNAME", "ID", "INFO", "LIST"),
    "CONFIG": ("GET",),
    "LATENCY": ("HISTORY", "LATEST"),
    "MEMORY": ("STATS", "USAGE"),
    "OBJECT": ("ENCODING", "FREQ", "IDLETIME", "REFCOUNT"),
    "SCRIPT": ("EXISTS",),
    "SLOWLOG": ("GET", "LEN"),
}
_SAME_AGAIN: Final = frozenset(["XACK", "XDEL"])
_SUBCOMMANDS_SAME_AGAIN: Final = {
    "CLIENT": ("SETNAME", "UNBLOCK"),
    "SCRIPT": ("LOAD",),
    "XGROUP": ("CREATE", "CREATECONSUMER"),
}


def repeat_of(args: tuple[Arg, ...]) -> Repeat:
    """The class of one command.

    XACK is safe although its second reply is 0, XGROUP CREATE although it is BUSYGROUP: the state is as it should be,
    and no entry ever gets an id that was acknowledged or deleted before. DEL, HSET, XGROUP DESTROY and DELCONSUMER are
    not: the second one, late, would undo what somebody else did after the first. Nor is XADD, unless it carries an IDMP
    token (Redis 8.6).
    """
    name = upper(args[0])
    if name in _READS or name in _SAME_AGAIN:
        return Repeat.SAFE
    subcommand = upper(args[1]) if len(args) > 1 else ""
    if subcommand in _READING_SUBCOMMANDS.get(name, ()) or subcommand in _SUBCOMMANDS_SAME_AGAIN.get(name, ()):
        return Repeat.SAFE
    if name == "XADD" and _carries_token(args):
        return Repeat.TOKEN
    return Repeat.NEVER


def _carries_token(args: tuple[Arg, ...]) -> bool:
    """Whether IDMP stands among the options of an XADD, which end at the entry's id: fields may be called so too."""
    rest = iter(args[2:])
    for word in rest:
        option = upper(word)
        if option in ("IDMP", "IDMPAUTO"):
            return True
        if option in ("MAXLEN", "MINID"):
            threshold = next(rest, "")
            if threshold in ("~", "=", b"~", b"="):
                next(rest, "")
        elif option == "LIMIT":
            next(rest, "")
        elif option not in ("NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"):
            return False
    return False
