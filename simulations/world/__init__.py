"""The world of a simulated run: hosts, network, servers and clocks, and the order of everything in them."""

from ._actions import forget_scripts
from ._host import App, Host, Process, run_until
from ._inspect import NEVER
from ._network import SimulatedBug
from ._own_promises import Check
from ._recording import RecordingRuntime, SimulatedFailure
from ._service import Service, ServiceFailed
from ._trace import Trace
from ._trio import UnknownTrio, check_trio
from ._world import NotSettled, Scenario, World

__all__ = [
    "NEVER",
    "App",
    "Check",
    "Host",
    "NotSettled",
    "Process",
    "RecordingRuntime",
    "Scenario",
    "Service",
    "ServiceFailed",
    "SimulatedBug",
    "SimulatedFailure",
    "Trace",
    "UnknownTrio",
    "World",
    "check_trio",
    "forget_scripts",
    "run_until",
]
