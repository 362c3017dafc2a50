"""Dead letters: found, mended, given back once and to the group that gave them up, or thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
import trio
from redis.exceptions import ResponseError
from redis_streams import (
    Content,
    DeadLetterFilter,
    DeadLetterGone,
    DeadLetterManager,
    DeadLetterTooLong,
    Event,
    FieldsCodec,
    JsonCodec,
    Runtime,
)
from redis_streams.simulations.real import RedisServer
from support.load import QUICK, quick_runtime, wait_settled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

KEY = "{s}:dead:g"


def fields_of(server: RedisServer, key: str) -> list[dict[str, str]]:
    return [dict(zip(flat[::2], flat[1::2], strict=True)) for _, flat in server.cli("XRANGE", key, "-", "+")]


def add_letter(server: RedisServer, number: int, *, kind: str = "a", error: str = "ValueError") -> str:
    """A dead letter as consumers write it; returns its id."""
    about = ("dead_id", f"{number}-0", "dead_stream", "s", "dead_group", "g", "dead_consumer", "c")
    told = ("dead_deliveries", 3, "dead_reason", "no", "dead_event_type", kind, "dead_error", error, "dead_own", 3)
    own = ("event_id", f"e{number}", "event_type", kind, "payload", number)
    return str(server.cli("XADD", KEY, "*", *about, *told, *own))


async def test_an_event_goes_its_whole_way(any_redis_server: RedisServer) -> None:
    """It dies, is found, mended and given back, and is handled: by the group that gave it up, and by no other."""
    runtime, handled, elsewhere = quick_runtime(any_redis_server), list[Event[object]](), list[object]()

    @runtime.handler("s", "g", block_ms=100, max_deliveries=1)
    async def handle(event: Event[int]) -> None:
        if event.payload == 1:
            raise ValueError("one is too few")
        handled.append(event)

    runtime.add_handler("s", "other", lambda event: elsewhere.append(event.payload), block_ms=100)
    async with runtime:
        await runtime.publish("s", 1, event_type="number", event_id="e1")
        letters = runtime.dead_letters("s", "g")
        with trio.fail_after(10):
            while not (found := await letters.find()):
                await trio.sleep(0.01)
            [letter] = found
            assert (letter.event_id, letter.event_type, letter.deliveries) == ("e1", "number", 1)
            assert (letter.error, letter.message, letter.redriven) == ("ValueError", "one is too few", 0)
            assert "in handle" in letter.traceback
            assert abs(letter.died_at - letter.published_at) < timedelta(minutes=1)
            new_id = await letters.edit(letter.entry_id, {"payload": "2"})
            [given] = await letters.redrive(DeadLetterFilter(ids=[new_id]))
            while not handled:
                await trio.sleep(0.01)
        await wait_settled(any_redis_server, stream="s", group="g")
        await wait_settled(any_redis_server, stream="s", group="other")
        assert await letters.count() == 0
    [event] = handled
    assert (event.event_id, event.payload, event.delivery_count, event.id) == ("e1", 2, 1, given.new_id)
    assert elsewhere == [1]
    assert fields_of(any_redis_server, "s")[1]["redriven"] == "1"


async def test_a_letter_is_given_back_once(any_redis_server: RedisServer) -> None:
    """By however many at the same time, and however often it is said."""
    for number in range(1, 251):
        add_letter(any_redis_server, number)
    async with quick_runtime(any_redis_server) as runtime:
        letters = runtime.dead_letters("s", "g")
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(letters.redrive)
        assert await letters.redrive() == []
    ids = [fields["event_id"] for fields in fields_of(any_redis_server, "s")]
    assert sorted(ids) == sorted(f"e{number}" for number in range(1, 251))


@pytest.mark.real_server_only("the URL of a server in this process names no user")
async def test_who_may_not_take_letters_away_writes_none(redis_server: RedisServer) -> None:
    """Said again, which is what one does after an error, it would be there once more."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    redis_server.cli("ACL", "SETUSER", "app", "on", ">x", "~*", "+@all", "-xdel")
    add_letter(redis_server, 1)
    async with Runtime(redis_server.url.replace("redis://", "redis://app:x@")) as runtime:
        letters = runtime.dead_letters("s", "g")
        [letter] = await letters.find()
        with pytest.raises(ResponseError):
            await letters.redrive()
        with pytest.raises(ResponseError):
            await letters.edit(letter.id, {"payload": "2"})
    assert [redis_server.cli("XLEN", key) for key in ("s", KEY)] == [0, 1]


async def test_an_entry_keeps_its_own_fields_whatever_they_are_called(redis_server: RedisServer) -> None:
    """Also those that look like ours; what was noted is replaced when it is given back a second time."""
    own = ["dead_id", "mine", "redriven", "no number", "payload", "x"]
    runtime = Runtime(redis_server.url, retry=QUICK, codec=FieldsCodec())
    runtime.add_handler("s", "g", lambda _event: False, block_ms=100, max_deliveries=1)
    redis_server.cli("XADD", "s", "1-0", *own)
    async with runtime:
        letters = runtime.dead_letters("s", "g")
        with trio.fail_after(10):
            for times in (1, 2):
                while not (found := await letters.find()):
                    await trio.sleep(0.01)
                assert found[0].fields[:2] == [b"dead_id", b"mine"]
                assert found[0].redriven == times - 1
                await letters.redrive()
    [_, first, second] = redis_server.cli("XRANGE", "s", "-", "+")
    assert first[1] == ["dead_id", "mine", "payload", "x", "redriven", "1", "redriven_group", "g"]
    assert second[1] == ["dead_id", "mine", "payload", "x", "redriven", "2", "redriven_group", "g"]


class Forgetful(JsonCodec):
    """Knows what to do with one type of event, and forgets to say so of others."""

    def decode(self, fields: Sequence[bytes]) -> Content:
        """None, where nobody thought of it."""
        content = super().decode(fields)
        return content if content.event_type == "known" else None  # type: ignore[return-value]  # on purpose


async def test_what_a_codec_makes_nothing_of_is_a_dead_letter_and_the_others_go_on(redis_server: RedisServer) -> None:
    """It ended the runtime, and again after each restart."""
    handled = list[object]()
    runtime = Runtime(redis_server.url, retry=QUICK, codec=Forgetful())
    runtime.add_handler("s", "g", lambda event: handled.append(event.payload), block_ms=100, max_deliveries=2)
    async with runtime:
        await runtime.publish("s", 1, event_type="other")
        await runtime.publish("s", 2, event_type="known")
        letters = runtime.dead_letters("s", "g")
        with trio.fail_after(10):
            while not (found := await letters.find()):
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert handled == [2]
    [letter] = found
    assert (letter.reason, letter.deliveries) == ("Forgetful.decode returned None, which is no Content", 1)


async def test_filters_say_which_ones(redis_server: RedisServer) -> None:
    """All that is said has to hold; a limit takes the oldest."""
    first = add_letter(redis_server, 1, kind="a", error="ValueError")
    add_letter(redis_server, 2, kind="b", error="ValueError")
    add_letter(redis_server, 3, kind="b", error="KeyError")
    async with quick_runtime(redis_server) as runtime:
        letters = runtime.dead_letters("s", "g")
        now = await letters.now()

        async def numbers(limit: int | None = None, **where: object) -> list[int]:
            return [letter.entry_id.ms for letter in await letters.find(DeadLetterFilter(**where), limit=limit)]

        assert await numbers() == [1, 2, 3]
        assert await numbers(limit=2) == [1, 2]
        assert await numbers(event_types={"b"}) == [2, 3]
        assert await numbers(event_types={"b"}, errors={"KeyError", ""}) == [3]
        assert await numbers(ids=[first, "3-0"]) == [1, 3]
        assert await numbers(died_before=now - timedelta(days=1)) == []
        assert await numbers(died_after=now - timedelta(days=1), event_types={"a"}) == [1]


async def test_a_dry_run_changes_nothing_and_names_the_same(redis_server: RedisServer) -> None:
    """Of both: giving back and throwing away."""
    for number in range(1, 4):
        add_letter(redis_server, number)
    async with quick_runtime(redis_server) as runtime:
        letters = runtime.dead_letters("s", "g")
        would = await letters.redrive(limit=1, dry_run=True)
        assert [(each.letter.entry_id.ms, each.new_id) for each in would] == [(1, None)]
        assert len(await letters.purge(dry_run=True)) == await letters.count() == 3
        assert [each.letter for each in await letters.redrive(limit=1)] == [each.letter for each in would]
        assert [letter.entry_id.ms for letter in await letters.purge()] == [2, 3]
        assert await letters.count() == 0
    assert redis_server.cli("XLEN", "s") == 1


async def test_what_is_gone_or_too_long_is_said(redis_server: RedisServer) -> None:
    """An edit gives a new id; so the old one is gone."""
    old = add_letter(redis_server, 1)
    redis_server.cli("XADD", KEY, "*", "dead_id", "2-0", "dead_own", 4000, *["f", "v"] * 4000)
    async with quick_runtime(redis_server) as runtime:
        letters = runtime.dead_letters("s", "g")
        new = await letters.edit(old, {"more": "x"})
        assert dict(zip(*[iter((await letters.get(new)).fields)] * 2, strict=True))[b"more"] == b"x"
        with pytest.raises(DeadLetterGone, match=old):
            await letters.edit(old, {"payload": "1"})
        with pytest.raises(DeadLetterTooLong, match="4000 fields"):
            await letters.redrive()
        assert [letter.entry_id.ms for letter in await letters.find()] == [2]


@pytest.mark.real_server_only("the blocking face dials in threads of its own")
def test_without_trio(redis_server: RedisServer) -> None:
    """The same, call by call."""
    for number in range(1, 4):
        add_letter(redis_server, number)
    with DeadLetterManager(redis_server.url) as dead:
        assert dead.count("s", "g") == 3
        [letter] = dead.find("s", "g", limit=1)
        new = dead.edit("s", "g", letter.id, {"payload": "9"})
        assert [each.new_id for each in dead.redrive("s", "g", DeadLetterFilter(ids=[new]), dry_run=True)] == [None]
        assert len(dead.redrive("s", "g", DeadLetterFilter(ids=[new]))) == 1
        assert len(dead.purge("s", "g", limit=1)) == 1
        assert dead.count("s", "g") == 1
    assert fields_of(redis_server, "s")[0]["payload"] == "9"


async def test_letters_of_former_versions_are_read(redis_server: RedisServer) -> None:
    """They do not say how many fields are the entry's own: those that do not look like ours are."""
    about = ("dead_id", "5-0", "dead_stream", "s", "dead_group", "g", "dead_deliveries", "1", "dead_reason", "no JSON")
    redis_server.cli("XADD", KEY, "*", *about, "event_type", "a", "payload", "{")
    async with quick_runtime(redis_server) as runtime:
        letters = runtime.dead_letters("s", "g")
        [letter] = await letters.find()
        assert (letter.event_type, letter.error, letter.fields) == ("a", "", [b"event_type", b"a", b"payload", b"{"])
        await letters.redrive()
    [(_, flat)] = redis_server.cli("XRANGE", "s", "-", "+")
    assert flat[:4] == ["event_type", "a", "payload", "{"]
