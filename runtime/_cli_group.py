"""`redis-streams group`: look at the consumer groups of a stream, pause them, have them go on, and move them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

from ..wire import GroupInfo, ResponseError
from ._cli import Commands, UserError, agrees, say
from ._cli_redis import add_url, name, on_redis
from ._consumer_group import ConsumerGroup
from ._runtime import Runtime
from ._seeking import Seek
from ._table import print_table

_EXAMPLES: Final = """\
  redis-streams group list orders              who reads a stream, and how far behind
  redis-streams group pause orders billing     have all its processes begin nothing more, and finish what runs
  redis-streams group resume orders billing
  redis-streams group seek orders billing --to 2026-01-31T12:00:00+00:00 --dry-run
  redis-streams group seek orders billing --to start --yes
"""


def add_group(commands: Commands) -> None:
    """Add `group` with its commands."""
    group = commands.group("group", summary="look after consumer groups", examples=_EXAMPLES)
    listing = group.add("list", _list, summary="list the consumer groups of a stream", examples=_EXAMPLES)
    pausing = group.add("pause", _pause, summary="have no process of a group begin anything, until it is resumed")
    resuming = group.add("resume", _resume, summary="have a paused group go on")
    seeking = group.add("seek", _seek, summary="have a group go on at another place of its stream", examples=_EXAMPLES)
    for parser in (listing, pausing, resuming, seeking):
        parser.add_argument("stream", metavar="STREAM", type=name)
        add_url(parser)
    for parser in (pausing, resuming, seeking):
        parser.add_argument("group", metavar="GROUP", type=name)
    place = "start, end, an id (what comes after it is next), or a time (what was published from then on)"
    seeking.add_argument("--to", required=True, metavar="PLACE", help=place)
    seeking.add_argument("--dry-run", action="store_true", help="only say what would be")
    seeking.add_argument("--yes", action="store_true", help="do it without asking")


def _list(arguments: argparse.Namespace) -> int:
    stream: str = arguments.stream

    async def look(runtime: Runtime) -> Sequence[tuple[GroupInfo, bool]]:
        groups = await _groups(runtime, stream)
        return [(info, await runtime.group(stream, info.name).is_paused_everywhere()) for info in groups]

    found = on_redis(arguments, look)
    if found:
        print_table(("group", "last delivered", "pending", "lag", ""), [_row(*each) for each in found])
    say(f"{len(found)} consumer {'group' if len(found) == 1 else 'groups'} of {stream}")
    return 0


def _row(info: GroupInfo, paused: bool) -> Sequence[str]:  # noqa: FBT001 - a column
    lag = "?" if info.lag is None else str(info.lag)
    return info.name, str(info.last_delivered_id), str(info.pending), lag, "paused" if paused else ""


def _pause(arguments: argparse.Namespace) -> int:
    async def pause(runtime: Runtime) -> None:
        await (await _existing_group(runtime, arguments)).pause_everywhere()

    on_redis(arguments, pause)
    say(f"{arguments.group} of {arguments.stream} is paused: within five seconds none of its processes begins anything")
    return 0


def _resume(arguments: argparse.Namespace) -> int:
    async def resume(runtime: Runtime) -> None:
        await (await _existing_group(runtime, arguments)).resume_everywhere()

    on_redis(arguments, resume)
    say(f"{arguments.group} of {arguments.stream} goes on, within five seconds in all its processes")
    return 0


def _seek(arguments: argparse.Namespace) -> int:
    async def seek(runtime: Runtime, *, dry_run: bool) -> Seek:
        group = await _existing_group(runtime, arguments)
        try:
            return await group.seek(arguments.to, dry_run=dry_run)
        except ValueError as error:
            raise UserError(f"--{error}") from error

    if not arguments.yes or arguments.dry_run:
        _say_what_would_be(arguments, on_redis(arguments, partial(seek, dry_run=True)))
        if arguments.dry_run:
            return 0
        if not sys.stdin.isatty():
            raise UserError("nothing was done: say --yes where nobody can be asked, or --dry-run")
        if not agrees("Do it?"):
            say("nothing was done")
            return 0
    done = on_redis(arguments, partial(seek, dry_run=False))
    say(f"{arguments.group} of {arguments.stream} goes on after {done.position}; it was at {done.former}")
    return 0


def _say_what_would_be(arguments: argparse.Namespace, would: Seek) -> None:
    counted, what = (would.again, "be delivered again") if would.again else (would.skipped, "be passed over unread")
    if counted:
        rows = [(kind or "(of no type)", str(number)) for kind, number in sorted(counted.items())]
        print_table(("event type", "entries"), rows)
    many = sum(counted.values())
    pending = f"; {would.pending} of them are pending" if would.pending else ""
    say(f"{'1 entry' if many == 1 else f'{many} entries'} would {what}{pending}")
    say(f"{arguments.group} of {arguments.stream} is at {would.former}, and would go on after {would.position}")


async def _existing_group(runtime: Runtime, arguments: argparse.Namespace) -> ConsumerGroup:
    """The group that the arguments name.

    Raises:
        UserError: there is none, which often is a slip of the pen.
    """
    names = [info.name for info in await _groups(runtime, arguments.stream)]
    if arguments.group not in names:
        known = f"there are: {', '.join(names)}" if names else "there is none"
        raise UserError(f"{arguments.stream} has no consumer group {arguments.group}; {known}")
    return runtime.group(arguments.stream, arguments.group)


async def _groups(runtime: Runtime, stream: str) -> Sequence[GroupInfo]:
    try:
        return await runtime.client.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error):
            raise UserError(f"there is no stream {stream}") from error
        raise
