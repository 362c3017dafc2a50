"""Commands on sets."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["s", "s", "s", "t", "t", "u", "none", "text"])
NUMBERS = st.sampled_from(["1", "2", "3", "-5", "0", "100000", "9223372036854775807"])
MEMBERS = st.one_of(NUMBERS, NUMBERS, st.sampled_from(["a", "b", "", "01", "9223372036854775808", "x" * 70]))
COUNTS = st.sampled_from(["0", "1", "100", "100", "-3", "x", ""])
MANY = st.lists(MEMBERS, min_size=1, max_size=4)
SEVERAL_KEYS = st.lists(KEYS, min_size=1, max_size=3)
SCAN_OPTIONS = some(
    words("MATCH", st.sampled_from(["*", "1*", "[ab]", "?"])),
    words("COUNT", st.sampled_from(["50", "100", "0", "x"])),
    words(st.sampled_from(["NOVALUES", "NONSENSE"])),
)
CURSORS = st.sampled_from(["0", "0", "0", "x", "", "18446744073709551616"])

FAMILIES: dict[str, Piece] = {
    "SADD": words("SADD", KEYS, MANY),
    "SREM": words("SREM", KEYS, MANY),
    "SMOVE": words("SMOVE", KEYS, KEYS, MEMBERS),
    "SCARD": words(st.sampled_from(["SCARD", "SMEMBERS", "SMEMBERS"]), KEYS),
    "SISMEMBER": words("SISMEMBER", KEYS, MEMBERS),
    "SMISMEMBER": words("SMISMEMBER", KEYS, MANY),
    "SPOP": words("SPOP", KEYS, st.sampled_from(["100", "100", "0", "x", "-1"]), maybe(st.just("1"))),
    "SRANDMEMBER": words("SRANDMEMBER", KEYS, maybe(COUNTS), maybe(st.just("1"))),
    "TOGETHER": words(st.sampled_from(["SINTER", "SUNION", "SDIFF"]), SEVERAL_KEYS),
    "STORE": words(st.sampled_from(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), KEYS, SEVERAL_KEYS),
    "SINTERCARD": words(
        "SINTERCARD", st.sampled_from(["1", "2", "2", "0", "5", "x"]), KEYS, KEYS,
        some(words("LIMIT", COUNTS), words("NONSENSE")),
    ),
    "SSCAN": words("SSCAN", KEYS, CURSORS, SCAN_OPTIONS),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
    "DEL": words(st.sampled_from(["DEL", "TYPE"]), KEYS),
    "SET": words("SET", "text", "v"),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {"SMISMEMBER": (6, 2), "SINTERCARD": (7, 0)}
WEIGHTS = {"SADD": 5, "STORE": 2, "TOGETHER": 2}
START: Sequence[list[str]] = (["SADD", "s", "3", "1", "2"], ["SADD", "t", "a", "1", "b"], ["SET", "text", "v"])
