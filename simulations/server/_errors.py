"""How a command ends in an error reply, and the texts that many commands share."""

from __future__ import annotations

from typing import Final


class CommandError(Exception):
    """Raised by a command to answer with an error.

    Args:
        text: the reply, its code first, as in "ERR syntax error".
        is_counted: whether it is in the statistics already, as that of a command that a script called.
    """

    def __init__(self, text: str | bytes, *, is_counted: bool = False) -> None:
        self.is_counted = is_counted
        self.text = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        super().__init__(self.text)


SYNTAX: Final = "ERR syntax error"
NOT_AN_INTEGER: Final = "ERR value is not an integer or out of range"
NOT_A_FLOAT: Final = "ERR value is not a valid float"
OUT_OF_RANGE: Final = "ERR value is out of range"
WRONG_TYPE: Final = "WRONGTYPE Operation against a key holding the wrong kind of value"
NO_SUCH_KEY: Final = "ERR no such key"


def syntax_error() -> CommandError:
    """The commonest of all."""
    return CommandError(SYNTAX)


def wrong_arity(name: str) -> CommandError:
    """Too few words, or too many; subcommands are named with a bar, as in "xgroup|create"."""
    return CommandError(f"ERR wrong number of arguments for '{name}' command")
