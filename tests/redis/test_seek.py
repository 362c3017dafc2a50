"""Moving a group to another place of its stream, on real servers: what comes again, what is passed over, what stays."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest
import trio
from redis_streams import ConsumerGroupManager, EntryId, Event, NewEvent
from redis_streams.__main__ import main
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import NoGroup, PendingList, seek_group
from support.connected import connected
from support.load import RECLAIM, quick_runtime, wait_settled

KEY, RETRIES = "{s}:checkpoint:g", "{s}:retries:g"


def stream_of(server: RedisServer, entries: int, *, read: int = 0, acked: int = 0) -> None:
    """Entries 1-0, 2-0, … and a group, which has read so many, and acknowledged so many of those."""
    for number in range(1, entries + 1):
        server.cli("XADD", "s", f"{number}-0", "event_type", "odd" if number % 2 else "even", "payload", number)
    server.cli("XGROUP", "CREATE", "s", "g", "0")
    server.cli("HSET", KEY, "history", "h", "id", f"{acked}-0")
    if read:
        server.cli("XREADGROUP", "GROUP", "g", "c", "COUNT", read, "STREAMS", "s", ">")
    if acked:
        server.cli("XACK", "s", "g", *(f"{number}-0" for number in range(1, acked + 1)))


def checkpoint(server: RedisServer) -> dict[str, str]:
    flat = server.cli("HGETALL", KEY)
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.mark.also_on_memory
@pytest.mark.real_time
async def test_a_group_that_is_moved_back_handles_again_what_it_has_handled(any_redis_server: RedisServer) -> None:
    """While it works: also what is in hand, whose handler began before."""
    runtime, runs, may_end = quick_runtime(any_redis_server), list[object](), trio.Event()

    @runtime.handler("s", "g", consumer="c", block_ms=100, reclaim=RECLAIM, on_lease_lost="finish")
    async def handle(event: Event[object]) -> None:
        runs.append(event.payload)
        if event.payload == 3:
            await may_end.wait()

    async with runtime:
        ids = await runtime.publish_many("s", [NewEvent("t", number) for number in (1, 2, 3)])
        with trio.fail_after(10):
            while len(runs) < 3:
                await trio.sleep(0.01)
        sought = await runtime.group("s", "g").seek(ids[0])
        assert (sought.former, sought.position, sought.pending >= 1) == (ids[2], ids[0], True)
        may_end.set()
        await wait_settled(any_redis_server, stream="s", group="g")
        with trio.fail_after(10):
            while runs.count(3) < 2 or checkpoint(any_redis_server)["id"] != str(ids[2]):
                await trio.sleep(0.01)
    assert runs.count(1) == 1
    assert runs.count(2) >= 2


@pytest.mark.also_on_memory
@pytest.mark.real_time
async def test_what_a_seek_had_handled_in_vain_has_all_its_deliveries_yet(any_redis_server: RedisServer) -> None:
    """A read that was asked for before the seek brings it: its verdict is refused, and that was not its only try."""
    runtime, runs = quick_runtime(any_redis_server), list[object]()

    @runtime.handler("s", "g", consumer="c", block_ms=500, reclaim=RECLAIM, max_deliveries=1)
    async def handle(event: Event[object]) -> None:
        runs.append(event.payload)

    async with runtime:
        with trio.fail_after(20):
            [first] = await runtime.publish_many("s", [NewEvent("t", 1)])
            while checkpoint(any_redis_server)["id"] != str(first):
                await trio.sleep(0.01)
            await runtime.group("s", "g").seek(first)
            last = (await runtime.publish_many("s", [NewEvent("t", number) for number in (2, 3, 4)]))[-1]
            while checkpoint(any_redis_server)["id"] != str(last):
                await trio.sleep(0.01)
        assert set(runs) == {1, 2, 3, 4}
        assert list(await runtime.dead_letters("s", "g").find()) == []


@pytest.mark.also_on_memory
async def test_what_comes_after_the_place_is_delivered_anew_and_what_is_pending_before_stays(
    any_redis_server: RedisServer,
) -> None:
    """In one step with the checkpoint, which is just below what is pending, and with a new name for the history."""
    stream_of(any_redis_server, 6, read=5, acked=1)
    any_redis_server.cli("ZADD", RETRIES, 1, "2-0", 1, "4-0")
    async with connected(any_redis_server) as client:
        sought = await seek_group(client, "s", "g", EntryId(3, 0), checkpoint_key=KEY, retries_key=RETRIES)
        assert (sought.former, sought.position, sought.pending) == (EntryId(5, 0), EntryId(3, 0), 2)
        rows = await client.xpending_range("s", "g", count=10)
        assert [row.raw_id for row in rows] == [b"2-0", b"3-0"]
        assert await client.call("ZRANGE", RETRIES, 0, -1) == [b"2-0"]
        [info] = await client.xinfo_groups("s")
        assert info.last_delivered_id == EntryId(3, 0)
        known = checkpoint(any_redis_server)
        number = known["history"].removeprefix("h.")
        assert (known["id"], known["seeks"]) == ("1-18446744073709551615", f"{number}@3-0")
        assert await PendingList(client, "s", "g").sought_since(KEY, "h", known["history"]) == EntryId(3, 0)


async def test_a_seek_is_not_taken_for_one_that_a_failover_has_undone(any_redis_server: RedisServer) -> None:
    """The next one begins another history, and who knew of the former has to know of it."""
    stream_of(any_redis_server, 6, read=5, acked=1)
    where = {"checkpoint_key": KEY, "retries_key": RETRIES}
    async with connected(any_redis_server) as client:
        await seek_group(client, "s", "g", EntryId(3, 0), **where)
        undone = checkpoint(any_redis_server)["history"]
        # The replica that becomes the primary has heard of nothing.
        any_redis_server.cli("HSET", KEY, "history", "h")
        any_redis_server.cli("HDEL", KEY, "seeks")
        await seek_group(client, "s", "g", EntryId(2, 0), **where)
        present = checkpoint(any_redis_server)["history"]
        assert present != undone
        assert await PendingList(client, "s", "g").sought_since(KEY, undone, present) == EntryId(2, 0)


@pytest.mark.also_on_memory
async def test_more_than_a_page_of_pending_entries_is_taken_back(any_redis_server: RedisServer) -> None:
    """All in the one step; and what is beyond the end of the stream is the end."""
    async with connected(any_redis_server) as client:
        await client.pipeline([(b"XADD", b"s", b"%d-0" % number, b"a", b"b") for number in range(1, 2501)])
        any_redis_server.cli("XGROUP", "CREATE", "s", "g", "0")
        await client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", 2500, "STREAMS", "s", ">")
        where = {"checkpoint_key": KEY, "retries_key": RETRIES}
        assert (await seek_group(client, "s", "g", EntryId(1, 0), dry_run=True, **where)).pending == 2499
        assert (await client.xpending("s", "g")).count == 2500
        assert (await seek_group(client, "s", "g", EntryId(1, 0), **where)).pending == 2499
        assert (await client.xpending("s", "g")).count == 1
        assert (await seek_group(client, "s", "g", EntryId(9999, 0), **where)).position == EntryId(2500, 0)
        first, last = (note.partition("@")[0] for note in checkpoint(any_redis_server)["seeks"].split())
        assert int(first) < int(last)


@pytest.mark.also_on_memory
async def test_a_group_that_is_not_there_is_not_moved(redis_server: RedisServer) -> None:
    """Nor made: it would begin at a place that nobody asked for when it is."""
    async with connected(redis_server) as client:
        for stream in ("none", "s"):
            with pytest.raises(NoGroup):
                await seek_group(client, stream, "g", "$", checkpoint_key=KEY, retries_key=RETRIES)
            redis_server.cli("XADD", "s", "*", "a", "b")
    assert redis_server.cli("EXISTS", KEY) == 0


def test_a_dry_run_counts_by_type_and_changes_nothing(redis_server: RedisServer) -> None:
    """Backwards what comes again, forwards what nobody gets to see; times and words are places too."""
    stream_of(redis_server, 6, read=4, acked=3)
    with ConsumerGroupManager(redis_server.url) as groups:
        back = groups.seek("s", "g", "start", dry_run=True)
        assert (back.again, back.skipped, back.pending) == ({"odd": 2, "even": 2}, {}, 1)
        on = groups.seek("s", "g", "end", dry_run=True)
        assert (on.again, on.skipped, on.position) == ({}, {"odd": 1, "even": 1}, EntryId(6, 0))
        then = datetime(1970, 1, 1, microsecond=2000, tzinfo=timezone.utc)
        assert groups.seek("s", "g", then, dry_run=True).again == {"odd": 1, "even": 2}
        assert [info.last_delivered_id for info in groups.list_groups("s")] == [EntryId(4, 0)]
        assert "seeks" not in checkpoint(redis_server)
        with pytest.raises(ValueError, match="yesterday"):
            groups.seek("s", "g", "yesterday")


class Terminal(io.StringIO):
    """One at which somebody types Ctrl-D."""

    def isatty(self) -> bool:
        """As far as a program sees."""
        return True


def test_it_is_done_from_the_command_line(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """First to see what would be; without --yes nothing is done where nobody can be asked."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    stream_of(redis_server, 3, read=3, acked=3)
    assert main(["group", "seek", "s", "g", "--to", "1-0", "--dry-run"]) == 0
    assert main(["group", "seek", "s", "g", "--to", "1-0"]) == 1
    assert main(["group", "seek", "s", "g", "--to", "1-0", "--yes"]) == 0
    assert main(["group", "seek", "s", "g", "--to", "soon", "--yes"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[:5] == [
        "  event type  entries",
        "  even        1",
        "  odd         1",
        "2 entries would be delivered again",
        "g of s is at 3-0, and would go on after 1-0",
    ]
    assert captured.out.splitlines()[-1] == "g of s goes on after 1-0; it was at 3-0"
    no, wrong = captured.err.splitlines()
    assert no == "redis-streams: nothing was done: say --yes where nobody can be asked, or --dry-run"
    assert "--to must be 'start', 'end', an id like" in wrong
    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["group", "seek", "s", "g", "--to", "start"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Do it? [y/N] ", "nothing was done"]
