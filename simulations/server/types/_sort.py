"""SORT and SORT_RO: what a list, a set or a sorted set has, in an order of its own, and what other keys say of it."""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import WRONG_TYPE, CommandError, syntax_error
from .._keyspace import Value
from .._reply import Reply
from ..access._permissions import may_read_every_key
from ._changes import overwrite
from ._list import List
from ._set import Set
from ._sort_order import SortOptions, look_up, ordered
from ._sorted_set import SortedSet

SLOTS: Final = 16384
_TAG: Final = re.compile(rb"[^{]*\{([^}]+)\}", re.DOTALL)
_PATTERN_TAG: Final = re.compile(rb"[^{*?\[\\]*\{([^}*?\[\\]+)\}", re.DOTALL)
_WILD: Final = re.compile(rb"[*?\[\\]")


def sort(call: Call) -> Reply:
    """SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]."""
    return _sort(call, may_store=True)


def sort_ro(call: Call) -> Reply:
    """SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA]."""
    return _sort(call, may_store=False)


def _sort(call: Call, *, may_store: bool) -> Reply:
    if not call.profile.since(6, 2):
        _sortable(call)  # before it reads what is wanted of it
    options = _parse(call, may_store=may_store)
    value = _sortable(call)
    if options.unsorted and isinstance(value, Set) and (options.store is not None or call.session.in_script):
        # A set has no order of its own, and files and replicas are to get the same.
        options.unsorted, options.as_text, options.by = False, True, None
    elements = _elements(value, options)
    first, last = _range(options, len(elements))
    if not options.unsorted:
        elements = ordered(call, elements, options, first, last)
    found: list[bytes | None] = []
    for element in elements[max(first, 0) : max(last + 1, 0)]:
        found += [look_up(call, pattern, element) for pattern in options.gets] if options.gets else [element]
    if options.store is None:
        return [*found]
    made = List.stored([item or b"" for item in found], call.engine.limits)
    overwrite(call, options.store, made if found else None, "l", "sortstore")
    return len(found)


def _sortable(call: Call) -> List | Set | SortedSet | None:
    value = call.database.get(call.words[1])
    if value is not None and not isinstance(value, List | Set | SortedSet):
        raise CommandError(WRONG_TYPE)
    return value


def _elements(value: Value | None, options: SortOptions) -> list[bytes]:
    if isinstance(value, SortedSet):
        members = [member for _, member in value.rows]
        value.is_compact = False  # a real server sorts no compact one
    elif isinstance(value, Set):
        return value.ordered()
    elif isinstance(value, List):
        members = list(value.items)
    else:
        return []
    return members[::-1] if options.unsorted and options.descending else members


def _range(options: SortOptions, count: int) -> tuple[int, int]:
    """The first and the last place that is asked for; the last is before the first where there is none."""
    first = max(options.offset, 0)
    last = count - 1 if options.limit < 0 else first + options.limit - 1
    if first >= count:
        return count - 1, count - 2
    return first, min(last, count - 1)


def _parse(call: Call, *, may_store: bool) -> SortOptions:
    words, options, position = call.words, SortOptions(), 2
    while position < len(words):
        word, left = words[position].upper(), len(words) - position - 1
        position += 1
        if word in (b"ASC", b"DESC"):
            options.descending = word == b"DESC"
        elif word == b"ALPHA":
            options.as_text = True
        elif word == b"LIMIT" and left >= 2:
            options.offset, options.limit = integer(words[position]), integer(words[position + 1])
            position += 2
        elif word in (b"BY", b"GET", b"STORE") and left >= 1 and (may_store or word != b"STORE"):
            _take(call, options, word, words[position])
            position += 1
        else:
            raise syntax_error()
    return options


def _take(call: Call, options: SortOptions, option: bytes, word: bytes) -> None:
    if option == b"STORE":
        options.store = word
    elif option == b"GET":
        _check_pattern(call, "GET", word)
        options.gets.append(word)
    elif b"*" in word:
        _check_pattern(call, "BY", word)
        options.by = word
    else:
        options.by, options.unsorted = word, True


def _check_pattern(call: Call, option: str, pattern: bytes) -> None:
    """Refuse what would look at keys of other nodes, or at keys that the user may not see.

    Raises:
        CommandError: it would.
    """
    settings = call.engine.configuration
    has_cluster = "cluster-enabled" in settings and settings["cluster-enabled"] == "yes"
    if has_cluster and not _stays_in_slot(call, option, pattern):
        reason = " when keys formed by the pattern may be in different slots" if call.profile.since(7, 4) else ""
        raise CommandError(f"ERR {option} option of SORT denied in Cluster mode{reason}.")
    if call.profile.since(7, 0) and not may_read_every_key(call.engine, call.session, call.words):
        raise CommandError(f"ERR {option} option of SORT denied due to insufficient ACL permissions.")


def _stays_in_slot(call: Call, option: str, pattern: bytes) -> bool:
    """Whether all keys of a pattern have the key's own slot, as braces may say; since 7.4 that is enough."""
    if not call.profile.since(7, 4):
        return False
    return (option == "GET" and pattern == b"#") or _slot_of(pattern) == _slot_of(call.words[1], is_pattern=False)


def _slot_of(text: bytes, *, is_pattern: bool = True) -> int | None:
    """The slot of a key, or of all keys of a pattern; None: they are in several."""
    tag = (_PATTERN_TAG if is_pattern else _TAG).match(text)
    if tag is None and is_pattern and _WILD.search(text):
        return None
    return crc_hqx(text if tag is None else tag[1], 0) % SLOTS


SORT_COMMANDS: Final[Sequence[Command]] = (
    Command("sort", sort, -2, "write denyoom movablekeys", (1, 1, 1)),
    Command("sort_ro", sort_ro, -2, "readonly movablekeys", (1, 1, 1), since=(7, 0)),
)
