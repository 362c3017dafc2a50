"""Supervised actors, and the five that carry events."""

from ._buggify import buggified_by, buggify
from ._checkpoint import MemoryCheckpoint
from ._child import Actor, Child, nest
from ._consumer_desk import ConsumerSettings, Work
from ._consumer_hold import Job
from ._durability import Durability, Replicated, parse_durability
from ._errors import (
    ActorError,
    ActorStopped,
    DurabilityUnavailable,
    NoReply,
    NotDurable,
    PublishIncomplete,
    PublishIndeterminate,
    RedisAway,
    RestartLimitExceeded,
    StartTimeout,
)
from ._events import (
    ConsumersNotReaped,
    ConsumersReaped,
    DeadLettered,
    EntriesDestroyed,
    EntriesReclaimed,
    EntriesRecovered,
    GroupCreated,
    GroupRecreated,
    HandedBack,
    HandlerFailed,
    Interrupted,
    LeaseLost,
    LeftPending,
    Resumed,
)
from ._gather import gather
from ._group import GroupSettings
from ._keys import checkpoint_key, dead_letter_key, mark_key, retries_key, settings_key, token_keys
from ._lease import CANCEL_REASON, Lease, OnLeaseLost
from ._mailbox import Address, Inbox, Mailbox, MailboxStatistics, Reply
from ._messages import Append, Barrier, Heal, Settle, Settled
from ._observer import (
    ActorEvent,
    ChildCrashed,
    ChildFinished,
    ChildRestarting,
    ChildStarted,
    ChildStopped,
    ChildStopping,
    Observer,
    StuckAfterCancel,
    guarded,
    innermost,
)
from ._patience import Patience
from ._policy import Backoff, Limits, Restart, Strategy
from ._reclaimer import ReclaimSettings
from ._retrying import RetryPolicy, Rules
from ._snapshot import Snapshot, State
from ._stage import Stage
from ._status import CheckpointStatus, ConsumerStatus, GroupStatus, ReclaimerStatus
from ._stream_settings import DEDUP_SECONDS, DURABLE_SECONDS, StreamSettings, WhenAway
from ._supervisor import Supervisor, run_root
from ._verdict import DONE, Done, Failed, Handle, HandleBatch, Reject, RetryLater, Undecodable, Verdict
from .tree import GroupPlan, StreamPlan, Supervision, group_child, stream_child

__all__ = [
    "CANCEL_REASON",
    "DEDUP_SECONDS",
    "DONE",
    "DURABLE_SECONDS",
    "Actor",
    "ActorError",
    "ActorEvent",
    "ActorStopped",
    "Address",
    "Append",
    "Backoff",
    "Barrier",
    "CheckpointStatus",
    "Child",
    "ChildCrashed",
    "ChildFinished",
    "ChildRestarting",
    "ChildStarted",
    "ChildStopped",
    "ChildStopping",
    "ConsumerSettings",
    "ConsumerStatus",
    "ConsumersNotReaped",
    "ConsumersReaped",
    "DeadLettered",
    "Done",
    "Durability",
    "DurabilityUnavailable",
    "EntriesDestroyed",
    "EntriesReclaimed",
    "EntriesRecovered",
    "Failed",
    "GroupCreated",
    "GroupPlan",
    "GroupRecreated",
    "GroupSettings",
    "GroupStatus",
    "HandedBack",
    "Handle",
    "HandleBatch",
    "HandlerFailed",
    "Heal",
    "Inbox",
    "Interrupted",
    "Job",
    "Lease",
    "LeaseLost",
    "LeftPending",
    "Limits",
    "Mailbox",
    "MailboxStatistics",
    "MemoryCheckpoint",
    "NoReply",
    "NotDurable",
    "Observer",
    "OnLeaseLost",
    "Patience",
    "PublishIncomplete",
    "PublishIndeterminate",
    "ReclaimSettings",
    "ReclaimerStatus",
    "RedisAway",
    "Reject",
    "Replicated",
    "Reply",
    "Restart",
    "RestartLimitExceeded",
    "Resumed",
    "RetryLater",
    "RetryPolicy",
    "Rules",
    "Settle",
    "Settled",
    "Snapshot",
    "Stage",
    "StartTimeout",
    "State",
    "Strategy",
    "StreamPlan",
    "StreamSettings",
    "StuckAfterCancel",
    "Supervision",
    "Supervisor",
    "Undecodable",
    "Verdict",
    "WhenAway",
    "Work",
    "buggified_by",
    "buggify",
    "checkpoint_key",
    "dead_letter_key",
    "gather",
    "group_child",
    "guarded",
    "innermost",
    "mark_key",
    "nest",
    "parse_durability",
    "retries_key",
    "run_root",
    "settings_key",
    "stream_child",
    "token_keys",
]
