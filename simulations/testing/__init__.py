"""What users put into their own tests: the decorator, running and checking plans, and which faults there are to be."""

from ..checkers import AT_LEAST_ONCE, Checker, Verdict
from ..history import History
from ..plan import At, Fault, Plan, PlannedEvent, Schedule, Shape, Site
from ..running import Outcome
from ..scenarios import publish_planned
from ..world import Process, Service, ServiceFailed, World
from ._check import BrokenPromise, check, run
from ._decorator import in_calm_world, simulate
from ._presets import calm, failover, lite, powerloss, swarm
from ._promises import (
    ACK_IMPLIES_DONE,
    BOUNDED_DUPLICATES,
    BOUNDED_MEMORY,
    CANCELLED_NEVER_ACKS,
    CHECKPOINT_TRUE,
    CLEAN_STOP,
    FENCED,
    KEY_ORDER,
    LIVENESS,
    NO_LOSS,
    POISON_BOUNDED,
    PUBLISH_ONCE,
)

__all__ = [
    "ACK_IMPLIES_DONE",
    "AT_LEAST_ONCE",
    "BOUNDED_DUPLICATES",
    "BOUNDED_MEMORY",
    "CANCELLED_NEVER_ACKS",
    "CHECKPOINT_TRUE",
    "CLEAN_STOP",
    "FENCED",
    "KEY_ORDER",
    "LIVENESS",
    "NO_LOSS",
    "POISON_BOUNDED",
    "PUBLISH_ONCE",
    "At",
    "BrokenPromise",
    "Checker",
    "Fault",
    "History",
    "Outcome",
    "Plan",
    "PlannedEvent",
    "Process",
    "Schedule",
    "Service",
    "ServiceFailed",
    "Shape",
    "Site",
    "Verdict",
    "World",
    "calm",
    "check",
    "failover",
    "in_calm_world",
    "lite",
    "powerloss",
    "publish_planned",
    "run",
    "simulate",
    "swarm",
]
