"""Streams: entries, consumer groups, and the commands for them."""

from collections.abc import Sequence
from typing import Final

from .._command import Command
from ._append import APPEND_COMMANDS
from ._claim import CLAIM_COMMANDS
from ._delete import DELETE_COMMANDS
from ._groups import GROUP_COMMANDS
from ._idempotence import IDEMPOTENCE_COMMANDS
from ._info import INFO_COMMANDS
from ._pending import PENDING_COMMANDS
from ._range import RANGE_COMMANDS
from ._read import READ_COMMANDS
from ._trim import TRIM_COMMANDS

STREAM_COMMANDS: Final[Sequence[Command]] = (
    *APPEND_COMMANDS,
    *TRIM_COMMANDS,
    *DELETE_COMMANDS,
    *IDEMPOTENCE_COMMANDS,
    *RANGE_COMMANDS,
    *GROUP_COMMANDS,
    *READ_COMMANDS,
    *PENDING_COMMANDS,
    *CLAIM_COMMANDS,
    *INFO_COMMANDS,
)

__all__ = ["STREAM_COMMANDS"]
