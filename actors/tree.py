"""The wiring: which actors there are, under which supervisor, and who holds whose address.

::

    root                        one for one
    ├ redis                     the link that all actors' commands share
    ├ streams                   one for one
    │ └ stream:<name>           appends in coalesced batches; joins when it is first published to
    │   stream:<name>:once      the same for what is appended once; and one for each durability that is asked for
    │   retention:<name>        removes what the stream need not keep, where it is said what that is
    │   schedules:<name>        moves what is due into the stream, where this process reads it or schedules for it
    ├ groups                    one for one; stopped together
    │ └ group:<stream>:<name>   one for one
    │   ├ checkpoint-writer     first in, last out: the only one that acks
    │   ├ group                 creates the group, heals it, watches its lag
    │   ├ consumers             one for one; interchangeable, stopped together
    │   │  ├ consumer-0 …
    │   └ reclaimer             last in, first out
    └ readers                   one for one; stopped together, before all groups; only where there are any
      └ reader:<stream>:<name>  reads for itself alone, from a place of its own

All groups stop before any stream does: a handler that publishes what it made of an event still can while it drains.

Every strategy is one for one, because no actor owns anything: mailboxes outlive their actor, messages are safe to lose,
and who owns an entry is written in Redis. A crash therefore leaves nothing behind that a sibling would have to
throw away, and a running handler is not cancelled because somebody else had a bug.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from attrs import field, frozen

from ..wire import Client, PendingList
from ._alarm import Alarm
from ._bell import Bell
from ._checkpoint_writer import CheckpointSettings, checkpoint_writer_actor
from ._child import Child, nest
from ._consumer import consumer_actor
from ._consumer_desk import ConsumerSettings, ConsumerWiring, Work
from ._dependency import Breaker, Dependency
from ._errors import GroupLost, StreamLost
from ._gate import Gate
from ._group import GroupSettings, Seen, group_actor
from ._keys import retries_key
from ._mailbox import Address, Mailbox
from ._messages import Append, Heal, SettleMessage, Ticket
from ._observer import Observer
from ._policy import Backoff, Limits
from ._reader import reader_actor
from ._reader_desk import ReaderSettings, ReaderWiring
from ._reader_place import Place
from ._reclaimer import ReclaimSettings, reclaimer_actor
from ._retainer import RetainerSettings, retainer_actor
from ._scheduler import SchedulerSettings, scheduler_actor
from ._stream import stream_actor
from ._stream_once import stream_once_actor
from ._stream_settings import StreamSettings
from ._supervisor import Supervisor

APPEND_MAILBOX = 1000
"""Appends that wait for the stream actor; a publisher beyond that waits itself."""

SETTLE_MAILBOX = 100
"""Verdict batches that wait for the checkpoint writer; each consumer has one under way at most."""

HEAL_MAILBOX = 100
"""Consumers that ask for the group at the same time."""

STOP_SECONDS = 5.0
"""What is left to an actor beyond its own drain time: one command's deadline."""


@frozen
class Supervision:
    """What all supervisors of one tree have in common."""

    rng: Callable[[str], Random]
    observer: Observer
    limits: Limits = Limits()
    backoff: Backoff = Backoff()

    def supervisor(self, name: str, children: Sequence[Child], *, together: bool = False) -> Supervisor:
        """A one-for-one supervisor over these children, which stops them one by one, or all together."""
        return Supervisor(
            children,
            together=together,
            limits=self.limits,
            backoff=self.backoff,
            rng=self.rng(f"supervisor/{name}"),
            observer=self.observer,
        )

    def nested(self, name: str, children: Sequence[Child], *, together: bool = False) -> Child:
        """Such a supervisor as a child of another, which gives up when it does."""
        return nest(name, self.supervisor(name, children, together=together), vital=True)


@frozen
class GroupPlan:
    """One consumer group of a stream, as this process takes part in it."""

    settings: GroupSettings
    consumers: Sequence[ConsumerSettings]
    work: Work
    reclaim: ReclaimSettings | None
    """None: nobody in this process looks for what others left behind."""
    dependencies: Sequence[Dependency] = ()
    """What its handlers need, and what may be away."""
    gate: Gate = field(factory=Gate)
    """Closed while the group is paused; it outlives a run of the tree."""


@frozen
class StreamPlan:
    """One stream with everything this process does with it."""

    settings: StreamSettings
    groups: Sequence[GroupPlan] = ()
    scheduler: SchedulerSettings | None = None
    """None: nobody in this process moves what is due into the stream, unless it schedules something."""
    retainer: RetainerSettings | None = None
    """None: nobody in this process trims the stream."""
    appends: Mailbox[Append] = field(init=False)
    schedules: Alarm = field(init=False, factory=Alarm)
    """Set by who schedules something here."""

    def __attrs_post_init__(self) -> None:
        """Open the stream's mailbox: publishers hold its address before the actor runs, and across its restarts."""
        mailbox: Mailbox[Append] = Mailbox(f"{self.settings.name}/append", APPEND_MAILBOX)
        object.__setattr__(self, "appends", mailbox)


@frozen
class ReaderPlan:
    """One reader without a group.

    Attributes:
        label: by which it is known in the tree, also where it has no name.
        place: where it is; it outlives the actor's crashes.
    """

    label: str
    settings: ReaderSettings
    work: Work
    place: Place = field(factory=Place)


def stream_children(plan: StreamPlan, client: Client, supervision: Supervision) -> Sequence[Child]:
    """All actors that look after a stream itself."""
    children = [stream_child(plan, client, supervision)]
    if plan.retainer is not None:
        children.append(retainer_child(plan.retainer, client, supervision))
    if plan.scheduler is not None:
        children.append(scheduler_child(plan.scheduler, plan.schedules, client, supervision))
    return children


def retainer_child(settings: RetainerSettings, client: Client, supervision: Supervision) -> Child:
    """The actor that removes what a stream need not keep."""
    actor = retainer_actor(settings, client, supervision.rng(f"retention/{settings.stream}"))
    return Child(f"retention:{settings.stream}", actor, grace_seconds=STOP_SECONDS)


def scheduler_child(settings: SchedulerSettings, alarm: Alarm, client: Client, supervision: Supervision) -> Child:
    """The actor that moves what is due into a stream."""
    rng = supervision.rng(f"schedules/{settings.stream}")
    actor = scheduler_actor(settings, client, alarm, rng)
    return Child(f"schedules:{settings.stream}", actor, grace_seconds=STOP_SECONDS)


def stream_child(plan: StreamPlan, client: Client, supervision: Supervision) -> Child:
    """The actor that appends to one stream, in one of the ways that there are."""
    settings = plan.settings
    actor = stream_once_actor if settings.once else stream_actor
    return Child(
        settings.name,
        actor(settings, client, plan.appends, supervision.rng(settings.name.replace(":", "/", 1))),
        grace_seconds=STOP_SECONDS,
        mailboxes=(plan.appends,),
    )


def group_child(plan: GroupPlan, client: Client, supervision: Supervision) -> Child:
    """The subtree of one consumer group."""
    settings = plan.settings
    rng = supervision.rng(f"group/{settings.stream}/{settings.group}")
    retries = retries_key(settings.stream, settings.group)
    pending = PendingList(client, settings.stream, settings.group, retries=retries)
    alarm = Alarm()
    settles: Mailbox[SettleMessage] = Mailbox(f"{settings.group}/settle", SETTLE_MAILBOX)
    heals: Mailbox[Heal] = Mailbox(f"{settings.group}/heal", HEAL_MAILBOX)
    # Capacity 0: an offer is made to a consumer that has room at this moment, or not at all.
    tickets: Mailbox[Ticket] = Mailbox(f"{settings.group}/tickets", 0)
    checkpoints = CheckpointSettings(settings.stream, settings.group, settings.memory, settings.retry)
    key = checkpoints.checkpoint_key
    addresses = (settles.address, heals.address, tickets)
    changed = Bell()
    # Of the group, not of a consumer: its consumers wait together, and a crash of one does not forget why.
    breaker = Breaker(plan.dependencies, rng, changed.ring) if plan.dependencies else None
    wiring = ConsumerWiring(client, pending, *addresses, plan.work, rng, key, alarm, plan.gate, breaker, changed)
    children = [
        Child(
            "checkpoint-writer",
            checkpoint_writer_actor(checkpoints, pending, settles, rng),
            grace_seconds=STOP_SECONDS,
            mailboxes=(settles,),
        ),
        Child(
            "group",
            group_actor(settings, client, heals, rng, plan.gate, Seen()),
            grace_seconds=STOP_SECONDS,
            start_timeout_seconds=math.inf,  # It waits for Redis, however long that takes.
            fatal=(GroupLost,),
            mailboxes=(heals,),
        ),
        _consumers_child(plan, wiring, supervision),
    ]
    if plan.reclaim is not None:
        children.append(_reclaimer_child(plan.reclaim, pending, tickets.address, alarm, rng))
    return supervision.nested(f"group:{settings.stream}:{settings.group}", children)


def readers_children(plans: Sequence[ReaderPlan], client: Client, supervision: Supervision) -> Sequence[Child]:
    """The subtree of all readers; nothing where there are none."""
    children = [_reader_child(plan, client, supervision) for plan in plans]
    return [supervision.nested("readers", children, together=True)] if children else []


def _reader_child(plan: ReaderPlan, client: Client, supervision: Supervision) -> Child:
    """The actor that reads a stream for itself alone."""
    settings, path = plan.settings, f"{plan.settings.stream}/{plan.label}"
    wiring = ReaderWiring(client, plan.place, plan.work, supervision.rng(f"reader/{path}"))
    return Child(
        f"reader:{settings.stream}:{plan.label}",
        reader_actor(settings, wiring),
        grace_seconds=settings.drain_seconds + STOP_SECONDS,
        start_timeout_seconds=math.inf,  # It waits for Redis, to know where it begins.
        fatal=(StreamLost,),
    )


def _consumers_child(plan: GroupPlan, wiring: ConsumerWiring, supervision: Supervision) -> Child:
    consumers = [
        Child(
            f"consumer-{index}",
            consumer_actor(settings, wiring),
            grace_seconds=settings.drain_seconds + STOP_SECONDS,
            mailboxes=(wiring.tickets,),
        )
        for index, settings in enumerate(plan.consumers)
    ]
    return supervision.nested("consumers", consumers, together=True)


def _reclaimer_child(
    settings: ReclaimSettings, pending: PendingList, tickets: Address[Ticket], alarm: Alarm, rng: Random
) -> Child:
    return Child("reclaimer", reclaimer_actor(settings, pending, tickets, alarm, rng), grace_seconds=STOP_SECONDS)
