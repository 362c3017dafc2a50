"""Keyspace events: what happened to which key, told over pub/sub as notify-keyspace-events says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._configuration import EVENT_CLASSES

if TYPE_CHECKING:
    from ._engine import Engine


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

    def tell(self, event_class: str, event: str, database: int, key: bytes) -> None:
        """Tell an event, if it is of a class that is told."""
        if event_class not in self._classes or not self._pubsub:
            return
        name = event.encode()
        if self._by_key:
            self._pubsub.publish(b"__keyspace@%d__:%b" % (database, key), name)
        if self._by_event:
            self._pubsub.publish(b"__keyevent@%d__:%b" % (database, name), key)


def keyspace_events(engine: Engine) -> KeyspaceEvents | None:
    """What the parameter says; None: nothing is told."""
    flags = engine.configuration["notify-keyspace-events"]
    return KeyspaceEvents(engine, flags) if "K" in flags or "E" in flags else None
