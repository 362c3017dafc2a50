"""Commands on sorted sets, and clients that wait for their lowest and highest members."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["z", "z", "z", "y", "y", "none", "text", "set"])
SCORES = st.one_of(
    st.sampled_from(["0", "1", "2", "3", "-1", "1.5", "3.1", "0.1", "1e3"]),
    st.sampled_from(["-0", "inf", "-inf", "1e21", "123456789.123", "1e-7", "2.5e-10", "1e300", "12345678901234567890"]),
    st.sampled_from(["x", "", "nan", " 1", "1 ", "0x10", "+5", "1e400", "infinity", ".5", "5."]),
)
MEMBERS = st.sampled_from(["a", "b", "c", "d", "", "5", "aa", "x" * 70])
PAIRS = st.lists(st.tuples(SCORES, MEMBERS), min_size=1, max_size=3).map(
    lambda pairs: [word for pair in pairs for word in pair]
)
RANKS = st.sampled_from(["0", "1", "2", "-1", "-2", "5", "-7", "x"])
EDGES = st.one_of(
    st.sampled_from(["-inf", "+inf", "0", "1", "(1", "2", "(2", "3", "(3.1"]),
    st.sampled_from(["(inf", "(-inf", "(", "", "x", "(x", " 1", "nan", "[1", "1e400"]),
)
TEXTS = st.sampled_from(["-", "+", "[a", "(a", "[b", "(c", "[aa", "[", "(", "a", "", "-x"])
COUNTS = st.sampled_from(["0", "1", "2", "5", "-1", "-2", "x"])
LIMIT = words("LIMIT", COUNTS, COUNTS)
SCORES_TOO = words(st.sampled_from(["WITHSCORES", "withscores"]))
NUMKEYS = st.sampled_from(["1", "2", "2", "0", "-1", "3", "x"])
TIMEOUTS = st.sampled_from(["0", "0", "0", "60", "-1", "x"])
SIDES = st.sampled_from(["MIN", "MAX", "max", "UP"])
WEIGHTED = words("WEIGHTS", st.lists(SCORES, min_size=1, max_size=2))
AGGREGATE = words("AGGREGATE", st.sampled_from(["SUM", "MIN", "max", "NO"]))
COMBINED = words("2", KEYS, KEYS, some(WEIGHTED, AGGREGATE, SCORES_TOO, words("NONSENSE")))
MISCOUNTED = words(NUMKEYS, KEYS, maybe(KEYS), some(AGGREGATE, SCORES_TOO, most=1))

FAMILIES: dict[str, Piece] = {
    "ZADD": words(
        "ZADD", KEYS, some(words(st.sampled_from(["NX", "XX", "GT", "LT", "CH", "INCR", "xx", "NO"]))),
        st.one_of(PAIRS, PAIRS, PAIRS, st.just(["1"])),
    ),
    "ZINCRBY": words("ZINCRBY", KEYS, SCORES, MEMBERS),
    "ZREM": words("ZREM", KEYS, st.lists(MEMBERS, min_size=1, max_size=3)),
    "ZREMRANGE": st.one_of(
        words("ZREMRANGEBYRANK", KEYS, RANKS, RANKS),
        words("ZREMRANGEBYSCORE", KEYS, EDGES, EDGES),
        words("ZREMRANGEBYLEX", KEYS, TEXTS, TEXTS),
    ),
    "ZCOUNT": st.one_of(
        words("ZCARD", KEYS), words("ZCOUNT", KEYS, EDGES, EDGES), words("ZLEXCOUNT", KEYS, TEXTS, TEXTS),
    ),
    "ZSCORE": words("ZSCORE", KEYS, MEMBERS),
    "ZMSCORE": words("ZMSCORE", KEYS, st.lists(MEMBERS, min_size=1, max_size=3)),
    "ZRANK": words(st.sampled_from(["ZRANK", "ZREVRANK"]), KEYS, MEMBERS, maybe(st.sampled_from(["WITHSCORE", "NO"]))),
    "ZRANGE": st.one_of(
        words(st.sampled_from(["ZRANGE", "ZREVRANGE"]), KEYS, RANKS, RANKS, maybe(SCORES_TOO), maybe(st.just("NO"))),
        words("ZRANGE", KEYS, "0", "-1", "WITHSCORES"),
        words("ZRANGE", KEYS, EDGES, EDGES, "BYSCORE", some(LIMIT, SCORES_TOO, words("REV"))),
        words("ZRANGE", KEYS, TEXTS, TEXTS, "BYLEX", some(LIMIT, SCORES_TOO, words("REV"))),
        words("ZRANGE", KEYS, RANKS, RANKS, some(LIMIT, SCORES_TOO, words("REV"), words("BYSCORE"))),
    ),
    "ZRANGEBY": st.one_of(
        words(st.sampled_from(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]), KEYS, EDGES, EDGES,
              some(LIMIT, SCORES_TOO, words("REV"))),
        words(st.sampled_from(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]), KEYS, TEXTS, TEXTS, some(LIMIT, SCORES_TOO, most=1)),
    ),
    "ZRANGESTORE": words(
        "ZRANGESTORE", KEYS, KEYS,
        st.one_of(
            words(RANKS, RANKS, maybe(SCORES_TOO)), words(EDGES, EDGES, "BYSCORE", some(LIMIT, words("REV"))),
            words(TEXTS, TEXTS, "BYLEX", some(LIMIT, words("REV"))),
        ),
    ),
    "ZPOP": words(st.sampled_from(["ZPOPMIN", "ZPOPMAX"]), KEYS, maybe(COUNTS), maybe(st.just("1"))),
    "BZPOP": words(st.sampled_from(["BZPOPMIN", "BZPOPMAX"]), st.lists(KEYS, min_size=1, max_size=3), TIMEOUTS),
    "ZMPOP": words("ZMPOP", NUMKEYS, KEYS, maybe(KEYS), SIDES, maybe("COUNT", COUNTS)),
    "BZMPOP": words("BZMPOP", TIMEOUTS, NUMKEYS, KEYS, maybe(KEYS), SIDES, maybe("COUNT", COUNTS)),
    "ZRANDMEMBER": words(
        "ZRANDMEMBER", KEYS,
        maybe(st.sampled_from(["0", "1", "-3", "100", "x"]), maybe(SCORES_TOO), maybe(st.just("NO")))
    ),
    "TOGETHER": words(st.sampled_from(["ZUNION", "ZINTER", "ZDIFF"]), st.one_of(COMBINED, COMBINED, MISCOUNTED)),
    "STORE": words(st.sampled_from(["ZUNIONSTORE", "ZINTERSTORE"]), KEYS, st.one_of(COMBINED, COMBINED, MISCOUNTED)),
    "ZDIFFSTORE": words("ZDIFFSTORE", KEYS, st.one_of(COMBINED, MISCOUNTED)),
    "ZINTERCARD": words("ZINTERCARD", NUMKEYS, KEYS, KEYS, some(words("LIMIT", COUNTS), words("NONSENSE"))),
    "ZSCAN": words(
        "ZSCAN", KEYS, st.sampled_from(["0", "0", "x"]),
        some(
            words("MATCH", st.sampled_from(["*", "a*"])),
            words("COUNT", st.sampled_from(["100", "0", "x"])), words("NONSENSE"),
        ),
    ),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
    "DEL": words(st.sampled_from(["DEL", "TYPE"]), KEYS),
    "SET": words("SET", "text", "v"),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {
    "ZMSCORE": (6, 2), "ZRANGESTORE": (6, 2), "ZRANDMEMBER": (6, 2), "TOGETHER": (6, 2), "ZDIFFSTORE": (6, 2),
    "ZMPOP": (7, 0), "BZMPOP": (7, 0), "ZINTERCARD": (7, 0),
}  # fmt: skip
WEIGHTS = {"ZADD": 6, "ZRANGE": 2, "STORE": 2, "TOGETHER": 2}
START: Sequence[list[str]] = (
    ["ZADD", "z", "1", "a", "2", "b", "3.1", "c"],
    ["ZADD", "y", "0", "a", "0", "b", "0", "aa"],
    ["SADD", "set", "a", "b"],
    ["SET", "text", "v"],
)
