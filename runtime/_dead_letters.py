"""Looking after the dead letters of a group: what nobody could handle, until somebody mends it, or throws it away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Final, TypeVar, cast

from attrs import frozen

from ..actors import dead_letter_key
from ..wire import Client, EntryId, load
from ._dead_letter import ABOUT, DeadLetter, DeadLetterFilter, own_fields

T = TypeVar("T")

PAGE: Final = 100
"""Letters in one read, and in one step of a redrive: some milliseconds of the server's time."""

EVERYTHING: Final = DeadLetterFilter()


class DeadLetterGone(LookupError):
    """There is no such dead letter: it was given back, thrown away, or edited, which gives it a new id."""


class DeadLetterTooLong(ValueError):
    """A dead letter has more fields than a script can write: over 3,000."""


@frozen
class Redriven:
    """A dead letter that was given back.

    Attributes:
        letter: as it was.
        new_id: that of its new entry in the stream; None if it was only to be seen what would be given back.
    """

    letter: DeadLetter
    new_id: EntryId | None


class DeadLetters:
    """The dead letters of one group; from `Runtime.dead_letters`.

    ::

        letters = runtime.dead_letters("orders", "billing")
        for letter in await letters.find():
            print(letter.event_type, letter.reason)
        await letters.redrive(DeadLetterFilter(errors={"ConnectionError"}))

    Args:
        client: the link to use.
        stream: the group's stream.
        group: its name.
    """

    def __init__(self, client: Client, stream: str, group: str) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._key = dead_letter_key(stream, group)

    async def count(self) -> int:
        """How many there are."""
        return await self._client.xlen(self._key)

    async def now(self) -> datetime:
        """The time by the clock of Redis, which is that of all letters, in UTC."""
        seconds, _ = cast("list[bytes]", await self._client.call(b"TIME"))
        return datetime.fromtimestamp(int(seconds), timezone.utc)

    async def find(self, where: DeadLetterFilter = EVERYTHING, *, limit: int | None = None) -> Sequence[DeadLetter]:
        """Those that are meant, the oldest first.

        Args:
            where: which ones.
            limit: how many at most; None: all.
        """
        return await self._walk(where, limit, _as_they_are)

    async def get(self, letter_id: EntryId | str) -> DeadLetter:
        """One of them, by its own id or by the one that its entry had.

        Raises:
            DeadLetterGone: there is none.
        """
        found = await self.find(DeadLetterFilter(ids=[letter_id]), limit=1)
        if not found:
            raise DeadLetterGone(f"{self._group} of {self._stream} has no dead letter {letter_id}")
        return found[0]

    async def edit(self, letter_id: EntryId | str, fields: Mapping[str, str | bytes]) -> EntryId:
        """Change fields of the entry itself, or add some; what is told about it stays.

        Returns:
            The letter's new id: an entry of a stream can't be changed, so it is written anew.

        Raises:
            DeadLetterGone: there is no such letter (any more).
        """
        letter = await self.get(letter_id)
        entries = await self._client.xrange(self._key, letter.id, letter.id)
        flat = (entries[0].fields or ()) if entries else ()
        own = own_fields(flat)
        about = flat[: len(flat) - len(own)]
        changed = dict(zip(own[::2], own[1::2], strict=True))
        changed.update((name.encode(), _encoded(value)) for name, value in fields.items())
        words = [*_told(about, len(changed)), *(part for pair in changed.items() for part in pair)]
        new_id = await self._client.eval(load("edit_dead"), [self._key], [str(letter.id), *words])
        if not isinstance(new_id, bytes):
            raise DeadLetterGone(f"dead letter {letter_id} is gone: somebody was faster")
        return EntryId.parse(new_id)

    async def redrive(
        self, where: DeadLetterFilter = EVERYTHING, *, limit: int | None = None, dry_run: bool = False
    ) -> Sequence[Redriven]:
        """Give letters back to the stream, for this group alone: each once, also if it is said again after an error.

        The new entry has the fields of the old one, so the same event id, and notes how often it was given back.

        Args:
            where: which ones; those that die meanwhile are not among them.
            limit: how many at most; None: all.
            dry_run: only say which ones would be.

        Raises:
            DeadLetterTooLong: one has more fields than a script can write; those before it were given back.
        """
        return await self._walk(where, limit, _not_given_back if dry_run else self._redrive)

    async def purge(
        self, where: DeadLetterFilter = EVERYTHING, *, limit: int | None = None, dry_run: bool = False
    ) -> Sequence[DeadLetter]:
        """Throw letters away; returns which.

        Args:
            where: which ones; those that die meanwhile are not among them.
            limit: how many at most; None: all.
            dry_run: only say which ones would be.
        """
        return await self._walk(where, limit, _as_they_are if dry_run else self._purge)

    async def _purge(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        await self._client.xdel(self._key, [letter.id for letter in letters])
        return letters

    async def _redrive(self, letters: Sequence[DeadLetter]) -> Sequence[Redriven]:
        known = {str(letter.id).encode(): letter for letter in letters}
        reply = await self._client.eval(load("redrive"), [self._key, self._stream], [self._group, *known])
        given = cast("list[tuple[bytes, bytes]]", reply)
        for raw_id, new_id in given:
            if not new_id:
                many = len(known[raw_id].fields) // 2
                raise DeadLetterTooLong(
                    f"dead letter {raw_id.decode()} has {many} fields: more than a script can write"
                )
        return [Redriven(known[raw_id], EntryId.parse(new_id)) for raw_id, new_id in given]

    async def _walk(
        self,
        where: DeadLetterFilter,
        limit: int | None,
        act: Callable[[Sequence[DeadLetter]], Awaitable[Sequence[T]]],
    ) -> Sequence[T]:
        """Act upon those that are meant, page after page, up to the one that is the last now."""
        done: list[T] = []
        start: EntryId | None = EntryId(0, 1)
        last = await self._client.xrange(self._key, count=1, backwards=True)
        while last and start is not None and start <= last[0].id:
            entries = await self._client.xrange(self._key, start, last[0].id, count=PAGE)
            letters = [letter for letter in map(DeadLetter.of_entry, entries) if where.matches(letter)]
            meant = letters if limit is None else letters[: limit - len(done)]
            if meant:
                done += await act(meant)
            if limit is not None and len(done) >= limit:
                break
            start = entries[-1].id.next() if len(entries) == PAGE else None
        return done


async def _as_they_are(letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
    return letters


async def _not_given_back(letters: Sequence[DeadLetter]) -> Sequence[Redriven]:
    return [Redriven(letter, None) for letter in letters]


def _encoded(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _told(about: Sequence[bytes], own: int) -> Sequence[bytes]:
    """What is told about a letter, with the number of its entry's own fields."""
    pairs = [(name, value) for name, value in zip(about[::2], about[1::2], strict=True) if name != b"dead_own"]
    count = ((f"{ABOUT}own").encode(), b"%d" % own)
    return [part for pair in (*pairs, count) for part in pair]
