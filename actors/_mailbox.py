"""How actors are spoken to.

A `Mailbox` is opened by the wiring and outlives its actor's incarnations: each of them borrows a clone of its receiving
end as an `Inbox`, so what is buffered waits for the next incarnation (closing the last receiving end of a memory channel
would drop the buffer). An `Address` is the right to send. A request carries a one-slot `Reply` that whoever works on it
closes on every path, so that the asker gets a value, an error or `NoReply`, and never a hang.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

import trio
from attrs import frozen
from typing_extensions import Self

from ._errors import ActorStopped, NoReply

M = TypeVar("M")
R = TypeVar("R")


class Reply(Generic[R]):
    """One answer to one request, for one asker in the same Trio run.

    ``with request.reply:`` closes it on every path. An error given to `fail` is raised at the asker's. Closing twice is
    fine, and what is said after it was closed is not heard.
    """

    __slots__ = ("_error", "_task", "_value", "closed")

    def __init__(self) -> None:
        self.closed = False
        """Whether nobody waits for an answer any more: it was given, or the asker has gone."""
        self._value: list[R] | None = None
        self._error: Exception | None = None
        self._task: trio.lowlevel.Task | None = None

    def set(self, value: R) -> None:
        """Answer."""
        if not self.closed:
            self._value = [value]
            self.close()

    def fail(self, error: Exception) -> None:
        """Answer with an error, to be raised at the asker's."""
        if not self.closed:
            self._error = error
            self.close()

    def close(self) -> None:
        """Say that no answer will come, if none has."""
        self.closed = True
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    async def wait(self) -> R:
        """The answer.

        Raises:
            NoReply: it was closed without one.
            Exception: what was given to `fail`.
        """
        if not self.closed:
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._leave)
        else:
            await trio.lowlevel.checkpoint()
        if self._error is not None:
            raise self._error
        if self._value is None:
            raise NoReply("the request was given up without an answer: whoever worked on it crashed or stopped")
        return self._value[0]

    def _leave(self, _raise_cancel: Callable[[], object]) -> trio.lowlevel.Abort:
        self._task = None
        self.closed = True
        return trio.lowlevel.Abort.SUCCEEDED

    def __enter__(self) -> Self:
        """The reply itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


@frozen
class MailboxStatistics:
    """A mailbox at this moment: messages that wait in it, and tasks that wait for it. Capacity 0 is a rendezvous."""

    name: str
    capacity: int
    used: int
    senders_waiting: int
    receivers_waiting: int


class Measured(Protocol):
    """What a snapshot wants of a mailbox, whatever its messages are."""

    def statistics(self) -> MailboxStatistics:
        """How it stands at this moment."""
        ...


class Inbox(Generic[M]):
    """One incarnation's hold on its mailbox; ``with mailbox.open() as inbox:``."""

    __slots__ = ("_channel", "receive", "receive_nowait")

    def __init__(self, channel: trio.MemoryReceiveChannel[M]) -> None:
        self._channel = channel
        # Bound here, not wrapped: one call less on the way of every message.
        self.receive = channel.receive
        """Wait for the next message."""
        self.receive_nowait = channel.receive_nowait
        """The next message, or `trio.WouldBlock`."""

    def __enter__(self) -> Self:
        """The inbox itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Give the clone back; what is buffered stays for the next incarnation."""
        self._channel.close()


class Address(Generic[M]):
    """The right to send M to one actor. Stays valid across its restarts."""

    __slots__ = ("_channel", "_name")

    def __init__(self, name: str, channel: trio.MemorySendChannel[M]) -> None:
        self._name = name
        self._channel = channel

    async def send(self, message: M) -> None:
        """Hand a message over, waiting for room.

        Raises:
            ActorStopped: the receiver has come to its end.
        """
        try:
            await self._channel.send(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._stopped() from error

    def send_nowait(self, message: M) -> None:
        """Hand a message over if there is room.

        Raises:
            trio.WouldBlock: there is none.
            ActorStopped: the receiver has come to its end.
        """
        try:
            self._channel.send_nowait(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._stopped() from error

    async def ask(self, make: Callable[[Reply[R]], M], *, timeout_seconds: float) -> R:
        """Send a request and wait for its answer.

        Args:
            make: makes the message, given the reply that it shall carry.
            timeout_seconds: for both together.

        Raises:
            NoReply: no answer came, in time or at all. The request may have been acted on.
            ActorStopped: the receiver has come to its end.
            Exception: the receiver answered with this error.
        """
        reply: Reply[R] = Reply()
        message = make(reply)
        # A bare scope: fail_after and its like cost as much again, and this stands on the way of every event.
        with trio.CancelScope(deadline=trio.current_time() + timeout_seconds) as limit:
            try:
                # Without waiting where there is room: the wait for the answer lets other tasks run soon enough.
                self.send_nowait(message)
            except trio.WouldBlock:
                await self.send(message)
            return await reply.wait()
        if limit.cancelled_caught:
            raise NoReply(f"{self._name} gave no answer within {timeout_seconds:g} s")
        raise AssertionError("the block above ends by its return, by an error or by its limit")

    def _stopped(self) -> ActorStopped:
        return ActorStopped(f"{self._name} has stopped and takes no messages any more")


class Mailbox(Generic[M]):
    """Where one actor's messages wait.

    Args:
        name: for people, as in "orders/append".
        capacity: messages that may wait; a sender beyond that waits itself. 0: each is handed over in person.

    Raises:
        ValueError: the capacity is not a whole number from 0 on. Every mailbox is bounded (law 4).
    """

    def __init__(self, name: str, capacity: int) -> None:
        if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0:
            raise ValueError(f"mailbox {name!r}: its capacity must be a whole number from 0 on, not {capacity!r}")
        self.name = name
        self.capacity = capacity
        self._sender, self._receiver = trio.open_memory_channel[M](capacity)
        self.address: Address[M] = Address(name, self._sender)

    def open(self) -> Inbox[M]:
        """Borrow the receiving end, for one incarnation.

        Raises:
            ActorStopped: the mailbox has been closed.
        """
        try:
            return Inbox(self._receiver.clone())
        except trio.ClosedResourceError as error:
            raise ActorStopped(f"{self.name} has been closed") from error

    def close(self) -> None:
        """The end: senders get `ActorStopped`, and whoever asked what is still in here gets `NoReply`."""
        while True:
            try:
                message = self._receiver.receive_nowait()
            except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
                break
            reply: object = getattr(message, "reply", None)
            if isinstance(reply, Reply):
                reply.close()
        self._receiver.close()
        self._sender.close()

    def statistics(self) -> MailboxStatistics:
        """How it stands at this moment."""
        now = self._sender.statistics()
        return MailboxStatistics(
            self.name,
            self.capacity,
            now.current_buffer_used,
            now.tasks_waiting_send,
            now.tasks_waiting_receive,
        )
