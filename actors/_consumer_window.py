"""How many entries a consumer holds: about what its handlers do in a second, and no more.

Fast handlers need many entries in hand, or they wait for Redis between two reads. Slow ones do not, and what they hold
no other consumer can work on: three hundred entries in the hands of a handler that takes a second each would keep the
group waiting for five minutes while its other members have nothing to do. Pure arithmetic, no clock of its own.
"""

from __future__ import annotations

from attrs import define, field

HOLD_SECONDS = 1.0
"""Work in hand: long beside a read (a millisecond), short beside what people wait for."""


@define
class Window:
    """The number of places, between two limits.

    Attributes:
        least: enough for every worker to be busy.
        most: what the user allows.
        places: the number in force.
    """

    least: int
    most: int
    places: int = field(init=False)
    _handled: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.places = min(self.least, self.most)

    def look(self, handled: int, now: float) -> int:
        """The number of places from now on.

        Args:
            handled: entries handled so far, since ever.
            now: seconds on any clock that goes forward.
        """
        done = handled - self._handled
        if self._since is not None and done > 0 and now > self._since:
            worth_holding = done / (now - self._since) * HOLD_SECONDS
            self.places = int(min(max(worth_holding, self.least), self.most))
        if done > 0 or self._since is None:
            self._handled, self._since = handled, now
        return self.places
