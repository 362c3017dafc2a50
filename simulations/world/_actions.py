"""What a command is called where plans speak of it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from ...wire import load, scripts
from ..server import Engine
from ..server._session import Words


def action_of(words: Words) -> str:
    """The name of a command in capitals; of our own scripts, the script's. Whichever way it goes, an append is XADD."""
    name = words[0].upper()
    if name in (b"EVALSHA", b"EVAL") and len(words) > 1:
        return _scripts().get(words[1], name.decode())
    return name.decode("latin-1")


def is_write(engine: Engine, words: Words) -> bool:
    """Whether a server that takes no changes refuses it."""
    name = words[0].lower().decode("latin-1")
    if name in ("eval", "evalsha"):
        return True
    command = engine.table.commands.get(name)
    return command is not None and "write" in command.flags


def forget_scripts() -> None:
    """Have the names of our scripts looked up again: one of them was changed."""
    _scripts.cache_clear()


@cache
def _scripts() -> dict[bytes, str]:
    """Our scripts by their hashes and by their sources."""
    names = [entry.name.removesuffix(".lua") for entry in files(scripts).iterdir() if entry.name.endswith(".lua")]
    loaded = [load(name) for name in sorted(names)]
    return {
        key: _SAME.get(script.name, script.name)
        for script in loaded
        for key in (script.sha.encode(), script.source.encode())
    }


_SAME: Final = {"append_once": "XADD"}
"""Scripts that do what a command of Redis does elsewhere: plans speak of it by one name."""
