"""What a Trio application is promised, feature by feature, on a real server."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import cast

import attrs
import pytest
import trio
import trio.testing
from redis.exceptions import ResponseError
from redis_streams import (
    Backoff,
    Content,
    EntriesDestroyed,
    EntryId,
    Event,
    FieldsCodec,
    JsonCodec,
    LeaseLost,
    Limits,
    NewEvent,
    NotRunning,
    Ports,
    PublishIncomplete,
    PublishTimeout,
    Reclaim,
    RestartLimitExceeded,
    Runtime,
    RuntimeEvent,
    ServerAddress,
    event_type,
)
from redis_streams.actors import ChildCrashed, ChildStopped, ChildStopping, State
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import dial
from support.load import QUICK, SHORT, quick_runtime, wait_settled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]


@event_type("order.placed")
@attrs.frozen
class OrderPlaced:
    """A typed event."""

    sku: str
    amount: int


async def wait_for(condition: object, *, seconds: float = 10.0) -> None:
    """Wait until a condition holds; the test's own assertions say what is wrong if it never does."""
    with trio.move_on_after(seconds):
        while not condition():
            await trio.sleep(0.01)


def group_of(server: RedisServer) -> dict[str, object]:
    """The one group of stream s, as XINFO shows it."""
    [flat] = server.cli("XINFO", "GROUPS", "s")
    return dict(zip(flat[::2], flat[1::2], strict=True))


# Publishing


async def test_ids_come_back_in_order_and_an_event_arrives_as_it_was_published(any_redis_server: RedisServer) -> None:
    """Every attribute, and the same identity for everyone who reads it."""
    runtime, events = quick_runtime(any_redis_server), list[Event[object]]()
    runtime.add_handler("s", "g", events.append, block_ms=100)
    async with runtime:
        before = datetime.now(timezone.utc)
        first = await runtime.publish("s", {"é": [1, 2.5, None, True]}, event_type="a", metadata={"trace": "t"})
        rest = await runtime.publish_many("s", [OrderPlaced("tea", 2), NewEvent("b", "text", None, "mine")])
        await wait_for(lambda: len(events) == 3)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert [event.id for event in events] == [first, *rest] == sorted([first, *rest])
    assert [event.event_type for event in events] == ["a", "order.placed", "b"]
    assert [event.payload for event in events] == [{"é": [1, 2.5, None, True]}, {"sku": "tea", "amount": 2}, "text"]
    assert [event.metadata for event in events] == [{"trace": "t"}, {}, {}]
    assert events[2].event_id == "mine" != events[0].event_id != events[1].event_id
    assert all(abs((event.timestamp - before).total_seconds()) < 60 for event in events)
    assert {(event.stream, event.delivery_count) for event in events} == {("s", 1)}


async def test_more_events_than_fit_one_write_keep_their_order(redis_server: RedisServer) -> None:
    """Three thousand at once, and a hundred tasks that publish beside them."""
    async with quick_runtime(redis_server) as runtime, trio.open_nursery() as nursery:
        for task in range(100):
            nursery.start_soon(lambda task=task: runtime.publish("s", task, event_type="one"))
        ids = await runtime.publish_many("s", [NewEvent("many", number) for number in range(3000)])
    assert ids == sorted(set(ids))
    assert len(ids) == 3000
    assert redis_server.cli("XLEN", "s") == 3100


class Refused(JsonCodec):
    """Writes entries that Redis does not take: those of these numbers."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.numbers = numbers

    def encode(self, content: Content) -> Sequence[bytes]:
        fields = super().encode(content)
        return fields[:-1] if content.payload in self.numbers else fields


@pytest.mark.parametrize(("count", "refused", "known"), [(1001, 1000, 1000), (1500, 1400, 1499), (1500, 3, 999)])
async def test_no_id_of_a_long_list_gets_lost(redis_server: RedisServer, count: int, refused: int, known: int) -> None:
    """It broke: what came before a part that failed was published and not told. What comes after it is not sent."""
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, codec=Refused(refused))
    async with runtime:
        with pytest.raises(PublishIncomplete) as incomplete:
            await runtime.publish_many("s", [NewEvent("a", number) for number in range(count)])
        there = [entry.id for entry in await runtime.client.xrange("s")]
    assert list(incomplete.value.published) == there
    assert len(there) == known
    assert isinstance(incomplete.value.refusal, ResponseError)


class Forgetful(JsonCodec):
    """Adds a word of the payload as it is, whatever that is."""

    def encode(self, content: Content) -> Sequence[bytes]:
        name = cast("dict[str, bytes]", content.payload)["name"]
        return [*super().encode(content._replace(payload=None)), b"name", name]


@pytest.mark.parametrize("word", [None, "\ud800", 1.5, "text"])
async def test_what_a_codec_gets_wrong_is_told_to_who_publishes_and_to_nobody_else(
    redis_server: RedisServer, word: object
) -> None:
    """It broke: the actor that appends for all crashed at it, others were left in doubt, and six ended the program."""
    told: list[RuntimeEvent] = []
    async with Runtime(redis_server.url, codec=Forgetful(), observer=told.append) as runtime:
        with pytest.raises(TypeError, match=re.escape(f"Forgetful.encode returned {word!r} among its fields")):
            await runtime.publish("s", {"name": word}, event_type="a")
        with pytest.raises(TypeError, match="among its fields"):
            await runtime.schedules("s").publish({"name": word}, event_type="a", after=0)
        await runtime.publish("s", {"name": b"x"}, event_type="a")
    assert not any(isinstance(event, ChildCrashed) for event in told)


async def test_a_name_that_no_bytes_can_say_is_refused_where_it_is_said(redis_server: RedisServer) -> None:
    """Likewise. Any bytes can, in the way that Python reads them from the system."""
    async with quick_runtime(redis_server) as runtime:
        with pytest.raises(ValueError, match="can't be written in UTF-8"):
            await runtime.publish("\ud800", 1, event_type="a")
        await runtime.publish("\udc80", 1, event_type="a")


async def test_a_stream_keeps_about_its_length(redis_server: RedisServer) -> None:
    """Older entries are trimmed as new ones come."""
    runtime = quick_runtime(redis_server)
    runtime.stream("s", max_length=100)
    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(1000)])
    assert 100 <= redis_server.cli("XLEN", "s") <= 300


async def test_what_redis_refuses_is_raised_where_it_was_published(redis_server: RedisServer) -> None:
    """The key holds something else; nothing was published, and other streams go on."""
    redis_server.cli("SET", "s", "text")
    async with quick_runtime(redis_server) as runtime:
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await runtime.publish("s", 1, event_type="a")
        await runtime.publish("t", 1, event_type="a")


async def test_a_server_that_is_gone_is_said_in_time(redis_server: RedisServer) -> None:
    """The publisher hears of it, can try again, and succeeds when it is back."""
    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, publish_seconds=0.5) as runtime:
        await runtime.publish("s", 1, event_type="a")
        redis_server.kill()
        await trio.sleep(0.1)
        with pytest.raises((PublishTimeout, Exception), match=r"not taken by|may have been published"):
            await runtime.publish("s", 2, event_type="a")
        with pytest.raises(PublishTimeout, match=r"not taken by \w+://[\w.:-]+/0 within 0.5 s"):
            await runtime.publish("s", 3, event_type="a")
        redis_server.restart()
        with trio.fail_after(10):
            while True:
                try:
                    await runtime.publish("s", 4, event_type="a")
                except PublishTimeout:
                    continue
                break


async def test_a_runtime_that_does_not_run_says_so(redis_server: RedisServer) -> None:
    """Before it starts, and after it stopped."""
    runtime = quick_runtime(redis_server)
    with pytest.raises(NotRunning, match="async with runtime"):
        await runtime.publish("s", 1, event_type="a")
    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        with pytest.raises(NotRunning, match="before the runtime starts"):
            runtime.add_handler("s", "g", lambda event: None)
    with pytest.raises(NotRunning):
        await runtime.publish("s", 1, event_type="a")


# Handlers


async def test_each_type_goes_to_its_handler_and_unwanted_ones_are_passed_over(redis_server: RedisServer) -> None:
    """Typed, by name, and nobody's."""
    runtime, typed, named = quick_runtime(redis_server), [], []
    runtime.add_handler("s", "g", typed.append, event_types=[OrderPlaced], block_ms=100)
    runtime.add_handler("s", "g", named.append, event_types=["note"])
    async with runtime:
        await runtime.publish_many("s", [OrderPlaced("tea", 1), NewEvent("note", "n"), NewEvent("other", 1)])
        await wait_for(lambda: typed and named)
        await wait_settled(redis_server, stream="s", group="g")
    assert [event.payload for event in typed] == [OrderPlaced("tea", 1)]
    assert [event.payload for event in named] == ["n"]


async def test_false_and_exceptions_are_delivered_again_and_other_events_go_on(redis_server: RedisServer) -> None:
    """With a delivery count that grows; the handler's exception crashes nothing."""
    runtime, seen = quick_runtime(redis_server), Counter[object]()

    @runtime.handler("s", "g", block_ms=100, reclaim=Reclaim(interval_ms=20, min_idle_ms=150))
    async def handle(event: Event[object]) -> bool:
        assert event.delivery_count == seen[event.payload] + 1
        seen[event.payload] += 1
        if event.payload == "raises" and event.delivery_count < 3:
            raise ValueError("not now")
        return event.payload != "false" or event.delivery_count > 1

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", text) for text in ("raises", "false", "fine")])
        await wait_for(lambda: seen.total() == 6)
        await wait_settled(redis_server, stream="s", group="g")
    assert seen == {"raises": 3, "false": 2, "fine": 1}


async def test_what_was_left_behind_gets_the_only_place_there_is(redis_server: RedisServer) -> None:
    """Although a read that waits for new entries has taken it: the read is ended, and the place changes hands."""
    runtime, counts = quick_runtime(redis_server), list[int]()

    reclaim = Reclaim(interval_ms=5, min_idle_ms=20)

    @runtime.handler("s", "g", prefetch=1, block_ms=60_000, reclaim=reclaim, max_deliveries=None)
    async def handle(event: Event[object]) -> bool:
        counts.append(event.delivery_count)
        return event.delivery_count > 20

    with trio.fail_after(30):
        async with runtime:
            for _ in range(3):
                await runtime.publish("s", 1, event_type="a")
            await wait_for(lambda: counts.count(21) == 3, seconds=25)
            await wait_settled(redis_server, stream="s", group="g")
    assert counts.count(21) == 3


async def test_what_was_deleted_while_it_was_pending_is_told(any_redis_server: RedisServer) -> None:
    """Whoever held it: a silent loss would be a loss that nobody can look for."""
    told: list[object] = []
    runtime = Runtime(any_redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)
    handled: list[object] = []
    runtime.add_handler("s", "g", handled.append, block_ms=100, reclaim=Reclaim(interval_ms=20, min_idle_ms=50))
    for number in (1, 2):
        any_redis_server.cli("XADD", "s", f"{number}-0", "event_type", "a", "payload", number)
    any_redis_server.cli("XGROUP", "CREATE", "s", "g", "0")
    any_redis_server.cli("XREADGROUP", "GROUP", "g", "dead", "STREAMS", "s", ">")
    any_redis_server.cli("XDEL", "s", "1-0")
    async with runtime:
        await wait_for(lambda: handled)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert [event.payload for event in handled] == [2]
    assert [event.raw_ids for event in told if isinstance(event, EntriesDestroyed)] == [(b"1-0",)]
    assert not [event for event in told if isinstance(event, LeaseLost)]


async def test_a_handler_of_lists_answers_for_each(redis_server: RedisServer) -> None:
    """At most `batch` at a time; those answered with False come again."""
    runtime, batches = quick_runtime(redis_server), list[list[object]]()

    @runtime.handler("s", "g", batch=7, block_ms=100, reclaim=Reclaim(interval_ms=20, min_idle_ms=150))
    async def handle(events: list[Event[object]]) -> list[bool]:
        batches.append([event.payload for event in events])
        return [event.payload % 10 != 3 or event.delivery_count > 1 for event in events]

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(50)])
        await wait_for(lambda: sum(map(len, batches)) == 55)
        await wait_settled(redis_server, stream="s", group="g")
    assert max(map(len, batches)) == 7
    runs = Counter(number for batch in batches for number in batch)
    assert runs == {number: 2 if number % 10 == 3 else 1 for number in range(50)}


async def test_a_plain_handler_runs_in_a_thread_and_hinders_nobody(redis_server: RedisServer) -> None:
    """Two that wait for each other, while Trio goes on."""
    runtime, threads = quick_runtime(redis_server), set[int]()
    together = threading.Barrier(2, timeout=10)

    @runtime.handler("s", "g", concurrency=2, block_ms=100)
    def handle(event: Event[object]) -> None:
        together.wait()
        threads.add(threading.get_ident())

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(4)])
        await wait_for(lambda: len(threads) > 0)
        await wait_settled(redis_server, stream="s", group="g")
    assert threading.get_ident() not in threads


async def test_concurrency_and_prefetch_are_bounds(redis_server: RedisServer) -> None:
    """Never more handlers at once than said, and never more pending than there are places."""
    runtime, now, most, pending = quick_runtime(redis_server), 0, 0, list[int]()

    @runtime.handler("s", "g", concurrency=3, prefetch=10, count=100, block_ms=100)
    async def handle(event: Event[object]) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if event.payload % 5 == 0:
            pending.append(redis_server.cli("XPENDING", "s", "g")[0])
        await trio.sleep(0.005)
        now -= 1

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(100)])
        await wait_for(lambda: len(pending) == 20)
        await wait_settled(redis_server, stream="s", group="g")
    assert most == 3
    assert 3 <= max(pending) <= 10


async def test_a_slow_consumer_leaves_the_rest_to_others(redis_server: RedisServer) -> None:
    """It holds what it can handle soon, and not three reads full."""
    slow, fast, runs = quick_runtime(redis_server), quick_runtime(redis_server), Counter[str]()

    @slow.handler("s", "g", consumer="slow", block_ms=100)
    async def handle_slowly(event: Event[object]) -> None:
        runs["slow"] += 1
        await trio.sleep(1)

    @fast.handler("s", "g", consumer="fast", block_ms=100)
    async def handle_fast(event: Event[object]) -> None:
        runs["fast"] += 1

    async with slow:
        await slow.publish_many("s", [NewEvent("a", number) for number in range(100)])
        await wait_for(lambda: runs["slow"] == 1)
        async with fast:
            await wait_settled(redis_server, stream="s", group="g")
    assert runs.total() == 100
    assert runs["slow"] <= 4


async def test_one_after_the_other_keeps_the_order(redis_server: RedisServer) -> None:
    """Concurrency 1 is the default."""
    runtime, seen = quick_runtime(redis_server), list[object]()

    @runtime.handler("s", "g", count=7, block_ms=100)
    async def handle(event: Event[object]) -> None:
        seen.append(event.payload)
        await trio.lowlevel.checkpoint()

    async with runtime:
        for start in range(0, 200, 20):
            await runtime.publish_many("s", [NewEvent("a", number) for number in range(start, start + 20)])
        await wait_for(lambda: len(seen) == 200)
    assert seen == list(range(200))


async def test_a_handler_that_takes_longer_than_the_idle_limit_runs_once(redis_server: RedisServer) -> None:
    """Its lease is renewed, also while it waits for a worker, so nobody takes its entry away."""
    runs = Counter[object]()
    reclaim = Reclaim(interval_ms=20, min_idle_ms=300)

    async def handle(event: Event[object]) -> None:
        runs[event.payload] += 1
        await trio.sleep(0.7)

    first, second = quick_runtime(redis_server), quick_runtime(redis_server)
    for name, runtime in (("one", first), ("two", second)):
        runtime.add_handler("s", "g", handle, consumer=name, concurrency=1, block_ms=100, reclaim=reclaim)
    async with first:
        await first.publish_many("s", [NewEvent("a", number) for number in range(3)])
        await wait_for(lambda: runs)
        async with second:
            await wait_settled(redis_server, stream="s", group="g")
    assert runs == {0: 1, 1: 1, 2: 1}


# What can't be read


async def test_what_cannot_be_decoded_goes_to_the_dead_letters_and_blocks_nobody(any_redis_server: RedisServer) -> None:
    """With its id, its reason and its fields as they were."""
    runtime, handled = quick_runtime(any_redis_server), []
    runtime.add_handler("s", "g", handled.append, event_types=[OrderPlaced], consumer="c", block_ms=100)
    ids = [
        any_redis_server.cli("XADD", "s", "*", *fields)
        for fields in (
            ("temperature", "21", "raw", b"\xff\x00"),
            ("event_id", "1", "event_type", "order.placed", "timestamp", "5", "payload", '{"sku": "tea", "amount": 1}'),
            (
                "event_id",
                "2",
                "event_type",
                "order.placed",
                "timestamp",
                "5",
                "payload",
                '{"sku": "tea", "amount": "x"}',
            ),
            ("event_id", "3", "event_type", "order.placed", "timestamp", "5", "payload", "{"),
        )
    ]
    async with runtime:
        await wait_for(lambda: handled)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert [event.event_id for event in handled] == ["1"]
    dead = [
        dict(zip(flat[::2], flat[1::2], strict=True))
        for _, flat in any_redis_server.cli("XRANGE", "{s}:dead:g", "-", "+")
    ]
    assert [fields["dead_id"] for fields in dead] == [ids[0], ids[2], ids[3]]
    assert {fields["dead_deliveries"] for fields in dead} == {"1"}
    assert "event_type" in dead[0]["dead_reason"]
    assert "amount" in dead[1]["dead_reason"]
    assert dead[0]["temperature"] == "21"
    assert dead[0]["raw"] == "\\xff\x00"
    assert any_redis_server.cli("XLEN", "s") == 4


async def test_foreign_entries_are_read_through_a_codec(redis_server: RedisServer) -> None:
    """Whatever their fields are."""
    runtime, handled = Runtime(redis_server.url, codec=FieldsCodec(), retry=QUICK), []
    runtime.add_handler("s", "g", handled.append, block_ms=100)
    redis_server.cli("XADD", "s", "5-1", "temperature", "21", "unit", "C")
    async with runtime:
        await wait_for(lambda: handled)
    [event] = handled
    assert event.payload == {"temperature": "21", "unit": "C"}
    assert (event.id, event.timestamp_ms) == (EntryId(5, 1), 5)


# Where a group begins, and where it goes on


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("0", [0, 1, 2, 3]),
        ("$", [3]),
        ("2000-0", [2, 3]),
        (EntryId(1000, 0), [1, 2, 3]),
        ("1970-01-01T00:00:02+00:00", [1, 2, 3]),
        (datetime.fromtimestamp(2.5, timezone.utc), [2, 3]),
    ],
    ids=str,
)
async def test_a_new_group_begins_where_it_is_told(
    start: object, expected: list[int], redis_server: RedisServer
) -> None:
    """And one that exists goes on where it was, whatever it is told."""
    for number in range(3):
        redis_server.cli("XADD", "s", f"{number + 1}000-0", "event_type", "a", "payload", number)
    for again in (False, True):
        runtime, handled = quick_runtime(redis_server), []
        runtime.add_handler("s", "g", handled.append, start=start, block_ms=100)
        async with runtime:
            if not again:
                redis_server.cli("XADD", "s", "4000-0", "event_type", "a", "payload", 3)
                await wait_for(lambda handled=handled: len(handled) == len(expected))
                await trio.sleep(0.05)
            else:
                await trio.sleep(0.2)
        assert [event.payload for event in handled] == ([] if again else expected)


async def test_the_checkpoint_is_kept_in_redis_or_in_memory(redis_server: RedisServer) -> None:
    """In memory leaves nothing behind but the group's name."""
    runtime, handled = quick_runtime(redis_server), []
    runtime.add_handler("s", "kept", handled.append, block_ms=100)
    runtime.add_handler("s", "not-kept", handled.append, block_ms=100, checkpoint="memory")
    async with runtime:
        last = await runtime.publish("s", 1, event_type="a")
        await wait_for(lambda: len(handled) == 2)
    assert sorted(redis_server.cli("KEYS", "*")) == ["s", "{s}:checkpoint:kept", "{s}:groups"]
    assert sorted(redis_server.cli("HKEYS", "{s}:groups")) == ["kept", "not-kept"]
    assert str(last) in redis_server.cli("HGETALL", "{s}:checkpoint:kept")


# Its life


async def test_it_runs_in_a_nursery_and_two_live_side_by_side(redis_server: RedisServer) -> None:
    """No global state: each has its own consumers, its own stop, its own snapshot."""
    handled = Counter[str]()
    runtimes = {name: quick_runtime(redis_server) for name in ("one", "two")}
    for name, runtime in runtimes.items():

        @runtime.handler("s", name, block_ms=100)
        async def handle(event: Event[object], name: str = name) -> None:
            handled[name] += 1

    async with trio.open_nursery() as nursery:
        for runtime in runtimes.values():
            await nursery.start(runtime.run)
        await runtimes["one"].publish("s", 1, event_type="a")
        await wait_for(lambda: handled.total() == 2)
        runtimes["one"].stop()
        await wait_for(lambda: runtimes["one"]._running is None)
        await runtimes["two"].publish("s", 2, event_type="a")
        await wait_for(lambda: handled.total() == 3)
        snapshot = runtimes["two"].snapshot()
        runtimes["two"].stop()
    assert handled == {"one": 1, "two": 2}
    assert snapshot is not None
    assert [child.name for child in snapshot.children] == ["redis", "streams", "groups"]


async def test_leaving_the_block_drains(redis_server: RedisServer) -> None:
    """What is held is handled and acknowledged; what the handlers can't finish in time is handed back, not lost."""
    for drain_seconds, seconds in ((5.0, 0.01), (0.1, 60.0)):
        runtime, began, ended = quick_runtime(redis_server), set(), set()

        @runtime.handler("s", "g", concurrency=5, block_ms=100, drain_seconds=drain_seconds)
        async def handle(
            event: Event[object],
            seconds: float = seconds,
            began: set[object] = began,
            ended: set[object] = ended,
        ) -> None:
            began.add(event.payload)
            await trio.sleep(seconds)
            ended.add(event.payload)

        async with runtime:
            await runtime.publish_many("s", [NewEvent("a", number) for number in range(50)])
            await wait_for(lambda began=began: len(began) >= 5)
        group = group_of(redis_server)
        if seconds < 1:
            assert group["pending"] == 0
            assert len(ended) == group["entries-read"] >= 5
        else:
            assert (len(ended), group["pending"]) == (0, 10), "five that ran, and five that waited"
            rows = redis_server.cli("XPENDING", "s", "g", "-", "+", 100)
            assert min(row[2] for row in rows) >= 30_000


@pytest.mark.parametrize("heeds", [True, False])
async def test_when_the_time_to_drain_is_over_nothing_begins(redis_server: RedisServer, *, heeds: bool) -> None:
    """It broke: after a handler that was cancelled and raised another error, or took no notice, the next one began."""
    runtime, began = quick_runtime(redis_server), list[object]()

    @runtime.handler("s", "g", block_ms=100, drain_seconds=0.1)
    async def handle(event: Event[object]) -> None:
        began.append(event.payload)
        with trio.CancelScope(shield=not heeds):
            try:
                await trio.sleep(0.5)
            except trio.Cancelled:
                raise OSError("closing failed") from None

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(5)])
        await wait_for(lambda: began == [0])
    assert began == [0]


async def test_a_stop_at_once_cuts_the_drain_short(redis_server: RedisServer) -> None:
    """What was handled is settled, what was not is handed back; though the drain had hours left."""
    runtime, began, cut = quick_runtime(redis_server), set[object](), set[object]()

    @runtime.handler("s", "g", concurrency=5, block_ms=100, drain_seconds=36_000.0)
    async def handle(event: Event[object]) -> None:
        began.add(event.payload)
        if event.payload == 0:
            return
        try:
            await trio.sleep_forever()
        finally:
            cut.add(event.payload)

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(50)])
        await wait_for(lambda: len(began) >= 6)
        runtime.stop()
        await wait_for(lambda: (snapshot := runtime.snapshot()) is not None and snapshot.state is State.STOPPING)
        assert not cut, "nobody is cancelled by the first word"
        runtime.stop(at_once=True)
    rows = redis_server.cli("XPENDING", "s", "g", "-", "+", 100)
    assert (len(cut), len(rows)) == (5, group_of(redis_server)["entries-read"] - 1)
    assert min(row[2] for row in rows) >= 30_000, "handed back"


@pytest.mark.parametrize(("drain_seconds", "at_once"), [(0.0, False), (36_000.0, True)])
async def test_what_a_read_brings_to_a_hasty_stop_is_handed_back(
    redis_server: RedisServer, drain_seconds: float, *, at_once: bool
) -> None:
    """Redis had delivered it, and its answer was still on the way: the read was cut, and nobody knew of the entry."""
    arrived, released = trio.Event(), trio.Event()

    class Slow(trio.abc.Stream):
        def __init__(self, stream: trio.abc.Stream) -> None:
            self.stream, self.reads = stream, False

        async def send_all(self, data: bytes) -> None:
            self.reads = self.reads or b"XREADGROUP" in data
            await self.stream.send_all(data)

        async def wait_send_all_might_not_block(self) -> None: ...

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            data = await self.stream.receive_some(max_bytes)
            if self.reads and b"on-its-way" in data:
                arrived.set()
                await released.wait()
            return data

        async def aclose(self) -> None:
            await self.stream.aclose()

    async def dial_slow(address: ServerAddress) -> trio.abc.Stream:
        return Slow(await dial(address))

    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, ports=Ports(dial=dial_slow))
    runtime.add_handler("s", "g", lambda event: None, drain_seconds=drain_seconds)
    with trio.fail_after(20):
        async with runtime:
            await runtime.publish("s", "on-its-way", event_type="a")
            await arrived.wait()
            runtime.stop(at_once=at_once)
            await trio.testing.wait_all_tasks_blocked()
            released.set()
    (row,) = redis_server.cli("XPENDING", "s", "g", "-", "+", 10)
    assert row[2] >= 30_000, "handed back"


async def test_a_handler_that_forwards_still_can_while_it_drains(redis_server: RedisServer) -> None:
    """Whatever the order in which the streams were named; also to one that nobody had published to before."""
    runtime = quick_runtime(redis_server)

    @runtime.handler("first", "g", block_ms=100)
    async def forward(event: Event[object]) -> None:
        await trio.sleep(0.2)
        await runtime.publish("second", event.payload, event_type="b")

    @runtime.handler("second", "g", block_ms=100, start="$")
    async def handle(event: Event[object]) -> None: ...

    async with runtime:
        await runtime.publish("first", 1, event_type="a")
        await wait_for(lambda: redis_server.cli("XPENDING", "first", "g")[0] == 1)
    assert redis_server.cli("XPENDING", "first", "g")[0] == 0
    assert redis_server.cli("XLEN", "second") == 1


async def test_drain_times_do_not_add_up(redis_server: RedisServer) -> None:
    """Not those of a group's consumers, nor those of groups: all are told before any has to be gone."""
    began, told = [], []
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)

    async def handle(event: Event[object]) -> None:
        began.append(event)
        await trio.sleep(60)

    for group in ("g", "h", "i"):
        runtime.add_handler("s", group, handle, consumers=3, count=1, prefetch=1, block_ms=100, drain_seconds=0.2)
    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(3)])
        await wait_for(lambda: len(began) == 9)
    ends = [
        type(event) for event in told if isinstance(event, ChildStopping | ChildStopped) and "/consumer-" in event.path
    ]
    assert ends == [ChildStopping] * 9 + [ChildStopped] * 9


async def test_a_plain_handler_may_stop_the_runtime(redis_server: RedisServer) -> None:
    """From its own thread."""
    runtime = quick_runtime(redis_server)
    runtime.add_handler("s", "g", lambda event: runtime.stop(), block_ms=100)
    with trio.fail_after(20):
        async with runtime:
            await runtime.publish("s", 1, event_type="a")
            await runtime.wait_stopped()
    assert redis_server.cli("XPENDING", "s", "g")[0] == 0


async def test_what_cannot_be_published_is_refused_at_once(redis_server: RedisServer) -> None:
    """Not dead-lettered on arrival."""
    with pytest.raises(ValueError, match="publish_seconds must be more than 0, not 0"):
        Runtime(publish_seconds=0)
    runtime = quick_runtime(redis_server)
    with pytest.raises(ValueError, match="max_length must be 1 or more, or None to keep all entries, not 0"):
        runtime.stream("s", max_length=0)
    async with runtime:
        with pytest.raises(TypeError, match="metadata is a mapping"):
            await runtime.publish("s", 1, event_type="a", metadata="x")


async def test_a_consumer_that_keeps_crashing_ends_the_runtime(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is told and then ends it: a runtime that only looks alive helps nobody."""

    async def dial_with_a_bug(address: ServerAddress) -> trio.abc.Stream:
        return Buggy(await dial(address))

    class Buggy(trio.abc.Stream):
        def __init__(self, stream: trio.abc.Stream) -> None:
            self.stream = stream

        async def send_all(self, data: bytes) -> None:
            if b"XREADGROUP" in data:
                raise ZeroDivisionError("a bug")
            await self.stream.send_all(data)

        async def wait_send_all_might_not_block(self) -> None: ...

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            return await self.stream.receive_some(max_bytes)

        async def aclose(self) -> None:
            await self.stream.aclose()

    runtime = Runtime(
        redis_server.url,
        ports=Ports(dial=dial_with_a_bug),
        limits=Limits(restarts=3),
        backoff=Backoff(initial_seconds=0.01, max_seconds=0.02),
    )
    runtime.add_handler("s", "g", lambda event: None)
    with (
        trio.fail_after(20),
        pytest.raises(RestartLimitExceeded, match=r"consumer-0 needed more than 3 restarts .* a bug"),
    ):
        async with runtime:
            await runtime.wait_stopped()
    assert caplog.text.count("crashed: ZeroDivisionError") == 4


async def test_a_cancelled_nursery_drains_too(redis_server: RedisServer) -> None:
    """As a Trio application stops: by cancelling."""
    runtime, ended = quick_runtime(redis_server), set()

    @runtime.handler("s", "g", concurrency=5, block_ms=100)
    async def handle(event: Event[object]) -> None:
        await trio.sleep(0.01)
        ended.add(event.payload)

    async with trio.open_nursery() as nursery:
        await nursery.start(runtime.run)
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(50)])
        await wait_for(lambda: ended)
        nursery.cancel_scope.cancel()
    group = group_of(redis_server)
    assert group["pending"] == 0
    assert len(ended) == group["entries-read"]
