"""ACL: users, made and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError
from .._reply import OK, Double, Members, Pairs, Reply
from .._session import Session
from ._acl import DEFAULT_USER, Selector, User
from ._acl_log import Refusal
from ._acl_rules import RuleReader, WrongRule
from ._acl_telling import command_rules, key_rules, user_flags, user_line
from ._categories import CATEGORIES, categories_of
from ._permissions import Refused, why_refused

_NO_FILE: Final = (
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users in the Redis configuration."
)


def acl_whoami(call: Call) -> Reply:
    """ACL WHOAMI."""
    return (call.session.user or DEFAULT_USER).encode()


def acl_users(call: Call) -> Reply:
    """ACL USERS."""
    return [name.encode("utf-8", "surrogateescape") for name in sorted(call.engine.users.by_name)]


def acl_list(call: Call) -> Reply:
    """ACL LIST: each user as a line of rules."""
    users = call.engine.users.by_name
    return [_bytes(user_line(call.profile, users[name])) for name in sorted(users)]


def acl_getuser(call: Call) -> Reply:
    """ACL GETUSER name."""
    user = call.engine.users.by_name.get(_text(call.words[2]))
    if user is None:
        return None
    told: list[tuple[Reply, Reply]] = [
        (b"flags", Members([flag.encode() for flag in user_flags(call.profile, user)])),
        (b"passwords", [password.encode() for password in user.passwords]),
    ]
    if call.profile.since(7, 0):
        selectors: list[Reply] = [Pairs(_told(call, selector)) for selector in user.selectors]
        return Pairs([*told, *_told(call, user.root), (b"selectors", selectors)])
    told.append((b"commands", command_rules(call.profile, user.root).encode()))
    told.append((b"keys", [pattern for _, pattern in user.root.keys]))
    if call.profile.since(6, 2):
        told.append((b"channels", list(user.root.channels)))
    return Pairs(told)


def _told(call: Call, selector: Selector) -> list[tuple[Reply, Reply]]:
    return [
        (b"commands", command_rules(call.profile, selector).encode()),
        (b"keys", _bytes(" ".join(key_rules(selector)))),
        (b"channels", b" ".join(b"&" + channel for channel in selector.channels)),
    ]


def acl_setuser(call: Call) -> Reply:
    """ACL SETUSER name [rule …]: all rules, or none."""
    name = call.words[2]
    if any(char in b" \t\n\v\f\r\0" for char in name):
        raise CommandError("ERR Usernames can't contain spaces or null characters")
    all_channels = call.profile.since(6, 2) and call.engine.configuration["acl-pubsub-default"] == "allchannels"
    reader = RuleReader(call.profile, call.engine.table.commands, all_channels=all_channels)
    old = call.engine.users.by_name.get(_text(name))
    user = deepcopy(old) if old is not None else reader.new_user(_text(name))
    for rule in _merged(call, call.words[3:]):
        try:
            reader.apply(user, rule)
        except WrongRule as error:
            raise CommandError(b"ERR Error in ACL SETUSER modifier '%b': %b" % (rule, str(error).encode())) from None
    if any(char == 0 for rule in call.words[3:] for char in rule):
        raise CommandError("ERR Syntax error")
    call.engine.users.put(user)
    if user.name == DEFAULT_USER and not user.nopass and not user.passwords:
        call.engine.configuration.set("requirepass", "")
    _disconnect_subscribers(call, user)
    return OK


def _merged(call: Call, words: Sequence[bytes]) -> Sequence[bytes]:
    """The rules, those in parentheses as one."""
    if not call.profile.since(7, 0):
        return words
    merged: list[bytes] = []
    first, opened = b"", b""
    for word in words:
        if opened:
            opened += b" " + word
        elif word[:1] == b"(" and word[-1:] != b")":
            first = opened = word
            continue
        else:
            merged.append(word)
            continue
        if word[-1:] == b")":
            merged.append(opened)
            opened = b""
    if opened:
        raise CommandError(b"ERR Unmatched parenthesis in acl selector starting at '%b'." % first)
    return merged


def _disconnect_subscribers(call: Call, user: User) -> None:
    """Who listens to a channel that its user may not use any more goes."""
    for session in list(call.engine.sessions.values()):
        if session.user != user.name:
            continue
        if not any(_may_listen(selector, session) for selector in user.all_selectors()):
            session.aborted = session is not call.session
            call.engine.close(session)


def _may_listen(selector: Selector, session: Session) -> bool:
    channels = (*session.channels, *session.shard_channels)
    return all(selector.may_use_channel(channel, is_pattern=False) for channel in channels) and all(
        selector.may_use_channel(pattern, is_pattern=True) for pattern in session.patterns
    )


def acl_deluser(call: Call) -> Reply:
    """ACL DELUSER name [name …]: their clients are disconnected."""
    names = [_text(word) for word in call.words[2:]]
    if DEFAULT_USER in names:
        raise CommandError("ERR The 'default' user cannot be removed")
    deleted = [name for name in names if call.engine.users.remove(name)]
    for session in list(call.engine.sessions.values()):
        if session.user in deleted:
            session.user = DEFAULT_USER
            session.aborted = session is not call.session
            call.engine.close(session)
    return len(deleted)


def acl_cat(call: Call) -> Reply:
    """ACL CAT [category]."""
    if len(call.words) == 2:
        return [category.encode() for category in CATEGORIES]
    if len(call.words) > 3:
        raise _wrong_number(call, "CAT")
    category = call.words[2].decode("latin-1").lower()
    if category not in CATEGORIES:
        raise CommandError(b"ERR Unknown category '%b'" % call.words[2])
    names: list[Reply] = []
    modern = call.profile.since(7, 0)
    for command in call.engine.table.commands.values():
        if category in categories_of(call.profile, command, command.name) and not (modern and command.subcommands):
            names.append(command.name.encode())
        names += [
            f"{command.name}|{sub.name}".encode()
            for sub in (command.subcommands if modern else ())
            if call.profile.since(*sub.since)
            and category in categories_of(call.profile, sub, f"{command.name}|{sub.name}")
        ]
    return names


def acl_log(call: Call) -> Reply:
    """ACL LOG [count|RESET]."""
    log = call.engine.acl_log
    if len(call.words) > 3:
        raise _wrong_number(call, "LOG")
    if len(call.words) == 3 and call.words[2].lower() == b"reset":
        log.entries.clear()
        return OK
    count = max(0, integer(call.words[2])) if len(call.words) == 3 else 10
    return [_logged(call, entry) for entry in log.entries[:count]]


def _logged(call: Call, entry: Refusal) -> Reply:
    age = (call.now_ms - entry.updated_ms) / 1000
    told: list[tuple[Reply, Reply]] = [
        (b"count", entry.count),
        (b"reason", entry.reason),
        (b"context", entry.context),
        (b"object", entry.what),
        (b"username", entry.user),
        (b"age-seconds", Double(f"{age:.17g}".encode())),
        (b"client-info", entry.client),
    ]
    if call.profile.since(7, 2):
        told += [
            (b"entry-id", entry.number),
            (b"timestamp-created", entry.created_ms),
            (b"timestamp-last-updated", entry.updated_ms),
        ]
    return Pairs(told)


def acl_genpass(call: Call) -> Reply:
    """ACL GENPASS [bits]."""
    wrong = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
    if len(call.words) > 3:
        raise _wrong_number(call, "GENPASS")
    bits = integer(call.words[2]) if len(call.words) == 3 else 256
    if not 0 < bits <= 4096:
        raise CommandError(wrong)
    digits = (bits + 3) // 4
    return b"%0*x" % (digits, call.engine.rng.getrandbits(4 * digits))


def acl_dryrun(call: Call) -> Reply:
    """ACL DRYRUN user command [argument …]."""
    if _text(call.words[2]) not in call.engine.users.by_name:
        raise CommandError(b"ERR User '%b' not found" % call.words[2])
    words = call.words[3:]
    try:
        command, name = call.engine.table.find(words)
    except CommandError as error:
        if b"unknown command" in error.text:
            raise CommandError(b"ERR Command '%b' not found" % words[0]) from None
        raise
    refusal = why_refused(call.engine, _text(call.words[2]), command, name, words)
    return OK if refusal is None else _in_words(call, refusal)


def _in_words(call: Call, refusal: Refused) -> bytes:
    who = b"User %b" % call.words[2] if call.profile.since(7, 2) else b"This user"
    if refusal.reason == b"command":
        return b"%b has no permissions to run the '%b' command" % (who, refusal.what)
    return b"%b has no permissions to access the '%b' %b" % (who, refusal.what, refusal.reason)


def no_file(_call: Call) -> Reply:
    """ACL SAVE and LOAD."""
    raise CommandError(_NO_FILE)


def _wrong_number(call: Call, shown: str) -> CommandError:
    unknown = "unknown" if call.profile.since(7, 0) else "Unknown"
    return CommandError(f"ERR {unknown} subcommand or wrong number of arguments for '{shown}'. Try ACL HELP.")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


_ADMIN: Final = "admin noscript loading stale"


def _sub(name: str, run: Callable[[Call], Reply], arity: int, flags: str, since: tuple[int, int] = (6, 0)) -> Command:
    return Command(name, run, arity, flags, since=since, group="server")


ACL_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "acl",
        None,
        -2,
        since=(6, 0),
        group="server",
        subcommands=(
            _sub("whoami", acl_whoami, 2, "noscript loading stale"),
            _sub("users", acl_users, 2, _ADMIN),
            _sub("list", acl_list, 2, _ADMIN),
            _sub("getuser", acl_getuser, 3, _ADMIN),
            _sub("setuser", acl_setuser, -3, _ADMIN),
            _sub("deluser", acl_deluser, -3, _ADMIN),
            _sub("cat", acl_cat, -2, "noscript loading stale"),
            _sub("log", acl_log, -2, _ADMIN),
            _sub("genpass", acl_genpass, -2, "noscript loading stale"),
            _sub("dryrun", acl_dryrun, -4, _ADMIN, (7, 0)),
            _sub("save", no_file, 2, _ADMIN),
            _sub("load", no_file, 2, _ADMIN),
        ),
    ),
)
