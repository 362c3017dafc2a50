"""All commands that the server has in one version or another. Each module of commands ends in its own list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ._command import Command
from .streams import STREAM_COMMANDS

ALL_COMMANDS: Final[Sequence[Command]] = (*STREAM_COMMANDS,)
