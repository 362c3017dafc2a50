"""Which words of a command are keys, and what the command does with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from ._command import Command
from ._facts import KeySpec, key_specs
from ._session import Words

_RO: Final = ("RO", "access")
_RW: Final = ("RW", "access", "update")


class NoSuchKeys(ValueError):
    """The words are not where they should be, as in ``EVAL script x``."""


@frozen
class KeyUse:
    """One key of a command.

    Attributes:
        at: which word it is.
        key: the key.
        flags: what becomes of it, as `KeySpec` has it.
    """

    at: int
    key: bytes
    flags: Sequence[str]

    @property
    def access(self) -> str:
        """What a user has to be granted: R to see what it holds, W to change that."""
        reads = "access" in self.flags
        writes = any(flag in self.flags for flag in ("insert", "delete", "update"))
        return ("R" if reads else "") + ("W" if writes else "")


def keys_of(command: Command, words: Words, name: str = "") -> Words:
    """The words that are keys, in their order; none if they are not where they should be."""
    try:
        return [use.key for use in key_uses(command, words, name)]
    except NoSuchKeys:
        return ()


def key_uses(command: Command, words: Words, name: str = "") -> Sequence[KeyUse]:
    """The keys of a command with what becomes of each.

    Args:
        command: the command, or the subcommand.
        words: all of it, the name first.
        name: its full name, as in "xgroup|create".

    Raises:
        NoSuchKeys: they are not where they should be.
    """
    name = name or command.name
    if name in _SPECIAL:
        return list(_SPECIAL[name](words))
    specs = key_specs(name)
    if not specs:
        return list(_by_position(command, words))
    return [use for spec in specs if "not_key" not in spec.flags for use in _by_spec(spec, words)]


def may_have_keys(command: Command, name: str) -> bool:
    """Whether a command can have keys at all."""
    return bool(command.keys[0]) or any("not_key" not in spec.flags for spec in key_specs(name))


def has_movable_keys(name: str) -> bool:
    """Whether a command's keys are where other words say they are."""
    return any(spec.begin[0] != "index" or spec.find[0] != "range" for spec in key_specs(name))


def channels_of(name: str, words: Words) -> tuple[Words, bool]:
    """The words that are channels, and whether they are patterns."""
    if name in {"publish", "spublish"}:
        return words[1:2], False
    if name in {"subscribe", "ssubscribe"}:
        return words[1:], False
    if name == "psubscribe":
        return words[1:], True
    return (), False


def _by_position(command: Command, words: Words) -> Iterator[KeyUse]:
    first, last, step = command.keys
    if not first:
        return
    end = last + 1 if last >= 0 else len(words) + last + 1
    flags = _RO if "readonly" in command.flags else _RW
    yield from (KeyUse(at, words[at], flags) for at in range(first, min(end, len(words)), step))


def _by_spec(spec: KeySpec, words: Words) -> Iterator[KeyUse]:
    first = _first(spec, words)
    if first is None:
        return
    if spec.find[0] == "range":
        last, step, limit = (int(number) for number in spec.find[1:])
        if last >= 0:
            end = first + last
        elif limit:
            end = first + (len(words) - first) // limit + last
        else:
            end = len(words) + last
    else:
        at, begin, step = (int(number) for number in spec.find[1:])
        if first + at >= len(words) or not words[first + at].isdigit():
            raise NoSuchKeys
        number = int(words[first + at])
        first += begin
        if number == 0:
            return
        end = first + (number - 1) * step
    if not first <= end < len(words):
        raise NoSuchKeys
    yield from (KeyUse(at, words[at], spec.flags) for at in range(first, end + 1, step))


def _first(spec: KeySpec, words: Words) -> int | None:
    if spec.begin[0] == "index":
        return int(spec.begin[1])
    if spec.begin[0] == "unknown":
        raise NoSuchKeys
    keyword, start = str(spec.begin[1]).encode(), int(spec.begin[2])
    places = range(start, len(words) - 1) if start > 0 else range(len(words) + start, 1, -1)
    for at in places:
        if 1 <= at < len(words) and words[at].upper() == keyword:
            return at + 1
    return None


def _of_sort(words: Words) -> Iterator[KeyUse]:
    """SORT: the key, and behind the last STORE the one that is written."""
    yield KeyUse(1, words[1], _RO)
    store: int | None = None
    at = 2
    while at < len(words):
        word = words[at].upper()
        if word == b"STORE" and at + 1 < len(words):
            store = at + 1
        at += {b"LIMIT": 3, b"GET": 2, b"BY": 2, b"STORE": 2}.get(word, 1)
    if store is not None:
        yield KeyUse(store, words[store], ("OW", "update"))


def _of_set(words: Words) -> Iterator[KeyUse]:
    """SET and BITFIELD: what the other words say decides whether the key is read, too."""
    reads = any(word.upper() == b"GET" for word in words[3:])
    yield KeyUse(1, words[1], ("RW", "access", "update") if reads else ("OW", "update"))


def _of_bitfield(words: Words) -> Iterator[KeyUse]:
    only_reads = True
    at = 2
    while at < len(words):
        word = words[at].upper()
        if word in {b"SET", b"INCRBY"}:
            only_reads = False
            at += 4
        else:
            at += {b"GET": 3, b"OVERFLOW": 2}.get(word, 1)
    yield KeyUse(1, words[1], _RO if only_reads else _RW)


def _of_migrate(words: Words) -> Iterator[KeyUse]:
    """MIGRATE host port key …, or "" for the key and KEYS key key at the end."""
    first, last = 3, 3
    if len(words) > 6:
        for at in range(6, len(words)):
            if words[at].upper() == b"KEYS" and not words[3]:
                first, last = at + 1, len(words) - 1
                break
    yield from (KeyUse(at, words[at], ("RW", "access", "delete")) for at in range(first, last + 1))


_SPECIAL: Final = {
    "sort": _of_sort,
    "sort_ro": lambda words: iter([KeyUse(1, words[1], _RO)]),
    "set": _of_set,
    "bitfield": _of_bitfield,
    "migrate": _of_migrate,
}
