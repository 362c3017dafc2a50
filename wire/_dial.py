"""Opening a byte stream to a server: the port through which everything reaches the network."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import trio

from ._address import ServerAddress

Dial = Callable[[ServerAddress], Awaitable[trio.abc.Stream]]
"""Opens a byte stream to an address. Raises OSError (which ssl.SSLError is too) when that can't be done."""


async def dial(address: ServerAddress) -> trio.abc.Stream:
    """Open a socket: TCP without Nagle's delay, TLS over it, or a socket file.

    Raises:
        OSError: the server is not there, or is not who it should be.
    """
    if address.scheme == "unix":
        return await trio.open_unix_socket(address.path)
    stream = await trio.open_tcp_stream(address.host, address.port)
    stream.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
    if address.scheme == "redis":
        return stream
    secured = trio.SSLStream(stream, tls_context(address), server_hostname=address.host, https_compatible=True)
    try:
        await secured.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(secured)
        raise ssl.SSLError(f"no TLS with the server: {error.__cause__ or error}") from error
    return secured


def tls_context(address: ServerAddress) -> ssl.SSLContext:
    """The TLS settings of an address; certificates and host name are checked unless it says otherwise."""
    options = address.tls
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if (
        options.get("ssl_check_hostname", "true").lower() in ("false", "0", "no")
        or options.get("ssl_cert_reqs") == "none"
    ):
        context.check_hostname = False
    context.verify_mode = {
        "required": ssl.CERT_REQUIRED,
        "optional": ssl.CERT_OPTIONAL,
        "none": ssl.CERT_NONE,
    }[options.get("ssl_cert_reqs", "required")]
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context
