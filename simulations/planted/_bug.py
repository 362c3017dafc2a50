"""What a planted bug is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from attrs import frozen

from ..plan import Domain
from ._edit import Edit, Scale, edited


@frozen
class PlantedBug:
    """A bug that is put in on purpose: a safeguard that is not there.

    Attributes:
        name: as people would call it.
        breaks: what it does, in a sentence.
        promise: whose checker has to find it.
        scenarios: where to search for it, in turns.
        edits: the lines that are changed.
        scales: which numbers are changed, with and without the bug.
        plans: what the plans hold in which it is searched for, where it takes several rare things at once; None: what
            those of the scenario do.
    """

    name: str
    breaks: str
    promise: str
    scenarios: Sequence[str]
    edits: Sequence[Edit]
    scales: Sequence[Scale] = ()
    plans: Domain | None = None

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Within this the production code has the bug.

        Raises:
            DoesNotFit: the code is not what the bug was written for.
        """
        with edited(self.edits, self.scales):
            yield

    @contextmanager
    def only_scaled(self) -> Iterator[None]:
        """Within this the production code is sound, and as small as for the bug."""
        with edited((), self.scales):
            yield
