"""`redis-streams schedule`: see what is to be published later, and cancel it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import trio

from ..wire import AddressError, RedisError, Retry
from ._cli import Commands, UserError, say
from ._runtime import Runtime
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
        parser.add_argument("stream", metavar="STREAM")
        parser.add_argument("--url", help="the server; otherwise REDIS_URL, otherwise redis://localhost:6379")
    cancelling.add_argument("ids", metavar="ID", nargs="+", help="as `list` shows it")


def _list(arguments: argparse.Namespace) -> int:
    found = _on(arguments, lambda schedules: schedules.list())
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
    """Run this on the server that the arguments name; what goes wrong there is told in one line."""
    url: str = arguments.url or os.environ.get("REDIS_URL") or "redis://localhost:6379"

    async def run() -> T:
        runtime = Runtime(url, retry=Retry(max_retries=1), observer=lambda _event: None)
        async with runtime:
            return await act(runtime.schedules(arguments.stream))

    try:
        return trio.run(run)
    except AddressError as error:
        raise UserError(f"{'--url' if arguments.url else 'REDIS_URL'}: {error}") from error
    except RedisError as error:
        raise UserError(str(error)) from error


def _payload(payload: object) -> str:
    text = msgspec.json.encode(payload).decode()
    return text if len(text) <= PAYLOAD_SHOWN else text[:PAYLOAD_SHOWN] + "…"
