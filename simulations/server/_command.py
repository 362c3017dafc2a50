"""What a command is, and what it gets to see when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from ._errors import NOT_AN_INTEGER, CommandError, wrong_arity
from ._facts import facts
from ._keyspace import Database
from ._profile import Profile
from ._reply import Reply
from ._session import Block, Session, Words

if TYPE_CHECKING:
    from ._engine import Engine

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1


class Call:
    """One command that runs.

    Attributes:
        engine, session: where, and for whom.
        words: the command as it came, its name first.
        profile: the version to behave like.
        database: the one that the session selected.
        nested: whether it runs inside EXEC or a script, where nothing may wait: then what would block answers at once.
    """

    __slots__ = ("database", "engine", "nested", "profile", "session", "words")

    def __init__(self, engine: Engine, session: Session, words: Words, *, nested: bool) -> None:
        self.engine = engine
        self.session = session
        self.words = words
        self.database: Database = engine.databases[session.database]
        self.profile: Profile = engine.profile
        self.nested = nested

    @property
    def now_ms(self) -> int:
        """The server's wall clock, milliseconds since 1970."""
        return self.engine.now_us // 1000

    def touch(self, key: bytes) -> None:
        """Say that the value of a key was changed in place."""
        self.engine.touch(self.database, key)

    def signal_ready(self, key: bytes) -> None:
        """Say that clients who wait for this key should look again; `Database.put` and `delete` say so themselves."""
        self.engine.signal_ready(self.database, key)

    def notify(self, event_class: str, event: str, key: bytes) -> None:
        """Tell a keyspace event: its class as in notify-keyspace-events ("t" for streams), and its name ("xadd")."""
        events = self.engine.events
        if events is not None:
            events.tell(event_class, event, self.database.index, key)


Answer = Reply | Block
"""What a command comes to. A `Block` only where the call is not nested."""

Run = Callable[[Call], Answer]


def _words(flags: str) -> frozenset[str]:
    return frozenset(flags.split())


@frozen
class Command:
    """A command, or a subcommand of one.

    Attributes:
        name: in lower case, as in "xadd"; of a subcommand its own word only, as in "create".
        run: what it does; raises `CommandError` to answer with an error. A container of subcommands has none.
        arity: the number of words, the name included (of a subcommand both names); negative: at least so many.
        flags: Redis' own, separated by blanks: "write denyoom fast", "readonly", "noscript", "loading stale", …
        keys: the first word that is a key, the last (negative: from the end), and the step; (0, 0, 0) where none is.
        since: the first version that has it.
        group: as COMMAND DOCS says it: "stream", "connection", …
        subcommands: those of a container.
        until: the first version that has it no more.
    """

    name: str
    run: Run | None
    arity: int
    flags: frozenset[str] = field(default="", converter=_words)
    keys: tuple[int, int, int] = (0, 0, 0)
    since: tuple[int, int] = (1, 0)
    group: str = "generic"
    subcommands: Sequence[Command] = ()
    until: tuple[int, int] | None = None

    def is_in(self, profile: Profile) -> bool:
        """Whether a version has it."""
        return profile.since(*self.since) and (self.until is None or not profile.since(*self.until))

    def takes(self, words: int) -> bool:
        """Whether it takes so many words."""
        return words == self.arity if self.arity > 0 else words >= -self.arity


class CommandTable:
    """The commands of one version, by name; where a name is listed twice, the later one that the version has counts."""

    def __init__(self, commands: Sequence[Command], profile: Profile) -> None:
        self._profile = profile
        known = [_as_told(command, profile) for command in commands if command.is_in(profile)]
        self.commands: Mapping[str, Command] = {command.name: command for command in known}
        self._subcommands: Mapping[str, Mapping[str, Command]] = {
            command.name: {sub.name: sub for sub in command.subcommands if profile.version >= (*sub.since, 0)}
            for command in self.commands.values()
            if command.subcommands
        }
        # As it is spelled most often, so that the usual look-up needs no decoding.
        self._by_word: dict[bytes, Command] = {}
        for command in self.commands.values():
            if not command.subcommands:
                self._by_word[command.name.encode()] = command
                self._by_word[command.name.upper().encode()] = command

    def find(self, words: Words) -> tuple[Command, str]:
        """The command that these words call, and its full name, as in "xgroup|create".

        Raises:
            CommandError: there is none of this name, or it does not take so many words.
        """
        command = self._by_word.get(words[0])
        if command is not None:
            arity = command.arity
            if arity == len(words) or 0 < -arity <= len(words):
                return command, command.name
        else:
            command = self.commands.get(words[0].decode("latin-1").lower())
            if command is None:
                raise self._unknown(words)
        if command.subcommands and (len(words) > 1 or command.run is None):
            return self._find_subcommand(command, words)
        if not command.takes(len(words)):
            raise wrong_arity(command.name)
        return command, command.name

    def look_up(self, words: Words) -> tuple[Command, str] | None:
        """The command of this name with its full name, whatever the number of words."""
        command = self.commands.get(words[0].decode("latin-1").lower())
        if command is None or not command.subcommands or len(words) < 2:
            return None if command is None else (command, command.name)
        found = self._subcommands[command.name].get(words[1].decode("latin-1").lower())
        if found is None:
            return (command, command.name) if not self._profile.since(7, 0) else None
        return found, f"{command.name}|{found.name}"

    def _find_subcommand(self, container: Command, words: Words) -> tuple[Command, str]:
        if len(words) < 2:
            raise wrong_arity(container.name)
        shown = _shown(words[1]).decode("utf-8", "surrogateescape")
        found = self._subcommands[container.name].get(words[1].decode("latin-1").lower())
        helped = f"Try {container.name.upper()} HELP" + (
            "" if container.name in {"client", "memory"} and not self._profile.since(6, 2) else "."
        )
        if not self._profile.since(7, 0):
            if found is None or not found.takes(len(words)):
                raise CommandError(f"ERR Unknown subcommand or wrong number of arguments for '{shown}'. {helped}")
            return found, f"{container.name}|{found.name}"
        if found is None:
            raise CommandError(f"ERR unknown subcommand '{shown}'. {helped}")
        full = f"{container.name}|{found.name}"
        if not found.takes(len(words)):
            raise wrong_arity(full)
        return found, full

    def _unknown(self, words: Words) -> CommandError:
        name, *args = words
        if not args and self._profile.since(8, 6):
            return CommandError(b"ERR unknown command '%b'" % _shown(name))
        quote, end = (b"'", b"' ") if self._profile.since(7, 0) else (b"`", b"`, ")
        shown = b""
        for word in args:
            if len(shown) >= 128:
                break
            shown += quote + _shown(word)[: 128 - len(shown)] + end
        return CommandError(
            b"ERR unknown command " + quote + _shown(name) + quote + b", with args beginning with: " + shown
        )


def _as_told(command: Command, profile: Profile) -> Command:
    """A command with the number of words that it takes in this version."""
    told = facts(profile).get(command.name)
    if told is None or command.subcommands or told.arity == command.arity:
        return command
    return evolve(command, flags=" ".join(command.flags), arity=told.arity)


def _shown(word: bytes) -> bytes:
    """A word as errors show it: its first 128 bytes, up to a zero byte, by which a C string ends."""
    return word.split(b"\0", 1)[0][:128]


def integer(word: bytes, error: str = NOT_AN_INTEGER, *, least: int = INTEGER_MIN, most: int = INTEGER_MAX) -> int:
    """A whole number as Redis reads it: no sign but a minus, no blanks, no leading zeros.

    Args:
        word: the digits.
        error: the reply if it is none, or not within the bounds.
        least: the lower bound.
        most: the upper bound.

    Raises:
        CommandError: with that reply.
    """
    digits = word[1:] if word[:1] == b"-" else word
    if not digits.isdigit() or len(digits) > 20 or (digits[0] == 48 and len(word) > 1):
        raise CommandError(error)
    number = int(word)
    if not least <= number <= most:
        raise CommandError(error)
    return number
