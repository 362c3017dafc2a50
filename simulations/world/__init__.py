"""The world of a simulated run: hosts, network, servers and clocks, and the order of everything in them."""

from ._host import App, Host, Process
from ._network import SimulatedBug
from ._recording import RecordingRuntime, SimulatedFailure
from ._trace import Trace
from ._trio import UnknownTrio, check_trio
from ._world import Scenario, World

__all__ = [
    "App",
    "Host",
    "Process",
    "RecordingRuntime",
    "Scenario",
    "SimulatedBug",
    "SimulatedFailure",
    "Trace",
    "UnknownTrio",
    "World",
    "check_trio",
]
