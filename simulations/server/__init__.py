"""A Redis server made of Python: one process, any clock, every reply as the real one gives it."""

from ._engine import Engine
from ._profile import VERSIONS, Profile
from ._reply import encode
from ._session import Session
from .in_process import InProcessServer, put_in_process_server
from .persistence._ledger import Destroyed
from .persistence._process import ProcessDown, Replica, ServerProcess

__all__ = [
    "VERSIONS",
    "Destroyed",
    "Engine",
    "InProcessServer",
    "ProcessDown",
    "Profile",
    "Replica",
    "ServerProcess",
    "Session",
    "encode",
    "put_in_process_server",
]
