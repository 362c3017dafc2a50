"""What a primary does for its replicas: SYNC, PSYNC, and REPLCONF by which they say how far they are.

A replica that comes is sent all that there is, as an RDB file, and then the effects of every command. It goes by the
name that a real one has, and a real one may be it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import OK, Raw, Reply
from ..persistence._effects import Effects
from ..rdb._snapshot import snapshot
from ._follower import Follower

BEGIN: Final = b"$%d\r\n"
PROMOTE: Final = b"promote"
"""By which a primary tells a replica to take over (FAILOVER)."""


def psync(call: Call) -> Reply:
    """PSYNC replicationid offset: always in full."""
    data = _begin_to_follow(call)
    offset = call.engine.effects.offset if call.engine.effects is not None else 0
    return Raw(b"+FULLRESYNC %b %d\r\n" % (call.engine.role.replication_id, offset) + BEGIN % len(data) + data)


def sync(call: Call) -> Reply:
    """SYNC: the same, for those who say nothing of themselves."""
    data = _begin_to_follow(call)
    return Raw(BEGIN % len(data) + data)


def _begin_to_follow(call: Call) -> bytes:
    """Have a session be sent all effects from now on; returns all that there is now."""
    engine, session = call.engine, call.session
    if engine.role.replica_of is not None and (engine.role.link is None or engine.role.link.state != "connected"):
        raise CommandError("NOMASTERLINK Can't SYNC while not connected with my master")
    effects = engine.effects = engine.effects or Effects(engine)
    follower = engine.role.replicas.setdefault(session, Follower())
    if follower.is_online:
        raise CommandError("ERR can't sync again on a connection that follows already")
    data = snapshot(engine, has_keys=not follower.wants_functions_only)
    effects.begin_anew()
    session.is_replica = True
    follower.is_online, follower.acknowledged, follower.acknowledged_ms = True, effects.offset, call.now_ms
    follower.feed = lambda more: engine.deliver(session, Raw(more))
    effects.feeders.append(follower.feed)
    engine.role.count_good_replicas()
    return data


def replconf(call: Call) -> Reply:
    """REPLCONF option value …: who a replica is, and how far it has come."""
    words = call.words[1:]
    if len(words) % 2:
        raise syntax_error()
    follower = call.engine.role.replicas.get(call.session)
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = option.lower()
        if name == b"ack":
            _acknowledged(call, follower, value)
            return Raw(b"")
        if name == b"listening-port":
            follower = call.engine.role.replicas.setdefault(call.session, Follower())
            follower.port = integer(value)
        elif name == b"ip-address":
            follower = call.engine.role.replicas.setdefault(call.session, Follower())
            follower.host = value.decode("latin-1")
        elif name == b"rdb-filter-only":
            follower = call.engine.role.replicas.setdefault(call.session, Follower())
            follower.wants_functions_only = value.lower() == b"functions"
        elif name not in {b"capa", b"getack", b"rdb-only", b"version", b"fack"}:
            raise CommandError(b"ERR Unrecognized REPLCONF option: %b" % option)
    return OK


def _acknowledged(call: Call, follower: Follower | None, value: bytes) -> None:
    if follower is not None:
        follower.acknowledged = integer(value)
        follower.synced = follower.acknowledged if len(call.words) > 3 else 0
        follower.acknowledged_ms = call.now_ms
        call.engine.role.count_good_replicas()
        call.engine.role.offsets_changed()


PSYNC_COMMANDS: Final[Sequence[Command]] = (
    Command("psync", psync, -3, "admin noscript no_async_loading no_multi", group="server"),
    Command("sync", sync, 1, "admin noscript no_async_loading no_multi", group="server"),
    Command("replconf", replconf, -1, "admin noscript loading stale allow_busy", group="server"),
)
