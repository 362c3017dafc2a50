"""Replicas as one server sees them: ROLE, REPLICAOF, WAIT, WAITAOF, FAILOVER.

The engine alone has no replicas; who models them (`_process`) answers WAIT and WAITAOF before the engine is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Answer, Call, Command, integer
from .._errors import NOT_AN_INTEGER, CommandError, syntax_error
from .._reply import OK, Reply, Status
from .._session import Block, Session
from ._follower import Follower
from ._link import Link

INT_MAX: Final = 2**31 - 1


def role(call: Call) -> Reply:
    """ROLE."""
    engine = call.engine
    if engine.role.replica_of is not None:
        link = engine.role.link or Link()
        return [
            b"slave",
            engine.role.replica_of[0].encode(),
            engine.role.replica_of[1],
            link.state.encode(),
            link.offset,
        ]
    offset = engine.effects.offset if engine.effects is not None else 0
    replicas: list[Reply] = [
        [host_of(session, each).encode(), b"%d" % each.port, b"%d" % each.acknowledged]
        for session, each in engine.role.replicas.items()
        if each.is_online
    ]
    return [b"master", offset, replicas]


def replicaof(call: Call) -> Reply:
    """REPLICAOF host port, or NO ONE."""
    host, port = call.words[1:]
    if host.lower() == b"no" and port.lower() == b"one":
        call.engine.role.follow(None)
        return OK
    error = "ERR Invalid master port" if call.profile.since(7, 0) else NOT_AN_INTEGER
    number = integer(port, error, least=0, most=65535)
    place = (host.decode("utf-8", "surrogateescape"), number)
    if call.engine.role.replica_of == place:
        return Status(b"OK Already connected to specified master")
    call.engine.role.follow(place)
    return OK


def wait(call: Call) -> Answer:
    """WAIT numreplicas timeout."""
    if call.engine.role.replica_of is not None:
        raise CommandError("ERR WAIT cannot be used with replica instances. " + _NO_SLAVES_WRITE)
    engine, wanted, offset = call.engine, integer(call.words[1]), call.session.written_offset

    def told() -> Reply:
        return engine.role.replicas_with(offset)

    return _wait(call, lambda: engine.role.replicas_with(offset) >= wanted, told, call.words[2])


_NO_SLAVES_WRITE: Final = (
    "Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) "
    "writes to replicas are just local and are not propagated."
)


def waitaof(call: Call) -> Answer:
    """WAITAOF numlocal numreplicas timeout."""
    local = integer(call.words[1])
    if not 0 <= local <= 1:
        raise CommandError("ERR value is out of range, value must between 0 and 1")
    replicas = integer(call.words[2], "ERR value is out of range, must be positive", least=0)
    _timeout(call.words[3])
    if call.engine.role.replica_of is not None:
        raise CommandError("ERR WAITAOF cannot be used with replica instances. " + _NO_SLAVES_WRITE)
    engine, offset = call.engine, call.session.written_offset
    if local and engine.configuration["appendonly"] != "yes":
        raise CommandError("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")

    def counts() -> tuple[int, int]:
        has_file = engine.configuration["appendonly"] == "yes"
        return int(has_file and engine.files.synced >= offset), engine.role.replicas_with(offset, on_disk=True)

    def told() -> Reply:
        return list(counts())

    def are_enough() -> bool:
        synced, others = counts()
        return synced >= local and others >= replicas

    return _wait(call, are_enough, told, call.words[3])


def _wait(call: Call, are_enough: Callable[[], bool], told: Callable[[], Reply], timeout: bytes) -> Answer:
    """Wait until there are enough, but no longer than so many milliseconds."""
    milliseconds = _timeout(timeout)
    if are_enough() or call.nested:
        return told()
    if call.engine.effects is not None:
        call.engine.effects.feed_replicas([b"REPLCONF", b"GETACK", b"*"])
    deadline_ms = call.engine.timer_ms + milliseconds if milliseconds else None

    def look(_key: bytes) -> Sequence[Reply]:
        return [told()] if are_enough() else []

    return Block(call.database.index, (), deadline_ms, look, None, tell_timeout=told)


def _timeout(word: bytes) -> int:
    milliseconds = integer(word, "ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise CommandError("ERR timeout is negative")
    return milliseconds


def failover(call: Call) -> Reply:
    """FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]: a replica takes over."""
    words = [word.upper() for word in call.words[1:]]
    if words == [b"ABORT"]:
        if call.engine.role.failover_to is None:
            raise CommandError("ERR No failover in progress.")
        call.engine.role.failover_to = None
        return OK
    target = _failover_target(words)
    if call.engine.role.failover_to is not None:
        raise CommandError("ERR FAILOVER already in progress.")
    if call.engine.role.replica_of is not None:
        raise CommandError("ERR FAILOVER is not valid when server is a replica.")
    online = [(session, each) for session, each in call.engine.role.replicas.items() if each.is_online]
    if not online:
        raise CommandError("ERR FAILOVER requires connected replicas.")
    chosen = [pair for pair in online if target is None or target == (host_of(*pair), pair[1].port)]
    if not chosen:
        raise CommandError("ERR FAILOVER target HOST and PORT is not a replica.")
    call.engine.role.failover_to = max(chosen, key=lambda pair: pair[1].acknowledged)[0]
    call.engine.role.offsets_changed()
    return OK


def _failover_target(words: list[bytes]) -> tuple[str, int] | None:
    target: tuple[str, int] | None = None
    while words:
        word = words.pop(0)
        if word == b"TIMEOUT" and words:
            integer(words.pop(0))
        elif word == b"TO" and len(words) >= 2:
            host, port = words.pop(0), words.pop(0)
            target = (host.decode("utf-8", "surrogateescape").lower(), integer(port))
        elif word != b"FORCE":
            raise syntax_error()
    return target


def host_of(session: Session, follower: Follower) -> str:
    """Where a replica is: as it says, or where it comes from."""
    return follower.host or session.address.rpartition(":")[0]


_FLAGS: Final = "admin noscript stale no_async_loading"

REPLICATION_COMMANDS: Final[Sequence[Command]] = (
    Command("role", role, 1, "noscript loading stale fast", group="server"),
    Command("replicaof", replicaof, 3, _FLAGS, since=(5, 0), group="server"),
    Command("slaveof", replicaof, 3, _FLAGS, group="server"),
    Command("wait", wait, 3, "noscript blocking", group="generic"),
    Command("waitaof", waitaof, 4, "noscript blocking", since=(7, 2), group="generic"),
    Command("failover", failover, -1, "admin noscript stale", since=(6, 2), group="server"),
)
