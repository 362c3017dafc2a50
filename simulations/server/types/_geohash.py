"""Places on Earth as numbers of 52 bits: those of longitude and latitude in turns, so that what is close is often near.

A cell of `step` has so many bits of each; the smaller the step, the larger the cell.
"""

from __future__ import annotations

import math
from typing import Final

from attrs import frozen

from .._profile import Profile

STEP_MAX: Final = 26
LONGITUDE_MAX: Final = 180.0
LATITUDE_MAX: Final = 85.05112878
"""As far as the Mercator projection goes; no place is nearer to a pole."""
EARTH_RADIUS_METERS: Final = 6372797.560856
_RADIANS: Final = math.pi / 180.0
_ALPHABET: Final = "0123456789bcdefghjkmnpqrstuvwxyz"
_ODD: Final = 0xAAAAAAAAAAAAAAAA
_EVEN: Final = 0x5555555555555555


@frozen
class Place:
    """A point.

    Attributes:
        longitude, latitude: in degrees.
    """

    longitude: float
    latitude: float


@frozen
class Cell:
    """A part of the map.

    Attributes:
        bits: where it is.
        step: how small it is.
    """

    bits: int
    step: int

    def scores(self) -> tuple[int, int]:
        """The lowest score of a place in it, and the one behind the highest."""
        shift = 2 * (STEP_MAX - self.step)
        return self.bits << shift, self.bits + 1 << shift

    def area(self) -> tuple[float, float, float, float]:
        """The least longitude and latitude, and the most."""
        latitude, longitude = _parted(self.bits), _parted(self.bits >> 1)
        size = 1 << self.step
        return (
            -LONGITUDE_MAX + longitude / size * (2 * LONGITUDE_MAX),
            -LATITUDE_MAX + latitude / size * (2 * LATITUDE_MAX),
            -LONGITUDE_MAX + ((longitude + 1) & 0xFFFFFFFF) / size * (2 * LONGITUDE_MAX),
            -LATITUDE_MAX + ((latitude + 1) & 0xFFFFFFFF) / size * (2 * LATITUDE_MAX),
        )

    def moved(self, east: int, north: int) -> Cell:
        """The cell so many beside it; the map goes round in both directions."""
        x, y = self.bits & _ODD, self.bits & _EVEN
        mask_x, mask_y = _ODD >> 64 - 2 * self.step, _EVEN >> 64 - 2 * self.step
        if east:
            x = (x + mask_y + 1 if east > 0 else (x | mask_y) - mask_y - 1) & mask_x
        if north:
            y = (y + mask_x + 1 if north > 0 else (y | mask_x) - mask_x - 1) & mask_y
        return Cell(x | y, self.step)


def cell_of(place: Place, step: int, latitude_max: float = LATITUDE_MAX) -> Cell:
    """The cell that has a place; text is made of one of a map that goes to the poles."""
    latitude = (place.latitude + latitude_max) / (2 * latitude_max)
    longitude = (place.longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)
    return Cell(_spread(int(latitude * (1 << step))) | _spread(int(longitude * (1 << step))) << 1, step)


def score_of(place: Place) -> int:
    """The score under which a sorted set has a place."""
    return cell_of(place, STEP_MAX).bits


def place_at(score: float, profile: Profile) -> Place:
    """About the place that a score means: the middle of a smallest cell, since 6.0 always one that is on the map."""
    west, south, east, north = Cell(_as_bits(score), STEP_MAX).area()
    longitude, latitude = (west + east) / 2, (south + north) / 2
    if not profile.since(6, 0):
        return Place(longitude, latitude)
    return Place(max(-LONGITUDE_MAX, min(longitude, LONGITUDE_MAX)), max(-LATITUDE_MAX, min(latitude, LATITUDE_MAX)))


def text_of(place: Place) -> bytes:
    """Eleven characters, as geohash.org has them; the last one is always 0, as there are only 52 bits."""
    bits = cell_of(place, STEP_MAX, 90.0).bits
    return "".join(_ALPHABET[bits >> 52 - 5 * (at + 1) & 31] for at in range(10)).encode() + b"0"


def distance_meters(one: Place, other: Place) -> float:
    """Along a great circle, by the haversine formula."""
    v = math.sin((radians(other.longitude) - radians(one.longitude)) / 2)
    if v == 0:
        return distance_of_latitudes(one.latitude, other.latitude)
    first, second = radians(one.latitude), radians(other.latitude)
    u = math.sin((second - first) / 2)
    root = math.sqrt(u * u + math.cos(first) * math.cos(second) * v * v)
    return 2.0 * EARTH_RADIUS_METERS * (math.asin(root) if root <= 1 else math.nan)


def distance_of_latitudes(one: float, other: float) -> float:
    """The same for places of one longitude."""
    return EARTH_RADIUS_METERS * abs(radians(other) - radians(one))


def radians(degrees: float) -> float:
    """An angle, as servers calculate it."""
    return degrees * _RADIANS


def degrees(angle: float) -> float:
    """The other way round."""
    return angle / _RADIANS


def cosine(angle: float) -> float:
    """Of any angle, also one that is no number."""
    return math.cos(angle) if math.isfinite(angle) else math.nan


def _as_bits(score: float) -> int:
    """What C makes of a score: any sorted set will do for the commands, also one that has no places."""
    if math.isinf(score) or abs(score) >= 2.0**64:
        return 0 if score > 0 else 1 << 63
    return int(score) & (2**64 - 1) if score > -(2.0**63) else 1 << 63


_MASKS: Final = ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333))


def _spread(number: int) -> int:
    """The bits of a number with a gap behind each."""
    for shift, mask in _MASKS:
        number = (number | number << shift) & mask
    return (number | number << 1) & _EVEN


def _parted(number: int) -> int:
    """Every second bit, beginning with the last."""
    number &= _EVEN
    number = (number | number >> 1) & _MASKS[3][1]
    for (_, mask), (shift, _) in zip(_MASKS[2::-1], _MASKS[:0:-1], strict=True):
        number = (number | number >> shift) & mask
    return (number | number >> 16) & 0xFFFFFFFF
