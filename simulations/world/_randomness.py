"""Random numbers of a run: an independent stream for each name, all of them from one seed."""

from __future__ import annotations

from collections import Counter
from random import Random

from typing_extensions import Self, override

from ._trace import Trace

INTEGER_BITS = 64
"""What a number in a trace may have."""


class Randomness:
    """Gives streams of random numbers by name.

    What is drawn from one stream does not depend on what is drawn from another, so that a plan with one fault less
    stays the same plan in everything else.
    """

    def __init__(self, seed: int, trace: Trace) -> None:
        self._seed = seed
        self._trace = trace
        self._times = Counter[str]()

    def of(self, name: str) -> Random:
        """The stream of this name; whoever asks a second time gets another one."""
        self._times[name] += 1
        return _TracedRandom(f"{self._seed}/{name}/{self._times[name]}", name, self._trace)


class _TracedRandom(Random):
    """Its draws are in the trace."""

    def __new__(cls, *_of_init: object) -> Self:
        """Up to Python 3.10 the class it is made of takes all arguments for seeds."""
        return super().__new__(cls)

    def __init__(self, seed: str, name: str, trace: Trace) -> None:
        super().__init__(seed)
        self._name = name
        self._trace = trace

    @override
    def random(self) -> float:
        drawn = super().random()
        self._trace.note(self._name, "draws", drawn)
        return drawn

    @override
    def getrandbits(self, k: int, /) -> int:
        drawn = super().getrandbits(k)
        self._trace.note(self._name, "draws", drawn if k <= INTEGER_BITS else hex(drawn))
        return drawn
