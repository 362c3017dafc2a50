"""Hashes: fields are set, read, counted. Such as expire: `_hash_expiry`, `_hash_ex`; some of many: `_hashes_some`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._errors import CommandError, wrong_arity
from .._reply import OK, Pairs, Reply
from ._changes import removed_from
from ._counters import sum_of_texts
from ._hash_fields import hash_at, hash_for_writing, stored, values_of
from ._numbers import long_double


def hset(call: Call) -> Reply:
    """HSET key field value ...: how many fields are new."""
    return _set(call, "hset")


def hmset(call: Call) -> Reply:
    """HMSET key field value ..."""
    _set(call, "hmset")
    return OK


def _set(call: Call, name: str) -> int:
    key, pairs, limits = call.words[1], call.words[2:], call.engine.limits
    if len(pairs) % 2:
        # Before 6.2 both are told of as HMSET.
        raise wrong_arity(name) if call.profile.since(6, 2) else CommandError("ERR wrong number of arguments for HMSET")
    held = hash_for_writing(call, key)
    held.expect(pairs, limits)
    new = sum(held.put(field, value, limits) for field, value in zip(pairs[::2], pairs[1::2], strict=True))
    stored(call, key, held, "hset")
    return new


def hsetnx(call: Call) -> Reply:
    """HSETNX key field value: 1 if the field is new."""
    key, name, value = call.words[1:4]
    held = hash_for_writing(call, key, [name])
    if not call.profile.since(7, 0):
        held.expect([name, value], call.engine.limits)
    if name in held.fields:
        return 0
    held.expect([name, value], call.engine.limits)
    held.put(name, value, call.engine.limits)
    stored(call, key, held, "hset")
    return 1


def hget(call: Call) -> Reply:
    """HGET key field."""
    return values_of(call, call.words[1], call.words[2:3])[0]


def hmget(call: Call) -> Reply:
    """HMGET key field ..."""
    return [*values_of(call, call.words[1], call.words[2:])]


def hexists(call: Call) -> Reply:
    """HEXISTS key field."""
    return int(values_of(call, call.words[1], call.words[2:3])[0] is not None)


def hstrlen(call: Call) -> Reply:
    """HSTRLEN key field."""
    return len(values_of(call, call.words[1], call.words[2:3])[0] or b"")


def hgetall(call: Call) -> Reply:
    """HGETALL key."""
    held = hash_at(call, call.words[1])
    names = [] if held is None else held.live(call.now_ms)
    return Pairs([(name, held.fields[name]) for name in names] if held is not None else [])


def hkeys(call: Call) -> Reply:
    """HKEYS key."""
    held = hash_at(call, call.words[1])
    return [] if held is None else [*held.live(call.now_ms)]


def hvals(call: Call) -> Reply:
    """HVALS key."""
    held = hash_at(call, call.words[1])
    return [] if held is None else [held.fields[name] for name in held.live(call.now_ms)]


def hlen(call: Call) -> Reply:
    """HLEN key; fields that have expired and that nobody looked at yet are counted, too."""
    held = hash_at(call, call.words[1])
    return 0 if held is None else len(held.fields)


def hdel(call: Call) -> Reply:
    """HDEL key field ...: how many there were."""
    key = call.words[1]
    held = hash_at(call, key)
    if held is None:
        return 0
    removed = sum(held.remove(name) for name in call.words[2:])
    if removed:
        call.notify("h", "hdel", key)
        removed_from(call, key, held.fields)
    return removed


def hincrby(call: Call) -> Reply:
    """HINCRBY key field n."""
    key, name = call.words[1:3]
    number = integer(call.words[3])
    held = hash_for_writing(call, key, [name])
    total = integer(held.fields.get(name, b"0"), "ERR hash value is not an integer") + number
    if not INTEGER_MIN <= total <= INTEGER_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    held.put(name, b"%d" % total, call.engine.limits, keep_expiry=True)
    stored(call, key, held, "hincrby")
    return total


def hincrbyfloat(call: Call) -> Reply:
    """HINCRBYFLOAT key field n."""
    key, name = call.words[1:3]
    if not isinstance(long_double(call.words[3]), Fraction) and call.profile.since(6, 2):
        raise CommandError("ERR value is NaN or Infinity")
    held = hash_for_writing(call, key, [name])
    if not call.profile.since(6, 2) and key not in call.database.values:
        call.database.put(key, held)  # it stays there, even where the sum is refused
    total = sum_of_texts(held.fields.get(name, b"0"), call.words[3], "ERR hash value is not a float")
    held.put(name, total, call.engine.limits, keep_expiry=True)
    stored(call, key, held, "hincrbyfloat")
    return total


_ONE = (1, 1, 1)
_READ = "readonly fast"
_WRITE = "write denyoom fast"

HASH_COMMANDS: Final[Sequence[Command]] = (
    Command("hset", hset, -4, _WRITE, _ONE, since=(2, 0), group="hash"),
    Command("hmset", hmset, -4, _WRITE, _ONE, since=(2, 0), group="hash"),
    Command("hsetnx", hsetnx, 4, _WRITE, _ONE, since=(2, 0), group="hash"),
    Command("hget", hget, 3, _READ, _ONE, since=(2, 0), group="hash"),
    Command("hmget", hmget, -3, _READ, _ONE, since=(2, 0), group="hash"),
    Command("hexists", hexists, 3, _READ, _ONE, since=(2, 0), group="hash"),
    Command("hstrlen", hstrlen, 3, _READ, _ONE, since=(3, 2), group="hash"),
    Command("hgetall", hgetall, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hkeys", hkeys, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hvals", hvals, 2, "readonly", _ONE, since=(2, 0), group="hash"),
    Command("hlen", hlen, 2, _READ, _ONE, since=(2, 0), group="hash"),
    Command("hdel", hdel, -3, "write fast", _ONE, since=(2, 0), group="hash"),
    Command("hincrby", hincrby, 4, _WRITE, _ONE, since=(2, 0), group="hash"),
    Command("hincrbyfloat", hincrbyfloat, 4, _WRITE, _ONE, since=(2, 6), group="hash"),
)
