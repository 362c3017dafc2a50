"""How many nodes Redis' radix tree of a stream has, as XINFO STREAM tells.

The tree's keys are the first ids of the stream's nodes, sixteen bytes each. Where keys part there is a node; bytes that
they have in common, or that only one has, are in one node together; each key ends in a node of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from ._ids import Id

KEY_BYTES: Final = 16


def count_radix_nodes(ids: Sequence[Id]) -> int:
    """The nodes of the tree of these ids, which are in order."""
    if not ids:
        return 1
    return _count([ms.to_bytes(8, "big") + seq.to_bytes(8, "big") for ms, seq in ids], 0)


def _count(keys: Sequence[bytes], depth: int) -> int:
    """The nodes below one that has read `depth` bytes, which all keys share."""
    first, last = keys[0], keys[-1]
    common = depth
    while common < KEY_BYTES and first[common] == last[common]:
        common += 1
    nodes = int(common > depth) + 1
    if common == KEY_BYTES:
        return nodes
    return nodes + sum(_count(list(branch), common + 1) for _, branch in groupby(keys, lambda key: key[common]))
