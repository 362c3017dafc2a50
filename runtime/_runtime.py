"""The runtime: what a Trio application embeds to publish and to handle events."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import TypeVar

import trio
from attrs import define, evolve, field
from typing_extensions import Self

from ..actors import (
    ActorEvent,
    Append,
    Child,
    ConsumerSettings,
    GroupPlan,
    GroupSettings,
    MemoryCheckpoint,
    NoReply,
    ReclaimSettings,
    Snapshot,
    Stage,
    StreamPlan,
    StreamSettings,
    Supervision,
    Supervisor,
    Work,
    run_root,
    stream_child,
)
from ..wire import Client, EntryId, LinkEvent, RedisCommands, Retry, ServerAddress, Timeouts
from ._codec import Codec, Content, JsonCodec
from ._dispatch import Function, Reader, Routes, awaitable, in_batches, one_by_one
from ._errors import HandlerConflict, NotRunning, PublishTimeout
from ._event import Event, Json, NewEvent
from ._log import log_event
from ._options import GroupOptions
from ._ports import Ports
from ._typed import Structure, type_name
