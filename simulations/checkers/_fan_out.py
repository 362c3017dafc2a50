"""`fan-out`: every reader without a group sees every event, in order, and its checkpoint says what it has seen.

Judged for each reader that has a name, by what all its processes did. It *begins* where it says so for the first time;
it *owes* what comes after that, and all that is added later; where its checkpoint was lost it begins anew. An event is
*seen* when a run of its handler ended well, or a dead letter of this reader was written for it.

* At the end of a live run everything that it owes and that is still there was seen, but for what was added when all
  were to stop.
* Within one process events begin in the order of the stream, each when the one before was seen.
* A checkpoint that is written passes nothing that is owed, was not seen, and is there. One beyond the end of the
  stream, or whose id stands for another entry by now, is of a former one: whoever wrote it has yet to notice that.
  One on the old primary of a split brain, whose reader may read on the new one by then, goes with what it passes; and
  what is added there is nothing to those on the new one.
* Within one history of the reader it never goes back.

Excused is a host that is broken for good, and the order of ids where the reader tells that it goes on elsewhere. After
a fault that takes the server back in time, or the loss of their key, checkpoints are not compared with those of before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field, frozen

from ...actors import ReaderBegan, ReaderMoved, readers_key
from ...wire import EntryId, Mark
from ..history import Applied, FaultStruck, HandlerStarted, History, Phase, ProcessStarted, Publishing, Record, Told
from ..plan import CrashServer, FailOver, LosePower, RestartEmpty
from ._chronicle import chronicle
from ._facts import Added, Buried, Entry, Removed
from ._runs import Run, reader_runs
from ._senders import Senders
from ._verdict import Verdict
from ._words import named, order, text

NAME = "fan-out"

Key = tuple[str, str]
"""Stream and reader."""

_BACK_IN_TIME = (CrashServer, FailOver, LosePower, RestartEmpty)


@frozen
class _Begun:
    """Where a reader began, at which place of the records, and on which server, as far as a record says so."""

    place: int
    after: bytes
    server: int | None


def fan_out(history: History) -> Iterator[Verdict]:
    """Everybody sees everything."""
    begun = _begun(history)
    if begun:
        yield from _checkpoints(history, begun)
        yield from _order(history)
        yield from _at_the_end(history, begun)


def _begun(history: History) -> Mapping[Key, _Begun]:
    """Where each began for the first time, or for the first time after its checkpoint was lost.

    What a demoted server was still told is lost with what else it took.
    """
    found: dict[Key, _Begun] = {}
    lost_at, newest = -1, 0
    for place, record in enumerate(history.records):
        newest += isinstance(record, FaultStruck) and isinstance(record.fault.effect, FailOver)
        if _may_lose_checkpoints(record):
            lost_at = place
        for key, position, is_new in _beginnings(history, record, place):
            begun = _Begun(place, str(position).encode(), record.server if isinstance(record, Applied) else None)
            former = found.setdefault(key, begun)
            is_lost = former.place < lost_at or (former.server is not None and former.server < newest)
            if is_lost and is_new:
                found[key] = begun
    return found


def _beginnings(history: History, record: Record, place: int) -> Iterator[tuple[Key, EntryId, bool]]:
    """Who begins with this record, and where: it says so, or wrote it and was killed before it could."""
    match record:
        case Told(event=ReaderBegan() as told) if told.reader:
            yield (told.stream, told.reader), told.position, told.is_new
        case Applied(words=words) if words and words[0].upper() == b"HSET":
            sent = history.once(_senders).of(record, place)
            if sent is not None and sent.action == "reader_begin":
                position = Mark.parse(words[3]).position
                yield (text(sent.words[3]), text(words[2])), position, True
        case _:
            pass


def _senders(history: History) -> Senders:
    return Senders(history.records)


def _may_lose_checkpoints(record: Record) -> bool:
    match record:
        case FaultStruck(fault=fault):
            return isinstance(fault.effect, _BACK_IN_TIME)
        case Applied(words=words) if words:
            return words[0].upper() in {b"FLUSHALL", b"FLUSHDB", b"UNLINK", b"DEL", b"HDEL"}
        case _:
            return False


def _owes(begun: _Begun, entry: Entry) -> bool:
    return entry.added_at > begun.place or order(entry.raw_id) > order(begun.after)


def _is_seen(history: History, key: Key, entry: Entry, place: int) -> bool:
    of = (entry.stream, key[1], entry.raw_id)
    facts = chronicle(history).facts
    return reader_runs(history).done_before(of, entry.event_id, place) or any(
        isinstance(fact, Buried) and (fact.stream, fact.group, fact.raw_id) == of and fact.at < place for fact in facts
    )


@define
class _Marks:
    """The checkpoints as a server has them."""

    keys: Mapping[str, str]
    stands: dict[tuple[int, Key], Mark] = field(factory=dict)

    def take(self, record: Record) -> Sequence[tuple[Key, Mark, Mark | None]]:
        """What a record changes: of whom, and from which to which."""
        if _may_lose_checkpoints(record) and not self._is_of_another_key(record):
            self.stands.clear()
        if not isinstance(record, Applied) or not record.words:
            return ()
        command, words = record.words[0].upper(), record.words[1:]
        if command != b"HSET" or text(words[0]) not in self.keys:
            return ()
        changes: list[tuple[Key, Mark, Mark | None]] = []
        for name, value in named(words[1:]).items():
            key, mark = (self.keys[text(words[0])], text(name)), Mark.parse(value)
            changes.append((key, mark, self.stands.get((record.server, key))))
            self.stands[record.server, key] = mark
        return changes

    def _is_of_another_key(self, record: Record) -> bool:
        return isinstance(record, Applied) and len(record.words) > 1 and text(record.words[1]) not in self.keys


def _checkpoints(history: History, begun: Mapping[Key, _Begun]) -> Iterator[Verdict]:
    streams = {record.stream for record in history.of(Publishing)} | {stream for stream, _ in begun}
    marks = _Marks({readers_key(stream): stream for stream in streams})
    there, last = dict[tuple[str, bytes], Entry](), dict[str, tuple[int, int]]()
    by_place = chronicle(history).by_place
    newest = 0
    for place, record in enumerate(history.records):
        newest += isinstance(record, FaultStruck) and isinstance(record.fault.effect, FailOver)
        for fact in by_place.get(place, ()):
            if isinstance(fact, Added) and fact.server >= newest:
                there[fact.entry.stream, fact.entry.raw_id] = fact.entry
                last[fact.entry.stream] = order(fact.entry.raw_id)
            elif isinstance(fact, Removed):
                there.pop((fact.stream, fact.raw_id), None)
        for key, mark, former in marks.take(record):
            who = f"the checkpoint of reader {key[1]} of {key[0]}"
            if former is not None and (mark.history, mark.position) < (former.history, former.position):
                yield Verdict(NAME, f"{who} went back from {former.position} to {mark.position}", (), "back")
            began, at = begun.get(key), there.get((key[0], str(mark.position).encode()))
            is_former = mark.position > last.get(key[0], (0, 0)) or (at and _is_of_a_former(history, key, at, place))
            is_outlived = isinstance(record, Applied) and record.server < newest
            if began is not None and place >= began.place and not is_former and not is_outlived:
                owed = [entry for of, entry in there.items() if of[0] == key[0] and _owes(began, entry)]
                for entry in _unseen(history, key, owed, mark, place):
                    words = f"{who} is at {mark.position} and passes {_who(entry)}, which it has not seen"
                    yield Verdict(NAME, words, _ids(entry), "passed")


def _unseen(history: History, key: Key, owed: Sequence[Entry], mark: Mark, place: int) -> Iterator[Entry]:
    for entry in owed:
        if order(entry.raw_id) <= mark.position and not _is_seen(history, key, entry, place):
            yield entry


def _is_of_a_former(history: History, key: Key, entry: Entry, place: int) -> bool:
    """Whether a reader has handled another entry of this id: before this one got it, or on another server, and last."""
    of = (entry.stream, key[1], entry.raw_id)
    known_runs = [run for run in reader_runs(history).of_entry.get(of, ()) if run.started_at < place]
    if known_runs and max(known_runs, key=lambda run: run.started_at).start.event_id != entry.event_id:
        return True
    begun = [run.started_at for run in known_runs]
    buried = (fact for fact in chronicle(history).facts if isinstance(fact, Buried))
    begun += [fact.at for fact in buried if (fact.stream, fact.group, fact.raw_id) == of]
    known = [at for at in begun if at < place]
    return bool(known) and max(known) < entry.added_at


def _order(history: History) -> Iterator[Verdict]:
    last: dict[tuple[str, Key], HandlerStarted] = {}
    runs = {run.start.run: run for run in reader_runs(history).all}
    for place, record in enumerate(history.records):
        match record:
            case ProcessStarted(host=host):
                last = {of: start for of, start in last.items() if of[0] != host}
            case Told(host=host, event=ReaderMoved() as moved):
                last.pop((host, (moved.stream, moved.reader)), None)
            case HandlerStarted(is_reader=True) if record.group:
                key = (record.stream, record.group)
                former = last.get((record.host, key))
                last[record.host, key] = record
                if former is not None:
                    yield from _after(history, place, former, record, runs)
            case _:
                pass


def _after(
    history: History, place: int, former: HandlerStarted, now: HandlerStarted, runs: Mapping[int, Run]
) -> Iterator[Verdict]:
    """Whether a run may follow on another."""
    if former.raw_id == now.raw_id:
        return
    who = f"{now.host} began {now.event_id} ({text(now.raw_id)} of {now.stream})"
    before = f"{former.event_id} ({text(former.raw_id)})"
    if order(now.raw_id) < order(former.raw_id):
        yield Verdict(NAME, f"{who} after {before}", (now.event_id, former.event_id), "order")
        return
    entry = Entry(former.stream, former.raw_id, former.event_id, "", 0)
    if runs[former.run].outcome != "done" and not _is_seen(history, (now.stream, now.group), entry, place):
        words = f"{who} although {before} was not seen yet"
        yield Verdict(NAME, words, (now.event_id, former.event_id), "order")


def _at_the_end(history: History, begun: Mapping[Key, _Begun]) -> Iterator[Verdict]:
    entries: dict[tuple[str, bytes, str], Entry] = {}
    for fact in chronicle(history).facts:
        if isinstance(fact, Added):
            entries[fact.entry.stream, fact.entry.raw_id, fact.entry.event_id] = fact.entry
    # Two primaries of a split brain may have given one id: the entry is the one that is there.
    present = {
        (stream, raw_id): text(named(fields).get(b"event_id", b""))
        for stream, found in history.streams.items()
        for raw_id, fields in found
    }
    newest = {(entry.stream, entry.raw_id): entry for entry in entries.values()}
    end = len(history.records)
    stopping = next((place for place, record in enumerate(history.records) if _is_the_stop(record)), end)
    for key, began in begun.items():
        if key[1] in history.plan.broken_for_good:
            continue
        for of, event_id in present.items():
            entry = entries.get((*of, event_id), newest.get(of))
            if entry is None or of[0] != key[0] or not _owes(began, entry) or entry.added_at > stopping:
                continue
            if _is_seen(history, key, entry, end):
                continue
            words = f"reader {key[1]} of {key[0]} never saw {_who(entry)}"
            yield Verdict(NAME, words, _ids(entry), "missed")


def _is_the_stop(record: Record) -> bool:
    return isinstance(record, Phase) and record.name == "stopping"


def _who(entry: Entry) -> str:
    return f"{entry.event_id or 'an entry'} ({text(entry.raw_id)})"


def _ids(entry: Entry) -> tuple[str, ...]:
    return (entry.event_id,) if entry.event_id else ()
