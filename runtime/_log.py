"""The default observer: tells what happens in the runtime to the standard logging, a line per event."""

from __future__ import annotations

import logging

from ..actors import (
    ActorEvent,
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
    Resumed,
)
