"""The processes of a run, forked from one that has imported everything already.

Python needs a second to import what a consumer consists of, and somebody is killed every second. So this process forks
itself, which is safe because it has one thread and runs no Trio. A forked process keeps nothing that is not its own:
all descriptors but the standard ones are closed, apart from the end of a pipe that tells it when its parent is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from attrs import define, field
from endurance.programs import Part

STOP_SECONDS = 30.0


@define(eq=False)
class Incarnation:
    """One process of a post, from its start to its end."""

    number: int
    pid: int
    journal: Path
    log: Path


@define(eq=False)
class Post:
    """A place at which one process at a time does its work.

    Attributes:
        name: the consumer's name, until it comes back under another one.
        program: what its process does.
        due: when it is to be started; None: it is running, or is done.
    """

    name: str
    program: Callable[[Part], None]
    part: Callable[[Post], Part]
    incarnation: Incarnation | None = None
    due: float | None = 0.0
    done: bool = False


@define(eq=False)
class Troop:
    """Starts processes, kills them, and knows how each ended."""

    folder: Path
    posts: list[Post] = field(factory=list)
    all: list[Incarnation] = field(factory=list)
    kills: dict[int, float] = field(factory=dict)
    """When each process that was killed was killed."""
    troubles: list[str] = field(factory=list)
    _lifeline: tuple[int, int] = field(factory=os.pipe)

    def start_due(self) -> None:
        """Start whoever is due."""
        for post in self.posts:
            if post.due is not None and time.monotonic() >= post.due:
                post.due = None
                self._start(post)

    def look(self) -> None:
        """See who has ended by itself: done with its work, or in trouble; that one is started again."""
        for post in self.posts:
            if post.incarnation is None:
                continue
            pid, status = os.waitpid(post.incarnation.pid, os.WNOHANG)
            if pid == 0:
                continue
            if status == 0:
                post.done = True
            else:
                self._note(post.incarnation, f"ended by itself with status {os.waitstatus_to_exitcode(status)}")
                post.due = time.monotonic()
            post.incarnation = None

    def kill(self, post: Post, *, after_seconds: float) -> bool:
        """SIGKILL, and when its post is manned again; False where nobody is there."""
        if post.incarnation is None:
            return False
        os.kill(post.incarnation.pid, signal.SIGKILL)
        os.waitpid(post.incarnation.pid, 0)
        self.kills[post.incarnation.number] = time.monotonic()  # now that it can't write anything any more
        post.incarnation = None
        post.due = time.monotonic() + after_seconds
        return True

    def stop_all(self) -> None:
        """SIGTERM to all who run: each has to end well, and in time."""
        for post in self.posts:
            post.due = None
            if post.incarnation is not None:
                os.kill(post.incarnation.pid, signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while any(post.incarnation for post in self.posts) and time.monotonic() < end:
            self.look()
            time.sleep(0.02)
        for post in self.posts:
            if post.incarnation is not None:
                self._note(post.incarnation, f"did not stop within {STOP_SECONDS:g} s")
        self.end()

    def end(self) -> None:
        """Leave nobody behind."""
        for post in self.posts:
            if post.incarnation is not None:
                os.kill(post.incarnation.pid, signal.SIGKILL)
                os.waitpid(post.incarnation.pid, 0)
                post.incarnation = None

    def crashes(self) -> list[str]:
        """What processes logged as bugs."""
        return [
            f"{incarnation.log.name}: {line}"
            for incarnation in self.all
            for line in incarnation.log.read_text(errors="replace").splitlines()
            if " ERROR " in line
        ]

    def _note(self, incarnation: Incarnation, what: str) -> None:
        tail = incarnation.log.read_text(errors="replace").splitlines()[-15:]
        self.troubles.append("\n    ".join([f"process {incarnation.number} {what}", *tail]))

    def _start(self, post: Post) -> None:
        number = len(self.all)
        part = post.part(post)
        incarnation = Incarnation(number, 0, part.journal, self.folder / f"{number}.log")
        part.journal.touch()
        incarnation.log.touch()
        self.all.append(incarnation)
        incarnation.pid = os.fork()
        if incarnation.pid == 0:
            self._be(post.program, part, incarnation.log)
        post.incarnation = incarnation

    def _be(self, program: Callable[[Part], None], part: Part, log: Path) -> None:
        status = 1
        try:
            os.setsid()  # Ctrl-C in the terminal is for the one who conducts.
            lifeline = self._only_standard_descriptors(log)
            threading.Thread(target=_die_with_parent, args=(lifeline,), daemon=True).start()
            program(part)
            status = 0
        except BaseException:  # noqa: BLE001 - a forked process must not return into the code of its parent
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _only_standard_descriptors(self, log: Path) -> int:
        out = os.open(log, os.O_WRONLY | os.O_APPEND)
        for standard in (1, 2):
            os.dup2(out, standard)
        os.dup2(self._lifeline[0], 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        return 3


def _die_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)
