"""What goes into a stream and comes out of it, without any server: ids, the wire format, handlers' answers, appends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timezone

import attrs
import hiredis
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from redis_streams import (
    Content,
    EntryId,
    Event,
    FieldsCodec,
    HandlerConflict,
    JsonCodec,
    Lease,
    NewEvent,
    NotRunning,
    PublishIndeterminate,
    Runtime,
    StreamConsumer,
    StreamProducer,
    UndecodableEntry,
    event_type,
)
from redis_streams.actors import (
    DONE,
    UNWANTED,
    Append,
    Done,
    Failed,
    Mailbox,
    Stage,
    StreamSettings,
    Undecodable,
    checkpoint_key,
)
from redis_streams.actors._keys import hash_tagged
from redis_streams.actors._stream import stream_actor
from redis_streams.runtime._dispatch import Reader, Routes, answering, awaitable, in_batches, one_by_one
from redis_streams.runtime._options import parse_start
from redis_streams.runtime._typed import Structure
from redis_streams.wire import Client, ConnectionLost, Entry, ServerAddress

PARTS = st.integers(0, 2**64 - 1)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@event_type("order.placed")
@attrs.frozen
class OrderPlaced:
    """An event class with a name of its own."""

    sku: str
    amount: int


# Ids


@given(PARTS, PARTS)
def test_an_id_is_read_as_it_is_written(ms: int, seq: int) -> None:
    """Text and value are the same thing."""
    assert EntryId.parse(str(EntryId(ms, seq))) == EntryId(ms, seq)


@given(PARTS, PARTS)
def test_the_next_id_is_above_and_the_previous_below(ms: int, seq: int) -> None:
    """With nothing in between: each undoes the other."""
    entry_id = EntryId(ms, seq)
    if entry_id != EntryId(2**64 - 1, 2**64 - 1):
        assert entry_id < entry_id.next()
        assert entry_id.next().previous() == entry_id


@pytest.mark.parametrize("text", ["", "-", "1-", "x", "1-2-3", "-1", "1-x", "18446744073709551616-0", " 1-1"])
def test_what_is_no_id_is_shown_in_the_error(text: str) -> None:
    """So that one can find it."""
    with pytest.raises(ValueError, match="is not an entry id"):
        EntryId.parse(text)


# The wire format


@given(st.text(min_size=1), st.text(min_size=1), JSON, st.dictionaries(st.text(), JSON), st.integers(0, 2**45))
def test_what_is_encoded_is_decoded(
    event_id: str, kind: str, payload: object, metadata: dict[str, object], timestamp: int
) -> None:
    """Whatever JSON can say comes back as it was."""
    content = Content(event_id, kind, payload, metadata, timestamp)
    assert JsonCodec().decode(JsonCodec().encode(content)) == content


def test_fields_may_come_in_any_order_and_with_others() -> None:
    """Other programs need not know our order, and may have fields of their own."""
    decoded = JsonCodec().decode([b"payload", b"[1]", b"x", b"y", b"event_type", b"a"])
    assert decoded == Content("", "a", [1], {}, 0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([], "no field 'event_type' and no field 'payload' among no fields at all"),
        ([b"payload", b"{}"], "no field 'event_type' among 'payload'"),
        ([b"event_type", b"a", b"payload", b"{"], "truncated"),
        ([b"event_type", b"\xff", b"payload", b"{}"], "utf-8"),
        ([b"event_id", b"a", b"event_type", b"b", b"timestamp", b"soon", b"payload", b"1"], "soon"),
        ([b"event_type", b"a", b"payload", b"1", b"metadata", b"[]"], "Expected `object`"),
        ([b"event_type"], "zip"),
    ],
)
def test_what_cannot_be_decoded_says_why(fields: Sequence[bytes], reason: str) -> None:
    """The reason is what a person finds at the dead letter."""
    with pytest.raises(UndecodableEntry, match=reason):
        JsonCodec().decode(fields)


def test_foreign_fields_are_a_payload_of_text() -> None:
    """Entries without our fields are readable through another codec."""
    codec = FieldsCodec(event_type="reading", event_type_field="kind", event_id_field="uuid")
    decoded = codec.decode([b"kind", b"temperature", b"uuid", b"7", b"celsius", b"21.5"])
    assert decoded == Content("7", "temperature", {"kind": "temperature", "uuid": "7", "celsius": "21.5"}, {}, 0)
    assert codec.decode([b"celsius", b"3"]).event_type == "reading"


def test_keys_of_a_stream_share_its_hash_slot() -> None:
    """The tag is the stream's own name, unless that has one."""
    assert checkpoint_key("orders", "billing") == "{orders}:checkpoint:billing"
    assert hash_tagged("a{shop}b") == "a{shop}b"
    assert hash_tagged("odd{}name") == "{odd{}name}"


# From entry to handler


def reader() -> Reader:
    """Reads entries of a stream called orders."""
    return Reader("orders", JsonCodec(), Structure())


def entry(kind: str, payload: bytes) -> Entry:
    """An entry as Redis delivers it."""
    return Entry(b"5-0", [b"event_id", b"e", b"event_type", kind.encode(), b"timestamp", b"7", b"payload", payload])


async def test_a_handler_gets_the_event_as_its_class() -> None:
    """With everything that is known about it."""
    got: list[Event[object]] = []
    routes = Routes()
    routes.add("h", awaitable(got.append), [OrderPlaced])
    assert await one_by_one(reader(), routes)(entry("order.placed", b'{"sku": "tea", "amount": 2}'), 3, Lease()) is DONE
    (event,) = got
    assert event.payload == OrderPlaced("tea", 2)
    assert (event.id, event.event_id, event.stream, event.delivery_count) == (EntryId(5, 0), "e", "orders", 3)
    assert event.timestamp == datetime(1970, 1, 1, 0, 0, 0, 7000, tzinfo=timezone.utc)
    with pytest.raises(AttributeError):
        event.stream = "other"  # type: ignore[misc]


async def test_a_payload_that_does_not_fit_names_the_field() -> None:
    """It can never be handled, so it goes to the dead letters with this reason."""
    routes = Routes()
    routes.add("h", awaitable(print), [OrderPlaced])
    verdict = await one_by_one(reader(), routes)(entry("order.placed", b'{"sku": "tea", "amount": "many"}'), 1, Lease())
    assert isinstance(verdict, Undecodable)
    assert "$.amount" in verdict.reason
    missing = await one_by_one(reader(), routes)(entry("order.placed", b'{"sku": "tea"}'), 1, Lease())
    assert isinstance(missing, Undecodable)
    assert "amount" in missing.reason


async def test_events_that_no_handler_is_meant_for_are_done_with() -> None:
    """They are not for this group: leaving them pending would block it."""
    routes = Routes()
    routes.add("h", awaitable(lambda _event: False), ["wanted"])
    assert await one_by_one(reader(), routes)(entry("other", b"1"), 1, Lease()) is UNWANTED


@pytest.mark.parametrize("answer", [None, True, 1, "yes"])
async def test_none_and_true_acknowledge(answer: object) -> None:
    """A handler need not say anything."""
    routes = Routes()
    routes.add("h", awaitable(lambda _event: answer), None)
    assert await one_by_one(reader(), routes)(entry("a", b"1"), 1, Lease()) == Done()


async def test_false_and_exceptions_do_not_acknowledge() -> None:
    """The event stays pending, with the error to be told."""
    routes = Routes()
    routes.add("h", awaitable(lambda _event: False), ["declined"])
    routes.add("h", awaitable(lambda event: event.payload["missing"]), ["broken"])
    handle = one_by_one(reader(), routes)
    assert await handle(entry("declined", b"1"), 1, Lease()) == Failed(None)
    broken = await handle(entry("broken", b"{}"), 1, Lease())
    assert isinstance(broken, Failed)
    assert isinstance(broken.error, KeyError)


class Unexpected(JsonCodec):
    """A codec with a bug, or with a registry that does not answer."""

    def decode(self, fields: Sequence[bytes]) -> Content:
        """Nothing that anybody expects."""
        raise KeyError(fields)


async def test_what_a_codec_did_not_expect_is_a_failure_and_no_crash() -> None:
    """The entry is delivered again, others go on; it is no dead letter, since nobody knows whether it can be read."""
    broken = Reader("s", Unexpected(), Structure())
    routes = Routes()
    routes.add("h", awaitable(lambda event: None), None)
    assert isinstance(await one_by_one(broken, routes)(entry("a", b"1"), 1, Lease()), Failed)
    [verdict] = await in_batches(broken, routes, answering(lambda events: None))([(entry("a", b"1"), 1)], [Lease()])
    assert isinstance(verdict, Failed)


class Made(JsonCodec):
    """A codec that makes this of each entry."""

    def __init__(self, made: object) -> None:
        super().__init__()
        self._made = made

    def decode(self, fields: Sequence[bytes]) -> Content:  # noqa: ARG002 - none of them is looked at
        """Whatever its author forgot to look at."""
        return self._made  # type: ignore[return-value]  # on purpose


@pytest.mark.parametrize("made", [None, {}, ("", "a", 1, {}, 0)])
async def test_what_a_codec_makes_that_is_no_content_is_undecodable(made: object) -> None:
    """It ended the runtime, again after each restart, when the entry was to become a dead letter."""
    forgetful = Reader("s", Made(made), Structure())
    routes = Routes()
    routes.add("h", awaitable(lambda event: None), None)
    verdict = await one_by_one(forgetful, routes)(entry("a", b"1"), 1, Lease())
    assert isinstance(verdict, Undecodable)
    assert "Made.decode returned " in verdict.reason
    [verdict] = await in_batches(forgetful, routes, answering(lambda events: None))([(entry("a", b"1"), 1)], [Lease()])
    assert isinstance(verdict, Undecodable)
    assert forgetful.identify(entry("a", b"1")) == ("", "")


def test_a_name_that_a_codec_does_not_know_is_none_in_a_dead_letter() -> None:
    """None is what a codec says easily where a field is not there."""
    nameless = Content(None, 7, {}, {}, 0)  # type: ignore[arg-type]  # on purpose
    assert Reader("s", Made(nameless), Structure()).identify(entry("a", b"1")) == ("", "7")


async def test_json_that_is_nested_too_deep_is_undecodable() -> None:
    """It would stop the reader of the whole stream."""
    routes = Routes()
    routes.add("h", awaitable(lambda event: None), None)
    deep = entry("a", b"[" * 100_000 + b"]" * 100_000)
    assert isinstance(await one_by_one(reader(), routes)(deep, 1, Lease()), Undecodable)


class Odd:
    """An answer that is neither true nor false, as an array of numbers is."""

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


async def test_an_answer_that_is_neither_true_nor_false_is_a_failure() -> None:
    """Of the handler, who gave it."""
    routes = Routes()

    async def answer_oddly(event: Event[object]) -> object:
        return Odd()

    routes.add("h", answer_oddly, None)
    assert isinstance(await one_by_one(reader(), routes)(entry("a", b"1"), 1, Lease()), Failed)


@pytest.mark.parametrize("answer", [[], [True], [False], (True, True, True)])
async def test_a_batch_is_not_acknowledged_by_answers_of_another_number(answer: object) -> None:
    """Which of them would be whose?"""
    routes = Routes()
    routes.add("h", None, None)
    jobs = [(entry("a", b"1"), 1), (entry("a", b"2"), 1)]
    verdicts = await in_batches(reader(), routes, answering(lambda events: answer))(jobs, [Lease() for _ in jobs])
    assert [type(verdict) for verdict in verdicts] == [Failed, Failed]
    assert "answers for 2 events" in str(verdicts[0].error)


def test_an_async_handler_is_refused_where_nobody_would_await_it() -> None:
    """It would be called, do nothing, and its events would count as handled."""

    async def handle(event: Event[object]) -> None: ...

    with pytest.raises(TypeError, match=r"handle is async, and subscribe\(\) calls handlers on this thread"):
        StreamConsumer("redis://localhost:1", "s", "g").subscribe(handle)


async def test_a_batch_sorts_out_what_its_handler_cannot_get() -> None:
    """One answer, or one for each event; what can't be decoded has its own verdict, in its place."""
    routes = Routes()
    routes.add("h", None, ["a"])
    jobs = [(entry("a", b"1"), 1), (entry("a", b"{"), 1), (entry("b", b"2"), 1), (entry("a", b"3"), 1)]
    verdicts = await in_batches(reader(), routes, answering(lambda events: [True, False]))(
        jobs, [Lease() for _ in jobs]
    )
    assert [type(verdict) for verdict in verdicts] == [Done, Undecodable, Done, Failed]
    verdicts = await in_batches(reader(), routes, answering(lambda events: None))(jobs, [Lease() for _ in jobs])
    assert [type(verdict) for verdict in verdicts] == [Done, Undecodable, Done, Done]


def test_two_handlers_for_the_same_events_are_a_conflict() -> None:
    """Said when the second one is added, with both names."""
    runtime = Runtime()
    runtime.add_handler("orders", "billing", print, event_types=["a"])
    with pytest.raises(HandlerConflict, match="print takes 'a' already"):
        runtime.add_handler("orders", "billing", repr, event_types=["a"])
    with pytest.raises(HandlerConflict, match="already, not"):
        runtime.add_handler("orders", "billing", repr, event_types=["b"], concurrency=3)
    with pytest.raises(TypeError, match=r"write \['price.update'\]"):
        runtime.add_handler("orders", "billing", repr, event_types="price.update")


# Options and mistakes


@pytest.mark.parametrize(
    ("start", "after"),
    [
        ("0", EntryId(0, 0)),
        ("$", "$"),
        ("5-3", EntryId(5, 3)),
        (EntryId(1, 2), EntryId(1, 2)),
        ("1970-01-01T00:00:01Z", EntryId(999, 2**64 - 1)),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), EntryId(999, 2**64 - 1)),
    ],
)
def test_a_group_starts_where_it_is_told(start: str | EntryId | datetime, after: object) -> None:
    """A group begins after an id, so a time becomes the last id before it."""
    assert parse_start(start) == after


def test_bad_input_is_shown_in_the_error() -> None:
    """And the error says what would be right."""
    with pytest.raises(ValueError, match="not 'yesterday'"):
        parse_start("yesterday")
    with pytest.raises(ValueError, match="not 5"):
        parse_start(5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="concurrency"):
        Runtime().add_handler("s", "g", print, concurrency=0)
    with pytest.raises(ValueError, match="redis://localhost:6379"):
        StreamProducer("localhost:6379", "orders")
    with pytest.raises(ValueError, match="needs a stream and a group, not stream='orders', group=''"):
        StreamConsumer("redis://localhost:6379", "orders", "")
    with pytest.raises(ValueError, match="max_length must be 1 or more"):
        StreamProducer("redis://localhost:6379", "orders", 0)
    with pytest.raises(ValueError, match="event_type must be a non-empty string"):
        NewEvent("", {})


async def test_publishing_needs_a_running_runtime() -> None:
    """Said plainly, instead of a hang."""
    with pytest.raises(NotRunning, match="async with runtime"):
        await Runtime().publish("orders", OrderPlaced("tea", 1))


# The stream actor, with a peer that plays the server's part


class Peer:
    """Answers each XADD with the next id, as Redis would; counts the writes that it got."""

    def __init__(self, stream: trio.testing.MemorySendStream | trio.abc.Stream) -> None:
        self.stream = stream
        self.writes: list[int] = []
        self.parser = hiredis.Reader()
        self.appended = 0

    async def serve(self, *, die_after: int | None = None) -> None:
        """Answer until the other side closes, or die with commands unanswered."""
        while data := await self.stream.receive_some(65536):
            self.parser.feed(data)
            commands = 0
            while (command := self.parser.gets()) is not False:
                commands += 1
                if command[0] == b"XADD":
                    self.appended += 1
                    if die_after is not None and self.appended > die_after:
                        await self.stream.aclose()
                        return
                    await self.stream.send_all(b"$%d\r\n%d-0\r\n" % (len(str(self.appended)) + 2, self.appended))
                else:
                    await self.stream.send_all(b":1\r\n")
            self.writes.append(commands)


async def run_stream_actor(peer_life: int | None, appends: int) -> tuple[Peer, list[object]]:
    """Hand appends to a stream actor whose server is a peer; returns what each asker got."""
    near, far = trio.testing.memory_stream_pair()
    peer = Peer(far)

    async def dial(_address: ServerAddress) -> trio.abc.Stream:
        return near

    mailbox: Mailbox[Append] = Mailbox("orders/append", 100)
    client = Client("redis://peer", rng=random.Random(0), dial=dial)
    stage = Stage("stream", "stream", 1, lambda _event: None)
    answers: list[object] = []

    async def ask() -> None:
        try:
            [entry_id] = await mailbox.address.ask(lambda reply: Append([[b"a", b"1"]], reply), timeout_seconds=9)
        except PublishIndeterminate as error:
            answers.append(error)
        else:
            answers.append(entry_id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: peer.serve(die_after=peer_life))
        await nursery.start(client.run)
        async with trio.open_nursery() as askers:
            for _ in range(appends):
                askers.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(stream_actor(StreamSettings("orders"), client, mailbox, random.Random(0)), stage)
        nursery.cancel_scope.cancel()
    return peer, answers


async def test_appends_that_gathered_leave_in_one_write() -> None:
    """And each asker gets its own id, in the order of asking."""
    peer, answers = await run_stream_actor(None, 20)
    assert sorted(answers) == [EntryId(number, 0) for number in range(1, 21)]
    assert 20 in peer.writes


async def test_an_append_whose_reply_was_lost_is_never_repeated() -> None:
    """Nobody knows whether it was applied: a silent second copy would be worse than the error."""
    peer, answers = await run_stream_actor(2, 5)
    assert [type(answer) for answer in answers] == [PublishIndeterminate] * 5
    assert peer.appended == 3


def test_connection_lost_says_whether_anything_was_sent() -> None:
    """That is what decides about repeating."""
    assert ConnectionLost("gone", sent=True).sent
