"""WATCH: whose next transaction fails, because a key that it watches was changed or has expired.

A key may have expired already when it is watched, and still be there as nobody looked at it: then it is *stale*, and
that it goes is no change (since 7.0). 5.0 does not know that expiry changes a key at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._session import Session

if TYPE_CHECKING:
    from ._engine import Engine
    from ._keyspace import Database

Place = tuple[int, bytes]
"""A key, with the number of its database."""


class Watching:
    """The watched keys of one engine, and who watches each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.watchers: dict[Place, dict[Session, None]] = {}

    def watch(self, session: Session, key: bytes) -> None:
        """Have the session's next transaction fail if this key is changed before it."""
        place = (session.database, key)
        since = self._engine.profile.since
        if place in session.watched or (session.is_touched and since(7, 0)):
            return
        session.watched[place] = since(7, 0) and self._is_expired(place)
        self.watchers.setdefault(place, {})[session] = None

    def forget(self, session: Session) -> None:
        """The session watches nothing any more, and nothing of it was changed."""
        session.is_touched = False
        self._unwatch(session)

    def touch(self, database: Database, key: bytes, *, expired: bool) -> None:
        """A key was changed, or has expired and is gone."""
        if expired and not self._engine.profile.since(6, 0):
            return
        place = (database.index, key)
        for session in list(self.watchers.get(place, ())):
            if session.watched[place]:
                session.watched[place] = key in database.values
                continue
            session.is_touched = True
            if self._engine.profile.since(7, 0):
                self._unwatch(session)

    def touch_swapped(self, database: Database, other: Database) -> None:
        """SWAPDB: what is in the one will be in the other; a key that neither has does not change."""
        for (index, key), sessions in self.watchers.items():
            if index != database.index or (key not in database.values and key not in other.values):
                continue
            comes_expired = self._is_expired((other.index, key))
            for session in sessions:
                is_stale = session.watched[index, key]
                if is_stale and (key not in other.values or comes_expired):
                    session.watched[index, key] = comes_expired
                elif not is_stale and key not in database.values and comes_expired and self._knows_stale:
                    session.watched[index, key] = True
                else:
                    session.is_touched = True

    def spoils_transaction(self, session: Session) -> bool:
        """Whether something that a session watches was changed, or has expired meanwhile."""
        if session.is_touched or not self._engine.profile.since(6, 0):
            return session.is_touched
        return any(not stale and self._is_expired(place) for place, stale in session.watched.items())

    @property
    def _knows_stale(self) -> bool:
        return self._engine.profile.since(7, 0)

    def _is_expired(self, place: Place) -> bool:
        index, key = place
        return self._engine.databases[index].is_expired(key)

    def _unwatch(self, session: Session) -> None:
        for place in session.watched:
            sessions = self.watchers[place]
            del sessions[session]
            if not sessions:
                del self.watchers[place]
        session.watched.clear()
