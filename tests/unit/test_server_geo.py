"""Places on Earth in the simulated server."""

import math

from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.server import Profile
from redis_streams.simulations.server.types._geo_shape import Box, Circle, Shape, cells
from redis_streams.simulations.server.types._geohash import (
    LATITUDE_MAX,
    Place,
    cell_of,
    distance_meters,
    place_at,
    score_of,
)
from support.simulated import Client, SimulatedServer

PLACES = st.builds(Place, st.floats(-180, 180), st.floats(-LATITUDE_MAX, LATITUDE_MAX))


def connect(version: str = "7.0") -> Client:
    client = SimulatedServer(version).connect()
    client.call("GEOADD", "g", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania")
    return client


def test_a_place_is_found_again() -> None:
    client = connect()
    assert client.call("ZSCORE", "g", "Palermo") == b"$16\r\n3479099956230698\r\n"
    assert client.call("GEOHASH", "g", "Palermo", "none") == b"*2\r\n$11\r\nsqc8b49rny0\r\n$-1\r\n"
    assert client.call("GEODIST", "g", "Palermo", "Catania", "km") == b"$8\r\n166.2742\r\n"


def test_coordinates_are_written_as_the_version_does() -> None:
    assert b"13.36138933897018433" in connect("7.0").call("GEOPOS", "g", "Palermo")
    assert b"\r\n13.361389338970184\r\n" in connect("8.0").call("GEOPOS", "g", "Palermo")


def test_who_is_near_is_told_by_distance() -> None:
    client = connect()
    search = ("GEOSEARCH", "g", "FROMLONLAT", 15, 37)
    assert client.call(*search, "BYRADIUS", 200, "km", "DESC") == b"*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n"
    assert client.call(*search, "BYBOX", 200, 200, "km") == b"*1\r\n$7\r\nCatania\r\n"
    assert client.call(*search, "BYRADIUS", 200, "km", "COUNT", 1) == b"*1\r\n$7\r\nCatania\r\n"


def test_distances_can_be_stored() -> None:
    client = connect()
    client.call("GEOSEARCHSTORE", "d", "g", "FROMMEMBER", "Catania", "BYRADIUS", 200, "km", "STOREDIST")
    assert client.call("ZSCORE", "d", "Catania") == b"$1\r\n0\r\n"
    assert client.call("GEOSEARCHSTORE", "d", "none", "FROMLONLAT", 1, 1, "BYRADIUS", 1, "m") == b":0\r\n"
    assert client.call("EXISTS", "d") == b":0\r\n"


@given(PLACES)
def test_a_score_means_a_place_that_is_close(place: Place) -> None:
    assert distance_meters(place, place_at(score_of(place), Profile.of("7.0"))) < 1


@given(PLACES, PLACES, st.floats(1, 3_000_000))
def test_the_cells_cover_what_is_looked_for(center: Place, place: Place, meters: float) -> None:
    """Where the map ends it is not so, there as in real servers: so places are taken that are not near its edges."""
    if max(abs(center.latitude), abs(place.latitude)) > 55 or max(abs(center.longitude), abs(place.longitude)) > 120:
        return
    shapes: list[Shape] = [Circle(center, meters), Box(center, meters, meters, meters / math.sqrt(2))]
    for shape in shapes:
        if shape.distance(place) is not None:
            score = score_of(place)
            assert any(low <= score < high for low, high in (each.scores() for each in cells(shape, knows_boxes=True)))


def test_cells_go_round_the_earth() -> None:
    cell = cell_of(Place(179.9, 0), 4)
    assert cell.moved(1, 0) == cell_of(Place(-179.9, 0), 4)
    assert cell.moved(1, 1).moved(-1, -1) == cell
