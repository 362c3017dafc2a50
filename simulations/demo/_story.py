"""What is worth telling while the demo runs: the few events of the runtime that a person should see, and the acts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from attrs import define, field

from ...actors import (
    ActorEvent,
    ChildCrashed,
    ChildRestarting,
    EntriesReclaimed,
    EntriesRecovered,
    GroupCreated,
    GroupRecreated,
    Interrupted,
    Resumed,
)
from ...runtime import RuntimeEvent
from ...wire import LinkDown, LinkUp

TOLD = (
    ChildCrashed,
    ChildRestarting,
    EntriesReclaimed,
    EntriesRecovered,
    GroupCreated,
    GroupRecreated,
    Interrupted,
    LinkDown,
    LinkUp,
    Resumed,
)

STYLES = {
    ChildCrashed: "bold red",
    GroupRecreated: "green",
    LinkDown: "yellow",
    Interrupted: "yellow",
    EntriesReclaimed: "green",
}


@define(eq=False)
class Story:
    """The lines told so far, each with the time since the beginning and a style.

    Attributes:
        clock: seconds since the beginning.
        tell: called with each line as it comes.
    """

    clock: Callable[[], float]
    tell: Callable[[str], None]
    lines: deque[tuple[str, str]] = field(factory=lambda: deque(maxlen=200))

    def act(self, text: str) -> None:
        """Something that the demo does."""
        self._add(f"▶ {text}", "bold cyan")

    def note(self, text: str, style: str = "") -> None:
        """Something that the demo found."""
        self._add(f"  {text}", style)

    def observe(self, event: RuntimeEvent) -> None:
        """Something that happened in the runtime."""
        if isinstance(event, TOLD):
            where = f"{event.path.rpartition('/')[2]}: " if isinstance(event, ActorEvent) else ""
            self._add(f"  {where}{event.words()}", STYLES.get(type(event), ""))

    def _add(self, text: str, style: str) -> None:
        line = f"{self.clock():5.1f} s {text}"
        self.lines.append((line, style))
        self.tell(line)
