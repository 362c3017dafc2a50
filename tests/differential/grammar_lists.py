"""Commands on lists, and clients that wait for what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["l", "l", "l", "m", "m", "none", "text"])
ITEMS = st.sampled_from(["a", "b", "c", "10", "-3", "", "007"])
INDEXES = st.sampled_from(["0", "1", "2", "-1", "-2", "5", "-7", "x", "", "1.5", "-9223372036854775808"])
COUNTS = st.sampled_from(["0", "1", "2", "5", "-1", "-2", "x", "9223372036854775808"])
SIDES = st.sampled_from(["LEFT", "RIGHT", "left", "UP"])
TIMEOUTS = st.sampled_from(["0", "0", "0", "60", "0.5e3", "-1", "x", "", "1e400", "nan", "inf", "9223372036854775"])
NUMKEYS = st.sampled_from(["1", "2", "2", "0", "-1", "3", "x"])
MANY_ITEMS = st.lists(ITEMS, min_size=1, max_size=4)
SEVERAL = words(NUMKEYS, KEYS, KEYS, SIDES, maybe("COUNT", COUNTS), maybe(st.just("NONSENSE")))
ONE = words("1", KEYS, SIDES, maybe("COUNT", COUNTS))

FAMILIES: dict[str, Piece] = {
    "PUSH": words(st.sampled_from(["LPUSH", "RPUSH"]), KEYS, MANY_ITEMS),
    "PUSHX": words(st.sampled_from(["LPUSHX", "RPUSHX"]), KEYS, MANY_ITEMS),
    "POP": words(st.sampled_from(["LPOP", "RPOP"]), KEYS, maybe(COUNTS), maybe(st.just("1"))),
    "LRANGE": words(st.sampled_from(["LRANGE", "LRANGE", "LTRIM"]), KEYS, INDEXES, INDEXES),
    "LLEN": words("LLEN", KEYS),
    "LINDEX": words("LINDEX", KEYS, INDEXES),
    "LSET": words("LSET", KEYS, INDEXES, ITEMS),
    "LINSERT": words("LINSERT", KEYS, st.sampled_from(["BEFORE", "AFTER", "before", "IN"]), ITEMS, ITEMS),
    "LREM": words("LREM", KEYS, COUNTS, ITEMS),
    "LPOS": words(
        "LPOS", KEYS, ITEMS, some(words("RANK", INDEXES), words("COUNT", COUNTS), words("MAXLEN", COUNTS), words("NO"))
    ),
    "MOVE": st.one_of(words("RPOPLPUSH", KEYS, KEYS), words("LMOVE", KEYS, KEYS, SIDES, SIDES)),
    "LMPOP": words("LMPOP", st.one_of(ONE, SEVERAL)),
    "BLPOP": words(st.sampled_from(["BLPOP", "BRPOP"]), st.lists(KEYS, min_size=1, max_size=3), TIMEOUTS),
    "BMOVE": st.one_of(words("BRPOPLPUSH", KEYS, KEYS, TIMEOUTS), words("BLMOVE", KEYS, KEYS, SIDES, SIDES, TIMEOUTS)),
    "BLMPOP": words("BLMPOP", TIMEOUTS, st.one_of(ONE, SEVERAL)),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
    "DEL": words(st.sampled_from(["DEL", "TYPE"]), KEYS),
    "SET": words("SET", st.sampled_from(["text", "l"]), "v"),
}
"""One strategy for each family of commands."""

SINCE = {"LMPOP": (7, 0), "BLMPOP": (7, 0), "LPOS": (6, 2)}
WEIGHTS = {"PUSH": 6, "BLPOP": 2, "BMOVE": 2}
START: Sequence[list[str]] = (["RPUSH", "l", "a", "b", "a", "c"], ["SET", "text", "v"])
