"""The blocking face on a real server: every row of the quickstart's table of common issues, threads, Ctrl-C, forks."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

import attrs
import pytest
from redis.exceptions import ResponseError
from redis_streams import (
    BusyGroup,
    ConnectFailed,
    ConsumerGroupManager,
    EntryId,
    Event,
    HandlerConflict,
    NewEvent,
    NotRunning,
    PublishIndeterminate,
    RedisConnection,
    Retention,
    ScheduleManager,
    StreamConsumer,
    StreamManager,
    StreamProducer,
)
from redis_streams.simulations.real import RedisServer

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

SECONDS = 20.0


@attrs.frozen
class Sold:
    """An event class."""

    sku: str


@pytest.fixture
def connection(redis_server: RedisServer) -> Iterator[RedisConnection]:
    """One that the test's objects share."""
    with RedisConnection(redis_server.url) as shared:
        yield shared


def publish(connection: RedisConnection, count: int, stream: str = "s") -> list[str]:
    """Events 0 to count - 1; returns their ids."""
    producer = StreamProducer(stream_name=stream, connection=connection)
    return list(producer.publish_many(NewEvent("n", {"n": number}) for number in range(count)))


def consumer_of(server: RedisServer, name: str = "c", **options: object) -> StreamConsumer:
    """A consumer of group g of stream s."""
    return StreamConsumer(server.url, "s", "g", name, **options)


def subscribe_until(consumer: StreamConsumer, done: Callable[[Event[object]], bool], *, answer: object = True) -> list:
    """Handle events until one of them says that it is the last; returns all."""
    events = []

    def handle(event: Event[object]) -> object:
        events.append(event)
        if done(event):
            consumer.close()
        return answer

    consumer.subscribe(handle)
    return events


# Publishing


def test_events_are_published_one_by_one_together_and_in_a_batch(connection: RedisConnection) -> None:
    """Each gets an id, in order; a batch that fails half-way publishes nothing."""
    producer = StreamProducer(stream_name="s", connection=connection)
    ids = [producer.publish("a", {"n": 0}, {"source": "test"})]
    ids += producer.publish_many([NewEvent("a", [1]), Sold("tea")])
    with producer.batch() as batch:
        batch.publish("a", 3)
        batch.publish("a", 4, event_id="mine")
    ids += batch.ids
    with pytest.raises(ZeroDivisionError), producer.batch() as broken:
        broken.publish("a", 5)
        _ = 1 / 0
    assert ids == sorted(ids, key=EntryId.parse)
    assert connection.execute("XLEN", "s") == len(ids) == 5


def test_a_payload_that_is_no_json_is_refused_before_anything_is_sent(connection: RedisConnection) -> None:
    """The error is Python's own, with the type at fault."""
    producer = StreamProducer(stream_name="s", connection=connection)
    with pytest.raises(TypeError, match="object"):
        producer.publish("a", {"x": object()})
    assert connection.execute("EXISTS", "s") == 0


def test_threads_share_a_producer(connection: RedisConnection) -> None:
    """Everything that was published is there."""
    producer = StreamProducer(stream_name="s", connection=connection)
    threads = [
        threading.Thread(target=lambda: [producer.publish("a", number) for number in range(20)]) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("XLEN", "s") == 100


def test_a_stream_that_was_created_with_a_length_keeps_to_it(connection: RedisConnection) -> None:
    """'Stream grows unbounded': producers that say nothing take what `create_stream` said."""
    manager = StreamManager(connection=connection)
    assert manager.create_stream("s", max_length=100)
    assert not manager.create_stream("s", max_length=100)
    assert manager.stream_exists("s")
    assert manager.stream_length("s") == 0
    publish(connection, 1000)
    assert manager.stream_length("s") < 300
    assert manager.trim_stream("s", 10) > 0
    assert manager.stream_info("s").length == 10
    assert manager.delete_stream("s")
    assert not manager.delete_stream("s")


def test_a_length_can_be_taken_back(connection: RedisConnection) -> None:
    """It broke: it was kept for ever, and what nobody had read was trimmed."""
    manager = StreamManager(connection=connection)
    manager.create_stream("s", max_length=100)
    assert not manager.create_stream("s", max_length=None)
    publish(connection, 1000)
    assert manager.stream_length("s") == 1000


def test_what_is_said_here_counts_and_not_a_stored_length(connection: RedisConnection) -> None:
    """It broke: both did, and do not go together; each publish raised what nobody had asked for."""
    manager, retention = StreamManager(connection=connection), Retention(max_length=2000)
    for stream in ("retained", "short"):
        manager.create_stream(stream, max_length=500)
    StreamProducer(stream_name="retained", connection=connection, retention=retention).publish("a", 1)
    StreamProducer(stream_name="short", connection=connection, max_length=100).publish("a", 1)
    for stream in ("retained", "short"):
        StreamProducer(stream_name=stream, connection=connection).publish_many([NewEvent("a", 1)] * 999)
    assert manager.stream_length("retained") == 1000
    assert manager.stream_length("short") < 300


def test_a_stored_length_keeps_nobody_from_publishing(connection: RedisConnection) -> None:
    """It broke: one that was stored, or found, when the stream was in use through the connection was a conflict."""
    manager, schedules = StreamManager(connection=connection), ScheduleManager(connection=connection)
    manager.create_stream("scheduled", max_length=100)
    for _ in range(5):
        schedules.publish("scheduled", "a", 1, schedule_id="s", after=60.0)
        StreamProducer(stream_name="scheduled", connection=connection).publish_many([NewEvent("a", 1)] * 200)
    assert manager.stream_length("scheduled") < 300
    StreamProducer(stream_name="used", connection=connection).publish("a", 1)
    manager.create_stream("used", max_length=100)
    StreamProducer(stream_name="used", connection=connection).publish_many([NewEvent("a", 1)] * 999)
    assert manager.stream_length("used") == 1000


def test_a_length_that_is_said_after_something_was_scheduled_holds_for_that_too(connection: RedisConnection) -> None:
    """It broke: it came too late for a stream to which nothing had been published."""
    manager, schedules = StreamManager(connection=connection), ScheduleManager(connection=connection)
    schedules.publish("s", "a", 1, after=0)
    StreamProducer(stream_name="s", connection=connection, max_length=50).publish("a", 1)
    for number in range(400):
        schedules.publish("s", "a", number, after=0)
    deadline = time.monotonic() + SECONDS
    while schedules.list("s") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not schedules.list("s")
    assert manager.stream_length("s") < 300


@pytest.mark.real_server_only("each opens a connection of its own")
def test_a_producer_alone_finds_a_stored_length(redis_server: RedisServer) -> None:
    """It broke: its stream was in use from the start of its own connection on, and so the length came too late."""
    with StreamManager(redis_server.url) as manager:
        manager.create_stream("s", max_length=100)
        with StreamProducer(redis_server.url, "s") as producer:
            producer.publish_many([NewEvent("a", 1)] * 999)
        assert manager.stream_length("s") < 300


# Groups


def test_a_length_that_comes_too_late_is_refused(connection: RedisConnection) -> None:
    """It would have no effect on a stream that is in use through the same connection."""
    StreamProducer(stream_name="s", connection=connection).publish("a", 1)
    late = StreamProducer(stream_name="s", connection=connection, max_length=10)
    with pytest.raises(HandlerConflict, match="in use here without a max_length, so 10 comes too late"):
        late.publish("a", 2)
    StreamProducer(stream_name="t", connection=connection, max_length=10).publish("a", 1)


def test_a_group_that_exists_is_taken_as_it_is_unless_told_otherwise(connection: RedisConnection) -> None:
    """'BUSYGROUP error': use mkstream=True or handle gracefully."""
    groups = ConsumerGroupManager(connection=connection)
    assert groups.create_group("s", "g", start_id="0")
    assert not groups.create_group("s", "g", start_id="0", mkstream=True)
    with pytest.raises(BusyGroup, match="already exists"):
        groups.create_group("s", "g", mkstream=False)
    with pytest.raises(ResponseError, match="MKSTREAM"):
        groups.create_group("nowhere", "g", mkstream=False)
    assert groups.group_exists("s", "g")
    assert not groups.group_exists("nowhere", "g")
    assert groups.delete_group("s", "g")
    assert not groups.delete_group("s", "g")
    assert not groups.delete_group("nowhere", "g")


def test_a_consumer_without_its_group_gets_everything_all_the_same(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """'Messages never delivered': the group is created at the stream's beginning."""
    publish(connection, 3)
    events = subscribe_until(consumer_of(redis_server), lambda event: event.payload == {"n": 2})
    assert [event.payload["n"] for event in events] == [0, 1, 2]


# Handling


def test_the_handler_runs_on_the_thread_that_subscribed(redis_server: RedisServer, connection: RedisConnection) -> None:
    """So signals, thread-locals and libraries with a home thread behave as people expect."""
    publish(connection, 1)
    threads = []
    consumer = consumer_of(redis_server)
    consumer.subscribe(lambda _event: (threads.append(threading.current_thread()), consumer.close()))
    assert threads == [threading.current_thread()]


def test_only_the_wanted_types_arrive_and_the_rest_is_acknowledged(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """Classes and names, both."""
    producer = StreamProducer(stream_name="s", connection=connection)
    producer.publish_many([NewEvent("a", 0), Sold("tea"), NewEvent("b", 1), NewEvent("end", 2)])
    consumer = consumer_of(redis_server)
    got = []

    def handle(event: Event[object]) -> None:
        got.append(event.payload)
        if event.event_type == "end":
            consumer.close()

    consumer.subscribe(handle, event_types=[Sold, "end"])
    assert got == [Sold("tea"), 2]
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 0


def test_false_and_exceptions_leave_the_event_for_redelivery(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """It comes again after the idle time, with its delivery count, and is acknowledged when it is handled at last."""
    publish(connection, 2)
    consumer = consumer_of(redis_server, reclaim_interval_ms=20, reclaim_min_idle_ms=60)
    deliveries = []

    def handle(event: Event[object]) -> bool:
        deliveries.append((event.payload["n"], event.delivery_count))
        if event.delivery_count == 1:
            if event.payload["n"]:
                return False
            raise ValueError("not today")
        if len(deliveries) == 4:
            consumer.close()
        return True

    consumer.subscribe(handle)
    assert sorted(deliveries) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 0


def test_a_handler_that_returns_a_coroutine_has_handled_nothing(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """As a decorator's plain function round an async one does: the events were acknowledged, and nothing had run."""
    publish(connection, 3)
    consumer = consumer_of(redis_server)
    ran = []

    async def sell(event: Event[object]) -> None:
        ran.append(event)

    @functools.wraps(sell)
    def logged(event: Event[object]) -> object:
        if event.payload == {"n": 2}:
            consumer.close()
        return sell(event)

    consumer.subscribe(logged)
    assert ran == []
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 3


def test_a_cancellation_of_asyncio_is_a_failure_like_any_other(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """It broke: it does not derive from `Exception`, and ended `subscribe`."""
    publish(connection, 2)
    consumer = consumer_of(redis_server)
    seen = []

    async def give_up() -> None:
        waiting = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    def handle(event: Event[object]) -> None:
        seen.append(event.payload["n"])
        if event.payload["n"]:
            consumer.close()
        else:
            asyncio.run(give_up())

    consumer.subscribe(handle)
    assert seen == [0, 1]
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 1


def test_at_most_once_each_event_is_acknowledged_before_it_is_handled(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """That one alone: what was read behind it stays pending until its turn. What fails does not come again."""
    publish(connection, 3)
    consumer = consumer_of(redis_server, delivery="at_most_once", reclaim_interval_ms=20, reclaim_min_idle_ms=60)
    seen = []

    def handle(event: Event[object]) -> bool:
        rows = connection.call(lambda client: client.xpending_range("s", "g", count=10))
        seen.append((event.payload["n"], event.raw_id in [row.raw_id for row in rows]))
        if len(seen) == 3:
            consumer.close()
        return False

    consumer.subscribe(handle)
    assert seen == [(0, False), (1, False), (2, False)]
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 0


def test_a_restarted_consumer_goes_on_at_its_checkpoint(redis_server: RedisServer, connection: RedisConnection) -> None:
    """'Consumer restarts, processes old messages': what was acknowledged does not come again."""
    ids = publish(connection, 3)
    subscribe_until(consumer_of(redis_server), lambda event: event.payload == {"n": 2})
    groups = ConsumerGroupManager(connection=connection)
    assert groups.checkpoint("s", "g") == EntryId.parse(ids[-1])
    # Even when the group itself is lost.
    connection.execute("XGROUP", "DESTROY", "s", "g")
    publish(connection, 1)
    events = subscribe_until(consumer_of(redis_server), lambda _event: True)
    assert [event.payload["n"] for event in events] == [0]


def test_a_checkpoint_in_memory_leaves_none_in_redis(redis_server: RedisServer, connection: RedisConnection) -> None:
    """For tests."""
    publish(connection, 1)
    subscribe_until(consumer_of(redis_server, use_redis_checkpoint=False), lambda _event: True)
    assert ConsumerGroupManager(connection=connection).checkpoint("s", "g") is None


# Ending


def test_close_from_another_thread_ends_subscribe_and_drains(
    redis_server: RedisServer, connection: RedisConnection
) -> None:
    """What is held is handled and acknowledged before both return."""
    publish(connection, 100)
    consumer = consumer_of(redis_server)
    handled = []
    begun = threading.Event()

    def handle(event: Event[object]) -> None:
        handled.append(event)
        begun.set()
        time.sleep(0.001)

    closer = threading.Thread(target=lambda: (begun.wait(SECONDS), consumer.close()))
    closer.start()
    consumer.subscribe(handle)
    closer.join(SECONDS)
    groups = ConsumerGroupManager(connection=connection)
    assert groups.pending("s", "g").count == 0
    [group] = groups.list_groups("s")
    assert EntryId.parse(handled[-1].raw_id) == group.last_delivered_id


def press_ctrl_c() -> None:
    """As a terminal does."""
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_waits_for_the_handler_and_close_drains(redis_server: RedisServer, connection: RedisConnection) -> None:
    """The event that was being handled is acknowledged; what was held besides is handled in `close`."""
    publish(connection, 50)
    consumer = consumer_of(redis_server)
    handled = []

    def handle(event: Event[object]) -> None:
        if len(handled) == 10:
            press_ctrl_c()
        handled.append(event.payload["n"])

    with pytest.raises(KeyboardInterrupt):
        consumer.subscribe(handle)
    assert handled == list(range(11))
    consumer.close()
    assert handled == list(range(50))
    assert ConsumerGroupManager(connection=connection).pending("s", "g").count == 0


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_interrupts_a_handler_that_does_not_end(
    presses: int, redis_server: RedisServer, connection: RedisConnection
) -> None:
    """After a moment, or at once when it is pressed again; its event stays pending and nothing else does."""
    publish(connection, 3)
    consumer = consumer_of(redis_server)
    handled = []

    def handle(event: Event[object]) -> None:
        handled.append(event.payload["n"])
        if len(handled) == 2:
            for _ in range(presses):
                press_ctrl_c()
            time.sleep(SECONDS)

    with pytest.raises(KeyboardInterrupt):
        consumer.subscribe(handle)
    consumer.close()
    assert handled == [0, 1, 2]
    pending = ConsumerGroupManager(connection=connection).pending("s", "g")
    assert (pending.count, pending.consumers) == (1, {"c": 1})


def test_ctrl_c_while_nothing_happens_ends_subscribe_at_once(redis_server: RedisServer) -> None:
    """And the program's own handling of SIGINT is as it was."""
    consumer = consumer_of(redis_server)
    timer = threading.Timer(0.3, press_ctrl_c)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        consumer.subscribe(print)
    consumer.close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_close_from_a_signal_handler_ends_subscribe(redis_server: RedisServer, connection: RedisConnection) -> None:
    """The usual way to end a service: SIGTERM drains it."""
    publish(connection, 200)
    consumer = consumer_of(redis_server)
    handled = []

    def handle(event: Event[object]) -> None:
        handled.append(event)
        if len(handled) == 20:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda *_: consumer.close())
    try:
        consumer.subscribe(handle)
    finally:
        signal.signal(signal.SIGTERM, before)
    groups = ConsumerGroupManager(connection=connection)
    assert groups.pending("s", "g").count == 0
    [group] = groups.list_groups("s")
    assert handled[-1].id == group.last_delivered_id


@pytest.mark.parametrize("how", ["another thread", "a signal handler", "Ctrl-C"])
def test_a_consumer_that_is_closed_while_it_starts_handles_nothing(how: str, redis_server: RedisServer) -> None:
    """Redis was away when it was subscribed and closed. It is back, there are events, and they are left to others."""
    redis_server.kill()
    consumer = consumer_of(redis_server, max_retries=None, retry_max_delay=0.1)
    handled = []

    def close() -> None:
        while not any(thread.name == "redis-streams" for thread in threading.enumerate()):
            time.sleep(0.01)
        if how == "another thread":
            consumer.close()
        else:
            os.kill(os.getpid(), signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda *_: consumer.close())
    threading.Thread(target=close).start()
    try:
        if how == "Ctrl-C":
            with pytest.raises(KeyboardInterrupt):
                consumer.subscribe(handled.append)
            consumer.close()
        else:
            consumer.subscribe(handled.append)
    finally:
        signal.signal(signal.SIGTERM, before)
    redis_server.restart()
    with RedisConnection(redis_server.url) as connection:
        publish(connection, 3)
        assert not ConsumerGroupManager(connection=connection).group_exists("s", "g")
    assert handled == []


def test_a_producer_that_ctrl_c_met_while_it_connected_closes(redis_server: RedisServer) -> None:
    """With Redis away it waited for its thread for ever; what was to be published is not, also when Redis is back."""
    redis_server.kill()
    connection = RedisConnection(redis_server.url, max_retries=None, retry_max_delay=0.1)
    threading.Timer(0.3, press_ctrl_c).start()
    with pytest.raises(KeyboardInterrupt), connection:
        StreamProducer(stream_name="s", connection=connection).publish("a", 1)
    redis_server.restart()
    with RedisConnection(redis_server.url) as later:
        assert not StreamManager(connection=later).stream_exists("s")


def test_a_closed_object_says_so(redis_server: RedisServer) -> None:
    """Closing twice is fine, using it afterwards is not."""
    producer = StreamProducer(redis_server.url, "s")
    producer.publish("a", 1)
    producer.close()
    producer.close()
    with pytest.raises(NotRunning, match="closed"):
        producer.publish("a", 2)
    consumer = consumer_of(redis_server)
    consumer.close()
    with pytest.raises(NotRunning, match="closed"):
        consumer.subscribe(print)


@pytest.mark.real_server_only("the program is a process of its own, with a memory:// of its own")
def test_a_program_that_forgot_to_close_still_exits(redis_server: RedisServer) -> None:
    """And what it published is there."""
    program = f"""
        import threading
        from redis_streams import StreamConsumer, StreamProducer
        producer = StreamProducer({redis_server.url!r}, "s")
        producer.publish("a", 1)
        consumer = StreamConsumer({redis_server.url!r}, "s", "g", "c")
        got = threading.Event()
        threading.Thread(target=consumer.subscribe, args=(lambda event: got.set(),), daemon=True).start()
        got.wait()
        print("end of program")
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end of program\n", "")
    assert redis_server.cli("XLEN", "s") == 1


FORKING = """
    import os, signal, sys, threading
    from redis_streams import *

    URL = sys.argv[1]
    connection = RedisConnection(URL)
    producer = StreamProducer(stream_name="s", connection=connection)
    sized = StreamProducer(stream_name="t", connection=connection, max_length=9)
    producer.publish("a", 1)
    consumer, other = StreamConsumer(URL, "s", "g", "c"), StreamConsumer(URL, "s", "g", "d")
    CALLS = {
        "publish": lambda: producer.publish("a", 2),
        "publish_many": lambda: producer.publish_many([NewEvent("a", 2)]),
        "publish with a length": lambda: sized.publish("a", 2),
        "prepare_stream": lambda: connection.prepare_stream("u", max_length=9),
        "ping": connection.ping,
        "stream_exists": lambda: StreamManager(connection=connection).stream_exists("s"),
        "list_groups": lambda: ConsumerGroupManager(connection=connection).list_groups("s"),
        "count": lambda: DeadLetterManager(connection=connection).count("s", "g"),
        "schedules": lambda: ScheduleManager(connection=connection).list("s"),
        "subscribe": lambda: other.subscribe(print),
        "pause": consumer.pause,
        "resume": consumer.resume,
        "pause before": other.pause,
    }

    def in_the_child():
        signal.alarm(10)
        for name, call in CALLS.items():
            try:
                call()
            except ForkedError as error:
                assert "make a new one in the child" in str(error)
            else:
                print(name, "went through")
        for each in (producer, sized, consumer, other, connection):
            each.close()

    def handle(event):
        child = os.fork()
        if child == 0:
            in_the_child()
            sys.stdout.flush()
            os._exit(0)
        print("child ended with", os.waitpid(child, 0)[1])
        consumer.close()

    consumer.subscribe(handle)
    connection.close()
"""


@pytest.mark.real_server_only("the program is a process of its own, with a memory:// of its own")
def test_a_forked_child_gets_a_clear_error(redis_server: RedisServer) -> None:
    """Instead of a hang on a thread that it does not have; closing does nothing, also in a child of the handler."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(FORKING), redis_server.url],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "child ended with 0\n", "")
    with ConsumerGroupManager(redis_server.url) as groups:
        assert groups.pending("s", "g").count == 0


# Connecting


def test_a_server_that_is_not_there_is_said_after_the_tries(redis_server: RedisServer) -> None:
    """With the address, the number of tries and a question that helps."""
    redis_server.kill()
    connection = RedisConnection(redis_server.url, max_retries=2, retry_base_delay=0.01)
    with pytest.raises(ConnectFailed, match=r"connection refused.*gave up after 3 tries"):
        connection.ping()
    redis_server.restart()
    assert connection.ping()
    connection.close()


def test_an_outage_is_waited_out_by_producer_and_consumer(redis_server: RedisServer) -> None:
    """Nobody has to be restarted."""
    with StreamProducer(redis_server.url, "s") as producer:
        consumer = consumer_of(redis_server, retry_max_delay=0.1)
        handled = []

        def handle(event: Event[object]) -> None:
            handled.append(event.payload)
            if event.payload == "after":
                consumer.close()

        thread = threading.Thread(target=consumer.subscribe, args=(handle,))
        thread.start()
        producer.publish("a", "before")
        while not handled:
            time.sleep(0.01)
        redis_server.kill()
        redis_server.restart()
        while True:
            try:
                producer.publish("a", "after")
            except PublishIndeterminate:  # the connection broke with the event on its way
                continue
            break
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert "after" in handled
