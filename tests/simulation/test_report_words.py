"""Records, replies and plans in words."""

import pytest
from redis_streams.simulations import history
from redis_streams.simulations.checkers._sets import ALL
from redis_streams.simulations.history import (
    AcknowledgesFirst,
    Cancelled,
    Destroyed,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Record,
    Scheduling,
    SchedulingEnded,
    Sent,
    ServiceCalled,
)
from redis_streams.simulations.plan import Plan, PlannedEvent, Shape
from redis_streams.simulations.report._resp import reply_in_words
from redis_streams.simulations.report._words import (
    KINDS,
    kind_of,
    plan_in_words,
    promise_in_words,
    record_in_words,
    time_in_words,
)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"+OK\r\n", "OK"),
        (b":3\r\n", "3"),
        (b"$3\r\na\tb\r\n", "a\\tb"),
        (b"$-1\r\n", "nil"),
        (b"_\r\n", "nil"),
        (b"-ERR no\r\n", "ERR no"),
        (b"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "[1, [x]]"),
        (b"%1\r\n+a\r\n:1\r\n", "[a, 1]"),
        (b"*2\r\n:1\r\n", "*2\\r\\n:1\\r\\n"),  # cut off in its middle: as it is
        (b"+" + b"x" * 90 + b"\r\n", "x" * 59 + "…"),
        (b"$2\r\n\xff\xfe\r\n", "\\xff\\xfe"),
        (None, "no reply yet"),
    ],
)
def test_a_reply_is_told_in_a_line(reply: bytes | None, words: str) -> None:
    """Whatever it is."""
    assert reply_in_words(reply) == words


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (Sent(0, "w", 1, "settle", (b"EVALSHA", b"d", b"1", b"s", b"g"), b":1\r\n"), "settle s g → 1"),
        (Sent(0, "w", 1, "PING", (b"PING",), b"+PONG\r\n", answered=False), "PING → PONG (nobody hears it)"),
        (Sent(0, "w", 1, "XREAD", (b"XREAD", b"BLOCK")), "XREAD BLOCK → waits, or was not run"),
        (Published(0, "p", "s", "e", "unknown", None, "reset"), "publish of e may have happened or not: reset"),
        (ProcessStarted(0, "w", 2), "starts again (incarnation 2)"),
        (ProcessEnded(0, "w", 1, "failed", "no"), "ends: failed (no)"),
        (Phase(0, "server", "healing"), "healing begins"),
        (Destroyed(0, "server", groups=(("s", "g"),), why="a test"), "lost although acknowledged: 1 groups (a test)"),
        (ServiceCalled(0, "w", "till", "charge", "e", "lost"), "asks till to charge for e (the request is lost)"),
        (
            Scheduling(0, "p", "s", "nightly", "", 60_000.0, 1000.0),
            "schedules nightly for 1 min 0 s, and every 1 s from then on",
        ),
        (SchedulingEnded(0, "p", "s", "nightly", "unknown"), "scheduling of nightly: unknown"),
        (Cancelled(0, "p", "s", "nightly", is_told=True), "has cancelled nightly"),
        (AcknowledgesFirst(0, "w", "s", "g", 2), "handles s for g at most once"),
        (Record(0, "w"), "Record"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_record_is_told_in_a_line(record: Record, words: str) -> None:
    """What happened, without time and place."""
    assert record_in_words(record) == words


def test_every_checker_has_its_promise_in_words() -> None:
    """The headline of a failure's page."""
    assert [name for name in ALL if promise_in_words(name) == name] == []


def test_every_record_has_a_kind() -> None:
    """By which the table is filtered; one that came later is not forgotten: it shows as "other"."""
    kinds = [value for value in vars(history).values() if isinstance(value, type) and issubclass(value, Record)]
    assert len(kinds) > 10
    assert {kind.__name__ for kind in kinds if kind not in KINDS} == {"Record"}
    assert kind_of(Record(0, "w")) == "other"


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0, "0 ms"), (0.5, "0.5 ms"), (999.9, "999.9 ms"), (1500, "1.5 s"), (125_000, "2 min 5 s"), (120, "120 ms")],
)
def test_times_are_told_in_fitting_units(ms: float, words: str) -> None:
    """Virtual time goes from microseconds to hours."""
    assert time_in_words(ms) == words


def test_a_plan_says_what_is_odd_about_it() -> None:
    """Only that, beside the shape and the number of events."""
    plan = Plan(
        1,
        "s",
        shape=Shape(workers=1, concurrency=3, appendfsync=""),
        events=(PlannedEvent(fails=-1), PlannedEvent(key="b", undecodable=True)),
        buggify=True,
        broken_for_good=("worker-2",),
    )
    assert list(plan_in_words(plan)) == [
        "1 worker with 1 consumer of 3 handlers at a time each; Redis 7.0 with no append-only file.",
        "2 events of 2 keys: 1 always fail, 1 can't be decoded.",
        "Rare branches of the runtime are taken on purpose.",
        "Not healed at the end: worker-2.",
    ]
