"""MONITOR: every command that runs, told to whoever wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call, Command
from .._reply import OK, Reply, Status
from .._session import Session, Words
from ..access._secrets import without_secrets

if TYPE_CHECKING:
    from .._engine import Engine

_ESCAPES: Final = {
    **{char: f"\\x{char:02x}" for char in (*range(32), *range(127, 256))},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    10: "\\n",
    13: "\\r",
    9: "\\t",
    7: "\\a",
    8: "\\b",
}


def monitor(call: Call) -> Reply:
    """MONITOR."""
    call.engine.monitors[call.session] = None
    return OK


def tell_monitors(engine: Engine, session: Session, command: Command, name: str, words: Words) -> None:
    """Show a command to all that monitor, unless it is one for administrators."""
    if "admin" in command.flags or command.name == "monitor":
        return
    microseconds = engine.now_us
    shown = " ".join(_quoted(word) for word in without_secrets(engine.profile, name, words))
    where = "lua" if session.in_script else session.address
    line = f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d} [{session.database} {where}] {shown}"
    for each in engine.monitors:
        engine.deliver(each, Status(line.encode()))


def _quoted(word: bytes) -> str:
    return '"' + word.decode("latin-1").translate(_ESCAPES) + '"'


MONITOR_COMMANDS: Final[Sequence[Command]] = (
    Command("monitor", monitor, 1, "admin noscript loading stale", group="server"),
)
