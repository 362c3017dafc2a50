"""GEOADD, GEOPOS, GEODIST and GEOHASH: sorted sets of which the scores are places on Earth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from .._command import Call, Command
from .._errors import CommandError, syntax_error
from .._profile import Profile
from .._reply import NULL_ARRAY, Double, Reply
from ._geohash import LATITUDE_MAX, LONGITUDE_MAX, Place, distance_meters, place_at, score_of, text_of
from ._numbers import double, long_double_text, shortest
from ._sorted_set import SortedSet
from ._sorted_sets import zadd

_METERS: Final = {b"M": 1.0, b"KM": 1000.0, b"FT": 0.3048, b"MI": 1609.34}
USAGE: Final = "ERR syntax error. Try GEOADD key [x1] [y1] [name1] [x2] [y2] [name2] ... "


def geoadd(call: Call) -> Reply:
    """GEOADD key [NX|XX] [CH] longitude latitude member ...: a ZADD, for everybody else, too."""
    words, position = call.words, 2
    has_options = call.profile.since(6, 2)
    while has_options and position < len(words) and words[position].upper() in (b"NX", b"XX", b"CH"):
        position += 1
    options = words[2:position]
    if (len(words) - position) % 3 or {b"NX", b"XX"} <= {option.upper() for option in options}:
        raise syntax_error() if has_options else CommandError(USAGE)
    pairs: list[bytes] = []
    for at in range(position, len(words), 3):
        pairs += [b"%d" % score_of(place_of(words[at], words[at + 1])), words[at + 2]]
    added = [b"zadd", words[1], *options, *pairs]
    return zadd(Call(call.engine, call.session, added, nested=call.nested))


def geopos(call: Call) -> Reply:
    """GEOPOS key member ..."""
    held = call.database.get_as(SortedSet, call.words[1])
    scores = [None if held is None else held.scores.get(member) for member in call.words[2:]]
    return [
        NULL_ARRAY if score is None else place_reply(place_at(score, call.profile), call.profile) for score in scores
    ]


def geohash(call: Call) -> Reply:
    """GEOHASH key member ..."""
    held = call.database.get_as(SortedSet, call.words[1])
    scores = [None if held is None else held.scores.get(member) for member in call.words[2:]]
    return [None if score is None else text_of(place_at(score, call.profile)) for score in scores]


def geodist(call: Call) -> Reply:
    """GEODIST key member member [M|KM|FT|MI]."""
    words = call.words
    if len(words) > 5:
        raise syntax_error()
    meters = meters_of(call, words[4]) if len(words) == 5 else 1.0
    held = call.database.get_as(SortedSet, words[1])
    if held is None:
        return None
    one, other = held.scores.get(words[2]), held.scores.get(words[3])
    if one is None or other is None:
        return None
    distance = distance_meters(place_at(one, call.profile), place_at(other, call.profile))
    return distance_text(distance / meters, call.profile)


def place_of(longitude: bytes, latitude: bytes) -> Place:
    """A place that a client names.

    Raises:
        CommandError: it is none, or too near to a pole.
    """
    x, y = double(longitude), double(latitude)
    if abs(x) > LONGITUDE_MAX or abs(y) > LATITUDE_MAX:
        raise CommandError(f"ERR invalid longitude,latitude pair {x:f},{y:f}")
    return Place(x, y)


def meters_of(call: Call, unit: bytes) -> float:
    """How many meters a unit has; in upper case since 7.0, too.

    Raises:
        CommandError: there is no such unit.
    """
    modern = call.profile.since(7, 0)
    meters = _METERS.get(unit.upper() if modern else unit.swapcase())
    if meters is None:
        known = "M, KM, FT, MI" if modern else "m, km, ft, mi"
        raise CommandError(f"ERR unsupported unit provided. please use {known}")
    return meters


def distance_text(distance: float, profile: Profile) -> bytes:
    """Four digits behind the point; since 7.0 by way of a whole number, which rounds halves differently."""
    if not profile.since(7, 0) or not math.isfinite(distance):
        return f"{distance:.4f}".encode()
    whole = round(distance * 10_000)
    return b"%d.%04d" % divmod(whole, 10_000)


def place_reply(place: Place, profile: Profile) -> list[Reply]:
    """Longitude and latitude."""
    return [_degrees(place.longitude, profile), _degrees(place.latitude, profile)]


def _degrees(number: float, profile: Profile) -> Reply:
    if profile.since(8, 0):
        return Double(shortest(number))
    return Double(long_double_text(Fraction(number)))


_G: Final = "geo"
_ONE: Final = (1, 1, 1)

GEO_COMMANDS: Final[Sequence[Command]] = (
    Command("geoadd", geoadd, -5, "write denyoom", _ONE, since=(3, 2), group=_G),
    Command("geopos", geopos, -2, "readonly", _ONE, since=(3, 2), group=_G),
    Command("geohash", geohash, -2, "readonly", _ONE, since=(3, 2), group=_G),
    Command("geodist", geodist, -4, "readonly", _ONE, since=(3, 2), group=_G),
)
