"""What the five actors say to each other: every message, and nothing else.

An actor imports these and never another actor. Messages are facts or offers, never ownership: each is safe to lose
and safe to deliver late, because who owns an entry is what Redis' pending list says. They carry batches, since one
hop over a channel costs more than parsing an entry. They flow along a DAG::

    publisher → stream        reclaimer → consumer → checkpoint writer
                              reclaimer → group ← consumer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve, field, frozen, setters

from ..wire import EntryId, RedisError
from ._mailbox import Reply


# Not frozen=True, whose constructor costs twice as much: this one is made for every publish.
@define(eq=False, on_setattr=setters.frozen)
class Append:
    """To the stream: append these entries in this order."""

    entries: Sequence[Sequence[bytes]]
    """Each entry as a flat list of field, value, field, value, …"""
    reply: Reply[Sequence[EntryId]]
    """The ids in the order of the entries, or why there are none."""
    tokens: Sequence[bytes] = ()
    """By which entries are told apart that are to be appended once; none where that is not asked for."""


@frozen
class DeadLetter:
    """An entry that a group can never handle, with what a person needs to look into it."""

    raw_id: bytes
    fields: Sequence[bytes]
    """What is written to the dead-letter stream: flat field, value, …"""


@frozen
class Settled:
    """From the checkpoint writer: what became of a `Settle`."""

    lost: frozenset[bytes] = frozenset()
    """Raw ids that were no longer ours to settle: somebody else claimed them, or the group is gone."""
    unsure: frozenset[bytes] = frozenset()
    """Raw ids that a try of which nobody heard may have settled: when it was said again, they were not ours."""
    destroyed: frozenset[bytes] = frozenset()
    """Raw ids of what was to be tried later, and was deleted."""
    group_lost: bool = False
    history: str | None = None
    """The group's present history, if it is another one than that of the verdicts: then nothing was settled but what is
    `unsure`."""
    refused: Mapping[bytes, RedisError] = field(factory=dict[bytes, RedisError])
    """Dead letters that Redis did not take, by their raw ids, and why: these entries are pending as they were."""

    def said_again(self, done: Sequence[bytes]) -> Settled:
        """What it says where nobody heard of an earlier try, which may have acknowledged these."""
        # Another history says nothing of which: all of them are unknown to it.
        unsure = self.unsure.union(self.lost if self.history is None else done)
        # With its group an entry is lost whoever acknowledged it. Else nobody knows that somebody else has it.
        return evolve(self, lost=self.lost if self.group_lost else frozenset(), unsure=unsure)


@frozen
class Settle:
    """To the checkpoint writer: these entries are done with. Saying it twice is harmless."""

    consumer: str
    done: Sequence[bytes]
    """Raw ids to acknowledge."""
    dead: Sequence[DeadLetter]
    """Entries to move to the dead-letter stream and acknowledge in one step."""
    later: Mapping[bytes, int]
    """Entries to let go, and in how many milliseconds they are due again."""
    idle_ms: int
    """The idle limit of whoever holds them."""
    history: str
    """That of the group in which these were delivered; see `_consumer_history`."""
    reply: Reply[Settled]


@frozen
class Barrier:
    """To the checkpoint writer: answer when everything said before this has been settled."""

    reply: Reply[None]


SettleMessage = Settle | Barrier


@frozen
class Heal:
    """To the group: Redis answered NOGROUP. Answered when the group exists."""

    reply: Reply[None]


@frozen
class Offer:
    """One entry that has been idle for too long, and how often it had been delivered when the reclaimer looked."""

    raw_id: bytes
    deliveries: int


@frozen
class Ticket:
    """To whichever consumer has room: these may be claimed. The claim itself decides who gets them."""

    offers: Sequence[Offer]
