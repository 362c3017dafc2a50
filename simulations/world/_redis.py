"""A simulated redis-server in the world: it answers what arrives, and has done to it what plans say.

It is no task. Packets, its own timers and faults call it, each at its time; like the real one it has one thread, so
while it hangs everybody waits.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from attrs import define, field
from typing_extensions import override

from ..history import Applied, Record, Sent
from ..plan import Shape
from ..server import Destroyed, Engine, Profile, ServerProcess, Session, encode
from ..server._command import Call
from ..server._reply import Failure
from ..server._reply import Reply as ServerReply
from ..server._request import ProtocolError, RequestParser
from ..server._session import Words
from ..server.persistence._effects import Effects
from ..server.persistence._ledger import difference
from ._actions import action_of, is_write
from ._clock import Timer, VirtualClock
from ._network import Connection

START_US = 1_700_000_000_000_000
"""When every run begins, by the wall clocks: in November 2023, so that ids look like ids."""

BeforeCommand = Callable[[Connection, str], "Passing | None"]
"""None: nothing, as for nearly every command."""


@define
class Passing:
    """What faults have to do with a command that arrived.

    Attributes:
        runs: whether it gets to the server at all.
        late_seconds: how much later it does.
        after: to be done when it was run.
        on_reply: to be done with its reply: gets the bytes, answers those that pass.
    """

    runs: bool = True
    late_seconds: float = 0.0
    after: list[Callable[[], None]] = field(factory=list[Callable[[], None]])
    on_reply: list[Callable[[bytes], bytes]] = field(factory=list[Callable[[bytes], bytes]])


@define(eq=False)
class _Client:
    """The server's end of a connection."""

    connection: Connection
    session: Session
    parser: RequestParser
    passing: Passing | None = None
    """Of the command that was run last, or waits for its turn."""
    words: Words | None = None
    """A command that was taken in and is late."""
    action: str = ""
    not_before: float = 0.0
    ends: bool = False
    """Whether it has closed its connection: it is lost when all is run that it had sent."""


class _Witness(Effects):
    """Takes note of what changes, in the canonical form."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.seen: list[Words] = []

    @override
    def note(self, call: Call, name: str, reply: ServerReply) -> None:
        told = len(self._unit)
        super().note(call, name, reply)
        self.seen += [effect.words for effect in self._unit[told:]]

    @override
    def tell(self, database: int, words: Words) -> None:
        super().tell(database, words)
        self.seen.append(words)


class RedisNode:
    """One server.

    Args:
        number: of the first one 0.
        process: what it runs.
        clock: virtual time.
        note: takes records for the history.
        before_command: what the plan has to say about a command.
    """

    def __init__(
        self,
        number: int,
        process: ServerProcess,
        clock: VirtualClock,
        note: Callable[[Record], None],
        before_command: BeforeCommand,
    ) -> None:
        self.number = number
        self.process = process
        self.is_listening = True
        self.refuses_with: bytes | None = None
        """An error that everything that writes is answered with."""
        self.clock_shift_us = 0
        self._is_demoted = False
        self._clock = clock
        self._note = note
        self._before_command = before_command
        self._clients: dict[Session, _Client] = {}
        self._by_connection: dict[Connection, _Client] = {}
        self._runnable: deque[_Client] = deque()
        self._hangs_until = -math.inf
        self._timer: Timer | None = None
        self._witness = _Witness(self.engine)
        self._watch()

    @property
    def engine(self) -> Engine:
        """The server itself; another one after a crash."""
        return self.process.engine

    # Connections

    def accept(self, connection: Connection) -> None:
        """A new client."""
        session = self.process.connect(f"{connection.host.name}:{connection.number}", now_us=self._now_us())
        client = _Client(connection, session, RequestParser(self.engine.profile))
        self._clients[session] = self._by_connection[connection] = client

    def receive(self, connection: Connection, data: bytes) -> None:
        """Something has arrived."""
        client = self._by_connection.get(connection)
        if client is not None:
            client.parser.feed(data)
            self._runnable.append(client)
            self._run_all()

    def end(self, connection: Connection) -> None:
        """A client has closed its connection, which is noticed behind what it had sent: that is run first."""
        client = self._by_connection.get(connection)
        if client is not None:
            client.ends = True
            self._runnable.append(client)
            self._run_all()

    def lose(self, connection: Connection) -> None:
        """A client is gone."""
        client = self._by_connection.pop(connection, None)
        if client is not None:
            del self._clients[client.session]
            self.engine.disconnect(client.session)

    # What is done to it

    def hang(self, seconds: float) -> None:
        """Answer nobody for so long."""
        self._hangs_until = max(self._hangs_until, self._clock.now + seconds)
        self._clock.call_at(self._hangs_until, self._run_all)

    def crash(self, *, power_lost: bool) -> Destroyed:
        """End at once. Returns what of its data is gone for good."""
        self._drop_everybody()
        return self.process.cut_power() if power_lost else self.process.crash()

    def come_back(self, *, loading_seconds: float) -> None:
        """Run again, with what the file has."""
        if not self.is_listening:
            self.process.restart(timer_ms=self._clock.now * 1000, loading_ms=loading_seconds * 1000)
            self.is_listening = True
            self._watch()

    def begin_empty(self) -> Destroyed:
        """Another server without any data takes the place."""
        self._drop_everybody()
        destroyed = self.process.restart_empty(timer_ms=self._clock.now * 1000)
        self.is_listening = True
        self._watch()
        return destroyed

    def leave(self) -> None:
        """End for good; it is not asked what is lost."""
        self._drop_everybody()

    def demote(self) -> None:
        """Follow somebody else from now on: who is connected stays so, and may not write. Who blocks is sent away.

        As the server itself does it: a script runs there until its first write, whose error it may have in its reply.
        """
        self._is_demoted = True
        self._follow()

    def _follow(self) -> None:
        """Whoever demotes a server says so until it heard that: it may be down, or read its file."""
        if self._is_demoted and not self.process.down and self.engine.role.replica_of is None:
            self.do("REPLICAOF", "primary", 6379)

    def replica(self, lag_seconds: float) -> tuple[ServerProcess, Callable[[Engine], Destroyed]]:
        """What a replica has that is so far behind; and a way to ask later what only this one has had beyond that.

        It is asked with whoever leads then: an acknowledgement that came to both is not lost with one of them, and what
        was deleted only there was not destroyed here.
        """
        latest_us = self._now_us() - int(lag_seconds * 1_000_000)
        changes = self.process.journal.changes
        position = len(changes)
        while position and changes[position - 1].now_us > latest_us:
            position -= 1
        copy, fork = self.process.copied(position), self.process.copied(position)
        return copy, lambda leader: difference(self.engine, fork.engine).common(difference(self.engine, leader))

    def close_connections(self, connections: Sequence[Connection]) -> None:
        """CLIENT KILL."""
        for connection in connections:
            if connection in self._by_connection:
                self.lose(connection)
                connection.end_by_server()

    def do(self, *words: bytes | str | int) -> ServerReply:
        """Somebody who is not in the plan's cast runs a command. What it changes is nobody's."""
        session = self.process.connect("operator", now_us=self._now_us())
        coded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._collect(self.process.execute(session, coded, now_us=self._now_us(), timer_ms=self._clock.now * 1000))
        self._note_changes(None)
        reply = session.replies[0] if session.replies else None
        self.engine.disconnect(session)
        self._wind_timer()
        return reply

    # Commands

    def _run_all(self) -> None:
        while self._runnable and self.is_listening and self._clock.now >= self._hangs_until:
            self._run(self._runnable.popleft())
        self._wind_timer()

    def _run(self, client: _Client) -> None:
        session, parser = client.session, client.parser
        while session.block is None and not session.closing and session in self._clients:
            if client.words is None:
                parser.unauthenticated = session.user is None
                try:
                    client.words = parser.take()
                except ProtocolError as error:
                    client.connection.to_client(encode(Failure(error.text), session.protocol))
                    self.close_connections([client.connection])
                    return
                if client.words is None or not self._let_pass(client):
                    break
            if self._clock.now < client.not_before or self._clock.now < self._hangs_until:
                self._clock.call_at(max(client.not_before, self._hangs_until), lambda: self._resume(client))
                return
            words, client.words = client.words, None
            self._execute(client, words)
        if client.ends and client.words is None:
            self.lose(client.connection)

    def _resume(self, client: _Client) -> None:
        self._runnable.append(client)
        self._run_all()

    def _let_pass(self, client: _Client) -> bool:
        words = client.words or []
        client.action = action_of(words)
        passing = client.passing = self._before_command(client.connection, client.action)
        if passing is not None:
            client.not_before = self._clock.now + passing.late_seconds
            if not passing.runs:
                client.words = None
                # What was sent behind it did not get here either: nothing can be missing in the midst of a stream.
                client.parser = RequestParser(self.engine.profile)
                return False
        return self.is_listening and client.session in self._clients

    def _execute(self, client: _Client, words: Words) -> None:
        session = client.session
        self._follow()
        if self.refuses_with is not None and is_write(self.engine, words):
            session.replies.append(Failure(self.refuses_with))
            woken: Sequence[Session] = [session]
        else:
            woken = self.process.execute(session, words, now_us=self._now_us(), timer_ms=self._clock.now * 1000)
        self._note_changes(client.connection)
        if session.block is not None:
            self._note_sent(client, words, None)
        self._collect(woken, asked=words, by=client)
        if client.passing is not None:
            after, client.passing.after = client.passing.after, []
            for act in after:
                act()

    def _collect(self, woken: Sequence[Session], *, asked: Words | None = None, by: _Client | None = None) -> None:
        for session in woken:
            client = self._clients.get(session)
            if client is None:
                continue
            replies = [encode(reply, session.protocol) for reply in session.replies]
            session.replies.clear()
            if replies:
                self._answer(client, b"".join(replies), asked if client is by else None)
            if session.closing:
                self.close_connections([client.connection])
            elif session.block is None and client is not by and (client.parser.has_more or client.words is not None):
                self._runnable.append(client)

    def _answer(self, client: _Client, data: bytes, words: Words | None) -> None:
        passes = data
        on_reply: Sequence[Callable[[bytes], bytes]] = ()
        if client.passing is not None:
            on_reply, client.passing.on_reply = client.passing.on_reply, []
        self._note_sent(client, words or (), data, answered=not on_reply)
        for act in on_reply:
            passes = act(passes)
        if passes:
            client.connection.to_client(passes)

    # Time

    def _wind_timer(self) -> None:
        due_ms = self.engine.next_deadline_ms() if self.is_listening else None
        if due_ms is None:
            return
        when = max(due_ms / 1000, self._hangs_until)
        if self._timer is None or self._timer.action is None or when < self._timer.when:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._clock.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self.is_listening:
            return
        if self._clock.now >= self._hangs_until:
            self._collect(self.process.tick(now_us=self._now_us(), timer_ms=self._clock.now * 1000 + 0.001))
            self._note_changes(None)
        self._run_all()

    def _now_us(self) -> int:
        return START_US + int(self._clock.now * 1_000_000) + self.clock_shift_us

    # What the history hears

    def _watch(self) -> None:
        self._witness = _Witness(self.engine)
        self.engine.effects = self._witness

    def _note_changes(self, connection: Connection | None) -> None:
        seen, self._witness.seen = self._witness.seen, []
        by, client = ("", 0) if connection is None else (connection.host.name, connection.number)
        for words in seen:
            self._note(Applied(self._clock.now * 1000, "server", tuple(words), by, client, self.number))

    def _note_sent(
        self, client: _Client, words: Sequence[bytes], reply: bytes | None, *, answered: bool = True
    ) -> None:
        host, number = client.connection.host.name, client.connection.number
        self._note(Sent(self._clock.now * 1000, host, number, client.action, tuple(words), reply, answered))

    def _drop_everybody(self) -> None:
        self.is_listening = False
        self._hangs_until = -math.inf
        self.refuses_with = None
        self._runnable.clear()
        for client in list(self._clients.values()):
            client.connection.reset()


def new_process(shape: Shape, rng: Random) -> ServerProcess:
    """The server that a plan wants."""
    configuration = {"save": ""}
    if shape.appendfsync:
        configuration |= {"appendonly": "yes", "appendfsync": shape.appendfsync}
    return ServerProcess(Profile.of(shape.profile), rng=rng, configuration=configuration)
