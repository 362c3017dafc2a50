"""One trial: some commands told to both servers, and what they had in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import define, field
from differential.grammar import Words, grammar
from differential.inventory import Item, inventory, options_of, seen
from differential.resp import Part
from differential.twin import ClockMoved, Difference, Step, Twin
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import Session

CONNECTIONS = 3
ITEMS = inventory()
OPTIONS = options_of(ITEMS)


@define
class Coverage:
    """What was seen on both sides: for each command, how often it was answered how."""

    commands: int = 0
    seen: Counter[tuple[str, str]] = field(factory=Counter)

    def note(self, answered: Sequence[tuple[Words, Part | None]]) -> None:
        """Count one command, and what it had answered."""
        self.commands += 1
        for words, reply in answered:
            if reply is None or reply.value != b"QUEUED":
                self.seen.update(seen(words, reply, OPTIONS))

    def holes(self, version: tuple[int, int]) -> list[Item]:
        """What a server of this version can show, and was not seen."""
        return [item for item in ITEMS if item.is_of(version) and not self.seen[item.command, item.what]]

    def unlisted(self, version: tuple[int, int]) -> Iterator[tuple[str, str]]:
        """Answers that were seen and stand nowhere in the inventory; an older version may overlook options."""
        listed = {(item.command, item.what) for item in ITEMS if item.is_of(version)}
        yield from sorted(pair for pair in set(self.seen) - listed if not pair[1].startswith("option "))


def try_commands(
    server: RedisServer,
    profile: str,
    protocol: int,
    plan: Sequence[tuple[int, Words]],
    coverage: Coverage,
    kind: str = "streams",
) -> list[Step]:
    """Tell both the same; returns what was done.

    Raises:
        Difference: they answered differently; with the commands that led there.
    """
    start = [(0, [word.encode() for word in words]) for words in grammar(kind).START]
    return play(server, profile, protocol, [*start, *plan], coverage)


def play(
    server: RedisServer, profile: str, protocol: int, plan: Sequence[tuple[int, Words]], coverage: Coverage
) -> list[Step]:
    """The same, from an empty server on.

    Raises:
        Difference: they answered differently; with the commands that led there.
    """
    twin = Twin(server, profile, protocol)
    try:
        twin.open(CONNECTIONS)
        for connection, words in plan:
            if twin.sessions[connection].block is None and not _is_beyond(profile, words, twin.sessions[connection]):
                twin.do(connection, words)
                coverage.note(twin.answered)
    except ClockMoved:
        pass  # What has been compared so far counts.
    except Difference as difference:
        difference.plan, difference.protocol = twin.told, protocol
        raise
    finally:
        twin.close()
    return twin.steps


def _is_beyond(profile: str, words: Words, session: Session) -> bool:
    """What Valkey, which stands for Redis 7.2, does in its own way: reads of the last entry, MULTI inside MULTI."""
    if profile != "7.2":
        return False
    names = {word.upper() for word in words}
    if session.transaction is not None and names & {b"MULTI", b"WATCH"}:
        return True
    return b"+" in words and bool(names & {b"XREAD", b"XREADGROUP"})
