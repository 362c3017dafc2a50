"""Which redis-server is taken, and what is said when there is none."""

from pathlib import Path

import pytest
from redis_streams.simulations.real import ServerNotFound, find_redis_server, server_version
from support.servers import default_server, servers_at_hand


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A folder `bin` with a redis-server that only knows its version, and a folder `.servers` with two more."""
    for place, version in (("bin", "7.0.15"), (".servers/a", "8.6.3"), (".servers/b", "6.2.14"), ("same", "7.0.15")):
        program = tmp_path / place / "redis-server"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho Redis server v={version} sha=0\n")
        program.chmod(0o755)
    return tmp_path


def test_the_variable_wins_over_the_path(fake: Path) -> None:
    """REDIS_SERVER, else PATH, else nothing."""
    named = str(fake / ".servers/a/redis-server")
    assert find_redis_server({"PATH": str(fake / "bin"), "REDIS_SERVER": named}) == Path(named)
    assert find_redis_server({"PATH": str(fake / "bin"), "REDIS_SERVER": ""}) == fake / "bin/redis-server"
    assert find_redis_server({"PATH": str(fake)}) is None


def test_a_variable_that_names_nothing_is_an_error(fake: Path) -> None:
    """Another server than the one asked for is never taken in silence."""
    with pytest.raises(ServerNotFound, match="REDIS_SERVER='/nowhere'"):
        find_redis_server({"PATH": str(fake / "bin"), "REDIS_SERVER": "/nowhere"})


def test_what_is_no_server_is_told(tmp_path: Path) -> None:
    """A program that answers something else, and a file that cannot be run."""
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(ServerNotFound, match="Permission denied"):
        server_version(program)
    program.chmod(0o755)
    with pytest.raises(ServerNotFound, match="hello"):
        server_version(program)


def test_each_version_is_taken_once_oldest_first(fake: Path) -> None:
    """PATH, REDIS_SERVERS and the folder together; the first binary of a version is the one."""
    environ = {"PATH": str(fake / "bin"), "REDIS_SERVERS": f"{fake / 'same/redis-server'}"}
    found = servers_at_hand(environ, fake / ".servers")
    assert list(found) == [(6, 2, 14), (7, 0, 15), (8, 6, 3)]
    assert found[7, 0, 15] == fake / "bin/redis-server"


def test_any_server_will_do_where_path_has_none(fake: Path) -> None:
    """The default fixture takes one of the folder rather than none."""
    assert default_server({"PATH": str(fake)}, fake / ".servers") == fake / ".servers/a/redis-server"
    assert default_server({"PATH": str(fake)}, fake / "bin") is None
