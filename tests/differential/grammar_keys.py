"""Commands on keys of any kind: names, databases, expiry, SCAN."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, maybe, some, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["s", "t", "u", "l", "h", "none"])
DATABASES = st.sampled_from(["0", "1", "1", "2", "99", "-1", "x"])
SECONDS = st.sampled_from(["100", "1000", "100000", "-1", "0", "x", "9223372036854775807", "-9223372036854775808"])
MOMENTS = st.sampled_from(["1", "99999999999", "88888888888", "x", "9223372036854775807"])
CONDITIONS = some(*(words(each) for each in ("NX", "XX", "GT", "LT", "NONSENSE")))

FAMILIES: dict[str, Piece] = {
    "DEL": words(st.sampled_from(["DEL", "UNLINK", "EXISTS", "TOUCH"]), st.lists(KEYS, min_size=1, max_size=3)),
    "TYPE": words(st.sampled_from(["TYPE", "TTL", "PTTL", "PERSIST"]), KEYS),
    "KEYS": words("KEYS", st.sampled_from(["*", "s", "[st]", "?", "n*"])),
    "SCAN": words(
        "SCAN", st.sampled_from(["0", "0", "0", "x"]),
        some(words("MATCH", st.sampled_from(["*", "s*", "["])), words("COUNT", st.sampled_from(["100", "0", "x"])),
             words("TYPE", st.sampled_from(["string", "list", "HASH"])), words("NONSENSE")),
    ),
    "RENAME": words(st.sampled_from(["RENAME", "RENAMENX"]), KEYS, KEYS),
    "COPY": words("COPY", KEYS, KEYS, some(words("REPLACE"), words("DB", DATABASES), words("NONSENSE"))),
    "MOVE": words("MOVE", KEYS, DATABASES),
    "SWAPDB": words("SWAPDB", DATABASES, DATABASES),
    "SELECT": words("SELECT", st.sampled_from(["0", "0", "1", "x", "99"])),
    "EXPIRE": words(st.sampled_from(["EXPIRE", "PEXPIRE"]), KEYS, SECONDS, CONDITIONS),
    "EXPIREAT": words(st.sampled_from(["EXPIREAT", "PEXPIREAT"]), KEYS, MOMENTS, CONDITIONS),
    "EXPIRETIME": words(st.sampled_from(["EXPIRETIME", "PEXPIRETIME"]), KEYS),
    "DBSIZE": words(st.sampled_from(["DBSIZE", "RANDOMKEY"])),
    "FLUSH": words(st.sampled_from(["FLUSHDB", "FLUSHALL"]), maybe(st.sampled_from(["ASYNC", "SYNC", "NONSENSE"]))),
    "SET": words("SET", st.sampled_from(["s", "t", "u"]), st.sampled_from(["1", "abc"]), maybe("EX", "1000")),
    "LPUSH": words("LPUSH", st.sampled_from(["l", "t"]), "1"),
    "HSET": words("HSET", st.sampled_from(["h", "u"]), "a", "1"),
    "WATCH": words("WATCH", KEYS),
    "MULTI": words(st.sampled_from(["MULTI", "EXEC", "EXEC", "DISCARD"])),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {"COPY": (6, 2), "EXPIRETIME": (7, 0)}
WEIGHTS = {"SET": 3, "LPUSH": 2, "HSET": 2}
START: Sequence[list[str]] = (["SET", "s", "1"], ["LPUSH", "l", "a"], ["HSET", "h", "a", "1"])
