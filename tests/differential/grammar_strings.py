"""Commands on strings: values, numbers in them, bits."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["k", "k", "k", "n", "n", "f", "none", "set"])
VALUES = st.sampled_from(["", "a", "abc", "10", "-7", "3.5", "1e3", "007", "ohmytext", "mynewtext", "x" * 50])
WHOLE = st.sampled_from(["1", "-3", "0", "10", "9223372036854775807", "-9223372036854775808", "x", "", "1.5", " 1"])
FLOATS = st.sampled_from(
    ["1", "0.1", "-2.5", "1e3", "3.0e-5", "1e20", "17.000001", "x", "", "inf", "nan", "0x10", "1e5000", " 1", "-0"]
)
PLACES = st.sampled_from(["0", "1", "2", "-1", "-3", "5", "30", "-100", "x", "9223372036854775807"])
TIMES = st.sampled_from(["100", "10000", "2000", "0", "-1", "x"])
UNTIL = words(st.sampled_from(["EX", "PX", "ex"]), TIMES)
UNTIL_AT = words(st.sampled_from(["EXAT", "PXAT"]), st.sampled_from(["99999999999", "1", "0", "x"]))
SET_OPTIONS = some(
    words(st.sampled_from(["NX", "XX", "xx", "GET", "KEEPTTL", "PERSIST", "NO"])), UNTIL, UNTIL_AT,
    words(st.sampled_from(["IFEQ", "IFNE"]), VALUES),
    words(st.sampled_from(["IFDEQ", "IFDNE"]), st.sampled_from(["78AF5F94892F3950", "78af5f94892f3950", "x"])),
    most=3,
)  # fmt: skip
BITS = st.sampled_from(["0", "1", "7", "8", "63", "100", "-1", "x", "4294967296", "4294967295000"])
FIELD_TYPES = st.sampled_from(["u8", "i8", "u1", "i64", "u63", "i5", "u64", "i65", "x", "u0", "U8"])
FIELD_PLACES = st.sampled_from(["0", "1", "7", "#0", "#1", "#3", "60", "-1", "x", "#x"])
FIELD_STEPS = some(
    words("GET", FIELD_TYPES, FIELD_PLACES),
    words(st.sampled_from(["SET", "INCRBY"]), FIELD_TYPES, FIELD_PLACES,
          st.sampled_from(["1", "-1", "100", "300", "-200", "x", "9223372036854775807", "-9223372036854775808"])),
    words("OVERFLOW", st.sampled_from(["WRAP", "SAT", "FAIL", "NO"])),
    words(st.sampled_from(["GET", "NO"])),
    most=4,
)  # fmt: skip
PAIRS = st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=2).map(
    lambda pairs: [part for pair in pairs for part in pair]
)

FAMILIES: dict[str, Piece] = {
    "SET": words("SET", KEYS, VALUES, SET_OPTIONS),
    "GET": words(st.sampled_from(["GET", "STRLEN", "GETDEL"]), KEYS),
    "OLDER": st.one_of(
        words("SETNX", KEYS, VALUES), words("GETSET", KEYS, VALUES), words("SETEX", KEYS, TIMES, VALUES),
        words("PSETEX", KEYS, TIMES, VALUES), words("APPEND", KEYS, VALUES),
    ),
    "GETEX": words("GETEX", KEYS, some(UNTIL, UNTIL_AT, words(st.sampled_from(["PERSIST", "KEEPTTL", "NX"])))),
    "MGET": words("MGET", st.lists(KEYS, min_size=1, max_size=3)),
    "MSET": words(st.sampled_from(["MSET", "MSETNX"]), PAIRS, maybe(st.just("k"))),
    "MSETEX": words(
        "MSETEX", st.sampled_from(["1", "2", "0", "x", "9"]), PAIRS,
        some(words(st.sampled_from(["NX", "XX", "KEEPTTL", "GET"])), UNTIL, UNTIL_AT),
    ),
    "RANGE": words(st.sampled_from(["GETRANGE", "SUBSTR"]), KEYS, PLACES, PLACES),
    "SETRANGE": words(
        "SETRANGE", KEYS, st.sampled_from(["0", "1", "5", "30", "-1", "x", "536870912"]), VALUES,
    ),
    "COUNT": st.one_of(
        words(st.sampled_from(["INCR", "DECR"]), KEYS), words(st.sampled_from(["INCRBY", "DECRBY"]), KEYS, WHOLE),
    ),
    "FLOAT": words("INCRBYFLOAT", st.sampled_from(["f", "f", "n", "k"]), FLOATS),
    "LCS": words(
        "LCS", KEYS, KEYS,
        some(words(st.sampled_from(["LEN", "IDX", "WITHMATCHLEN", "idx", "NO"])), words("MINMATCHLEN", PLACES), most=3),
    ),
    "DIGEST": words("DIGEST", KEYS),
    "DELEX": words(
        "DELEX", KEYS, maybe(st.sampled_from(["IFEQ", "IFNE", "IFDEQ", "NO"]), VALUES), maybe(st.just("NO")),
    ),
    "BIT": st.one_of(
        words("SETBIT", KEYS, st.sampled_from(["0", "1", "9", "-1", "x", "4294967296"]), st.sampled_from("011x2")),
        words("GETBIT", KEYS, BITS),
    ),
    "BITCOUNT": words("BITCOUNT", KEYS, maybe(PLACES, PLACES, maybe(st.sampled_from(["BIT", "BYTE", "NO"])))),
    "BITPOS": words(
        "BITPOS", KEYS, st.sampled_from(["0", "1", "1", "2", "x"]),
        maybe(PLACES, maybe(PLACES, maybe(st.sampled_from(["BIT", "BYTE", "NO"])))),
    ),
    "BITOP": words(
        "BITOP", st.sampled_from(["AND", "OR", "XOR", "NOT", "not", "DIFF", "DIFF1", "ANDOR", "ONE", "NO"]), KEYS,
        st.lists(KEYS, min_size=1, max_size=3),
    ),
    "BITFIELD": words("BITFIELD", KEYS, FIELD_STEPS),
    "BITFIELD_RO": words("BITFIELD_RO", KEYS, FIELD_STEPS),
    "TTL": words(st.sampled_from(["TTL", "EXISTS", "TYPE", "DEL"]), KEYS),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {"GETEX": (6, 2), "MSETEX": (8, 4), "DIGEST": (8, 4), "DELEX": (8, 4), "LCS": (7, 0), "BITFIELD_RO": (6, 2)}
WEIGHTS = {"SET": 5, "OLDER": 3, "BITFIELD": 2, "BITPOS": 2}
START: Sequence[list[str]] = (
    ["SET", "k", "ohmytext"],
    ["SET", "n", "10"],
    ["SET", "f", "3.5"],
    ["SADD", "set", "a"],
)
