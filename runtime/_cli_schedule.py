"""`redis-streams schedule`: see what is to be published later, and cancel it."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import msgspec

from ._cli import Commands, UserError, say
from ._cli_redis import add_url, check_stream, name, on_redis
from ._runtime import Runtime
from ._schedule import Schedule
from ._schedules import Schedules
from ._table import print_table

PAYLOAD_SHOWN: Final = 60
"""Characters of a payload in a table: the rest of a line."""

_EXAMPLES: Final = """\
  redis-streams schedule list reminders                    what is to be published, and when
  redis-streams schedule cancel reminders 'nightly report'
"""

T = TypeVar("T")


def add_schedule(commands: Commands) -> None:
    """Add `schedule` with its commands."""
    schedule = commands.group(
        "schedule", summary="see what is to be published later, and cancel it", examples=_EXAMPLES
    )
    listing = schedule.add(
        "list", _list, summary="list what is to be published, the next one first", examples=_EXAMPLES
    )
    cancelling = schedule.add("cancel", _cancel, summary="have something not published")
    for parser in (listing, cancelling):
        parser.add_argument("stream", metavar="STREAM", type=name)
        add_url(parser)
    cancelling.add_argument("ids", metavar="ID", nargs="+", type=name, help="as `list` shows it")


def _list(arguments: argparse.Namespace) -> int:
    async def find(runtime: Runtime) -> Sequence[Schedule]:
        found = await runtime.schedules(arguments.stream).list()
        if not found:
            await check_stream(runtime, arguments.stream)
        return found

    found = on_redis(arguments, find)
    if found:
        rows = [
            (each.id, f"{each.due:%Y-%m-%d %H:%M:%S}", each.recurs or "once", each.event_type, _payload(each.payload))
            for each in found
        ]
        print_table(("id", "due (UTC)", "recurs", "event type", "payload"), rows)
    say(f"{len(found)} {'event is' if len(found) == 1 else 'events are'} to be published to {arguments.stream}")
    return 0


def _cancel(arguments: argparse.Namespace) -> int:
    gone: list[str] = []

    async def cancel(schedules: Schedules) -> None:
        for schedule_id in arguments.ids:
            if await schedules.cancel(schedule_id):
                say(f"cancelled {schedule_id}")
            else:
                gone.append(schedule_id)

    _on(arguments, cancel)
    if gone:
        raise UserError(f"not there (any more): {', '.join(gone)}; `redis-streams schedule list` shows those that are")
    return 0


def _on(arguments: argparse.Namespace, act: Callable[[Schedules], Awaitable[T]]) -> T:
    """Do this with the schedules of the stream that the arguments name."""
    return on_redis(arguments, lambda runtime: act(runtime.schedules(arguments.stream)))


def _payload(payload: object) -> str:
    text = msgspec.json.encode(payload).decode()
    return text if len(text) <= PAYLOAD_SHOWN else text[:PAYLOAD_SHOWN] + "…"
