"""Named sequences of commands: what random ones seldom come to, and what once was answered differently.

Each is a file in `sequences/`. The first line says in words what it is about; `versions 7.0..8.0` and `protocol 3` may
follow; then commands, each behind the number of its connection: ``0> XADD s * a 1``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from redis_streams.simulations.server import Profile

Words = list[bytes]
Plan = Sequence[tuple[int, Words]]

FOLDER = Path(__file__).parent / "sequences"


@frozen
class Kept:
    """Some commands, and why they are kept.

    Attributes:
        name: of its file.
        about: what it is about.
        plan: the commands, each with the number of its connection.
        since, before: the versions that it is for.
        protocol: of RESP; None: 2.
    """

    name: str
    about: str
    plan: Plan
    since: str = ""
    before: str = ""
    protocol: int = 2

    def is_for(self, profile: Profile) -> bool:
        """Whether a server of this version can be told it."""
        return _at_least(profile, self.since) and not (self.before and _at_least(profile, self.before))


def _at_least(profile: Profile, version: str) -> bool:
    if not version:
        return True
    major, minor = map(int, version.split("."))
    return profile.since(major, minor)


def sequences(folder: Path = FOLDER) -> list[Kept]:
    """All that are kept; a file may hold several, each behind its line with #."""
    return [
        parsed(path.stem if not at else f"{path.stem}-{at + 1}", text)
        for path in sorted(folder.glob("*.txt"))
        for at, text in enumerate(path.read_text("utf-8").split("\n#")[:])
    ]


def parsed(name: str, text: str) -> Kept:
    """One of them.

    Raises:
        ValueError: a line is neither an option nor a command.
    """
    about, *lines = text.lstrip("# ").splitlines()
    since = before = ""
    protocol, plan = 2, list[tuple[int, Words]]()
    for line in filter(None, map(str.strip, lines)):
        first, _, rest = line.partition(" ")
        if first == "versions":
            since, _, before = rest.partition("..")
        elif first == "protocol":
            protocol = int(rest)
        elif first[:-1].isdigit() and first.endswith(">"):
            plan.append((int(first[:-1]), [word.encode() for word in shlex.split(rest)]))
        else:
            raise ValueError(f"{name}: neither an option nor a command: {line!r}")
    return Kept(name, about, plan, since.removesuffix("*"), before, protocol)


def written(about: str, profile: str, protocol: int, plan: Plan) -> str:
    """The text of one that was found at this version, and is for all that come after it."""
    lines = [f"# {about}", f"versions {profile}..", f"protocol {protocol}"]
    lines += [f"{connection}> {shlex.join(word.decode('utf-8') for word in words)}" for connection, words in plan]
    return "\n".join(lines) + "\n"
