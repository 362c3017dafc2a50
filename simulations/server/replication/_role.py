"""What a server is to others: a primary with its replicas, or a replica of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._reply import Failure, Raw
from .._session import Session
from ._follower import Follower
from ._link import Link

if TYPE_CHECKING:
    from .._engine import Engine

PROMOTION: Final = b"*3\r\n$8\r\nREPLCONF\r\n$7\r\npromote\r\n$3\r\nnow\r\n"
DEMOTED: Final = b"UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"


class Role:
    """Of one engine.

    Attributes:
        replica_of: the host and port of its primary, if it has one.
        link: to the primary, if there is one.
        replication_id: of the history that it tells its replicas.
        replicas: who follows it over connections.
        good_replicas: how many of them follow closely enough; whoever models them says so.
        failover_to: the replica that is to take over as soon as it has everything.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.replica_of: tuple[str, int] | None = None
        self.link: Link | None = None
        self.replication_id = self._new_id()
        self.replicas: dict[Session, Follower] = {}
        self.good_replicas = 0
        self.failover_to: Session | None = None

    def _new_id(self) -> bytes:
        return b"%040x" % self._engine.rng.getrandbits(160)

    def replicas_with(self, offset: int, *, on_disk: bool = False) -> int:
        """How many replicas have got so far, on their disks if that is asked."""
        return sum((each.synced if on_disk else each.acknowledged) >= offset for each in self.replicas.values())

    def count_good_replicas(self) -> None:
        """How many replicas follow closely enough for min-replicas-to-write."""
        engine = self._engine
        lag_ms = engine.configuration.number("min-replicas-max-lag") * 1000
        last_ms = [each.acknowledged_ms for each in self.replicas.values() if each.is_online]
        self.good_replicas = sum(not lag_ms or engine.now_ms - at_ms <= lag_ms for at_ms in last_ms)

    def forget(self, session: Session) -> None:
        """A client has gone, which may have been a replica."""
        follower = self.replicas.pop(session, None)
        if follower is None:
            return
        self.count_good_replicas()
        effects = self._engine.effects
        if follower.feed is not None and effects is not None:
            effects.feeders.remove(follower.feed)

    def offsets_changed(self) -> None:
        """Files or replicas have got further: WAIT and WAITAOF look again, and FAILOVER may be over."""
        engine = self._engine
        engine.retry_waits_for_offsets()
        target = self.failover_to
        follower = self.replicas.get(target) if target is not None else None
        offset = engine.effects.offset if engine.effects is not None else 0
        if target is not None and follower is not None and follower.acknowledged >= offset:
            self.hand_over(target, follower)

    def hand_over(self, target: Session, follower: Follower) -> None:
        """FAILOVER: this replica has everything; it is the primary from now on, and this server follows it."""
        self.failover_to = None
        self._engine.deliver(target, Raw(PROMOTION))
        host = follower.host or target.address.rpartition(":")[0]
        self.follow((host, follower.port))

    def follow(self, primary: tuple[str, int] | None) -> None:
        """Be a replica of this one from now on, or of none; who waits for something here hears of it and goes."""
        engine = self._engine
        was_primary, self.replica_of = self.replica_of is None, primary
        engine.settings_changed()
        self.failover_to = None
        if primary is None:
            self.link = None
            if not was_primary:
                self.replication_id = self._new_id()
        elif was_primary:
            self._send_away()

    def _send_away(self) -> None:
        engine = self._engine
        for session in list(engine.sessions.values()):
            if session.block is not None and not session.block.put_off:
                engine.unblock(session)
                engine.deliver(session, Failure(DEMOTED))
                engine.close(session)
