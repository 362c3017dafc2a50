"""The ground of a simulation in real time: a real server, real processes, and faults between them."""

from ._expressible import expressible
from ._ground import RealGround, open_ground
from ._run import NotExpressible, run_real
from ._starting import Starter, starter

__all__ = [
    "NotExpressible",
    "RealGround",
    "Starter",
    "expressible",
    "open_ground",
    "run_real",
    "starter",
]
