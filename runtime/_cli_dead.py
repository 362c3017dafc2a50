"""`redis-streams dead`: look through the dead letters of a group, mend them, give them back, throw them away."""

from __future__ import annotations

import argparse
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ..wire import EntryId
from ._cli import Commands, UserError, say
from ._cli_redis import add_url, check_stream, name, on_redis
from ._dead_letter import DeadLetter, DeadLetterFilter
from ._dead_letters import DeadLetterGone, DeadLetters, DeadLetterTooLong, Redriven
from ._runtime import Runtime
from ._table import print_table, print_text

LIST_MAX: Final = 50
"""Letters in a list where nobody says otherwise: two screens."""

AGE_MAX: Final = timedelta(days=36_500)
"""A hundred years: longer ago than any letter, and a date all the same."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_EXAMPLES: Final = """\
  redis-streams dead list orders billing                          what nobody could handle, and why
  redis-streams dead show orders billing 1700000000000-0          one of them, with its traceback
  redis-streams dead edit orders billing 1700000000000-0 'payload={"amount": 12}'
  redis-streams dead redrive orders billing --error ConnectionError --dry-run
  redis-streams dead purge orders billing --older 30d
  REDIS_URL=redis://db:6379 redis-streams dead list orders billing
"""

T = TypeVar("T")


def add_dead(commands: Commands) -> None:
    """Add `dead` with its commands."""
    dead = commands.group("dead", summary="look after the dead letters of a consumer group", examples=_EXAMPLES)
    listing = dead.add("list", _list, summary="list dead letters, the oldest first", examples=_EXAMPLES)
    showing = dead.add("show", _show, summary="show one dead letter with its fields and its traceback")
    editing = dead.add("edit", _edit, summary="change fields of a dead letter, which gets a new id by that")
    redriving = dead.add("redrive", _redrive, summary="give dead letters back to their stream, each once")
    purging = dead.add("purge", _purge, summary="throw dead letters away")
    for parser in (listing, showing, editing, redriving, purging):
        parser.add_argument("stream", metavar="STREAM", type=name)
        parser.add_argument("group", metavar="GROUP", type=name)
        add_url(parser)
    for parser in (showing, editing):
        parser.add_argument("id", metavar="ID", type=_entry_id, help="the letter's id, or that of its entry")
    editing.add_argument("fields", metavar="FIELD=VALUE", nargs="+", help="what is to be, as in payload='{\"a\": 1}'")
    for parser in (listing, redriving, purging):
        _add_filters(parser)
    for parser in (redriving, purging):
        parser.add_argument("--all", action="store_true", help="all of them, where no filter says which")
        parser.add_argument("--dry-run", action="store_true", help="only say which ones")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", action="append", type=_entry_id, metavar="ID", help="this one; may be repeated")
    parser.add_argument("--type", action="append", metavar="TYPE", help="of this event type; may be repeated")
    parser.add_argument(
        "--error", action="append", metavar="CLASS", help="whose handler raised this; '' for what can't be read"
    )
    parser.add_argument("--older", type=_age, metavar="AGE", help="that died so long ago: 90s, 15m, 2h, 30d")
    parser.add_argument("--newer", type=_age, metavar="AGE", help="that died since then")
    parser.add_argument("--limit", type=_count, metavar="N", help="so many at most")


def _list(arguments: argparse.Namespace) -> int:
    limit: int = arguments.limit or LIST_MAX

    async def find(runtime: Runtime) -> tuple[Sequence[DeadLetter], int]:
        dead = runtime.dead_letters(arguments.stream, arguments.group)
        count = await dead.count()
        if not count:
            await check_stream(runtime, arguments.stream)
        return await dead.find(_where(arguments, await dead.now()), limit=limit), count

    letters, count = on_redis(arguments, find)
    if letters:
        _print_letters(letters)
    shown = f"{len(letters)} of {count}" if len(letters) < count else str(count)
    say(f"{shown} dead {'letter' if shown == '1' else 'letters'} of {arguments.group} in {arguments.stream}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    letter = _on(arguments, lambda dead: dead.get(arguments.id))
    about = (
        ("id", str(letter.id)),
        ("entry", f"{letter.entry_id} of {letter.stream}"),
        ("event", f"{letter.event_id or '(without an id)'}, {letter.event_type or '(of no type)'}"),
        ("published", _time(letter.published_at)),
        ("died", f"{_time(letter.died_at)}, at {letter.consumer} of {letter.group}"),
        ("deliveries", str(letter.deliveries)),
        ("given back", f"{letter.redriven} times before" if letter.redriven else "never"),
        ("reason", letter.reason),
    )
    print_table(("", ""), about)
    say()
    say("Fields:")
    pairs = zip(letter.fields[::2], letter.fields[1::2], strict=True)
    print_table(("", ""), [(_text(field), _text(value)) for field, value in pairs])
    if letter.traceback:
        say()
        print_text(letter.traceback.rstrip())
    return 0


def _edit(arguments: argparse.Namespace) -> int:
    fields = dict(_assignment(each) for each in arguments.fields)
    new_id = _on(arguments, lambda dead: dead.edit(arguments.id, fields))
    say(f"changed {', '.join(fields)}; the letter is {new_id} now")
    return 0


def _redrive(arguments: argparse.Namespace) -> int:
    _check_chosen(arguments, "give back")
    dry = bool(arguments.dry_run)

    async def redrive(dead: DeadLetters) -> Sequence[Redriven]:
        return await dead.redrive(_where(arguments, await dead.now()), limit=arguments.limit, dry_run=dry)

    given = _on(arguments, redrive)
    if given:
        rows = [(str(each.letter.id), each.letter.event_type, str(each.new_id or "")) for each in given]
        print_table(("dead letter", "event type", "new entry"), rows)
    what = "would be given back" if dry else "given back"
    say(f"{_letters(len(given))} {what} to {arguments.stream}, for {arguments.group}")
    return 0


def _purge(arguments: argparse.Namespace) -> int:
    _check_chosen(arguments, "throw away")
    dry = bool(arguments.dry_run)

    async def purge(dead: DeadLetters) -> Sequence[DeadLetter]:
        return await dead.purge(_where(arguments, await dead.now()), limit=arguments.limit, dry_run=dry)

    gone = _on(arguments, purge)
    if gone:
        _print_letters(gone)
    say(f"{_letters(len(gone))} {'would be thrown away' if dry else 'thrown away'}")
    return 0


def _print_letters(letters: Sequence[DeadLetter]) -> None:
    rows = [
        (str(each.id), _time(each.died_at), each.event_type, str(each.deliveries), each.error, each.reason)
        for each in letters
    ]
    print_table(("id", "died", "event type", "deliveries", "error", "reason"), rows)


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def _where(arguments: argparse.Namespace, now: datetime) -> DeadLetterFilter:
    return DeadLetterFilter(
        ids=arguments.id,
        event_types=arguments.type,
        errors=arguments.error,
        died_before=None if arguments.older is None else now - arguments.older,
        died_after=None if arguments.newer is None else now - arguments.newer,
    )


def _check_chosen(arguments: argparse.Namespace, what: str) -> None:
    said = (arguments.id, arguments.type, arguments.error, arguments.older, arguments.newer)
    if not arguments.all and all(each is None for each in said):
        raise UserError(f"say which ones to {what}: with --id, --type, --error, --older or --newer, or --all of them")


def _on(arguments: argparse.Namespace, act: Callable[[DeadLetters], Awaitable[T]]) -> T:
    """Do this with the dead letters of the group that the arguments name."""
    try:
        return on_redis(arguments, lambda runtime: act(runtime.dead_letters(arguments.stream, arguments.group)))
    except DeadLetterGone as error:
        raise UserError(f"{error}; `redis-streams dead list` shows those that are there") from error
    except DeadLetterTooLong as error:
        raise UserError(str(error)) from error


def _entry_id(text: str) -> EntryId:
    try:
        return EntryId.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,12})([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age like 90s, 15m, 2h or 30d")
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > AGE_MAX.total_seconds():
        raise argparse.ArgumentTypeError(f"{text!r} is more than a hundred years ({AGE_MAX.days}d)")
    return timedelta(seconds=seconds)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def _assignment(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not field or not equals:
        raise UserError(f"{text!r} is no FIELD=VALUE, as in 'payload={{\"amount\": 12}}'")
    return field, value


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
