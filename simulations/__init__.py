"""Where a runtime and its handlers are tried out: a simulated Redis and its world, and real servers as processes.

What users put into their tests is here: `simulate`, and `run` and `check` with the strategies `plans`, `faults` and
`workloads`. A name is imported when it is asked for: who only opens ``memory://`` waits for none of them.
"""

from typing import TYPE_CHECKING

from ._lazy import lazily

if TYPE_CHECKING:
    from .testing import (
        ACK_IMPLIES_DONE,
        AT_LEAST_ONCE,
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
        At,
        BrokenPromise,
        Checker,
        Fault,
        History,
        Outcome,
        Plan,
        PlannedEvent,
        Process,
        Schedule,
        Service,
        ServiceFailed,
        Shape,
        Site,
        Verdict,
        World,
        calm,
        check,
        failover,
        lite,
        powerloss,
        publish_planned,
        run,
        simulate,
        swarm,
    )
    from .testing._strategies import faults, plans, workloads

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
    "faults",
    "lite",
    "plans",
    "powerloss",
    "publish_planned",
    "run",
    "simulate",
    "swarm",
    "workloads",
]

__getattr__ = lazily(__name__, __all__, ".testing", ".testing._strategies")
