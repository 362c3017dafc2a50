"""May this client run this command? NOAUTH and NOPERM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from .._command import Command
from .._errors import CommandError
from .._keys import NoSuchKeys, channels_of, key_uses
from .._session import Session, Words
from ..clients._client_info import client_line
from ._acl import Selector
from ._categories import categories_of

if TYPE_CHECKING:
    from .._engine import Engine

SCRIPT_REFUSED: Final = b"ERR The user executing the script "
_ORDER: Final = (b"command", b"key", b"channel")
"""Where no selector allows a command, the reason is told that comes last here."""


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
    if refusal is not None:
        note_refusal(engine, session, refusal, b"toplevel" if session.transaction is None else b"multi")
        raise CommandError(f"NOPERM {refusal.text}")


def note_refusal(engine: Engine, session: Session, refusal: Refused, context: bytes) -> None:
    """Have ACL LOG tell of it."""
    engine.acl_log.note(
        refusal.reason,
        refusal.what,
        (session.user or "default").encode("utf-8", "surrogateescape"),
        client_line(engine, session),
        context=context,
        now_ms=engine.now_ms,
        limit=engine.configuration.number("acllog-max-len"),
    )


def check_in_script(engine: Engine, session: Session, command: Command, name: str, words: Words) -> bytes | None:
    """Why a script may not run a command, as its user may not; None if it may."""
    if session.user is None or not engine.users.restricted:
        return None
    refusal = why_refused(engine, session.user, command, name, words)
    if refusal is None:
        return None
    note_refusal(engine, session, refusal, b"lua")
    if engine.profile.since(7, 2):
        return f"ERR ACL failure in script: {refusal.text}".encode()
    told = {
        b"command": b"can't run this command or subcommand",
        b"key": b"can't access at least one of the keys mentioned in the command arguments",
        b"channel": b"can't publish to the channel mentioned in the command",
    }
    return SCRIPT_REFUSED + told[refusal.reason]


def why_refused(engine: Engine, user_name: str, command: Command, name: str, words: Words) -> Refused | None:
    """Why a user may not run a command; None if it may."""
    user = engine.users.by_name.get(user_name)
    if user is None:
        return None  # it is about to be disconnected
    refusals: list[tuple[int, int, Refused]] = []
    for selector in user.all_selectors():
        refusal = _refused_by(engine, user_name, selector, command, name, words)
        if refusal is None:
            return None
        at = words.index(refusal.what) if refusal.what in words else 0
        refusals.append((_ORDER.index(refusal.reason), at, refusal))
    # Of equal ones the first.
    return max(refusals, key=lambda each: each[:2])[2]


def may_read_every_key(engine: Engine, session: Session, words: Words) -> bool:
    """Whether what lets the user run this command also lets it read all keys there are."""
    user = engine.users.by_name.get(session.user or "")
    if user is None or not engine.users.restricted:
        return True
    command, name = engine.table.find(words)
    return any(
        any("R" in granted and pattern == b"*" for granted, pattern in each.keys)
        and _refused_by(engine, user.name, each, command, name, words) is None
        for each in user.all_selectors()
    )


def _refused_by(
    engine: Engine, user_name: str, selector: Selector, command: Command, name: str, words: Words
) -> Refused | None:
    modern = engine.profile.since(7, 0)
    shown = name if modern else name.split("|", 1)[0]
    if "no_auth" not in command.flags and not selector.may_run(shown, categories_of(engine.profile, command, name)):
        first = words[1].decode("latin-1") if len(words) > 1 else ""
        if not selector.may_run_with(shown, first):
            return _refused_command(engine, user_name, name)
    try:
        uses = key_uses(command, words, name)
    except NoSuchKeys:
        uses = ()
    for use in uses:
        if not selector.may_use_key(use.key, use.access if modern else "RW"):
            return Refused(_no_access(engine, "key"), b"key", use.key)
    channels, is_pattern = channels_of(name, words)
    for channel in channels if engine.profile.since(6, 2) else ():
        if not selector.may_use_channel(channel, is_pattern=is_pattern):
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
