"""The ground of a simulation in real time: a real server, real processes, and faults between them."""

from ._expressible import expressible
from ._ground import RealGround, open_ground
from ._run import NotExpressible, run_real

__all__ = ["NotExpressible", "RealGround", "expressible", "open_ground", "run_real"]
