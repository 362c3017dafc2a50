"""What happened in a run, as data: what checkers judge and reports draw."""

from ._history import GroupState, History
from ._records import (
    UNPLANNED,
    Applied,
    Destroyed,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    Phase,
    ProcessEnded,
    ProcessStarted,
    Published,
    Publishing,
    Record,
    Sent,
    ServiceCalled,
    Told,
)

__all__ = [
    "UNPLANNED",
    "Applied",
    "Destroyed",
    "FaultStruck",
    "GroupState",
    "HandlerEnded",
    "HandlerStarted",
    "History",
    "Phase",
    "ProcessEnded",
    "ProcessStarted",
    "Published",
    "Publishing",
    "Record",
    "Sent",
    "ServiceCalled",
    "Told",
]
