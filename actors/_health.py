"""Whether the actors get on with their work: judged by what came of it, not by whether somebody answers a PING."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from ._snapshot import Snapshot, State
from ._status import ConsumerStatus, GroupStatus, ReaderStatus

TROUBLED = frozenset({State.BACKING_OFF, State.FAILED})


@frozen
class Health:
    """What is wrong at one moment.

    Attributes:
        problems: in words, one for each actor that does not get on; empty: all do.
    """

    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def health_of(snapshot: Snapshot, now: float, patience_seconds: float) -> Health:
    """Judge a picture of the tree.

    Args:
        snapshot: of the tree, or of a part of it.
        now: the timers' clock.
        patience_seconds: how long something may be overdue.
    """
    return Health(tuple(_problems(snapshot, now, patience_seconds)))


def _problems(snapshot: Snapshot, now: float, patience: float) -> Iterator[str]:
    if snapshot.state in TROUBLED:
        yield f"{snapshot.path} is {snapshot.state.value} after a crash: {snapshot.last_error}"
    elif snapshot.state is State.RUNNING:
        yield from _overdue(snapshot, now, patience)
    for child in snapshot.children:
        yield from _problems(child, now, patience)


def _overdue(snapshot: Snapshot, now: float, patience: float) -> Iterator[str]:
    match snapshot.status:
        case ConsumerStatus(paused="", due_at=due_at, held=held) if now - due_at > patience:
            yield (
                f"{snapshot.path} is overdue for {now - due_at:.0f} s: no read was answered and nothing was settled;"
                f" it holds {held} entries"
            )
        case GroupStatus(due_at=due_at) if now - due_at > patience:
            yield f"{snapshot.path} is overdue for {now - due_at:.0f} s: it could not look at its group"
        case ReaderStatus(due_at=due_at, position=position) if now - due_at > patience:
            yield (
                f"{snapshot.path} is overdue for {now - due_at:.0f} s: no read was answered and no event was handled;"
                f" it stands at {position}"
            )
        case _:
            pass
