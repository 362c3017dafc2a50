"""MONITOR: every command that runs, told to whoever wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call, Command
from .._profile import Profile
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
_RUNS_OTHERS: Final = frozenset({"eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro"})


def monitor(call: Call) -> Reply:
    """MONITOR."""
    call.engine.monitors[call.session] = None
    call.engine.settings_changed()
    return OK


def is_told_first(profile: Profile, name: str) -> bool:
    """Whether a command is shown before it runs, and not when it is over: since 6.2 only what runs others."""
    return name in _RUNS_OTHERS if profile.since(6, 2) else name != "exec"


def tell_monitors(engine: Engine, session: Session, command: Command, name: str, words: Words) -> None:
    """Show a command to all that monitor, unless it is one for administrators."""
    if "admin" in command.flags or command.name == "monitor" or (name == "quit" and not engine.profile.since(7, 0)):
        return
    microseconds = engine.now_us
    shown = " ".join(_quoted(word) for word in without_secrets(engine.profile, name, words))
    where = "lua" if session.in_script else session.address
    line = f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d} [{session.database} {where}] {shown}"
    for each in engine.monitors:
        if each is session and session is engine.running and engine.profile.since(6, 2):
            engine.pubsub.pending.append(Status(line.encode()))
        else:
            engine.deliver(each, Status(line.encode()))


def _quoted(word: bytes) -> str:
    return '"' + word.decode("latin-1").translate(_ESCAPES) + '"'


MONITOR_COMMANDS: Final[Sequence[Command]] = (
    Command("monitor", monitor, 1, "admin noscript loading stale", group="server"),
)
