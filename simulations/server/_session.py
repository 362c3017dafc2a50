"""What the server knows of one client."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import final

from attrs import define, field

from ._reply import Reply
from .clients._buffers import Buffers

Words = Sequence[bytes]
"""A command as it came: its name and its arguments."""


@final
@define(eq=False)
class Block:
    """Why a client waits, and for what.

    Attributes:
        database, keys: a change of any of these keys calls `retry`.
        deadline_ms: when the wait is over, by the timers' clock; None: never.
        retry: called with the key that changed; a list of one reply ends the wait, an empty one goes on with it, and
            None says that this does not concern it at all.
        on_timeout: the reply when the time is over.
        look_again_ms: when to `look` for what time alone brings about, by the timers' clock; None: never.
        look: returns the keys for which that has come about, and sets `look_again_ms` anew.
        requeue: whether a try in vain puts the client behind the others that wait for the same keys (since 7.2).
        tell_timeout: makes that reply, where it is to be known only then.
        put_off: whether the command has not run at all yet, and does when the time is over (CLIENT PAUSE).
    """

    database: int
    keys: Sequence[bytes]
    deadline_ms: float | None
    retry: Callable[[bytes], Sequence[Reply] | None]
    on_timeout: Reply
    look_again_ms: float | None = None
    look: Callable[[], Sequence[bytes]] = tuple
    requeue: bool = False
    put_off: bool = False
    tell_timeout: Callable[[], Reply] | None = None
    words: Words = ()
    """The command that waits; the engine notes it."""
    name: str = ""
    began: int = 0

    def timed_out(self) -> Reply:
        """The reply when the time is over."""
        return self.on_timeout if self.tell_timeout is None else self.tell_timeout()


@define(eq=False)
class Transaction:
    """What came after MULTI.

    Attributes:
        queued: the commands so far.
        broken: whether one of them was refused, so that EXEC will refuse them all.
    """

    queued: list[Words] = field(factory=list)
    broken: bool = False


class Silence(enum.Enum):
    """What CLIENT REPLY said: no replies at all, none to this command (or to the one that waits), none to the next."""

    ALWAYS = "off"
    NOW = "skip"
    WAITING = "skip, and it waits"
    NEXT = "skip next"

    def after_a_command(self) -> Silence | None:
        """What holds for the next command."""
        return {Silence.ALWAYS: Silence.ALWAYS, Silence.NEXT: Silence.NOW}.get(self)


@define(eq=False)
class Session:
    """One client of the server. Made by `Engine.connect`.

    Attributes:
        id: as CLIENT ID says it.
        address: as CLIENT LIST shows it.
        protocol: 2 or 3.
        replies: what the client has not been sent yet; whoever sends it empties the list.
        closing: whether the server wants to end the connection once that is sent.
        aborted: whether it wants to end it at once, and what was to be sent is not.
        silence: None: it gets its replies.
        watched: the keys of WATCH with their databases, and whether each had expired already; `Watching` changes it.
        is_touched: whether one of them was changed.
    """

    id: int
    address: str
    protocol: int = 2
    name: bytes = b""
    library: tuple[bytes, bytes] = (b"", b"")
    database: int = 0
    user: str | None = "default"
    """None: it has not said who it is, but has to."""
    replies: list[Reply] = field(factory=list)
    closing: bool = False
    aborted: bool = False
    silence: Silence | None = None
    block: Block | None = None
    transaction: Transaction | None = None
    in_script: bool = False
    """Whether a script runs for it."""
    watched: dict[tuple[int, bytes], bool] = field(factory=dict)
    is_touched: bool = False
    channels: dict[bytes, None] = field(factory=dict)
    patterns: dict[bytes, None] = field(factory=dict)
    shard_channels: dict[bytes, None] = field(factory=dict)
    is_subscribed: bool = False
    """Whether it has subscribed to any of these; `PubSub` changes them."""
    connected_ms: int = 0
    active_ms: int = 0
    last_command: str = ""
    local_address: str = ""
    descriptor: int = -1
    commands: int = 0
    is_replica: bool = False
    is_primary: bool = False
    """Whether what it says comes from the primary of this replica."""
    written_offset: int = 0
    """Up to where the effects of its own commands go."""
    buffers: Buffers = field(factory=Buffers)
    no_evict: bool = False
    no_touch: bool = False
