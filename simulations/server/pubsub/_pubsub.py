"""Pub/sub: who has subscribed to what, and what they are sent.

A message goes to those who subscribed to its channel, and then to those who subscribed to a pattern that fits. Shard
channels are a world of their own, without patterns. What the client whose command runs is sent by that command comes
behind the reply (since 7.2); before, it comes in front of it, and in EXEC among the replies.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from .._glob import fits
from .._profile import Profile
from .._reply import Push, Reply, Several, Status
from .._session import Session

if TYPE_CHECKING:
    from .._engine import Engine

Subscribers = dict[bytes, dict[Session, None]]
"""Of each name those who subscribed to it, the first one first."""

_ALWAYS_ALLOWED: Final = frozenset(f"{prefix}{word}subscribe" for prefix in ("", "p", "s") for word in ("", "un")) | {
    "ping",
    "quit",
    "reset",
}

_ANSWER_FIRST: Final = frozenset(
    [
        *("getset", "getex", "getdel", "bitfield", "expire", "pexpire", "expireat", "pexpireat"),
        *("lpush", "rpush", "lpushx", "rpushx", "lset", "lpop", "rpop", "lmpop", "blpop", "brpop", "blmpop"),
        *("sunionstore", "sdiffstore", "sinterstore"),
        *("zadd", "zincrby", "zpopmin", "zpopmax", "bzpopmin", "bzpopmax", "zmpop", "bzmpop"),
        *("zunionstore", "zinterstore", "zdiffstore", "zrangestore"),
        *("hset", "hmset", "hsetnx", "hincrby", "hincrbyfloat"),
        *("xadd", "xsetid", "xreadgroup", "xclaim", "xautoclaim"),
        *("xgroup", "xgroup|create", "xgroup|setid", "xgroup|destroy"),
    ]
)
"""Commands that before 7.2 answer before they tell what they did, so that whoever listens to itself sees that order."""


class Kind(enum.Enum):
    """What one can subscribe to, by the letter with which the commands begin."""

    CHANNEL = b""
    PATTERN = b"p"
    SHARD = b"s"

    def names_of(self, session: Session) -> dict[bytes, None]:
        """What a client has subscribed to."""
        if self is Kind.CHANNEL:
            return session.channels
        return session.patterns if self is Kind.PATTERN else session.shard_channels

    def count_of(self, session: Session) -> int:
        """How many subscriptions a client is told that it has: shard channels count for themselves."""
        if self is Kind.SHARD:
            return len(session.shard_channels)
        return len(session.channels) + len(session.patterns)


PER_SUBSCRIPTION: Final = 120
"""The bytes of one, beside its name."""


class PubSub:
    """The subscriptions of one engine.

    Attributes:
        of: the subscribers of each kind.
        is_in_transaction: whether EXEC runs.
    """

    def __init__(self, engine: Engine) -> None:
        self.of: Mapping[Kind, Subscribers] = {kind: {} for kind in Kind}
        self.is_in_transaction = False
        self._engine = engine
        self.bytes = 0
        """What all subscriptions take, roughly."""
        self.pending: list[Push | Status] = []
        """What the client whose command runs is sent later."""

    def __bool__(self) -> bool:
        """Whether anybody listens at all."""
        return any(self.of.values())

    def count_patterns(self) -> int:
        """As NUMPAT tells it: before 6.2 each as often as somebody subscribed to it."""
        patterns = self.of[Kind.PATTERN]
        return len(patterns) if self._engine.profile.since(6, 2) else sum(map(len, patterns.values()))

    def subscribe(self, session: Session, kind: Kind, name: bytes) -> Push:
        """Have a client get what is sent there; returns what it is told of it."""
        names = kind.names_of(session)
        if name not in names:
            self.bytes += len(name) + PER_SUBSCRIPTION
        names[name] = None
        self.of[kind].setdefault(name, {})[session] = None
        session.is_subscribed = True
        return Push([kind.value + b"subscribe", name, kind.count_of(session)])

    def unsubscribe(self, session: Session, kind: Kind, name: bytes) -> Push:
        """The contrary."""
        names = kind.names_of(session)
        if name in names:
            del names[name]
            self._forget(session, kind, name)
            session.is_subscribed = bool(session.channels or session.patterns or session.shard_channels)
        return Push([kind.value + b"unsubscribe", name, kind.count_of(session)])

    def forget(self, session: Session) -> None:
        """A client has gone, or said RESET."""
        if not session.is_subscribed:
            return
        for kind in Kind:
            names = kind.names_of(session)
            for name in names:
                self._forget(session, kind, name)
            names.clear()
        session.is_subscribed = False

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message to all who listen to a channel; returns how many times it was sent."""
        sent = self._send_to(self.of[Kind.CHANNEL].get(channel), Push([b"message", channel, message]))
        for pattern, sessions in self.of[Kind.PATTERN].items():
            if fits(channel, pattern):
                sent += self._send_to(sessions, Push([b"pmessage", pattern, channel, message]))
        return sent

    def publish_to_shard(self, channel: bytes, message: bytes) -> int:
        """The same for shard channels."""
        return self._send_to(self.of[Kind.SHARD].get(channel), Push([b"smessage", channel, message]))

    def take_pending(self) -> list[Push | Status]:
        """What the client whose command runs has not been sent yet."""
        pending, self.pending = self.pending, []
        return pending

    def among_replies(self, session: Session, answer: Reply) -> Reply:
        """A reply in EXEC with what was sent to the client meanwhile, which before 7.2 comes in between."""
        if not self.pending or self._engine.profile.since(7, 2):
            return answer
        sent = self.take_pending()
        return Several([answer, *sent] if _answers_first(session) else [*sent, answer])

    def _send_to(self, sessions: dict[Session, None] | None, message: Push) -> int:
        if sessions is None:
            return 0
        for session in sessions:
            if session is self._engine.running and self._is_later(session):
                self.pending.append(message)
            else:
                self._engine.deliver(session, message)
        return len(sessions)

    def _is_later(self, session: Session) -> bool:
        """Whether the client whose command runs is sent a message only behind the reply, or among those of EXEC."""
        return self._engine.profile.since(7, 2) or self.is_in_transaction or _answers_first(session)

    def _forget(self, session: Session, kind: Kind, name: bytes) -> None:
        self.bytes -= len(name) + PER_SUBSCRIPTION
        sessions = self.of[kind][name]
        del sessions[session]
        if not sessions:
            del self.of[kind][name]


def _answers_first(session: Session) -> bool:
    return session.last_command in _ANSWER_FIRST and not session.in_script


def refused_to_subscriber(profile: Profile, session: Session, name: str) -> bytes | None:
    """Why a client that has subscribed may not run a command: in RESP2 it could not tell replies from messages."""
    if not session.is_subscribed or session.protocol == 3 or name in _ALWAYS_ALLOWED:
        return None
    if not profile.since(6, 0):
        return b"ERR only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this context"
    shown = name if profile.since(7, 0) else name.partition("|")[0]
    kinds = "(P|S)" if profile.since(7, 0) else "(P)"
    reset = " / RESET" if profile.since(6, 2) else ""
    return (
        f"ERR Can't execute '{shown}': only {kinds}SUBSCRIBE / {kinds}UNSUBSCRIBE / PING / QUIT{reset}"
        " are allowed in this context"
    ).encode()
