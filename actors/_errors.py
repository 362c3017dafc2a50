"""What can go wrong between actors."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import EntryId
from ._observer import in_words


class ActorError(Exception):
    """The base of everything that actors and their supervisors raise."""


class ActorStopped(ActorError):
    """The receiver has come to its end: no incarnation of it will take messages any more."""


class NoReply(ActorError):
    """A request was not answered: in time, or at all, because whoever held it crashed. It may have been acted on."""


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
    """The connection broke while events were on their way: they may have been published, or not.

    Publishing them again makes copies of those that were; their `event_id` tells such copies apart from new events.

    Attributes:
        count: how many events.
    """

    def __init__(self, count: int, error: Exception) -> None:
        super().__init__(f"{count} event(s) may have been published or not: {error}")
        self.count = count


class PublishIncomplete(ActorError):
    """Redis took some events of a list and refused others.

    Attributes:
        published: the ids of those that it took.
        refusal: its first error.
    """

    def __init__(self, published: Sequence[EntryId], refusal: Exception) -> None:
        super().__init__(f"{len(published)} event(s) were published, others were refused: {refusal}")
        self.published = published
        self.refusal = refusal
