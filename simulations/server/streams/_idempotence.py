"""Producers that repeat an XADD add once (since 8.6): IDMP, IDMPAUTO, XCFGSET, XIDMPRECORD.

A stream remembers for each producer the last ids that it gave to its messages, for so long and so many of them, with
the entries that they became.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

from attrs import define, field

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error
from .._reply import OK, Reply
from ..administration._configuration import Configuration
from ._ids import Id, parse_id
from ._stream import Fields, Stream

DURATION_MAX: Final = 86_400
SIZE_MAX: Final = 10_000


@define
class Idempotence:
    """What a stream remembers of its producers.

    Attributes:
        seconds: for how long it remembers a message.
        size_max: how many of each producer.
        producers: the entries by the producers' ids of messages, by producer, the oldest first.
        added: how many messages were ever remembered.
        duplicates: how many came again.
        looked_s: the second of the server in which it last looked for what is old.
        came_again: whether the message that came last was one that came again.
    """

    seconds: int
    size_max: int
    producers: dict[bytes, dict[bytes, Id]] = field(factory=dict)
    added: int = 0
    duplicates: int = 0
    looked_s: int = 0
    came_again: bool = False

    @classmethod
    def by_default(cls, configuration: Configuration) -> Idempotence:
        """As CONFIG says it."""
        return cls(configuration.number("stream-idmp-duration"), configuration.number("stream-idmp-maxsize"))

    def forget_old(self, now_ms: int, second: int) -> None:
        """Forget what was remembered for long enough, once a second, the oldest first up to one that is younger."""
        if second == self.looked_s:
            return
        self.looked_s = second
        oldest_ms = now_ms - 1000 * self.seconds
        for producer, known in list(self.producers.items()):
            while known and next(iter(known.values()))[0] <= oldest_ms:
                del known[next(iter(known))]
            if not known:
                del self.producers[producer]

    def remember(self, producer: bytes, message: bytes, entry_id: Id) -> None:
        """A message became an entry."""
        known = self.producers.setdefault(producer, {})
        known[message] = entry_id
        self.added += 1
        if len(known) > self.size_max:
            del known[next(iter(known))]

    def copy(self) -> Idempotence:
        """The same for a copy of the stream."""
        producers = {producer: dict(known) for producer, known in self.producers.items()}
        return Idempotence(self.seconds, self.size_max, producers, self.added, self.duplicates)


@define
class Message:
    """How a producer names what it adds."""

    producer: bytes
    name: bytes | None
    """None: by what is in it."""

    def named(self, fields: Fields) -> bytes:
        """Its name; that of the same fields in another order is the same."""
        if self.name is not None:
            return self.name
        pairs = sorted(zip(fields[::2], fields[1::2], strict=True))
        words = [word for pair in pairs for word in pair]
        return blake2b(b"".join(b"%d:%b" % (len(word), word) for word in words), digest_size=16).digest()


def parse_message(call: Call, option: bytes, position: int, before: Message | None) -> Message:
    """IDMP producer message, IDMPAUTO producer.

    Raises:
        CommandError: it is said twice, or something is empty.
    """
    if before is not None:
        raise CommandError("ERR syntax error, IDMP/IDMPAUTO specified multiple times")
    shown = option.decode()
    producer = call.words[position + 1]
    name = call.words[position + 2] if option == b"IDMP" else None
    if not producer:
        raise CommandError(f"ERR syntax error, {shown} requires a non-empty producer ID")
    if name is not None and not name:
        raise CommandError(f"ERR syntax error, {shown} requires a non-empty idempotent ID")
    return Message(producer, name)


def remembered(call: Call, stream: Stream, message: Message, fields: Fields) -> Id | None:
    """The entry that a message became before, if it is remembered."""
    state = _of(call, stream)
    known = state.producers.get(message.producer, {}).get(message.named(fields))
    state.came_again = known is not None
    if known is not None:
        state.duplicates += 1
        call.engine.dirty += 1
    return known


def remember(call: Call, stream: Stream, message: Message, fields: Fields, entry_id: Id) -> None:
    """A message became an entry."""
    _of(call, stream).came_again = False
    _of(call, stream).remember(message.producer, message.named(fields), entry_id)


def facts_of(call: Call, stream: Stream) -> Iterator[tuple[Reply, Reply]]:
    """What XINFO STREAM says."""
    state = _of(call, stream)
    yield b"idmp-duration", state.seconds
    yield b"idmp-maxsize", state.size_max
    yield b"pids-tracked", len(state.producers)
    yield b"iids-tracked", sum(map(len, state.producers.values()))
    yield b"iids-added", state.added
    yield b"iids-duplicates", state.duplicates


def _of(call: Call, stream: Stream) -> Idempotence:
    state = stream.idempotence
    if state is None:
        state = stream.idempotence = Idempotence.by_default(call.engine.configuration)
    state.forget_old(call.now_ms, (call.engine.now_us - call.engine.started_us) // 1_000_000)
    return state


def xcfgset(call: Call) -> Reply:
    """XCFGSET key [IDMP-DURATION seconds] [IDMP-MAXSIZE n]: a change forgets what was remembered."""
    words = call.words
    stream = _existing(call)
    if len(words) < 3:
        raise CommandError("ERR At least one parameter must be specified")
    given: dict[bytes, int] = {}
    for position in range(2, len(words), 2):
        option = words[position].upper()
        if option not in {b"IDMP-DURATION", b"IDMP-MAXSIZE"} or position + 1 >= len(words):
            raise syntax_error()
        if option in given:
            raise CommandError(b"ERR %b specified multiple times" % option)
        most, unit = (DURATION_MAX, b"seconds") if option == b"IDMP-DURATION" else (SIZE_MAX, b"entries")
        given[option] = integer(words[position + 1])
        if not 1 <= given[option] <= most:
            raise CommandError(b"ERR %b must be between 1 and %d %b" % (option, most, unit))
    state = _of(call, stream)
    before = (state.seconds, state.size_max)
    state.seconds = given.get(b"IDMP-DURATION", state.seconds)
    state.size_max = given.get(b"IDMP-MAXSIZE", state.size_max)
    if (state.seconds, state.size_max) != before:
        state.producers.clear()
    call.touch(words[1])
    return OK


def xidmprecord(call: Call) -> Reply:
    """XIDMPRECORD key producer message id: by which files and replicas remember what the primary does."""
    _, _, producer, name, word = call.words
    entry_id = parse_id(word)
    if not producer:
        raise CommandError("ERR producer ID must be non-empty")
    if not name:
        raise CommandError("ERR idempotent ID must be non-empty")
    stream = _existing(call)
    if stream.get(entry_id) is None:
        raise CommandError("ERR No such message in stream")
    state = _of(call, stream)
    known = state.producers.get(producer, {}).get(name)
    if known is None:
        state.remember(producer, name, entry_id)
        call.touch(call.words[1])
    elif known != entry_id:
        raise CommandError("ERR IID already exists for this producer with a different stream ID")
    return OK


def _existing(call: Call) -> Stream:
    stream = call.database.get_as(Stream, call.words[1])
    if stream is None:
        raise CommandError(NO_SUCH_KEY)
    return stream


_KEY: Final = (1, 1, 1)

IDEMPOTENCE_COMMANDS: Final[Sequence[Command]] = (
    Command("xcfgset", xcfgset, -2, "write fast", _KEY, since=(8, 6), group="stream"),
    Command("xidmprecord", xidmprecord, 5, "write denyoom fast", _KEY, since=(8, 6), group="stream"),
)
