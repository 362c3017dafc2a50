"""The names of the Redis keys that belong to one stream.

All keys of one stream share a hash tag, so that one script may touch them together on Redis Cluster
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
"""

from __future__ import annotations


def hash_tagged(stream: str) -> str:
    """The stream's name in a form whose hash slot is the stream's own.

    A name that carries a tag already (``a{b}c``, hashed by ``b``) stays as it is, any other is put into braces. There
    is no such form for a name with a } but no tag, such as ``a}b``: on a cluster its keys lie elsewhere.
    """
    opening = stream.find("{")
    closing = stream.find("}", opening + 1)
    has_tag = opening >= 0 and closing > opening + 1
    return stream if has_tag else "{" + stream + "}"


def checkpoint_key(stream: str, group: str) -> str:
    """The hash in which the checkpoint of a group is kept."""
    return f"{hash_tagged(stream)}:checkpoint:{group}"


def dead_letter_key(stream: str, group: str) -> str:
    """The stream to which entries go that a group can't handle."""
    return f"{hash_tagged(stream)}:dead:{group}"


def token_keys(stream: str) -> tuple[str, str]:
    """The two hashes in which it is kept what was published once, by token; the newer one first."""
    return f"{hash_tagged(stream)}:published", f"{hash_tagged(stream)}:published:older"


def mark_key(stream: str) -> str:
    """What a connection writes behind its entries, so that it has a last write of its own to wait for."""
    return f"{hash_tagged(stream)}:mark"


def retries_key(stream: str, group: str) -> str:
    """The sorted set that says when entries that failed are due again."""
    return f"{hash_tagged(stream)}:retries:{group}"


def schedule_keys(stream: str) -> tuple[str, str, str]:
    """What is to be appended later: when (a sorted set), what (a hash), and which calls are over (a sorted set)."""
    key = f"{hash_tagged(stream)}:scheduled"
    return key, f"{key}:events", f"{key}:ended"


def readers_key(stream: str) -> str:
    """The hash in which the checkpoints of readers without a group are kept, by their names."""
    return f"{hash_tagged(stream)}:readers"


def groups_key(stream: str) -> str:
    """The hash whose fields are all groups of a stream that were ever seen: the retention misses who is missing."""
    return f"{hash_tagged(stream)}:groups"


def settings_key(stream: str) -> str:
    """The hash with what was configured for a stream as a whole, such as its length limit."""
    return f"{hash_tagged(stream)}:settings"
