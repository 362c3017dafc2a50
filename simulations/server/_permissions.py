"""May this client run this command? NOAUTH and NOPERM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ._categories import categories_of
from ._client_info import client_line
from ._command import Command
from ._errors import CommandError
from ._keys import keys_of
from ._session import Session, Words

if TYPE_CHECKING:
    from ._engine import Engine


@frozen
class Refused:
    """Why a user may not run a command.

    Attributes:
        text: as the client is told.
        reason: "command", "key" or "channel".
        what: which one.
    """

    text: str
    reason: bytes
    what: bytes


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
    if refusal is None:
        return
    engine.acl_log.note(
        refusal.reason,
        refusal.what,
        session.user.encode("utf-8", "surrogateescape"),
        client_line(engine, session),
        context=b"toplevel" if session.transaction is None else b"multi",
        now_ms=engine.now_ms,
        limit=engine.configuration.number("acllog-max-len"),
    )
    raise CommandError(f"NOPERM {refusal.text}")


def why_refused(engine: Engine, user_name: str, command: Command, name: str, words: Words) -> Refused | None:
    """Why a user may not run a command; None if it may."""
    user = engine.users.by_name[user_name]
    full = name
    if not engine.profile.since(7, 0) and len(words) > 1:
        # Then a subcommand was no command, but whatever the first argument said.
        full = f"{name.split('|', 1)[0]}|{words[1].decode('latin-1').lower()}"
    if "no_auth" not in command.flags and not user.may_run(full, categories_of(engine.profile, command, name)):
        return _refused_command(engine, user_name, name)
    access = ("W" if "write" in command.flags else "R") if engine.profile.since(7, 0) else "RW"
    for key in keys_of(command, words, name):
        if not user.may_use_key(key, access):
            return Refused(_no_access(engine, "key"), b"key", key)
    channels, is_pattern = _channels(command, words)
    for channel in channels:
        if not user.may_use_channel(channel, is_pattern=is_pattern):
            return Refused(_no_access(engine, "channel"), b"channel", channel)
    return None


def _refused_command(engine: Engine, user_name: str, name: str) -> Refused:
    if engine.profile.since(7, 2):
        text = f"User {user_name} has no permissions to run the '{name}' command"
    elif engine.profile.since(7, 0):
        text = f"this user has no permissions to run the '{name}' command"
    else:
        name = name.split("|", 1)[0]
        text = f"this user has no permissions to run the '{name}' command or its subcommand"
    return Refused(text, b"command", name.encode())


def _no_access(engine: Engine, what: str) -> str:
    if engine.profile.since(7, 2):
        return f"No permissions to access a {what}"
    return f"this user has no permissions to access one of the {what}s used as arguments"


def _channels(command: Command, words: Words) -> tuple[Words, bool]:
    if command.name in {"publish", "spublish"}:
        return words[1:2], False
    if command.name in {"subscribe", "ssubscribe"}:
        return words[1:], False
    if command.name == "psubscribe":
        return words[1:], True
    return (), False
