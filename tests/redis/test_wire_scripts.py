"""The pending list and its Lua scripts on every version at hand: what is ours is settled, what is not is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest
import trio
from redis.exceptions import OutOfMemoryError
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import (
    MAX_ID,
    ZERO_ID,
    Client,
    Entry,
    EntryId,
    HistoryChanged,
    NoGroup,
    OnGroupLost,
    PendingList,
    ResponseError,
    ensure_group,
)

pytestmark = pytest.mark.also_on_memory

CHECKPOINT = "{s}:checkpoint:g"
DEAD = "{s}:dead:g"
RETRIES = "{s}:retries:g"
have_group = partial(ensure_group, retries_key=RETRIES)
ROW_GOES_WITH_THE_ENTRY = (7, 0, 0)
"""From this version on XCLAIM drops a row of the pending list whose entry was deleted."""


class Bench:
    """A stream with entries 1-0, 2-0, …, a group, and its pending list."""

    def __init__(self, client: Client, server: RedisServer) -> None:
        self.client = client
        self.server = server
        self.pending = PendingList(client, "s", "g")

    async def add(self, *numbers: int) -> None:
        for number in numbers:
            await self.client.xadd("s", {"n": number}, id=EntryId(number, 0))

    async def read(self, consumer: str, count: int) -> None:
        """Have entries delivered to a consumer."""
        await self.client.call("XREADGROUP", "GROUP", "g", consumer, "COUNT", count, "STREAMS", "s", ">")

    async def owners(self) -> dict[bytes, tuple[str, int]]:
        """Owner and deliveries of what is pending."""
        rows = await self.client.xpending_range("s", "g", count=10_000)
        return {row.raw_id: (row.consumer, row.deliveries) for row in rows}

    async def idle(self, raw_id: bytes) -> int:
        [row] = await self.client.xpending_range("s", "g", raw_id, raw_id, count=1)
        return row.idle_ms

    async def age(self, idle_ms: int, *raw_ids: bytes) -> None:
        """Make entries look idle, without a change of owner or count."""
        for consumer in {row.consumer for row in await self.client.xpending_range("s", "g", count=10_000)}:
            owned = await self.client.xpending_range("s", "g", count=10_000, consumer=consumer)
            ids = [row.raw_id for row in owned if row.raw_id in raw_ids]
            if ids:
                await self.client.call("XCLAIM", "s", "g", consumer, 0, *ids, "IDLE", idle_ms, "JUSTID")

    def checkpoint(self) -> object:
        return self.server.cli("HGET", CHECKPOINT, "id")


@asynccontextmanager
async def bench_on(server: RedisServer, *, entries: int = 0) -> AsyncIterator[Bench]:
    client = Client(server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        bench = Bench(client, server)
        await client.xgroup_create("s", "g", "0")
        await bench.add(*range(1, entries + 1))
        yield bench
        nursery.cancel_scope.cancel()


def ids(*numbers: int) -> Sequence[bytes]:
    return [b"%d-0" % number for number in numbers]


# settle


async def test_what_is_ours_is_settled_and_what_is_not_is_named(any_redis_server: RedisServer) -> None:
    """Another's entry, one that was never delivered, and one that was settled before: all lost, all left alone."""
    async with bench_on(any_redis_server, entries=5) as bench:
        await bench.read("mine", 2)
        await bench.read("other", 1)
        assert (await bench.pending.settle("mine", ids(1), checkpoint_key=CHECKPOINT)).acknowledged == 1
        result = await bench.pending.settle("mine", [*ids(4, 3, 2, 1), b"99-0"], checkpoint_key=CHECKPOINT)
        assert result.acknowledged == 1
        assert result.lost == {b"1-0", b"3-0", b"4-0", b"99-0"}
        assert await bench.owners() == {b"3-0": ("other", 1)}


async def test_a_foreign_consumers_entries_can_not_be_touched(any_redis_server: RedisServer) -> None:
    """By no script: owner, count, idle time and body stay as they are."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("other", 1)
        await bench.age(1000, b"1-0")
        assert (await bench.pending.settle("mine", ids(1), checkpoint_key=None)).lost == {b"1-0"}
        assert (await bench.pending.renew("mine", ids(1))).lost == ids(1)
        assert (await bench.pending.hand_back("mine", {b"1-0": 0}, idle_ms=99_999)).count == 0
        taken = await bench.pending.take_own("mine", ids(1))
        assert (taken.entries, taken.destroyed) == ([], [])
        assert await bench.pending.move_to(DEAD, "mine", b"1-0", [b"f", b"v"]) is None
        assert await bench.owners() == {b"1-0": ("other", 1)}
        assert 1000 <= await bench.idle(b"1-0") < 99_999
        assert await bench.client.xlen(DEAD) == 0
        assert bench.checkpoint() is None


async def test_the_watermark_is_the_id_before_the_oldest_pending_one(any_redis_server: RedisServer) -> None:
    """Whoever owns that; with nothing pending it is the last one delivered. In the hash it only goes forward."""
    async with bench_on(any_redis_server, entries=4) as bench:
        await bench.read("a", 1)
        await bench.read("b", 2)
        settle = bench.pending.settle
        assert (await settle("b", ids(2, 3), checkpoint_key=CHECKPOINT)).watermark == EntryId(1, 0).previous()
        assert bench.checkpoint() == str(EntryId(1, 0).previous())
        assert (await settle("a", ids(1), checkpoint_key=CHECKPOINT)).watermark == EntryId(3, 0)
        assert bench.checkpoint() == "3-0"
        any_redis_server.cli("HSET", CHECKPOINT, "id", "18446744073709551615-7")
        await settle("a", [], checkpoint_key=CHECKPOINT)
        assert bench.checkpoint() == "18446744073709551615-7"


@pytest.mark.parametrize("number", ["0-1", "1-0", "10-0", "1-10", "1000-1000", f"{2**63}-{2**63}", str(MAX_ID)])
async def test_the_id_before_any_id_is_found_in_lua_too(number: str, redis_server: RedisServer) -> None:
    """Where numbers are floats, and both halves of an id are larger than those count."""
    async with bench_on(redis_server) as bench:
        await bench.client.xadd("s", {"f": "v"}, id=number)
        await bench.read("c", 1)
        result = await bench.pending.settle("c", [], checkpoint_key=CHECKPOINT)
        assert result.watermark == EntryId.parse(number).previous()
        assert bench.checkpoint() == str(result.watermark)


async def test_a_checkpoint_that_is_kept_elsewhere_writes_no_hash(any_redis_server: RedisServer) -> None:
    """The watermark is answered all the same."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        result = await bench.pending.settle("c", ids(1, 2), checkpoint_key=None)
        assert (result.acknowledged, result.lost, result.watermark) == (2, frozenset(), EntryId(2, 0))
        assert any_redis_server.cli("KEYS", "*") == ["s"]


async def test_a_scattered_batch_is_settled_whole(any_redis_server: RedisServer) -> None:
    """A regression to guard: few ids of ours with thousands of ours between them, and with others' too."""
    async with bench_on(any_redis_server) as bench:
        await bench.client.pipeline([("XADD", "s", f"{n}-0", "n", n) for n in range(1, 5001)])
        for number in range(25):
            await bench.read("ab"[number % 2], 200)
        mine = [raw_id for raw_id, (owner, _) in (await bench.owners()).items() if owner == "a"]
        some = mine[::100]
        result = await bench.pending.settle("a", some, checkpoint_key=None)
        assert (result.acknowledged, result.lost) == (len(some), frozenset())
        assert len(await bench.owners()) == 5000 - len(some)


@pytest.mark.also_on_memory("5.0", "8.6")  # the limit is Lua's, which is the same in all
async def test_thousands_are_settled_renewed_and_handed_back_at_once(any_redis_server: RedisServer) -> None:
    """More than Lua can unpack into one command."""
    async with bench_on(any_redis_server) as bench:
        await bench.client.pipeline([("XADD", "s", f"{n}-0", "n", n) for n in range(1, 9001)])
        await bench.read("c", 9000)
        every = ids(*range(1, 9001))
        assert (await bench.pending.renew("c", every)).lost == []
        assert (await bench.pending.hand_back("c", dict.fromkeys(every, 1), idle_ms=1000)).count == 9000
        taken = await bench.pending.take_own("c", every)
        assert [count for _, count in taken.entries] == [1] * 9000
        result = await bench.pending.settle("c", every, checkpoint_key=CHECKPOINT)
        assert (result.acknowledged, result.watermark) == (9000, EntryId(9000, 0))


async def test_all_that_is_done_with_entries_goes_on_without_memory(any_redis_server: RedisServer) -> None:
    """It is what frees memory. It broke where nothing was ours: the checkpoint was the first thing to be written."""
    async with bench_on(any_redis_server, entries=4) as bench:
        await bench.read("c", 4)
        await bench.client.call("CONFIG", "SET", "maxmemory", 1)
        assert (await bench.pending.settle("d", ids(1), checkpoint_key=CHECKPOINT)).lost == {b"1-0"}
        assert (await bench.pending.settle("c", ids(1), checkpoint_key=CHECKPOINT)).acknowledged == 1
        assert bench.checkpoint() == str(EntryId(2, 0).previous())
        assert (await bench.pending.begin("c", {b"2-0": 1})).lost == []
        assert (await bench.pending.renew("c", ids(2))).lost == []
        assert (await bench.pending.hand_back("c", {b"2-0": 1}, idle_ms=5)).count == 1
        retrying = PendingList(bench.client, "s", "g", retries=RETRIES)
        assert (await retrying.delay("c", {b"3-0": 9}, idle_ms=1)).lost == []
        assert len((await retrying.claim("d", ids(2), min_idle_ms=5)).entries) == 1
        assert await bench.pending.move_to(DEAD, "c", b"4-0", [b"f", b"v"])
        assert await bench.owners() == {b"2-0": ("d", 1), b"3-0": ("c", 1)}


async def test_what_is_too_long_for_a_script_is_buried_when_there_is_memory(any_redis_server: RedisServer) -> None:
    """A transaction is refused as a whole: nothing is acknowledged that is not in the dead letters."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        await bench.client.call("CONFIG", "SET", "maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            await bench.pending.move_to(DEAD, "c", b"1-0", [b"f", b"v"] * 4000)
        assert await bench.owners() == {b"1-0": ("c", 1)}


# renew, hand_back, take_own


async def test_renewing_resets_the_idle_time_and_nothing_else(any_redis_server: RedisServer) -> None:
    """Not the count: that is of deliveries."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await bench.age(60_000, b"1-0", b"2-0")
        assert (await bench.pending.renew("c", [*ids(1), b"7-7"])).lost == [b"7-7"]
        assert await bench.idle(b"1-0") < 60_000 <= await bench.idle(b"2-0")
        assert await bench.owners() == {b"1-0": ("c", 1), b"2-0": ("c", 1)}
        assert (await bench.pending.renew("c", [])).lost == []


async def test_what_is_handed_back_can_be_taken_at_once(any_redis_server: RedisServer) -> None:
    """It keeps its owner until somebody does; a delivery that was cut short does not count, and none is added."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        assert (await bench.pending.begin("c", {b"1-0": 3})).lost == []
        assert (await bench.pending.hand_back("c", {b"1-0": 2}, idle_ms=30_000)).count == 1
        assert await bench.owners() == {b"1-0": ("c", 2), b"2-0": ("c", 1)}
        assert (await bench.pending.hand_back("c", {b"1-0": 9}, idle_ms=30_000)).count == 1
        assert await bench.owners() == {b"1-0": ("c", 2), b"2-0": ("c", 1)}
        assert [row.raw_id for row in (await bench.pending.idle(start=ZERO_ID, count=9, idle_ms=30_000)).rows] == ids(1)
        claimed = await bench.pending.claim("d", ids(1, 2), min_idle_ms=30_000)
        assert claimed.entries == [(Entry(b"1-0", [b"n", b"1"]), 2)]
        assert await bench.owners() == {b"1-0": ("d", 2), b"2-0": ("c", 1)}


async def test_the_first_delivery_is_counted_where_it_had_been_taken_off(any_redis_server: RedisServer) -> None:
    """By whoever takes the entry, as a read counts it: another consumer, or the one that had handed it back."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        assert (await bench.pending.hand_back("c", {b"1-0": 0, b"2-0": 0}, idle_ms=30_000)).count == 2
        assert await bench.owners() == {b"1-0": ("c", 0), b"2-0": ("c", 0)}
        assert (await bench.pending.claim("d", ids(1), min_idle_ms=30_000)).entries == [
            (Entry(b"1-0", [b"n", b"1"]), 0)
        ]
        assert (await bench.pending.take_own("c", ids(2))).entries == [(Entry(b"2-0", [b"n", b"2"]), 0)]
        assert await bench.owners() == {b"1-0": ("d", 1), b"2-0": ("c", 1)}


async def test_a_claim_is_won_by_one(any_redis_server: RedisServer) -> None:
    """The idle time is compared and reset in one step."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        await bench.age(60_000, b"1-0")
        won: list[str] = []

        async def claim(name: str) -> None:
            if (await bench.pending.claim(name, ids(1), min_idle_ms=30_000)).entries:
                won.append(name)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(claim, f"c{number}")
        assert len(won) == 1
        assert await bench.owners() == {b"1-0": (won[0], 1)}


async def test_what_a_cut_read_delivered_is_taken_with_its_count(any_redis_server: RedisServer) -> None:
    """It is not idle any more, and not counted again: a reply that is lost once more uses up nothing."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await bench.age(60_000, b"1-0")
        for _ in range(2):
            taken = await bench.pending.take_own("c", [*ids(1), b"9-9"])
            assert taken.entries == [(Entry(b"1-0", [b"n", b"1"]), 1)]
            assert taken.destroyed == []
        assert await bench.owners() == {b"1-0": ("c", 1), b"2-0": ("c", 1)}
        assert await bench.idle(b"1-0") < 60_000


async def test_a_delivery_is_counted_when_it_begins(any_redis_server: RedisServer) -> None:
    """Once, also when it is said twice; never back; and only for who owns it, from whom it is then not taken over."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await bench.age(60_000, b"1-0")
        for _ in range(2):
            assert (await bench.pending.begin("c", {b"1-0": 4, b"2-0": 1, b"7-7": 2})).lost == [b"7-7"]
        assert (await bench.pending.begin("c", {b"1-0": 2})).lost == []
        assert (await bench.pending.begin("d", {b"1-0": 9})).lost == ids(1)
        assert await bench.owners() == {b"1-0": ("c", 4), b"2-0": ("c", 1)}
        assert await bench.idle(b"1-0") < 60_000


# Retries


async def test_what_is_delayed_waits_for_its_time(any_redis_server: RedisServer) -> None:
    """Nobody takes it before, however idle it is; then who claims it takes it off the list."""
    async with bench_on(any_redis_server, entries=3) as bench:
        pending = PendingList(bench.client, "s", "g", retries=RETRIES)
        await bench.read("c", 2)
        await bench.read("other", 1)
        missing = await pending.delay("c", {b"1-0": 1, b"2-0": 3_600_000, b"3-0": 1}, idle_ms=30_000)
        assert (missing.lost, missing.destroyed) == (ids(3), [])
        await bench.age(60_000, b"2-0")
        await trio.sleep(0.01)
        due = await pending.due(10)
        assert due.entries == [(b"1-0", 1)]
        assert 3_500_000 < (due.next_ms or 0) <= 3_600_000
        assert await pending.waiting(ids(1, 2, 3)) == {b"2-0"}
        assert (await pending.take_own("c", ids(2))).entries == []
        claimed = await pending.claim("d", ids(1, 2, 3), min_idle_ms=30_000)
        assert claimed.entries == [(Entry(b"1-0", [b"n", b"1"]), 1)]
        assert any_redis_server.cli("ZRANGE", RETRIES, 0, -1) == ["2-0"]


async def test_retries_of_what_is_not_pending_any_more_are_forgotten(any_redis_server: RedisServer) -> None:
    """Somebody acknowledged it by hand."""
    async with bench_on(any_redis_server, entries=1) as bench:
        pending = PendingList(bench.client, "s", "g", retries=RETRIES)
        await bench.read("c", 1)
        await pending.delay("c", {b"1-0": 1}, idle_ms=30_000)
        await bench.client.xack("s", "g", ids(1))
        await trio.sleep(0.01)
        due = await pending.due(10)
        assert (due.entries, due.next_ms) == ([], None)
        assert any_redis_server.cli("EXISTS", RETRIES) == 0


async def test_a_delay_of_a_former_history_is_refused(any_redis_server: RedisServer) -> None:
    """The id may stand for another entry."""
    async with bench_on(any_redis_server, entries=1) as bench:
        pending = PendingList(bench.client, "s", "g", retries=RETRIES)
        await bench.read("c", 1)
        await bench.client.call("HSET", CHECKPOINT, "history", "new")
        with pytest.raises(HistoryChanged):
            await pending.delay("c", {b"1-0": 9}, idle_ms=1, checkpoint_key=CHECKPOINT, history="old")
        assert any_redis_server.cli("EXISTS", RETRIES) == 0


async def test_of_a_group_that_is_gone_every_script_says_so(any_redis_server: RedisServer) -> None:
    """It broke: settling nothing but a dead letter asked for the stream first, which crashed the checkpoint writer."""
    async with bench_on(any_redis_server) as bench:
        pending = PendingList(bench.client, "s", "g", retries=RETRIES)
        await bench.client.call("DEL", "s")
        with pytest.raises(NoGroup):
            await pending.settle("c", [], checkpoint_key=CHECKPOINT)
        with pytest.raises(NoGroup):
            await pending.begin("c", {b"1-0": 2})
        with pytest.raises(NoGroup):
            await pending.delay("c", {b"1-0": 2}, idle_ms=1)


# Entries that are deleted while they are pending


async def test_a_deleted_entry_is_settled_as_any_other(any_redis_server: RedisServer) -> None:
    """Its body is gone, not its row."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await bench.client.xdel("s", ids(1))
        result = await bench.pending.settle("c", ids(1, 2), checkpoint_key=CHECKPOINT)
        assert (result.acknowledged, result.watermark) == (2, EntryId(2, 0))


async def test_a_deleted_entry_is_told_apart_when_it_is_taken(any_redis_server: RedisServer) -> None:
    """By its id, so that it can be reported and acknowledged. Its row stays until then."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await bench.client.xdel("s", ids(1))
        taken = await bench.pending.take_own("c", ids(1, 2))
        assert (taken.entries, taken.destroyed) == ([(Entry(b"2-0", [b"n", b"2"]), 1)], [b"1-0"])
        assert await bench.owners() == {b"1-0": ("c", 1), b"2-0": ("c", 1)}


async def test_a_deleted_entry_that_is_claimed_is_destroyed_or_gone(any_redis_server: RedisServer) -> None:
    """Told apart: up to 6.2 its row is ours now, from 7.0 on Redis drops it."""
    async with bench_on(any_redis_server, entries=3) as bench:
        await bench.read("c", 3)
        await bench.client.xdel("s", ids(1))
        claimed = await bench.pending.claim("d", ids(1, 2), min_idle_ms=0)
        assert claimed.entries == [(Entry(b"2-0", [b"n", b"2"]), 1)]
        gone = any_redis_server.version >= ROW_GOES_WITH_THE_ENTRY
        assert claimed.destroyed == ([] if gone else [b"1-0"])
        assert claimed.dropped == ([b"1-0"] if gone else [])
        owners = await bench.owners()
        assert owners.get(b"1-0", ("",))[0] == ("" if gone else "d")
        assert owners[b"3-0"] == ("c", 1)


async def test_a_deleted_entry_in_hand_is_held_or_destroyed(any_redis_server: RedisServer) -> None:
    """It broke: from 7.0 on Redis drops its row when it is claimed, by whomever, and nobody was told of it."""
    async with bench_on(any_redis_server, entries=8) as bench:
        await bench.read("c", 8)
        await bench.client.xdel("s", ids(1, 3, 5, 7))
        gone = any_redis_server.version >= ROW_GOES_WITH_THE_ENTRY
        renewed = await bench.pending.renew("c", ids(1, 2))
        begun = await bench.pending.begin("c", {b"3-0": 2, b"4-0": 2})
        delayed = await PendingList(bench.client, "s", "g", retries="{s}:retries:g").delay(
            "c", {b"5-0": 9, b"6-0": 9}, idle_ms=1
        )
        returned = await bench.pending.hand_back("c", {b"7-0": 1, b"8-0": 1}, idle_ms=5)
        assert [renewed.destroyed, begun.destroyed, delayed.destroyed, returned.destroyed] == (
            [ids(1), ids(3), ids(5), ids(7)] if gone else [[], [], [], []]
        )
        assert [*renewed.lost, *begun.lost, *delayed.lost] == []
        assert returned.count == (1 if gone else 2)
        assert set(await bench.owners()) == set(ids(2, 4, 6, 8) if gone else ids(*range(1, 9)))
        assert (await bench.pending.renew("c", ids(1, 2))).lost == (ids(1) if gone else [])


# Dead consumers


async def test_who_was_not_heard_of_and_has_nothing_pending_is_removed(any_redis_server: RedisServer) -> None:
    """Who has something pending, or was heard of, is not."""
    async with bench_on(any_redis_server, entries=3) as bench:
        for consumer in ("dead", "owner"):
            await bench.read(consumer, 1)
        await bench.client.xack("s", "g", ids(1))
        assert await bench.pending.reap(idle_ms=60_000) == []
        await trio.sleep(0.05)
        await bench.read("living", 1)
        await bench.client.xack("s", "g", ids(3))
        assert await bench.pending.reap(idle_ms=40) == ["dead"]
        assert await bench.owners() == {b"2-0": ("owner", 1)}
        names = {consumer.name for consumer in await bench.client.xinfo_consumers("s", "g")}
        assert names == {"owner", "living"}


async def test_a_reader_that_is_removed_while_it_waits_gets_what_comes(any_redis_server: RedisServer) -> None:
    """So being removed by mistake costs nothing."""
    async with bench_on(any_redis_server, entries=1) as bench, bench.client.link() as link:
        reader = await link.connection()
        await bench.read("c", 1)
        await bench.client.xack("s", "g", ids(1))
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                got: list[Entry] = []

                async def read() -> None:
                    got.extend(await reader.read_group("s", "g", "c", count=1, block_ms=5000))

                nursery.start_soon(read)
                await trio.sleep(0.1)
                assert await bench.pending.reap(idle_ms=20) == ["c"]
                await bench.add(2)
        assert await bench.owners() == {b"2-0": ("c", 1)}
        assert [entry.raw_id for entry in got] == ids(2)


# Histories


async def test_what_was_delivered_in_a_former_history_is_not_settled(any_redis_server: RedisServer) -> None:
    """Neither acknowledged nor buried, by either way; the error says which history it is now."""
    async with bench_on(any_redis_server, entries=2) as bench:
        await bench.read("c", 2)
        await have_group(bench.client, "s", "g", start=ZERO_ID, checkpoint_key=CHECKPOINT, history="old")
        await bench.client.call("XGROUP", "DESTROY", "s", "g")
        await have_group(bench.client, "s", "g", start=ZERO_ID, checkpoint_key=CHECKPOINT, history="new")
        await bench.read("c", 2)
        before = await bench.owners()
        with pytest.raises(HistoryChanged) as caught:
            await bench.pending.settle("c", ids(1), checkpoint_key=CHECKPOINT, history="old")
        assert caught.value.history == await bench.pending.history(CHECKPOINT) == "new"
        bury = partial(bench.pending.move_to, DEAD, "c", b"1-0", checkpoint_key=CHECKPOINT)
        for words in (2, 8000):
            with pytest.raises(HistoryChanged):
                await bury([b"x"] * words, history="old")
        assert (await bench.owners(), await bench.client.xlen(DEAD)) == (before, 0)
        assert await bury([b"f", b"v"], history="new")
        settled = await bench.pending.settle("c", ids(2), checkpoint_key=CHECKPOINT, history="new")
        assert settled.acknowledged == 1


@pytest.mark.parametrize("added", [(2, 3, 7), range(2, 8)], ids=["fewer", "more, of which some lie below"])
async def test_another_stream_is_not_taken_for_the_former(added: Sequence[int], any_redis_server: RedisServer) -> None:
    """Though its last id is not below the checkpoint. Servers before 7.0 do not count what was added."""
    async with bench_on(any_redis_server, entries=4) as bench:
        ensure = partial(
            have_group,
            bench.client,
            "s",
            "g",
            start=ZERO_ID,
            checkpoint_key=CHECKPOINT,
            history="h",
        )
        await ensure()
        await bench.read("c", 4)
        await bench.pending.settle("c", ids(1, 2, 3), checkpoint_key=CHECKPOINT)
        await bench.client.call("DEL", "s")
        await bench.add(*added)
        made = await ensure()
        counts = any_redis_server.version >= (7, 0, 0)
        assert (made.what, made.position.ms) == (("restarted", 0) if counts else ("recreated", 3))


async def test_another_stream_is_noticed_by_a_group_that_was_made_in_the_midst(any_redis_server: RedisServer) -> None:
    """Redis does not say of such a group how many entries it has read, so what was added stayed as it was at first."""
    async with bench_on(any_redis_server, entries=1) as bench:
        ensure = partial(have_group, bench.client, "s", "g", start=ZERO_ID, checkpoint_key=CHECKPOINT, history="h")
        await bench.client.call("HSET", CHECKPOINT, "id", "1-0")
        await bench.client.call("XGROUP", "DESTROY", "s", "g")
        assert (await ensure()).what == "recreated"
        await bench.add(2, 3, 4)
        await bench.read("c", 2)
        await bench.pending.settle("c", ids(2), checkpoint_key=CHECKPOINT)
        await bench.client.call("DEL", "s")
        await bench.add(1, 2, 3)
        made = await ensure()
        counts = any_redis_server.version >= (7, 0, 0)
        assert (made.what, made.position.ms) == (("restarted", 0) if counts else ("recreated", 2))


async def test_the_same_stream_is_taken_for_it_whatever_was_added_and_deleted(any_redis_server: RedisServer) -> None:
    """Only the group was destroyed: it goes on at its checkpoint."""
    async with bench_on(any_redis_server, entries=4) as bench:
        ensure = partial(
            have_group,
            bench.client,
            "s",
            "g",
            start=ZERO_ID,
            checkpoint_key=CHECKPOINT,
            history="h",
        )
        await ensure()
        await bench.read("c", 3)
        await bench.pending.settle("c", ids(1, 2), checkpoint_key=CHECKPOINT)
        await bench.add(5, 6, 7)
        await bench.client.xdel("s", ids(1, 4, 6, 7))
        await bench.client.call("XGROUP", "DESTROY", "s", "g")
        made = await ensure()
        assert (made.what, made.position.ms) == ("recreated", 2)


async def test_what_is_under_an_id_now_is_compared(any_redis_server: RedisServer) -> None:
    """Gone, another, the same."""
    async with bench_on(any_redis_server, entries=3) as bench:
        read = await bench.client.xrange("s")
        await bench.client.call("DEL", "s")
        await bench.client.call("XADD", "s", "2-0", "another", "one")
        await bench.client.call("XADD", "s", "3-0", *(read[2].fields or ()))
        assert await bench.pending.replaced(read) == ids(1, 2)


# Dead letters


async def test_a_dead_letter_and_its_acknowledgement_are_one_step(any_redis_server: RedisServer) -> None:
    """With all its fields, also bytes; a second time it is not ours any more."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        fields = [b"\xff\x00", b"\r\n", b"", b"x"]
        letter = await bench.pending.move_to(DEAD, "c", b"1-0", fields)
        assert await bench.client.xrange(DEAD) == [Entry(str(letter).encode(), fields)]
        assert await bench.owners() == {}
        assert await bench.pending.move_to(DEAD, "c", b"1-0", fields) is None
        assert await bench.client.xlen(DEAD) == 1


@pytest.mark.parametrize("words", [6998, 7000, 7002, 30_000])
async def test_a_dead_letter_may_have_any_number_of_fields(words: int, any_redis_server: RedisServer) -> None:
    """Around the limit of scripts, and far beyond it."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        assert await bench.pending.move_to(DEAD, "c", b"1-0", [b"x"] * words) is not None
        assert len((await bench.client.xrange(DEAD))[0].fields or ()) == words
        assert await bench.owners() == {}


async def test_a_dead_letter_that_can_not_be_written_stays_pending(any_redis_server: RedisServer) -> None:
    """Where something else lies under its key, by either way."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        any_redis_server.cli("SET", DEAD, "text")
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await bench.pending.move_to(DEAD, "c", b"1-0", [b"f", b"v"])
        assert await bench.owners() == {b"1-0": ("c", 1)}


# Pages


async def test_pages_cover_the_list_once(any_redis_server: RedisServer) -> None:
    """Of one consumer, and of what is idle; neither counts nor idle times change."""
    async with bench_on(any_redis_server, entries=10) as bench:
        for number in range(10):
            await bench.read("ab"[number % 2], 1)
        await bench.age(60_000, *ids(1, 4, 5, 9))
        found: list[bytes] = []
        start: EntryId | None = ZERO_ID
        while start is not None:
            page = await bench.pending.idle(start=start, count=3, idle_ms=30_000)
            found += [row.raw_id for row in page.rows]
            start = page.next
        assert found == ids(1, 4, 5, 9)
        first = await bench.pending.of("a", start=ZERO_ID, count=3)
        assert first.next == EntryId(5, 1)
        rest = await bench.pending.of("a", start=first.next, count=3)
        assert rest.next is None
        assert [row.raw_id for page in (first, rest) for row in page.rows] == ids(1, 3, 5, 7, 9)
        assert {deliveries for _, deliveries in (await bench.owners()).values()} == {1}


async def test_the_last_page_may_be_a_full_one(any_redis_server: RedisServer) -> None:
    """A regression: above the greatest of all ids there is no next one, and looking for it raised OverflowError."""
    async with bench_on(any_redis_server) as bench:
        await bench.client.xadd("s", {"f": "v"}, id=EntryId(MAX_ID.ms, MAX_ID.seq - 1))
        await bench.client.xadd("s", {"f": "v"}, id=MAX_ID)
        await bench.read("c", 2)
        first = await bench.pending.of("c", start=ZERO_ID, count=1)
        assert first.next == MAX_ID
        last = await bench.pending.of("c", start=MAX_ID, count=1)
        assert [row.raw_id for row in last.rows] == [str(MAX_ID).encode()]
        assert last.next is None


# ensure_group


@pytest.mark.parametrize("key", [CHECKPOINT, None])
async def test_a_new_group_begins_where_it_is_told(key: str | None, any_redis_server: RedisServer) -> None:
    """With the stream, or at its end; the second time it existed."""
    client = Client(any_redis_server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await client.xadd("t", {"f": "v"}, id="5-5")
        for stream, start, begins in (("s", "$", ZERO_ID), ("t", "$", EntryId(5, 5)), ("u", EntryId(3, 1), None)):
            where = EntryId(3, 1) if begins is None else begins
            made = await have_group(
                client,
                stream,
                "g",
                start=start,
                checkpoint_key=key and f"{{{stream}}}:c",
                history="h",
            )
            assert (made.what, made.position) == ("created", where)
            assert (await client.xinfo_groups(stream))[0].last_delivered_id == where
            again = await have_group(
                client,
                stream,
                "g",
                start=start,
                checkpoint_key=key and f"{{{stream}}}:c",
                history="h",
            )
            assert (again.what, again.position) == ("existed", where)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kept", [True, False])
async def test_a_lost_group_begins_again_at_its_checkpoint(kept: bool, any_redis_server: RedisServer) -> None:  # noqa: FBT001
    """Also with the stream; where its ids went backwards all in it is new."""
    async with bench_on(any_redis_server, entries=3) as bench:
        await bench.read("c", 2)
        await bench.pending.settle("c", ids(1, 2), checkpoint_key=CHECKPOINT if kept else None)
        options: dict[str, object] = {
            "history": "h",
            "retries_key": RETRIES,
            "start": "$",
            "checkpoint_key": CHECKPOINT if kept else None,
        }
        if not kept:
            options["checkpoint"] = EntryId(2, 0)
        await bench.client.xgroup_destroy("s", "g")
        made = await have_group(bench.client, "s", "g", **options)  # type: ignore[arg-type]
        assert (made.what, made.position) == ("recreated", EntryId(2, 0))
        await bench.client.call("DEL", "s")
        await bench.add(1)
        made = await have_group(bench.client, "s", "g", **options)  # type: ignore[arg-type]
        assert (made.what, made.position) == ("restarted", ZERO_ID)
        await bench.read("c", 9)
        assert list(await bench.owners()) == ids(1)


async def test_a_group_that_somebody_else_made_is_taken_as_it_is(any_redis_server: RedisServer) -> None:
    """With nothing pending all that it delivered is settled; with something, nobody knows yet."""
    async with bench_on(any_redis_server, entries=3) as bench:
        await bench.read("c", 2)
        found = await have_group(bench.client, "s", "g", start="$", checkpoint_key=CHECKPOINT, history="h")
        assert (found.what, found.position) == ("existed", ZERO_ID)
        assert bench.checkpoint() is None
        await bench.client.xack("s", "g", ids(1, 2))
        found = await have_group(bench.client, "s", "g", start="$", checkpoint_key=CHECKPOINT, history="h")
        assert (found.what, found.position) == ("existed", EntryId(2, 0))
        assert bench.checkpoint() == "2-0"


async def test_a_call_that_is_repeated_is_answered_as_the_first_time(any_redis_server: RedisServer) -> None:
    """It broke: the second try found the group that the first had made, and what had been lost was told by nobody."""
    async with bench_on(any_redis_server, entries=3) as bench:
        ensure = partial(
            have_group,
            bench.client,
            "s",
            "g",
            start=ZERO_ID,
            checkpoint_key=None,
            checkpoint=EntryId(2, 0),
            groups_key="{s}:groups",
        )
        assert (await ensure(history="h1", call="a")).what == "existed"
        await bench.client.xgroup_destroy("s", "g")
        made = await ensure(history="h2", call="b")
        assert (made.what, made.position) == ("recreated", EntryId(2, 0))
        await bench.read("c", 3)
        assert await ensure(history="h3", call="b") == made
        assert (await ensure(history="h4", call="c")).what == "existed"
        await bench.client.xgroup_destroy("s", "g")
        assert (await ensure(history="h5", call="b")).what == "recreated"


@pytest.mark.parametrize("on_group_lost", ["resume_at_checkpoint", "fail"])
async def test_retries_of_a_group_that_is_gone_are_forgotten(
    any_redis_server: RedisServer, on_group_lost: OnGroupLost
) -> None:
    """It broke: an entry that came again and was handed back waited for a time that had been meant for the former."""
    async with bench_on(any_redis_server, entries=1) as bench:
        ensure = partial(
            have_group,
            bench.client,
            "s",
            "g",
            start=ZERO_ID,
            checkpoint_key=CHECKPOINT,
            history="h",
            on_group_lost=on_group_lost,
            seen=True,
        )
        await bench.client.call("ZADD", RETRIES, 10**15, "1-0")
        assert (await ensure()).what == "existed"
        assert await bench.client.call("ZCARD", RETRIES) == 1
        await bench.client.xgroup_destroy("s", "g")
        assert (await ensure()).what in ("created", "lost")
        await bench.client.xgroup_create("s", "g", "0")
        await bench.read("c", 1)
        taken = await PendingList(bench.client, "s", "g", retries=RETRIES).take_own("c", ids(1))
        assert len(taken.entries) == 1


async def test_without_memory_a_group_is_found_and_made_again(any_redis_server: RedisServer) -> None:
    """It broke: who started waited for memory, and who would have freed it did not start."""
    async with bench_on(any_redis_server, entries=3) as bench:
        ensure = partial(
            have_group,
            bench.client,
            "s",
            "g",
            start=ZERO_ID,
            checkpoint_key=CHECKPOINT,
            history="h",
        )
        for bytes_max in (1, 0):
            await bench.client.call("CONFIG", "SET", "maxmemory", bytes_max)
            assert (await ensure()).what == "existed"
        await bench.client.xgroup_destroy("s", "g")
        await bench.client.call("CONFIG", "SET", "maxmemory", 1)
        assert (await ensure()).what == "created"
        await bench.read("c", 3)
        assert list(await bench.owners()) == ids(1, 2, 3)


async def test_many_who_make_the_group_make_one(any_redis_server: RedisServer) -> None:
    """One created it, for the others it existed."""
    client = Client(any_redis_server.url, rng=Random(1))
    whats: list[str] = []

    async def ensure() -> None:
        whats.append((await have_group(client, "s", "g", start="$", checkpoint_key=CHECKPOINT, history="h")).what)

    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        async with trio.open_nursery() as makers:
            for _ in range(20):
                makers.start_soon(ensure)
        nursery.cancel_scope.cancel()
    assert sorted(whats) == ["created"] + ["existed"] * 19


# What is not as it should be


async def test_names_that_are_no_text_pass_through_scripts(any_redis_server: RedisServer) -> None:
    """A consumer's name is any bytes."""
    name = b"\xff\xfe".decode("utf-8", "surrogateescape")
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read(name, 1)
        assert (await bench.pending.renew(name, ids(1))).lost == []
        assert (await bench.pending.settle(name, ids(1), checkpoint_key=None)).acknowledged == 1


async def test_an_id_that_is_none_is_an_error(any_redis_server: RedisServer) -> None:
    """And nothing is done."""
    async with bench_on(any_redis_server, entries=1) as bench:
        await bench.read("c", 1)
        for asked in (bench.pending.renew("c", [b"x"]), bench.pending.take_own("c", [b"x"])):
            with pytest.raises(ResponseError, match="Invalid stream ID"):
                await asked
        assert await bench.owners() == {b"1-0": ("c", 1)}
