"""Ways to a real server: passwords, users, databases, names, TLS, socket files; and that no error shows a password."""

from random import Random
from urllib.parse import quote

import pytest
import redis
import trio
from redis_streams.simulations.real import RedisServer, TlsFiles
from redis_streams.wire import Client, ConnectFailed, Connection, Retry, ServerAddress, Timeouts
from redis_streams.wire._dial import _secure, tls_context
from support.servers import ServerFactory

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

ONCE = Retry(max_retries=0)
NO_SOCKETS = "memory:// has no sockets"


def with_user(server: RedisServer, user: str, query: str = "") -> str:
    """The server's address with this user and password."""
    scheme, _, place = server.url.partition("://")
    return f"{scheme}://{user}@{place}{query}"


async def ping(url: str) -> object:
    connection = await Connection.open(ServerAddress.parse(url))
    try:
        return await connection.call("PING")
    finally:
        await connection.aclose()


async def test_a_password_opens_the_door(redis_server_factory: ServerFactory) -> None:
    """The right one does; a wrong or a missing one is told at once, and not shown."""
    server = redis_server_factory(config={"requirepass": "SECRET"})
    assert await ping(with_user(server, ":SECRET")) == b"PONG"
    assert await ping(with_user(server, "default:SECRET")) == b"PONG"
    assert await ping(f"{server.url}?password=SECRET") == b"PONG"
    with pytest.raises(redis.exceptions.AuthenticationError, match="default user was refused") as wrong:
        await ping(with_user(server, ":SECRETwrong"))
    assert "SECRET" not in str(wrong.value)
    with pytest.raises(redis.exceptions.AuthenticationError, match="wants a password"):
        await ping(server.url)


async def test_a_client_with_a_wrong_password_does_not_try_again(redis_server_factory: ServerFactory) -> None:
    """It would be refused for ever."""
    server = redis_server_factory(config={"requirepass": "SECRET"})
    client = Client(with_user(server, ":no"), rng=Random(1), retry=Retry(base_delay_seconds=1000))
    with trio.fail_after(5), pytest.raises(redis.exceptions.AuthenticationError):
        await client.run()


async def test_a_user_of_the_acl_may_do_what_it_may(redis_server: RedisServer) -> None:
    """With an odd password; without leave to ask INFO the oldest commands are used."""
    redis_server.cli("ACL", "SETUSER", "me", "on", ">p@ss:w/ord#?", "~s*", "+@stream", "+ping")
    redis_server.cli("ACL", "SETUSER", "open", "on", "nopass", "+ping")
    url = with_user(redis_server, f"me:{quote('p@ss:w/ord#?', safe='')}", "?client_name=mine")
    assert await ping(with_user(redis_server, "open")) == b"PONG"
    with pytest.raises(redis.exceptions.AuthenticationError, match="user 'me' was refused"):
        await ping(with_user(redis_server, "me:no"))
    client = Client(url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        assert await client.xadd("s", {"f": "v"}) is not None
        assert (await client.capabilities()).version == (5, 0, 0)
        with pytest.raises(redis.exceptions.NoPermissionError):
            await client.call("GET", "x")
        with pytest.raises(redis.exceptions.NoPermissionError):
            await client.xadd("other", {"f": "v"})
        nursery.cancel_scope.cancel()


async def test_database_and_name_are_those_of_the_address(redis_server: RedisServer) -> None:
    """Seen from the server; also after a reconnect."""
    client = Client(f"{redis_server.url[:-2]}/3?client_name=billing-1", rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        for _ in range(2):
            listed = str(redis_server.cli("CLIENT", "LIST"))
            assert "name=billing-1 " in listed
            await client.call("SET", "k", "v")
            assert redis_server.cli("EVAL", "redis.call('SELECT', 3) return redis.call('GET', 'k')", 0) == "v"
            redis_server.cli("CLIENT", "KILL", "TYPE", "normal")
            await client.call("PING")
        nursery.cancel_scope.cancel()
    with pytest.raises(redis.exceptions.ResponseError, match="SELECT 99 was refused"):
        await ping(f"{redis_server.url[:-2]}/99")


@pytest.mark.real_server_only(NO_SOCKETS)
async def test_a_socket_file_leads_there_too(redis_server_factory: ServerFactory) -> None:
    """unix://; and one that is not there is said to be none."""
    server = redis_server_factory(unixsocket=True)
    assert await ping(server.unix_url) == b"PONG"
    with pytest.raises(ConnectFailed, match="no such socket file"):
        await ping(f"{server.unix_url}.none")


@pytest.mark.real_server_only(NO_SOCKETS)
async def test_tls_checks_the_server(redis_server_factory: ServerFactory, tls_files: TlsFiles) -> None:
    """Trusted by its authority, or by saying that nobody need be; else refused, with what to do."""
    server = redis_server_factory(tls=tls_files)
    bare = f"rediss://127.0.0.1:{server.port}"
    assert await ping(server.url) == b"PONG"
    assert await ping(f"{bare}?ssl_cert_reqs=none") == b"PONG"
    with pytest.raises(ConnectFailed, match=r"certificate is not accepted .*\?ssl_ca_certs=FILE"):
        await ping(bare)
    with pytest.raises(ConnectFailed, match=r"ssl_ca_certs=/none\.pem: No such file"):
        await ping(f"{bare}?ssl_ca_certs=/none.pem")
    with pytest.raises(ConnectFailed, match="ssl_certfile="):
        await ping(f"{server.url}&ssl_certfile=/none.pem")


@pytest.mark.real_server_only(NO_SOCKETS)
async def test_a_certificate_for_another_host_is_refused(
    redis_server_factory: ServerFactory, tls_files: TlsFiles
) -> None:
    """Unless the address says not to look at the name."""
    server = redis_server_factory(tls=tls_files)
    url = server.url.replace("127.0.0.1", "127.0.0.2")
    connection = ServerAddress.parse(url)

    async def dial_there(address: ServerAddress) -> trio.abc.Stream:
        stream = await trio.open_tcp_stream("127.0.0.1", address.port)
        return await _secure(stream, tls_context(address), address.host)

    with pytest.raises(ConnectFailed, match="certificate is not accepted"):
        await Connection.open(connection, dial=dial_there)
    lenient = ServerAddress.parse(f"{url}&ssl_check_hostname=false")
    opened = await Connection.open(lenient, dial=dial_there)
    assert await opened.call("PING") == b"PONG"
    await opened.aclose()


@pytest.mark.real_server_only(NO_SOCKETS)
async def test_tls_with_a_server_that_speaks_none_is_said_to_be_that(redis_server: RedisServer) -> None:
    """Whether it answers with an error or waits for more: that depends on the random bytes of the handshake."""
    for _ in range(10):
        address = ServerAddress.parse(f"rediss://127.0.0.1:{redis_server.port}")
        with pytest.raises(ConnectFailed, match="does this port speak TLS"):
            await Connection.open(address, timeouts=Timeouts(connect_seconds=0.2))


@pytest.mark.real_server_only(NO_SOCKETS)
async def test_without_tls_a_tls_server_hangs_up(redis_server_factory: ServerFactory, tls_files: TlsFiles) -> None:
    """That is a failure to connect like any other."""
    server = redis_server_factory(tls=tls_files)
    with trio.fail_after(10), pytest.raises(ConnectFailed):
        await ping(f"redis://127.0.0.1:{server.port}")


async def test_nobody_there_is_said_with_address_and_tries(redis_server: RedisServer) -> None:
    """In the words of a person."""
    redis_server.kill()
    client = Client(
        with_user(redis_server, ":SECRET"), rng=Random(1), retry=Retry(max_retries=1, base_delay_seconds=0.01)
    )
    with pytest.raises(ConnectFailed, match=r"\*\*\*@[\w.:-]+/0: connection refused; is a Redis.*after 2 tries"):
        await client.run()


async def test_a_host_without_an_address_is_said_to_have_none() -> None:
    """`.invalid` never has one (RFC 2606)."""
    with pytest.raises(ConnectFailed, match="can't be resolved"):
        await ping("redis://no-such-host.invalid")


async def test_a_server_with_too_many_clients_is_waited_for(redis_server_factory: ServerFactory) -> None:
    """It is weather: somebody will go."""
    server = redis_server_factory(config={"maxclients": "1"})
    first = await Connection.open(ServerAddress.parse(server.url))
    client = Client(
        server.url, rng=Random(1), retry=Retry(max_retries=None, base_delay_seconds=0.01, max_delay_seconds=0.05)
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run)
        await trio.sleep(0.1)
        await first.aclose()
        assert await client.call("PING") == b"PONG"
        nursery.cancel_scope.cancel()
