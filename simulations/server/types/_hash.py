"""What a hash is: fields with their values, and since 7.4 with a moment at which each may go by itself.

A small hash is a "listpack" (before 7.0 a "ziplist"): its fields are told in the order in which they came. Once one of
them was to expire it is a "listpackex", in which those that expire come first, the soonest before the others. A large
one is a "hashtable" without an order; we keep that in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from .._profile import Profile
from ..administration._configuration import Configuration
from ._limits import Limits
from ._scan import ScanOrder


class Hash:
    """A hash.

    Attributes:
        fields: the values by name, in the order in which they are told, those included that have expired meanwhile.
        expires: when, of those that expire: milliseconds since 1970. To be changed by `expire_at` only.
    """

    KIND: ClassVar[str] = "hash"

    __slots__ = ("expires", "fields", "is_compact", "knew_expiry", "scan_order")

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.expires: dict[bytes, int] = {}
        self.is_compact = True
        self.knew_expiry = False
        self.scan_order: ScanOrder | None = None

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]], limits: Limits) -> Hash:
        """A hash of these."""
        made = cls()
        for name, value in pairs:
            made.expect([name, value], limits)
            made.put(name, value, limits)
        return made

    def encoding(self, profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        if not self.is_compact:
            return "hashtable"
        if self.knew_expiry:
            return "listpackex"
        return "listpack" if profile.since(7, 0) else "ziplist"

    def copy(self) -> Hash:
        """Another of the same fields."""
        made = Hash()
        made.fields, made.expires = self.fields.copy(), self.expires.copy()
        made.is_compact, made.knew_expiry = self.is_compact, self.knew_expiry
        return made

    def is_live(self, name: bytes, now_ms: int) -> bool:
        """Whether a field is there and has not expired."""
        if name not in self.fields:
            return False
        at_ms = self.expires.get(name)
        return at_ms is None or at_ms >= now_ms

    def live(self, now_ms: int) -> list[bytes]:
        """The names of the fields that have not expired."""
        if not self.expires:
            return list(self.fields)
        return [name for name in self.fields if self.is_live(name, now_ms)]

    def expired(self, now_ms: int) -> list[bytes]:
        """The names of the fields that have."""
        return [name for name, at_ms in self.expires.items() if at_ms < now_ms]

    def expect(self, words: Sequence[bytes], limits: Limits) -> None:
        """These names and values are about to be stored: too many or too long ones change the encoding at once."""
        if self.is_compact and (
            (limits.set_entries >= 0 and len(words) // 2 > limits.hash_entries)
            or max(map(len, words)) > limits.hash_value
        ):
            self.is_compact = False

    def put(self, name: bytes, value: bytes, limits: Limits, *, keep_expiry: bool = False) -> bool:
        """Store a value; returns whether the field is new."""
        is_new = name not in self.fields
        if not keep_expiry and name in self.expires:
            self.persist(name)
        self.fields[name] = value
        # Before 7.0 only `expect` looks at how long they are, which HINCRBY and HINCRBYFLOAT do without.
        longest = max(len(name), len(value)) if limits.packs_numbers else 0
        if self.is_compact and (len(self.fields) > limits.hash_entries or longest > limits.hash_value):
            self.is_compact = False
        return is_new

    def remove(self, name: bytes) -> bool:
        """Remove a field; returns whether it was there."""
        self.expires.pop(name, None)
        return self.fields.pop(name, None) is not None

    def expire_at(self, name: bytes, at_ms: int) -> None:
        """Have a field expire that is there."""
        self.expires[name] = at_ms
        self.knew_expiry = True
        if self.is_compact:
            self._move(name)

    def persist(self, name: bytes) -> bool:
        """Have a field stay; returns whether it would have expired."""
        if self.expires.pop(name, None) is None:
            return False
        if self.is_compact:
            self.fields[name] = self.fields.pop(name)
        return True

    def _move(self, name: bytes) -> None:
        """Put a field before the first that expires no sooner, or not at all."""
        at_ms, value = self.expires[name], self.fields.pop(name)
        names = list(self.fields)
        after = (at for at, other in enumerate(names) if self.expires.get(other, at_ms) >= at_ms)
        names.insert(next(after, len(names)), name)
        fields = self.fields
        fields[name] = value
        self.fields = {each: fields[each] for each in names}
