"""HyperLogLogs, sparse and dense, and strings that are none, or damaged ones."""

from __future__ import annotations

from collections.abc import Sequence

from differential.grammar import Piece, words
from hypothesis import strategies as st

KEYS = st.sampled_from(["h", "h", "h", "i", "i", "d", "text", "list", "none"])
FEW = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "", "1", "x" * 40, "e\0f"]), max_size=4)
MANY = st.tuples(st.integers(0, 2000), st.integers(1, 400)).map(
    lambda drawn: [f"element:{number}" for number in range(drawn[0], drawn[0] + drawn[1])]
)
BYTES = st.sampled_from(["\0", "\x01", "\x02", "A", "?", "@", "~", "\x7f", "\x05"])

FAMILIES: dict[str, Piece] = {
    "PFADD": words("PFADD", KEYS, st.one_of(FEW, FEW, MANY)),
    "PFCOUNT": words("PFCOUNT", st.lists(KEYS, min_size=1, max_size=3)),
    "PFMERGE": words("PFMERGE", st.lists(KEYS, min_size=1, max_size=3)),
    "PFDEBUG": words(
        "PFDEBUG", st.sampled_from(["DECODE", "decode", "ENCODING", "ENCODING", "GETREG", "TODENSE", "NONSENSE"]), KEYS
    ),
    "GET": words(st.sampled_from(["GET", "GET", "STRLEN", "DEL"]), KEYS),
    "ENCODING": words("OBJECT", "ENCODING", KEYS),
    "DAMAGE": words("SETRANGE", KEYS, st.sampled_from(["0", "4", "15", "16", "17", "18", "19", "40"]), BYTES),
    "APPEND": words("APPEND", KEYS, BYTES),
    "SMALL": words("CONFIG", "SET", "hll-sparse-max-bytes", st.sampled_from(["30", "3000", "3000"])),
    "DIGEST": words("DEBUG", "DIGEST-VALUE", KEYS),
}  # fmt: skip
"""One strategy for each family of commands."""

SINCE: dict[str, tuple[int, int]] = {}
WEIGHTS = {"PFADD": 4, "PFCOUNT": 2, "PFMERGE": 2}
START: Sequence[list[str]] = (
    ["CONFIG", "SET", "hll-sparse-max-bytes", "3000"],
    ["PFADD", "h", "a", "b", "c"],
    ["SET", "text", "v"],
    ["RPUSH", "list", "a"],
)
