"""A picture of the tree of actors at one moment. It is taken without asking anybody, so a stuck actor is on it too."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from ._mailbox import MailboxStatistics


class State(Enum):
    """Where an actor is in its life."""

    WAITING = "waiting"
    """Not started yet."""
    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing off"
    """It ended, and starts again after a delay."""
    STOPPING = "stopping"
    FINISHED = "finished"
    """It ended by itself, for good."""
    FAILED = "failed"
    """It crashed, and is not started again."""
    STOPPED = "stopped"


@frozen
class Snapshot:
    """One actor, or one supervisor with its children, at one moment.

    Attributes:
        name, path: which one.
        state: where it is in its life.
        incarnation: how many times it has been started.
        last_error: its last crash in words.
        status: what it last published of itself.
        mailboxes: how its mailboxes stand.
        children: of a supervisor, in the order of their start.
    """

    name: str
    path: str
    state: State
    incarnation: int
    last_error: str | None = None
    status: object = None
    mailboxes: tuple[MailboxStatistics, ...] = ()
    children: tuple[Snapshot, ...] = ()

    @property
    def restarts(self) -> int:
        """Starts after the first."""
        return max(0, self.incarnation - 1)

    def find(self, path: str) -> Snapshot | None:
        """The actor whose path ends with these names, as in "group:billing/consumers"."""
        if ("/" + self.path).endswith("/" + path):
            return self
        return next((found for child in self.children if (found := child.find(path)) is not None), None)
