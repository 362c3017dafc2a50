"""One file for each promise: what must hold in every history."""

from ._ack_implies_done import ack_implies_done
from ._at_most_once import at_most_once
from ._bounded_duplicates import bounded_duplicates
from ._bounded_memory import bounded_memory
from ._cancelled_never_acks import cancelled_never_acks
from ._checkpoint_true import checkpoint_true
from ._clean_stop import clean_stop
from ._crash import crash
from ._fan_out import fan_out
from ._fenced import fenced
from ._id_reuse import id_reuse
from ._judge import judge
from ._key_order import key_order
from ._lifeline import lifeline, lifelines
from ._liveness import liveness
from ._no_leaks import no_leaks
from ._no_loss import no_loss
from ._paused import paused
from ._poison_bounded import poison_bounded, poison_bounded_by
from ._publish_once import publish_once, publish_once_within
from ._retry_storm import retry_storm
from ._scheduled_once import scheduled_once
from ._sets import ALL, AT_LEAST_ONCE, SOUND
from ._unexpected import unexpected
from ._verdict import Checker, Verdict

__all__ = [
    "ALL",
    "AT_LEAST_ONCE",
    "SOUND",
    "Checker",
    "Verdict",
    "ack_implies_done",
    "at_most_once",
    "bounded_duplicates",
    "bounded_memory",
    "cancelled_never_acks",
    "checkpoint_true",
    "clean_stop",
    "crash",
    "fan_out",
    "fenced",
    "id_reuse",
    "judge",
    "key_order",
    "lifeline",
    "lifelines",
    "liveness",
    "no_leaks",
    "no_loss",
    "paused",
    "poison_bounded",
    "poison_bounded_by",
    "publish_once",
    "publish_once_within",
    "retry_storm",
    "scheduled_once",
    "unexpected",
]
