"""Some of a hash's fields: HSCAN, HRANDFIELD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._errors import syntax_error
from .._reply import Reply, Rows
from ._hash import Hash
from ._hash_fields import drop_expired, hash_at
from ._random import LONG_MAX, choose, one_of, random_count
from ._scan import is_wanted, next_page, parse_cursor, scan_options


def hscan(call: Call) -> Reply:
    """HSCAN key cursor [MATCH pattern] [COUNT n] [NOVALUES]."""
    cursor = parse_cursor(call, call.words[2])
    held = hash_at(call, call.words[1])
    if held is None:
        return [b"0", []]
    options = scan_options(call, cursor)
    if held.is_compact:
        cursor, page = 0, [name for name in held.fields if is_wanted(name, options)]
    else:
        cursor, page, held.scan_order = next_page(held.fields.keys(), options, held.scan_order)
    told: list[Reply] = []
    for name in page:
        if held.is_live(name, call.now_ms):
            told += [name] if options.names_only else [name, held.fields[name]]
    return [b"%d" % cursor, told]


def hrandfield(call: Call) -> Reply:
    """HRANDFIELD key [count [WITHVALUES]]."""
    words = call.words
    count = random_count(call, words[2]) if len(words) > 2 else None
    if len(words) > 4 or (len(words) == 4 and words[3].upper() != b"WITHVALUES"):
        raise syntax_error()
    if len(words) == 4:
        random_count(call, words[2], LONG_MAX // 2)
    held = hash_at(call, words[1])
    if held is None or _is_gone(call, words[1], held):
        return None if count is None else []
    if count is None:
        return one_of(held.fields, call.engine.rng)
    chosen = choose(held.fields, count, call.engine.rng)
    return Rows([(name, held.fields[name]) for name in chosen]) if len(words) == 4 else [*chosen]


def _is_gone(call: Call, key: bytes, held: Hash) -> bool:
    """Remove all fields that have expired; whether nothing is left."""
    if held.expires:
        drop_expired(call, key, held, held.expired(call.now_ms))
    return not held.fields


_ONE = (1, 1, 1)

HASH_SOME_COMMANDS: Final[Sequence[Command]] = (
    Command("hscan", hscan, -3, "readonly", _ONE, since=(2, 8), group="hash"),
    Command("hrandfield", hrandfield, -2, "readonly", _ONE, since=(6, 2), group="hash"),
)
