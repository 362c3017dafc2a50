"""A Redis server made of Python: one process, any clock, every reply as the real one gives it."""

from ._engine import Engine
from ._process import ProcessDown, Replica, ServerProcess
from ._profile import VERSIONS, Profile
from ._reply import encode
from ._session import Session

__all__ = ["VERSIONS", "Engine", "ProcessDown", "Profile", "Replica", "ServerProcess", "Session", "encode"]
