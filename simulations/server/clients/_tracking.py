"""Client-side caching: who is told that a key has changed.

A client that tracks is told of a change of any key that it has read since it was last told of it; one that broadcasts
is told of all changes of keys that begin as it says. A client hears of its own changes behind the reply to the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from .._command import Command
from .._keys import keys_of
from .._reply import Push, Reply
from .._session import Session, Words

if TYPE_CHECKING:
    from .._engine import Engine

CHANNEL: Final = b"__redis__:invalidate"
EFFORT: Final = 100
"""So many keys at a time are forgotten when there are too many."""
_SCRIPTS: Final = frozenset({"eval_ro", "evalsha_ro", "fcall_ro"})


@define(eq=False)
class TrackingMode:
    """What a client said with CLIENT TRACKING ON.

    Attributes:
        redirect: the id of the client that is told instead, 0 for itself.
        broadcasts, opts_in, opts_out, no_loop: options.
        caching: whether CLIENT CACHING was said for the next command.
        is_broken: whether the client that should be told has gone.
    """

    redirect: int = 0
    broadcasts: bool = False
    opts_in: bool = False
    opts_out: bool = False
    no_loop: bool = False
    caching: bool = False
    is_broken: bool = False
    prefixes: list[bytes] = field(factory=list)

    def flags(self) -> list[bytes]:
        """As CLIENT TRACKINGINFO tells them."""
        told = {
            b"bcast": self.broadcasts,
            b"optin": self.opts_in,
            b"caching-yes": self.opts_in and self.caching,
            b"optout": self.opts_out,
            b"caching-no": self.opts_out and self.caching,
            b"noloop": self.no_loop,
            b"broken_redirect": self.is_broken,
        }
        return [b"on", *(flag for flag, holds in told.items() if holds)]


@define
class Prefix:
    """Who broadcasts for a prefix, and which keys changed since they were told, by whom."""

    sessions: dict[Session, None] = field(factory=dict)
    keys: dict[bytes, Session | None] = field(factory=dict)


class Tracking:
    """All that is tracked in one engine.

    Attributes:
        modes: of each client that tracks.
        readers: of each key, the ids of those that have read it.
        prefixes: what is broadcast.
    """

    def __init__(self, engine: Engine) -> None:
        self.modes: dict[Session, TrackingMode] = {}
        self.readers: dict[bytes, dict[int, None]] = {}
        self.prefixes: dict[bytes, Prefix] = {}
        self._engine = engine
        self._pending: list[bytes | None] = []
        """Of which the client whose command runs is told when it is over; None: of everything."""
        self._is_flushed = False
        self._times_in_vain = 0

    def start(self, session: Session, mode: TrackingMode) -> None:
        """CLIENT TRACKING ON."""
        self.modes[session] = mode
        for text in mode.prefixes:
            self.prefixes.setdefault(text, Prefix()).sessions[session] = None

    def stop(self, session: Session) -> None:
        """CLIENT TRACKING OFF, or the client has gone."""
        mode = self.modes.pop(session, None)
        for text in mode.prefixes if mode is not None else ():
            prefix = self.prefixes[text]
            prefix.sessions.pop(session, None)
            if not prefix.sessions:
                del self.prefixes[text]

    def note_read(self, session: Session, command: Command, name: str, words: Words) -> None:
        """A command has run for a client; if it read keys, their changes concern it from now on."""
        mode = self.modes.get(session)
        if mode is None or mode.broadcasts or "readonly" not in command.flags or name in _SCRIPTS:
            return
        if (mode.opts_in and not mode.caching) or (mode.opts_out and mode.caching) or "pubsub" in command.flags:
            return
        running = self._engine.runner.running
        if running is not None and not self._engine.profile.since(7, 2):
            # A script that reads anything has read all keys that it was named.
            words = running.words
            command, name = self._engine.table.find(words)
        for key in keys_of(command, words, name):
            self.readers.setdefault(key, {})[session.id] = None

    def note_change(self, key: bytes, by: Session | None, running: Session | None) -> None:
        """A key has changed.

        Args:
            key: which one.
            by: whose command did it; None: it expired.
            running: whose command runs.
        """
        for text, prefix in self.prefixes.items():
            if key.startswith(text):
                prefix.keys[key] = by
        for reader in self.readers.pop(key, ()):
            session = self._engine.sessions.get(reader)
            mode = self.modes.get(session) if session is not None else None
            if session is None or mode is None or mode.broadcasts or (mode.no_loop and session is running):
                continue
            if session is running and self._engine.profile.since(6, 2):
                self._pending.append(key)
            else:
                self._tell(session, mode, [key])

    def note_flush(self, running: Session | None) -> None:
        """All keys of a database have gone; everybody is told to forget everything, by one command once."""
        self.readers.clear()
        if self._is_flushed:
            return
        self._is_flushed = running is not None
        for session, mode in self.modes.items():
            if session is running and self._engine.profile.since(6, 2):
                self._pending.append(None)
            else:
                self._tell(session, mode, None)

    def command_is_over(self, running: Session) -> None:
        """Tell the client whose command it was of its own changes."""
        pending, self._pending, self._is_flushed = self._pending, [], False
        mode = self.modes.get(running)
        if mode is not None:
            for key in pending:
                self._tell(running, mode, None if key is None else [key])

    def broadcast(self) -> None:
        """Tell of the changes to those that broadcast."""
        for prefix in self.prefixes.values():
            if not prefix.keys:
                continue
            keys, prefix.keys = prefix.keys, {}
            for session in prefix.sessions:
                mode = self.modes[session]
                told: list[Reply] = [key for key in sorted(keys) if not (mode.no_loop and keys[key] is session)]
                if told:
                    self._tell(session, mode, told)

    def limit(self) -> None:
        """Forget keys that are too many; their readers are told as if they had changed."""
        most = self._engine.configuration.number("tracking-table-max-keys")
        if not most or len(self.readers) <= most:
            self._times_in_vain = 0
            return
        for _ in range(EFFORT * (self._times_in_vain + 1)):
            if len(self.readers) <= most:
                self._times_in_vain = 0
                return
            keys = list(self.readers) if len(self.readers) < EFFORT else list(self.readers)[:EFFORT]
            prefixes, self.prefixes = self.prefixes, {}
            self.note_change(self._engine.rng.choice(keys), None, None)
            self.prefixes = prefixes
        self._times_in_vain += 1

    def _tell(self, session: Session, mode: TrackingMode, keys: list[Reply] | None) -> None:
        told = session
        if mode.redirect:
            other = self._engine.sessions.get(mode.redirect)
            if other is None or other.closing:
                mode.is_broken = True
                if session.protocol == 3:
                    self._engine.deliver(session, Push([b"tracking-redir-broken", mode.redirect]))
                return
            told = other
        if told.protocol == 3:
            self._engine.deliver(told, Push([b"invalidate", keys]))
        elif told is not session and told.is_subscribed:
            self._engine.deliver(told, Push([b"message", CHANNEL, keys]))
