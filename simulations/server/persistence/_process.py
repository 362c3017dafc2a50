"""A redis-server's process: the engine while it runs, the disk that outlives it, and replicas that follow.

A crash ends the process; a power cut takes the page cache too; a restart loads what is left; a failover goes on with
what a replica had. Each of these answers with what it destroyed: exactly which acknowledged writes are gone.

::

    running ──crash, power cut──> down ──restart──> loading ──> running
       └────────failover: the replica's state───────────────────^
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from attrs import define

from .._engine import Engine
from .._profile import Profile
from .._reply import Failure
from .._session import Session, Words
from ._disk import Disk
from ._journal import Journal, replay
from ._ledger import Destroyed, difference

LOADING = Failure(b"LOADING Redis is loading the dataset in memory")


class ProcessDown(Exception):
    """There is no server: connections are refused."""


@define
class Replica:
    """A server that follows this one.

    Attributes:
        lag_ms: how long a change takes to get there.
        linked: whether changes get there at all.
        offset: how many changes have got there.
    """

    lag_ms: float = 0.0
    linked: bool = True
    offset: int = 0


class ServerProcess:
    """One redis-server.

    Args:
        profile: the version to behave like.
        rng: where everything random comes from.
        configuration: parameters that differ from their defaults.
        replicas: those that follow it.
        keeps: whether anything may outlive it; if not, what changes is not remembered for that either.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        rng: Random,
        configuration: Mapping[str, str] | None = None,
        replicas: Sequence[Replica] = (),
        keeps: bool = True,
    ) -> None:
        self.disk = Disk()
        self.replicas = list(replicas)
        self.down = False
        self.loading_until_ms = 0.0
        self._profile = profile
        self._rng = rng
        self._keeps = keeps
        self._given = dict(configuration or {})
        self.journal = Journal()
        self.engine = self._new_engine()

    # While it runs

    def connect(self, address: str, *, now_us: int) -> Session:
        """A new client.

        Raises:
            ProcessDown: nobody listens.
        """
        self._check_up()
        return self.engine.connect(address, now_us=now_us)

    def execute(self, session: Session, words: Words, *, now_us: int, timer_ms: float) -> Sequence[Session]:
        """As `Engine.execute`; what it changed is written before anybody gets a reply.

        Raises:
            ProcessDown: nobody is there.
        """
        self._check_up()
        if timer_ms < self.loading_until_ms and words[0].upper() not in (b"INFO", b"HELLO", b"AUTH", b"CLIENT"):
            session.replies.append(LOADING)
            return [session]
        woken = self.engine.execute(session, words, now_us=now_us, timer_ms=timer_ms)
        if self._keeps:
            self.disk.write(len(self.journal), self.engine.configuration, timer_ms)
        return woken

    def tick(self, *, now_us: int, timer_ms: float) -> Sequence[Session]:
        """Let time pass: waits end, files are synced, snapshots are made, replicas catch up.

        Raises:
            ProcessDown: nobody is there.
        """
        self._check_up()
        woken = self.engine.tick(now_us=now_us, timer_ms=timer_ms)
        if not self._keeps:
            return woken
        self.disk.write(len(self.journal), self.engine.configuration, timer_ms)
        self.disk.save_if_due(len(self.journal), self.engine.configuration, timer_ms)
        for replica in self.replicas:
            self._follow(replica, now_us)
        return woken

    # Faults

    def crash(self) -> Destroyed:
        """SIGKILL: connections are gone, the page cache is not."""
        return self._end(self.disk.left(self.engine.configuration, power_lost=False))

    def cut_power(self) -> Destroyed:
        """What was not synced is gone too."""
        return self._end(self.disk.left(self.engine.configuration, power_lost=True))

    def restart(self, *, timer_ms: float, loading_ms: float = 0.0) -> None:
        """Run again, with what the crash had left; for so long it answers LOADING."""
        self.down = False
        self.loading_until_ms = timer_ms + loading_ms
        self.disk.reset(len(self.journal), timer_ms)

    def restart_empty(self, *, timer_ms: float) -> Destroyed:
        """Run again without its files, as on a new machine."""
        destroyed = self._go_back_to(0)
        self.disk = Disk()
        self.restart(timer_ms=timer_ms)
        return destroyed

    def fail_over(self, replica: Replica, *, now_us: int, timer_ms: float) -> Destroyed:
        """Go on with what a replica has; every client's connection is gone."""
        self._follow(replica, now_us)
        destroyed = self._go_back_to(self.journal.whole_groups(replica.offset))
        for other in self.replicas:
            other.offset = min(other.offset, len(self.journal))
        self.restart(timer_ms=timer_ms)
        return destroyed

    def copied(self, position: int) -> ServerProcess:
        """Another server that has had so many of the changes, as a replica has that is to take over."""
        copy = ServerProcess(self._profile, rng=self._rng, configuration=self._given, keeps=self._keeps)
        copy.journal.changes += self.journal.changes[: self.journal.whole_groups(position)]
        copy.engine = copy._new_engine()
        copy.disk.reset(len(copy.journal), 0.0)
        return copy

    # Inside

    def acknowledged_by(self, offset: int) -> int:
        """How many replicas have so many changes: what WAIT counts."""
        return sum(replica.linked and replica.offset >= offset for replica in self.replicas)

    def _follow(self, replica: Replica, now_us: int) -> None:
        changes = self.journal.changes
        while (
            replica.linked
            and replica.offset < len(changes)
            and changes[replica.offset].now_us <= now_us - replica.lag_ms * 1000
        ):
            replica.offset += 1

    def _end(self, left: int) -> Destroyed:
        self.down = True
        return self._go_back_to(self.journal.whole_groups(left))

    def _go_back_to(self, position: int) -> Destroyed:
        """The state after so many changes; returns what of the later ones was acknowledged and is gone."""
        before = self.engine
        del self.journal.changes[position:]
        self.engine = self._new_engine()
        return difference(before, self.engine)

    def _new_engine(self) -> Engine:
        engine = Engine(self._profile, rng=self._rng, configuration=self._given)
        replay(engine, self.journal.changes)
        engine.journal = self.journal if self._keeps else None
        return engine

    def _check_up(self) -> None:
        if self.down:
            raise ProcessDown("the server is down")
