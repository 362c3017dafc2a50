"""What XREAD and XREADGROUP are told."""

from __future__ import annotations

from typing import Final

from attrs import define

from .._command import Call, integer
from .._errors import CommandError, syntax_error
from .._session import Words
from ._lookup import shown

KNOWN_MAX: Final = 64
"""Reads that are remembered in full: those of so many consumers, while each says the same again and again."""
KNOWN_WORDS: Final = 16
KNOWN_BYTES: Final = 1024
"""One that is longer is not remembered, so that all of them take little memory."""
KNOWN_BLOCK_MS: Final = 2**53
"""Whether a longer time is allowed depends on the clock."""


@define(eq=False)
class ReadOptions:
    """The arguments of a read. Once parsed they do not change: the next read with the same words gets them, too.

    Attributes:
        keys, ids: the streams, and for each the word that says from where.
        group, consumer: those of XREADGROUP; None for XREAD.
        count: entries per stream at most; 0: no limit.
        block_ms: how long to wait, 0: for ever; None: not at all.
        no_ack: whether what is read does not become pending.
        of_one: whether it is one stream of which a group gets what is new, as nearly always; 5.0 has rules of its own.
        joins_always: whether the consumer is made, or has been seen, also where there is nothing for it.
        claim_ms: entries of others that are pending for so long are taken over; None: not asked for.
    """

    keys: list[bytes]
    ids: list[bytes]
    group: bytes | None = None
    consumer: bytes = b""
    count: int = 0
    block_ms: int | None = None
    no_ack: bool = False
    of_one: bool = False
    joins_always: bool = True
    claim_ms: int | None = None


class KnownReads:
    """Reads of what is new, which clients say word for word again as long as they live: they are parsed once."""

    def __init__(self) -> None:
        self.by_words: dict[tuple[bytes, ...], ReadOptions] = {}
        """What words came to when they came before; not to be changed."""

    def note(self, words: Words, options: ReadOptions) -> None:
        """These words may come again."""
        if len(words) > KNOWN_WORDS or sum(map(len, words)) > KNOWN_BYTES or (options.block_ms or 0) > KNOWN_BLOCK_MS:
            return
        if len(self.by_words) >= KNOWN_MAX:
            self.by_words.clear()
        self.by_words[tuple(words)] = options


def parse_read(call: Call, name: str) -> ReadOptions:
    """The words of XREAD or XREADGROUP.

    Raises:
        CommandError: they are wrong.
    """
    words = call.words
    if words[-1] != b">":
        return _parse(call, name)
    known = call.engine.known_reads
    options = known.by_words.get(tuple(words))
    if options is None or (options.block_ms is not None and call.session.in_script):
        options = _parse(call, name)
        known.note(words, options)
    return options


def _parse(call: Call, name: str) -> ReadOptions:
    words = call.words
    options = ReadOptions([], [])
    end = len(words)
    at = 1
    while at < end:
        word = words[at].upper()
        left = end - at - 1
        if word == b"STREAMS" and left:
            _set_streams(call, name, options, at + 1)
            break
        if word == b"GROUP" and left >= 2:
            _only_for_groups(name, "GROUP")
            options.group, options.consumer = words[at + 1], words[at + 2]
            at += 3
        elif word == b"COUNT" and left:
            options.count = max(0, integer(words[at + 1]))
            at += 2
        elif word == b"BLOCK" and left:
            _refuse_waiting_scripts(call)
            options.block_ms = _parse_timeout(call, words[at + 1])
            at += 2
        elif word == b"NOACK":
            _only_for_groups(name, "NOACK")
            options.no_ack = True
            at += 1
        elif word == b"CLAIM" and left and call.profile.since(8, 4):
            _only_for_groups(name, "CLAIM")
            options.claim_ms = _parse_claim(words[at + 1])
            at += 2
        else:
            raise syntax_error()
    if not options.keys:
        raise syntax_error()
    if name == "xreadgroup" and options.group is None:
        raise CommandError("ERR Missing GROUP option for XREADGROUP")
    options.of_one = options.group is not None and options.ids == [b">"] and call.profile.since(6, 0)
    options.joins_always = call.profile.since(7, 2)
    return options


def _set_streams(call: Call, name: str, options: ReadOptions, first: int) -> None:
    words = call.words
    half, odd = divmod(len(words) - first, 2)
    if odd:
        raise CommandError(_unbalanced(call, name))
    options.keys, options.ids = list(words[first : first + half]), list(words[first + half :])


def _unbalanced(call: Call, name: str) -> str:
    profile = call.profile
    shown, ids = "XREAD", "an ID or '$'"
    if profile.since(7, 2):
        shown = f"'{name}'"
        if name == "xreadgroup":
            ids = "an ID or '>'"
        elif profile.since(8, 0):
            ids = "an ID, '+', or '$'"
    return f"ERR Unbalanced {shown} list of streams: for each stream key {ids} must be specified."


def _only_for_groups(name: str, option: str) -> None:
    if name != "xreadgroup":
        raise CommandError(f"ERR The {option} option is only supported by XREADGROUP. You called XREAD instead.")


def _refuse_waiting_scripts(call: Call) -> None:
    """Before 7.2 a script may not say BLOCK; since then it does not wait, as in a transaction."""
    if call.session.in_script and not call.profile.since(7, 2):
        raise CommandError(b"ERR %b command is not allowed with BLOCK option from scripts" % shown(call.words[0]))


def _parse_timeout(call: Call, word: bytes) -> int:
    timeout_ms = integer(word, "ERR timeout is not an integer or out of range")
    if timeout_ms < 0:
        raise CommandError("ERR timeout is negative")
    if timeout_ms > 2**63 - 1 - call.now_ms and call.profile.since(7, 2):
        raise CommandError("ERR timeout is out of range")
    return timeout_ms


def _parse_claim(word: bytes) -> int:
    claim_ms = integer(word, "ERR min-idle-time is not an integer or out of range")
    if claim_ms < 0:
        raise CommandError("ERR min-idle-time must be a positive integer")
    return claim_ms
