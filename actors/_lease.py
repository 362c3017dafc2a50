"""The lease of one run of a handler: by it the handler can ask, and is told, whether its event is still its own.

It is made where a handler begins and forgotten where it ends, so it costs next to nothing. When the consumer learns
that somebody else owns an entry it tells the leases of the runs that are at it, and cancels those runs, unless they are
to be left alone. An entry that comes back begins a run of its own, with a lease of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import trio
from attrs import define, field
from typing_extensions import override

OnLeaseLost = Literal["cancel", "finish"]
"""What becomes of a handler whose event somebody else owns now."""

CANCEL_REASON = "lease lost: somebody else owns the event now, and what this handler says of it is refused"
"""What the cancellation of such a handler gives as its reason."""


class Lease:
    """Whether an event still belongs to the process whose handler runs on it.

    Made by the runtime. One that is made by hand, for a test of a handler, is lost when `tell` is called.
    """

    # One is made for each event and next to none is ever told anything: what it is told goes into a dict of its own.
    __slots__ = ("__dict__", "raw_id")

    lost = False
    """True from the moment when this process learns that somebody else owns the event, or gives up a handler that it
    can't cancel. Readable in any thread."""
    can_only_ask = False
    """Whether its handler can't be cancelled."""
    cleanup_error: BaseException | None = None
    """What its handler raised beside being cancelled."""
    _told: trio.Event | None = None

    def __init__(self, raw_id: bytes = b"") -> None:
        self.raw_id = raw_id

    @override
    def __repr__(self) -> str:
        return f"<Lease {'lost' if self.lost else 'held'}>"

    async def wait_lost(self) -> None:
        """Wait until this process learns that somebody else owns the event; for handlers that are not cancelled."""
        if self._told is None:
            self._told = trio.Event()
            if self.lost:
                self._told.set()
        await self._told.wait()

    def tell(self) -> None:
        """Say that it is lost."""
        self.lost = True
        if self._told is not None:
            self._told.set()

    def let_finish(self) -> None:
        """Say that this run can't be cancelled, as one in a thread: it can only ask."""
        self.can_only_ask = True


@define(eq=False)
class Seat:
    """Where one worker runs its handlers, one run at a time.

    Attributes:
        cancels: whether a run is cancelled when nothing that it works on is left.
        leases: those of the run that is under way, one for each of its entries; empty between runs.
        scope: what is cancelled to end that run alone. Renewed by the worker whenever that has happened.
        is_cancelled: whether that has happened; a plain attribute, since it is asked for each event.
    """

    cancels: bool
    leases: Sequence[Lease] = ()
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    is_cancelled: bool = False

    def tell(self, lost: Collection[bytes]) -> None:
        """Tell the run that these are lost."""
        for lease in self.leases:
            if lease.raw_id in lost:
                lease.tell()
        if self.cancels and self.leases and all(lease.lost and not lease.can_only_ask for lease in self.leases):
            self.is_cancelled = True
            self.scope.cancel(reason=CANCEL_REASON)
