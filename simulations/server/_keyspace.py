"""The databases: keys, what they hold, and when they expire.

What a key holds is `bytes` for a string, else an object whose class has a `KIND`. Whoever changes a value in place says
so with `Engine.touch`; whoever stores or removes one goes through the `Database`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, cast

from ._errors import WRONG_TYPE, CommandError
from ._uses import Uses

if TYPE_CHECKING:
    from ._engine import Engine
    from ._profile import Profile
    from .administration._configuration import Configuration
    from .pubsub._keyspace_events import KeyspaceEvents
    from .types._hash import Hash
    from .types._scan import ScanOrder


class Holder(Protocol):
    """A value of any kind but string."""

    KIND: ClassVar[str]
    """As TYPE says it: "stream", "hash", …"""

    def encoding(self, profile: Profile, configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        ...

    def copy(self) -> Holder:
        """Another that holds the same."""
        ...


Value = bytes | Holder

V = TypeVar("V")


def kind_of(value: Value) -> str:
    """What TYPE says of a value."""
    return "string" if isinstance(value, bytes) else value.KIND


class Database:
    """One numbered database.

    Attributes:
        values: what each key holds, in the order in which the keys were made. Keys that expired may still be in here:
            ask `get`, not this.
        expires: for keys that expire, when: milliseconds since 1970.
    """

    def __init__(self, index: int, engine: Engine) -> None:
        self.index = index
        self.values: dict[bytes, Value] = {}
        self.expires: dict[bytes, int] = {}
        self.uses = Uses(engine)
        self._engine = engine
        self._soonest_ms: float = math.inf
        """No key expires before."""
        self._with_field_expiry: dict[bytes, None] = {}
        """The keys of hashes of which fields expire; some may have gone meanwhile."""
        self._soonest_field_ms: float = math.inf
        self.scan_order: ScanOrder | None = None
        """The keys as they were when somebody began to SCAN."""

    def get(self, key: bytes, *, uses: bool = True) -> Value | None:
        """What a key holds, None where there is none or it has expired; a command that reads tells that it missed.

        Args:
            key: whose value.
            uses: whether that is a use of the key, as OBJECT IDLETIME tells it.
        """
        value = None if self.expires and self._expired(key) else self.values.get(key)
        if value is not None:
            if uses:
                self.uses.note(key)
        elif (events := self._engine.events) is not None and events.tells_misses:
            events.tell("m", "keymiss", self.index, key)
        return value

    def peek(self, key: bytes) -> Value | None:
        """The same, where the command does not read the value; nobody is told."""
        return None if self.expires and self._expired(key) else self.values.get(key)

    def get_as(self, kind: type[V], key: bytes) -> V | None:
        """The same, if it is of this kind.

        Raises:
            CommandError: WRONGTYPE, it is of another kind.
        """
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, kind):
            raise CommandError(WRONG_TYPE)
        return value

    def put(self, key: bytes, value: Value, *, keep_expiry: bool = False, overwrites: bool = False) -> None:
        """Have a key hold a value, and touch the key.

        Args:
            key: whose value.
            value: it.
            keep_expiry: whether the key expires when it would have.
            overwrites: whether it takes the place of whatever was there; else it is that, changed.
        """
        if self.expires:
            self._expired(key)
        if self._engine.events is not None:
            self._tell_put(self._engine.events, key, value, overwrites=overwrites)
        self.values[key] = value
        self.uses.note_new(key)
        if not keep_expiry:
            self.expires.pop(key, None)
        self._engine.touch(self, key)
        # 5.0 wakes nobody by a stream that comes from elsewhere, as by RENAME: XADD says so itself.
        if isinstance(value, bytes) or value.KIND != "stream" or self._engine.profile.since(6, 0):
            self._engine.signal_ready(self, key)
        if not isinstance(value, bytes) and value.KIND == "hash":
            self.note_field_expiry(key, cast("Hash", value))

    def _tell_put(self, events: KeyspaceEvents, key: bytes, value: Value, *, overwrites: bool) -> None:
        old = self.values.get(key)
        if old is None:
            events.tell("n", "new", self.index, key)
        elif overwrites:
            events.tell_overwritten(self.index, key, is_other_kind=kind_of(old) != kind_of(value))

    def delete(self, key: bytes) -> bool:
        """Remove a key, and touch it; returns whether it was there."""
        if self.peek(key) is None:
            return False
        self._remove(key)
        return True

    def evict(self, key: bytes) -> None:
        """Remove a key for want of memory."""
        self._remove(key, expired=True)
        self._engine.statistics.evicted += 1
        self._engine.notify("e", "evicted", self, key)

    def expire_at(self, key: bytes, at_ms: int) -> None:
        """Have an existing key expire."""
        self.expires[key] = at_ms
        self._soonest_ms = min(self._soonest_ms, at_ms)
        self._engine.touch(self, key)

    def remove_expired(self) -> None:
        """Remove the keys that have expired, as the server does from time to time."""
        now_ms = self._engine.now_ms
        if now_ms < self._soonest_ms:
            return
        for key in [key for key, at_ms in self.expires.items() if at_ms <= now_ms]:
            if self._expired(key) and not self.keeps_expired:
                self._engine.statistics.expired_unseen += 1
        self._soonest_ms = min(self.expires.values(), default=math.inf)

    def note_field_expiry(self, key: bytes, held: Hash) -> None:
        """Fields of a hash may expire from now on."""
        if held.expires:
            self._with_field_expiry[key] = None
            self._soonest_field_ms = min(self._soonest_field_ms, *held.expires.values())

    def remove_expired_fields(self) -> None:
        """Remove the fields of hashes that have expired, as the server does from time to time."""
        if self._engine.now_ms <= self._soonest_field_ms:
            return
        self._soonest_field_ms = math.inf
        for key in list(self._with_field_expiry):
            value = self.values.get(key)
            if value is None or isinstance(value, bytes) or value.KIND != "hash":
                del self._with_field_expiry[key]
                continue
            self._remove_expired_fields_of(key, cast("Hash", value))

    def _remove_expired_fields_of(self, key: bytes, held: Hash) -> None:
        self.drop_fields(key, held, held.expired(self._engine.now_ms))
        if held.expires:
            self.note_field_expiry(key, held)
        else:
            del self._with_field_expiry[key]

    def drop_fields(self, key: bytes, held: Hash, names: Sequence[bytes]) -> None:
        """Remove fields that have expired; the key goes with the last one."""
        engine = self._engine
        if not names:
            return
        dirty = engine.dirty
        for name in names:
            held.remove(name)
        engine.notify("h", "hexpired", self, key)
        if held.fields:
            engine.touch(self, key)
        else:
            engine.notify("g", "del", self, key)
            self._remove(key)
        engine.dirty = dirty  # nobody's command did it
        if engine.effects is not None:
            engine.effects.note_fields_expired(self.index, key, names)

    def keys(self) -> list[bytes]:
        """All keys that have not expired."""
        if self._engine.now_ms < self._soonest_ms:
            return list(self.values)
        return [key for key in self.values if not self.is_expired(key)]

    def swap(self, other: Database) -> None:
        """Hold what the other one held, and the other way round."""
        if self._engine.profile.since(6, 0):
            self._engine.watching.touch_swapped(self, other)
            self._engine.watching.touch_swapped(other, self)
        self.values, other.values = other.values, self.values
        self.expires, other.expires = other.expires, self.expires
        self.uses, other.uses = other.uses, self.uses
        if self._engine.ledger is not None:
            self._engine.ledger.count_anew()
        self._soonest_ms, other._soonest_ms = other._soonest_ms, self._soonest_ms
        self._with_field_expiry, other._with_field_expiry = other._with_field_expiry, self._with_field_expiry
        self._soonest_field_ms, other._soonest_field_ms = other._soonest_field_ms, self._soonest_field_ms
        for key in {**self.values, **other.values}:  # what came concerns those who wait, and what went
            self._engine.signal_ready(self, key)
            self._engine.signal_ready(other, key)

    def clear(self) -> int:
        """Remove everything; returns how many keys there were."""
        keys = list(self.values)
        tracking, self._engine.tracking = self._engine.tracking, None  # who caches is told once, not of each key
        for key in keys:
            self._remove(key)
        self._engine.tracking = tracking
        if tracking is not None:
            tracking.note_flush(self._engine.running)
        return len(keys)

    def is_expired(self, key: bytes) -> bool:
        """Whether a key has expired, and nobody has looked at it since."""
        at_ms = self.expires.get(key)
        return at_ms is not None and at_ms <= self._engine.now_ms and not self._engine.is_loading

    @property
    def keeps_expired(self) -> bool:
        """Whether keys that expired stay: on a replica, until the primary removes them, and in a pause."""
        engine = self._engine
        return engine.role.replica_of is not None or (engine.is_paused and engine.profile.since(6, 2))

    def take(self, key: bytes, value: Value, expires: int = -1) -> None:
        """Have a key hold a value that a file says it held. Nobody is told; nobody did anything."""
        self.values[key] = value
        self.uses.note_new(key)
        self.expires.pop(key, None)
        if expires >= 0:
            self.expires[key] = expires
            self._soonest_ms = min(self._soonest_ms, expires)
        if not isinstance(value, bytes) and value.KIND == "hash":
            self.note_field_expiry(key, cast("Hash", value))

    def forget(self) -> None:
        """Hold nothing any more, as something else is to be loaded."""
        self.values.clear()
        self.expires.clear()
        self._with_field_expiry.clear()
        self._soonest_ms = self._soonest_field_ms = math.inf
        self.scan_order = None

    def _expired(self, key: bytes) -> bool:
        if not self.is_expired(key):
            return False
        if self.keeps_expired:
            return True
        self._remove(key, expired=True)
        self._engine.statistics.expired += 1
        self._engine.notify("x", "expired", self, key)
        return True

    def _remove(self, key: bytes, *, expired: bool = False) -> None:
        self.values.pop(key, None)
        self.expires.pop(key, None)
        self.uses.forget(key)
        self._engine.touch(self, key, expired=expired)
        if self._engine.profile.since(7, 0):
            self._engine.signal_ready(self, key)  # before, a key that goes wakes nobody
