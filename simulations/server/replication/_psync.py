"""What a primary does for its replicas: PSYNC, and REPLCONF by which they say how far they are.

A replica that comes is sent all that there is, as commands, and then the effects of every command; between simulated
servers only, as a real one would be sent an RDB file. It goes by the name that a real one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import OK, Raw, Reply
from ..persistence._effects import Effects
from ..persistence._rewrite import rewritten
from ._follower import Follower

BEGIN: Final = b"$%d\r\n"
PROMOTE: Final = b"promote"
"""By which a primary tells a replica to take over (FAILOVER)."""


def psync(call: Call) -> Reply:
    """PSYNC replicationid offset: always in full."""
    engine, session = call.engine, call.session
    if engine.replica_of is not None and (engine.link is None or engine.link.state != "connected"):
        raise CommandError("NOMASTERLINK Can't SYNC while not connected with my master")
    effects = engine.effects = engine.effects or Effects(engine)
    follower = engine.replicas.setdefault(session, Follower())
    if follower.is_online:
        raise CommandError("ERR can't sync again on a connection that follows already")
    data = b"".join(rewritten(engine))
    effects.begin_anew()
    session.is_replica = True
    follower.is_online, follower.acknowledged, follower.acknowledged_ms = True, effects.offset, call.now_ms
    follower.feed = lambda more: engine.deliver(session, Raw(more))
    effects.feeders.append(follower.feed)
    engine.count_good_replicas()
    head = b"+FULLRESYNC %b %d\r\n" % (engine.replication_id, effects.offset)
    return Raw(head + BEGIN % len(data) + data)


def replconf(call: Call) -> Reply:
    """REPLCONF option value …: who a replica is, and how far it has come."""
    words = call.words[1:]
    if len(words) % 2:
        raise syntax_error()
    follower = call.engine.replicas.get(call.session)
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = option.lower()
        if name == b"ack":
            _acknowledged(call, follower, value)
            return Raw(b"")
        if name == b"listening-port":
            follower = call.engine.replicas.setdefault(call.session, Follower())
            follower.port = integer(value)
        elif name == b"ip-address":
            follower = call.engine.replicas.setdefault(call.session, Follower())
            follower.host = value.decode("latin-1")
        elif name not in {b"capa", b"getack", b"rdb-only", b"rdb-filter-only", b"version", b"fack"}:
            raise CommandError(b"ERR Unrecognized REPLCONF option: %b" % option)
    return OK


def _acknowledged(call: Call, follower: Follower | None, value: bytes) -> None:
    if follower is not None:
        follower.acknowledged = integer(value)
        follower.synced = follower.acknowledged if len(call.words) > 3 else 0
        follower.acknowledged_ms = call.now_ms
        call.engine.count_good_replicas()
        call.engine.offsets_changed()


PSYNC_COMMANDS: Final[Sequence[Command]] = (
    Command("psync", psync, -3, "admin noscript no_async_loading no_multi", group="server"),
    Command("sync", psync, 1, "admin noscript no_async_loading no_multi", group="server"),
    Command("replconf", replconf, -1, "admin noscript loading stale allow_busy", group="server"),
)
