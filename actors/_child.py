"""What a supervisor is told about each of its children."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from ._mailbox import Measured
from ._observer import innermost
from ._policy import Restart
from ._stage import Stage

if TYPE_CHECKING:
    from ._supervisor import Supervisor

Actor = Callable[[Stage], Awaitable[None]]
"""An actor is an async function; its state is its locals. It calls ``stage.started()`` when it is up."""


@frozen
class Child:
    """An actor and how to treat it.

    Attributes:
        name: unique among its siblings.
        run: the actor.
        restart: which of its ends are followed by another start.
        grace_seconds: from being told to drain until it is cancelled; `math.inf` waits for as long as it takes.
        start_timeout_seconds: from its start until it says that it is up.
        vital: its crash is its supervisor's at once, instead of being followed by a restart. For supervisors that have
            given up: to have each level try again multiplies the tries, until nobody ever gives up.
        fatal: errors that no restart mends: a crash by one of them is the supervisor's at once, whatever `vital` says.
        mailboxes: its own, for snapshots.
        supervisor: the supervisor that `run` belongs to, for snapshots; see `nest`.
    """

    name: str
    run: Actor
    restart: Restart = Restart.PERMANENT
    grace_seconds: float = field(default=5.0, validator=validators.ge(0))
    start_timeout_seconds: float = field(default=10.0, validator=validators.gt(0))
    vital: bool = False
    fatal: tuple[type[Exception], ...] = ()
    mailboxes: tuple[Measured, ...] = ()
    supervisor: Supervisor | None = None

    def is_fatal(self, error: BaseException | None) -> bool:
        """Whether its supervisor has failed when this child ends with an error, which may come out of nurseries."""
        return isinstance(error, Exception) and (self.vital or isinstance(innermost(error), self.fatal))


def nest(name: str, supervisor: Supervisor, *, restart: Restart = Restart.PERMANENT, vital: bool = False) -> Child:
    """A supervisor as a child of another: it takes the time that its own children need, to start and to stop."""
    return Child(
        name,
        supervisor.run,
        restart=restart,
        vital=vital,
        grace_seconds=math.inf,
        start_timeout_seconds=math.inf,
        supervisor=supervisor,
    )
