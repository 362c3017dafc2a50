"""Ends a server and removes its folder when the process that started it is gone, however it went.

Theory. A parent that is killed with SIGKILL cannot clean up. `PR_SET_PDEATHSIG` would make Linux do half of it, but the
signal comes when the *thread* that forked ends, and Trio's worker threads end after ten idle seconds; it also needs
`preexec_fn`, which may deadlock in a program with threads, and it leaves the folder. So a small shell holds the reading
end of a pipe. It remembers the process id that it was told last; at the end of the pipe (the parent closed it, or
is dead) it kills that process and removes the folder. The kernel closes pipes on every way out.
"""

import subprocess
from pathlib import Path

_SCRIPT = """
pid=
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
rm -rf -- "$1"
"""


class Watchdog:
    """Guards one temporary folder and the process that works in it."""

    def __init__(self, folder: Path) -> None:
        # Its own session: Ctrl-C in the terminal must not end the guard before the guarded.
        self._process = subprocess.Popen(  # noqa: S603  # a fixed script; the folder is an argument, not text
            ["/bin/sh", "-c", _SCRIPT, "watchdog", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def guard(self, pid: int) -> None:
        """From now on `pid` is the process to kill at the end."""
        self._tell(str(pid))

    def release(self) -> None:
        """The guarded process is gone; its id may soon belong to a stranger."""
        self._tell("")

    def close(self) -> None:
        """Kill the guarded process, if any, and wait until the folder is removed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())
