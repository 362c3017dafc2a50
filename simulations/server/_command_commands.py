"""COMMAND: what the server can do, told to clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ._categories import CATEGORIES, categories
from ._command import Call, Command
from ._errors import CommandError, syntax_error
from ._glob import fits
from ._keys import HAS_MOVABLE_KEYS, keys_of
from ._reply import Members, Pairs, Reply, Status

FLAGS: Final = (
    *("write", "readonly", "denyoom", "module", "admin", "pubsub", "noscript", "blocking", "loading", "stale"),
    *("skip_monitor", "skip_slowlog", "asking", "fast", "no_auth", "may_replicate", "no_mandatory_keys"),
    *("no_async_loading", "no_multi", "movablekeys", "allow_busy"),
)
"""In the order in which the server tells them."""
_TELL_NO_VALUE: Final = {"xlen", "strlen", "llen", "hlen", "scard", "zcard", "exists", "type", "ttl", "pttl"}
"""Commands that look at a key and not at what it holds."""
_SINCE_7: Final = {"no_auth", "may_replicate", "no_mandatory_keys", "no_async_loading", "no_multi", "allow_busy"}


def command(call: Call) -> Reply:
    """COMMAND: all of them."""
    return [_described(call, each, each.name) for each in call.engine.table.commands.values()]


def command_count(call: Call) -> Reply:
    """COMMAND COUNT."""
    return len(call.engine.table.commands)


def command_info(call: Call) -> Reply:
    """COMMAND INFO [name …]."""
    if len(call.words) == 2:
        return command(call)
    return [_info(call, name) for name in call.words[2:]]


def _info(call: Call, name: bytes) -> Reply:
    found = _look_up(call, name)
    if found is None:
        return None
    return _described(call, *found)


def _look_up(call: Call, word: bytes) -> tuple[Command, str] | None:
    """A command by its full name, as in xgroup|create."""
    name, _, sub = word.decode("latin-1").lower().partition("|")
    found = call.engine.table.commands.get(name)
    if found is None or not sub:
        return (found, name) if found is not None else None
    if not call.profile.since(7, 0):
        return None
    return next(((each, f"{name}|{sub}") for each in _subcommands(call, found) if each.name == sub), None)


def _subcommands(call: Call, container: Command) -> Iterator[Command]:
    return (each for each in container.subcommands if call.profile.since(*each.since))


def _described(call: Call, each: Command, name: str) -> Reply:
    first, last, step = each.keys
    flags = set(each.flags) | ({"movablekeys"} if each.name in HAS_MOVABLE_KEYS else set())
    if not call.profile.since(7, 0):
        flags -= _SINCE_7
    # Positions are told as those of the words; the last one relative to the first where it is not counted from the end.
    described: list[Reply] = [
        name.encode(),
        each.arity,
        Members([Status(flag.encode()) for flag in FLAGS if flag in flags]),
        first,
        last,
        step,
    ]
    if call.profile.since(6, 0):
        described.append(Members([Status(f"@{category}".encode()) for category in categories(each)]))
    if call.profile.since(7, 0):
        subcommands: list[Reply] = [_described(call, sub, f"{name}|{sub.name}") for sub in _subcommands(call, each)]
        described += [Members([]), Members(_key_specs(each)), Members(subcommands)]
    return described


def _key_specs(each: Command) -> list[Reply]:
    first, last, step = each.keys
    if not first:
        return []
    access = "RO" if "readonly" in each.flags else "RW"
    told = {"RO": [b"RO"] if each.name in _TELL_NO_VALUE else [b"RO", b"access"], "RW": [b"RW", b"update"]}[access]
    spec = Pairs(
        [
            (b"flags", Members([Status(flag) for flag in told])),
            (b"begin_search", Pairs([(b"type", b"index"), (b"spec", Pairs([(b"index", first)]))])),
            (
                b"find_keys",
                Pairs(
                    [
                        (b"type", b"range"),
                        (
                            b"spec",
                            Pairs(
                                [(b"lastkey", last - first if last > 0 else last), (b"keystep", step), (b"limit", 0)]
                            ),
                        ),
                    ]
                ),
            ),
        ]
    )
    return [spec]


def command_docs(call: Call) -> Reply:
    """COMMAND DOCS [name …]."""
    names = call.words[2:] or [name.encode() for name in call.engine.table.commands]
    found = (_look_up(call, name) for name in names)
    return Pairs([(full.encode(), _docs(call, each, full)) for each, full in filter(None, found)])


def _docs(call: Call, each: Command, name: str) -> Reply:
    summary = (each.run.__doc__ or "").strip().split("\n")[0] if each.run is not None else ""
    docs: list[tuple[Reply, Reply]] = [
        (b"summary", summary.encode()),
        (b"since", "{}.{}.0".format(*each.since).encode()),
        (b"group", each.group.encode()),
    ]
    subcommands: list[tuple[Reply, Reply]] = [
        (f"{name}|{sub.name}".encode(), _docs(call, sub, f"{name}|{sub.name}")) for sub in _subcommands(call, each)
    ]
    if subcommands:
        docs.append((b"subcommands", Pairs(subcommands)))
    return Pairs(docs)


def command_list(call: Call) -> Reply:
    """COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]."""
    commands = call.engine.table.commands.values()
    if len(call.words) == 2:
        return [each.name.encode() for each in commands]
    if len(call.words) != 5 or call.words[2].upper() != b"FILTERBY":
        raise syntax_error()
    chosen = _chosen(call, call.words[3].upper(), call.words[4])
    names: list[Reply] = []
    for each in commands:
        full = [(each, each.name), *((sub, f"{each.name}|{sub.name}") for sub in _subcommands(call, each))]
        names += [name.encode() for command_, name in full if chosen(command_, name)]
    return names


def _chosen(_call: Call, kind: bytes, value: bytes) -> Callable[[Command, str], bool]:
    if kind == b"MODULE":
        return lambda _each, _name: False
    if kind == b"ACLCAT":
        category = value.decode("latin-1").lower()
        return lambda each, _name: category in CATEGORIES and category in categories(each)
    if kind == b"PATTERN":
        return lambda _each, name: fits(name.encode(), value, ignore_case=True)
    raise syntax_error()


def command_getkeys(call: Call) -> Reply:
    """COMMAND GETKEYS name argument …."""
    words = call.words[2:]
    try:
        found, _ = call.engine.table.find(words)
    except CommandError as error:
        known = words[0].decode("latin-1").lower() in call.engine.table.commands
        text = "Invalid number of arguments specified for command" if known else "Invalid command specified"
        raise CommandError(f"ERR {text}") from error
    if not found.keys[0] and found.name not in HAS_MOVABLE_KEYS:
        raise CommandError("ERR The command has no key arguments")
    keys = keys_of(found, words)
    if not keys:
        raise CommandError("ERR Invalid arguments specified for command")
    return list(keys)


_FLAGS: Final = "loading stale"


def _sub(name: str, run: Callable[[Call], Reply], arity: int, since: tuple[int, int] = (1, 0)) -> Command:
    return Command(name, run, arity, _FLAGS, since=since, group="server")


COMMAND_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "command",
        command,
        -1,
        _FLAGS,
        group="server",
        subcommands=(
            _sub("count", command_count, 2),
            _sub("info", command_info, -2),
            _sub("docs", command_docs, -2, (7, 0)),
            _sub("list", command_list, -2, (7, 0)),
            _sub("getkeys", command_getkeys, -3),
            _sub("getkeys", command_getkeys, -4, (7, 0)),
            _sub("getkeys", command_getkeys, -3, (7, 2)),
        ),
    ),
)
