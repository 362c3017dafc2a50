"""A consumer group as a whole: pausing it, having it go on, and moving it to another place."""

from __future__ import annotations

from collections.abc import Callable

from ..actors import EVERYWHERE, HERE, Gate, checkpoint_key
from ..wire import Client
from ._options import Start
from ._seeking import Seek, seek

PAUSED = b"paused"
"""The field of the checkpoint's hash that is there while the whole group is paused."""


class ConsumerGroup:
    """One consumer group; from `Runtime.group`.

    ::

        billing = runtime.group("orders", "billing")
        billing.pause()             # nothing begins in this process any more
        await mend_the_database()
        billing.resume()

    While a group is paused nothing begins. What runs is finished and acknowledged; what was read and had not begun is
    handed back, so that a process that is not paused takes it. A pause ends with `resume`, or with the process.

    Args:
        client: gives the link to use.
        stream: the group's stream.
        name: its name.
        gate: what is closed while it is paused here; None: it has no handler in this process.
        call: has a plain function called where the group's actors run.
    """

    def __init__(
        self,
        client: Callable[[], Client],
        stream: str,
        name: str,
        gate: Gate | None = None,
        call: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self.stream = stream
        self.name = name
        self._client = client
        self._gate = gate
        self._call = call

    def pause(self) -> None:
        """Begin nothing more in this process, until `resume`. When this returns no handler begins. From any thread.

        Before the runtime starts it has it start paused.

        Raises:
            ValueError: the group has no handler in this process.
        """
        gate = self._own_gate()
        self._in_run(lambda: gate.close(HERE))

    def resume(self) -> None:
        """Go on in this process. From any thread; where it is not paused nothing changes.

        Raises:
            ValueError: the group has no handler in this process.
        """
        gate = self._own_gate()
        self._in_run(lambda: gate.open(HERE))

    @property
    def paused(self) -> str:
        """Why nothing begins in this process; "" while it is not paused."""
        return "" if self._gate is None else self._gate.reason

    async def pause_everywhere(self) -> None:
        """Pause the group in all its processes, also in those that start later, until `resume_everywhere`.

        It is noted in Redis, and each process looks every five seconds: until then it goes on. This process pauses at
        once.
        """
        await self._client().call(b"HSET", checkpoint_key(self.stream, self.name), PAUSED, b"1")
        if self._gate is not None:
            self._gate.close(EVERYWHERE)

    async def resume_everywhere(self) -> None:
        """Have all processes go on, within five seconds, that are not paused by themselves; this one at once."""
        await self._client().call(b"HDEL", checkpoint_key(self.stream, self.name), PAUSED)
        if self._gate is not None:
            self._gate.open(EVERYWHERE)

    async def is_paused_everywhere(self) -> bool:
        """Whether the whole group is paused, as Redis has it."""
        return await self._client().call(b"HGET", checkpoint_key(self.stream, self.name), PAUSED) is not None

    async def seek(self, to: Start, *, dry_run: bool = False) -> Seek:
        """Have the group go on at another place: backwards to handle again, forwards to pass over.

        In one step, while its consumers go on. Entries after that place are delivered anew, also those that are
        pending: what a consumer has in hand of them counts no more, and may be handled twice. What is pending before it
        stays.

        Args:
            to: "0" or "start", "$" or "end", an id (what comes *after* it is next), or a time (what was published from
                then on). Beyond the end is the end.
            dry_run: only say what would be, with the number of entries of each type.

        Raises:
            NoGroup: there is no such group.
            ValueError: `to` is no place.
        """
        return await seek(self._client(), self.stream, self.name, to, dry_run=dry_run)

    def _own_gate(self) -> Gate:
        if self._gate is None:
            raise ValueError(f"group {self.name} of {self.stream} has no handler in this process")
        return self._gate

    def _in_run(self, function: Callable[[], None]) -> None:
        if self._call is None:
            function()
        else:
            self._call(function)
