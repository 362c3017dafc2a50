"""HELP of the containers of subcommands: what a real server of the version says."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from .._command import Call, Command
from .._facts import help_since, help_texts
from .._reply import Reply, Status


def help_(call: Call) -> Reply:
    """HELP of a container."""
    lines = help_texts(call.profile)[call.words[0].decode("latin-1").lower()]
    return [Status(line.encode()) for line in lines]


def with_help(container: Command) -> Command:
    """The container with the subcommand HELP, where servers have it."""
    since = help_since().get(container.name)
    if since is None or not container.subcommands or any(sub.name == "help" for sub in container.subcommands):
        return container
    sub = Command("help", help_, 2, _FLAGS, since=since, group=container.group)
    return evolve(container, flags=" ".join(container.flags), subcommands=(*container.subcommands, sub))


_FLAGS: Final = "loading stale"
