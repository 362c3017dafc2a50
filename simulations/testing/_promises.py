"""The promises of the library by the names that tests call them; each is told in ``docs/guarantees.md``."""

from __future__ import annotations

from typing import Final

from ..checkers import (
    Checker,
    ack_implies_done,
    bounded_duplicates,
    bounded_memory,
    cancelled_never_acks,
    checkpoint_true,
    clean_stop,
    fenced,
    key_order,
    liveness,
    no_loss,
    paused,
    poison_bounded,
    publish_once,
)

NO_LOSS: Final[Checker] = no_loss
ACK_IMPLIES_DONE: Final[Checker] = ack_implies_done
BOUNDED_DUPLICATES: Final[Checker] = bounded_duplicates
FENCED: Final[Checker] = fenced
PUBLISH_ONCE: Final[Checker] = publish_once
KEY_ORDER: Final[Checker] = key_order
POISON_BOUNDED: Final[Checker] = poison_bounded
CHECKPOINT_TRUE: Final[Checker] = checkpoint_true
LIVENESS: Final[Checker] = liveness
CLEAN_STOP: Final[Checker] = clean_stop
PAUSED: Final[Checker] = paused
BOUNDED_MEMORY: Final[Checker] = bounded_memory
CANCELLED_NEVER_ACKS: Final[Checker] = cancelled_never_acks
