"""Fixtures for every test: real redis-servers of all the versions at hand.

A test that asks for one of the server fixtures carries the marker `redis`. Without any server such tests are skipped
with the reason; under CI=true they fail, because a CI that leaves them out in silence proves nothing.
"""

import inspect
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from hypothesis import settings
from redis_streams.simulations.real import RedisServer, ServerNotFound, TlsFiles
from support.on_memory import MEMORY, PROFILE, PROFILES, SERVED, MemoryServer, ServedServer, simulated_parameters
from support.servers import ServerFactory, default_server, servers_at_hand

pytest_plugins = ["pytester"]

SERVER_FIXTURES = {"redis_server", "redis_server_factory", "any_redis_server"}
NO_SERVER = (
    "needs a real redis-server, and there is none: put one on PATH or set REDIS_SERVER (`make servers` gets some)"
)

try:
    DEFAULT = default_server()
    VERSIONS = {".".join(map(str, version)): binary for version, binary in servers_at_hand().items()}
except ServerNotFound as error:
    raise pytest.UsageError(str(error)) from error
TESTS = Path(__file__).parent
SAME_ON_ANY_PYTHON = (
    "browser",
    "unit/test_server_",
    "redis/test_server_",
    "redis/test_benchmarks",
    "redis/test_delivery_faults",
    "redis/test_cli_doctor",
    "redis/test_demo",
    "redis/test_docs",
    "redis/test_endurance",
    "redis/test_examples",
    "redis/test_leases",
    "redis/test_lost_groups",
    "redis/test_outages",
    "redis/test_pause",
    "redis/test_real_proxy",
    "redis/test_real_run",
    "redis/test_real_simulate",
    "simulation/test_checkers_",
    "simulation/test_cli_simulate",
    "simulation/test_determinism.py::test_all_",
    "simulation/test_determinism.py::test_the_",
    "simulation/test_determinism.py::test_a_look_at_",
    "simulation/test_determinism.py::test_what_no_tripwire_",
    "simulation/test_found_plans",
    "simulation/test_lazy_names",
    "simulation/test_planted",
    "simulation/test_pytest_plugin.py::test_a_failure_",
    "simulation/test_pytest_plugin.py::test_a_handler_",
    "simulation/test_pytest_plugin.py::test_a_replay_",
    "simulation/test_pytest_plugin.py::test_it_works_beside_",
    "redis/test_processes.py::test_a_process_that_is_stopped_while_",
    "redis/test_processes.py::test_a_process_that_is_told_to_stop_drains[SIGINT]",
    "redis/test_processes.py::test_a_process_that_slept_",
    "redis/test_processes.py::test_a_second_signal_ends_the_drain[redis-away]",
    "redis/test_publish_once",
    "redis/test_retention",
    "redis/test_schedules.py::test_who_is_killed_",
    "redis/test_seek",
    "simulation/test_guarantees_page",
    "unit/test_endurance_judge",
    "unit/test_actors_keys",
    "simulation/test_report_",
    "simulation/test_running_batch.py::test_a_canary_",
    "simulation/test_running_batch.py::test_a_failure_",
    "simulation/test_running_batch.py::test_a_process_that_dies_",
    "simulation/test_running_batch.py::test_a_stored_file_",
    "simulation/test_running_batch.py::test_time_is_",
    "simulation/test_running_batch.py::test_what_is_kept_",
    "simulation/test_strategies",
    "simulation/test_testing_page",
    "unit/test_cli_serve.py::test_it_says_where_it_is_and_ends_when_it_is_told_to[SHUTDOWN]",
    "unit/test_demo",
    "unit/test_imports",
)
"""What a smoke test leaves out, files or tests: of each part of the library some test is left that runs it."""
VALKEY = "7.2.4"
"""What Valkey of any version says of itself: that it is compatible with that."""
if DEFAULT is not None:
    # `RedisServer()` in a test, an example or a child process takes the same server as the fixtures.
    os.environ["REDIS_SERVER"] = str(DEFAULT)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whom a shell starts in the background ignores Ctrl-C, and so do the programs that it starts; tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--smoke", action="store_true", help="only what shows that the code runs on this Python")


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis tries a tenth in a smoke test: what there is to find was looked for on the main Python."""
    if config.getoption("--smoke"):
        settings.register_profile("smoke", max_examples=10, derandomize=True, database=None)
        settings.load_profile("smoke")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What says the same on any Python, of the simulated server above all, is left out of a smoke test."""
    if config.getoption("--smoke") and is_same_on_any_python(str(collection_path.relative_to(TESTS))):
        return True
    return None


def is_same_on_any_python(test: str) -> bool:
    """Whether a file, or a test in one, is left out of a smoke test."""
    return test.startswith(SAME_ON_ANY_PYTHON)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    prefix = simulated_kind(metafunc.definition)
    if "any_redis_server" in metafunc.fixturenames:
        one = DEFAULT is None or metafunc.config.getoption("--smoke")
        versions = {"default": DEFAULT} if one else versions_for(metafunc.definition)
        parameters = [pytest.param(binary, id=version) for version, binary in versions.items()]
        if prefix is not None and not metafunc.config.getoption("--smoke"):
            profiles = [PROFILE] if one else profiles_of(metafunc.definition)
            parameters += simulated_parameters(metafunc.function, prefix, profiles)
        metafunc.parametrize("any_redis_server", parameters, indirect=True)
    elif prefix is not None and SERVER_FIXTURES.intersection(metafunc.fixturenames):
        parameters = [pytest.param(DEFAULT, id="real"), *simulated_parameters(metafunc.function, prefix, [PROFILE])]
        fixture = "redis_server" if "redis_server" in metafunc.fixturenames else "redis_server_factory"
        metafunc.parametrize(fixture, parameters, indirect=True)


def simulated_kind(test: pytest.Item) -> str | None:
    """On which kind of simulated server a test runs too, if it does: the prefix of its parameters."""
    real_only = test.get_closest_marker("real_server_only")
    if real_only is not None:
        assert real_only.args, f"{test.nodeid}: real_server_only wants a reason in words"
        return None
    kinds = {"also_on_memory": MEMORY}
    if not test.config.getoption("--smoke"):
        kinds["also_on_served"] = SERVED
    return next((prefix for marker, prefix in kinds.items() if test.get_closest_marker(marker) is not None), None)


def profiles_of(test: pytest.Item) -> Sequence[str]:
    """The profiles that a test for every version runs on: those that its marker names, else all."""
    marker = test.get_closest_marker("also_on_memory")
    return PROFILES if marker is None else marker.args or PROFILES


def versions_for(item: pytest.Item) -> dict[str, Path]:
    """All versions; Valkey, which has words of its own for much, only where it is asked for."""
    wanted = item.get_closest_marker("also_on_valkey") is not None
    return {version: binary for version, binary in VERSIONS.items() if wanted or version != VALKEY}


def pytest_report_header() -> str:
    return f"redis-servers: {', '.join(VERSIONS) or 'none'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--smoke"):
        items[:] = [item for item in items if not is_same_on_any_python(item.nodeid.removeprefix(f"{TESTS.name}/"))]
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())) and not is_simulated(item):
            item.add_marker("redis")


def is_simulated(item: pytest.Item) -> bool:
    """Whether its server is a simulated one."""
    return item.get_closest_marker("simulated") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if DEFAULT is not None or item.get_closest_marker("redis") is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(NO_SERVER, pytrace=False)
    pytest.skip(NO_SERVER)


@pytest.fixture
def redis_server_factory(request: pytest.FixtureRequest) -> Iterator[ServerFactory]:
    """Starts servers with RedisServer's arguments; all are stopped when the test ends."""
    with ExitStack() as servers:

        def start(binary: Path | str | None = None, **options: object) -> RedisServer | MemoryServer | ServedServer:
            which = binary or getattr(request, "param", None) or DEFAULT
            if not isinstance(which, str):
                return servers.enter_context(RedisServer(which, **options))
            if which.startswith(MEMORY):
                virtual = inspect.iscoroutinefunction(request.function)
                return MemoryServer(which.removeprefix(MEMORY), virtual=virtual, **options)
            served = ServedServer(which.removeprefix(SERVED), **options)
            servers.callback(served.stop)
            return served

        yield start


@pytest.fixture
def redis_server(
    request: pytest.FixtureRequest, redis_server_factory: ServerFactory
) -> RedisServer | MemoryServer | ServedServer:
    """A fresh, empty server of the default version, which keeps nothing on disk."""
    return redis_server_factory(getattr(request, "param", None))


@pytest.fixture
def any_redis_server(
    request: pytest.FixtureRequest, redis_server_factory: ServerFactory
) -> RedisServer | MemoryServer | ServedServer:
    """A fresh, empty server of each version at hand in turn."""
    return redis_server_factory(getattr(request, "param", None))


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
