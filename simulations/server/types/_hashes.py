"""Hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._configuration import Configuration
from .._errors import CommandError, wrong_arity
from .._profile import Profile
from .._reply import OK, Pairs, Reply


class Hash:
    """Fields and their values, in the order in which they were first set."""

    KIND: ClassVar[str] = "hash"

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}

    def encoding(self, _profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        return "hashtable"


def hset(call: Call) -> Reply:
    """HSET key field value ...: how many fields are new."""
    return _set(call)


def hmset(call: Call) -> Reply:
    """HMSET key field value ..."""
    _set(call)
    return OK


def _set(call: Call) -> int:
    key, pairs = call.words[1], call.words[2:]
    if len(pairs) % 2:
        name = call.words[0].decode("latin-1").lower()
        raise (
            wrong_arity(name)
            if call.profile.since(7, 0)
            else CommandError(f"ERR wrong number of arguments for {name.upper()}")
        )
    held = _made(call, key)
    before = len(held.fields)
    held.fields.update(zip(pairs[::2], pairs[1::2], strict=True))
    _changed(call, key, held)
    call.notify("h", "hset", key)
    return len(held.fields) - before


def hget(call: Call) -> Reply:
    """HGET key field."""
    return _fields(call).get(call.words[2])


def hmget(call: Call) -> Reply:
    """HMGET key field ..."""
    fields = _fields(call)
    return [fields.get(name) for name in call.words[2:]]


def hgetall(call: Call) -> Reply:
    """HGETALL key."""
    return Pairs(list(_fields(call).items()))


def hkeys(call: Call) -> Reply:
    """HKEYS key."""
    return list(_fields(call))


def hvals(call: Call) -> Reply:
    """HVALS key."""
    return list(_fields(call).values())


def hlen(call: Call) -> Reply:
    """HLEN key."""
    return len(_fields(call))


def hexists(call: Call) -> Reply:
    """HEXISTS key field."""
    return int(call.words[2] in _fields(call))


def hdel(call: Call) -> Reply:
    """HDEL key field ...: how many there were."""
    key = call.words[1]
    held = call.database.get_as(Hash, key)
    if held is None:
        return 0
    removed = sum(held.fields.pop(name, None) is not None for name in call.words[2:])
    if removed:
        call.touch(key)
        call.notify("h", "hdel", key)
    if not held.fields:
        call.database.delete(key)
        call.notify("g", "del", key)
    return removed


def hsetnx(call: Call) -> Reply:
    """HSETNX key field value: 1 if the field is new."""
    key, name, value = call.words[1:4]
    held = _made(call, key)
    if name in held.fields:
        return 0
    held.fields[name] = value
    _changed(call, key, held)
    call.notify("h", "hset", key)
    return 1


def hincrby(call: Call) -> Reply:
    """HINCRBY key field n."""
    key, name = call.words[1:3]
    number = integer(call.words[3])
    held = _made(call, key)
    total = integer(held.fields.get(name, b"0"), "ERR hash value is not an integer") + number
    if not INTEGER_MIN <= total <= INTEGER_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    held.fields[name] = b"%d" % total
    _changed(call, key, held)
    call.notify("h", "hincrby", key)
    return total


def _fields(call: Call) -> dict[bytes, bytes]:
    held = call.database.get_as(Hash, call.words[1])
    return held.fields if held is not None else {}


def _made(call: Call, key: bytes) -> Hash:
    """The hash at a key, or one that is not stored yet."""
    held = call.database.get_as(Hash, key)
    return held if held is not None else Hash()


def _changed(call: Call, key: bytes, held: Hash) -> None:
    if call.database.values.get(key) is held:
        call.touch(key)
    else:
        call.database.put(key, held)


_ONE = (1, 1, 1)

HASH_COMMANDS: Final[Sequence[Command]] = (
    Command("hset", hset, -4, "write denyoom fast", _ONE, since=(2, 0), group="hash"),
    Command("hmset", hmset, -4, "write denyoom fast", _ONE, since=(2, 0), group="hash"),
    Command("hget", hget, 3, "readonly fast", _ONE, since=(2, 0), group="hash"),
    Command("hmget", hmget, -3, "readonly fast", _ONE, since=(2, 0), group="hash"),
    Command("hgetall", hgetall, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hkeys", hkeys, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hvals", hvals, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hlen", hlen, 2, "readonly fast", _ONE, since=(2, 0), group="hash"),
    Command("hexists", hexists, 3, "readonly fast", _ONE, since=(2, 0), group="hash"),
    Command("hdel", hdel, -3, "write fast", _ONE, since=(2, 0), group="hash"),
    Command("hsetnx", hsetnx, 4, "write denyoom fast", _ONE, since=(2, 0), group="hash"),
    Command("hincrby", hincrby, 4, "write denyoom fast", _ONE, since=(2, 0), group="hash"),
)
