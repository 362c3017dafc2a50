"""What can go wrong between actors."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import EntryId
from ._durability import Durability
from ._observer import in_words


class ActorError(Exception):
    """The base of everything that actors and their supervisors raise."""


class ActorStopped(ActorError):
    """The receiver has come to its end: no incarnation of it will take messages any more."""


class NoReply(ActorError):
    """A request was not answered: in time, or at all, because whoever held it crashed. It may have been acted on.

    Attributes:
        begun: False where it certainly was not, as far as whoever held it says so (`Reply.begun`).
        late: whether the time was up; False: whoever held it crashed or stopped before that.
    """

    def __init__(self, message: str, *, begun: bool = True, late: bool = False) -> None:
        super().__init__(message)
        self.begun = begun
        self.late = late


class StartTimeout(ActorError):
    """An actor did not say that it has started in the time it had."""


class RestartLimitExceeded(ActorError):
    """An actor crashed more often than its supervisor's limits allow. The last crash is the cause of this error.

    Attributes:
        path: which actor.
        restarts, period_seconds: the limit.
    """

    def __init__(self, path: str, restarts: int, period_seconds: float, error: BaseException | None) -> None:
        last = in_words(error) if error is not None else "it returned, but is meant to run for ever"
        super().__init__(
            f"{path} needed more than {restarts} restarts within {period_seconds:g} s; the last time because of {last}"
        )
        self.path = path
        self.restarts = restarts
        self.period_seconds = period_seconds


class PublishIndeterminate(ActorError):
    """Events were on their way when the connection broke, or the time was up: they may have been published, or not.

    Events that were given an `event_id` may be published again under it: those that are there are not appended a second
    time. Publishing others again makes copies.

    Attributes:
        count: how many events.
        error: why nobody knows.
        published: the ids of others of the same list, which are there; what comes after the doubtful ones was not sent.
    """

    def __init__(self, count: int, error: Exception, published: Sequence[EntryId] = ()) -> None:
        before = f" {len(published)} before them were published." if published else ""
        super().__init__(f"{count} event(s) may have been published or not: {error}{before}")
        self.count = count
        self.error = error
        self.published = published


class GroupLost(ActorError):
    """A consumer group that was there is gone, and `on_group_lost="fail"` says that nobody but you makes it again.

    Attributes:
        stream, group: which.
        checkpoint: up to which everything was settled; 0-0 where nobody knows.
    """

    def __init__(self, stream: str, group: str, checkpoint: EntryId) -> None:
        super().__init__(
            f"group {group} of {stream} is gone; its checkpoint was {checkpoint}. Make it again where it shall go on,"
            f" as by XGROUP CREATE {stream} {group} {checkpoint} MKSTREAM, and start again; or say"
            ' on_group_lost="resume_at_checkpoint", and that is done for you'
        )
        self.stream = stream
        self.group = group
        self.checkpoint = checkpoint


class StreamLost(ActorError):
    """A reader's stream is gone, or another one by now, and it was told not to read that on. No restart mends it.

    Attributes:
        stream, reader: which one; a reader without a name has "".
        position: where it stood in the former one.
    """

    def __init__(self, stream: str, reader: str, position: EntryId, why: str) -> None:
        super().__init__(
            f"reader {reader} of {stream} stands at {position}, and that is another stream now: {why}. Have a look,"
            ' remove its checkpoint, and start again; or say on_stream_lost="resume", and it reads what is there'
        )
        self.stream = stream
        self.reader = reader
        self.position = position


class NotDurable(PublishIndeterminate):
    """Events are in the stream, but were not in time as safe as asked for, as far as the server says.

    Publishing them again under the same `event_id` does not append them again, and waits again.

    Attributes:
        ids: those that Redis gave to them.
        wanted: the durability that was asked for.
        missing: what there is too little of.
    """

    def __init__(self, ids: Sequence[EntryId], wanted: Durability, missing: str) -> None:
        super().__init__(len(ids), ActorError(missing), ids)
        self.args = (f"{len(ids)} event(s) are in the stream, but not {wanted}: {missing}",)
        self.ids = ids
        self.wanted = wanted
        self.missing = missing


class DurabilityUnavailable(ActorError):
    """The server can't make events as safe as asked for, or can't say so. Nothing was published."""


class RedisAway(ActorError):
    """There is no connection to Redis, and the publisher did not want to wait for one. Nothing was published.

    Attributes:
        address: the server's, without its password.
        away_seconds: for how long there has been no connection.
    """

    def __init__(self, count: int, address: str, away_seconds: float) -> None:
        super().__init__(
            f"{count} event(s) not published: there has been no connection to {address} for {away_seconds:.1f} s"
        )
        self.address = address
        self.away_seconds = away_seconds


class PublishIncomplete(ActorError):
    """Some events of a list were published and others were not.

    Attributes:
        published: the ids of those that Redis took.
        refusal: why it did not take the others: its first error, or what came in between.
    """

    def __init__(self, published: Sequence[EntryId], refusal: Exception) -> None:
        super().__init__(f"{len(published)} event(s) were published, others were not: {refusal}")
        self.published = published
        self.refusal = refusal
