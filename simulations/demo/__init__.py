"""The main job, shown to somebody who has never seen it: ``redis-streams demo``.

Producers, consumers in two processes, an actor that crashes, connections that are cut, a process that is killed; and at
the end a verdict, computed from what the handlers themselves noted. It plays on the server that REDIS_URL names, in a
stream of its own that is removed afterwards, or on a redis-server that it starts and stops itself.
"""

from ._main import add_arguments, run

__all__ = ["add_arguments", "run"]
