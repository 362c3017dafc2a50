"""What users embed: the runtime for Trio, its options, and the blocking face."""

from ._codec import Codec, Content, FieldsCodec, JsonCodec
from ._errors import HandlerConflict, NotRunning, PublishTimeout, UndecodableEntry
from ._event import Event, Json, NewEvent
from ._log import Observer, RuntimeEvent, describe, log_event
from ._options import GroupOptions, Reclaim
from ._ports import Ports
from ._runtime import Runtime
from ._typed import event_type

__all__ = [
    "Codec",
    "Content",
    "Event",
    "FieldsCodec",
    "GroupOptions",
    "HandlerConflict",
    "Json",
    "JsonCodec",
    "NewEvent",
    "NotRunning",
    "Observer",
    "Ports",
    "PublishTimeout",
    "Reclaim",
    "Runtime",
    "RuntimeEvent",
    "UndecodableEntry",
    "describe",
    "event_type",
    "log_event",
]
