"""Rare branches, taken on purpose: `if buggify("read one"): count = 1`.

Some states come up in production once a year: a read that brings one entry, a renewal that is late, a page that ends in
the middle. A simulation makes them come up all the time; everywhere else a site is one look at a variable, and False.

As in FoundationDB a site has two chances: whether it is active in a run at all, and how often it then fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Decide = Callable[[str], bool]

_decides: Final[ContextVar[Decide | None]] = ContextVar("redis-streams-trio buggify", default=None)


def buggify(site: str) -> bool:
    """Whether to take the rare branch at this site; always False outside of a simulation."""
    decide = _decides.get()
    return decide is not None and decide(site)


@contextmanager
def buggified_by(decide: Decide) -> Iterator[None]:
    """Within this, and in tasks that are started within it, `decide` says which branches are taken."""
    token = _decides.set(decide)
    try:
        yield
    finally:
        _decides.reset(token)
