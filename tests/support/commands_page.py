"""Writes `docs/simulated-redis-commands.md` from the command tables: ``python tests/support/commands_page.py --write``.

What real servers have stands in `recorded/commands.jsonl`, so the page knows what is missing, too.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from redis_streams.simulations.server import VERSIONS, Profile
from redis_streams.simulations.server._command import Command, CommandTable
from redis_streams.simulations.server._facts import facts
from redis_streams.simulations.server._tables import ALL_COMMANDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "simulated-redis-commands.md"
PROFILES = [Profile.of(name) for name in VERSIONS]
TABLES = {profile.name: CommandTable(ALL_COMMANDS, profile) for profile in PROFILES}
NO_COMMANDS = {"host:", "post"}
"""Servers know these to hang up on browsers."""

HEAD = """# Commands of the simulated Redis

Which commands each profile has. This page is made from the command tables by
`python tests/support/commands_page.py --write`, and a test fails where it is not up to date. A version alone means
"from there on".

## By profile

What a real server of the version has, as its COMMAND says it, without what modules add; and what of that is not there,
and is answered as an unknown command is.

| profile | commands | of | not there |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [profile_row(profile) for profile in PROFILES]
    parts = ["\n".join(rows) + "\n"]
    commands = sorted(newest().values(), key=lambda command: (command.group, command.name))
    for group, members in groupby(commands, key=lambda command: command.group):
        lines = [
            f"| `{command.name.upper()}` | {profiles_of(command.name)} | {subcommands_of(command)} |"
            for command in members
        ]
        parts.append(
            f"\n## {group.capitalize()}\n\n| command | profiles | subcommands |\n|---|---|---|\n"
            + "\n".join(lines)
            + "\n"
        )
    return HEAD + "".join(parts)


def profile_row(profile: Profile) -> str:
    """How much of a real server's commands there is."""
    real = {name for name in facts(profile) if "|" not in name} - NO_COMMANDS
    missing = sorted(real - set(TABLES[profile.name].commands))
    names = ", ".join(f"`{name.upper()}`" for name in missing)
    return f"| {profile.name} | {len(real) - len(missing)} | {len(real)} | {names} |"


def newest() -> dict[str, Command]:
    """Each command as the newest profile has it that has it at all."""
    found: dict[str, Command] = {}
    for table in TABLES.values():
        found |= {name: command for name, command in table.commands.items() if name not in NO_COMMANDS}
    return found


def profiles_of(name: str) -> str:
    """The profiles that have a command."""
    return span([name in table.commands for table in TABLES.values()])


def subcommands_of(command: Command) -> str:
    """Its subcommands; with their profiles where these are not the command's own."""
    return ", ".join(each for each in described(command))


def described(command: Command) -> Iterator[str]:
    have = [profile for profile in PROFILES if command.name in TABLES[profile.name].commands]
    for name in sorted({sub.name for sub in command.subcommands}):
        there = [any(sub.name == name and sub.is_in(profile) for sub in command.subcommands) for profile in have]
        text = f"`{name.upper()}`"
        yield text if all(there) else f"{text} ({span(there, [profile.name for profile in have])})"


def span(there: Sequence[bool], names: Sequence[str] = tuple(VERSIONS)) -> str:
    """In which of the profiles something is: "all", "6.2", "up to 6.2", "6.2 to 7.4"."""
    first, last = there.index(True), len(there) - 1 - there[::-1].index(True)
    if all(there):
        return "all"
    if last == len(there) - 1:
        return names[first]
    return f"up to {names[last]}" if first == 0 else f"{names[first]} to {names[last]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page())
    else:
        print(page())
