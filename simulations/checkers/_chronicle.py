"""From records to facts: the changes of each server are replayed on a model, and each says what it meant.

A fault that takes a server back in time (power loss, crash, failover) makes owners of entries and watermarks *unknown*
until they are written again; entries and acknowledgements that it destroyed are known by name, from the record that
says so. In a split brain the new primary is not held to entries of before, since nobody can say yet what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...actors import checkpoint_key
from ..history import Applied, Destroyed, FaultStruck, History, ProcessEnded, Published, Record
from ..plan import CrashServer, FailOver, LosePower, RestartEmpty
from ._facts import Acknowledged, Added, Began, Buried, Chronicle, Entry, Fact, Held, Left, Marked, Moved, Removed
from ._model import Row, Server
from ._senders import Senders, consumer_of
from ._words import Trimming, addition, named, option, order, script_arguments, text, trimming_of

Words = Sequence[bytes]


_HOW: Final = {
    "begin": "renewed",
    "claim": "delivered",
    "delay": "delayed",
    "hand_back": "handed back",
    "renew": "renewed",
    "take_own": "delivered",
}
"""Scripts of which it is clear: who begins on an entry has it already, who takes one gets it, counted or not."""


def chronicle(history: History) -> Chronicle:
    """The facts of a history; worked out once."""
    return history.once(_chronicle)


def _chronicle(history: History) -> Chronicle:
    replay = _Replay(history.records)
    for place, record in enumerate(history.records):
        replay.take(place, record)
    by_place: dict[int, list[Fact]] = {}
    for fact in replay.facts:
        by_place.setdefault(fact.at, []).append(fact)
    return Chronicle(replay.facts, replay.names, by_place)


class _Replay:
    """The models of all servers, up to the record that was taken last."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.facts: list[Fact] = []
        self._senders = Senders(records)
        self.names = self._senders.names
        self._event_ids: dict[tuple[str, bytes], list[tuple[int, str]]] = {}
        for place, record in enumerate(records):
            if isinstance(record, Published) and record.raw_id is not None:
                self._event_ids.setdefault((record.stream, record.raw_id), []).append((place, record.event_id))
        self._servers: list[Server] = [Server()]
        self._took_over: dict[str, Server] = {}
        """At which fault, in words, who became the primary."""
        self._checkpoints: dict[str, tuple[str, str]] = {}
        self._begun: set[tuple[str, str]] = set()
        self._taken_back: set[bytes] = set()
        """By the seek that is at work: what was pending for sure."""
        self._where: tuple[int, float, str, int] = (0, 0.0, "", 0)
        self._changes: Mapping[bytes, Callable[[Server, Words, Applied], None]] = {
            b"XADD": self._add,
            b"XTRIM": self._trim,
            b"XDEL": self._delete_entries,
            b"DEL": self._delete_keys,
            b"UNLINK": self._delete_keys,
            b"FLUSHALL": self._flush,
            b"FLUSHDB": self._flush,
            b"XCLAIM": self._hold,
            b"XACK": self._acknowledge,
            b"XGROUP": self._change_group,
            b"HSET": self._mark,
        }

    def take(self, place: int, record: Record) -> None:
        """The next record."""
        match record:
            case Applied(words=words, by=by, server=number) if words:
                self._where = (place, record.at_ms, by, number)
                change = self._changes.get(words[0].upper())
                if change is not None:
                    change(self._server(number), words, record)
            case FaultStruck():
                self._where = (place, record.at_ms, "", len(self._servers) - 1)
                self._strike(record)
            case Destroyed():
                self._where = (place, record.at_ms, "", len(self._servers) - 1)
                self._destroy(self._servers[-1], record)
            case ProcessEnded():
                self._where = (place, record.at_ms, record.host, len(self._servers) - 1)
                self._leave(self._servers[-1], record)
            case _:
                pass

    def _server(self, number: int) -> Server:
        while len(self._servers) <= number:
            self._servers.append(self._servers[-1].replica(is_exact=False))
        return self._servers[number]

    # Faults

    def _strike(self, struck: FaultStruck) -> None:
        newest = self._servers[-1]
        match struck.fault.effect:
            case FailOver(split_ms=split_ms):
                self._servers.append(newest.replica(is_exact=not split_ms))
                self._took_over[struck.fault.in_words()] = self._servers[-1]
            case LosePower() | CrashServer():
                newest.forget_owners()
            case RestartEmpty() as effect:
                self._empty(newest, "destroyed", effect.words)
            case _:
                pass

    def _destroy(self, server: Server, lost: Destroyed) -> None:
        server.forget_owners()
        for stream_name, raw_id, fields in lost.entries:
            event_id = self._event_id(stream_name, raw_id, fields)
            there = server.stream(stream_name).entries.get(raw_id)
            if there is not None and there.event_id == event_id:
                server.stream(stream_name).remove(raw_id)
            self.facts.append(Removed(*self._where, stream_name, raw_id, event_id, "destroyed", lost.why))
        for stream_name, group_name in lost.groups:
            server.stream(stream_name).group(group_name).rows.clear()
        # Of the split before the last one: nobody can say yet whether this one has the entry at all.
        is_of_a_former = self._took_over.get(lost.why, server) is not server
        for stream_name, group_name, raw_id in lost.acknowledgements:
            stream = server.stream(stream_name)
            if raw_id in stream.entries and not (is_of_a_former and raw_id in stream.doubtful):
                stream.group(group_name).owe(stream.entries[raw_id])

    # Entries

    def _add(self, server: Server, words: Words, _: Applied) -> None:
        said, stream_name = addition(words), text(words[1])
        fields = named(said.fields)
        if b"dead_id" in fields and b"dead_stream" in fields:
            whose = text(fields[b"dead_stream"]), text(fields.get(b"dead_group", b""))
            self.facts.append(Buried(*self._where, *whose, fields[b"dead_id"]))
        event_id = "" if b"dead_id" in fields else self._event_id(stream_name, said.raw_id, said.fields)
        kind, redriven = text(fields.get(b"event_type", b"")), b"redriven_group" in fields
        entry = Entry(stream_name, said.raw_id, event_id, kind, self._where[0], redriven)
        server.stream(stream_name).add(entry)
        self.facts.append(Added(*self._where, entry))
        if said.trimming is not None:
            self._trim_to(server, stream_name, said.trimming, "XADD")

    def _event_id(self, stream: str, raw_id: bytes, fields: Words) -> str:
        """As it says itself, or as its producer was told soon after; a stream made anew may give an id again."""
        said = named(fields).get(b"event_id")
        if said is not None:
            return text(said)
        told = self._event_ids.get((stream, raw_id), [])
        later = (event_id for place, event_id in told if place >= self._where[0])
        return next(later, told[-1][1] if told else "")

    def _trim(self, server: Server, words: Words, _: Applied) -> None:
        self._trim_to(server, text(words[1]), trimming_of(words), "XTRIM")

    def _trim_to(self, server: Server, stream_name: str, trimming: Trimming, why: str) -> None:
        for raw_id in server.stream(stream_name).trimmed_by(trimming):
            self._remove(server, stream_name, raw_id, why, "it was trimmed")

    def _delete_entries(self, server: Server, words: Words, _: Applied) -> None:
        for raw_id in words[2:]:
            self._remove(server, text(words[1]), raw_id, "XDEL", "it was deleted")

    def _delete_keys(self, server: Server, words: Words, _: Applied) -> None:
        for key in words[1:]:
            self._drop_stream(server, text(key), "DEL", "its stream was deleted")
            server.marks.pop(self._checkpoints.get(text(key), ("", "")), None)

    def _flush(self, server: Server, words: Words, _: Applied) -> None:
        self._empty(server, text(words[0]).upper(), "everything was deleted")

    def _empty(self, server: Server, why: str, in_words: str) -> None:
        for name in list(server.streams):
            self._drop_stream(server, name, why, in_words)
        server.marks.clear()

    def _drop_stream(self, server: Server, name: str, why: str, in_words: str) -> None:
        if name not in server.streams:
            return
        for raw_id in list(server.streams[name].entries):
            self._remove(server, name, raw_id, why, in_words)
        del server.streams[name]
        for whose in [whose for whose in server.marks if whose[0] == name]:
            del server.marks[whose]  # a new history of the stream begins

    def _remove(self, server: Server, stream_name: str, raw_id: bytes, why: str, in_words: str) -> None:
        entry = server.stream(stream_name).remove(raw_id)
        if entry is not None:
            self.facts.append(Removed(*self._where, stream_name, raw_id, entry.event_id, why, in_words))

    # Groups

    def _change_group(self, server: Server, words: Words, applied: Applied) -> None:
        subcommand = words[1].upper()
        if subcommand == b"CREATE" and len(words) > 4:
            self._begin(server, text(words[2]), text(words[3]), words[4])
        elif subcommand == b"SETID" and len(words) > 4 and self._is_seek(applied):
            self._move(server, text(words[2]), text(words[3]), words[4])
        elif subcommand == b"DESTROY" and len(words) > 3:
            server.stream(text(words[2])).group(text(words[3])).rows.clear()  # what it owes it still owes
        elif subcommand == b"DELCONSUMER" and len(words) > 4:
            rows = server.stream(text(words[2])).group(text(words[3])).rows
            for raw_id in [raw_id for raw_id, row in rows.items() if row.consumer == text(words[4])]:
                del rows[raw_id]

    def _begin(self, server: Server, stream_name: str, group_name: str, begin: bytes) -> None:
        stream = server.stream(stream_name)
        after = next(reversed(stream.ever), b"0-0") if begin == b"$" else begin
        first = (stream_name, group_name) not in self._begun
        self._note_group(stream_name, group_name)
        self._begun.add((stream_name, group_name))
        group = stream.group(group_name)
        sure = [entry for raw_id, entry in stream.entries.items() if raw_id not in stream.doubtful]
        group.owe(*(entry for entry in sure if order(entry.raw_id) > order(after)))
        self.facts.append(Began(*self._where, stream_name, group_name, after, first))

    def _is_seek(self, applied: Applied) -> bool:
        """Whether somebody had a group go on elsewhere: a read that acknowledges nothing notes its place alike."""
        sent = self._senders.of(applied, self._where[0])
        return sent is not None and sent.action in ("seek", "XGROUP")

    def _move(self, server: Server, stream_name: str, group_name: str, to: bytes) -> None:
        stream = server.stream(stream_name)
        self._note_group(stream_name, group_name)
        pending = stream.group(group_name).surely_pending() | self._taken_back
        self._taken_back = set()
        stream.group(group_name).move(order(to), [stream.entries[each] for each in stream.entries])
        server.marks.pop((stream_name, group_name), None)
        kept = frozenset(raw_id for raw_id in pending if order(raw_id) <= order(to))
        self.facts.append(Moved(*self._where, stream_name, group_name, to, kept))

    def _note_group(self, stream_name: str, group_name: str) -> None:
        self._checkpoints[checkpoint_key(stream_name, group_name)] = (stream_name, group_name)

    def _hold(self, server: Server, words: Words, applied: Applied) -> None:
        stream_name, group_name, consumer, raw_id = text(words[1]), text(words[2]), text(words[3]), words[5]
        stream = server.stream(stream_name)
        self._note_group(stream_name, group_name)
        group = stream.group(group_name)
        count, time_ms = option(words, b"RETRYCOUNT"), option(words, b"TIME") or 0
        if raw_id in stream.ever and raw_id not in stream.entries:
            group.rows.pop(raw_id, None)  # since 7.0 who claims what is gone drops its row
            return
        row = group.rows.get(raw_id)
        how = self._how(applied)
        if not how:
            same = row is not None and row.consumer == consumer and row.count == count
            how = "delivered"
            if row is not None and same:
                how = "handed back" if self._hands_back(applied, row, time_ms) else "renewed"
        former = "" if row is None else row.consumer
        group.rows[raw_id] = Row(consumer, count, time_ms, how in ("handed back", "delayed"))
        entry = stream.entries.get(raw_id)
        if entry is not None and raw_id not in group.unsettled:
            group.owe(entry)
        delay_ms = self._delay_ms(applied, raw_id) if how == "delayed" else 0.0
        self.facts.append(Held(*self._where, stream_name, group_name, raw_id, consumer, former, how, entry, delay_ms))

    def _how(self, applied: Applied) -> str:
        """As its command says; "" where that says nothing."""
        sent = self._senders.of(applied, self._where[0])
        return "" if sent is None else _HOW.get(sent.action, "")

    def _delay_ms(self, applied: Applied, raw_id: bytes) -> float:
        """As the script was told that delays: behind four other arguments each entry with its time."""
        sent = self._senders.of(applied, self._where[0])
        pairs = () if sent is None else script_arguments(sent.words)[4:]
        return float(dict(zip(pairs[::2], pairs[1::2], strict=False)).get(raw_id, b"0"))

    def _hands_back(self, applied: Applied, row: Row, time_ms: int) -> bool:
        """Where its command is not known: an entry that is more idle than it was."""
        return self._senders.of(applied, self._where[0]) is None and time_ms < row.time_ms

    def _acknowledge(self, server: Server, words: Words, applied: Applied) -> None:
        stream_name, group_name = text(words[1]), text(words[2])
        stream = server.stream(stream_name)
        group = stream.group(group_name)
        sent = self._senders.of(applied, self._where[0])
        consumer = None if sent is None else consumer_of(sent)
        if sent is not None and sent.action == "seek":
            self._taken_back |= group.surely_pending() & set(words[3:])
            for raw_id in words[3:]:
                group.rows.pop(raw_id, None)  # not settled: it is delivered anew
            return
        for raw_id in words[3:]:
            row = group.settle(raw_id)
            self.facts.append(
                Acknowledged(
                    *self._where,
                    stream_name,
                    group_name,
                    raw_id,
                    None if row is None else row.consumer,
                    consumer,
                    was_pending=row is not None,
                    was_there=raw_id in stream.entries or raw_id not in stream.ever,
                    entry=stream.ever.get(raw_id),
                )
            )

    def _mark(self, server: Server, words: Words, _: Applied) -> None:
        whose = self._checkpoints.get(text(words[1]))
        mark = named(words[2:]).get(b"id")
        if whose is None or mark is None:
            return
        stream = server.stream(whose[0])
        group = stream.groups.get(whose[1])
        passed = [] if group is None else group.passed_by(mark)
        self.facts.append(Marked(*self._where, *whose, mark, server.marks.get(whose), passed))
        server.marks[whose] = mark

    def _leave(self, server: Server, ended: ProcessEnded) -> None:
        names = self.names.get(ended.host, frozenset())
        rows = [
            (stream_name, group_name, raw_id)
            for stream_name, stream in server.streams.items()
            for group_name, group in stream.groups.items()
            for raw_id, row in group.rows.items()
            if row.consumer in names and not row.handed_back
        ]
        self.facts.append(Left(*self._where, ended.host, ended.incarnation, ended.how, rows))
