"""How far a batch is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from ...runtime._cli import say
from ._batch import Tally
from ._narrate import counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal: a CI log is read afterwards."""


class Screen(Protocol):
    """Where it is shown."""

    def say(self, text: str) -> None:
        """Lines that stay."""

    def note(self, text: str) -> None:
        """What is being done just now."""

    def show(self, tally: Tally) -> None:
        """How far it is."""


class _Quiet(Screen):
    @override
    def say(self, text: str) -> None:
        pass

    @override
    def note(self, text: str) -> None:
        pass

    @override
    def show(self, tally: Tally) -> None:
        pass


class _Plain(Screen):
    def __init__(self) -> None:
        self._since = time.monotonic()

    @override
    def say(self, text: str) -> None:
        say(text)
        sys.stdout.flush()

    @override
    def note(self, text: str) -> None:
        pass

    @override
    def show(self, tally: Tally) -> None:
        if time.monotonic() - self._since > LINE_SECONDS:
            self._since = time.monotonic()
            self.say(f"{counted(tally.runs, 'run')}, {numbers(tally)}")


class _Bar(Screen):
    def __init__(self, progress: Progress, task: TaskID, seconds: float | None) -> None:
        self._progress = progress
        self._task = task
        self._seconds = seconds
        self._began = time.monotonic()

    @override
    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @override
    def note(self, text: str) -> None:
        self._progress.update(self._task, numbers=text)

    @override
    def show(self, tally: Tally) -> None:
        gone = time.monotonic() - self._began
        done = tally.runs if self._seconds is None else min(gone, self._seconds)
        self._progress.update(
            self._task, completed=done, description=counted(tally.runs, "run"), numbers=numbers(tally)
        )


@contextmanager
def screen_of(total: int | None, seconds: float | None, *, quiet: bool) -> Iterator[Screen]:
    """The screen that there is.

    Args:
        total: how many runs there will be, if that is known.
        seconds: how long it may take, if that is limited; then the bar is one of time.
        quiet: show nothing at all.
    """
    if quiet or not sys.stdout.isatty():
        yield _Quiet() if quiet else _Plain()
        return
    try:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - an extra
    except ImportError:
        yield _Plain()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[numbers]}"))
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("starting", total=total if seconds is None else seconds, numbers="")
        yield _Bar(progress, task, seconds)


def numbers(tally: Tally) -> str:
    """Speed, faults, failures."""
    seconds = tally.real_seconds or 1.0
    faults = sum(tally.passed.struck.values())
    return (
        f"{tally.runs / seconds:.1f}/s · virtual ×{tally.virtual_seconds / seconds:.0f} · {faults} faults"
        f" · {len(tally.passed.met) + len(tally.passed.happened)} points · {counted(len(tally.findings), 'failure')}"
    )
