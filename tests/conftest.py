"""Fixtures for every test: real redis-servers of all the versions at hand.

A test that asks for one of the server fixtures carries the marker `redis`. Without any server such tests are skipped
with the reason; under CI=true they fail, because a CI that leaves them out in silence proves nothing.
"""

import inspect
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from redis_streams.simulations.real import RedisServer, ServerNotFound, TlsFiles
from support.on_memory import PREFIX, PROFILE, PROFILES, MemoryServer, memory_parameters
from support.servers import ServerFactory, default_server, servers_at_hand

SERVER_FIXTURES = {"redis_server", "redis_server_factory", "any_redis_server"}
NO_SERVER = (
    "needs a real redis-server, and there is none: put one on PATH or set REDIS_SERVER (`make servers` gets some)"
)

try:
    DEFAULT = default_server()
    VERSIONS = {".".join(map(str, version)): binary for version, binary in servers_at_hand().items()}
except ServerNotFound as error:
    raise pytest.UsageError(str(error)) from error
if DEFAULT is not None:
    # `RedisServer()` in a test, an example or a child process takes the same server as the fixtures.
    os.environ["REDIS_SERVER"] = str(DEFAULT)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-server", action="store_true", help="run the tests for all Redis versions on one only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    asked = {"redis_server", "any_redis_server"}.intersection(metafunc.fixturenames)
    on_memory = metafunc.definition.get_closest_marker("also_on_memory") is not None
    real_only = metafunc.definition.get_closest_marker("real_server_only") is not None or not on_memory
    if "any_redis_server" in asked:
        one = DEFAULT is None or metafunc.config.getoption("--one-server")
        versions = {"default": DEFAULT} if one else VERSIONS
        parameters = [pytest.param(binary, id=version) for version, binary in versions.items()]
        if not real_only:
            parameters += memory_parameters(metafunc.function, [PROFILE] if one else PROFILES)
        metafunc.parametrize("any_redis_server", parameters, indirect=True)
    elif "redis_server" in asked and not real_only:
        parameters = [pytest.param(DEFAULT, id="real"), *memory_parameters(metafunc.function, [PROFILE])]
        metafunc.parametrize("redis_server", parameters, indirect=True)


def pytest_report_header() -> str:
    return f"redis-servers: {', '.join(VERSIONS) or 'none'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())) and not runs_on_memory(item):
            item.add_marker("redis")


def runs_on_memory(item: pytest.Item) -> bool:
    """Whether its server is a simulated one."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(isinstance(parameter, str) and parameter.startswith(PREFIX) for parameter in parameters)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if DEFAULT is not None or item.get_closest_marker("redis") is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(NO_SERVER, pytrace=False)
    pytest.skip(NO_SERVER)


@pytest.fixture
def redis_server_factory() -> Iterator[ServerFactory]:
    """Starts servers with RedisServer's arguments; all are stopped when the test ends."""
    with ExitStack() as servers:

        def start(binary: Path | None = None, **options: object) -> RedisServer:
            return servers.enter_context(RedisServer(binary or DEFAULT, **options))

        yield start


@pytest.fixture
def redis_server(request: pytest.FixtureRequest, redis_server_factory: ServerFactory) -> RedisServer | MemoryServer:
    """A fresh, empty server of the default version, which keeps nothing on disk."""
    return server_of(request, redis_server_factory)


@pytest.fixture
def any_redis_server(request: pytest.FixtureRequest, redis_server_factory: ServerFactory) -> RedisServer | MemoryServer:
    """A fresh, empty server of each version at hand in turn."""
    return server_of(request, redis_server_factory)


def server_of(request: pytest.FixtureRequest, factory: ServerFactory) -> RedisServer | MemoryServer:
    """What the parameter of a fixture stands for: a binary, or a simulated server's profile."""
    parameter = getattr(request, "param", None)
    if isinstance(parameter, str):
        return MemoryServer(parameter.removeprefix(PREFIX), virtual=inspect.iscoroutinefunction(request.function))
    return factory(parameter)


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Certificate, key and authority for a server at 127.0.0.1, valid for this test run."""
    folder = tmp_path_factory.mktemp("tls")
    files = TlsFiles(certificate=folder / "server.pem", key=folder / "server.key", authority=folder / "ca.pem")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(files.key)
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    authority.cert_pem.write_to_path(files.authority)
    return files
