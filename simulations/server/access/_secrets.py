"""Commands without what is nobody's business: as MONITOR and SLOWLOG show them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from .._profile import Profile
from .._session import Words

REDACTED: Final = b"(redacted)"
_SECRET_PARAMETERS: Final = frozenset(
    {b"masteruser", b"masterauth", b"requirepass", b"tls-key-file-pass", b"tls-client-key-file-pass"}
)


def without_secrets(profile: Profile, name: str, words: Words) -> Words:
    """The words of a command, the secret ones replaced; since 6.2.

    Args:
        profile: the version.
        name: the full name, as in "acl|setuser".
        words: all of them.
    """
    if not profile.since(6, 2):
        return words
    secret: Container[int] = ()
    if name == "auth":
        secret = range(1, len(words))
    elif name == "acl|setuser" or (name in {"acl|deluser", "acl|getuser"} and profile.since(8, 0)):
        secret = range(2, len(words))
    elif name == "config|set":
        secret = {at + 1 for at in range(2, len(words), 2) if words[at].lower() in _SECRET_PARAMETERS}
    elif name == "hello":
        secret = _behind(words, {b"AUTH": 2}, 2)
    elif name == "migrate":
        secret = _behind(words, {b"AUTH": 1, b"AUTH2": 2}, 6)
    else:
        return words
    return [REDACTED if at in secret else word for at, word in enumerate(words)]


def _behind(words: Words, options: dict[bytes, int], first: int) -> Sequence[int]:
    """The positions of so many words behind each option."""
    found: list[int] = []
    for at in range(first, len(words)):
        found += range(at + 1, at + 1 + options.get(words[at].upper(), 0))
    return found
