"""Commands to try: mostly sensible ones on few keys, so that they meet; and every mistake that one can make."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from hypothesis import strategies as st
from redis_streams.simulations.server import Profile

Words = list[bytes]
Piece = st.SearchStrategy[list[str]]

STREAMS = st.sampled_from(["s", "s", "s", "t"])
KEYS = st.sampled_from(["s", "s", "s", "s", "t", "text", "none"])
GROUPS = st.sampled_from(["g", "g", "g", "h", "no"])
CONSUMERS = st.sampled_from(["c", "c", "d", "e"])
PLAIN_IDS = st.sampled_from(["1-1", "1-2", "2-0", "2-5", "3-1", "4-0", "5-5", "7-0", "9-9", "0-1", "1", "3", "8"])
ODD_IDS = st.sampled_from(
    ["0", "0-0", "-", "+", "$", ">", "(2", "(1-1", "x", "", "1-1-1", "-1", "01-02", "+8-1", "1-", "5-*"]
    + [
        "18446744073709551615-18446744073709551615",
        "18446744073709551616-0",
        "(18446744073709551615-18446744073709551615",
    ]
)
IDS = st.one_of(PLAIN_IDS, PLAIN_IDS, PLAIN_IDS, ODD_IDS)
NUMBERS = st.sampled_from(["0", "1", "2", "3", "10", "100", "-1", "x", "1.5", "", "99999999999999999999"])
COUNTS = st.sampled_from(["1", "2", "3", "10", "0", "-1", "x"])
FIELDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), min_size=1, max_size=2).map(
    lambda pairs: [word for pair in pairs for word in pair]
)


def words(*pieces: str | Piece | st.SearchStrategy[str]) -> Piece:
    """These one after the other: plain words, or strategies for one or several of them."""
    each = [st.just([piece]) if isinstance(piece, str) else piece for piece in pieces]
    return st.tuples(*each).map(
        lambda drawn: [word for piece in drawn for word in ([piece] if isinstance(piece, str) else piece)]
    )


def maybe(*pieces: str | Piece | st.SearchStrategy[str]) -> Piece:
    """These, or nothing."""
    return st.one_of(st.just([]), st.just([]), words(*pieces))


def some(*choices: Piece, most: int = 2) -> Piece:
    """Up to so many of these."""
    return st.lists(st.one_of(*choices), max_size=most).map(lambda drawn: [word for piece in drawn for word in piece])


REFERENCES = words(st.sampled_from(["KEEPREF", "DELREF", "DELREF", "ACKED", "ACKED"]))
TRIM = words(
    st.sampled_from(["MAXLEN", "MAXLEN", "MINID", "maxlen"]),
    st.sampled_from([[], ["="], ["~"], ["~"]]),
    st.one_of(COUNTS, PLAIN_IDS),
    maybe("LIMIT", COUNTS),
)
MESSAGE = st.one_of(
    words("IDMP", st.sampled_from(["p", "p", "q", ""]), st.sampled_from(["1", "2", "3", ""])),
    words("IDMPAUTO", st.sampled_from(["p", "p", "q", ""])),
)
XADD_NEWER = words(
    "XADD",
    KEYS,
    some(TRIM, words("NOMKSTREAM"), REFERENCES, MESSAGE, MESSAGE, most=3),
    st.one_of(st.just("*"), st.just("*"), st.just("*"), PLAIN_IDS, st.just("9-*")),
    FIELDS,
)
NUMBERED_IDS = st.one_of(
    st.lists(IDS, min_size=1, max_size=3).map(lambda ids: ["IDS", str(len(ids)), *ids]),
    st.lists(IDS, min_size=1, max_size=3).map(lambda ids: ["IDS", str(len(ids)), *ids]),
    words(st.sampled_from(["IDS", "ids", "NONSENSE"]), NUMBERS, st.lists(IDS, min_size=1, max_size=3)),
)
XADD = words(
    "XADD",
    KEYS,
    some(TRIM, words("NOMKSTREAM"), most=1),
    st.one_of(st.just("*"), st.just("*"), PLAIN_IDS, IDS, st.sampled_from(["1-*", "9-*"])),
    st.one_of(FIELDS, FIELDS, FIELDS, st.just(["a"]), st.just([])),
)
BLOCK = st.sampled_from([[], [], [], ["BLOCK", "0"], ["BLOCK", "-1"], ["BLOCK", "x"], ["BLOCK", "60000"]])
XREAD = words(
    "XREAD", maybe("COUNT", COUNTS), BLOCK, maybe("NOACK"), "STREAMS", st.one_of(
        words(KEYS, st.one_of(IDS, st.just("$"))), words(KEYS, KEYS, IDS, IDS), words(KEYS, KEYS, IDS)
    ),
)  # fmt: skip
XREADGROUP = words(
    "XREADGROUP",
    st.one_of(words("GROUP", GROUPS, CONSUMERS), words("GROUP", GROUPS, CONSUMERS), st.just([])),
    maybe("COUNT", COUNTS),
    BLOCK,
    maybe("NOACK"),
    "STREAMS",
    st.one_of(
        words(KEYS, ">"), words(STREAMS, ">"), words(KEYS, IDS), words(KEYS, KEYS, ">", st.one_of(IDS, st.just(">")))
    ),
)
XREADGROUP_CLAIMING = words(
    "XREADGROUP", "GROUP", GROUPS, CONSUMERS, maybe("COUNT", COUNTS), BLOCK,
    "CLAIM", st.sampled_from(["0", "0", "0", "9999999", "-1", "x"]), maybe("NOACK"), "STREAMS",
    st.one_of(words(STREAMS, ">"), words(KEYS, ">"), words(KEYS, IDS), words("s", "t", ">", ">")),
)  # fmt: skip
CLAIM_OPTIONS = some(
    words("IDLE", st.sampled_from(["0", "1000", "60000", "-1", "x", "99999999999999999999"])),
    words("TIME", NUMBERS),
    words("RETRYCOUNT", NUMBERS),
    words("FORCE"),
    words("JUSTID"),
    words("LASTID", IDS),
    words("NONSENSE"),
)
FAMILIES: dict[str, Piece] = {
    "XADD": XADD,
    "XTRIM": words("XTRIM", KEYS, st.one_of(TRIM, TRIM, st.just(["MAXLEN"]), st.just(["NONSENSE", "1"]))),
    "XDEL": words("XDEL", KEYS, st.lists(IDS, min_size=1, max_size=3)),
    "XLEN": words("XLEN", KEYS),
    "XRANGE": words(
        st.sampled_from(["XRANGE", "XREVRANGE"]), KEYS, IDS, IDS, maybe("COUNT", COUNTS), maybe("NONSENSE")
    ),
    "XSETID": words(
        "XSETID", KEYS, IDS, some(words("ENTRIESADDED", NUMBERS), words("MAXDELETEDID", IDS), words("NONSENSE"))
    ),
    "XREAD": XREAD,
    "XREADGROUP": XREADGROUP,
    "XACK": words("XACK", KEYS, GROUPS, st.lists(IDS, min_size=1, max_size=3)),
    "XPENDING": words(
        "XPENDING", KEYS, GROUPS,
        maybe(maybe("IDLE", st.sampled_from(["0", "x", "9999999"])), IDS, IDS, COUNTS, maybe(CONSUMERS)),
    ),
    "XCLAIM": words(
        "XCLAIM", KEYS, GROUPS, CONSUMERS, st.sampled_from(["0", "0", "9999999", "-1", "x"]),
        st.lists(IDS, min_size=1, max_size=3), CLAIM_OPTIONS,
    ),
    "XAUTOCLAIM": words(
        "XAUTOCLAIM", KEYS, GROUPS, CONSUMERS, st.sampled_from(["0", "0", "9999999", "x"]), IDS,
        some(words("COUNT", COUNTS), words("JUSTID"), words("NONSENSE")),
    ),
    "XGROUP": st.one_of(
        words("XGROUP", "CREATE", KEYS, GROUPS, st.one_of(IDS, st.sampled_from(["$", "0"])),
              some(words("MKSTREAM"), words("ENTRIESREAD", NUMBERS), words("NONSENSE"), most=2)),
        words("XGROUP", "CREATE", STREAMS, GROUPS, st.sampled_from(["$", "0"]), "MKSTREAM"),
        words("XGROUP", "SETID", KEYS, GROUPS, st.one_of(IDS, st.just("$")), maybe("ENTRIESREAD", NUMBERS)),
        words("XGROUP", "DESTROY", KEYS, GROUPS),
        words("XGROUP", st.sampled_from(["CREATECONSUMER", "DELCONSUMER"]), KEYS, GROUPS, CONSUMERS),
        words("XGROUP", st.sampled_from(["NONSENSE", "HELP", "CREATE", "DESTROY"]), maybe(KEYS)),
    ),
    "XINFO": st.one_of(
        words("XINFO", "STREAM", KEYS),
        words("XINFO", "STREAM", KEYS, "FULL", maybe("COUNT", COUNTS)),
        words("XINFO", "GROUPS", KEYS),
        words("XINFO", "CONSUMERS", KEYS, GROUPS),
        words("XINFO", st.sampled_from(["NONSENSE", "HELP", "STREAM", "GROUPS"]), maybe(KEYS)),
    ),
    "XREADGROUP of 8.4": XREADGROUP_CLAIMING,
    "XADD of 8.6": XADD_NEWER,
    "XTRIM of 8.2": words("XTRIM", KEYS, some(TRIM, TRIM, REFERENCES, most=3)),
    "XDELEX": words("XDELEX", KEYS, some(REFERENCES, most=1), NUMBERED_IDS, some(REFERENCES, most=1)),
    "XACKDEL": words("XACKDEL", KEYS, GROUPS, some(REFERENCES, most=1), NUMBERED_IDS, some(REFERENCES, most=1)),
    "XCFGSET": words(
        "XCFGSET", KEYS,
        some(
            words("IDMP-DURATION", st.sampled_from(["100", "86400", "86401", "0", "x"])),
            words("IDMP-MAXSIZE", st.sampled_from(["100", "1", "2", "10000", "10001", "0", "x"])),
            words("NONSENSE"),
        ),
    ),
    "XIDMPRECORD": words(
        "XIDMPRECORD", KEYS, st.sampled_from(["p", "q", ""]), st.sampled_from(["1", "2", ""]),
        st.sampled_from(["7-7", "7-7", "0", "x", "-"]),  # an entry that is there is forgotten at a moment of its own
    ),
    "COPY": words("COPY", KEYS, KEYS, maybe("REPLACE")),
    "NODES": words("CONFIG", "SET", "stream-node-max-entries", st.sampled_from(["1", "3", "3", "100", "0"])),
    "BYTES": words("CONFIG", "SET", "stream-node-max-bytes", st.sampled_from(["40", "60", "90", "4096", "0"])),
    "LONG": words(
        "XADD", STREAMS, "*",
        st.lists(st.sampled_from(["a", "b", "-5", "70000", "01", "x" * 70, "9223372036854775807"]), min_size=1,
                 max_size=3).map(lambda drawn: [word for word in drawn for _ in range(2)]),
    ),
    "MULTI": words(st.sampled_from(["MULTI", "MULTI", "EXEC", "EXEC", "EXEC", "DISCARD", "UNWATCH"])),
    "WATCH": words("WATCH", KEYS),
    "EVAL": words(
        "EVAL", "return redis.pcall(unpack(ARGV))", "0",
        st.one_of(XADD, XREADGROUP, XREAD, words("XACK", KEYS, GROUPS, IDS), words("XLEN", KEYS), words("XNONE", KEYS)),
    ),
    "DEL": words("DEL", KEYS),
    "SET": words("SET", st.sampled_from(["text", "text", "t"]), "v"),
    "TYPE": words(st.sampled_from(["TYPE", "EXISTS"]), KEYS),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE = {
    "XAUTOCLAIM": (6, 2),
    "COPY": (6, 2),
    "XTRIM of 8.2": (8, 2),
    "XDELEX": (8, 2),
    "XACKDEL": (8, 2),
    "XREADGROUP of 8.4": (8, 4),
    "XADD of 8.6": (8, 6),
    "XCFGSET": (8, 6),
    "XIDMPRECORD": (8, 6),
}
"""Families that older servers do not have; that they refuse them is tried by other means."""

WEIGHTS = {"XADD": 6, "XREADGROUP": 5, "XGROUP": 3, "XREAD": 2, "XCLAIM": 2, "XINFO": 2, "XADD of 8.6": 3}

START: Sequence[list[str]] = (
    ["XADD", "s", "1-1", "a", "1"],
    ["XADD", "s", "2-0", "a", "2", "b", "3"],
    ["XGROUP", "CREATE", "s", "g", "0"],
    ["SET", "text", "v"],
)


class Grammar(Protocol):
    """A module of families: this one, or another one like it."""

    FAMILIES: dict[str, Piece]
    SINCE: dict[str, tuple[int, int]]
    WEIGHTS: dict[str, int]
    START: Sequence[list[str]]


KINDS = ("streams", *sorted(path.stem.removeprefix("grammar_") for path in Path(__file__).parent.glob("grammar_*.py")))
"""Of values, each with a module of its own."""


def grammar(name: str) -> Grammar:
    """The module for one kind of values; "streams" is this one."""
    module = "grammar" if name == "streams" else f"grammar_{name}"
    return cast("Grammar", import_module(f"differential.{module}"))


def commands(profile: Profile, kind: str = "streams") -> st.SearchStrategy[tuple[int, Words]]:
    """A command, and the connection that says it."""
    chosen = grammar(kind)
    families = [
        family
        for name, family in chosen.FAMILIES.items()
        if profile.since(*chosen.SINCE.get(name, (5, 0)))
        for _ in range(chosen.WEIGHTS.get(name, 1))
    ]
    return st.tuples(
        st.sampled_from([0, 0, 0, 1, 2]), st.one_of(*families).map(lambda drawn: [word.encode() for word in drawn])
    )
