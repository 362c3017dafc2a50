"""PFADD, PFCOUNT, PFMERGE; and PFDEBUG and PFSELFTEST, which look inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import WRONG_TYPE, CommandError
from .._keyspace import Value
from .._reply import OK, Failure, Reply, Several, Status
from ._hyperloglog import (
    DENSE,
    HEADER,
    REGISTERS,
    SPARSE,
    CorruptedError,
    empty,
    estimate,
    forget_count,
    is_valid,
    keep_count,
    known_count,
    packed,
    place_of,
    registers,
    runs,
    set_dense,
    to_dense,
)
from ._hyperloglog_sparse import Runs
from ._text import ChangedText, put_text

NOT_ONE: Final = "WRONGTYPE Key is not a valid HyperLogLog string value."
CORRUPTED: Final = "INVALIDOBJ Corrupted HLL object detected"


def pfadd(call: Call) -> Reply:
    """PFADD key element ...: whether anything was changed by this."""
    key = call.words[1]
    data = _held(call, key)
    updated = data is None
    if data is None:
        data = empty()
    try:
        updated |= _set(call, data, map(place_of, call.words[2:]))
    except CorruptedError:
        call.database.values[key] = ChangedText(data)
        raise CommandError(CORRUPTED) from None
    if updated:
        forget_count(data)
        put_text(call, key, ChangedText(data), "pfadd")
    return int(updated)


def pfcount(call: Call) -> Reply:
    """PFCOUNT key ...: about how many elements they have together."""
    if len(call.words) > 2:
        together, _ = _together(call)
        return estimate(together)
    key = call.words[1]
    data = _held(call, key, reads=True)
    if data is None:
        return 0
    count = known_count(data)
    if count is None:
        try:
            count = estimate(registers(data))
        except CorruptedError:
            raise CommandError(CORRUPTED) from None
        keep_count(data, count)
        call.database.put(key, ChangedText(data), keep_expiry=True)
    return count


def pfmerge(call: Call) -> Reply:
    """PFMERGE destination source ...: the destination has from now on what all of them have."""
    key = call.words[1]
    together, is_dense = _together(call)
    data = _held(call, key) or empty()
    if is_dense:
        data[4], data[HEADER:] = DENSE, packed(together)
    else:
        _set(call, data, ((index, value) for index, value in enumerate(together) if value))
    forget_count(data)
    put_text(call, key, ChangedText(data), "pfadd")
    return OK


def pfselftest(_call: Call) -> Reply:
    """PFSELFTEST: a real server tries its own arithmetic; ours is tried by the tests."""
    return OK


def _set(call: Call, data: bytearray, places: Iterable[tuple[int, int]]) -> bool:
    """Let registers be at least so much, in their order; returns whether one of them was less."""
    most_bytes = call.engine.configuration.number("hll-sparse-max-bytes")
    changed, sparse = False, None if data[4] == DENSE else Runs(data)
    try:
        for index, value in places:
            if sparse is not None:
                is_less = sparse.put(index, value, most_bytes)
                if is_less is not None:
                    changed |= is_less
                    continue
                data[HEADER:], sparse = sparse.encode(), None
                to_dense(data, is_strict=_is_strict(call))
            changed |= set_dense(data, index, value)
    finally:
        if sparse is not None:
            data[HEADER:] = sparse.encode()
        if changed:
            forget_count(data)
    return changed


def _together(call: Call) -> tuple[list[int], bool]:
    """The most that each register has in any of the keys, and whether one of them is dense."""
    most, is_dense = [0] * REGISTERS, False
    for key in call.words[1:]:
        value = call.database.get(key)
        if value is None:
            continue
        data = _checked(value)
        is_dense = is_dense or data[4] == DENSE
        try:
            most = [*map(max, most, registers(data, is_strict=_is_strict(call)))]
        except CorruptedError:
            raise CommandError(CORRUPTED) from None
    return most, is_dense


def _held(call: Call, key: bytes, *, reads: bool = False) -> bytearray | None:
    """What a key holds, to be changed; from now on the server keeps it as a string that was."""
    value = call.database.get(key) if reads else call.database.peek(key)
    if value is None:
        return None
    data = _checked(value)
    if not isinstance(value, ChangedText):
        call.database.values[key] = ChangedText(data)
    return data


def _checked(value: Value) -> bytearray:
    if not isinstance(value, bytes):
        raise CommandError(WRONG_TYPE)
    if not is_valid(value):
        raise CommandError(NOT_ONE)
    return bytearray(value)


def _is_strict(call: Call) -> bool:
    return call.profile.since(7, 4)


def pfdebug(call: Call) -> Reply:
    """PFDEBUG GETREG|DECODE|ENCODING|TODENSE key, PFDEBUG SIMD ON|OFF."""
    word, key = call.words[1], call.words[2]
    if word.lower() == b"simd" and call.profile.since(8, 0):
        return _simd(call)
    data = _held(call, key)
    if data is None:
        raise CommandError("ERR The specified key does not exist")
    run = _INSIDE.get(word.lower())
    if run is None:
        raise CommandError(b"ERR Unknown PFDEBUG subcommand '%b'" % word)
    if len(call.words) != 3:
        raise CommandError(b"ERR Wrong number of arguments for the '%b' subcommand" % word)
    return run(call, data)


def _simd(call: Call) -> Reply:
    debugging, word = call.engine.debugging, call.words[2].lower()
    if word in (b"on", b"off"):
        debugging.has_simd = word == b"on"
    state = Status(b"enabled" if debugging.has_simd else b"disabled")
    return state if word in (b"on", b"off") else Several([Failure(b"ERR Argument must be ON or OFF"), state])


def _to_dense(call: Call, data: bytearray) -> Reply:
    if data[4] == DENSE:
        return 0
    try:
        to_dense(data, is_strict=_is_strict(call))
    except CorruptedError:
        raise CommandError(CORRUPTED) from None
    call.database.values[call.words[2]] = ChangedText(data)
    call.engine.dirty += 1  # nobody who watches the key is told
    return 1


def _registers(call: Call, data: bytearray) -> Reply:
    _to_dense(call, data)
    return [*registers(data)]


def _encoding(_call: Call, data: bytearray) -> Reply:
    return Status(b"sparse" if data[4] == SPARSE else b"dense")


def _decode(_call: Call, data: bytearray) -> Reply:
    if data[4] != SPARSE:
        raise CommandError("ERR HLL encoding is not sparse")
    told = (
        f"v:{value},{count}" if value else f"{'Z' if is_long else 'z'}:{count}" for value, count, is_long in runs(data)
    )
    return " ".join(told).encode()


_INSIDE: Final[Mapping[bytes, Callable[[Call, bytearray], Reply]]] = {
    b"getreg": _registers,
    b"decode": _decode,
    b"encoding": _encoding,
    b"todense": _to_dense,
}

_PF: Final = "hyperloglog"

HYPERLOGLOG_COMMANDS: Final[Sequence[Command]] = (
    Command("pfadd", pfadd, -2, "write denyoom fast", (1, 1, 1), since=(2, 8), group=_PF),
    Command("pfcount", pfcount, -2, "readonly", (1, -1, 1), since=(2, 8), group=_PF),
    Command("pfmerge", pfmerge, -2, "write denyoom", (1, -1, 1), since=(2, 8), group=_PF),
    Command("pfdebug", pfdebug, -3, "write denyoom admin", (2, 2, 1), since=(2, 8), group=_PF),
    Command("pfselftest", pfselftest, 1, "admin", since=(2, 8), group=_PF),
)
