"""How events get from a publisher to the actors that append them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from attrs import define, field, fields

from ..actors import (
    ActorError,
    ActorStopped,
    Alarm,
    Append,
    Durability,
    Mailbox,
    NoReply,
    NotDurable,
    Patience,
    PublishIncomplete,
    PublishIndeterminate,
    RedisAway,
    Reply,
    StreamPlan,
    Supervision,
    Supervisor,
    retainer_child,
    scheduler_child,
    stream_child,
)
from ..wire import Client, EntryId, RedisError
from ._errors import HandlerConflict, NotRunning, PublishTimeout
from ._plans import Plans
from ._stream_options import StreamOptions

PUBLISH_ENTRIES_MAX = 1000
"""Events that one message to the stream actor carries; longer lists go in parts, in order."""


def told_of_list(before: Sequence[EntryId], error: Exception, *, left: int) -> Exception:
    """What the publisher of a list is told when a part of it failed, so that no id that is known gets lost.

    Args:
        before: the ids of the parts before it.
        error: of this part.
        left: how many events come after it, which are not sent any more.
    """
    match error:
        case NotDurable() if left:
            return PublishIncomplete([*before, *error.ids], error)
        case _ if not before:
            return error
        case NotDurable():
            return NotDurable([*before, *error.ids], error.wanted, error.missing)
        case PublishIndeterminate():
            return PublishIndeterminate(error.count, error.error, before)
        case PublishIncomplete():
            return PublishIncomplete([*before, *error.published], error.refusal)
        case _:
            return PublishIncomplete(before, error)


@define(eq=False)
class Publishing:
    """What is published while a runtime runs.

    Attributes:
        streams: the supervisor of the actors that append; they join as they are first needed.
        patience: how long publishers wait.
    """

    client: Client
    plans: Plans
    streams: Supervisor
    supervision: Supervision
    patience: Patience
    _plain: dict[str, Mailbox[Append]] = field(factory=dict[str, Mailbox[Append]], init=False)
    _ways: dict[tuple[str, Durability], Mailbox[Append]] = field(
        factory=dict[tuple[str, Durability], Mailbox[Append]], init=False
    )
    _alarms: dict[str, Alarm] = field(factory=dict[str, Alarm], init=False)
    """Of streams whose schedules are looked after here."""
    _retained: set[str] = field(factory=set[str], init=False)
    """Streams of which is removed here what they need not keep."""
    _options: dict[str, StreamOptions] = field(factory=dict[str, StreamOptions], init=False)
    """Of streams that have an actor that appends: they stay as they are."""

    def started(self, plan: StreamPlan) -> None:
        """A stream's first actor is there."""
        stream = plan.settings.stream
        self._plain[stream] = plan.appends
        self._options[stream] = self.plans.options(stream)
        if plan.scheduler is not None:
            self._alarms[stream] = plan.schedules
        if plan.retainer is not None:
            self._retained.add(stream)

    async def alarm(self, stream: str) -> Alarm:
        """What wakes the actor that looks after a stream's schedules; it is started when it is first needed."""
        await self._retain(stream)
        alarm = self._alarms.get(stream)
        if alarm is None:
            # Noted as it joins: who is cancelled between the two would leave what is scheduled to nobody.
            alarm = self._alarms[stream] = Alarm()
            child = scheduler_child(self.plans.scheduler(stream), alarm, self.client, self.supervision)
            try:
                await self.streams.start_child(child)
            except ActorStopped as error:
                raise NotRunning(f"the runtime stopped before it scheduled anything for {stream}") from error
        return alarm

    def may_get_length(self, stream: str) -> bool:
        """Whether nobody said what a stream keeps, and its length can still be said."""
        said = self.plans.options(stream)
        return stream not in self._options and said.max_length is None and said.retention is None

    def check_in_time(self, stream: str, options: StreamOptions) -> None:
        """Whether something can still be said about a stream.

        Raises:
            HandlerConflict: it is in use without that.
        """
        in_use = self._options.get(stream)
        for attribute in () if in_use is None else fields(StreamOptions):
            said: object = getattr(options, attribute.name)
            if said is not None and getattr(in_use, attribute.name) is None:
                raise HandlerConflict(
                    f"stream {stream} is in use here without a {attribute.name}, so {said} comes too late: say it "
                    "before the first event, and before the start where there are handlers"
                )

    async def append_list(
        self,
        stream: str,
        entries: Sequence[Sequence[bytes]],
        event_ids: Sequence[str],
        *,
        named: bool,
        durability: Durability | str | None,
    ) -> Sequence[EntryId]:
        """As `append`, for any number of entries.

        Raises:
            Exception: as `Runtime.publish_many`.
        """
        ids: list[EntryId] = []
        for start in range(0, len(entries), PUBLISH_ENTRIES_MAX):
            end = start + PUBLISH_ENTRIES_MAX
            try:
                ids += await self.append(
                    stream, entries[start:end], event_ids[start:end], named=named, durability=durability
                )
            except (ActorError, RedisError, PublishTimeout, NotRunning) as error:
                told = told_of_list(ids, error, left=max(0, len(entries) - end))
                if told is error:
                    raise
                raise told from error
        return ids

    async def append(
        self,
        stream: str,
        entries: Sequence[Sequence[bytes]],
        event_ids: Sequence[str],
        *,
        named: bool,
        durability: Durability | str | None,
    ) -> Sequence[EntryId]:
        """Append entries and wait until they are as safe as they shall be.

        Args:
            stream: where to.
            entries: the fields of each.
            event_ids: of each.
            named: whether one of them was given by whoever publishes.
            durability: what was said for these alone.

        Raises:
            Exception: as `Runtime.publish`, or `PublishIncomplete`.
        """
        options = self._options.get(stream) or self.plans.options(stream)
        way = options.way(durability, named=named)
        if way is None:
            mailbox = self._plain.get(stream) or await self._start_plain(stream)
            tokens: Sequence[bytes] = ()
        else:
            mailbox = self._ways.get((stream, way)) or await self._start_way(stream, way)
            tokens = [event_id.encode() for event_id in event_ids]
        if self.plans.when_away == "fail" and (away_seconds := self.client.away_seconds) is not None:
            raise RedisAway(len(entries), str(self.client.address), away_seconds)

        def message(reply: Reply[Sequence[EntryId]]) -> Append:
            return Append(entries, reply, tokens)

        try:
            return await self.patience.ask(mailbox.address, message)
        except NoReply as error:
            raise self._no_reply(stream, len(entries), error) from error
        except ActorStopped as error:
            raise NotRunning(f"the runtime stopped before it published {len(entries)} event(s) to {stream}") from error

    def _no_reply(self, stream: str, count: int, error: NoReply) -> Exception:
        if error.begun:
            return PublishIndeterminate(count, error)
        told = f"{count} event(s) for {stream} not taken by {self.client.address}"
        if error.late:
            why = f"within {self.patience.seconds:g} s; is the server there? publish them again when it is"
        else:
            why = "before the actor that had them stopped or crashed; publish them again"
        return PublishTimeout(f"{told} {why}")

    async def _start_plain(self, stream: str) -> Mailbox[Append]:
        await self._retain(stream)
        if (mailbox := self._plain.get(stream)) is not None:
            return mailbox  # Another publisher was here meanwhile.
        plan = self.plans.one(stream)
        self.started(plan)
        return await self._start(plan)

    async def _start_way(self, stream: str, way: Durability) -> Mailbox[Append]:
        await self._retain(stream)
        if (mailbox := self._ways.get((stream, way))) is not None:
            return mailbox
        plan = self.plans.way(stream, way)
        self._ways[stream, way] = plan.appends
        self._options[stream] = self.plans.options(stream)
        return await self._start(plan)

    async def _retain(self, stream: str) -> None:
        """Have what a stream need not keep removed, from its first event on, in whatever way that is published.

        Not after the actor that appends it: who is cancelled in between would leave it to nobody.
        """
        retainer = self.plans.retainer(stream)
        if retainer is not None and stream not in self._retained:
            self._retained.add(stream)
            with suppress(ActorStopped):
                await self.streams.start_child(retainer_child(retainer, self.client, self.supervision))

    async def _start(self, plan: StreamPlan) -> Mailbox[Append]:
        """The actor of a stream that is published to for the first time, or for the first time in this way."""
        try:
            await self.streams.start_child(stream_child(plan, self.client, self.supervision))
        except ActorStopped as error:
            raise NotRunning(f"the runtime stopped before it published to {plan.settings.stream}") from error
        return plan.appends

    def close(self) -> None:
        """The end: who still waits hears of it."""
        for mailbox in (*self._plain.values(), *self._ways.values()):
            mailbox.close()
