"""Redis on Trio: redis-py's commands, replies and errors, hiredis' bytes, Trio's streams."""

from ._address import AddressError, ServerAddress
from ._append_once import APPEND_ONCE_MAX, WINDOW_SECONDS_MAX, Appended, AppendOnce, Send
from ._capabilities import Capabilities, Way
from ._client import Client
from ._connection import Connection
from ._dial import Dial, dial
from ._errors import ConnectFailed, ConnectionLost, NotConnected, ReplyTimeout, is_weather
from ._events import LinkDown, LinkEvent, LinkUp
from ._ids import MAX_ID, ZERO_ID, EntryId
from ._limits import Retry, Timeouts
from ._link import Link
from ._multiplexer import Multiplexer
from ._pending_list import (
    Claimed,
    Due,
    EnsuredGroup,
    NotHeld,
    OnGroupLost,
    Page,
    PendingList,
    Returned,
    SettleResult,
    Taken,
    ensure_group,
)
from ._reader import Mark, begin_reading, mark_reading, read_back, read_range, read_stream
from ._redis_py import (
    Arg,
    BusyGroup,
    HistoryChanged,
    NoGroup,
    RedisCommands,
    RedisError,
    Reply,
    ResponseError,
    read_reply,
)
from ._repeat import Repeat, repeat_of
from ._replies import ConsumerInfo, Entry, GroupInfo, Pending, PendingSummary, StreamInfo
from ._retain import GroupNeeds, Retained, retain
from ._schedule import Fired, Scheduled, ScheduleStore, refuses_all
from ._scripts import Script, load
from ._seek import Sought, seek_group
from ._streams import StreamCommands
from ._values import instance, number, number_or_none, whole, whole_or_none

__all__ = [
    "APPEND_ONCE_MAX",
    "MAX_ID",
    "WINDOW_SECONDS_MAX",
    "ZERO_ID",
    "AddressError",
    "AppendOnce",
    "Appended",
    "Arg",
    "BusyGroup",
    "Capabilities",
    "Claimed",
    "Client",
    "ConnectFailed",
    "Connection",
    "ConnectionLost",
    "ConsumerInfo",
    "Dial",
    "Due",
    "EnsuredGroup",
    "Entry",
    "EntryId",
    "Fired",
    "GroupInfo",
    "GroupNeeds",
    "HistoryChanged",
    "Link",
    "LinkDown",
    "LinkEvent",
    "LinkUp",
    "Mark",
    "Multiplexer",
    "NoGroup",
    "NotConnected",
    "NotHeld",
    "OnGroupLost",
    "Page",
    "Pending",
    "PendingList",
    "PendingSummary",
    "RedisCommands",
    "RedisError",
    "Repeat",
    "Reply",
    "ReplyTimeout",
    "ResponseError",
    "Retained",
    "Retry",
    "Returned",
    "ScheduleStore",
    "Scheduled",
    "Script",
    "Send",
    "ServerAddress",
    "SettleResult",
    "Sought",
    "StreamCommands",
    "StreamInfo",
    "Taken",
    "Timeouts",
    "Way",
    "begin_reading",
    "dial",
    "ensure_group",
    "instance",
    "is_weather",
    "load",
    "mark_reading",
    "number",
    "number_or_none",
    "read_back",
    "read_range",
    "read_reply",
    "read_stream",
    "refuses_all",
    "repeat_of",
    "retain",
    "seek_group",
    "whole",
    "whole_or_none",
]
