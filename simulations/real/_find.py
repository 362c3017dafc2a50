"""Finds a redis-server on this machine and asks it for its version."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

HOW_TO_GET_ONE = (
    "Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis; Fedora: dnf install redis), "
    "or set REDIS_SERVER to the path of the binary."
)

VALKEY = (7, 2, 4)
"""What Valkey of any version calls itself in `redis_version`."""


class ServerNotFound(RuntimeError):  # named like the library's other errors: what happened, in two words
    """There is no redis-server to start; the message says how to get one."""


def find_redis_server(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The redis-server to use: the environment variable `REDIS_SERVER`, else the first one on `PATH`.

    Args:
        environ: where `REDIS_SERVER` and `PATH` are looked up.

    Returns:
        The absolute path of the binary, or None when there is none.

    Raises:
        ServerNotFound: `REDIS_SERVER` names something that cannot be run. Taking another server in silence
            would test something else than what was asked for.
    """
    named = environ.get("REDIS_SERVER")
    if named:
        found = shutil.which(named, path=environ.get("PATH"))
        if found is None:
            raise ServerNotFound(f"REDIS_SERVER={named!r} is not a program that can be run. {HOW_TO_GET_ONE}")
        return Path(found).absolute()
    on_path = shutil.which("redis-server", path=environ.get("PATH"))
    return Path(on_path).absolute() if on_path else None


def require_redis_server() -> Path:
    """Like `find_redis_server`, but the absence is an error.

    Raises:
        ServerNotFound: there is no redis-server.
    """
    found = find_redis_server()
    if found is None:
        raise ServerNotFound(f"no redis-server on PATH. {HOW_TO_GET_ONE}")
    return found


@functools.cache
def server_version(binary: Path) -> tuple[int, int, int]:
    """The version that a redis-server binary reports, e.g. `(7, 0, 15)`; of Valkey the one that it is compatible with.

    Raises:
        ServerNotFound: the program cannot be run or is no redis-server.
    """
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, timeout=10)  # noqa: S603  # the binary is the caller's choice
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerNotFound(f"{binary} --version failed: {error}. {HOW_TO_GET_ONE}") from error
    if answer.stdout.startswith("Valkey"):
        return VALKEY
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", answer.stdout)
    if match is None:
        first_line = answer.stdout.strip().partition("\n")[0]
        raise ServerNotFound(f"{binary} is no redis-server: --version printed {first_line!r}")
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch
