"""Places on Earth: close to each other, far away, at the edges of the map; and sorted sets that have no places."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["g", "g", "g", "g", "far", "far", "text", "none"])
MEMBERS = st.sampled_from(["Palermo", "Catania", "a", "b", "c", "none", "5"])
LONGITUDES = st.one_of(
    st.sampled_from(
        ["13.361389", "15.087269", "15", "13.3", "0", "180", "-180", "179.9999", "-179.5", "-73.9", "1e-5"]
    ),
    st.sampled_from(["13.361389", "15.087269", "15", "13.3", "15.0000001", "190", "x", "-200.5", "nan", "inf", ""]),
)
LATITUDES = st.sampled_from(
    [
        "38.115556",
        "37.502669",
        "37",
        "38.1",
        "0",
        "85.05",
        "-85.05",
        "85.05112878",
        "70",
        "81",
        "-67",
        "91",
        "x",
        "-33.9",
    ]
)
POINTS = words(LONGITUDES, LATITUDES)
UNITS = st.sampled_from(["m", "km", "km", "mi", "ft", "KM", "Km", "yd"])
SIZES = st.sampled_from(
    ["0", "1", "100", "200", "500", "3000", "6000", "20000", "50000", "1e9", "0.5", "-1", "x", "inf", "166.2742"]
)
COUNTS = st.sampled_from(["1", "1", "2", "3", "100", "0", "-1", "x"])
TOLD = [words(st.sampled_from(["WITHCOORD", "WITHDIST", "WITHHASH", "withdist"]))] * 2
ORDERED = [words(st.sampled_from(["ASC", "DESC"])), words("COUNT", COUNTS), words("COUNT", COUNTS, maybe("ANY"))]
STORED = words(st.sampled_from(["STORE", "STOREDIST"]), st.sampled_from(["d", "g"]))
OPTIONS = some(*TOLD, *ORDERED, words(st.sampled_from(["NONSENSE", "ANY", "COUNT"])), most=4)
FROM = st.one_of(words("FROMMEMBER", MEMBERS), words("FROMLONLAT", POINTS), words("FROMLONLAT", "15", "37"))
BY = st.one_of(words("BYRADIUS", SIZES, UNITS), words("BYBOX", SIZES, SIZES, UNITS))
SEARCH = st.one_of(words(FROM, BY, OPTIONS), words(FROM, BY, OPTIONS), words(some(FROM, BY, *TOLD, *ORDERED, most=5)))

FAMILIES: dict[str, Piece] = {
    "GEOADD": words("GEOADD", st.sampled_from(["g", "far", "text"]), st.one_of(words(POINTS, MEMBERS), words(POINTS))),
    "GEOADD OPTIONS": words(
        "GEOADD", st.sampled_from(["g", "far"]), some(*(words(each) for each in ("NX", "XX", "CH", "xx"))),
        POINTS, MEMBERS, maybe(POINTS, MEMBERS),
    ),
    "GEOPOS": words(st.sampled_from(["GEOPOS", "GEOHASH"]), KEYS, st.lists(MEMBERS, max_size=3)),
    "GEODIST": words("GEODIST", KEYS, MEMBERS, MEMBERS, maybe(UNITS), maybe(st.just("m"))),
    "GEORADIUS": words("GEORADIUS", KEYS, POINTS, SIZES, UNITS, OPTIONS, maybe(STORED)),
    "GEORADIUS_RO": words("GEORADIUS_RO", KEYS, POINTS, SIZES, UNITS, OPTIONS, maybe(STORED)),
    "BYMEMBER": words("GEORADIUSBYMEMBER", KEYS, MEMBERS, SIZES, UNITS, OPTIONS, maybe(STORED)),
    "BYMEMBER_RO": words("GEORADIUSBYMEMBER_RO", KEYS, MEMBERS, SIZES, UNITS, OPTIONS),
    "GEOSEARCH": words("GEOSEARCH", KEYS, SEARCH),
    "GEOSEARCHSTORE": words("GEOSEARCHSTORE", st.sampled_from(["d", "g"]), KEYS, SEARCH, maybe("STOREDIST")),
    "NO PLACES": st.one_of(
        words(st.sampled_from(["GEOPOS", "GEOHASH"]), "z", st.lists(MEMBERS, max_size=3)),
        words("GEODIST", "z", MEMBERS, MEMBERS), words("GEORADIUSBYMEMBER", "z", MEMBERS, SIZES, UNITS, OPTIONS),
    ),
    "STORED": words("ZRANGE", st.sampled_from(["d", "g", "far"]), "0", "-1", "WITHSCORES"),
    "ZADD": words("ZADD", "z", st.sampled_from(["1", "-5", "1e15", "1e20", "-1e30", "inf", "34715793397000"]), MEMBERS),
    "DEL": words(st.sampled_from(["DEL", "TYPE"]), st.sampled_from(["d", "g", "far"])),
    "DIGEST": words("DEBUG", "DIGEST-VALUE", KEYS),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {"NO PLACES": (6, 0), "GEOADD OPTIONS": (6, 2), "GEOSEARCH": (6, 2), "GEOSEARCHSTORE": (6, 2)}
WEIGHTS = {"GEOADD": 2, "GEORADIUS": 2, "GEOSEARCH": 4}
FAR = [
    word
    for longitude in (-180, -90, 0, 179)
    for latitude in (-85, -40, 0, 66, 84)
    for word in (str(longitude), str(latitude), f"p{longitude}:{latitude}")
]
START: Sequence[list[str]] = (
    ["GEOADD", "g", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"],
    ["GEOADD", "g", "13.5", "38", "a", "13.5", "38", "b", "13.50001", "38", "c", "-73.9", "40.7", "5"],
    ["GEOADD", "far", *FAR],
    ["ZADD", "z", "1", "a", "-1", "b", "4503599627370496", "c"],
    ["SET", "text", "v"],
)
