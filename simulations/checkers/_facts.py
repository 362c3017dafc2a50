"""What became of streams and groups, fact by fact: the records of a history, understood.

Records say which commands changed a server's data. Facts say what that meant at that moment: whose an entry was when it
was acknowledged, whether its body was still there, what a watermark passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen


@frozen
class Entry:
    """An entry as its XADD made it. After a failover another one may have the same id.

    Attributes:
        event_id: of the event that it holds; "" where that is not known.
        added_at: the place of the record among all records.
        redriven: whether it was given back from the dead letters.
    """

    stream: str
    raw_id: bytes
    event_id: str
    event_type: str
    added_at: int
    redriven: bool = False


@frozen
class Fact:
    """Something became of an entry or a group.

    Attributes:
        at: the place of its record among all records.
        at_ms: virtual time.
        by: the host whose command did it; "" for the server, for faults, and for who meddles by hand.
        server: on which server.
    """

    at: int
    at_ms: float
    by: str
    server: int


@frozen
class Added(Fact):
    """An entry came into a stream."""

    entry: Entry


@frozen
class Buried(Fact):
    """A dead letter was written for an entry."""

    stream: str
    group: str
    raw_id: bytes


@frozen
class Held(Fact):
    """A consumer has an entry, from now on or again.

    Attributes:
        former: whose it was before; "" if nobody's, None where that is not known.
        how: ``delivered`` to it (by a read, a claim, or once more), ``renewed``, ``delayed`` by it after it had
            failed, or ``handed back`` by it.
        delay_ms: for how long it was delayed.
        entry: what the id stands for; None if that was never there, as far as we know.
    """

    stream: str
    group: str
    raw_id: bytes
    consumer: str
    former: str | None
    how: str
    entry: Entry | None
    delay_ms: float = 0.0


@frozen
class Acknowledged(Fact):
    """An entry was acknowledged.

    Attributes:
        owner: whose it was; None where that is not known, as after a failover.
        consumer: in whose name it was acknowledged, where the command says so.
        was_there: whether the entry's body was still in the stream.
    """

    stream: str
    group: str
    raw_id: bytes
    owner: str | None
    consumer: str | None
    was_pending: bool
    was_there: bool
    entry: Entry | None


@frozen
class Removed(Fact):
    """An entry went from its stream, and why: ``destroyed`` by a fault of the server, else the command that did it."""

    stream: str
    raw_id: bytes
    event_id: str
    why: str
    in_words: str


@frozen
class Began(Fact):
    """A group was created; it gets what comes after an id. `first`: in the whole history."""

    stream: str
    group: str
    after: bytes
    first: bool


@frozen
class Moved(Fact):
    """Somebody had a group go on after another id: what comes after it is delivered anew, what does not is settled.

    Attributes:
        kept: what was pending before that id, as far as that is sure: that stays, and is not settled.
    """

    stream: str
    group: str
    to: bytes
    kept: frozenset[bytes] = frozenset()


@frozen
class Marked(Fact):
    """A watermark was written.

    Attributes:
        former: the one before, in the same history of the stream; None where there is none.
        passed: unsettled entries at or below it, the first few.
    """

    stream: str
    group: str
    mark: bytes
    former: bytes | None
    passed: Sequence[Entry]


@frozen
class Left(Fact):
    """A process ended; `rows` are stream, group and id of what is pending under its names and was not handed back."""

    host: str
    incarnation: int
    how: str
    rows: Sequence[tuple[str, str, bytes]]


@frozen(eq=False)
class Chronicle:
    """All facts of a history in their order.

    Attributes:
        names: the consumer names that each host used.
        by_place: facts by the place of their record.
    """

    facts: Sequence[Fact]
    names: Mapping[str, frozenset[str]]
    by_place: Mapping[int, Sequence[Fact]] = field(factory=dict[int, "Sequence[Fact]"])
