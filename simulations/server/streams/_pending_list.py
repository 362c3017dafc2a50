"""Who holds what, by id in order: a dictionary, and beside it the list of its ids.

Entries are delivered in order and acknowledged more or less in order, so nearly every id comes behind the last one, and
a sorted container would search for its place in vain. An id stays in the list when its entry is acknowledged; whoever
reads in order passes over it. Ids that are gone at the beginning are skipped for good, and where more than half of the
list is gone it is written anew: so each of them costs a moment once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Final, Generic, TypeVar

from ._ids import Id

Row = TypeVar("Row")

GONE_MAX: Final = 64
"""So many ids that are gone are not worth writing the list anew."""


class PendingList(Generic[Row]):
    """Rows by id; iterating gives the ids in order. It must not change meanwhile."""

    __slots__ = ("_ids", "_rows", "_start")

    def __init__(self) -> None:
        self._rows: dict[Id, Row] = {}
        self._ids: list[Id] = []
        self._start = 0
        """Where in `_ids` the first one stands that is not gone."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, entry_id: Id) -> bool:
        return entry_id in self._rows

    def __getitem__(self, entry_id: Id) -> Row:
        return self._rows[entry_id]

    def get(self, entry_id: Id) -> Row | None:
        """The row of an entry, None if nobody holds it."""
        return self._rows.get(entry_id)

    def __setitem__(self, entry_id: Id, row: Row) -> None:
        ids = self._ids
        if not ids or ids[-1] < entry_id:
            ids.append(entry_id)
        elif entry_id not in self._rows:
            place = bisect_left(ids, entry_id, self._start)
            if ids[place] != entry_id:
                ids.insert(place, entry_id)
        self._rows[entry_id] = row

    def is_before(self, entry_id: Id) -> bool:
        """Whether nothing in here comes behind this id, nor is it."""
        return not self._ids or self._ids[-1] < entry_id

    def add_behind(self, rows: Mapping[Id, Row]) -> None:
        """Put in rows, in the order of their ids, of which nothing in here is behind the first."""
        self._ids += rows
        self._rows.update(rows)

    def update(self, rows: Mapping[Id, Row]) -> None:
        """Put in some rows, at least one, in the order of their ids."""
        ids = self._ids
        if not ids or ids[-1] < next(iter(rows)):
            ids += rows
            self._rows.update(rows)
        else:
            for entry_id, row in rows.items():
                self[entry_id] = row

    def pop(self, entry_id: Id) -> Row | None:
        """Take the row of an entry out; None if nobody held it."""
        rows, ids = self._rows, self._ids
        row = rows.pop(entry_id, None)
        if row is None:
            return None
        if len(ids) > 2 * len(rows) + GONE_MAX:
            self._ids, self._start = [each for each in ids if each in rows], 0
        elif ids[self._start] == entry_id:
            self._skip_gone()
        return row

    def _skip_gone(self) -> None:
        rows, ids, at = self._rows, self._ids, self._start
        if not rows:
            ids.clear()
            at = 0
        else:
            while ids[at] not in rows:
                at += 1
        self._start = at

    def __iter__(self) -> Iterator[Id]:
        return self._ids_from(self._start)

    def items(self) -> Iterator[tuple[Id, Row]]:
        """Ids with their rows, in order."""
        return ((each, self._rows[each]) for each in self)

    def starting_at(self, start: Id, *, inclusive: bool = True) -> Iterator[Id]:
        """The ids from this one on, or behind it, in order."""
        search = bisect_left if inclusive else bisect_right
        return self._ids_from(search(self._ids, start, self._start))

    def _ids_from(self, place: int) -> Iterator[Id]:
        ids, rows = self._ids, self._rows
        for at in range(place, len(ids)):
            if ids[at] in rows:
                yield ids[at]

    def first(self) -> Id:
        """The least id. There must be one."""
        return self._ids[self._start]

    def last(self) -> Id:
        """The greatest id. There must be one."""
        while self._ids[-1] not in self._rows:
            del self._ids[-1]
        return self._ids[-1]
