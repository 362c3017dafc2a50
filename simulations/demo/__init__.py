"""The main job, shown to somebody who has never seen it: ``redis-streams demo``.

Producers, consumers, an actor that crashes, connections that are cut; and at the end a verdict, computed from what the
handlers themselves noted. By itself it plays on the simulated server in this process, which can also hang, crash and
come back. With ``--real`` it plays on the server that REDIS_URL names, in a stream of its own that is removed
afterwards, or on a redis-server that it starts and stops itself; there a consumer is a process, which is killed.
"""

from ._ground import SimulationMissing
from ._main import add_arguments, run

__all__ = ["SimulationMissing", "add_arguments", "run"]
