"""The process of which others are forked: ``python -m redis_streams.simulations.real.ground._forker DESCRIPTOR``.

Python needs a second and more to import all that a process of the run consists of. This one imports it once. Then it
forks whoever is wanted, which takes some milliseconds.

Who forks a process is its parent, and alone gets to know how it ended. So between the two stands a *keeper*, another
fork, which does nothing but wait for that and tell it. It leaves the ended process unburied until its own line is
closed: so long nobody else can get the process' id, and a signal that comes late strikes nobody.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from typing import Final, NoReturn

from ... import scenarios as _scenarios  # noqa: F401 - so that no process has to import them
from ._worker import play_posting

WORD_BYTES_MAX: Final = 1 << 20
"""A plan of a thousand events has 100 KB."""


def serve(wanted: socket.socket) -> tuple[str, int] | None:
    """Fork whoever is wanted until nobody can want anything any more.

    Args:
        wanted: brings one posting at a time, with the descriptors of its line, of its keeper's line and of its errors.

    Returns:
        In a forked process its posting and its line, in this one None.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody wants to know how a keeper ended
    while True:
        word, descriptors, _, _ = socket.recv_fds(wanted, WORD_BYTES_MAX, 3)
        if not word:
            return None
        if os.fork() == 0:
            wanted.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            line, keepers_line, errors = descriptors
            _fork_kept(line, keepers_line, errors)
            return word.decode(), line
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_kept(line: int, keepers_line: int, errors: int) -> None:
    """From here on there is a process and its keeper; only the process returns."""
    pid = os.fork()
    if pid == 0:
        os.close(keepers_line)
        os.dup2(errors, sys.stderr.fileno())
        os.close(errors)
        return
    os.close(line)
    os.close(errors)
    _keep(pid, socket.socket(fileno=keepers_line))


def _keep(pid: int, line: socket.socket) -> NoReturn:
    """Tell which process it is, and how it ended, as `subprocess` would."""
    line.sendall(b"%d\n" % pid)
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    if ended is not None:
        line.sendall(b"%d\n" % (ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status))
    line.recv(1)
    os._exit(0)


def main(descriptor: str) -> None:
    """Be this process, or one that was forked of it."""
    gc.freeze()  # what is not looked at is not copied into each of them
    is_wanted = serve(socket.socket(fileno=int(descriptor)))
    if is_wanted is not None:
        play_posting(*is_wanted)


if __name__ == "__main__":
    main(sys.argv[1])
