"""Commands on hashes, and on fields of them that expire."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["h", "h", "h", "i", "i", "none", "text"])
NAMES = st.sampled_from(["a", "b", "c", "n", "f", "", "x" * 70])
VALUES = st.sampled_from(["1", "10", "-3", "2.5", "abc", "", "y" * 70, "9223372036854775807"])
WHOLE = st.sampled_from(["1", "-3", "0", "9223372036854775807", "x", "", "1.5"])
FLOATS = st.sampled_from(["1", "0.1", "-2.5", "1e3", "3.0e-5", "x", "", "inf", "nan", " 1"])
PAIRS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=3).map(
    lambda pairs: [word for pair in pairs for word in pair]
)
SEVERAL = st.lists(NAMES, min_size=1, max_size=3)
TIMES = st.sampled_from(["1000", "2000", "0", "-1", "x", "99999999999999999", "70368744177663"])
MOMENTS = st.sampled_from(["0", "1", "4102444800", "4102444900", "x", "-1"])
LATE_MOMENTS = st.sampled_from(["0", "1", "4102444800000", "4102444900000", "x", "70368744177664"])
CONDITION = words(st.sampled_from(["NX", "XX", "GT", "LT", "lt", "NO"]))
FIELDS = st.one_of(
    words("FIELDS", "1", NAMES), words("FIELDS", "2", NAMES, NAMES), words("FIELDS", "2", NAMES, NAMES),
    words(st.sampled_from(["FIELDS", "NO"]), st.sampled_from(["1", "2", "0", "x", "-1"]), SEVERAL),
)  # fmt: skip
PAIRED_FIELDS = st.one_of(
    words("FIELDS", "1", NAMES, VALUES), words("FIELDS", "2", NAMES, VALUES, NAMES, VALUES),
    words("FIELDS", st.sampled_from(["1", "2", "0", "x"]), PAIRS),
)  # fmt: skip
UNTIL = st.one_of(
    words(st.sampled_from(["EX", "PX"]), TIMES), words("EXAT", MOMENTS), words("PXAT", LATE_MOMENTS),
    words(st.sampled_from(["PERSIST", "KEEPTTL"])),
)  # fmt: skip

FAMILIES: dict[str, Piece] = {
    "HSET": words(st.sampled_from(["HSET", "HSET", "HMSET"]), KEYS, PAIRS, maybe(st.just("a"))),
    "HSETNX": words("HSETNX", KEYS, NAMES, VALUES),
    "HGET": words(st.sampled_from(["HGET", "HEXISTS", "HSTRLEN"]), KEYS, NAMES),
    "HMGET": words(st.sampled_from(["HMGET", "HDEL"]), KEYS, SEVERAL),
    "HGETALL": words(st.sampled_from(["HGETALL", "HKEYS", "HVALS", "HLEN"]), KEYS),
    "HINCRBY": words("HINCRBY", KEYS, NAMES, WHOLE),
    "HINCRBYFLOAT": words("HINCRBYFLOAT", KEYS, NAMES, FLOATS),
    "HSCAN": words(
        "HSCAN", KEYS, st.sampled_from(["0", "0", "x"]),
        some(words("MATCH", st.sampled_from(["*", "a*"])), words("COUNT", st.sampled_from(["100", "0", "x"])),
             words(st.sampled_from(["NOVALUES", "NONSENSE"]))),
    ),
    "HRANDFIELD": words(
        "HRANDFIELD", KEYS,
        maybe(st.sampled_from(["0", "1", "-3", "100", "x"]), maybe(st.just("WITHVALUES")), maybe(st.just("NO"))),
    ),
    "HEXPIRE": st.one_of(
        words(st.sampled_from(["HEXPIRE", "HPEXPIRE"]), KEYS, TIMES, maybe(CONDITION), FIELDS),
        words("HEXPIREAT", KEYS, MOMENTS, maybe(CONDITION), FIELDS),
        words("HPEXPIREAT", KEYS, LATE_MOMENTS, maybe(CONDITION), FIELDS, maybe(CONDITION)),
    ),
    "HTTL": words(st.sampled_from(["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST"]), KEYS, FIELDS),
    "HGETDEL": words("HGETDEL", KEYS, FIELDS),
    "HGETEX": words("HGETEX", KEYS, maybe(UNTIL), FIELDS, maybe(UNTIL)),
    "HSETEX": words(
        "HSETEX", KEYS, some(UNTIL, words(st.sampled_from(["FNX", "FXX", "NO"]))), PAIRED_FIELDS, maybe(UNTIL)
    ),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
    "DEL": words(st.sampled_from(["DEL", "TYPE"]), KEYS),
    "SET": words("SET", "text", "v"),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {
    "HRANDFIELD": (6, 2), "HEXPIRE": (7, 4), "HTTL": (7, 4), "HGETDEL": (8, 0), "HGETEX": (8, 0), "HSETEX": (8, 0),
}  # fmt: skip
WEIGHTS = {"HSET": 4, "HEXPIRE": 3, "HTTL": 2, "HGETALL": 2, "HSETEX": 2}
START: Sequence[list[str]] = (
    ["HSET", "h", "a", "1", "b", "2", "n", "10", "f", "2.5"],
    ["HSET", "i", "a", "1"],
    ["SET", "text", "v"],
)
