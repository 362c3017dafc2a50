"""Opening a byte stream to a server: the port through which everything reaches the network."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TypeVar, cast

import trio

from ._address import ServerAddress

T = TypeVar("T")

Dial = Callable[[ServerAddress], Awaitable[trio.abc.Stream]]
"""Opens a byte stream to an address. Raises OSError when that can't be done."""


async def dial(address: ServerAddress) -> trio.abc.Stream:
    """Open a socket: TCP without Nagle's delay, TLS over it, or a socket file; or reach a server in this process.

    Raises:
        OSError: the server is not there, or is not who it should be.
    """
    if address.scheme == "memory":
        return await _in_process()(address)
    if address.scheme == "unix":
        return await trio.open_unix_socket(address.path)
    # Before the socket is opened: a certificate that can't be read needs none.
    context = tls_context(address) if address.scheme == "rediss" else None
    try:
        stream = await trio.open_tcp_stream(address.host, address.port)
    except UnicodeError as error:  # One of its parts is empty, or too long.
        raise OSError(f"{address.host!r} is no host name ({error}); check its spelling") from error
    stream.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
    return stream if context is None else await _secure(stream, context, address.host)


def _in_process() -> Dial:
    """The way to the simulated server: it stands on this layer, so it is found by its name, and only when asked for.

    Raises:
        OSError: something that it needs is not installed.
    """
    try:
        module = import_module("..simulations.server.in_process", __package__)
    except ImportError as error:
        needed = "pip install 'redis-streams-trio[simulation]'"
        raise OSError(f"memory:// needs the simulated server ({error}): {needed}") from error
    return cast("Dial", module.dial)


async def _secure(stream: trio.SocketStream, context: ssl.SSLContext, host: str) -> trio.abc.Stream:
    """TLS over a stream, which is closed if that fails or is cancelled."""
    secured = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        await secured.do_handshake()
    except BaseException as error:
        await trio.aclose_forcefully(stream)
        if isinstance(error, trio.BrokenResourceError):
            raise _handshake_failed(error.__cause__) from error
        raise
    return secured


def _handshake_failed(cause: BaseException | None) -> OSError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"the server's certificate is not accepted ({cause.verify_message})"
        return OSError(f"{why}; name the file of its authority with ?ssl_ca_certs=FILE")
    if isinstance(cause, ssl.SSLError):
        return OSError(f"no TLS with the server ({cause.reason or cause}); does this port speak TLS?")
    return OSError("the server closed the connection during the TLS handshake; does this port speak TLS?")


def tls_context(address: ServerAddress) -> ssl.SSLContext:
    """The TLS settings of an address; certificates and host name are checked unless it says otherwise.

    Raises:
        OSError: one of the files can't be read; the message names it.
    """
    options = address.tls
    context = _reading(options, "ssl_ca_certs", lambda: ssl.create_default_context(cafile=options.get("ssl_ca_certs")))
    requires = options.get("ssl_cert_reqs", "required").lower()
    if options.get("ssl_check_hostname", "true").lower() in ("false", "no", "0") or requires == "none":
        context.check_hostname = False
    context.verify_mode = {
        "required": ssl.CERT_REQUIRED,
        "optional": ssl.CERT_OPTIONAL,
        "none": ssl.CERT_NONE,
    }[requires]
    certificate = options.get("ssl_certfile")
    if certificate is not None:
        key = options.get("ssl_keyfile")
        _reading(options, "ssl_certfile", lambda: context.load_cert_chain(certificate, key))
    return context


def _reading(options: Mapping[str, str], name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except OSError as error:  # An ssl.SSLError is one too: what is in the file is no certificate.
        raise OSError(f"{name}={options.get(name)}: {error.strerror or error}") from error
