"""What the five actors tell the observer, as typed events: logs, metrics and tests hang on these."""

from __future__ import annotations

from attrs import frozen

from ..wire import EntryId
from ._observer import ActorEvent


@frozen
class Interrupted(ActorEvent):
    """Expected trouble began: the actor waits and tries again. Said once for each spell of trouble."""

    doing: str
    error: Exception


@frozen
class Resumed(ActorEvent):
    """The trouble of the last `Interrupted` has passed."""

    doing: str
    after_seconds: float
    tries: int


@frozen
class GroupCreated(ActorEvent):
    """A consumer group was created where there had never been one."""

    stream: str
    group: str
    start: EntryId


@frozen
class GroupRecreated(ActorEvent):
    """A lost consumer group was created again. What is above `resumed_at` may be delivered a second time."""

    stream: str
    group: str
    resumed_at: EntryId
    reason: str


@frozen
class HandlerFailed(ActorEvent):
    """A handler raised or declined; its entry stays pending and is delivered again."""

    stream: str
    group: str
    raw_id: bytes
    deliveries: int
    error: Exception | None


@frozen
class DeadLettered(ActorEvent):
    """An entry that can't be decoded goes to the dead-letter stream with its id, its raw fields and the reason."""

    stream: str
    group: str
    raw_id: bytes
    reason: str


@frozen
class EntriesDestroyed(ActorEvent):
    """Entries were deleted or trimmed while they were pending: their bodies are gone, nobody can handle them."""

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]


@frozen
class EntriesReclaimed(ActorEvent):
    """This consumer took over entries that another one left idle for too long, or that it had left itself."""

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]


@frozen
class EntriesRecovered(ActorEvent):
    """Entries were pending under this consumer's own name that this incarnation had never seen: it has them now."""

    stream: str
    group: str
    count: int


@frozen
class LeaseLost(ActorEvent):
    """Entries in hand now belong to somebody else: what this consumer says of them is refused."""

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]


@frozen
class HandedBack(ActorEvent):
    """A stopping consumer gave back what it had not finished, so that another one gets it at once."""

    stream: str
    group: str
    count: int
