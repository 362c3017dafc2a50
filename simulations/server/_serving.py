"""What `redis-streams serve` does: the simulated server on a TCP port, until a signal."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import SystemRandom

import trio

from ...runtime._cli import UserError, say
from ._engine import Engine
from ._profile import Profile
from ._tcp import TcpServer, listen
from .administration._configuration import Configuration, UnknownParameter
from .persistence._kept_on_disk import KeptOnDisk
from .persistence._snapshot_file import SnapshotFile


def serve(*, port: int, host: str, version: str, configuration: Mapping[str, str], keeps_files: bool = False) -> int:
    """Serve until SIGTERM, Ctrl-C or SHUTDOWN; returns the exit code.

    Args:
        port: 0 takes a free one.
        host: where to listen.
        version: a profile, as in "7.0".
        configuration: parameters that differ from their defaults.
        keeps_files: whether the data is kept on the disk, as appendonly says.

    Raises:
        UserError: the port is taken, there is no such version or parameter, the folder of the files is none that can be
            written to, or what is on the disk cannot be loaded.
    """
    try:
        profile = Profile.of(version)
    except ValueError as error:
        raise UserError(f"--version: {error}") from error
    given = {"dir": str(Path.cwd()), **configuration, "bind": host}
    try:
        checked = Configuration(profile, given)
    except UnknownParameter as error:
        raise UserError(f"--config: {error}") from error
    if keeps_files:
        _check_folder(Path(checked["dir"]))
    listeners = _listen(host, port)
    port = listeners[0].getsockname()[1]
    engine = Engine(profile, rng=SystemRandom(), configuration={**given, "port": str(port)})
    engine.process_id = os.getpid()
    engine.files.snapshot = SnapshotFile(engine.configuration)  # which SAVE writes even if nothing is kept otherwise
    greeting = f"Redis {'.'.join(map(str, profile.version))}, simulated, at {host}:{port}; Ctrl-C ends it."
    disk = KeptOnDisk(engine, say) if keeps_files else None
    server = TcpServer(engine, listeners, disk=disk)
    trio.run(_run, server, greeting)
    if server.failure is not None:
        raise UserError(str(server.failure)) from server.failure
    return 0


def _listen(host: str, port: int) -> list[socket.socket]:
    try:
        return listen(host, port)
    except (OSError, OverflowError) as error:
        raise UserError(_why_not(host, port, error)) from error


def _why_not(host: str, port: int, error: OSError | OverflowError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    why = error.strerror if isinstance(error, OSError) else str(error)
    match number:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is taken: choose another with --port, or end what uses it"
        case errno.EACCES:
            return f"port {port} is for the administrator only ({why}): choose one from 1024 on with --port"
        case _:
            return f"cannot listen at {host}:{port} ({why}): --bind wants an address of this machine, such as 127.0.0.1"


def _check_folder(folder: Path) -> None:
    """Try whether files can be kept there: later, a client would be the first to hear that they cannot.

    Raises:
        UserError: they cannot.
    """
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except FileNotFoundError as error:
        if folder.is_dir():  # of a kind in which nothing can be made, such as /proc
            raise UserError(_no_file(folder, error)) from error
        raise UserError(f"--dir: there is no folder {folder}: make it first (mkdir -p {folder})") from error
    except OSError as error:
        raise UserError(_no_file(folder, error)) from error


def _no_file(folder: Path, error: OSError) -> str:
    return (
        f"--dir: no file can be made in {folder} ({error.strerror}): choose another folder, or let yourself write there"
    )


async def _run(server: TcpServer, greeting: str) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        # Only now: whoever started it may wait for this line, and send a signal then.
        say(greeting)
        sys.stdout.flush()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve_until_ended, server, nursery.cancel_scope)
            async for _ in signals:
                nursery.cancel_scope.cancel()


async def _serve_until_ended(server: TcpServer, scope: trio.CancelScope) -> None:
    await server.serve()
    scope.cancel()
