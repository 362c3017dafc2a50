"""Where a server is and how to log in there, read from a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from attrs import evolve, field, frozen
from typing_extensions import override

EXAMPLES: Final = "redis://localhost:6379/0, rediss://user:password@host:6380 or unix:///run/redis.sock?db=1"
TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_KNOWN: Final = ("db", "client_name", "username", "password", *TLS_OPTIONS)
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": ("true", "false", "yes", "no", "1", "0"),
}


class AddressError(ValueError):
    """A URL that names no Redis server; the message shows it, without its password, and what a right one looks like."""


def _masked(url: str) -> str:
    """The URL for a message, without what is a password, or would be one if its writer had escaped it."""
    without = re.sub(r"(//[^/@:]*:).*@", r"\1***@", url, flags=re.DOTALL)
    if "@" not in without:
        # "redis://:secret": the host was forgotten, and the password stands where the port belongs.
        without = re.sub(r"(//[^/\[\]:]*:)(?!\d+(?:[/?#]|$))[^/]+", r"\1***", without)
    return re.sub(r"(password=)[^&#]*", r"\1***", without)


@frozen(repr=False)
class ServerAddress:
    """Where a server is and how to log in there. Its text never shows the password.

    Attributes:
        scheme: "redis" over TCP, "rediss" over TLS, "unix" over a socket file, "memory" for a server in this process.
        host, port: for TCP and TLS; for memory the host is the server's name.
        path: the socket file, for unix.
        username, password: an ACL user (Redis 6.0); a password alone is the default user's.
        db: the database's number.
        client_name: how CLIENT LIST calls our connections.
        tls: redis-py's options: ssl_ca_certs, ssl_certfile, ssl_keyfile (files), ssl_cert_reqs ("required", "optional",
            "none") and ssl_check_hostname ("true", "false"; "no" and "0" are understood too).
    """

    scheme: Literal["redis", "rediss", "unix", "memory"] = "redis"
    host: str = "localhost"
    port: int = 6379
    path: str = ""
    username: str | None = None
    password: str | None = None
    db: int = 0
    client_name: str | None = None
    tls: Mapping[str, str] = field(factory=dict[str, str], eq=False)

    @classmethod
    def parse(cls, url: str) -> ServerAddress:
        """Read a URL such as ``redis://user:password@host:6379/0?client_name=billing``.

        Raises:
            AddressError: it is not one.
        """
        if not isinstance(url, str):  # Not shown: a client of another library may show a password.
            raise AddressError(f"a Redis URL is a str, not of type {type(url).__name__}; use {EXAMPLES}")
        try:
            return _parse(url)
        except ValueError as error:
            raise AddressError(f"{_masked(url)!r} is not a Redis URL: {error}; use {EXAMPLES}") from None

    def named(self, client_name: str) -> ServerAddress:
        """The same server under another client name."""
        return evolve(self, client_name=client_name)

    @override
    def __str__(self) -> str:
        user = f"{self.username or ''}:***@" if self.password else f"{self.username}@" if self.username else ""
        if self.scheme == "unix":
            return f"unix://{user}{self.path}?db={self.db}"
        if self.scheme == "memory":
            return f"memory://{user}{self.host}/{self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{user}{host}:{self.port}/{self.db}"

    @override
    def __repr__(self) -> str:
        return f"ServerAddress({str(self)!r})"


def _parse(url: str) -> ServerAddress:
    parts = urlsplit(url)
    scheme = _scheme(parts.scheme)
    if scheme != "unix" and not url[len(scheme) + 1 :].startswith("//"):
        raise ValueError("after the scheme comes '//'")
    if parts.fragment or (scheme != "unix" and "@" in parts.path):
        raise ValueError("in a password '#' is written %23, '/' %2F, '?' %3F and '@' %40")
    port = _port(parts)
    options = _options(parts.query)
    if scheme == "memory" and not parts.hostname:
        raise ValueError("the name of the server is missing, as in memory://orders")
    if scheme == "unix" and not parts.path:
        raise ValueError("the path of the socket is missing, as in unix:///run/redis.sock")
    if scheme == "unix" and parts.hostname:
        raise ValueError("a socket file has no host: there are three slashes, as in unix:///run/redis.sock")
    if scheme != "rediss" and any(name in options for name in TLS_OPTIONS):
        raise ValueError("options that begin with ssl_ need TLS, as in rediss://")
    path = unquote(parts.path)
    return ServerAddress(
        scheme=scheme,
        host=unquote(parts.hostname or "localhost"),
        port=port,
        path=path if scheme == "unix" else "",
        username=unquote(parts.username or "") or options.get("username"),
        password=unquote(parts.password) if parts.password else options.get("password"),
        db=_database(options.get("db", "" if scheme == "unix" else path.strip("/"))),
        client_name=options.get("client_name"),
        tls={name: options[name] for name in TLS_OPTIONS if name in options},
    )


def _scheme(scheme: str) -> Literal["redis", "rediss", "unix", "memory"]:
    match scheme:
        case "redis" | "rediss" | "unix" | "memory":
            return scheme
        case "":
            raise ValueError("it has no scheme")
        case _:
            raise ValueError(f"the scheme is {scheme!r}")


def _port(parts: SplitResult) -> int:
    try:
        port = 6379 if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        # Not what it says: that may be a password whose '@host' was forgotten.
        raise ValueError("the port must be a number from 1 to 65535")
    return port


def _database(text: str) -> int:
    if not text.isascii() or not (text or "0").isdecimal():
        raise ValueError(f"the database must be a number, not {text!r}")
    return int(text or "0")


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in sorted(options):
        if name not in _KNOWN:
            raise ValueError(f"there is no option {name!r}; there are {', '.join(_KNOWN)}")
        if not options[name]:
            raise ValueError(f"{name} is empty")
        allowed = _VALUES.get(name)
        if allowed is not None and options[name].lower() not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {options[name]!r}")
    if not re.fullmatch(r"[!-~]*", options.get("client_name", "")):
        # CLIENT SETNAME refuses the rest: https://redis.io/docs/latest/commands/client-setname/
        raise ValueError(f"client_name must be ASCII without blanks, not {options['client_name']!r}")
    return options
