"""What a client says about its connection: HELLO, AUTH, PING, ECHO, QUIT, RESET, SELECT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Answer, Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import OK, PONG, Pairs, Reply, Status
from .._session import Session
from ..access._acl import DEFAULT_USER, LOGIN_REFUSED, LOGIN_REFUSED_6_0, User
from ._client_info import client_line

HELLO_NOAUTH: Final = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO {}AUTH <user> <pass> "
    "option can be used to authenticate the client and select the RESP protocol version at the same time"
)
NO_PROTOCOL: Final = "NOPROTO unsupported protocol version"
INT_MIN: Final = -(2**31)
INT_MAX: Final = 2**31 - 1


def ping(call: Call) -> Reply:
    """PING [message]."""
    if len(call.words) > 2:
        raise CommandError("ERR wrong number of arguments for 'ping' command")
    message = call.words[1] if len(call.words) == 2 else None
    session = call.session
    if session.protocol == 2 and session.is_subscribed:
        return [b"pong", message or b""]
    return PONG if message is None else message


def echo(call: Call) -> Reply:
    """ECHO message."""
    return call.words[1]


def quit_(call: Call) -> Reply:
    """QUIT: the connection ends with the reply."""
    call.session.closing = True
    return OK


def hang_up(call: Call) -> Reply:
    """POST and Host: are lines of HTTP, by which a web page may try to send commands; they end the connection."""
    call.session.closing = call.session.aborted = True
    return OK


def select(call: Call) -> Reply:
    """SELECT index."""
    if call.profile.since(6, 2):
        index = integer(call.words[1])
        if not INT_MIN <= index <= INT_MAX:
            raise CommandError(f"ERR value is out of range, value must between {INT_MIN} and {INT_MAX}")
    else:
        index = integer(call.words[1], "ERR invalid DB index")
    if not 0 <= index < len(call.engine.databases):
        raise CommandError("ERR DB index is out of range")
    call.session.database = index
    return OK


def auth(call: Call) -> Reply:
    """AUTH [username] password."""
    if not call.profile.since(6, 0):
        return _auth_by_password(call)
    if len(call.words) > 3:
        raise syntax_error()
    if len(call.words) == 2 and call.engine.users.default.nopass:
        raise CommandError(
            "ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?"
        )
    _log_in(call, call.words[1] if len(call.words) == 3 else DEFAULT_USER.encode(), call.words[-1])
    return OK


def _auth_by_password(call: Call) -> Reply:
    """As it was before there were users."""
    if len(call.words) > 2:
        raise CommandError("ERR wrong number of arguments for 'auth' command")
    if call.engine.users.default.nopass:
        raise CommandError("ERR Client sent AUTH, but no password is set")
    if not call.engine.users.default.accepts(call.words[1]):
        call.session.user = None
        raise CommandError("ERR invalid password")
    call.session.user = DEFAULT_USER
    return OK


def _log_in(call: Call, name: bytes, password: bytes) -> None:
    user: User | None = call.engine.users.by_name.get(name.decode("utf-8", "surrogateescape"))
    if user is None or not user.accepts(password):
        call.engine.acl_log.note(
            b"auth",
            call.words[0],
            name,
            client_line(call.engine, call.session),
            context=b"toplevel",
            now_ms=call.now_ms,
            limit=call.engine.configuration.number("acllog-max-len"),
        )
        raise CommandError(LOGIN_REFUSED if call.profile.since(6, 2) else LOGIN_REFUSED_6_0)
    call.session.user = user.name


def hello(call: Call) -> Answer:
    """HELLO [protover [AUTH username password] [SETNAME clientname]]."""
    protocol = call.session.protocol
    if len(call.words) > 1:
        wrong = "ERR Protocol version is not an integer or out of range" if call.profile.since(6, 2) else NO_PROTOCOL
        protocol = integer(call.words[1], wrong)
        if protocol not in {2, 3}:
            raise CommandError(NO_PROTOCOL)
    login, name = _hello_options(call)
    if login is not None:
        _log_in(call, *login)
    if call.session.user is None:
        raise CommandError(HELLO_NOAUTH.format("<proto> " if call.profile.since(7, 2) else ""))
    if name is not None:
        call.session.name = name
    call.session.protocol = protocol
    return _greeting(call, protocol)


def _hello_options(call: Call) -> tuple[tuple[bytes, bytes] | None, bytes | None]:
    login: tuple[bytes, bytes] | None = None
    name: bytes | None = None
    words = list(call.words[2:])
    while words:
        option = words.pop(0)
        if option.upper() == b"AUTH" and len(words) >= 2:
            login = (words.pop(0), words.pop(0))
        elif option.upper() == b"SETNAME" and words:
            name = checked_name(words.pop(0))
        else:
            raise CommandError(b"ERR Syntax error in HELLO option '%b'" % option)
    return login, name


def checked_name(name: bytes, what: str = "Client names") -> bytes:
    """A name for a client, if it is one.

    Raises:
        CommandError: it has characters that CLIENT LIST could not show.
    """
    if any(not 33 <= char <= 126 for char in name):
        raise CommandError(f"ERR {what} cannot contain spaces, newlines or special characters.")
    return name


def _greeting(call: Call, protocol: int) -> Reply:
    version = ".".join(map(str, call.profile.version)).encode()
    role: Reply = b"replica" if call.engine.role.replica_of is not None else b"master"
    return Pairs(
        [
            (b"server", b"redis"),
            (b"version", version),
            (b"proto", protocol),
            (b"id", call.session.id),
            (b"mode", b"standalone"),
            (b"role", role),
            (b"modules", []),
        ]
    )


def reset(call: Call) -> Reply:
    """RESET: the connection is as if it were new."""
    session = call.session
    call.engine.forget_connection_state(session)
    session.protocol = 2
    session.database = 0
    session.name = b""
    session.silence = None
    session.no_evict = session.no_touch = False
    session.user = DEFAULT_USER if call.engine.users.default_is_open else None
    return Status(b"RESET")


def kind_of_client(session: Session) -> str:
    """As CLIENT LIST TYPE and CLIENT KILL TYPE say it."""
    if session.is_replica:
        return "replica"
    return "pubsub" if session.is_subscribed else "normal"


CONNECTION_COMMANDS: Final[Sequence[Command]] = (
    Command("ping", ping, -1, "fast", group="connection"),
    Command("echo", echo, 2, "loading stale fast", group="connection"),
    Command("quit", quit_, -1, "noscript loading stale fast no_auth allow_busy", group="connection"),
    Command("post", hang_up, -1, "noscript loading stale no_auth", group="connection"),
    Command("host:", hang_up, -1, "noscript loading stale no_auth", group="connection"),
    Command("select", select, 2, "loading stale fast", group="connection"),
    Command("auth", auth, -2, "noscript loading stale fast no_auth allow_busy", group="connection"),
    Command("hello", hello, -1, "noscript loading stale fast no_auth allow_busy", since=(6, 0), group="connection"),
    Command("reset", reset, 1, "noscript loading stale fast no_auth allow_busy", since=(6, 2), group="connection"),
)
