"""CLIENT: who is connected, by which name, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error, wrong_arity
from .._reply import OK, Failure, Reply, Verbatim
from .._session import Session, Silence
from ._client_info import client_line
from ._connection_commands import checked_name, kind_of_client
from ._pause import Pause
from ._tracking_commands import TRACKING_COMMANDS

TYPES: Final = {
    b"normal": "normal",
    b"pubsub": "pubsub",
    b"replica": "replica",
    b"slave": "replica",
    b"master": "master",
}
UNBLOCKED: Final = Failure(b"UNBLOCKED client unblocked via CLIENT UNBLOCK")
Filter = Callable[[Session], bool]


def client_id(call: Call) -> Reply:
    """CLIENT ID."""
    return call.session.id


def client_getname(call: Call) -> Reply:
    """CLIENT GETNAME."""
    return call.session.name or None


def client_setname(call: Call) -> Reply:
    """CLIENT SETNAME name."""
    call.session.name = checked_name(call.words[2])
    return OK


def client_setinfo(call: Call) -> Reply:
    """CLIENT SETINFO lib-name|lib-ver value."""
    _, _, attribute, value = call.words
    name, version = call.session.library
    if attribute.lower() not in {b"lib-name", b"lib-ver"}:
        raise CommandError(b"ERR Unrecognized option '%b'" % attribute)
    checked_name(value, attribute.decode())
    call.session.library = (value, version) if attribute.lower() == b"lib-name" else (name, value)
    return OK


def client_info(call: Call) -> Reply:
    """CLIENT INFO."""
    return Verbatim(client_line(call.engine, call.session, call.words) + b"\n")


def client_list(call: Call) -> Reply:
    """CLIENT LIST [TYPE type] [ID id …]."""
    words = call.words[2:]
    chosen: Filter = _everybody
    if len(words) == 2 and words[0].upper() == b"TYPE":
        chosen = _by_type(words[1])
    elif len(words) > 1 and words[0].upper() == b"ID" and call.profile.since(6, 2):
        ids = {integer(word, "ERR Invalid client ID", least=1) for word in words[1:]}
        chosen = lambda session: session.id in ids  # noqa: E731
    elif words:
        raise syntax_error()
    lines = [
        client_line(call.engine, each, call.words if each is call.session else ()) + b"\n"
        for each in call.engine.sessions.values()
        if chosen(each)
    ]
    return Verbatim(b"".join(lines))


def _everybody(_session: Session) -> bool:
    return True


def _by_type(word: bytes) -> Filter:
    kind = TYPES.get(word.lower())
    if kind is None:
        raise CommandError(b"ERR Unknown client type '%b'" % word)
    return lambda session: kind_of_client(session) == kind


def client_kill(call: Call) -> Reply:
    """CLIENT KILL ip:port, or CLIENT KILL [ID id] [TYPE type] [USER user] [ADDR addr] [LADDR addr] [SKIPME yesno]…."""
    words = call.words
    if len(words) < 3:
        raise wrong_arity("client|kill") if call.profile.since(7, 0) else syntax_error()
    if len(words) == 3:
        address = words[2].decode("latin-1")
        if not _kill(call, [lambda session: session.address == address], skip_me=False):
            raise CommandError("ERR No such client")
        return OK
    filters: list[Filter] = []
    skip_me = True
    for at in range(2, len(words), 2):
        if at + 1 == len(words):
            raise syntax_error()
        if words[at].upper() == b"SKIPME":
            skip_me = _yes_or_no(words[at + 1])
        else:
            filters.append(_kill_filter(call, words[at].upper(), words[at + 1]))
    return _kill(call, filters, skip_me=skip_me)


def _kill_filter(call: Call, option: bytes, value: bytes) -> Filter:
    text = value.decode("utf-8", "surrogateescape")
    if option == b"ID":
        wanted = (
            integer(value, "ERR client-id should be greater than 0", least=1)
            if call.profile.since(7, 0)
            else integer(value)
        )
        return lambda session: session.id == wanted
    if option == b"TYPE":
        return _by_type(value)
    if option == b"ADDR":
        return lambda session: session.address == text
    if option == b"LADDR" and call.profile.since(6, 2):
        return lambda session: session.local_address == text
    if option == b"USER" and call.profile.since(6, 0):
        if text not in call.engine.users.by_name:
            raise CommandError(b"ERR No such user '%b'" % value)
        return lambda session: session.user == text
    if option == b"MAXAGE" and call.profile.since(7, 4):
        seconds = integer(value, "ERR maxage is not an integer or out of range")
        if seconds <= 0:
            raise CommandError("ERR maxage should be greater than 0")
        now_ms = call.now_ms
        return lambda session: (now_ms - session.connected_ms) // 1000 >= seconds
    raise syntax_error()


def _yes_or_no(word: bytes) -> bool:
    if word.lower() not in {b"yes", b"no"}:
        raise syntax_error()
    return word.lower() == b"yes"


def _kill(call: Call, filters: Sequence[Filter], *, skip_me: bool) -> int:
    killed = [
        session
        for session in call.engine.sessions.values()
        if not (skip_me and session is call.session) and all(fits(session) for fits in filters)
    ]
    for session in killed:
        # The client that asks gets its reply; what others were to be sent is dropped.
        session.aborted = session is not call.session
        call.engine.close(session)
    return len(killed)


def client_unblock(call: Call) -> Reply:
    """CLIENT UNBLOCK id [TIMEOUT|ERROR]."""
    if len(call.words) > 4:
        raise CommandError("ERR wrong number of arguments for 'client|unblock' command")
    reason = call.words[3].upper() if len(call.words) == 4 else b"TIMEOUT"
    if reason not in {b"TIMEOUT", b"ERROR"}:
        raise CommandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    session = call.engine.sessions.get(integer(call.words[2]))
    if session is None or session.block is None or session.block.put_off:
        return 0
    reply = UNBLOCKED if reason == b"ERROR" else session.block.timed_out()
    call.engine.unblock(session)
    call.engine.deliver(session, reply)
    return 1


def client_pause(call: Call) -> Reply:
    """CLIENT PAUSE milliseconds [WRITE|ALL]."""
    writes_only = False
    if len(call.words) == 4 and call.profile.since(6, 2):
        mode = call.words[3].upper()
        if mode not in {b"WRITE", b"ALL"}:
            raise CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL")
        writes_only = mode == b"WRITE"
    elif len(call.words) > 3:
        raise CommandError("ERR Unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP")
    milliseconds = integer(call.words[2], "ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise CommandError("ERR timeout is negative")
    until_ms = call.engine.timer_ms + milliseconds
    old = call.engine.pause
    if old is not None and old.until_ms > call.engine.timer_ms:
        until_ms, writes_only = max(until_ms, old.until_ms), writes_only and old.writes_only
    call.engine.pause = Pause(until_ms, writes_only)
    return OK


def client_unpause(call: Call) -> Reply:
    """CLIENT UNPAUSE."""
    call.engine.end_pause()
    return OK


def client_reply(call: Call) -> Reply:
    """CLIENT REPLY ON|OFF|SKIP."""
    mode = call.words[2].upper()
    session = call.session
    if mode == b"ON":
        session.silence = None
    elif mode == b"OFF":
        session.silence = Silence.ALWAYS
    elif mode == b"SKIP":
        if session.silence is not Silence.ALWAYS:
            session.silence = Silence.NEXT
    else:
        raise syntax_error()
    return OK


def client_no_evict(call: Call) -> Reply:
    """CLIENT NO-EVICT ON|OFF."""
    call.session.no_evict = _on_or_off(call.words[2])
    return OK


def client_no_touch(call: Call) -> Reply:
    """CLIENT NO-TOUCH ON|OFF."""
    call.session.no_touch = _on_or_off(call.words[2])
    return OK


def _on_or_off(word: bytes) -> bool:
    if word.lower() not in {b"on", b"off"}:
        raise syntax_error()
    return word.lower() == b"on"


_FLAGS: Final = "noscript loading stale"
_ADMIN: Final = "admin noscript loading stale"


def _sub(name: str, run: Callable[[Call], Reply], arity: int, flags: str, since: tuple[int, int] = (5, 0)) -> Command:
    return Command(name, run, arity, flags, since=since, group="connection")


CLIENT_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "client",
        None,
        -2,
        group="connection",
        subcommands=(
            _sub("id", client_id, 2, _FLAGS),
            _sub("getname", client_getname, 2, _FLAGS),
            _sub("setname", client_setname, 3, _FLAGS),
            _sub("setinfo", client_setinfo, 4, _FLAGS, (7, 2)),
            _sub("info", client_info, 2, _FLAGS, (6, 2)),
            _sub("list", client_list, -2, _ADMIN),
            _sub("kill", client_kill, -2, _ADMIN),
            _sub("unblock", client_unblock, -3, _ADMIN),
            _sub("pause", client_pause, -3, _ADMIN),
            _sub("unpause", client_unpause, 2, _ADMIN, (6, 2)),
            _sub("reply", client_reply, 3, _FLAGS),
            _sub("no-evict", client_no_evict, 3, _ADMIN, (7, 0)),
            _sub("no-touch", client_no_touch, 3, _FLAGS, (7, 2)),
            *TRACKING_COMMANDS,
        ),
    ),
)
