"""Which numbers the format gives to kinds of values, and which of them each version knows."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from .._profile import Profile
from ..administration._configuration import Configuration
from ..types._limits import Limits

if TYPE_CHECKING:
    from .._engine import Engine


class Kind(IntEnum):
    """What a value is written as."""

    STRING = 0
    LIST = 1
    SET = 2
    SORTED_SET_OF_TEXT = 3
    HASH = 4
    SORTED_SET = 5
    HASH_ZIPMAP = 9
    LIST_ZIPLIST = 10
    SET_INTSET = 11
    SORTED_SET_ZIPLIST = 12
    HASH_ZIPLIST = 13
    LIST_OF_ZIPLISTS = 14
    STREAM = 15
    HASH_LISTPACK = 16
    SORTED_SET_LISTPACK = 17
    LIST_OF_LISTPACKS = 18
    STREAM_2 = 19
    SET_LISTPACK = 20
    STREAM_3 = 21
    HASH_EXPIRING_OLD = 22
    HASH_LISTPACK_EXPIRING_OLD = 23
    HASH_EXPIRING = 24
    HASH_LISTPACK_EXPIRING = 25
    STREAM_4 = 26


_NEWEST: Final = {9: Kind.STREAM, 10: Kind.STREAM_2, 11: Kind.STREAM_3, 12: Kind.HASH_LISTPACK_EXPIRING}
"""The newest kind of each version of the format."""


def rdb_version(profile: Profile) -> int:
    """The version of the format that a server writes."""
    for since, number in (((8, 6), 13), ((7, 4), 12), ((7, 2), 11), ((7, 0), 10)):
        if profile.since(*since):
            return number
    return 9


@frozen
class Format:
    """The format as one server writes and reads it.

    Attributes:
        profile: its version.
        limits: what is compact, which decides how a value is kept.
        configuration: other parameters.
        checks_sums: whether what is read has to have the right checksum.
    """

    profile: Profile
    limits: Limits
    configuration: Configuration
    checks_sums: bool = True

    @property
    def version(self) -> int:
        """Of the format."""
        return rdb_version(self.profile)

    @property
    def has_listpacks(self) -> bool:
        """Whether small values are listpacks, or still ziplists."""
        return self.profile.since(7, 0)

    @property
    def stream_kind(self) -> Kind:
        """What streams are written as."""
        return {9: Kind.STREAM, 10: Kind.STREAM_2, 11: Kind.STREAM_3, 12: Kind.STREAM_3}.get(
            self.version, Kind.STREAM_4
        )

    def knows(self, kind: int) -> bool:
        """Whether a value of this kind can be read."""
        return kind in _ALL and kind <= _NEWEST.get(self.version, Kind.STREAM_4)


_ALL: Final = frozenset(Kind)


def format_of(engine: Engine) -> Format:
    """The format as a server writes and reads it now."""
    checks_sums = not engine.debugging.skips_checksums
    return Format(engine.profile, engine.limits, engine.configuration, checks_sums)
