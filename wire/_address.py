"""Where a server is and how to log in there, read from a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import evolve, field, frozen
from typing_extensions import override

EXAMPLES: Final = "redis://localhost:6379/0, rediss://user:password@host:6380 or unix:///run/redis.sock?db=1"
TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_KNOWN: Final = ("db", "client_name", "username", "password", *TLS_OPTIONS)


class AddressError(ValueError):
    """A URL that names no Redis server; the message shows it, without its password, and what a right one looks like."""


def _masked(url: str) -> str:
    without = re.sub(r"(//[^/@]*?:)[^@]*@", r"\1***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", without)


@frozen(repr=False)
class ServerAddress:
    """Where a server is and how to log in there. Its text never shows the password.

    Attributes:
        scheme: "redis" over TCP, "rediss" over TLS, "unix" over a socket file.
        host, port: for TCP and TLS.
        path: the socket file, for unix.
        username, password: an ACL user (Redis 6.0); a password alone is the default user's.
        db: the database's number.
        client_name: how CLIENT LIST calls our connections.
        tls: redis-py's options: ssl_ca_certs, ssl_certfile, ssl_keyfile (files), ssl_cert_reqs ("required", "optional",
            "none") and ssl_check_hostname ("true", "false").
    """

    scheme: Literal["redis", "rediss", "unix"] = "redis"
    host: str = "localhost"
    port: int = 6379
    path: str = ""
    username: str | None = None
    password: str | None = None
    db: int = 0
    client_name: str | None = None
    tls: Mapping[str, str] = field(factory=dict, eq=False)

    @classmethod
    def parse(cls, url: str) -> ServerAddress:
        """Read a URL such as ``redis://user:password@host:6379/0?client_name=billing``.

        Raises:
            AddressError: it is not one.
        """
        try:
            return _parse(url)
        except AddressError:
            raise
        except (ValueError, AttributeError, TypeError) as error:
            raise AddressError(f"{_masked(str(url))!r} is not a Redis URL ({error}); use {EXAMPLES}") from None

    def named(self, client_name: str) -> ServerAddress:
        """The same server under another client name."""
        return evolve(self, client_name=client_name)

    @override
    def __str__(self) -> str:
        user = f"{self.username or ''}:***@" if self.password else f"{self.username}@" if self.username else ""
        if self.scheme == "unix":
            return f"unix://{user}{self.path}?db={self.db}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{user}{host}:{self.port}/{self.db}"

    @override
    def __repr__(self) -> str:
        return f"ServerAddress({str(self)!r})"


def _parse(url: str) -> ServerAddress:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    unknown = sorted(set(options) - set(_KNOWN))
    if unknown:
        raise ValueError(f"unknown option {', '.join(unknown)}; known are {', '.join(_KNOWN)}")
    if parts.scheme == "memory":
        raise AddressError(f"{url!r}: the simulated server comes with a later version; use {EXAMPLES}")
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"the scheme is {parts.scheme!r}" if parts.scheme else "it has no scheme")
    if parts.fragment:
        raise ValueError("a '#' in a password is written %23")
    is_socket = parts.scheme == "unix"
    if is_socket and not parts.path:
        raise ValueError("the path of the socket is missing")
    path = unquote(parts.path)
    db = options.get("db") or ("0" if is_socket else path.strip("/") or "0")
    if not db.isdecimal():
        raise ValueError(f"the database is a number, not {db!r}")
    return ServerAddress(
        scheme=parts.scheme,
        host=parts.hostname or "localhost",
        port=6379 if parts.port is None else parts.port,
        path=path if is_socket else "",
        username=unquote(parts.username or "") or options.get("username"),
        password=unquote(parts.password or "") or options.get("password"),
        db=int(db),
        client_name=options.get("client_name"),
        tls={name: options[name] for name in TLS_OPTIONS if name in options},
    )
