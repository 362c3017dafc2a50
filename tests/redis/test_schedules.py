"""What is published later: once, not before its time, whatever is killed meanwhile."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest
import trio
from redis.exceptions import ReadOnlyError, ResponseError
from redis_streams import (
    Content,
    Event,
    FieldsCodec,
    Interrupted,
    JsonCodec,
    PublishIndeterminate,
    Retention,
    Runtime,
    RuntimeEvent,
    ScheduleManager,
    SchedulesNotMoved,
)
from redis_streams.__main__ import main
from redis_streams.actors._keys import schedule_keys
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import ConnectionLost, ScheduleStore, load
from redis_streams.wire._schedule import FIRE_MAX
from support.connected import connected
from support.load import QUICK, SHORT, quick_runtime
from support.servers import ServerFactory, restart, servers_at_hand

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

TIMES, EVENTS = "{s}:scheduled", "{s}:scheduled:events"
PAYLOAD = '{"order":7}'
WORKER = Path(__file__).resolve().parents[1] / "support" / "worker.py"
TWO_VERSIONS = [
    pytest.param(binary, id=".".join(map(str, version)))
    for version, binary in servers_at_hand().items()
    if version[:2] in ((7, 0), (8, 6))
]


def entries(server: RedisServer, stream: str = "s") -> dict[str, list[int]]:
    """By event id, when each of its entries was appended, in milliseconds."""
    found: dict[str, list[int]] = {}
    for raw_id, fields in cast("list[tuple[str, list[str]]]", server.cli("XRANGE", stream, "-", "+")):
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        found.setdefault(named["event_id"], []).append(int(raw_id.split("-")[0]))
    return found


def time_of(server: RedisServer) -> datetime:
    """What time it is by the server's clock."""
    seconds, microseconds = cast("tuple[str, str]", server.cli("TIME"))
    return datetime.fromtimestamp(int(seconds) + int(microseconds) / 1_000_000, timezone.utc)


async def wait_none_scheduled(server: RedisServer, *keys: str) -> None:
    """Until everything was moved."""
    with trio.fail_after(20):
        while server.cli("EXISTS", *keys):
            await trio.sleep(0.02)


async def test_each_process_looks_and_one_appends(any_redis_server: RedisServer) -> None:
    """Not before its time, by the clock of Redis; a cancelled one never; of one that recurs, one for each time."""
    runtimes = [quick_runtime(any_redis_server) for _ in range(3)]
    async with runtimes[0], runtimes[1], runtimes[2]:
        schedules = runtimes[0].schedules("s")
        soon = time_of(any_redis_server) + timedelta(seconds=0.4)
        await schedules.publish(1, event_type="a", event_id="at", at=soon)
        await schedules.publish(1, event_type="a", event_id="after", after=0.2)
        cancelled = await schedules.publish(1, event_type="a", after=0.3)
        assert await schedules.cancel(cancelled)
        assert not await schedules.cancel(cancelled)
        until = time_of(any_redis_server) + timedelta(seconds=2.8)
        for runtime in runtimes:  # by which each of them looks when it is due
            tick = {"schedule_id": "tick", "every": 1.0, "until": until, "missed": "all"}
            await runtime.schedules("s").publish(2, event_type="a", **tick)
        assert [each.id for each in await schedules.list()] == ["after", "at", "tick"]
        await wait_none_scheduled(any_redis_server, TIMES, EVENTS)
    found = entries(any_redis_server)
    assert {len(times) for times in found.values()} == {1}
    assert found["at"][0] >= int(soon.timestamp() * 1000)
    ticks = {int(event_id.removeprefix("tick-")): times[0] for event_id, times in found.items() if "tick" in event_id}
    assert len(ticks) == 2
    assert max(ticks) - min(ticks) == 1000
    assert all(due <= appended for due, appended in ticks.items())
    assert set(found) == {"at", "after", *(f"tick-{due}" for due in ticks)}


@pytest.mark.real_server_only("processes are killed, and the server")
@pytest.mark.parametrize("binary", TWO_VERSIONS)
async def test_who_is_killed_forgets_nothing_and_repeats_nothing(
    redis_server_factory: ServerFactory, binary: Path
) -> None:
    """Neither the process that scheduled, nor those that look for what is due, nor the server."""
    server = redis_server_factory(binary, appendonly="always")
    command = [sys.executable, str(WORKER), server.url]
    expected = {f"e{number}" for number in range(60)}
    async with quick_runtime(server) as runtime:
        for number in range(60):
            schedules = runtime.schedules("orders")
            await schedules.publish(number, event_type="a", event_id=f"e{number}", after=0.5 + 0.05 * number)
    async with trio.open_nursery() as nursery:

        async def live(name: str, seconds: float) -> None:
            with trio.move_on_after(seconds):
                # A cancelled run_process kills with SIGTERM first: this one is to end in the midst of things.
                await trio.run_process([*command, name, "0.001", "5", "8", "600"], deliver_cancel=_kill, check=False)

        nursery.start_soon(live, "one", 1.5)
        nursery.start_soon(live, "two", 2.0)
        await trio.sleep(2.2)
        await trio.to_thread.run_sync(server.kill)
        await restart(server)
        nursery.start_soon(live, "three", 20)
        await wait_none_scheduled(server, "{orders}:scheduled")
        with trio.fail_after(20):
            while set(cast("list[str]", server.cli("HKEYS", "runs"))) != expected:
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    assert Counter({event_id: len(times) for event_id, times in entries(server, "orders").items()}) == Counter(expected)


async def _kill(process: trio.Process) -> None:
    process.kill()


async def test_a_call_that_is_repeated_late_makes_nothing_anew(redis_server: RedisServer) -> None:
    """Its name is remembered when what it scheduled is over; another call with the same schedule id counts."""
    async with quick_runtime(redis_server) as runtime:
        store = runtime.schedules("s")._store  # as a request does that comes late
        fields = [b"event_id", b"one", b"event_type", b"a", b"payload", b"1"]
        put = {"call": b"call-1", "rule": "", "fields": fields}
        assert await store.put("one", "after", 0, **put) is not None
        assert [schedule_id for schedule_id, _ in (await store.fire()).appended] == ["one"]
        assert await store.put("one", "after", 0, **put) is None
        assert not (await store.fire()).appended
        first = await store.put("one", "at", 10**13, **{**put, "call": b"call-2"})
        assert await store.put("one", "at", 10**13 + 1, **{**put, "call": b"call-2"}) == first
        assert await store.put("one", "at", 10**13 + 1, **{**put, "call": b"call-3"}) == 10**13 + 1
        assert await store.cancel("one")
        assert await store.put("one", "after", 0, **{**put, "call": b"call-3"}) is None
    assert entries(redis_server).keys() == {"one"}


async def test_what_was_published_under_its_id_keeps_nothing_from_being_appended(any_redis_server: RedisServer) -> None:
    """Tokens are for what is published at once; a schedule has its own way to be there once."""
    async with quick_runtime(any_redis_server) as runtime:
        await runtime.publish("s", 1, event_type="a", event_id="one")
        await runtime.schedules("s").publish(1, event_type="a", event_id="one", after=0)
        await wait_none_scheduled(any_redis_server, TIMES, EVENTS)
        await runtime.publish("s", 1, event_type="a", event_id="one")
    assert len(entries(any_redis_server)["one"]) == 2


async def test_saying_again_how_it_recurs_shifts_nothing(redis_server: RedisServer) -> None:
    """As each process does when it starts; another rule is another time, and the last event counts."""
    async with quick_runtime(redis_server) as runtime:
        schedules = runtime.schedules("s")
        await schedules.publish(1, event_type="a", schedule_id="x", every=3600)
        [first] = await schedules.list()
        await trio.sleep(0.05)
        await schedules.publish(2, event_type="a", schedule_id="x", every=3600)
        [second] = await schedules.list()
        assert (second.due, second.payload) == (first.due, 2)
        await schedules.publish(2, event_type="a", schedule_id="x", cron="0 3 * * *", zone="Europe/Berlin")
        [third] = await schedules.list()
        assert (third.due.minute, third.recurs) == (0, "cron Europe/Berlin once - 0 3 * * *")


async def test_who_is_cancelled_at_the_first_call_leaves_others_a_scheduler(redis_server: RedisServer) -> None:
    """It broke: it was noted as there, and never started, if the call was cut short while the retention began."""
    async with quick_runtime(redis_server) as runtime:
        runtime.stream("s", retention=Retention(max_length=1000))
        schedules = runtime.schedules("s")
        with trio.CancelScope() as scope:
            scope.cancel()
            await schedules.publish(1, event_type="a", after=0)
        await schedules.publish(2, event_type="a", event_id="two", after=0.1)
        await wait_none_scheduled(redis_server, TIMES)
    assert set(entries(redis_server)) == {"two"}


class Growing(JsonCodec):
    """What is called "long" becomes too long for a script when it is written anew; "bad" is a bug of it."""

    def decode(self, fields: Sequence[bytes]) -> Content:
        content = super().decode(fields)
        if content.event_type == "bad":
            raise KeyError("bad")
        return content

    def encode(self, content: Content) -> Sequence[bytes]:
        fields = super().encode(content)
        return [*fields, *[b"x"] * 9000] if content.event_type == "long" else fields


class OneShort(FieldsCodec):
    """Forgets the last value."""

    def encode(self, content: Content) -> Sequence[bytes]:
        return super().encode(content)[:-1]


async def test_what_can_never_be_appended_holds_up_nothing(any_redis_server: RedisServer) -> None:
    """It broke: the script ended at it each time; and a hundred that nobody here can make hid all behind them."""
    told: list[RuntimeEvent] = []
    async with Runtime(any_redis_server.url, codec=Growing(), observer=told.append) as runtime:
        schedules = runtime.schedules("s")
        put, keys = schedules._store.put, schedules._store._keys  # as other programs do, or versions of this one
        for number in range(FIRE_MAX):
            await runtime.client.eval(load("schedule"), keys, [f"odd{number}", "at", number, number, "", "odd"])
            await put(f"other{number}", "at", number, call=b"-%d" % number, rule="each full moon", fields=[b"a", b"b"])
        for name in ("long", "bad"):
            fields = [b"event_type", name.encode(), b"payload", b"1"]
            await put(name, "at", 1, call=name.encode(), rule="every 1.0 once -", fields=fields)
        await schedules.publish(1, event_type="a", event_id="one", after=0.1)
        await schedules.publish(1, event_type="a", schedule_id="tick", every=1.0)
        with trio.fail_after(10):
            while len(entries(any_redis_server)) < 2:
                await trio.sleep(0.02)
        assert await runtime.client.call("ZCARD", TIMES) == 2 * FIRE_MAX + 3
    refused = [event.schedule for event in told if isinstance(event, SchedulesNotMoved)]
    assert len(refused) == len(set(refused)) == 2 * FIRE_MAX + 2
    assert "" not in refused


class OddSeconds(JsonCodec):
    """Forgets the last value of what happens in an odd second."""

    def encode(self, content: Content) -> Sequence[bytes]:
        fields = super().encode(content)
        return fields[:-1] if content.timestamp_ms // 1000 % 2 else fields


async def test_of_what_recurs_all_that_is_missed_is_appended_or_nothing(redis_server: RedisServer) -> None:
    """It broke: where the second entry was refused the first was there, and came again with each look."""
    told: list[RuntimeEvent] = []
    async with Runtime(redis_server.url, codec=OddSeconds(), observer=told.append) as runtime:
        schedules = runtime.schedules("s")
        fields = [b"event_id", b"", b"event_type", b"a", b"timestamp", b"0", b"payload", b"1"]
        due_ms = int(time_of(redis_server).timestamp()) // 2 * 2000 - 4000
        await schedules._store.put("tick", "at", due_ms, call=b"call", rule="every 1.0 all -", fields=fields)
        for number in range(3):
            even = datetime.fromtimestamp(0, timezone.utc)
            await schedules.publish(1, event_type="a", event_id=str(number), at=even)
            with trio.fail_after(10):
                while str(number) not in entries(redis_server):
                    await trio.sleep(0.02)
    assert entries(redis_server).keys() == {"0", "1", "2"}
    assert [event.schedule for event in told if isinstance(event, SchedulesNotMoved)] == ["tick"]


@pytest.mark.parametrize("payload", [{}, {"name": "x"}])
async def test_what_makes_no_entry_is_refused_where_it_is_scheduled(
    redis_server: RedisServer, payload: dict[str, str]
) -> None:
    """It broke: it was noted, and then refused by Redis each time that it was due."""
    codec = FieldsCodec() if not payload else OneShort()
    async with Runtime(redis_server.url, codec=codec) as runtime:
        with pytest.raises(ValueError, match="has fields with a value each, not"):
            await runtime.schedules("s").publish(payload, event_type="a", after=0)
        assert not await runtime.schedules("s").list()


async def test_no_memory_is_waited_out_and_no_fault_of_what_is_scheduled(any_redis_server: RedisServer) -> None:
    """The script is refused what it appends, not each of them."""
    told: list[RuntimeEvent] = []
    async with Runtime(any_redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append) as runtime:
        schedules = runtime.schedules("s")
        await schedules.publish(1, event_type="a", event_id="one", after=0.1)
        any_redis_server.cli("CONFIG", "SET", "maxmemory", "1")
        with trio.fail_after(10):
            while not any(isinstance(event, Interrupted) for event in told):
                await trio.sleep(0.02)
        any_redis_server.cli("CONFIG", "SET", "maxmemory", "0")
        await wait_none_scheduled(any_redis_server, TIMES)
    assert entries(any_redis_server).keys() == {"one"}
    assert not any(isinstance(event, SchedulesNotMoved) for event in told)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({}, "say when, in one way"),
        ({"after": 1, "every": 1}, "say when, in one way"),
        ({"after": -1}, "after must be 0 to"),
        ({"after": 1_700_000_000_000}, "after must be 0 to"),
        ({"every": 1, "until": datetime(2020, 1, 1, tzinfo=timezone.utc)}, "there is no such time"),
        ({"after": 1, "until": datetime(2020, 1, 1, tzinfo=timezone.utc)}, "until is for what recurs"),
        ({"after": 1, "zone": "Europe/Berlin"}, "zone is for cron, so zone='Europe/Berlin' says nothing"),
        ({"every": 5, "zone": "Europe/Berlin"}, "zone is for cron"),
        ({"at": "2030-01-31T12:00"}, "a time is a datetime, .* not '2030-01-31T12:00'"),
        ({"after": timedelta(1)}, "after is a number of seconds, not datetime.timedelta"),
        ({"every": timedelta(1)}, "every must be a number, not datetime.timedelta"),
        ({"every": 5, "until": "tomorrow"}, "a time is a datetime, .* not 'tomorrow'"),
    ],
)
async def test_a_time_that_cannot_be_is_refused(redis_server: RedisServer, when: dict[str, object], words: str) -> None:
    """With what is wrong with it; nothing is scheduled."""
    async with quick_runtime(redis_server) as runtime:
        with pytest.raises((ValueError, TypeError), match=words):
            await runtime.schedules("s").publish(1, event_type="a", **when)
    assert not redis_server.cli("EXISTS", TIMES)


async def test_a_server_that_was_demoted_refuses_a_look_as_a_whole(any_redis_server: RedisServer) -> None:
    """Inside the reply nobody would see that this is no primary any more, and leave."""
    async with connected(any_redis_server) as client:
        store = ScheduleStore(client, "s", schedule_keys("s"))
        await store.put("one", "at", 0, call=b"call", rule="", fields=[b"n", b"1"])
        any_redis_server.cli("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ReadOnlyError):
            await store.fire()
        await client.wait_up()
        assert client.generation == 2


@pytest.mark.real_server_only("a server in this process has no users")
@pytest.mark.parametrize("missing", ["zadd", "zrem", "hdel"])
async def test_who_may_not_forget_a_schedule_appends_nothing(redis_server: RedisServer, missing: str) -> None:
    """Each look would append it once more."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    async with connected(redis_server) as client:
        store = ScheduleStore(client, "s", schedule_keys("s"))
        await store.put("one", "at", 0, call=b"call", rule="", fields=[b"n", b"1"])
        await store.put("two", "at", 0, call=b"other", rule="every 60.0 once -", fields=[b"n", b"2"])
        [recurring] = [schedule for schedule in await store.all() if schedule.rule]
        await client.call("ACL", "SETUSER", "default", f"-{missing}")
        with pytest.raises(ResponseError):
            await store.fire()
        with pytest.raises(ResponseError):
            await store.recur(recurring, [[b"n", b"2"]], None)
        assert await client.xlen("s") == 0


@pytest.mark.real_server_only("a server in this process has no users")
async def test_who_may_not_use_the_keys_is_told_once_and_handles_events(redis_server: RedisServer) -> None:
    """What somebody else schedules, somebody else moves."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    keys = ("~s", "~{s}:checkpoint:g", "~{s}:retries:g", "~{s}:groups")
    redis_server.cli("ACL", "SETUSER", "app", "on", ">secret", *keys, "+@all")
    told, runs = list[RuntimeEvent](), list[object]()
    url = redis_server.url.replace("redis://", "redis://app:secret@")
    runtime = Runtime(url, retry=QUICK, timeouts=SHORT, observer=told.append)

    @runtime.handler("s", "g", block_ms=100)
    async def handle(event: Event[object]) -> None:
        runs.append(event.payload)

    async with runtime:
        with trio.fail_after(10):
            while not any(isinstance(event, SchedulesNotMoved) for event in told):
                await trio.sleep(0.01)
            await runtime.publish("s", 1, event_type="a")
            while not runs:
                await trio.sleep(0.01)
    assert sum(isinstance(event, SchedulesNotMoved) for event in told) == 1


@pytest.mark.real_server_only("the command opens a connection of its own")
def test_the_command_line_shows_and_cancels(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In columns; what is not there is told."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    assert main(["schedule", "list", "s"]) == 1
    assert capsys.readouterr().err == "redis-streams: there is no stream s\n"
    with ScheduleManager(redis_server.url) as manager:
        at = datetime(2126, 1, 31, 12, tzinfo=timezone.utc)
        manager.publish("s", "reminder", {"order": 7}, schedule_id="r-7", at=at)
        manager.publish("s", "tick", None, schedule_id="t", every=3600.0)
        assert main(["schedule", "list", "s"]) == 0
        assert {each.id for each in manager.list("s")} == {"r-7", "t"}
        head, *rows, last = capsys.readouterr().out.splitlines()
        assert head.split() == ["id", "due", "(UTC)", "recurs", "event", "type", "payload"]
        assert rows[1].split() == [
            "r-7",
            "2126-01-31",
            "12:00:00",
            "once",
            "reminder",
            PAYLOAD,
        ]
        assert last == "2 events are to be published to s"
        assert main(["schedule", "cancel", "s", "r-7", "nothing"]) == 1
        told = capsys.readouterr()
        assert told.out == "cancelled r-7\n"
        assert "not there (any more): nothing" in told.err
        assert manager.cancel("s", "t")
    assert not redis_server.cli("EXISTS", TIMES, EVENTS)


async def test_a_refusal_of_what_may_have_been_noted_says_nothing(redis_server: RedisServer) -> None:
    """It broke: the first time it was noted, unheard; the refusal of the second was told as the whole story."""
    answers = [ConnectionLost("cut", sent=True), ResponseError("NOPERM")]

    async def act() -> None:
        raise answers.pop(0)

    async with quick_runtime(redis_server) as runtime:
        with pytest.raises(PublishIndeterminate, match="NOPERM"):
            await runtime.schedules("s")._in_time(act, "one")
