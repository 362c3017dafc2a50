"""May this client run this command? NOAUTH and NOPERM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._categories import categories
from ._command import Command
from ._errors import CommandError
from ._keys import keys_of
from ._session import Session, Words

if TYPE_CHECKING:
    from ._engine import Engine


def check_permitted(engine: Engine, session: Session, command: Command, name: str, words: Words) -> None:
    """Raise the error by which the server refuses a command to this client, if it does.

    Raises:
        CommandError: it is refused.
    """
    if session.user is None:
        if "no_auth" not in command.flags:
            raise CommandError("NOAUTH Authentication required.")
        return
    refusal = why_refused(engine, session.user, command, name, words)
    if refusal is not None:
        raise CommandError(f"NOPERM {refusal}")


def why_refused(engine: Engine, user_name: str, command: Command, name: str, words: Words) -> str | None:
    """Why a user may not run a command; None if it may."""
    user = engine.users.by_name[user_name]
    modern = engine.profile.since(7, 2)
    if "no_auth" not in command.flags and not user.may_run(name, categories(command)):
        shown = name if engine.profile.since(7, 0) else name.split("|", 1)[0]
        if modern:
            return f"User {user.name} has no permissions to run the '{shown}' command"
        if engine.profile.since(7, 0):
            return f"this user has no permissions to run the '{shown}' command"
        return f"this user has no permissions to run the '{shown}' command or its subcommand"
    access = ("W" if "write" in command.flags else "R") if engine.profile.since(7, 0) else "RW"
    if not all(user.may_use_key(key, access) for key in keys_of(command, words)):
        return (
            "No permissions to access a key"
            if modern
            else "this user has no permissions to access one of the keys used as arguments"
        )
    channels, is_pattern = _channels(command, words)
    if not all(user.may_use_channel(channel, is_pattern=is_pattern) for channel in channels):
        return (
            "No permissions to access a channel"
            if modern
            else "this user has no permissions to access one of the channels used as arguments"
        )
    return None


def _channels(command: Command, words: Words) -> tuple[Words, bool]:
    if command.name in {"publish", "spublish"}:
        return words[1:2], False
    if command.name in {"subscribe", "ssubscribe"}:
        return words[1:], False
    if command.name == "psubscribe":
        return words[1:], True
    return (), False
