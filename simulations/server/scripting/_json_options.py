"""What scripts may set of cjson. It holds for all scripts of a server, as they share the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define

INTEGER_MAX: Final = 2**31 - 1
PRECISION_MAX: Final = 14
SWITCH: Final = ("off", "on")


@define
class JsonOptions:
    """The options of cjson, with the defaults of the library inside Redis.

    Attributes:
        sparse_convert: whether an array with too many holes is written as an object, and is no error.
        sparse_ratio, sparse_safe: which arrays have too many holes: those so many times as long as what is in them, if
            they are longer than that.
        encode_depth_max, decode_depth_max: so many tables may be inside each other.
        encode_invalid: whether infinity and what is no number are refused, written as they are, or as null.
        decode_invalid: whether numbers are read that are none in JSON.
        keeps_buffer: has no effect here.
        precision: the digits of numbers.
    """

    sparse_convert: bool = False
    sparse_ratio: int = 2
    sparse_safe: int = 10
    encode_depth_max: int = 1000
    decode_depth_max: int = 1000
    encode_invalid: str = "off"
    decode_invalid: str = "on"
    keeps_buffer: str = "on"
    precision: int = PRECISION_MAX


class BadOption(ValueError):
    """An argument is wrong.

    Args:
        place: which one, from 1.
        why: what it should be.
    """

    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place = place


Setting = Callable[[JsonOptions, Sequence[object]], object]
"""Takes the arguments of a script, and returns what it sees."""


def _checked(arguments: Sequence[object], most: int) -> list[object]:
    if len(arguments) > most:
        raise BadOption(most + 1, "found too many arguments")
    return [*arguments, *[None] * (most - len(arguments))]


def _integer(value: object, place: int, bounds: tuple[int, int]) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOption(place, "number expected")
    if not bounds[0] <= int(value) <= bounds[1]:
        raise BadOption(1, f"expected integer between {bounds[0]} and {bounds[1]}")
    return int(value)


def _word(value: object, place: int, words: Sequence[str]) -> str:
    if isinstance(value, bool):
        return SWITCH[value]
    if not isinstance(value, bytes):
        raise BadOption(place, "string expected")
    word = value.decode("latin-1")
    if word not in words:
        raise BadOption(place, f"invalid option '{word}'")
    return word


def _told(word: str) -> object:
    return {"off": False, "on": True}.get(word, word.encode())


def _integer_setting(name: str, most: int = INTEGER_MAX) -> Setting:
    def change(options: JsonOptions, arguments: Sequence[object]) -> object:
        (value,) = _checked(arguments, 1)
        if value is not None:
            setattr(options, name, _integer(value, 1, (1, most)))
        return getattr(options, name)

    return change


def _word_setting(name: str, words: Sequence[str] = SWITCH) -> Setting:
    def change(options: JsonOptions, arguments: Sequence[object]) -> object:
        (value,) = _checked(arguments, 1)
        if value is not None:
            setattr(options, name, _word(value, 1, words))
        return _told(getattr(options, name))

    return change


def _sparse_array(options: JsonOptions, arguments: Sequence[object]) -> object:
    convert, ratio, safe = _checked(arguments, 3)
    if convert is not None:
        options.sparse_convert = _word(convert, 1, SWITCH) == "on"
    if ratio is not None:
        options.sparse_ratio = _integer(ratio, 2, (0, INTEGER_MAX))
    if safe is not None:
        options.sparse_safe = _integer(safe, 3, (0, INTEGER_MAX))
    return options.sparse_convert, options.sparse_ratio, options.sparse_safe


SETTINGS: Final[Mapping[bytes, Setting]] = {
    b"encode_sparse_array": _sparse_array,
    b"encode_max_depth": _integer_setting("encode_depth_max"),
    b"decode_max_depth": _integer_setting("decode_depth_max"),
    b"encode_number_precision": _integer_setting("precision", PRECISION_MAX),
    b"encode_keep_buffer": _word_setting("keeps_buffer"),
    b"encode_invalid_numbers": _word_setting("encode_invalid", ("off", "on", "null")),
    b"decode_invalid_numbers": _word_setting("decode_invalid"),
}
