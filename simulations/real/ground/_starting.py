"""How processes of a run come to be: forked of one that has imported everything already, or started each for itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import trio
from attrs import define, field
from typing_extensions import override

WORKER: Final = (sys.executable, "-m", f"{__package__}._worker")
FORKER: Final = (sys.executable, "-m", f"{__package__}._forker")


class OwnProcess(Protocol):
    """As much of `trio.Process` as is needed of a process."""

    @property
    def returncode(self) -> int | None:
        """How it ended; negative: by this signal; None: it has not."""

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""

    async def wait(self) -> int:
        """Wait until it has ended."""


class Starter(Protocol):
    """Starts processes."""

    async def start(self, posting: str, line: socket.socket, errors: Path) -> OwnProcess:
        """Start one.

        Args:
            posting: what it is told.
            line: its end of its line.
            errors: the file for what it says on its standard error.
        """


@define(eq=False)
class Plain(Starter):
    """Starts an interpreter for each.

    Args:
        command: what is run; its last words are the number of the line's descriptor and the posting.
    """

    _command: Sequence[str] = WORKER

    @override
    async def start(self, posting: str, line: socket.socket, errors: Path) -> OwnProcess:
        with errors.open("wb") as file:
            return await trio.lowlevel.open_process(
                [*self._command, str(line.fileno()), posting],
                pass_fds=[line.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
            )


@define(eq=False)
class Forking(Starter):
    """Has them forked; see `_forker`.

    Args:
        wanted: our end of the line to it.
    """

    _wanted: socket.socket

    @override
    async def start(self, posting: str, line: socket.socket, errors: Path) -> OwnProcess:
        ours, keepers = socket.socketpair()
        with keepers, errors.open("wb") as file:
            socket.send_fds(self._wanted, [posting.encode()], [line.fileno(), keepers.fileno(), file.fileno()])
        keeper = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        try:
            return _Forked(keeper, int(await _line_of(keeper)))
        except BaseException:
            keeper.socket.close()
            raise


@define(eq=False)
class _Forked(OwnProcess):
    """A process that another one is the parent of."""

    _keeper: trio.SocketStream
    _pid: int
    _status: int | None = None
    _waiting: trio.Lock = field(factory=trio.Lock, init=False)

    @property
    @override
    def returncode(self) -> int | None:
        return self._status

    @override
    def send_signal(self, number: signal.Signals) -> None:
        if self._status is None:
            os.kill(self._pid, number)

    @override
    async def wait(self) -> int:
        async with self._waiting:
            if self._status is None:
                self._status = int(await _line_of(self._keeper))
                self._keeper.socket.close()
        return self._status


async def _line_of(stream: trio.SocketStream) -> bytes:
    heard = b""
    while not heard.endswith(b"\n"):
        data = await stream.receive_some(1)
        if not data:
            raise RuntimeError("the process that forks others has ended")
        heard += data
    return heard


@contextmanager
def starter() -> Iterator[Starter]:
    """Whoever starts processes fastest here."""
    if not sys.platform.startswith("linux"):
        yield Plain()
        return
    # Each message is one: a posting stays together with its descriptors.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        # Its own session: Ctrl-C in the terminal is for who leads.
        forker = subprocess.Popen(  # noqa: S603 - our own
            [*FORKER, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        try:
            yield Forking(ours)
        finally:
            ours.close()
            forker.wait()
