"""All commands that the server has in one version or another. Each module of commands ends in its own list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ._client_commands import CLIENT_COMMANDS
from ._command import Command
from ._connection_commands import CONNECTION_COMMANDS
from .streams import STREAM_COMMANDS

ALL_COMMANDS: Final[Sequence[Command]] = (
    *CONNECTION_COMMANDS,
    *CLIENT_COMMANDS,
    *STREAM_COMMANDS,
)
