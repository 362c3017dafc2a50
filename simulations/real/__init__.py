"""Real redis-servers as child processes, for tests, the demo and the benchmarks."""

from ._find import ServerNotFound, find_redis_server, server_version
from ._server import RedisServer, ServerFailed, TlsFiles

__all__ = [
    "RedisServer",
    "ServerFailed",
    "ServerNotFound",
    "TlsFiles",
    "find_redis_server",
    "server_version",
]
