"""How large a compact value, or a node of a stream, may be: the parameters of CONFIG that say so, as numbers."""

from __future__ import annotations

from attrs import frozen

from .._profile import Profile
from ..administration._configuration import Configuration

PACKED_BYTES: tuple[int, ...] = (4096, 8192, 16384, 32768, 65536)
"""What list-max-listpack-size means from -1 to -5."""

SAFE_BYTES = 8192
"""No node of a list is larger where that parameter is a number of elements."""


NODE_BYTES_MAX = 1 << 30
"""No node of a stream is larger."""


@frozen
class Limits:
    """Each the largest that is still compact.

    Attributes:
        list_size: of a list, elements; or bytes, where it is negative: see `PACKED_BYTES`.
        intset_entries: members of a set of whole numbers.
        set_entries, set_value: members of another set, and bytes of each; no set is compact where it is -1.
        hash_entries, hash_value: the same of a hash.
        zset_entries, zset_value: the same of a sorted set.
        node_entries: entries of a stream in one node; 0: no limit.
        node_bytes: bytes beyond which a node does not grow; 0: no limit.
        node_counts_deleted: whether those that were deleted count among the entries of a node.
        node_counts_words: whether what is to be added counts, not only what is there.
        packs_numbers: whether whole scores in a compact sorted set are kept as such, which knows no negative zero.
    """

    list_size: int
    intset_entries: int
    set_entries: int
    set_value: int
    hash_entries: int
    hash_value: int
    zset_entries: int
    zset_value: int
    packs_numbers: bool
    node_entries: int
    node_bytes: int
    node_counts_deleted: bool
    node_counts_words: bool

    @classmethod
    def of(cls, profile: Profile, configuration: Configuration) -> Limits:
        """As they are set now."""
        number, has_packed_sets = configuration.number, profile.since(7, 2)
        return cls(
            list_size=number("list-max-ziplist-size"),
            intset_entries=number("set-max-intset-entries"),
            set_entries=number("set-max-listpack-entries") if has_packed_sets else -1,
            set_value=number("set-max-listpack-value") if has_packed_sets else -1,
            hash_entries=number("hash-max-ziplist-entries"),
            hash_value=number("hash-max-ziplist-value"),
            zset_entries=number("zset-max-ziplist-entries"),
            zset_value=number("zset-max-ziplist-value"),
            packs_numbers=profile.since(7, 0),
            node_entries=_node_entries(profile, number("stream-node-max-entries")),
            node_counts_deleted=profile.since(6, 2),
            # No limit, as the configuration file says, 0 is since 6.2 only; before, every node is too large then.
            node_bytes=number("stream-node-max-bytes") or (NODE_BYTES_MAX if profile.since(6, 2) else 1),
            node_counts_words=profile.since(6, 0),
        )

    def list_node_exceeds(self, size: int, count: int) -> bool:
        """Whether a node of a list would be too large with so many bytes and elements."""
        if self.list_size < 0:
            return size > PACKED_BYTES[min(-self.list_size, len(PACKED_BYTES)) - 1]
        return size > SAFE_BYTES or count > max(self.list_size, 1)

    def list_may_be_packed_again(self, size: int, count: int) -> bool:
        """Whether a list of one node has shrunk so far that it is compact again: to half of what is allowed."""
        if self.list_size < 0:
            return size <= PACKED_BYTES[min(-self.list_size, len(PACKED_BYTES)) - 1] // 2
        return size <= SAFE_BYTES // 2 and count <= max(self.list_size, 1) // 2


def _node_entries(profile: Profile, parameter: int) -> int:
    """In 5.0 a node is full with one entry more than the parameter says."""
    return parameter + 1 if parameter and not profile.since(6, 0) else parameter
