"""How commands name fields of a hash ("FIELDS 2 a b") and say until when they stay.

Until 8.2 each word has its place; since then the options come in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define

from .._command import INTEGER_MAX, Call, integer
from .._errors import CommandError, wrong_arity

LATEST_MS: Final = 0xFFFFFFFFFFFE >> 2
"""No field expires later than this."""

NO_FIELDS: Final = "ERR Mandatory argument FIELDS is missing or not at the right position"
NOT_SO_MANY: Final = "ERR The `numfields` parameter must match the number of arguments"
NOT_POSITIVE: Final = "ERR Number of fields must be a positive integer"
NOT_ABOVE_ZERO: Final = "ERR Parameter `numFields` should be greater than 0"
EXPIRIES: Final = (b"EX", b"PX", b"EXAT", b"PXAT")
CONDITIONS: Final = (b"NX", b"XX", b"GT", b"LT")
_TOGETHER: Final = {b"PERSIST": (b"KEEPTTL",), b"KEEPTTL": (b"PERSIST",)}
"""Which of them may be said together, as both of them at once are refused for another reason."""


@define
class FieldOptions:
    """What is said of the fields.

    Attributes:
        fields: their names; of HSETEX each with its value behind it.
        until: one of `EXPIRIES`, b"PERSIST" or b"KEEPTTL"; empty: nothing is said.
        at_ms: the moment, of `EXPIRIES`.
        condition: one of `CONDITIONS`, b"FNX" or b"FXX"; empty: none.
    """

    fields: Sequence[bytes] = ()
    until: bytes = b""
    at_ms: int = 0
    condition: bytes = b""


def takes_any_order(call: Call) -> bool:
    """Whether the options may come in any order."""
    return call.profile.since(8, 4)


def moment_ms(call: Call, word: bytes, *, in_seconds: bool, relative: bool, name: str) -> int:
    """When a field expires.

    Raises:
        CommandError: that is no time.
    """
    number, base = integer(word), call.now_ms if relative else 0
    if number < 0:
        raise CommandError("ERR invalid expire time, must be >= 0")
    ms = number * 1000 if in_seconds else number
    if ms > LATEST_MS - base:
        raise CommandError(f"ERR invalid expire time in '{name}' command")
    return ms + base


def counted_fields(call: Call, position: int, error: str = NOT_POSITIVE) -> Sequence[bytes]:
    """The fields behind "FIELDS n" at the very end of a command.

    Raises:
        CommandError: they are said in another way.
    """
    words = call.words
    if words[position].upper() != b"FIELDS":
        raise CommandError(NO_FIELDS)
    number = integer(words[position + 1], error, least=1)
    if number != len(words) - position - 2:
        raise CommandError(NOT_SO_MANY)
    return words[position + 2 :]


class AnyOrder:
    """Reads options in any order, FIELDS among them.

    Args:
        call: the command.
        position: where they begin.
        each: how many words belong to each field.
        errors: the replies to a number of fields that is none, and to too few words behind FIELDS.
    """

    def __init__(self, call: Call, position: int, *, each: int, errors: tuple[str, CommandError]) -> None:
        self._call = call
        self._position = position
        self._each = each
        self._errors = errors

    def read(self, option: Callable[[bytes, int], int | None]) -> Sequence[bytes]:
        """The fields.

        Args:
            option: called with a word that is not FIELDS and where the next one is; returns behind which words to go
                on, None if it does not know the word.

        Raises:
            CommandError: there is another word, or FIELDS is missing or twice.
        """
        words, fields = self._call.words, None
        while self._position < len(words):
            word = words[self._position]
            if word.upper() == b"FIELDS":
                if fields is not None:
                    raise CommandError("ERR FIELDS keyword specified multiple times")
                fields = self._fields()
                continue
            behind = option(word.upper(), self._position + 1)
            if behind is None:
                raise CommandError(b"ERR unknown argument: " + word)
            self._position = behind
        if fields is None:
            raise CommandError("ERR missing FIELDS argument")
        return fields

    def _fields(self) -> Sequence[bytes]:
        words, begin = self._call.words, self._position + 2
        not_a_number, too_few = self._errors
        if len(words) < begin + (self._each == 0):
            raise too_few
        number = integer(words[begin - 1], not_a_number, least=1, most=2**31 - 1)
        end = begin + number * max(self._each, 1)
        if end > len(words):
            raise CommandError("ERR wrong number of arguments")
        self._position = end
        return words[begin:end]


def parse_expiring(call: Call, name: str) -> FieldOptions:
    """What HGETEX and HSETEX are told since 8.4.

    Raises:
        CommandError: it is said in another way.
    """
    options, sets = FieldOptions(), name == "hsetex"
    said: dict[bytes, None] = {}

    def option(word: bytes, position: int) -> int | None:
        if word in (*EXPIRIES, b"PERSIST", b"KEEPTTL"):
            if any(other not in _TOGETHER.get(word, ()) for other in said):
                last = "KEEPTTL" if sets else "PERSIST"
                raise CommandError(f"ERR Only one of EX, PX, EXAT, PXAT or {last} arguments can be specified")
            said[word] = None
            options.until = word
            return _expiry(call, options, position, name)
        if word in (b"FNX", b"FXX"):
            if options.condition:
                raise CommandError("ERR Only one of FXX or FNX arguments can be specified")
            options.condition = word
            return position
        return None

    reader = AnyOrder(call, 2, each=2 if sets else 1, errors=("ERR invalid number of fields", wrong_arity(name)))
    options.fields = reader.read(option)
    if (sets and b"PERSIST" in said) or (not sets and (b"KEEPTTL" in said or options.condition)):
        raise CommandError("ERR unknown argument")
    return options


def _expiry(call: Call, options: FieldOptions, position: int, name: str) -> int:
    if options.until not in EXPIRIES:
        return position
    if position >= len(call.words):
        raise CommandError("ERR missing expire time")
    in_seconds, relative = options.until.startswith(b"E"), not options.until.endswith(b"AT")
    options.at_ms = moment_ms(call, call.words[position], in_seconds=in_seconds, relative=relative, name=name)
    return position + 1


def parse_hgetex_before(call: Call) -> FieldOptions:
    """What HGETEX is told before 8.4.

    Raises:
        CommandError: it is said in another way.
    """
    options, words, position = FieldOptions(), call.words, 2
    word = words[2].upper()
    if word in (*EXPIRIES, b"PERSIST"):
        options.until = word
        position = _expiry(call, options, 3, "hgetex")
    if position + 1 >= len(words):
        raise wrong_arity("hgetex")
    options.fields = counted_fields(call, position)
    return options


def parse_hsetex_before(call: Call) -> FieldOptions:
    """What HSETEX is told before 8.4: options in any order, and the fields at the end.

    Raises:
        CommandError: it is said in another way.
    """
    options, words, position = FieldOptions(), call.words, 2
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == b"FIELDS":
            options.fields = _pairs_at_the_end(call, position)
            return options
        if word in (*EXPIRIES, b"KEEPTTL"):
            if options.until:
                raise CommandError("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
            options.until = word
            position = _expiry(call, options, position, "hsetex")
        elif word in (b"FXX", b"FNX"):
            if options.condition:
                raise CommandError("ERR Only one of FXX or FNX arguments can be specified")
            options.condition = word
        else:
            raise CommandError(b"ERR unknown argument: " + words[position - 1])
    return options


def _pairs_at_the_end(call: Call, position: int) -> Sequence[bytes]:
    left = len(call.words) - position - 1
    if left < 2:
        raise wrong_arity("hsetex")
    number = integer(call.words[position], "ERR invalid number of fields", least=1, most=2**31 - 1)
    if left != 2 * number or left > INTEGER_MAX:
        raise wrong_arity("hsetex")
    return call.words[position + 1 :]
