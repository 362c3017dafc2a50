"""All commands that the server has in one version or another. Each module of commands ends in its own list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ._command import Command
from ._transactions import TRANSACTION_COMMANDS
from .access._acl_commands import ACL_COMMANDS
from .administration._cluster_commands import CLUSTER_COMMANDS
from .administration._command_commands import COMMAND_COMMANDS
from .administration._config_commands import CONFIG_COMMANDS
from .administration._debug_commands import DEBUG_COMMANDS
from .administration._help import with_help
from .administration._info import INFO_COMMANDS
from .administration._latency_commands import LATENCY_COMMANDS
from .administration._memory_commands import MEMORY_COMMANDS
from .administration._server_commands import SERVER_COMMANDS
from .administration._slowlog_commands import SLOWLOG_COMMANDS
from .clients._client_commands import CLIENT_COMMANDS
from .clients._connection_commands import CONNECTION_COMMANDS
from .clients._monitor import MONITOR_COMMANDS
from .pubsub._pubsub_commands import PUBSUB_COMMANDS
from .rdb._dump_commands import DUMP_COMMANDS
from .replication._psync import PSYNC_COMMANDS
from .replication._replication_commands import REPLICATION_COMMANDS
from .scripting._function_commands import FUNCTION_COMMANDS
from .scripting._scripts import SCRIPT_COMMANDS
from .streams import STREAM_COMMANDS
from .types import TYPE_COMMANDS

_COMMANDS: Final[Sequence[Command]] = (
    *CONNECTION_COMMANDS,
    *CLIENT_COMMANDS,
    *ACL_COMMANDS,
    *SERVER_COMMANDS,
    *CONFIG_COMMANDS,
    *INFO_COMMANDS,
    *SLOWLOG_COMMANDS,
    *LATENCY_COMMANDS,
    *COMMAND_COMMANDS,
    *DEBUG_COMMANDS,
    *REPLICATION_COMMANDS,
    *PSYNC_COMMANDS,
    *CLUSTER_COMMANDS,
    *MEMORY_COMMANDS,
    *MONITOR_COMMANDS,
    *PUBSUB_COMMANDS,
    *TRANSACTION_COMMANDS,
    *SCRIPT_COMMANDS,
    *FUNCTION_COMMANDS,
    *STREAM_COMMANDS,
    *DUMP_COMMANDS,
    *TYPE_COMMANDS,
)

ALL_COMMANDS: Final[Sequence[Command]] = tuple(with_help(command) for command in _COMMANDS)
