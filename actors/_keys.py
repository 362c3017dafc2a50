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


def settings_key(stream: str) -> str:
    """The hash with what was configured for a stream as a whole, such as its length limit."""
    return f"{hash_tagged(stream)}:settings"
