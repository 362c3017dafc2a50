"""Readers without a group: each sees every event, keeps its own place, and notices what became of its stream."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import trio
from redis_streams import (
    CleanupFailed,
    DeadLettered,
    EntryId,
    Event,
    EventGivenUp,
    EventsMissed,
    HandlerConflict,
    NewEvent,
    ReaderBegan,
    ReaderLeftBehind,
    ReaderMoved,
    Retry,
    RetryPolicy,
    Runtime,
    RuntimeEvent,
    StreamLost,
    StreamProducer,
    StreamWentBack,
)
from redis_streams.simulations.planted import Edit, edited
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Connection
from support.load import QUICK, SHORT
from support.untidy import fail_when_cancelled

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("error")]

STREAM = "orders"
READING = Path(__file__).resolve().parents[1] / "support" / "reading.py"
EVENTS, NOTED = 600, 40
AT_ONCE = RetryPolicy(immediate=10)
BREAKS = 10
MOVES = 12

MADE_ANEW = """
redis.call('DEL', KEYS[1])
for number = 1, tonumber(ARGV[1]) do
  local payload = number == tonumber(ARGV[3]) and 0 or number * ARGV[2]
  redis.call('XADD', KEYS[1], number .. '-0', 'event_type', 'number', 'payload', payload)
end
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[4] or ARGV[1])
"""
"""The stream is made anew in one step: how many entries it has, by what their numbers are multiplied, which one
is another, and how many are left."""


def quick(server: RedisServer, told: list[RuntimeEvent] | None = None) -> Runtime:
    """A runtime whose patience is that of a test."""
    return Runtime(server.url, retry=QUICK, timeouts=SHORT, observer=[].append if told is None else told.append)


def reading(
    server: RedisServer, seen: list[object], name: str | None = "cache", told: list[RuntimeEvent] | None = None
) -> Runtime:
    """A runtime with one reader, which begins at the beginning and notes what it gets."""
    runtime = quick(server, told)

    @runtime.reader(STREAM, name=name, start="0", block_ms=100)
    async def note(event: Event[object]) -> None:
        seen.append(event.payload)

    return runtime


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.01)


def numbers(first: int, last: int) -> Sequence[NewEvent]:
    return [NewEvent("number", number) for number in range(first, last + 1)]


def heard(told: Sequence[RuntimeEvent], kind: type) -> list[object]:
    return [event for event in told if isinstance(event, kind)]


@pytest.mark.also_on_memory
async def test_each_reader_sees_every_event_in_order_and_goes_on_after_a_restart(any_redis_server: RedisServer) -> None:
    """What was handled before a stop does not come again, and what came meanwhile does."""
    one, two = list[object](), list[object]()
    async with reading(any_redis_server, one, "one") as runtime, reading(any_redis_server, two, "two"):
        await runtime.publish_many(STREAM, numbers(1, 250))
        await wait_for(lambda: len(one) == len(two) == 250)
    async with quick(any_redis_server) as publisher:
        await publisher.publish_many(STREAM, numbers(251, 260))
    async with reading(any_redis_server, one, "one"):
        await wait_for(lambda: len(one) == 260)
    assert one == list(range(1, 261))
    assert two == list(range(1, 251))


@pytest.mark.also_on_memory
async def test_without_a_name_each_start_begins_where_it_is_told(redis_server: RedisServer) -> None:
    """And nothing of it is kept in Redis. By default it sees what is published from its start on."""
    seen, new = list[object](), list[object]()
    for _ in range(2):
        async with reading(redis_server, seen, None) as runtime:
            if not seen:
                await runtime.publish_many(STREAM, numbers(1, 3))
            await wait_for(lambda: len(seen) % 3 == 0 and len(seen) > 0)
            await trio.sleep(0.05)
    assert seen == [1, 2, 3, 1, 2, 3]
    assert redis_server.cli("KEYS", "*") == [STREAM]
    runtime = quick(redis_server)
    runtime.add_reader(STREAM, lambda event: new.append(event.payload), block_ms=100)
    async with runtime:
        await runtime.publish(STREAM, 4, event_type="number")
        await wait_for(lambda: new == [4])


@pytest.mark.also_on_memory
async def test_who_begins_at_the_end_has_begun_there_also_if_it_dies_before_it_handles_anything(
    redis_server: RedisServer,
) -> None:
    """Its first position is noted before it reads: what is published while it is down is not skipped."""
    seen = list[object]()

    def runtime() -> Runtime:
        made = quick(redis_server)
        made.add_reader(STREAM, lambda event: seen.append(event.payload), name="cache", block_ms=100)
        return made

    redis_server.cli("XADD", STREAM, "1-0", "event_type", "number", "payload", "0")
    async with runtime():
        pass
    async with quick(redis_server) as publisher:
        await publisher.publish(STREAM, 1, event_type="number")
    async with runtime():
        await wait_for(lambda: seen == [1])


@pytest.mark.also_on_memory
async def test_a_failing_event_is_tried_in_its_place_and_goes_to_the_dead_letters_with_the_checkpoint(
    redis_server: RedisServer,
) -> None:
    """Nothing behind it is begun before; given back, it comes to this reader alone."""
    told, seen, others, is_mended = list[RuntimeEvent](), list[object](), list[object](), False
    runtime = quick(redis_server, told)

    @runtime.reader(STREAM, name="cache", start="0", block_ms=100, max_deliveries=3, retry_policy=AT_ONCE)
    async def handle(event: Event[object]) -> None:
        seen.append((event.payload, event.delivery_count))
        if event.payload == 2 and not is_mended:
            raise ValueError("as planned")

    @runtime.reader(STREAM, name="other", start="0", block_ms=100)
    async def see(event: Event[object]) -> None:
        others.append(event.payload)

    redis_server.cli("XADD", STREAM, "1-0", "no", "event")
    async with runtime:
        await runtime.publish_many(STREAM, numbers(1, 3))
        await wait_for(lambda: len(seen) == 5 and len(others) == 3)
        assert seen == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1)]
        letters = runtime.dead_letters(STREAM, "cache")
        undecodable, failed = await letters.find()
        assert (undecodable.entry_id, undecodable.group) == (EntryId(1, 0), "cache")
        assert (failed.deliveries, failed.error, failed.message) == (3, "ValueError", "as planned")
        is_mended = True
        await letters.redrive()
        await wait_for(lambda: seen[-1] == (2, 1))
    assert others == [1, 2, 3]
    assert {event.group for event in heard(told, DeadLettered)} == {"cache", "other"}


@pytest.mark.also_on_memory
async def test_without_a_name_what_fails_is_passed_over_and_told(redis_server: RedisServer) -> None:
    """It has no dead letters, and blocks nobody."""
    told, seen = list[RuntimeEvent](), list[object]()
    runtime = quick(redis_server, told)

    @runtime.reader(STREAM, start="0", block_ms=100, max_deliveries=2, retry_policy=AT_ONCE)
    def handle(event: Event[object]) -> bool:
        seen.append(event.payload)
        return event.payload != 1

    async with runtime:
        await runtime.publish_many(STREAM, numbers(1, 2))
        await wait_for(lambda: seen == [1, 1, 2])
    [given_up] = heard(told, EventGivenUp)
    assert "declined (delivery 2 of 2)" in given_up.reason
    assert redis_server.cli("KEYS", "*") == [STREAM]


@pytest.mark.also_on_memory
async def test_a_stream_that_is_made_anew_is_noticed_and_read_from_its_beginning(any_redis_server: RedisServer) -> None:
    """Also where its ids are below the place: a read there waits in silence for ever."""
    told, seen = list[RuntimeEvent](), list[object]()
    async with reading(any_redis_server, seen, "cache", told) as runtime:
        await runtime.publish_many(STREAM, numbers(1, 3))
        await wait_for(lambda: len(seen) == 3)
        any_redis_server.cli("DEL", STREAM)
        for number in (1, 2):
            any_redis_server.cli("XADD", STREAM, f"{number}-0", "event_type", "number", "payload", 10 * number)
        await wait_for(lambda: len(seen) == 5)
    assert seen == [1, 2, 3, 10, 20]
    assert heard(told, ReaderMoved)[0].position == EntryId(0, 0)
    assert heard(told, StreamWentBack)
    history, position, *_ = any_redis_server.cli("HGET", "{orders}:readers", "cache").split(" ")
    assert (int(history) > 0, position) == (True, "2-0")


@pytest.mark.also_on_memory
async def test_of_broken_connections_nothing_is_kept(redis_server: RedisServer) -> None:
    """A reader opens one after the other, for weeks."""
    seen = list[object]()
    # Events that it keeps would keep errors, and those the frames that they came through.
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=lambda _: None)
    runtime.add_reader(STREAM, lambda event: seen.append(event.payload), start="0", block_ms=100)
    async with runtime:
        for number in range(1, BREAKS + 1):
            for line in str(redis_server.cli("CLIENT", "LIST")).splitlines():
                if "cmd=xread " in line:
                    redis_server.cli("CLIENT", "KILL", "ID", line.partition("id=")[2].partition(" ")[0])
            redis_server.cli("XADD", STREAM, f"{number}-0", "event_type", "number", "payload", number)
            await wait_for(partial(seen.__contains__, number))
        gc.collect()
        closed = [each for each in gc.get_objects() if isinstance(each, Connection) and each.closed]
    assert len(closed) < BREAKS // 2


@pytest.mark.also_on_memory
async def test_a_stream_that_outgrows_the_former_at_once_is_read_from_its_beginning(redis_server: RedisServer) -> None:
    """The read that waits is woken behind the place, by numbers that fit: the entry at the beginning is another one."""
    told, seen = list[RuntimeEvent](), list[object]()
    async with reading(redis_server, seen, "cache", told):
        redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 150, 1, 0)
        await wait_for(lambda: len(seen) == 150)
        redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 310, 10, 0)
        await wait_for(lambda: len(seen) == 460)
    assert seen[150:] == [10 * number for number in range(1, 311)]
    assert [event.position for event in heard(told, ReaderMoved)] == [EntryId(0, 0)]


@pytest.mark.also_on_memory
async def test_where_one_entry_is_another_the_reader_goes_on_before_it(redis_server: RedisServer) -> None:
    """Though those behind it are the same as before, and what was handled last is among them. It moves once."""
    told, seen = list[RuntimeEvent](), list[object]()
    async with reading(redis_server, seen, "cache", told):
        redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 3, 1, 0)
        await wait_for(lambda: len(seen) == 3)
        redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 4, 1, 1)
        await wait_for(lambda: seen[-1:] == [4])
    assert seen == [1, 2, 3, 0, 2, 3, 4]
    assert len(heard(told, ReaderMoved)) == 1


@pytest.mark.also_on_memory
async def test_who_has_just_begun_goes_back_no_further_than_the_stream(redis_server: RedisServer) -> None:
    """For the first time, or after a restart: where the last writes are lost, what was before does not come."""
    told, seen = list[RuntimeEvent](), list[object]()
    redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 150, 1, 0)
    for added in (1000, 2000):
        told.clear()
        runtime = quick(redis_server, told)
        runtime.add_reader(
            STREAM, lambda event: seen.append(event.payload), name="cache", block_ms=100, checkpoint_seconds=0.05
        )
        async with runtime:
            await wait_for(lambda: str(redis_server.cli("HGET", "{orders}:readers", "cache"))[-1] != "-")
            redis_server.cli("XADD", STREAM, "151-0", "event_type", "number", "payload", added)
            await wait_for(partial(seen.__contains__, added))
            redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 149, 1, 0)
            await wait_for(lambda: bool(heard(told, ReaderMoved)))
            redis_server.cli("XADD", STREAM, "150-0", "event_type", "number", "payload", added + 1)
            await wait_for(partial(seen.__contains__, added + 1))
    assert seen == [1000, 1001, 2000, 2001]


@pytest.mark.also_on_memory
async def test_moves_in_a_row_are_made_with_pauses(redis_server: RedisServer) -> None:
    """Whatever has the reader move again and again: here it overlooks where the stream is another one."""
    seen, moves, retry = list[object](), list[float](), Retry(base_delay_seconds=0.02, max_delay_seconds=0.1)

    def hear(told: RuntimeEvent) -> None:
        if isinstance(told, ReaderMoved):
            moves.append(trio.current_time())

    runtime = Runtime(redis_server.url, retry=retry, timeouts=SHORT, observer=hear)
    runtime.add_reader(STREAM, lambda event: seen.append(event.payload), name="cache", start="0", block_ms=100)
    overlooked = Edit("actors._reader_place:agreed", "return after, True", "continue")
    with edited([overlooked]):
        async with runtime:
            redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 4, 1, 0)
            await wait_for(lambda: len(seen) == 4)
            redis_server.cli("EVAL", MADE_ANEW, 1, STREAM, 5, 1, 3, 3)
            await wait_for(lambda: len(moves) >= MOVES)
    assert moves[-1] - moves[0] > 5 * retry.base_delay_seconds


@pytest.mark.also_on_memory
async def test_while_the_reader_was_away_a_stream_that_was_made_anew_is_noticed_too(redis_server: RedisServer) -> None:
    """By its numbers, though its ids went on: what stands at or below the old place is not skipped."""
    seen, told = list[object](), list[RuntimeEvent]()
    for number in range(1, 6):
        redis_server.cli("XADD", STREAM, f"{number}-0", "event_type", "number", "payload", number)
    async with reading(redis_server, seen):
        await wait_for(lambda: len(seen) == 5)
    redis_server.cli("DEL", STREAM)
    for number in (4, 6):
        redis_server.cli("XADD", STREAM, f"{number}-0", "event_type", "number", "payload", 10 * number)
    async with reading(redis_server, seen, told=told):
        await wait_for(lambda: len(seen) == 7)
    assert seen == [1, 2, 3, 4, 5, 40, 60]
    assert [event.position for event in heard(told, ReaderMoved)] == [EntryId(0, 0)]


@pytest.mark.also_on_memory
async def test_a_lost_stream_ends_the_runtime_where_that_is_asked_for(redis_server: RedisServer) -> None:
    """With the position in the error."""
    seen, runtime = list[object](), quick(redis_server)
    runtime.add_reader(
        STREAM, lambda event: seen.append(event.payload), name="cache", block_ms=100, on_stream_lost="fail"
    )
    with pytest.raises(StreamLost, match="there is no stream any more"):
        async with runtime:
            await runtime.publish(STREAM, 1, event_type="number")
            await wait_for(lambda: len(seen) == 1)
            redis_server.cli("DEL", STREAM)
            await runtime.wait_stopped()
            await trio.sleep(10)


@pytest.mark.also_on_memory
async def test_what_was_trimmed_before_the_reader_came_to_it_is_told(redis_server: RedisServer) -> None:
    """With how many, as far as the server counts."""
    seen, told = list[object](), list[RuntimeEvent]()
    async with reading(redis_server, seen) as runtime:
        first = (await runtime.publish_many(STREAM, numbers(1, 3)))[-1]
        await wait_for(lambda: len(seen) == 3)
    async with quick(redis_server) as runtime:
        kept = (await runtime.publish_many(STREAM, numbers(4, 10)))[-2]
    redis_server.cli("XTRIM", STREAM, "MAXLEN", 2)
    async with reading(redis_server, seen, told=told):
        await wait_for(lambda: seen == [1, 2, 3, 9, 10])
    [missed] = heard(told, EventsMissed)
    assert (missed.after, missed.before, missed.count) == (first, kept, 5)
    assert not heard(told, ReaderMoved)
    [began] = heard(told, ReaderBegan)
    assert (began.position, began.is_new) == (first, False)


@pytest.mark.also_on_memory
async def test_a_stop_lets_the_handler_finish_and_does_not_pass_what_it_cut_short(redis_server: RedisServer) -> None:
    """Nothing behind it is begun; after the drain time the handler is cancelled, and its event comes again."""
    begun, finished = list[object](), list[object]()

    def runtime(seconds: float) -> Runtime:
        made = quick(redis_server)

        @made.reader(STREAM, name="cache", start="0", block_ms=100, drain_seconds=0.5)
        async def handle(event: Event[object]) -> None:
            begun.append(event.payload)
            await trio.sleep(seconds)
            finished.append(event.payload)

        return made

    async with runtime(0.1) as first:
        await first.publish_many(STREAM, numbers(1, 3))
        await wait_for(lambda: begun == [1])
    assert (begun, finished) == ([1], [1])
    async with runtime(60):
        await wait_for(lambda: begun == [1, 2])
    async with runtime(0):
        await wait_for(lambda: len(finished) == 3)
    assert (begun, finished) == ([1, 2, 2, 3], [1, 2, 3])


@pytest.mark.also_on_memory
async def test_a_stop_that_cancels_a_handler_whose_cleanup_fails_notes_what_was_handled(
    redis_server: RedisServer,
) -> None:
    """It broke: what its nursery raised beside the cancellation ended the reader before its last checkpoint."""
    begun, told = list[object](), list[RuntimeEvent]()
    runtime = quick(redis_server, told)

    @runtime.reader(STREAM, name="cache", start="0", block_ms=100, drain_seconds=0.1, checkpoint_seconds=60)
    async def handle(event: Event[object]) -> None:
        begun.append(event.payload)
        if len(begun) == 1:
            return
        await fail_when_cancelled()

    async with runtime:
        ids = await runtime.publish_many(STREAM, numbers(1, 2))
        await wait_for(lambda: begun == [1, 2])
    assert [each.raw_ids for each in told if isinstance(each, CleanupFailed)] == [(str(ids[1]).encode(),)]
    assert not [each for each in told if isinstance(each, ReaderLeftBehind)]


@pytest.mark.also_on_memory
async def test_who_hears_of_a_later_history_looks_for_himself(redis_server: RedisServer) -> None:
    """Another process of its name has found what it has not: where what it handled is still there it just goes on."""
    seen, told = list[object](), list[RuntimeEvent]()
    async with reading(redis_server, seen, told=told) as runtime:
        await runtime.publish_many(STREAM, numbers(1, 3))
        await wait_for(lambda: len(seen) == 3)
        redis_server.cli("HSET", "{orders}:readers", "cache", "7 0-0 - -")
        last = await runtime.publish(STREAM, 4, event_type="number")
        await wait_for(lambda: bool(heard(told, ReaderMoved)))
        await wait_for(lambda: redis_server.cli("HGET", "{orders}:readers", "cache").split(" ")[:2] == ["7", str(last)])
    assert seen == [1, 2, 3, 4]


@pytest.mark.also_on_memory
async def test_functions_of_one_name_share_its_events_by_their_types(redis_server: RedisServer) -> None:
    """In one order, from one position; what nobody of them is meant for is passed over."""
    seen, runtime = list[object](), quick(redis_server)

    @runtime.reader(STREAM, name="cache", event_types=["number"], start="0", block_ms=100)
    async def number(event: Event[object]) -> None:
        seen.append(event.payload)

    @runtime.reader(STREAM, name="cache", event_types=["word"])
    def word(event: Event[object]) -> None:
        seen.append(event.payload)

    async with runtime:
        for kind, payload in (("number", 1), ("word", "one"), ("none", "?"), ("number", 2), ("word", "two")):
            await runtime.publish(STREAM, payload, event_type=kind)
        await wait_for(lambda: seen[-1:] == ["two"])
    assert seen == [1, "one", 2, "two"]
    with pytest.raises(HandlerConflict, match=r"reader cache of .* has start=.* already, not start="):
        runtime.add_reader(STREAM, word, name="cache", event_types=["more"], start="$")


def test_a_reader_has_no_name_of_a_group_and_templates_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would share dead letters."""
    monkeypatch.setenv("ZONE", "north")
    runtime = Runtime()
    runtime.add_handler(STREAM, "cache-north", lambda _: None)
    runtime.add_reader(STREAM, lambda _: None, name="cache-{env:ZONE}")
    with pytest.raises(HandlerConflict, match="cache-north is a group"):
        trio.run(runtime.run)
    with pytest.raises(ValueError, match="reader name"):
        runtime.add_reader(STREAM, lambda _: None, name="cache-{zone}")


def test_who_is_killed_goes_on_at_its_checkpoint_without_a_gap(redis_server: RedisServer) -> None:
    """SIGKILL in the middle: at most `checkpoint_events` come again, and none is left out."""
    with StreamProducer(redis_server.url, STREAM) as producer:
        producer.publish_many(numbers(0, EVENTS - 1))
    command = [sys.executable, str(READING), redis_server.url, "cache", str(NOTED), str(EVENTS)]
    with subprocess.Popen(command) as process:
        while redis_server.cli("LLEN", "seen") < EVENTS // 3:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    before = int(redis_server.cli("LLEN", "seen"))
    subprocess.run(command, check=True, timeout=20)
    seen = [int(number) for number in redis_server.cli("LRANGE", "seen", 0, -1)]
    assert seen[:before] == list(range(before))
    again = before - seen[before]
    assert 0 <= again <= NOTED + 1
    assert seen[before:] == list(range(seen[before], EVENTS))
