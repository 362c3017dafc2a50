"""Streams: entries, consumer groups, and the commands for them."""

from collections.abc import Sequence
from typing import Final

from .._command import Command
from ._append import APPEND_COMMANDS

STREAM_COMMANDS: Final[Sequence[Command]] = (*APPEND_COMMANDS,)

__all__ = ["STREAM_COMMANDS"]
