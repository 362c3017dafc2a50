"""What GEOSEARCH looks into: a circle or a box, and the nine cells of the map that cover it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from ._geohash import (
    EARTH_RADIUS_METERS,
    STEP_MAX,
    Cell,
    Place,
    cell_of,
    cosine,
    degrees,
    distance_meters,
    distance_of_latitudes,
    radians,
)

MERCATOR_MAX: Final = 20037726.37
"""Half of the map's width, in meters."""

_AROUND: Final = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""The cells in the order in which they are looked into: how far east and north each is."""

Bounds = tuple[float, float, float, float]
"""The least longitude and latitude, and the most."""


@frozen
class Circle:
    """All places that are close enough to a center.

    Attributes:
        center: where.
        radius: in meters.
    """

    center: Place
    radius: float

    @property
    def reach(self) -> float:
        """How far its farthest place is, in meters."""
        return self.radius

    @property
    def half(self) -> tuple[float, float]:
        """Half of its width and its height, in meters."""
        return self.radius, self.radius

    def distance(self, place: Place) -> float | None:
        """How far a place in it is from the center; None: it is not in it."""
        meters = distance_meters(self.center, place)
        return None if meters > self.radius else meters


@frozen
class Box:
    """All places that are not too far in both directions.

    Attributes:
        center: where.
        width, height: in meters.
        reach: how far its farthest place is.
    """

    center: Place
    width: float
    height: float
    reach: float

    @property
    def half(self) -> tuple[float, float]:
        """Half of its width and its height, in meters."""
        return self.width / 2, self.height / 2

    def distance(self, place: Place) -> float | None:
        """How far a place in it is from the center; None: it is not in it."""
        if distance_of_latitudes(place.latitude, self.center.latitude) > self.height / 2:
            return None
        if distance_meters(place, Place(self.center.longitude, place.latitude)) > self.width / 2:
            return None
        return distance_meters(self.center, place)


Shape = Circle | Box


def cells(shape: Shape, *, knows_boxes: bool) -> Iterator[Cell]:
    """Those to look into, in their order.

    Args:
        shape: what is looked for.
        knows_boxes: whether cells are chosen as since 6.2, which came with GEOSEARCH.
    """
    west, south, east, north = bounds = _bounds(shape) if knows_boxes else _bounds_before(shape)
    step = _step(shape.reach, shape.center.latitude)
    center = cell_of(shape.center, step)
    misses = _misses if knows_boxes else _misses_before
    if step > 1 and misses(shape, bounds, center):
        step -= 1
        center = cell_of(shape.center, step)
    left, bottom, right, top = center.area()
    last: Cell | None = None
    for number, (x, y) in enumerate(_AROUND):
        if step >= 2 and (
            (left < west and x < 0) or (bottom < south and y < 0) or (right > east and x > 0) or (top > north and y > 0)
        ):
            continue  # the shape does not go over this edge of the middle cell
        cell = center.moved(x, y)
        if cell == last:
            continue  # the shape goes round the Earth
        last = cell if number else None
        yield cell


def _step(meters: float, latitude: float) -> int:
    if meters == 0:
        return STEP_MAX
    step = 1
    while meters < MERCATOR_MAX:
        meters *= 2
        step += 1
    step -= 2
    if abs(latitude) > 66:
        step -= 2 if abs(latitude) > 80 else 1
    return max(1, min(step, STEP_MAX))


def _bounds(shape: Shape) -> Bounds:
    width, height = shape.half
    longitude, latitude = shape.center.longitude, shape.center.latitude
    up = degrees(height / EARTH_RADIUS_METERS)
    edge = latitude - up if latitude < 0 else latitude + up
    across = degrees(width / EARTH_RADIUS_METERS / cosine(radians(edge)))
    return longitude - across, latitude - up, longitude + across, latitude + up


def _bounds_before(shape: Shape) -> Bounds:
    longitude, latitude = shape.center.longitude, shape.center.latitude
    across = degrees(shape.reach / EARTH_RADIUS_METERS / cosine(radians(latitude)))
    up = degrees(shape.reach / EARTH_RADIUS_METERS)
    return longitude - across, latitude - up, longitude + across, latitude + up


def _edges(center: Cell) -> Bounds:
    """How far the cells around go."""
    west, south = center.moved(-1, 0).area()[0], center.moved(0, -1).area()[1]
    return west, south, center.moved(1, 0).area()[2], center.moved(0, 1).area()[3]


def _misses(_shape: Shape, bounds: Bounds, center: Cell) -> bool:
    """Whether the nine cells are too small; of bounds that are no numbers nothing is true."""
    west, south, east, north = _edges(center)
    return north < bounds[3] or south > bounds[1] or east < bounds[2] or west > bounds[0]


def _misses_before(shape: Shape, _bounds: Bounds, center: Cell) -> bool:
    west, south, east, north = _edges(center)
    at = shape.center
    ends = Place(at.longitude, north), Place(at.longitude, south), Place(east, at.latitude), Place(west, at.latitude)
    return any(distance_meters(at, end) < shape.reach for end in ends)
