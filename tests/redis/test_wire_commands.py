"""Every typed command on every version at hand, and redis-py's command layer."""

import pytest
import redis
import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import MAX_ID, ZERO_ID, Entry, EntryId, NoGroup, ResponseError, is_weather
from support.connected import connected

pytestmark = pytest.mark.also_on_memory


async def test_entries_go_in_and_come_out(any_redis_server: RedisServer) -> None:
    """XADD, XLEN, XRANGE both ways, XDEL."""
    async with connected(any_redis_server) as client:
        ids = [await client.xadd("s", {"n": n}, id=EntryId(n, 0)) for n in (1, 2, 3)]
        assert ids == [EntryId(1, 0), EntryId(2, 0), EntryId(3, 0)]
        assert await client.xlen("s") == 3
        assert await client.xrange("s", count=2) == [Entry(b"1-0", [b"n", b"1"]), Entry(b"2-0", [b"n", b"2"])]
        assert [e.id.ms for e in await client.xrange("s", EntryId(2, 0), backwards=True)] == [3, 2]
        assert await client.xdel("s", [EntryId(2, 0), b"9-9"]) == 1
        assert [e.id.ms for e in await client.xrange("s")] == [1, 3]
        assert await client.xrange("nothing") == []
        assert (await client.xadd("s", [b"\xff", b"\x00"])) is not None
        assert (await client.xrange("s", "+", backwards=True, count=1)) == []
        assert (await client.xrange("s", count=1, backwards=True))[0].fields == [b"\xff", b"\x00"]


async def test_a_stream_can_be_kept_short(any_redis_server: RedisServer) -> None:
    """By length."""
    async with connected(any_redis_server) as client:
        for n in range(1, 11):
            await client.xadd("s", {"n": n}, id=EntryId(n, 0), max_length=8, approximate=False)
        assert await client.xlen("s") == 8
        assert await client.xtrim("s", 5, approximate=False) == 3
        assert [e.id.ms for e in await client.xrange("s")] == [6, 7, 8, 9, 10]
        assert await client.xtrim("s", 1) == 0


async def test_a_stream_can_be_cut_at_an_id_and_left_unmade(any_redis_server: RedisServer) -> None:
    """MINID and NOMKSTREAM came with Redis 6.2; an older server says so, and does nothing."""
    async with connected(any_redis_server) as client:
        for n in range(1, 6):
            await client.xadd("s", {"n": n}, id=EntryId(n, 0))
        if any_redis_server.version < (6, 2, 0):
            with pytest.raises(ResponseError):
                await client.xadd("none", {"f": "v"}, make_stream=False)
            with pytest.raises(ResponseError):
                await client.xtrim("s", min_id=EntryId(3, 0), approximate=False)
            assert (await client.xlen("none"), await client.xlen("s")) == (0, 5)
            return
        assert await client.xadd("none", {"f": "v"}, make_stream=False) is None
        assert await client.xtrim("s", min_id=EntryId(3, 0), approximate=False) == 2
        assert [e.id.ms for e in await client.xrange("s")] == [3, 4, 5]
        assert await client.xadd("s", {"f": "v"}, min_id=EntryId(5, 0), approximate=False)
        assert await client.xlen("s") == 2


async def test_a_group_lives_and_dies(any_redis_server: RedisServer) -> None:
    """Made once, moved, listed, destroyed."""
    async with connected(any_redis_server) as client:
        with pytest.raises(ResponseError, match="requires the key to exist"):
            await client.xgroup_create("s", "g", "0", make_stream=False)
        assert await client.xgroup_create("s", "g", "0")
        assert not await client.xgroup_create("s", "g", "$")
        await client.xadd("s", {"f": "v"}, id="5-5")
        await client.xgroup_setid("s", "g", EntryId(5, 5))
        [info] = await client.xinfo_groups("s")
        assert (info.name, info.consumers, info.pending, info.last_delivered_id) == ("g", 0, 0, EntryId(5, 5))
        assert (info.lag is not None) is (any_redis_server.version >= (7, 0, 0))
        stream = await client.xinfo_stream("s")
        assert (stream.length, stream.groups, stream.last_generated_id) == (1, 1, EntryId(5, 5))
        assert stream.first_entry == stream.last_entry == Entry(b"5-5", [b"f", b"v"])
        assert stream.entries_added == (1 if any_redis_server.version >= (7, 0, 0) else None)
        assert await client.xgroup_destroy("s", "g")
        assert not await client.xgroup_destroy("s", "g")
        for asked in (client.xpending("s", "g"), client.xpending_range("s", "g", count=1)):
            with pytest.raises(NoGroup):
                await asked


async def test_a_consumer_can_be_made_before_it_reads(any_redis_server: RedisServer) -> None:
    """XGROUP CREATECONSUMER came with Redis 6.2."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        if any_redis_server.version < (6, 2, 0):
            with pytest.raises(ResponseError, match="CREATECONSUMER"):
                await client.xgroup_createconsumer("s", "g", "c")
            return
        assert await client.xgroup_createconsumer("s", "g", "c")
        assert not await client.xgroup_createconsumer("s", "g", "c")
        assert [consumer.name for consumer in await client.xinfo_consumers("s", "g")] == ["c"]


async def test_entries_are_read_pending_claimed_and_acknowledged(any_redis_server: RedisServer) -> None:
    """The life of an entry in a group."""
    async with connected(any_redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        for n in (1, 2, 3):
            await client.xadd("s", {"n": n}, id=EntryId(n, 0))
        connection = await link.connection()
        entries = await connection.read_group("s", "g", "one", count=2, block_ms=100)
        assert [entry.mapping() for entry in entries] == [{b"n": b"1"}, {b"n": b"2"}]
        assert len(await connection.read_group("s", "g", "one", count=9, block_ms=None, start="1-0")) == 1
        summary = await client.xpending("s", "g")
        assert (summary.count, summary.first, summary.last) == (2, EntryId(1, 0), EntryId(2, 0))
        assert summary.consumers == {"one": 2}
        rows = await client.xpending_range("s", "g", count=10, consumer="one")
        assert [(row.raw_id, row.consumer, row.deliveries) for row in rows] == [(b"1-0", "one", 1), (b"2-0", "one", 2)]
        assert await client.xpending_range("s", "g", count=10, idle_ms=3_600_000) == []
        assert await client.xclaim("s", "g", "two", 3_600_000, [b"1-0"]) == []
        assert await client.xclaim("s", "g", "two", 0, [b"1-0", b"3-0"]) == [Entry(b"1-0", [b"n", b"1"])]
        consumers = {consumer.name: consumer.pending for consumer in await client.xinfo_consumers("s", "g")}
        assert consumers == {"one": 1, "two": 1}
        assert await client.xack("s", "g", [b"1-0", EntryId(2, 0), "3-0"]) == 2
        assert await client.xgroup_delconsumer("s", "g", "two") == 0
        assert [entry.id.ms for entry in await connection.read_group("s", "g", "one", count=9, block_ms=100)] == [3]
        assert await client.xgroup_delconsumer("s", "g", "one") == 1


async def test_a_read_in_vain_ends_with_its_block(any_redis_server: RedisServer) -> None:
    """An empty list, and the connection is still good."""
    async with connected(any_redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()
        assert await connection.read_group("s", "g", "c", count=1, block_ms=1) == []
        with pytest.raises(NoGroup):
            await connection.read_group("s", "none", "c", count=1, block_ms=1)
        assert await connection.call("PING") == b"PONG"


async def test_a_blocked_read_is_woken_by_client_unblock(any_redis_server: RedisServer) -> None:
    """The connection knows its id, so that another can end its wait without cutting it."""
    async with connected(any_redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()

        async def unblock() -> None:
            while await client.call("CLIENT", "UNBLOCK", connection.client_id or 0) == 0:
                await trio.sleep(0.001)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(unblock)
            assert await connection.read_group("s", "g", "c", count=1, block_ms=60_000) == []


async def test_names_that_are_no_text_are_read_and_written(any_redis_server: RedisServer) -> None:
    """A stranger's consumer is listed, claimed from and deleted like any other."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        await client.xadd("s", {"f": "v"}, id="1-0")
        await client.call("XREADGROUP", "GROUP", "g", b"\xff\xfe", "STREAMS", "s", ">")
        [name] = (await client.xpending("s", "g")).consumers
        [row] = await client.xpending_range("s", "g", count=1, consumer=name)
        assert row.consumer == name
        assert [consumer.name for consumer in await client.xinfo_consumers("s", "g")] == [name]
        assert await client.xgroup_delconsumer("s", "g", name) == 1


async def test_capabilities_are_those_of_the_version(any_redis_server: RedisServer) -> None:
    """Read from the server itself."""
    version = any_redis_server.version
    async with connected(any_redis_server) as client:
        can = await client.capabilities()
    assert can.version == version
    assert can.autoclaim is can.pending_idle is (version >= (6, 2, 0))
    assert can.lag is (version >= (7, 0, 0))
    assert can.ack_and_delete is (version >= (8, 2, 0))
    assert can.claim_in_read is (version >= (8, 4, 0))
    assert can.publish_token is (version >= (8, 6, 0))


async def test_an_append_with_a_token_is_added_once(any_redis_server: RedisServer) -> None:
    """IDMP, where the server has it: the second answers the first one's id."""
    async with connected(any_redis_server) as client:
        if not (await client.capabilities()).publish_token:
            pytest.skip("IDMP came with Redis 8.6")
        words = ("XADD", "s", "IDMP", "producer", "token", "*", "f", "v")
        assert await client.call(*words) == await client.call(*words)
        assert await client.xlen("s") == 1


async def test_redis_pys_commands_work_as_they_are(any_redis_server: RedisServer) -> None:
    """Arguments, replies and errors as in redis-py's own client without decode_responses."""
    async with connected(any_redis_server) as client:
        commands = client.redis
        assert await commands.ping() is True
        assert await commands.set("k", "v", ex=100) is True
        assert await commands.get("k") == b"v"
        assert 0 < await commands.ttl("k") <= 100
        assert await commands.hset("h", mapping={"a": 1, "b": b"\xff"}) == 2
        assert await commands.hgetall("h") == {b"a": b"1", b"b": b"\xff"}
        assert await commands.sadd("set", "x", "y") == 2
        assert await commands.smembers("set") == {b"x", b"y"}
        assert await commands.zadd("z", {"a": 1.5}) == 1
        assert await commands.zrange("z", 0, -1, withscores=True) == [(b"a", 1.5)]
        assert await commands.incrbyfloat("n", 0.5) == 0.5
        assert sorted([key async for key in commands.scan_iter()]) == [b"h", b"k", b"n", b"set", b"z"]
        assert (await commands.info("server"))["redis_version"] == ".".join(map(str, any_redis_server.version))
        assert await commands.config_get("maxmemory") == {"maxmemory": "0"}
        assert await commands.config_set("maxmemory-policy", "noeviction") is True
        assert await commands.delete("k", "none") == 1
        assert await commands.eval("return ARGV[1]", 0, "x") == b"x"
        assert await commands.client_id() > 0
        assert isinstance(await commands.time(), tuple)
        with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
            await commands.lpush("h", "x")


async def test_redis_pys_stream_commands_work_too(any_redis_server: RedisServer) -> None:
    """In redis-py's shapes."""
    async with connected(any_redis_server) as client:
        commands = client.redis
        assert await commands.xgroup_create("s", "g", id="0", mkstream=True) is True
        entry_id = await commands.xadd("s", {"f": "v"})
        assert await commands.xreadgroup("g", "c", {"s": ">"}) == [[b"s", [(entry_id, {b"f": b"v"})]]]
        assert (await commands.xinfo_groups("s"))[0]["pending"] == 1
        assert (await commands.xpending_range("s", "g", "-", "+", 1))[0]["message_id"] == entry_id
        assert await commands.xack("s", "g", entry_id) == 1


async def test_a_command_that_needs_its_own_connection_works_on_one(redis_server: RedisServer) -> None:
    """A blocking pop would hold up everybody on the shared one, which refuses it."""
    async with connected(redis_server) as client:
        with pytest.raises(ValueError, match="BLPOP"):
            await client.redis.blpop("l", timeout=1)
        connection = await client.open()
        await client.call("RPUSH", "l", "x")
        assert await connection.call("BLPOP", "l", 1) == [b"l", b"x"]
        await connection.aclose()


async def test_a_server_without_memory_is_weather(redis_server: RedisServer) -> None:
    """XADD is refused, reading and acknowledging go on."""
    async with connected(redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        await client.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(ResponseError) as caught:
            await client.xadd("s", {"f": "v"})
        assert is_weather(caught.value)
        assert await client.xack("s", "g", ["1-1"]) == 0


async def test_what_is_not_there_is_zero_none_or_an_error(any_redis_server: RedisServer) -> None:
    """A stream or a group that never was: each command says so in its own way."""
    async with connected(any_redis_server) as client:
        assert await client.xlen("s") == 0
        assert await client.xdel("s", ["1-0"]) == 0
        assert await client.xtrim("s", 5) == 0
        assert await client.xack("s", "g", ["1-0"]) == 0
        for asked in (client.xinfo_stream("s"), client.xinfo_groups("s"), client.xinfo_consumers("s", "g")):
            with pytest.raises(ResponseError, match="no such key"):
                await asked
        with pytest.raises(ResponseError, match="requires the key to exist"):
            await client.xgroup_destroy("s", "g")
        with pytest.raises(NoGroup):
            await client.xclaim("s", "g", "c", 0, ["1-0"])
        await client.xadd("s", {"f": "v"}, id="1-0")
        assert await client.xinfo_groups("s") == []
        for asked in (
            client.xgroup_setid("s", "g", "0"),
            client.xgroup_delconsumer("s", "g", "c"),
            client.xinfo_consumers("s", "g"),
        ):
            with pytest.raises(NoGroup):
                await asked
        await client.xgroup_create("s", "g", "0")
        assert await client.xgroup_delconsumer("s", "g", "c") == 0
        assert await client.xinfo_consumers("s", "g") == []
        summary = await client.xpending("s", "g")
        assert (summary.count, summary.first, summary.last, summary.consumers) == (0, None, None, {})
        assert await client.xpending_range("s", "g", count=5, consumer="nobody") == []


async def test_a_key_of_another_kind_is_an_error(any_redis_server: RedisServer) -> None:
    """From every command; none of it is weather."""
    async with connected(any_redis_server) as client:
        await client.call("SET", "s", "text")
        for asked in (
            client.xadd("s", {"f": "v"}),
            client.xlen("s"),
            client.xrange("s"),
            client.xdel("s", ["1-0"]),
            client.xtrim("s", 5),
            client.xack("s", "g", ["1-0"]),
            client.xgroup_create("s", "g", "0"),
            client.xinfo_stream("s"),
            client.xpending("s", "g"),
            client.xclaim("s", "g", "c", 0, ["1-0"]),
        ):
            with pytest.raises(ResponseError, match="WRONGTYPE") as caught:
                await asked
            assert not is_weather(caught.value)


async def test_an_empty_stream_has_no_first_entry(any_redis_server: RedisServer) -> None:
    """One that was made for a group, and one whose entries were all deleted: the last id stays."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        made = await client.xinfo_stream("s")
        assert (made.length, made.first_entry, made.last_entry, made.last_generated_id) == (0, None, None, ZERO_ID)
        await client.xadd("s", {"f": "v"}, id="7-7")
        await client.xdel("s", ["7-7"])
        emptied = await client.xinfo_stream("s")
        assert (emptied.length, emptied.first_entry, emptied.last_generated_id) == (0, None, EntryId(7, 7))
        if any_redis_server.version >= (7, 0, 0):
            assert (emptied.entries_added, emptied.max_deleted_entry_id) == (1, EntryId(7, 7))
        assert await client.xrange("s") == []


async def test_none_of_a_range_is_asked_for(any_redis_server: RedisServer) -> None:
    """COUNT 0 is answered by a null array where there are entries."""
    async with connected(any_redis_server) as client:
        await client.xadd("s", {"f": "v"})
        assert await client.xrange("s", count=0) == []
        assert await client.xrange("s", EntryId(9, 9), EntryId(1, 1)) == []


async def test_ids_at_the_end_of_their_range_come_through(any_redis_server: RedisServer) -> None:
    """Both halves are 64 bits without a sign; above the last one there is nothing."""
    async with connected(any_redis_server) as client:
        assert await client.xadd("s", {"f": "v"}, id=MAX_ID) == MAX_ID
        assert [entry.id for entry in await client.xrange("s", MAX_ID)] == [MAX_ID]
        assert (await client.xinfo_stream("s")).last_generated_id == MAX_ID
        if any_redis_server.version >= (6, 0, 0):  # 5.0 counts on from 0.
            with pytest.raises(ResponseError, match=r"exhausted|Elements are too large|equal or smaller"):
                await client.xadd("s", {"f": "v"})


async def test_entries_that_are_deleted_while_pending(any_redis_server: RedisServer) -> None:
    """The history shows their ids without fields; a claim leaves them out."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        for n in (1, 2):
            await client.xadd("s", {"n": n}, id=EntryId(n, 0))
        connection = await client.open()
        assert len(await connection.read_group("s", "g", "c", count=9, block_ms=None)) == 2
        await client.xdel("s", ["1-0"])
        history = await connection.read_group("s", "g", "c", count=9, block_ms=None, start="0")
        assert history == [Entry(b"1-0", None), Entry(b"2-0", [b"n", b"2"])]
        assert [entry.id.ms for entry in await client.xclaim("s", "g", "d", 0, ["1-0", "2-0"])] == [2]
        assert await connection.read_group("s", "g", "nobody", count=9, block_ms=None, start="0") == []
        await connection.aclose()


async def test_lag_and_activity_are_known_where_the_server_counts_them(any_redis_server: RedisServer) -> None:
    """Lag from 7.0 on, unknown where deletions blur it; activity from 7.2 on."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        for n in range(1, 6):
            await client.xadd("s", {"n": n}, id=EntryId(n, 0))
        await client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", 2, "STREAMS", "s", ">")
        [info] = await client.xinfo_groups("s")
        counts = any_redis_server.version >= (7, 0, 0)
        assert (info.entries_read, info.lag) == ((2, 3) if counts else (None, None))
        await client.xdel("s", ["4-0"])
        [info] = await client.xinfo_groups("s")
        assert info.lag is None
        [consumer] = await client.xinfo_consumers("s", "g")
        assert consumer.idle_ms >= 0
        assert (consumer.inactive_ms is not None) is (any_redis_server.version >= (7, 2, 0))


async def test_fields_are_any_bytes_and_as_many_as_one_likes(any_redis_server: RedisServer) -> None:
    """Twice the same name, empty ones, a million bytes, ten thousand of them."""
    fields = [b"a", b"1", b"a", b"2", b"", b"", b"\r\n", bytes(range(256)), b"large", b"x" * 1_000_000]
    fields += [b"%d" % number for number in range(20_000)]
    async with connected(any_redis_server) as client:
        await client.xadd("s", fields)
        [entry] = await client.xrange("s")
        assert entry.fields == fields
        with pytest.raises(ResponseError, match="wrong number of arguments"):
            await client.xadd("s", {})
