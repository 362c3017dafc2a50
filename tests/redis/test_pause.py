"""Pausing on real servers: in one process, in all of them, without Trio, and from the command line."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from random import Random

import pytest
import trio
from redis_streams import (
    ConsumerGroupManager,
    ConsumptionPaused,
    Event,
    NewEvent,
    Runtime,
    RuntimeEvent,
    StreamConsumer,
    StreamProducer,
)
from redis_streams.__main__ import main
from redis_streams.actors import (
    EVERYWHERE,
    Child,
    Gate,
    GroupSettings,
    Heal,
    Mailbox,
    Supervisor,
    checkpoint_key,
    run_root,
)
from redis_streams.actors._group import Seen, group_actor
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Arg, Client, Reply, ServerAddress, dial
from support.load import QUICK, RECLAIM, SHORT, quick_runtime, wait_settled
from support.servers import ServerFactory
from typing_extensions import override

pytestmark = pytest.mark.real_time


async def wait_until(runs: Sequence[object], number: int) -> None:
    with trio.fail_after(10):
        while len(runs) < number:
            await trio.sleep(0.01)


@pytest.mark.also_on_memory
async def test_what_a_paused_process_had_read_another_one_takes_at_once(any_redis_server: RedisServer) -> None:
    """It begins nothing, what runs is finished, and a group that goes on has lost nothing."""
    runs = list[tuple[str, object]]()
    may_end = trio.Event()

    def runtime_of(name: str) -> Runtime:
        runtime = quick_runtime(any_redis_server)

        @runtime.handler("s", "g", consumer=name, block_ms=200, prefetch=10, reclaim=RECLAIM)
        async def handle(event: Event[object]) -> None:
            runs.append((name, event.payload))
            if event.payload == 0:
                await may_end.wait()

        return runtime

    async with runtime_of("a") as first:
        await first.publish_many("s", [NewEvent("t", number) for number in range(10)])
        await wait_until(runs, 1)
        first.group("s", "g").pause()
        async with runtime_of("b"):
            await wait_until(runs, 10)
            may_end.set()
            await wait_settled(any_redis_server, stream="s", group="g")
        first.group("s", "g").resume()
        await first.publish("s", 10, event_type="t")
        await wait_until(runs, 11)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert runs[0] == ("a", 0)
    assert runs[-1] == ("a", 10)
    assert sorted(runs[1:-1]) == [("b", number) for number in range(1, 10)]


def test_a_consumer_without_trio_is_paused_between_two_events(redis_server: RedisServer) -> None:
    """From its own handler; what it had read and not begun is handed back, and comes when it goes on."""
    consumer = StreamConsumer(redis_server.url, "s", "g", "c", block_ms=200)
    runs, paused = list[int](), threading.Event()

    def handle(event: Event[int]) -> None:
        runs.append(event.payload)
        if event.payload == 0:
            consumer.pause()
            paused.set()
        if event.payload == 4:
            consumer.close()

    publish_five(redis_server)
    subscriber = subscribing(consumer, handle)
    assert paused.wait(10)
    assert consumer.paused
    deadline = time.monotonic() + 10
    while (
        redis_server.cli("XPENDING", "s", "g")[0] != 1
        or redis_server.cli("XPENDING", "s", "g", "-", "+", 1)[0][2] < 20_000
    ):
        assert time.monotonic() < deadline
    assert runs == [0]
    consumer.resume()
    subscriber.join(10)
    assert runs == [0, 1, 2, 3, 4]


async def test_a_demoted_server_does_not_keep_a_group_paused(redis_server_factory: ServerFactory) -> None:
    """It broke: cut off from the new primary, it said for ever what was so before; and nothing else was asked of it."""
    old, new = redis_server_factory(), redis_server_factory()
    primary = [old]

    async def by_name(_address: ServerAddress) -> trio.abc.Stream:
        return await dial(ServerAddress.parse(primary[-1].url))

    gate = Gate()
    client = Client(old.url, rng=Random(1), retry=QUICK, timeouts=SHORT, dial=by_name)
    settings = GroupSettings("s", "g", watch_seconds=0.02, retry=QUICK)
    actor = group_actor(settings, client, Mailbox[Heal]("heal", 1), Random(1), gate, Seen())
    root = Supervisor([Child("group", actor, start_timeout_seconds=math.inf)], rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await nursery.start(run_root, root)
        old.cli("HSET", checkpoint_key("s", "g"), "paused", 1)
        with trio.fail_after(10):
            while not gate.is_closed:
                await trio.sleep(0.01)
            primary.append(new)
            old.cli("REPLICAOF", "127.0.0.1", "1")
            while gate.is_closed or not new.cli("EXISTS", "s"):
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


class PausedAsItLooks(Client):
    """When somebody looks for the first time the whole group is paused, but the answer is of before."""

    looks = 0
    gate: Gate

    @override
    async def call(self, *args: Arg) -> Reply:
        reply = await super().call(*args)
        if args[0] == b"HGET" and args[2] == b"paused":
            self.looks += 1
            if self.looks == 1:
                await super().call(b"HSET", args[1], b"paused", b"1")
                self.gate.close(EVERYWHERE)
        return reply


@pytest.mark.also_on_memory
async def test_a_pause_is_not_taken_back_by_an_answer_of_before(redis_server: RedisServer) -> None:
    """It broke: this process began on events again, until the next look."""
    opened, gate = list[str](), Gate()
    client = PausedAsItLooks(redis_server.url, rng=Random(1), retry=QUICK, timeouts=SHORT)
    client.gate = gate
    settings = GroupSettings("s", "g", watch_seconds=0.02, retry=QUICK)
    actor = group_actor(settings, client, Mailbox[Heal]("heal", 1), Random(1), gate, Seen())
    root = Supervisor([Child("group", actor, start_timeout_seconds=math.inf)], rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        with gate.watched_by(opened.append), trio.fail_after(10):
            await nursery.start(run_root, root)
            while client.looks < 3:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert opened == [EVERYWHERE]


@pytest.mark.also_on_memory
def test_an_observer_may_resume_what_is_paused(redis_server: RedisServer) -> None:
    """It broke: who paused waited for the observer, which waited for who paused; and then nothing began any more."""
    runs, begun = list[int](), threading.Event()

    def observe(event: RuntimeEvent) -> None:
        if isinstance(event, ConsumptionPaused):
            consumer.resume()

    def handle(event: Event[int]) -> None:
        runs.append(event.payload)
        begun.set()
        if len(runs) == 6:
            consumer.close()

    consumer = StreamConsumer(redis_server.url, "s", "g", "c", block_ms=200, observer=observe)
    publish_five(redis_server)
    subscriber = subscribing(consumer, handle)
    assert begun.wait(10)
    pausing = threading.Thread(target=consumer.pause, daemon=True)
    pausing.start()
    pausing.join(10)
    assert not pausing.is_alive()
    assert not consumer.paused
    with StreamProducer(redis_server.url, "s") as producer:
        producer.publish("a", 5)
    subscriber.join(10)
    assert sorted(runs) == [0, 1, 2, 3, 4, 5]


def test_a_signal_handler_may_pause_amid_subscribe(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It broke: it waited for ever for a lock that its own thread held."""
    consumer, register = StreamConsumer(redis_server.url, "s", "g", "c"), Runtime.add_runner
    registered, runs = threading.Event(), list[int]()

    def add_runner(*arguments: object) -> Gate:
        consumer.pause()  # As a handler does of a signal that comes just now.
        registered.set()
        return register(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Runtime, "add_runner", add_runner)
    publish_five(redis_server)
    subscriber = subscribing(consumer, lambda event: runs.append(event.payload))
    assert registered.wait(10)
    assert consumer.paused
    consumer.close()
    subscriber.join(10)
    assert runs == []


def test_a_consumer_can_begin_paused(redis_server: RedisServer) -> None:
    """Paused before it subscribes, it is until somebody has it go on."""
    consumer, runs = StreamConsumer(redis_server.url, "s", "g", "c"), list[int]()
    consumer.pause()

    def handle(event: Event[int]) -> None:
        runs.append(event.payload)
        if event.payload == 4:
            consumer.close()

    publish_five(redis_server)
    subscriber = subscribing(consumer, handle)
    deadline = time.monotonic() + 10
    while not redis_server.cli("XINFO", "GROUPS", "s"):
        assert time.monotonic() < deadline
    assert runs == []
    consumer.resume()
    subscriber.join(10)
    assert runs == [0, 1, 2, 3, 4]


def publish_five(server: RedisServer) -> None:
    for number in range(5):
        server.cli("XADD", "s", "*", "event_type", "t", "payload", number)


def subscribing(consumer: StreamConsumer, handle: Callable[[Event[int]], None]) -> threading.Thread:
    """A thread of its own for the handler; a daemon, should the test fail before it ends."""
    thread = threading.Thread(target=consumer.subscribe, args=[handle], daemon=True)
    thread.start()
    return thread


def test_a_group_is_paused_from_the_command_line(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list of groups shows it; a group that is not there is a mistake."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    with ConsumerGroupManager(redis_server.url) as groups:
        groups.create_group("orders", "billing")
        assert main(["group", "pause", "orders", "billing"]) == 0
        assert groups.is_paused("orders", "billing")
        assert main(["group", "list", "orders"]) == 0
        assert main(["group", "resume", "orders", "billing"]) == 0
        assert not groups.is_paused("orders", "billing")
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "billing of orders is paused: within five seconds none of its processes begins anything"
    assert out[2].split() == ["billing", "0-0", "0", "0", "paused"]
    assert out[3:] == [
        "1 consumer group of orders",
        "billing of orders goes on, within five seconds in all its processes",
    ]
    assert main(["group", "pause", "orders", "biling"]) == 1
    assert main(["group", "list", "order"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "redis-streams: orders has no consumer group biling; there are: billing",
        "redis-streams: there is no stream order",
    ]
