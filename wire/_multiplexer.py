"""One socket that all tasks share.

Commands of different tasks gather in an outbox and leave in one write per scheduler pass; Redis answers in the order of
the commands, so replies are handed out first come, first served::

    task ─┐                                       ┌─> task
    task ─┼─> outbox ──writer──> socket ──reader──┼─> task
    task ─┘           (slots, in order)           └─> task

A task that is alone, as one that waits for each reply before it goes on, writes by itself: that saves a turn of the
scheduler, a fifth of the time that a command takes.

A `_Slot` stands for what one task asked. Whoever is cancelled leaves its slot behind: the reply that comes for it is
thrown away, and the order is kept. The time limit for replies begins with the writing, and again with each part that
still comes or goes. Replies come in order, so no slot can be late before the oldest one is: one watch for all sleeps
until that deadline, and if the slot is still there then, and nothing has moved, the link counts as broken, however open
its socket looks. A timer for each command would cost as much as sending.

States of the link: *down* (commands wait for it, within their time limit) → *up* → broken: what was written is answered
by ``ConnectionLost(sent=True)``, what was not by ``sent=False``, and the link is down again until the next connection.
A link that breaks soon after it came up counts as a try in vain, so the next one waits longer: else a server that takes
connections only to drop them would be asked, and written about, a thousand times a second.

A server that was demoted keeps its connections, and refuses what writes for ever. So after the first such answer
nothing more is asked there: what is under way is answered still, then the link is down, and the next connection leads
to wherever the address leads by then. What only reads it would answer for ever. So the link is left, too, when another
connection, opened later, leads to another server.

A connection that was given up may still bring to the server what was written into it, seconds late, after the same was
said again on the next one. So the first word on each connection is to close the former ones at the server's end.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Final

import trio
from attrs import define, field

from ._address import ServerAddress
from ._capabilities import OLDEST
from ._connection import Connection
from ._dial import Dial
from ._errors import IS_NO_PRIMARY, ConnectFailed, ConnectionLost, NotConnected, ReplyTimeout, is_weather
from ._events import LinkDown, LinkEvent, LinkUp
from ._limits import Retry, Timeouts
from ._redis_py import Arg, RedisError, Reply, pack
from ._shared import check_shareable, suspect

STABLE_SECONDS: Final = 1.0
"""A link that lasted so long was a good one; when it breaks, the next is tried at once."""

MOST_FORMER: Final = 100
"""Broken connections that the server is still to be told of. More come only from one that drops all we make."""


@define(eq=False)
class _Slot:
    """What one task asked for: its commands as bytes, and the replies that have come so far."""

    data: bytes
    count: int
    task: trio.lowlevel.Task | None
    """Who waits; None when nobody does (any more)."""
    replies: list[Reply] = field(factory=list)
    sent: bool = False
    deadline: float = math.inf
    """When the replies must have come; known from the writing on."""
    error: ConnectionLost | None = None

    def wake(self) -> None:
        """Let the task go on, if it is still there."""
        task, self.task = self.task, None
        if task is not None:
            trio.lowlevel.reschedule(task)


class Multiplexer:
    """One connection to Redis for all tasks; it reconnects by itself. Somebody has to run `run`."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        dial: Dial,
        timeouts: Timeouts,
        retry: Retry,
        rng: Random,
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        self.address = address
        self.generation = 0
        """Counts connections: whoever remembers something about the server looks whether it is still the same one."""
        self.version = OLDEST
        """Of the server at the other end, now or last."""
        self._dial = dial
        self._timeouts = timeouts
        self._retry = retry
        self._rng = rng
        self._on_event = on_event
        self._outbox: list[_Slot] = []
        self._slots: deque[_Slot] = deque()
        self.ended = False
        """Whether `run` has ended: then no connection will come."""
        self._connection: Connection | None = None
        self._leave: Callable[[ConnectionLost], None] | None = None
        """Ends the connection that there is or was last."""
        self._down_since = math.inf
        self._former: list[Connection] = []
        """Broken ones that the server may still read from."""
        self._alone = True
        """Whether the last reply came alone: then the next command need not wait for company."""
        self._came_up = trio.lowlevel.ParkingLot()
        self._outbox_filled = trio.lowlevel.ParkingLot()

    # For the tasks that ask

    @property
    def away_seconds(self) -> float | None:
        """For how long there has been no connection; None while there is one."""
        return None if self._connection is not None else max(0.0, trio.current_time() - self._down_since)

    async def call(self, *args: Arg) -> Reply:
        """Send one command and wait for its reply.

        Raises:
            ConnectionLost: there was no connection in time, or it broke; `sent` tells the two apart.
            redis.exceptions.ResponseError: Redis answered with an error.
            ValueError: the command would harm others on this connection.
        """
        if suspect(args[0]) is not None:
            check_shareable([args])
        [reply] = await self._ask(pack(args), 1)
        if isinstance(reply, RedisError):
            raise reply
        return reply

    async def pipeline(self, commands: Sequence[tuple[Arg, ...]]) -> list[Reply]:
        """Send commands that no other task's come between, and wait for all replies; errors are returned, not raised.

        Raises:
            ConnectionLost: as in `call`.
            ValueError: as in `call`; a MULTI must have its EXEC in the same pipeline.
        """
        check_shareable(commands)
        return await self._ask(b"".join(map(pack, commands)), len(commands)) if commands else []

    async def _ask(self, data: bytes, count: int) -> list[Reply]:
        if self._connection is None:
            await self.wait_up()
        slot = _Slot(data, count, trio.lowlevel.current_task())
        if self._alone and not self._slots and not self._outbox:
            # Before anything is written: who is cancelled already sends nothing.
            await trio.lowlevel.checkpoint_if_cancelled()
            self._write_nowait(slot)
        if slot.data:
            if not self._outbox:
                self._outbox_filled.unpark()
            self._outbox.append(slot)
        self._slots.append(slot)

        def leave(_raise_cancel: Callable[[], object]) -> trio.lowlevel.Abort:
            self._abandon(slot)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(leave)
        if slot.error is not None:
            raise slot.error
        return slot.replies

    def _write_nowait(self, slot: _Slot) -> None:
        """Write what the socket takes at once. What it does not take stays in the slot, for the writer."""
        if self._connection is None:
            return
        try:
            left = self._connection.send_nowait(slot.data)
        except ConnectionLost:
            left = b""  # The reader sees the same, and says so.
        if len(left) < len(slot.data):
            slot.data, slot.sent = left, True
            slot.deadline = trio.current_time() + self._timeouts.reply_seconds

    def _abandon(self, slot: _Slot) -> None:
        """Its task was cancelled. What is sent will be answered, and the answer needs its place in the order."""
        slot.task = None
        if not slot.sent:
            self._outbox.remove(slot)
            self._slots.remove(slot)

    async def wait_up(self) -> None:
        """Wait for a connection where there is none. What is asked before the next checkpoint is asked over that one.

        Raises:
            NotConnected: there was none within the time that a reply may take.
        """
        with trio.move_on_after(self._timeouts.reply_seconds):
            while self._connection is None and not self.ended:
                await self._came_up.park()
        if self._connection is None:
            why = "the link is closed" if self.ended else f"no connection for {self._timeouts.reply_seconds:g} s"
            raise NotConnected(f"{self.address}: {why}")

    def meet(self, run_id: str) -> None:
        """Another connection, opened just now, leads to this server. If ours leads to another one, it is left."""
        ours = self._connection
        if ours is not None and self._leave is not None and run_id and ours.run_id not in ("", run_id):
            self._leave(ConnectionLost(f"{self.address}: this leads to another server by now", sent=True))

    # The life of the link

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Connect, serve, reconnect, until cancelled. ``await nursery.start(multiplexer.run)`` returns once connected.

        Raises:
            ConnectFailed: the first connection could not be made in the number of tries that `Retry` allows.
            redis.exceptions.AuthenticationError: user or password are wrong.
        """
        self.ended = False
        self._down_since = trio.current_time()
        try:
            connection = await self._connect(max_retries=self._retry.max_retries)
            task_status.started()
            in_vain = 0
            while True:
                since = trio.current_time()
                try:
                    await self._serve(connection)
                finally:
                    await connection.aclose()
                    self._former.append(connection)
                in_vain = 0 if trio.current_time() - since >= STABLE_SECONDS else in_vain + 1
                connection = await self._connect(max_retries=None, in_vain=in_vain)
        finally:
            self.ended = True
            self._came_up.unpark_all()

    async def _connect(self, *, max_retries: int | None, in_vain: int = 0) -> Connection:
        """A connection, after as many tries as it takes, or as may be; `in_vain` of them were made before."""
        failures = 0
        while True:
            if failures + in_vain:
                await trio.sleep(self._retry.delay(failures + in_vain - 1, self._rng))
            try:
                connection = await Connection.open(self.address, dial=self._dial, timeouts=self._timeouts)
            except RedisError as error:
                if not is_weather(error):
                    raise
                if max_retries is not None and failures >= max_retries:
                    raise ConnectFailed(f"{error} (gave up after {_tries(failures + 1)})") from error
                failures += 1
            else:
                self._on_event(LinkUp(self.address, failures))
                return connection

    async def _serve(self, connection: Connection) -> None:
        """Write and read until the connection breaks; then everybody who waits hears of it."""
        self.generation += 1
        self._connection, self._alone, self.version = connection, True, connection.version
        kills = self._kill_former(connection)
        self._came_up.unpark_all()
        errors: list[ConnectionLost] = []
        try:
            async with trio.open_nursery() as nursery:

                def leave(error: ConnectionLost) -> None:
                    errors.append(error)
                    nursery.cancel_scope.cancel()

                async def ends(part: Callable[[Connection], Awaitable[ConnectionLost]]) -> None:
                    leave(await part(connection))

                self._leave = leave
                nursery.start_soon(self._write, connection)
                nursery.start_soon(ends, self._read)
                nursery.start_soon(ends, self._wait_late)
        finally:
            self._connection, self._down_since = None, trio.current_time()
            self._fail_all(errors[0] if errors else ConnectionLost(f"{self.address}: the link was closed", sent=True))
        self._former = [former for former, kill in kills if not kill.replies][-MOST_FORMER:]
        self._on_event(LinkDown(self.address, errors[0]))

    def _kill_former(self, connection: Connection) -> list[tuple[Connection, _Slot]]:
        """Have the server close the former connections, before it hears anything else on this one.

        Nobody waits for the replies: an error says that it is gone already, or that we may not.
        """
        kills = [
            (former, _Slot(pack(command), 1, None))
            for former in self._former
            if (command := former.kill_command(connection)) is not None
        ]
        slots = [slot for _former, slot in kills]
        self._outbox.extend(slots)
        self._slots.extend(slots)
        return kills

    async def _write(self, connection: Connection) -> None:
        while True:
            if not self._outbox:
                await self._outbox_filled.park()
                continue
            batch, self._outbox = self._outbox, []
            # Counted from here: a connection is not to be judged by how long a command waited for it.
            deadline = trio.current_time() + self._timeouts.reply_seconds
            for slot in batch:
                slot.sent, slot.deadline = True, deadline
            try:
                await connection.send(b"".join([slot.data for slot in batch]))
            except ConnectionLost:
                return  # The reader sees the same, and says so.

    async def _read(self, connection: Connection) -> ConnectionLost:
        """Hand out replies until the connection breaks; returns what went wrong."""
        while self._connection is not None or (self._slots and self._slots[0].sent):
            try:
                self._hand_out(await connection.receive())
                if self._slots:
                    connection.note_moved()
            except ConnectionLost as error:
                return error
        return ConnectionLost(f"{self.address}: this is not the primary: a replica takes no writes", sent=False)

    async def _wait_late(self, connection: Connection) -> ConnectionLost:
        """Wait until the oldest reply is late: neither it came in time, nor did anything move since."""
        seconds = self._timeouts.reply_seconds
        while True:
            oldest, now = self._slots[0] if self._slots else None, trio.current_time()
            late_at = math.inf if oldest is None else max(oldest.deadline, connection.moved_at + seconds)
            if late_at > now:
                # What is written from now on has its deadline after this.
                await trio.sleep_until(min(late_at, now + seconds))
                continue
            # If it was this process that was held up, its reply may lie there. Turns come in any order, so only after
            # the second one the reader has had its own for sure.
            moved_at = connection.moved_at
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            if self._slots and self._slots[0] is oldest and connection.moved_at == moved_at:
                return ReplyTimeout(f"{self.address}: no reply within {seconds:g} s", sent=True)

    def _hand_out(self, replies: Sequence[Reply]) -> None:
        slots = self._slots
        self._alone = len(replies) == 1
        for reply in replies:
            if not slots or not slots[0].sent:
                raise ConnectionLost(f"{self.address}: the server sent a reply that nobody asked for", sent=True)
            slot = slots[0]
            slot.replies.append(reply)
            if isinstance(reply, IS_NO_PRIMARY):
                self._connection, self._down_since = None, trio.current_time()
            if len(slot.replies) == slot.count:
                slots.popleft()
                slot.wake()

    def _fail_all(self, error: ConnectionLost) -> None:
        for slot in self._slots:
            kind = type(error) if slot.sent else ConnectionLost
            slot.error = kind(str(error), sent=slot.sent)
            slot.wake()
        self._slots.clear()
        self._outbox.clear()


def _tries(number: int) -> str:
    return "1 try" if number == 1 else f"{number} tries"
