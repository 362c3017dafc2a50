"""What users embed: the runtime for Trio, its options, and the blocking face."""

from ._blocking_connection import RedisConnection
from ._blocking_consumer import StreamConsumer
from ._blocking_managers import ConsumerGroupManager, DeadLetterManager, StreamManager
from ._blocking_producer import StreamProducer
from ._blocking_schedules import ScheduleManager
from ._codec import Codec, Content, FieldsCodec, JsonCodec
from ._config import Config
from ._config_text import ConfigError
from ._consumer_group import ConsumerGroup
from ._dead_letter import DeadLetter, DeadLetterFilter
from ._dead_letters import DeadLetterGone, DeadLetters, DeadLetterTooLong, Redriven
from ._errors import ForkedError, HandlerConflict, NotRunning, PublishTimeout, UndecodableEntry
from ._event import Event, Json, NewEvent
from ._log import Observer, RuntimeEvent, describe, log_event
from ._options import GroupOptions, Reclaim
from ._ports import Ports
from ._readers import ReaderOptions
from ._runtime import Runtime
from ._schedule import Schedule
from ._schedules import Schedules
from ._seeking import Seek
from ._stream_options import StreamOptions
from ._typed import event_type

__all__ = [
    "Codec",
    "Config",
    "ConfigError",
    "ConsumerGroup",
    "ConsumerGroupManager",
    "Content",
    "DeadLetter",
    "DeadLetterFilter",
    "DeadLetterGone",
    "DeadLetterManager",
    "DeadLetterTooLong",
    "DeadLetters",
    "Event",
    "FieldsCodec",
    "ForkedError",
    "GroupOptions",
    "HandlerConflict",
    "Json",
    "JsonCodec",
    "NewEvent",
    "NotRunning",
    "Observer",
    "Ports",
    "PublishTimeout",
    "ReaderOptions",
    "Reclaim",
    "RedisConnection",
    "Redriven",
    "Runtime",
    "RuntimeEvent",
    "Schedule",
    "ScheduleManager",
    "Schedules",
    "Seek",
    "StreamConsumer",
    "StreamManager",
    "StreamOptions",
    "StreamProducer",
    "UndecodableEntry",
    "describe",
    "event_type",
    "log_event",
]
