"""SORT of lists, sets and sorted sets, by themselves and by what other keys hold."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["l", "l", "l", "m", "many", "s", "z", "z", "w_1", "none"])
# Not 2**63 - 1: with another number added to it 5.0 does not come back.
PLACES = st.sampled_from(["0", "1", "2", "5", "-1", "9", "100", "x", "4611686018427387903"])
PATTERNS = st.sampled_from(
    ["w_*", "w_*", "h_*->f", "h_*->g", "t_*", "nosort", "*", "w_*->f", "h_*->", "#", "*->f", "w_1"]
)
VALUES = st.sampled_from(
    ["1", "2", "3", "10", "-1", "1.5", "a", "b", "", " 1", "1e3", "inf", "nan", "0x10", "+5", "x\0y"]
)
ELEMENTS = st.lists(st.sampled_from(["1", "2", "3", "10", "4", "5", "-7"]), min_size=1, max_size=4)
OPTIONS = some(
    words("ASC"), words("DESC"), words("desc"), words("ALPHA"), words("ALPHA"), words("LIMIT", PLACES, PLACES),
    words("BY", PATTERNS), words("BY", PATTERNS), words("GET", PATTERNS), words("GET", "#"),
    words("STORE", st.sampled_from(["d", "d", "l", "s"])), words(st.sampled_from(["NONSENSE", "BY", "LIMIT"])), most=4,
)  # fmt: skip


def _has_order(drawn: list[str]) -> bool:
    """Whether equal weights do not leave it to a hash table which element comes first."""
    return drawn[1] not in ("s", "z") or not {"ALPHA", "BY"} <= set(drawn)


FAMILIES: dict[str, Piece] = {
    "SORT": words("SORT", KEYS, OPTIONS).filter(_has_order),
    "SORT_RO": words("SORT_RO", KEYS, OPTIONS).filter(_has_order),
    "MANY": words("SORT", "many", "BY", "t_*", "ALPHA", maybe("DESC"), "LIMIT", PLACES, PLACES),
    "STORED": words("LRANGE", "d", "0", "-1"),
    "ADD": st.one_of(
        words("RPUSH", st.sampled_from(["l", "m"]), ELEMENTS), words("SADD", "s", ELEMENTS),
        words("ZADD", "z", st.sampled_from(["1", "2", "3"]), st.sampled_from(["1", "2", "10", "a"])),
    ),
    "WEIGHT": st.one_of(
        words("SET", st.sampled_from(["w_1", "w_2", "w_3", "w_10", "t_1", "t_2"]), VALUES),
        words("HSET", st.sampled_from(["h_1", "h_2", "h_3", "w_1"]), st.sampled_from(["f", "g"]), VALUES),
    ),
    "DEL": words("DEL", st.sampled_from(["d", "l", "m", "w_1", "w_2", "w_3", "h_1", "s", "z"])),
    "ENCODING": words("OBJECT", "ENCODING", st.sampled_from(["d", "z", "s"])),
    "DIGEST": words("DEBUG", "DIGEST-VALUE", st.lists(KEYS, min_size=1, max_size=3)),
    "DIGEST ALL": words("DEBUG", "DIGEST"),
    "WAIT": words("BLPOP", "d", "0"),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {"SORT_RO": (7, 0)}
WEIGHTS = {"SORT": 6, "WEIGHT": 2}
START: Sequence[list[str]] = (
    ["RPUSH", "l", "3", "1", "2", "10"],
    ["RPUSH", "many", *(str(number * 7 % 60) for number in range(60))],
    ["SADD", "s", "3", "1", "2"],
    ["ZADD", "z", "1", "10", "2", "2", "3", "3"],
    [
        "MSET",
        "w_1",
        "3",
        "w_2",
        "2",
        "w_3",
        "1",
        "t_1",
        "x",
        "t_2",
        "x",
        "t_3",
        "y",
        "t_10",
        "b",
        "t_11",
        "b",
        "t_5",
        "b",
    ],
    ["HSET", "h_1", "f", "2", "g", "b"],
    ["HSET", "h_2", "f", "1", "g", "a"],
)
