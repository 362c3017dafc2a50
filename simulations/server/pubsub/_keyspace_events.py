"""Keyspace events: what happened to which key, told over pub/sub as notify-keyspace-events says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._command import Command
from .._profile import Profile
from .._session import Words
from ..administration._configuration import EVENT_CLASSES

if TYPE_CHECKING:
    from .._engine import Engine

_ABOUT_KEYS: Final = ("object|", "memory|")
_READING: Final = frozenset(
    ["getex", "getdel", "getset", "bitop", "xreadgroup", "xack", "xackdel", "xclaim", "xautoclaim"]
)
"""Commands that write, and tell of keys that are not there all the same."""
_READING_SINCE_7_0: Final = frozenset(
    ["copy", "sinterstore", "sunionstore", "sdiffstore", "zinterstore", "zunionstore", "zdiffstore", "zrangestore"]
)


class KeyspaceEvents:
    """Those that are told; made anew when the parameter is set.

    Args:
        engine: whose keys.
        flags: the value of the parameter, as CONFIG GET tells it.
    """

    def __init__(self, engine: Engine, flags: str) -> None:
        self._pubsub = engine.pubsub
        self._classes = frozenset(flags.replace("A", EVENT_CLASSES))
        self._by_key = "K" in flags
        self._by_event = "E" in flags
        self._profile = engine.profile
        self.tells_misses = False
        """Whether a command runs that tells of keys that it looks for in vain."""

    def begin(self, command: Command, name: str, words: Words) -> None:
        """A command is about to run."""
        self.tells_misses = "m" in self._classes and _tells_misses(self._profile, command, name, words)

    def tell(self, event_class: str, event: str, database: int, key: bytes) -> None:
        """Tell an event, if it is of a class that is told."""
        if event_class not in self._classes or not self._pubsub:
            return
        name = event.encode()
        if self._by_key:
            self._pubsub.publish(b"__keyspace@%d__:%b" % (database, key), name)
        if self._by_event:
            self._pubsub.publish(b"__keyevent@%d__:%b" % (database, name), key)

    def tell_overwritten(self, database: int, key: bytes, *, is_other_kind: bool) -> None:
        """The value of a key was replaced as a whole, perhaps by one of another kind."""
        self.tell("o", "overwritten", database, key)
        if is_other_kind:
            self.tell("c", "type_changed", database, key)


def _tells_misses(profile: Profile, command: Command, name: str, words: Words) -> bool:
    """Whether a command tells of keys that are not there: those that read, as real servers have it."""
    if name == "set":
        given = {word.upper() for word in words[3:]}
        return b"GET" in given and (profile.since(7, 0) or b"XX" not in given)
    if name == "bitfield":
        return not any(word.upper() in {b"SET", b"INCRBY"} for word in words[2:])
    if "readonly" in command.flags:
        return not name.startswith(_ABOUT_KEYS)
    return name in _READING or (name in _READING_SINCE_7_0 and profile.since(7, 0))


def keyspace_events(engine: Engine) -> KeyspaceEvents | None:
    """What the parameter says; None: nothing is told."""
    flags = engine.configuration["notify-keyspace-events"]
    return KeyspaceEvents(engine, flags) if "K" in flags or "E" in flags else None
