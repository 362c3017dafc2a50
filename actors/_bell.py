"""Waking whoever waits for a change of state that several tasks share."""

from __future__ import annotations

import trio


class Bell:
    """Wakes the tasks that wait for a change of shared state; who wakes looks at the state again."""

    __slots__ = ("_lot",)

    def __init__(self) -> None:
        self._lot = trio.lowlevel.ParkingLot()

    async def wait(self) -> None:
        """Wait for the next ring. No ring is lost if the state was looked at without an await in between."""
        await self._lot.park()

    def ring(self, most: int | None = None) -> None:
        """Wake all who wait, or the first `most` of them."""
        if self._lot:
            self._lot.unpark(count=len(self._lot) if most is None else most)
