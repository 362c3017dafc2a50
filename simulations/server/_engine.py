"""The server itself, without sockets, tasks or clocks: commands go in, replies and wake-ups come out.

::

    engine = Engine(Profile.of("7.0"), rng=Random(1))
    session = engine.connect("127.0.0.1:1")
    for woken in engine.execute(session, [b"XADD", b"s", b"*", b"a", b"b"], now_us=1_700_000_000_000_000):
        send(encode(woken.replies.pop(), woken.protocol))

Time is what the caller says it is. There are two clocks, as a fault may shift one of them: `now_us`, the wall clock
that ids and expiry are made of, and `timer_ms`, which only goes forward and ends the waits. Where no second one is
given the wall clock is both.

A command runs to its end, alone; then clients that waited for what it changed are served, in the order in which they
began to wait, before anything else happens. While a session has a `block`, whoever feeds the engine keeps its further
commands back.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Final

from ._command import Answer, Call, Command, CommandTable, Run
from ._errors import CommandError
from ._keyspace import Database
from ._profile import Profile
from ._refusals import flags_of_call, may_refuse, refusal
from ._reply import QUEUED, Failure, Push, Reply, Several
from ._session import Block, Session, Silence, Transaction, Words
from ._tables import ALL_COMMANDS
from ._waiting import Waiting
from ._watching import Watching
from .access._acl import Users
from .access._acl_log import AclLog
from .access._permissions import check_permitted
from .administration._configuration import Configuration
from .administration._debugging import Debugging
from .administration._eviction import Eviction
from .administration._memory import Ledger
from .administration._slowness import Slowness
from .administration._statistics import Statistics
from .clients._monitor import is_told_first, tell_monitors
from .clients._pause import Pause
from .clients._tracking import Tracking
from .persistence._effects import Effects
from .persistence._file_state import FileState
from .persistence._journal import Journal
from .pubsub._keyspace_events import keyspace_events
from .pubsub._pubsub import PubSub
from .replication._role import Role
from .scripting._functions import Functions
from .scripting._runner import Runner
from .scripting._scripts import Scripts
from .streams._read_options import KnownReads
from .types._limits import Limits

NEVER_QUEUED: Final = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})
"""Commands that run at once although MULTI was said."""


class Engine:
    """One Redis server.

    Args:
        profile: the version to behave like.
        rng: where everything random comes from: run ids, RANDOMKEY, …
        configuration: parameters that differ from their defaults.
    """

    tracking: Tracking | None = None
    """What clients cache, once one has said that it does."""
    running: Session | None = None
    """Whose command runs."""
    is_loading = False
    """Whether files are being loaded: most commands are refused, and nothing expires."""
    effects: Effects | None = None
    """What commands did, told to files and replicas, if there are any."""
    ledger: Ledger | None = None
    """What keys take, while there is a limit to that."""
    pause: Pause | None = None
    """CLIENT PAUSE, while it lasts."""
    process_id = 1
    expires_actively = True
    """Whether keys are removed when they expire, not only when somebody looks at them (DEBUG SET-ACTIVE-EXPIRE)."""
    ended = False
    """Whether SHUTDOWN was said."""
    _noting = False
    """Whether a command runs that is noted as a whole, with all that it has others do."""
    stall_ms = 0.0
    """For how long the server now does nothing at all (DEBUG SLEEP). Whoever feeds the engine sees to it, and sets it
    back."""

    def __init__(self, profile: Profile, *, rng: Random, configuration: Mapping[str, str] | None = None) -> None:
        self.profile = profile
        self.rng = rng
        self.configuration = Configuration(profile, configuration)
        self.table = _commands_of(profile)
        self.databases = [Database(index, self) for index in range(self.configuration.number("databases"))]
        self.sessions: dict[int, Session] = {}
        self.now_us = 0
        self.timer_ms = 0.0
        self.dirty = 0
        """Counts changes; whoever wants to know whether a command changed something compares."""
        self.commands_processed = 0
        self.statistics = Statistics()
        self.slowness = Slowness(self)
        self.debugging = Debugging()
        self.files = FileState()
        self.pubsub = PubSub(self)
        self.appliers: dict[str, Callable[[str], str | None]] = {}
        """Of parameters that mean something to whoever feeds the engine: try it, and say why it does not work."""
        self.users = Users(self.configuration["requirepass"])
        self.acl_log = AclLog()
        self.run_id = b"%040x" % rng.getrandbits(160)
        self.role = Role(self)
        self.started_us = 0
        self.saves, self.saved_ms, self.saved_dirty = 0, 0, 0
        """Of SAVE and BGSAVE: how often, when, and `dirty` at that moment."""
        self.monitors: dict[Session, None] = {}
        self.watching = Watching(self)
        self.eviction = Eviction(self)
        self.known_reads = KnownReads()
        self._next_session = itertools.count(1)
        self.waiting = Waiting()
        self._woken: dict[Session, None] = {}
        self.runner = Runner(self)
        self.scripts = Scripts(self.runner)
        self.functions = Functions(self.runner)
        self.journal: Journal | None = None
        """Where changes are noted, if anywhere."""
        self.settings_changed()

    @property
    def now_ms(self) -> int:
        """The wall clock, milliseconds since 1970."""
        return self.now_us // 1000

    # For whoever feeds it

    def connect(self, address: str, *, now_us: int | None = None) -> Session:
        """A new client."""
        self._set_clocks(now_us, None)
        session = Session(next(self._next_session), address, connected_ms=self.now_ms, active_ms=self.now_ms)
        if not self.users.default_is_open:
            session.user = None
        self.sessions[session.id] = session
        self.statistics.connections += 1
        return session

    def disconnect(self, session: Session) -> None:
        """A client has gone; what it waited for it does not get any more."""
        self.unblock(session)
        self.sessions.pop(session.id, None)
        self.monitors.pop(session, None)
        self.watching.forget(session)
        self.pubsub.forget(session)
        self._woken.pop(session, None)
        self.role.forget(session)
        if self.tracking is not None:
            self.tracking.stop(session)

    def execute(
        self, session: Session, words: Words, *, now_us: int, timer_ms: float | None = None
    ) -> Sequence[Session]:
        """Run one command, and serve the clients that it wakes.

        Args:
            session: whose command it is; not one that waits.
            words: the name and the arguments.
            now_us: the wall clock, microseconds since 1970.
            timer_ms: the timers' clock; None: the wall clock.

        Returns:
            The sessions that have `replies` to be sent, this one first if it has one.
        """
        if self.runner.is_busy:
            return self._execute_meanwhile(session, words)
        # As `_set_clocks` and `take_woken` do: of a small command two calls would be a twentieth.
        self.started_us = self.started_us or now_us
        self.now_us, self.timer_ms = now_us, now_us / 1000 if timer_ms is None else timer_ms
        self.commands_processed += 1
        session.active_ms = now_us // 1000
        tracking = self.tracking
        if tracking is not None:
            tracking.limit()
        self.running = session
        self._execute(session, words)
        if self.effects is not None:
            self.effects.end_unit(words[0].decode("latin-1").lower())
        self.running = None
        if self.stall_ms:
            self.now_us += int(self.stall_ms * 1000)  # what expired meanwhile is gone for those who wait
        if self.pubsub.pending:
            self._deliver_pending(session)
        if self.stall_ms:
            self._let_time_pass(self.stall_ms)
        if tracking is not None:
            self._tell_changes(session, tracking)
        elif self.waiting.ready:
            self.serve_ready()
        if self.effects is not None and self.effects.flush():
            session.written_offset = self.effects.offset
        woken, self._woken = self._woken, {}
        return list(woken)

    def _execute_meanwhile(self, session: Session, words: Words) -> Sequence[Session]:
        """A command while a script runs: time stands still, and nobody who waits is served before it is over."""
        self.commands_processed += 1
        outer, self.running = self.running, session
        self._execute(session, words)
        self.running = outer
        return self.take_woken()

    def _let_time_pass(self, ms: float) -> None:
        """DEBUG SLEEP was said: who is served by the same command is served after it."""
        self.now_us, self.timer_ms = self.now_us + int(ms * 1000), self.timer_ms + ms

    def _deliver_pending(self, session: Session) -> None:
        """Messages that a client was sent by its own command."""
        for message in self.pubsub.take_pending():
            self.deliver(session, message)

    def _tell_changes(self, session: Session, tracking: Tracking) -> None:
        """A command is over; clients that track keys are told of changes."""
        tracking.command_is_over(session)
        mode = tracking.modes.get(session)
        if mode is not None and session.transaction is None and not session.last_command.startswith("client|"):
            mode.caching = False
        self.serve_ready()
        tracking.broadcast()

    def _execute(self, session: Session, words: Words) -> None:
        if session.silence is not None and session.silence is Silence.WAITING:
            session.silence = None
        answer = self._answer(session, words)
        if type(answer) is Block:
            answer.words = words
            if session.silence is Silence.NOW and not answer.put_off:
                session.silence = Silence.WAITING
            self.waiting.begin(session, answer)
        elif session.silence is None:
            session.replies.append(answer)
            self._woken[session] = None
        else:
            if isinstance(answer, Several):
                self.deliver(session, answer)
            session.silence = session.silence.after_a_command()

    def tick(self, *, now_us: int, timer_ms: float | None = None) -> Sequence[Session]:
        """Let time pass: waits that are over end. Returns the sessions that have `replies` to be sent."""
        self._set_clocks(now_us, timer_ms)
        if not self.is_paused:
            self._remove_what_has_to_go()
        for session, block in self.waiting.take_due(self.timer_ms):
            if block.deadline_ms is None or block.deadline_ms > self.timer_ms:
                for key in block.look():
                    self.signal_ready(self.databases[block.database], key)
                self.waiting.look_again(session, block)
            else:
                self.unblock(session)
                if block.put_off:
                    self._execute(session, block.words)
                else:
                    self.deliver(session, block.timed_out())
        self.serve_ready()
        if self.tracking is not None:
            self.tracking.limit()
            self.tracking.broadcast()
        if self.effects is not None:
            self.effects.let_time_pass(self.timer_ms)
        return self.take_woken()

    def _remove_what_has_to_go(self) -> None:
        """Keys that have expired, and those for which there is no memory."""
        if self.expires_actively:
            began = self.slowness.stopwatch()
            for database in self.databases:
                database.remove_expired()
                database.remove_expired_fields()
            self.slowness.note_event("expire-cycle", (self.slowness.stopwatch() - began) // 1000)
        self.eviction.make_room()

    def next_deadline_ms(self) -> float | None:
        """When `tick` has something to do at the earliest, by the timers' clock."""
        return self.waiting.next_end_ms()

    def take_woken(self) -> Sequence[Session]:
        """The sessions with `replies` to be sent since the last time somebody asked."""
        woken, self._woken = self._woken, {}
        return list(woken)

    def close(self, session: Session) -> None:
        """End a client's connection, once it was sent what it is to be sent; whoever feeds the engine sees to it."""
        session.closing = True
        self.unblock(session)
        if session.aborted:
            self.pubsub.forget(session)
        self._woken[session] = None

    def note_saved(self) -> None:
        """SAVE or BGSAVE was said."""
        self.saves, self.saved_ms, self.saved_dirty = self.saves + 1, self.now_ms, self.dirty

    def forget_what_loading_did(self) -> None:
        """Loading is over; what it did was not done now."""
        self.statistics, self.slowness = Statistics(), self.slowness.anew()
        self.saved_dirty = self.dirty
        self.commands_processed = 0

    @contextlib.contextmanager
    def led(self) -> Iterator[Session]:
        """A session for what comes from the primary."""
        session = Session(0, "", is_primary=True)
        yield session
        self.unblock(session)

    def follow_command(
        self, session: Session, words: Words, *, now_us: int, timer_ms: float | None = None
    ) -> Sequence[Session]:
        """Do what the primary did. Returns the sessions that have `replies` to be sent."""
        self._set_clocks(now_us, timer_ms)
        self.run(session, words, nested=True)
        self.serve_ready()
        if self.effects is not None:
            self.effects.flush()
        return self.take_woken()

    def retry_waits_for_offsets(self) -> None:
        """Files or replicas have got further: WAIT and WAITAOF look again."""
        for session in list(self.sessions.values()):
            block = session.block
            if block is not None and block.name in {"wait", "waitaof"}:
                self._retry(session, block, b"")

    def applied(self, name: str, value: str) -> str | None:
        """Have a parameter that was set hold outside of the engine, too; returns why it cannot."""
        apply = self.appliers.get(name)
        return None if apply is None else apply(value)

    def settings_changed(self) -> None:
        """CONFIG SET or REPLICAOF was said."""
        self.may_refuse = may_refuse(self)
        self.slowness.settings_changed()
        self.eviction.settings_changed()
        self.limits = Limits.of(self.profile, self.configuration)
        self.events = keyspace_events(self)
        """Told of what happens to keys, if anybody is to hear of it."""

    def forget_connection_state(self, session: Session) -> None:
        """RESET: no transaction, nothing watched, no subscriptions, nothing tracked."""
        if self.tracking is not None:
            self.tracking.stop(session)
        session.transaction = None
        self.monitors.pop(session, None)
        self.watching.forget(session)
        self.pubsub.forget(session)

    # For commands

    def run(self, session: Session, words: Words, *, nested: bool) -> Answer:
        """Run one command for a session, without asking whether it may; an error comes back as the reply.

        EXEC and scripts run theirs like this, `nested`.
        """
        name = ""
        try:
            command, name = self.table.find(words)
            return self.run_command(session, command, name, words, nested=nested)
        except CommandError as error:
            return self._failed(error, name)

    def run_found(self, session: Session, command: Command, name: str, words: Words) -> Answer:
        """`run`, nested, of a command that was looked up already."""
        try:
            return self.run_command(session, command, name, words, nested=True)
        except CommandError as error:
            return self._failed(error, name)

    def run_command(self, session: Session, command: Command, name: str, words: Words, *, nested: bool) -> Answer:
        """The same for a command that was looked up already.

        Raises:
            CommandError: the reply is this error.
        """
        if command.run is None:
            raise AssertionError(f"{name} is a container: its subcommands run, not itself")
        session.last_command = name
        call = Call(self, session, words, nested=nested)
        if self.monitors and is_told_first(self.profile, name):
            tell_monitors(self, session, command, name, words)
        if self.events is not None:
            self.events.begin(command, name, words)
        began, stalled_ms = self.slowness.stopwatch(), self.stall_ms
        try:
            run = command.run
            plain = self.journal is None and self.effects is None
            answer = run(call) if plain else self._run_noted(run, name, call)
        except CommandError:
            self._count(session, name, words, began, stalled_ms)
            if self.monitors and not is_told_first(self.profile, name):
                tell_monitors(self, session, command, name, words)
            raise
        if type(answer) is Block:
            answer.name, answer.began, answer.words = name, began, words
            if not self.profile.since(7, 2):
                self.statistics.of(name).calls += 1
        else:
            self._count(session, name, words, began, stalled_ms)
        if self.tracking is not None:
            self.tracking.note_read(session, command, name, words)
        if self.monitors and not is_told_first(self.profile, name):
            tell_monitors(self, session, command, name, words)
        return answer

    def _count(self, session: Session, name: str, words: Words, began: int, stalled_ms: float, calls: int = 1) -> None:
        """Note that a command ran, and how long it took."""
        slowness, statistics = self.slowness, self.statistics
        took = (slowness.stopwatch() - began) // 1000
        if self.stall_ms != stalled_ms:
            took += int((self.stall_ms - stalled_ms) * 1000)
        count = statistics.by_command.get(name) or statistics.of(name)
        count.calls += calls
        session.commands += 1
        count.microseconds += took
        durations = count.durations
        durations[took] = durations.get(took, 0) + 1
        if took >= slowness.least_us:
            slowness.note_command(session, name, words, took)

    def _run_noted(self, run: Run, name: str, call: Call) -> Answer:
        """Note a command if it changed something: a script as a whole, of EXEC each command that it runs."""
        outer, before = self._noting, self.dirty
        whole = outer or name != "exec"
        self._noting = whole
        try:
            answer = run(call)
            if self.effects is not None and self.dirty != before and not isinstance(answer, Block):
                self.effects.note(call, name, answer)
            return answer
        finally:
            self._noting = outer
            if self.journal is not None and whole and not outer and self.dirty != before:
                words = self._known_anywhere(call.words)
                self.journal.note(call.database.index, words, self.now_us, self.commands_processed)

    def _known_anywhere(self, words: Words) -> Words:
        """A script by its source: whoever does this again may have seen nothing of one that changed nothing so far."""
        source = self.scripts.source(words[1].lower()) if words[0].upper() == b"EVALSHA" else None
        return words if source is None else [b"EVAL", source, *words[2:]]

    def deliver(self, session: Session, reply: Reply) -> None:
        """Have something sent to a client: a reply, or a message that it did not ask for."""
        if session.silence is not None and not self._is_heard(session, reply):
            return
        session.replies.append(reply)
        self._woken[session] = None

    def _is_heard(self, session: Session, reply: Reply) -> bool:
        """Whether CLIENT REPLY OFF does not concern a reply: since 6.2 those of pub/sub."""
        if isinstance(reply, Push | Several):
            return self.profile.since(6, 2) or (session.protocol == 3 and reply.items[0] == b"invalidate")
        return False

    def touch(self, database: Database, key: bytes, *, expired: bool = False) -> None:
        """A key was changed, or has expired: transactions that watch it fail."""
        self.dirty += not expired
        if self.tracking is not None:
            self.tracking.note_change(key, None if expired else self.running, self.running)
        if expired and self.effects is not None:
            self.effects.note_expired(database.index, key)
        if self.ledger is not None:
            self.ledger.note((database.index, key))
        if self.watching.watchers:
            self.watching.touch(database, key, expired=expired)

    def notify(self, event_class: str, event: str, database: Database, key: bytes) -> None:
        """Tell a keyspace event to those who subscribed to it."""
        if self.events is not None:
            self.events.tell(event_class, event, database.index, key)

    # Waiting

    def unblock(self, session: Session) -> None:
        """Have a session wait no more; it gets no reply by this."""
        self.waiting.end(session)

    def signal_ready(self, database: Database, key: bytes) -> None:
        """Something happened to a key that clients may wait for; they are served when the command is over."""
        self.waiting.signal((database.index, key))

    def serve_ready(self) -> None:
        """Let clients look again that wait for keys to which something happened, first come, first served."""
        for session, block, key in self.waiting.take_ready():
            self._retry(session, block, key)

    def _retry(self, session: Session, block: Block, key: bytes) -> None:
        before, began, stalled_ms = self.dirty, self.slowness.stopwatch(), self.stall_ms
        self.running = session
        try:
            replies: Sequence[Reply] | None = block.retry(key)
        except CommandError as error:
            replies = [self._failed(error, block.name)]
        self.running = None
        if self.journal is not None and self.dirty != before:
            self.journal.note(block.database, block.words, self.now_us, self.commands_processed)
        if self.effects is not None and self.dirty != before and replies:
            self.effects.note(Call(self, session, block.words, nested=False), block.name, replies[0])
            self.effects.end_unit()
        if replies:
            self.unblock(session)
            self._count(session, block.name, block.words, began, stalled_ms, int(self.profile.since(7, 2)))
            for reply in replies:
                self.deliver(session, reply)
            if self.tracking is not None:
                self.tracking.command_is_over(session)
        elif replies is not None and block.requeue:
            self.waiting.go_behind(session, block)

    # One command

    def _answer(self, session: Session, words: Words) -> Answer:
        transaction = session.transaction
        name = ""
        try:
            command, name = self.table.find(words)
            if (
                self.may_refuse
                or self.users.restricted
                or transaction is not None
                or session.user is None
                or session.is_subscribed
            ):
                self._check_allowed(session, command, name, words)
        except CommandError as refusal:
            if transaction is not None:
                transaction.broken = True
                if name == "exec" and self.profile.since(6, 0):
                    session.transaction = None
                    self.watching.forget(session)
                    if self.monitors:
                        tell_monitors(self, session, self.table.commands[name], name, words)
                    refusal = CommandError(b"EXECABORT Transaction discarded because of: " + refusal.text)
            self.statistics.note_error(refusal.text)
            found = self.table.look_up(words)
            if found is not None:
                self.statistics.of(name or found[1]).rejected += 1
            return Failure(refusal.text)
        if self.pause is not None and self._is_put_off(session, command, name, words):
            session.last_command = name
            return Block(session.database, (), self.pause.until_ms, list, None, put_off=True)
        if transaction is not None and name not in NEVER_QUEUED:
            transaction.queued.append(words)
            return QUEUED
        try:
            return self.run_command(session, command, name, words, nested=False)
        except CommandError as error:
            return self._failed(error, name)

    def _check_allowed(self, session: Session, command: Command, name: str, words: Words) -> None:
        """The reasons for which a server refuses a command before it runs.

        Raises:
            CommandError: it is refused.
        """
        if session.transaction is not None and "no_multi" in command.flags and self.profile.since(7, 0):
            raise CommandError("ERR Command not allowed inside a transaction")
        if session.user is None or self.users.restricted:
            check_permitted(self, session, command, name, words)
        if self.may_refuse or session.is_subscribed:
            refused = refusal(self, session, command, name, words)
            if refused is not None:
                raise CommandError(refused)

    def _failed(self, error: CommandError, name: str) -> Failure:
        if not error.is_counted:
            self.statistics.note_error(error.text)
        if name:
            self.statistics.of(name).failed += 1
        return Failure(error.text)

    def _is_put_off(self, session: Session, command: Command, name: str, words: Words) -> bool:
        """Whether CLIENT PAUSE is in force for a command."""
        if self.pause is None or self.pause.until_ms <= self.timer_ms:
            self.pause = None
            return False
        if name == "exec" and session.transaction is not None and self.pause.writes_only:
            queued = [(self.table.find(each), each) for each in session.transaction.queued]
            return any(self.pause.puts_off(flags_of_call(self, *found, each)) for found, each in queued)
        return self.pause.puts_off(flags_of_call(self, command, name, words))

    @property
    def is_paused(self) -> bool:
        """Whether CLIENT PAUSE is in force, so that nothing changes by itself."""
        return self.pause is not None and self.pause.until_ms > self.timer_ms

    def end_pause(self) -> None:
        """CLIENT UNPAUSE: what was put off runs now."""
        self.pause = None
        for session in list(self.sessions.values()):
            block = session.block
            if block is not None and block.put_off:
                self.unblock(session)
                self._execute(session, block.words)

    def _set_clocks(self, now_us: int | None, timer_ms: float | None) -> None:
        if now_us is not None:
            self.started_us = self.started_us or now_us
            self.now_us = now_us
            self.timer_ms = now_us / 1000 if timer_ms is None else timer_ms


@cache
def _commands_of(profile: Profile) -> CommandTable:
    """Of a version. All engines of a process share it: nobody changes it, and making it takes longer than a command."""
    return CommandTable(ALL_COMMANDS, profile)


def begin_transaction(session: Session) -> None:
    """MULTI was said."""
    session.transaction = Transaction()
