"""What is to be appended to a stream later: kept in Redis beside it, and moved there by one script.

Each schedule has an id, a time by the clock of Redis, and the words of its entry. Appending and forgetting are one
step, so it is appended once, however many processes look for what is due, and whatever replies are lost. Each *call*
that makes a schedule has a name of its own, which is remembered for a while after the schedule has ended: a call that
comes late, over a connection that was given up long ago, does not make it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

import msgspec
from attrs import frozen

from . import _replies as replies
from ._client import Client
from ._errors import is_weather
from ._ids import EntryId
from ._pending_list import SCRIPT_WORDS_MAX
from ._redis_py import Arg, NoPermissionError, RedisError, Reply
from ._scripts import load

REMEMBER_MS: Final = 600_000
"""For how long a call is remembered whose schedule has ended: far longer than a request may be on its way."""

FIRE_MAX: Final = 100
"""Schedules that are looked at in one step: some milliseconds of the server's time."""

PAGE: Final = 100
"""Schedules that are listed with one command."""


@frozen
class Scheduled:
    """Something that is to be appended.

    Attributes:
        id: its own.
        due_ms: when, in milliseconds since 1970 by the clock of Redis.
        call: the name of the call that made it.
        rule: by which it recurs; "" if it does not.
        fields: the words of the entry: name, value, …
    """

    id: str
    due_ms: int
    call: bytes
    rule: str
    fields: Sequence[bytes]


@frozen
class Fired:
    """What `ScheduleStore.fire` did.

    Attributes:
        next_ms: until the next one is due; 0: more of them are; None: there is none.
        now_ms: what time it is, by the clock of Redis.
        appended: schedule ids, and the ids of the entries.
        recurring: those that are due and recur: see `ScheduleStore.recur`.
        refused: ids of those that Redis will not append as they are, and why. They are scheduled still.
    """

    next_ms: int | None
    now_ms: int
    appended: Sequence[tuple[str, EntryId]]
    recurring: Sequence[Scheduled]
    refused: Sequence[tuple[str, RedisError]]


class ScheduleStore:
    """The schedules of one stream.

    Args:
        client: the link to use.
        stream: where entries are appended.
        keys: three keys in the slot of the stream: of the times, of the events, and of what has ended.
    """

    def __init__(self, client: Client, stream: str, keys: tuple[str, str, str]) -> None:
        self._client = client
        self._stream = stream
        self._keys = keys

    async def put(
        self, schedule_id: str, how: Literal["at", "after"], ms: int, *, call: bytes, rule: str, fields: Sequence[bytes]
    ) -> int | None:
        """Note what is to be appended; returns when, or None if this very call did so before and it is over.

        Safe to repeat.

        Args:
            schedule_id: its id; another schedule that has it is replaced.
            how: whether `ms` is a time or a delay.
            ms: milliseconds since 1970, or from now on.
            call: a name that no other call has.
            rule: by which it recurs; "" if it does not. By the same rule it stays due when it was.
            fields: the entry's words.

        Raises:
            ValueError: no entry can be made of these fields, or they are more than a script can write.
        """
        _check(fields)
        args: list[Arg] = [schedule_id, how, ms, call, rule, *fields]
        reply = await self._client.eval(load("schedule"), self._keys, args)
        due_ms = replies.number(reply)
        return None if due_ms < 0 else due_ms

    async def cancel(self, schedule_id: str) -> bool:
        """Forget a schedule; returns whether there was one."""
        reply = await self._client.eval(load("unschedule"), self._keys, [schedule_id, REMEMBER_MS])
        return replies.number(reply) == 1

    async def fire(self, passed: int = 0, length_max: int | None = None) -> Fired:
        """Append what is due, the first so many. Safe to repeat.

        Args:
            passed: how many to pass over first, of those that are due: they were looked at, and are due still.
            length_max: about how many entries the stream keeps; None: all.

        Raises:
            redis.exceptions.RedisError: nothing can be appended, whatever it is.
        """
        args: list[Arg] = [FIRE_MAX, passed, _limit(length_max), REMEMBER_MS]
        next_ms, now_ms, *found = cast(
            "list[object]", await self._client.eval(load("fire"), [self._stream, *self._keys], args)
        )
        appended: list[tuple[str, EntryId]] = []
        recurring: list[Scheduled] = []
        refused: list[tuple[str, RedisError]] = []
        for row in cast("list[list[Reply]]", found):
            match row:
                case [bytes() as raw_id, _, int() as due_ms, bytes() as packed]:
                    recurring.append(_scheduled(raw_id, due_ms, packed))
                case [raw_id, RedisError() as error]:
                    if refuses_all(error):
                        raise error
                    refused.append((replies.text(raw_id), error))
                case [raw_id, bytes() as entry_id]:
                    appended.append((replies.text(raw_id), EntryId.of_reply(entry_id)))
                case _:
                    raise AssertionError(f"the script answered {row!r}")
        known_ms = cast("int", next_ms)
        return Fired(None if known_ms < 0 else known_ms, cast("int", now_ms), appended, recurring, refused)

    async def recur(
        self,
        schedule: Scheduled,
        entries: Sequence[Sequence[bytes]],
        again_ms: int | None,
        length_max: int | None = None,
    ) -> Sequence[EntryId] | None:
        """Append what a schedule makes that is due, and note when it is again; None: somebody was faster.

        Args:
            schedule: as `fire` found it.
            entries: the words of each.
            again_ms: its next time; None: it ends.
            length_max: as for `fire`.

        Raises:
            ValueError: as `put`, for one of them. None is appended then: the others would come again with each try.
            redis.exceptions.RedisError: it can't be appended; nor can any other one, if `refuses_all` says so.
        """
        again: Arg = b"" if again_ms is None else again_ms
        args: list[Arg] = [schedule.id, schedule.due_ms, schedule.call, again, _limit(length_max), REMEMBER_MS]
        for fields in entries:
            _check(fields)
            args.append(len(fields))
            args += fields
        reply = await self._client.eval(load("recur"), [self._stream, *self._keys], args)
        return [EntryId.parse(raw_id) for raw_id in cast("list[bytes]", reply)] if isinstance(reply, list) else None

    async def all(self) -> Sequence[Scheduled]:
        """Every schedule, the next one first."""
        times, events, _ = self._keys
        rows = cast("list[bytes]", await self._client.call(b"ZRANGE", times, 0, -1, b"WITHSCORES"))
        found: list[Scheduled] = []
        for start in range(0, len(rows), 2 * PAGE):
            part = rows[start : start + 2 * PAGE]
            packed = cast("list[bytes | None]", await self._client.call(b"HMGET", events, *part[::2]))
            found += [
                _scheduled(raw_id, int(float(score)), what)
                for raw_id, score, what in zip(part[::2], part[1::2], packed, strict=True)
                if what is not None
            ]
        return found


def _check(fields: Sequence[bytes]) -> None:
    """That a script can append these."""
    if not fields or len(fields) % 2:
        raise ValueError(f"an event that is scheduled has fields with a value each, not {list(fields)!r}")
    if len(fields) > SCRIPT_WORDS_MAX:
        raise ValueError(f"an event of {len(fields) // 2} fields is too long to be scheduled")


def refuses_all(error: RedisError) -> bool:
    """Whether the reason for which Redis did not append something holds for everything else, too."""
    return is_weather(error) or isinstance(error, NoPermissionError) or str(error).startswith("WRONGTYPE")


def _limit(length_max: int | None) -> Arg:
    return b"" if length_max is None else length_max


def _scheduled(raw_id: bytes, due_ms: int, packed: bytes) -> Scheduled:
    call, rule, *fields = map(_unpacked, msgspec.msgpack.decode(packed, type=list[msgspec.Raw]))
    return Scheduled(replies.text(raw_id), due_ms, call, rule.decode(), fields)


def _unpacked(raw: msgspec.Raw) -> bytes:
    """A string of MessagePack as bytes: the scripts know no other kind, and a field may be anything."""
    data = bytes(raw)
    return data[_HEADS.get(data[0], 1) :]


_HEADS: Final = {0xD9: 2, 0xDA: 3, 0xDB: 5}
"""How long it is what stands before a string of 32 bytes and more."""
