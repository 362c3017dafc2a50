"""MONITOR: every command that runs, told to whoever wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ._command import Call, Command
from ._reply import OK, Reply, Status
from ._session import Session, Words

if TYPE_CHECKING:
    from ._engine import Engine

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


def tell_monitors(engine: Engine, session: Session, command: Command, words: Words) -> None:
    """Show a command to all that monitor, unless it is one for administrators."""
    if "admin" in command.flags or command.name == "monitor":
        return
    microseconds = engine.now_us
    shown = " ".join(_quoted(word) for word in _without_secrets(engine, command, words))
    line = f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d} [{session.database} {session.address}] {shown}"
    for each in engine.monitors:
        engine.deliver(each, Status(line.encode()))


def _without_secrets(engine: Engine, command: Command, words: Words) -> Sequence[bytes]:
    if not engine.profile.since(6, 2):
        return words
    if command.name == "auth":
        return [words[0], *(b"(redacted)" for _ in words[1:])]
    if command.name == "hello":
        for at, word in enumerate(words):
            if word.upper() == b"AUTH" and at >= 2:
                return [*words[: at + 1], *(b"(redacted)" for _ in words[at + 1 : at + 3]), *words[at + 3 :]]
    return words


def _quoted(word: bytes) -> str:
    return '"' + word.decode("latin-1").translate(_ESCAPES) + '"'


MONITOR_COMMANDS: Final[Sequence[Command]] = (
    Command("monitor", monitor, 1, "admin noscript loading stale", group="server"),
)
