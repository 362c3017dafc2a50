"""Whatever is done to a stream and its groups, some things hold: a machine of random commands looks after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from differential.resp import Part, parse
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from redis_streams.simulations.server import VERSIONS
from support.simulated import Client, SimulatedServer

Id = tuple[int, int]

GROUPS = st.sampled_from(["g", "h"])
CONSUMERS = st.sampled_from(["c", "d", "e"])
COUNTS = st.integers(1, 4)
AT = st.integers(0, 11)


def id_of(text: Part) -> Id:
    assert isinstance(text.value, bytes)
    ms, seq = text.value.split(b"-")
    return int(ms), int(seq)


def parts(part: Part | None) -> list[Part]:
    assert part is not None
    return part.value if isinstance(part.value, list) else []


def pairs(part: Part | None) -> dict[str, Part]:
    """A flat array of names and values."""
    items = parts(part)
    return {str(name.value, "ascii"): value for name, value in zip(items[::2], items[1::2], strict=True) if _said(name)}


def _said(name: Part) -> bool:
    return isinstance(name.value, bytes)


def number(part: Part) -> int:
    assert isinstance(part.value, bytes)
    return int(part.value)


class StreamMachine(RuleBasedStateMachine):
    """One stream, two groups, three consumers, at one version."""

    client: Client
    server: SimulatedServer
    version: str

    @initialize(version=st.sampled_from(list(VERSIONS)), node=st.sampled_from([1, 3, 100]))
    def start(self, version: str, node: int) -> None:
        self.version = version
        self.server = SimulatedServer(version)
        self.client = self.server.connect()
        self.call("CONFIG", "SET", "stream-node-max-entries", node)
        for _ in range(8):
            self.call("XADD", "s", "*", "a", "1")
        self.call("XGROUP", "CREATE", "s", "g", "0")
        self.call("XGROUP", "CREATE", "s", "h", "0")
        self.call("XREADGROUP", "GROUP", "g", "c", "COUNT", 3, "STREAMS", "s", ">")
        self.last: Id = (0, 0)
        self.counted = {b"g", b"h"}
        """The groups whose place was never set by hand: what they tell of it is to be true."""

    def call(self, *words: str | bytes | int) -> Part:
        found = parse(self.client.call(*words))
        assert found is not None, words
        return found[0]

    def since(self, *version: int) -> bool:
        return VERSIONS[self.version][:2] >= version

    def entries(self) -> list[Id]:
        return [id_of(parts(entry)[0]) for entry in parts(self.call("XRANGE", "s", "-", "+"))]

    def some(self, at: int, count: int) -> list[bytes]:
        """Ids of entries that are there, or were never."""
        ids = self.entries() or [(5, 5)]
        return [b"%d-%d" % each for each in (ids + ids)[at % len(ids) :][:count]]

    def some_pending(self, group: str, at: int, count: int) -> list[bytes]:
        """Ids of a group's pending entries, which may be gone; any entries where it has none."""
        ids = [b"%d-%d" % id_of(parts(row)[0]) for row in self.rows(group)]
        return (ids + ids)[at % len(ids) :][:count] if ids else self.some(at, count)

    def rows(self, group: str) -> list[Part]:
        return parts(self.call("XPENDING", "s", group, "-", "+", 1000))

    def groups(self) -> Iterator[dict[str, Part]]:
        return (pairs(each) for each in parts(self.call("XINFO", "GROUPS", "s")))

    # What is done

    @rule(count=COUNTS)
    def add(self, count: int) -> None:
        for _ in range(count):
            self.call("XADD", "s", "*", "a", count)

    @rule(length=st.integers(3, 12), about=st.sampled_from(["=", "~"]))
    def add_and_trim(self, length: int, about: str) -> None:
        self.call("XADD", "s", "MAXLEN", about, length, "*", "a", 1)

    @rule(length=st.integers(0, 12), about=st.sampled_from(["=", "~"]))
    def trim(self, length: int, about: str) -> None:
        self.call("XTRIM", "s", "MAXLEN", about, length)

    @rule(at=AT, count=COUNTS)
    def delete(self, at: int, count: int) -> None:
        self.call("XDEL", "s", *self.some(at, count))

    @precondition(lambda self: self.since(8, 2))
    @rule(at=AT, count=COUNTS, references=st.sampled_from(["KEEPREF", "DELREF", "ACKED"]))
    def delete_with_references(self, at: int, count: int, references: str) -> None:
        ids = self.some(at, count)
        self.call("XDELEX", "s", references, "IDS", len(ids), *ids)

    @precondition(lambda self: self.since(8, 2))
    @rule(group=GROUPS, at=AT, references=st.sampled_from(["KEEPREF", "DELREF", "ACKED"]))
    def acknowledge_and_delete(self, group: str, at: int, references: str) -> None:
        self.call("XACKDEL", "s", group, references, "IDS", 1, self.some_pending(group, at, 1)[0])

    def make_group(self, group: str, place: str) -> None:
        if self.call("XGROUP", "CREATE", "s", group, place).sign == "+":
            self.counted.add(group.encode())

    @rule(group=GROUPS, place=st.sampled_from(["0", "$"]))
    def make_group_anew(self, group: str, place: str) -> None:
        self.call("XGROUP", "DESTROY", "s", group)
        self.make_group(group, place)

    @rule(group=GROUPS, at=AT)
    def set_group(self, group: str, at: int) -> None:
        self.call("XGROUP", "SETID", "s", group, self.some(at, 1)[0])
        self.counted.discard(group.encode())

    @rule(group=GROUPS, consumer=CONSUMERS, count=COUNTS, more=st.sampled_from([[], ["NOACK"]]))
    def read(self, group: str, consumer: str, count: int, more: Sequence[str]) -> None:
        self.call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, *more, "STREAMS", "s", ">")

    @precondition(lambda self: self.since(8, 4))
    @rule(group=GROUPS, consumer=CONSUMERS, count=COUNTS, idle_ms=st.sampled_from([0, 1000]))
    def read_claiming(self, group: str, consumer: str, count: int, idle_ms: int) -> None:
        self.call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "CLAIM", idle_ms, "STREAMS", "s", ">")

    @rule(group=GROUPS, consumer=CONSUMERS)
    def read_again(self, group: str, consumer: str) -> None:
        self.call("XREADGROUP", "GROUP", group, consumer, "STREAMS", "s", "0")

    @rule(group=GROUPS, at=AT, count=COUNTS)
    def acknowledge(self, group: str, at: int, count: int) -> None:
        self.call("XACK", "s", group, *self.some_pending(group, at, count))

    @rule(group=GROUPS, consumer=CONSUMERS, at=AT, count=COUNTS, more=st.sampled_from([[], ["FORCE"], ["JUSTID"]]))
    def claim(self, group: str, consumer: str, at: int, count: int, more: Sequence[str]) -> None:
        some = self.some if "FORCE" in more else partial(self.some_pending, group)
        self.call("XCLAIM", "s", group, consumer, 0, *some(at, count), *more)

    @precondition(lambda self: self.since(6, 2))
    @rule(group=GROUPS, consumer=CONSUMERS, count=COUNTS, idle_ms=st.sampled_from([0, 1000]))
    def claim_any(self, group: str, consumer: str, count: int, idle_ms: int) -> None:
        self.call("XAUTOCLAIM", "s", group, consumer, idle_ms, "0", "COUNT", count)

    @rule(group=GROUPS, consumer=CONSUMERS)
    def remove_consumer(self, group: str, consumer: str) -> None:
        self.call("XGROUP", "DELCONSUMER", "s", group, consumer)

    @rule(milliseconds=st.sampled_from([1, 600, 2000]))
    def wait(self, milliseconds: int) -> None:
        self.server.pass_time(milliseconds)

    @precondition(lambda self: self.since(6, 2))
    @rule()
    def copy_over_itself(self) -> None:
        """What is copied is the same, whatever is then done to the original."""
        self.call("COPY", "s", "t", "REPLACE")
        self.call("XTRIM", "s", "MAXLEN", 0)
        self.call("RENAME", "t", "s")

    # What holds

    @invariant()
    def the_pending_rows_of_consumers_are_those_of_the_group(self) -> None:
        for group in self.groups():
            name = group["name"].value
            assert isinstance(name, bytes)
            rows = [parts(row) for row in self.rows(name.decode())]
            summary = parts(self.call("XPENDING", "s", name))
            held = {parts(each)[0].value: number(parts(each)[1]) for each in parts(summary[3])}
            assert number(group["pending"]) == number(summary[0]) == len(rows) == sum(held.values())
            for consumer, count in held.items():
                assert isinstance(consumer, bytes)
                own = parts(self.call("XPENDING", "s", name, "-", "+", 1000, consumer))
                assert len(own) == count == sum(row[1].value == consumer for row in rows)
            told = [pairs(each) for each in parts(self.call("XINFO", "CONSUMERS", "s", name))]
            assert sum(number(each["pending"]) for each in told) == len(rows)
            assert number(group["consumers"]) == len(told) >= len(held)
            ids = [id_of(row[0]) for row in rows]
            assert ids == sorted(set(ids))
            if ids:
                assert (id_of(summary[1]), id_of(summary[2])) == (ids[0], ids[-1])

    @invariant()
    def the_stream_tells_the_truth_of_its_entries(self) -> None:
        told, ids = pairs(self.call("XINFO", "STREAM", "s")), self.entries()
        assert number(told["length"]) == number(self.call("XLEN", "s")) == len(ids)
        assert ids == sorted(set(ids))
        assert list(reversed(ids)) == [id_of(parts(each)[0]) for each in parts(self.call("XREVRANGE", "s", "+", "-"))]
        ends = [id_of(parts(told[name])[0]) for name in ("first-entry", "last-entry") if parts(told[name])]
        assert ends == ([ids[0], ids[-1]] if ids else [])
        last = id_of(told["last-generated-id"])
        assert last >= max(ids, default=(0, 0))
        assert last >= self.last, "ids never go back"
        self.last = last
        if self.since(7, 0):
            assert number(told["entries-added"]) >= len(ids)
            assert id_of(told["recorded-first-entry-id"]) == (ids[0] if ids else (0, 0))
            assert id_of(told["max-deleted-entry-id"]) <= last

    @invariant()
    def a_group_that_was_never_moved_knows_how_far_it_is(self) -> None:
        ids = self.entries()
        for group in self.groups():
            left = sum(each > id_of(group["last-delivered-id"]) for each in ids)
            if "lag" in group and group["lag"].value is not None:
                assert number(group["lag"]) >= 0
                if self.since(8, 0) and group["name"].value in self.counted:
                    assert number(group["lag"]) == left

    @invariant()
    def the_full_account_is_the_same_as_the_short_ones(self) -> None:
        if not self.since(6, 0):
            return
        full = pairs(self.call("XINFO", "STREAM", "s", "FULL", "COUNT", 0))
        assert [id_of(parts(entry)[0]) for entry in parts(full["entries"])] == self.entries()
        for told, short in zip(parts(full["groups"]), self.groups(), strict=True):
            group = pairs(told)
            rows = [id_of(parts(row)[0]) for row in parts(group["pending"])]
            theirs = [
                id_of(parts(row)[0])
                for consumer in parts(group["consumers"])
                for row in parts(pairs(consumer)["pending"])
            ]
            assert sorted(theirs) == rows
            assert len(rows) == number(group["pel-count"]) == number(short["pending"])


StreamMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestStreams = StreamMachine.TestCase
