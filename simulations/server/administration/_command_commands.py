"""COMMAND: what the server can do, told to clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError, syntax_error
from .._facts import Facts, KeySpec, facts
from .._glob import fits
from .._keys import KeyUse, NoSuchKeys, key_uses, may_have_keys
from .._reply import Members, Pairs, Reply, Status
from .._session import Words
from ..access._categories import categories_of


def command(call: Call) -> Reply:
    """COMMAND: all of them."""
    return [_described(call, each, each.name) for each in _told(call)]


def _told(call: Call) -> Sequence[Command]:
    """The commands that there are; QUIT was none before 7.0, although it was obeyed."""
    known = facts(call.profile)
    return [each for each in call.engine.table.commands.values() if each.name in known]


def command_count(call: Call) -> Reply:
    """COMMAND COUNT."""
    return len(_told(call))


def command_info(call: Call) -> Reply:
    """COMMAND INFO [name …]."""
    if len(call.words) == 2:
        return command(call) if call.profile.since(7, 0) else []
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
    known = facts(call.profile).get(name) or _unrecorded(call, each)
    described: list[Reply] = [
        name.encode(),
        known.arity,
        Members([Status(flag.encode()) for flag in known.flags]),
        *known.keys,
    ]
    if call.profile.since(6, 0):
        described.append(Members([Status(f"@{category}".encode()) for category in known.categories]))
    if call.profile.since(7, 0):
        subcommands: list[Reply] = [_described(call, sub, f"{name}|{sub.name}") for sub in _subcommands(call, each)]
        described += [
            Members([tip.encode() for tip in known.tips]),
            Members([_key_spec(spec) for spec in known.specs]),
            Members(subcommands),
        ]
    return described


def _unrecorded(call: Call, each: Command) -> Facts:
    """Of a command that real servers of this version do not tell of."""
    return Facts(each.arity, sorted(each.flags), each.keys, categories_of(call.profile, each, each.name), (), (), {})


def _key_spec(spec: KeySpec) -> Reply:
    told: list[tuple[Reply, Reply]] = [(b"notes", spec.notes.encode())] if spec.notes else []
    told += [
        (b"flags", Members([Status(flag.encode()) for flag in spec.flags])),
        (b"begin_search", _step(spec.begin, _BEGIN)),
        (b"find_keys", _step(spec.find, _FIND)),
    ]
    return Pairs(told)


def _step(step: Sequence[str | int], names: Mapping[str, Sequence[bytes]]) -> Reply:
    kind, *values = step
    coded: list[Reply] = [value.encode() if isinstance(value, str) else value for value in values]
    spec: list[tuple[Reply, Reply]] = list(zip(names[str(kind)], coded, strict=True))
    return Pairs([(b"type", str(kind).encode()), (b"spec", Pairs(spec))])


_BEGIN: Final[Mapping[str, Sequence[bytes]]] = {
    "index": (b"index",),
    "keyword": (b"keyword", b"startfrom"),
    "unknown": (),
}
_FIND: Final[Mapping[str, Sequence[bytes]]] = {
    "range": (b"lastkey", b"keystep", b"limit"),
    "keynum": (b"keynumidx", b"firstkey", b"keystep"),
    "unknown": (),
}


def command_docs(call: Call) -> Reply:
    """COMMAND DOCS [name …]."""
    names = call.words[2:] or [each.name.encode() for each in _told(call)]
    found = (_look_up(call, name) for name in names)
    return Pairs([(full.encode(), _docs(call, each, full)) for each, full in filter(None, found)])


def _docs(call: Call, each: Command, name: str) -> Reply:
    summary = (each.run.__doc__ or "").strip().split("\n")[0] if each.run is not None else ""
    known = facts(call.profile).get(name)
    told = dict(known.docs) if known is not None else {}
    docs: list[tuple[Reply, Reply]] = [
        (b"summary", summary.encode()),
        (b"since", _doc(told.get("since", "{}.{}.0".format(*each.since)))),
        (b"group", _doc(told.get("group", each.group))),
    ]
    docs += [(key.encode(), _doc(told[key])) for key in _FURTHER if key in told]
    subcommands: list[tuple[Reply, Reply]] = [
        (f"{name}|{sub.name}".encode(), _docs(call, sub, f"{name}|{sub.name}")) for sub in _subcommands(call, each)
    ]
    if subcommands:
        docs.append((b"subcommands", Pairs(subcommands)))
    return Pairs(docs)


_FURTHER: Final = ("complexity", "doc_flags", "deprecated_since", "replaced_by")


def _doc(value: str | Sequence[str]) -> Reply:
    return value.encode() if isinstance(value, str) else Members([Status(each.encode()) for each in value])


def command_list(call: Call) -> Reply:
    """COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]."""
    commands = _told(call)
    if len(call.words) == 2:
        full_ = [(each.name, *(f"{each.name}|{sub.name}" for sub in _subcommands(call, each))) for each in commands]
        return [name.encode() for names_ in full_ for name in names_]
    if len(call.words) != 5 or call.words[2].upper() != b"FILTERBY":
        raise syntax_error()
    chosen = _chosen(call, call.words[3].upper(), call.words[4])
    names: list[Reply] = []
    for each in commands:
        full = [(each, each.name), *((sub, f"{each.name}|{sub.name}") for sub in _subcommands(call, each))]
        names += [name.encode() for command_, name in full if chosen(command_, name)]
    return names


def _chosen(call: Call, kind: bytes, value: bytes) -> Callable[[Command, str], bool]:
    if kind == b"MODULE":
        return lambda _each, _name: False
    if kind == b"ACLCAT":
        category = value.decode("latin-1").lower()
        return lambda each, name: category in categories_of(call.profile, each, name)
    if kind == b"PATTERN":
        return lambda _each, name: fits(name.encode(), value, ignore_case=True)
    raise syntax_error()


def command_getkeys(call: Call) -> Reply:
    """COMMAND GETKEYS name argument …."""
    return [use.key for use in _key_uses(call)]


def command_getkeysandflags(call: Call) -> Reply:
    """COMMAND GETKEYSANDFLAGS name argument …."""
    return [[use.key, Members([Status(flag.encode()) for flag in use.flags])] for use in _key_uses(call)]


def _key_uses(call: Call) -> Sequence[KeyUse]:
    words = call.words[2:]
    found, name = _key_owner(call, words)
    try:
        uses = key_uses(found, words, name)
    except NoSuchKeys:
        uses = ()
    if not uses and "no_mandatory_keys" not in _flags_of(call, found, name):
        raise CommandError("ERR Invalid arguments specified for command")
    return uses


def _flags_of(call: Call, found: Command, name: str) -> Sequence[str]:
    known = facts(call.profile).get(name)
    return sorted(found.flags) if known is None else known.flags


def _key_owner(call: Call, words: Words) -> tuple[Command, str]:
    """The command whose keys are asked for, if it can have any."""
    found = call.engine.table.look_up(words)
    if found is None:
        raise CommandError("ERR Invalid command specified")
    each, name = found
    modern = call.profile.since(7, 0)
    known = facts(call.profile).get(name if modern else name.partition("|")[0])
    has_keys = known is not None and (known.keys[0] or "movablekeys" in known.flags)
    if not (has_keys or (modern and may_have_keys(each, name))):
        raise CommandError("ERR The command has no key arguments")
    if not each.takes(len(words)):
        raise CommandError("ERR Invalid number of arguments specified for command")
    return each, name


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
            _sub("getkeysandflags", command_getkeysandflags, -4, (7, 0)),
            _sub("getkeysandflags", command_getkeysandflags, -3, (7, 2)),
        ),
    ),
)
