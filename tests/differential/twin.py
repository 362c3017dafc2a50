"""A real server and a simulated one that are told the same, and have to answer the same.

The simulated one takes its clock from the real one: the ids that ``XADD *`` got there, else TIME. What still differs by
some milliseconds, idle times and the like, is blanked at the places where each command has it.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from attrs import define, field
from differential.resp import Part, command, parse
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import Engine, Profile, Session, encode

Words = list[bytes]

SECONDS_MAX = 10.0
BLANK = b"<ms>"
NODE_LIMITS = {"stream-node-max-entries": "100", "stream-node-max-bytes": "4096"}
FIELD_TIMES = frozenset(b"HTTL HPTTL HEXPIRETIME HPEXPIRETIME".split())
RANDOM_PART = b"<random>"
UNORDERED = frozenset(b"SMEMBERS SINTER SUNION SDIFF SSCAN SPOP HGETALL HKEYS HVALS HSCAN ZSCAN KEYS SCAN".split())
"""What is told in the order of a hash table, at least in some versions."""
RANDOM = frozenset(b"SRANDMEMBER HRANDFIELD ZRANDMEMBER RANDOMKEY".split())
CLOCK_ID = re.compile(rb"(\d{13})-\d+")


class Difference(AssertionError):
    """The two did not answer alike.

    Attributes:
        plan: the commands that led there, each with its connection.
        protocol: of RESP.
    """

    plan: Sequence[tuple[int, Words]] = ()
    protocol = 2


class ClockMoved(Exception):
    """The clock of the real server went on within a transaction, as it may in 5.0; nobody can do that alike."""


class Wire:
    """A connection to the real server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""

    def send(self, words: Words) -> None:
        self._socket.sendall(command(words))

    def receive(self) -> Part:
        """The next reply; waits for it."""
        while (found := parse(self._data) if self._data else None) is None:
            more = self._socket.recv(65536)
            if not more:
                raise Difference("the real server closed the connection")
            self._data += more
        part, end = found
        self._data = self._data[end:]
        return part

    def receive_ready(self) -> list[Part]:
        """The replies that are there already."""
        self._socket.setblocking(False)  # noqa: FBT003 - socket's own
        try:
            while more := self._socket.recv(65536):
                self._data += more
        except BlockingIOError:
            pass
        finally:
            self._socket.settimeout(SECONDS_MAX)
        parts: list[Part] = []
        while self._data and (found := parse(self._data)) is not None:
            parts.append(found[0])
            self._data = self._data[found[1] :]
        return parts

    def call(self, *words: str) -> Part:
        self.send([word.encode() for word in words])
        return self.receive()

    def close(self) -> None:
        self._socket.close()


class Step(NamedTuple):
    """A command, when it came, and what all connections got by it."""

    connection: int
    words: Words
    now_us: int
    replies: list[list[Part]]


@define
class Twin:
    """The two servers, and the same connections to both."""

    server: RedisServer
    profile: str
    protocol: int = 2
    wires: list[Wire] = field(factory=list)
    sessions: list[Session] = field(factory=list)
    told: list[tuple[int, Words]] = field(factory=list)
    queued: dict[int, list[Words]] = field(factory=dict)
    """What stands behind MULTI, by connection."""
    waiting: dict[int, Words] = field(factory=dict)
    """The commands that wait, by connection."""
    answered: list[tuple[Words, Part | None]] = field(factory=list)
    """What the last command had answered, its own parts and commands that it woke; None: it waits."""
    steps: list[Step] = field(factory=list)
    """All that was done, to be written down."""
    control: Wire = field(init=False)
    engine: Engine = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.control = Wire(self.server.port)
        self.control.call("FLUSHALL")
        self.control.call("SCRIPT", "FLUSH")
        for name, value in NODE_LIMITS.items():
            self.control.call("CONFIG", "SET", name, value)
        self.engine = Engine(Profile.of(self.profile), rng=Random(0))

    def open(self, connections: int) -> None:
        """So many connections on either side."""
        for number in range(connections):
            self.wires.append(Wire(self.server.port))
            self.sessions.append(self.engine.connect(f"127.0.0.1:{number}", now_us=self._now_us()))
            if self.protocol == 3:
                self.wires[-1].call("HELLO", "3")
                self.sessions[-1].protocol = 3

    def close(self) -> None:
        """End all connections."""
        for wire in (*self.wires, self.control):
            wire.close()

    def do(self, connection: int, words: Words) -> list[Part]:
        """One command on one connection, and what all connections get by it.

        Raises:
            Difference: the two differ.
        ClockMoved: this cannot be compared, nor what comes after it.
        """
        if self.sessions[connection].block is not None:
            return []  # It waits for an earlier command.
        self.told.append((connection, words))
        now_us = self._now_us()
        self.wires[connection].send(words)
        real = self._collect(connection, words)
        inner = inner_of(self.queued, connection, words, real[connection])
        clocks = {_clock_of(each, reply) or 0 for each, reply in inner} - {0}
        if len(clocks) > 1:
            raise ClockMoved
        now_us = max([now_us, *clocks])
        self.steps.append(Step(connection, words, now_us, real))
        self.engine.execute(self.sessions[connection], words, now_us=now_us)
        simulated = [taken(session) for session in self.sessions]
        for number, (theirs, ours) in enumerate(zip(real, simulated, strict=True)):
            said = (connection, words) if number == connection else (number, self.waiting.get(number, words))
            self._compare(*said, theirs, ours, inner if number == connection else [])
        self._note_answered(connection, words, real, inner)
        return real[connection]

    def _note_answered(
        self, connection: int, words: Words, real: list[list[Part]], inner: list[tuple[Words, Part]]
    ) -> None:
        self.answered = [*inner] if real[connection] else [(words, None)]
        for number, replies in enumerate(real):
            if number != connection and replies and number in self.waiting:
                self.answered.append((self.waiting.pop(number), replies[0]))
        if not real[connection]:
            self.waiting[connection] = words

    def _collect(self, connection: int, words: Words) -> list[list[Part]]:
        """The replies on all connections once the real server is through with a command."""
        replies: list[list[Part]] = [[] for _ in self.wires]
        end = time.monotonic() + SECONDS_MAX
        may_block = _may_block(words)
        while not replies[connection]:
            blocks = may_block and self._one_more_blocks()
            replies[connection] += self.wires[connection].receive_ready()
            if blocks:
                break
            if time.monotonic() > end:
                raise Difference(f"no answer from the real server to {shown(words)}")
        self.control.call("PING")  # What was woken by the command has been answered before this.
        for number, wire in enumerate(self.wires):
            replies[number] += wire.receive_ready()
        return replies

    def _one_more_blocks(self) -> bool:
        waiting = sum(session.block is not None for session in self.sessions)
        info = self.control.call("INFO", "clients").value
        assert isinstance(info, bytes)
        blocked = re.search(rb"blocked_clients:(\d+)", info)
        return blocked is not None and int(blocked[1]) > waiting

    def _compare(
        self,
        connection: int,
        words: Words,
        theirs: Sequence[Part],
        ours: Sequence[Part],
        inner: Sequence[tuple[Words, Part]],
    ) -> None:
        blanked = [without_times(words, parts, [each for each, _ in inner]) for parts in (theirs, ours)]
        if blanked[0] != blanked[1]:
            said = "\n".join(
                [
                    f"after {len(self.told)} commands, on connection {connection}, {self.profile}:",
                    *(f"{number}> {shown(each)}" for number, each in self.told[-30:]),
                    "real:      " + " ".join(part.shown() for part in theirs),
                    "simulated: " + " ".join(part.shown() for part in ours),
                ]
            )
            raise Difference(said)

    def _now_us(self) -> int:
        seconds, micros = self.control.call("TIME").value or []
        assert isinstance(seconds, Part)
        assert isinstance(micros, Part)
        assert isinstance(seconds.value, bytes)
        assert isinstance(micros.value, bytes)
        return int(seconds.value) * 1_000_000 + int(micros.value)


def inner_of(
    queued: dict[int, list[Words]], connection: int, words: Words, replies: Sequence[Part]
) -> list[tuple[Words, Part]]:
    """The commands that were answered, with their replies: all that EXEC ran, the one in a script, or itself.

    Args:
        queued: what stands behind MULTI on each connection; kept by this.
        connection: whose command it was.
        words: the command.
        replies: what came on that connection.
    """
    name, reply = words[0].upper(), replies[0] if replies else None
    if name == b"MULTI":
        queued.setdefault(connection, [])
    elif reply is not None and reply.value == b"QUEUED":
        queued[connection].append(words)
    elif name in (b"EXEC", b"DISCARD"):
        ran = queued.pop(connection, [])
        if reply is not None and isinstance(reply.value, list):
            return [(_without_script(each), part) for each, part in zip(ran, reply.value, strict=True)]
    return [] if reply is None else [(_without_script(words), reply)]


def taken(session: Session) -> list[Part]:
    """What the simulated server has for a client."""
    replies, session.replies = session.replies, []
    found = [parse(encode(reply, session.protocol)) for reply in replies]
    return [each[0] for each in found if each is not None]


def without_times(words: Words, parts: Sequence[Part], inner: Sequence[Words]) -> list[Part]:
    """Replies without the times that no two servers have alike.

    Args:
        words: what was said.
        parts: what was answered.
        inner: where it was EXEC, the commands that it ran.
    """
    if words[0].upper() == b"EXEC" and len(parts) == 1 and isinstance(parts[0].value, list) and inner:
        pairs = zip(inner, parts[0].value, strict=True)
        return [blank(each[0].upper(), each, part) for each, part in pairs]
    plain = _without_script(words)
    return [blank(plain[0].upper(), plain, part) for part in parts]


def _without_script(words: Words) -> Words:
    """The command that a script of the grammar runs."""
    return words[3:] if words[0].upper() == b"EVAL" and len(words) > 3 else words


def blank(name: bytes, words: Words, part: Part) -> Part:
    """A reply without the times that no two servers have alike."""
    if part.sign == "-" and isinstance(part.value, bytes):
        return Part("-", part.value.replace(b"Redis command", b"command"))  # Valkey does not say whose
    if part.value is None:
        return part
    if name in (b"XREADGROUP", b"XPENDING", b"XINFO"):
        return _blank_of_streams(name, words, part)
    if name in UNORDERED:
        return _sorted(part)
    return _any(part) if name in RANDOM else _blank_left(name, part)


def _blank_of_streams(name: bytes, words: Words, part: Part) -> Part:
    if name == b"XREADGROUP":
        return _blank_idle(part)
    if name == b"XINFO":
        return _blank_after(part, (b"idle", b"inactive", b"seen-time", b"active-time"), deep=True)
    return _map(part, lambda row: _blank_at(row, 2)) if len(words) > 3 else part


def _blank_idle(part: Part) -> Part:
    """Since 8.4 a read with CLAIM says of each entry how long ago it was delivered, 0 if it never was."""
    if not isinstance(part.value, list):
        return part
    if len(part.value) == 4 and part.value[2].sign == ":":
        return part if part.value[3].value == b"0" else _blank_at(part, 2)
    return _map(part, _blank_idle)


def _blank_left(name: bytes, part: Part) -> Part:
    """A reply without how long something has still to live."""
    if name in FIELD_TIMES and isinstance(part.value, list):
        return _map(part, lambda item: item if item.value in (b"-2", b"-1", b"0", b"1") else Part(":", BLANK))
    if name in (b"PTTL", b"TTL", b"OBJECT") and part.sign == ":" and part.value not in (b"-1", b"-2"):
        return Part(":", BLANK)
    return part


def _any(part: Part) -> Part:
    """As many members, whichever they are."""
    if isinstance(part.value, list):
        return Part(part.sign, [_any(item) for item in part.value])
    return Part(part.sign, RANDOM_PART)


def _sorted(part: Part) -> Part:
    """An array without its order, and those in it; of a hash names and values each for themselves."""
    if not isinstance(part.value, list):
        return part
    return Part(part.sign, sorted((_sorted(item) for item in part.value), key=lambda item: (item.sign, item.shown())))


def _map(part: Part, change: object) -> Part:
    assert callable(change)
    return Part(part.sign, [change(item) for item in part.value]) if isinstance(part.value, list) else part


def _blank_at(row: Part, place: int) -> Part:
    if not isinstance(row.value, list) or len(row.value) <= place:
        return row
    return Part(row.sign, [Part(":", BLANK) if at == place else item for at, item in enumerate(row.value)])


def _blank_after(part: Part, names: Sequence[bytes], *, deep: bool) -> Part:
    """Blank numbers that follow these names; in XINFO FULL also the delivery times in rows of pending lists."""
    if not isinstance(part.value, list):
        return part
    items: list[Part] = []
    for at, item in enumerate(part.value):
        before = part.value[at - 1].value if at else None
        if before in names and item.sign == ":" and item.value != b"-1":
            items.append(Part(":", BLANK))
        elif before == b"pending" and isinstance(item.value, list):
            items.append(_map(item, _blank_times))
        else:
            items.append(_blank_after(item, names, deep=deep))
    return Part(part.sign, items)


def _blank_times(row: Part) -> Part:
    if not isinstance(row.value, list):
        return row
    return Part(row.sign, [Part(":", BLANK) if len(item.value or b"") == 13 else item for item in row.value])


def _clock_of(words: Words, reply: Part) -> int | None:
    """The clock of the real server as the id shows it that an XADD got."""
    if words[0].upper() != b"XADD" or not isinstance(reply.value, bytes):
        return None
    found = CLOCK_ID.fullmatch(reply.value)
    return int(found[1]) * 1000 if found is not None else None


def _may_block(words: Words) -> bool:
    name = words[0].upper()
    return (name in (b"XREAD", b"XREADGROUP") and any(word.upper() == b"BLOCK" for word in words)) or name in (
        b"BLPOP",
        b"BRPOP",
        b"BLMOVE",
        b"BZPOPMIN",
        b"BZPOPMAX",
        b"BRPOPLPUSH",
        b"BLMPOP",
        b"BZMPOP",
    )


def shown(words: Words) -> str:
    """A command as a person reads it."""
    return " ".join(word.decode("utf-8", "backslashreplace") or "''" for word in words)
