"""DEBUG, as far as tests use it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error
from .._facts import help_texts
from .._glob import fits
from .._reply import NULL_ARRAY, OK, Attributed, BigNumber, Double, Members, Pairs, Push, Reply, Status, Truth, Verbatim
from ..types._text import encoding_of
from ._debug_data import load_append_only_file, reload
from ._debugging import REPLY_PEAK_MS
from ._digest import digest_of_all, digest_of_key

NOT_POSITIVE: Final = "ERR value is out of range, must be positive"


def debug(call: Call) -> Reply:
    """DEBUG subcommand …."""
    word = call.words[1].lower()
    run, arity = _SUBCOMMANDS.get(word, (None, 0))
    if word == b"protocol" and not call.profile.since(6, 0):
        run = None
    if run is None or not (len(call.words) == arity or (arity < 0 and len(call.words) >= -arity)):
        raise _unknown(call)
    return run(call)


def _unknown(call: Call) -> CommandError:
    shown = call.words[1].decode("utf-8", "surrogateescape")
    unknown = "unknown" if call.profile.since(7, 0) else "Unknown"
    return CommandError(f"ERR {unknown} subcommand or wrong number of arguments for '{shown}'. Try DEBUG HELP.")


def _sleep(call: Call) -> Reply:
    try:
        seconds = float(call.words[2])
    except ValueError:
        seconds = 0.0
    call.engine.stall_ms += max(0.0, seconds * 1000)
    return OK


def _nothing(_call: Call) -> Reply:
    """What changes how a real server does things, and not what it answers; what it is asked."""
    return OK


def _set_skip_checksum(call: Call) -> Reply:
    call.engine.debugging.skips_checksums = call.words[2] != b"0"
    return OK


def _string_match(call: Call) -> Reply:
    """STRINGMATCH-LEN size pattern: whether a string of so many equal letters fits."""
    return int(fits(b"a" * integer(call.words[2], least=0), call.words[3]))


def _set_active_expire(call: Call) -> Reply:
    call.engine.expires_actively = call.words[2] != b"0"
    return OK


def _populate(call: Call) -> Reply:
    """DEBUG POPULATE count [prefix [size]]: keys that are not there yet; their values are filled up with zero bytes."""
    if len(call.words) > 5:
        raise _unknown(call)
    sizes = [integer(word, NOT_POSITIVE, least=0) for word in (call.words[2], *call.words[4:])]
    count, size = sizes[0], sizes[1] if len(sizes) > 1 else 0
    prefix = call.words[3] if len(call.words) > 3 else b"key"
    for number in range(count):
        key, value = b"%b:%d" % (prefix, number), b"value:%d" % number
        if call.database.peek(key) is None:
            call.database.put(key, value[:size].ljust(size, b"\0") if size else value)
    return OK


def _pause_cron(call: Call) -> Reply:
    call.engine.debugging.cron_is_paused = call.words[2] != b"0"
    return OK


def _allow_scripts_all(call: Call) -> Reply:
    call.engine.debugging.scripts_may_all = call.words[2] != b"0"
    return OK


def _replybuffer(call: Call) -> Reply:
    if call.words[2].lower() != b"peak-reset-time":
        raise syntax_error()
    after = call.words[3].lower()
    if after == b"never":
        call.engine.debugging.reply_peak_ms = math.inf
    else:
        call.engine.debugging.reply_peak_ms = REPLY_PEAK_MS if after == b"reset" else integer(after)
    return OK


def _object(call: Call) -> Reply:
    # One that has expired is still there as long as nobody looks at it otherwise.
    value = call.database.values.get(call.words[2])
    if value is None:
        raise CommandError(NO_SUCH_KEY)
    size = len(value) + 1 if isinstance(value, bytes) else 64
    encoding = encoding_of(value, call.profile, call.engine.configuration)
    uses = call.database.uses
    seconds = uses.last_us(call.words[2]) // 1_000_000 % (1 << 24)
    return Status(
        f"Value at:0x7f0000000000 refcount:1 encoding:{encoding} serializedlength:{size} lru:{seconds} "
        f"lru_seconds_idle:{uses.idle_s(call.words[2])}".encode()
    )


def _digest(call: Call) -> Reply:
    return Status(digest_of_all(call.engine.databases, call.profile))


def _digest_value(call: Call) -> Reply:
    return [Status(digest_of_key(call.database, key, call.profile)) for key in call.words[2:]]


def _error(call: Call) -> Reply:
    raise CommandError(call.words[2])


def _change_repl_id(call: Call) -> Reply:
    call.engine.role.replication_id = b"%040x" % call.engine.rng.getrandbits(160)
    return OK


def _protocol(call: Call) -> Reply:
    """One reply of each kind, so that clients can be tested."""
    kind = call.words[2].lower()
    if kind == b"push":
        return _pushed(call)
    if kind == b"double" and not call.profile.since(7, 0):
        return Double(b"3.1415926535900001")
    if kind not in _PROTOCOL:
        raise CommandError(
            "ERR Wrong protocol type name. Please use one of the following: "
            "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
        )
    return _PROTOCOL[kind]


def _pushed(call: Call) -> Reply:
    """A message that nobody asked for, and the reply, which comes first since 8.0."""
    if call.session.protocol == 2:
        raise CommandError("ERR RESP2 is not supported by this command")
    pushed, reply = Push([b"server-cpu-usage", 42]), b"Some real reply following the push reply"
    if not call.profile.since(8, 0):
        call.engine.deliver(call.session, pushed)
        return reply
    call.engine.deliver(call.session, reply)
    return pushed


_PROTOCOL: Final[Mapping[bytes, Reply]] = {
    b"string": b"Hello World",
    b"integer": 12345,
    b"double": Double(b"3.141"),
    b"null": None,
    b"array": [0, 1, 2],
    b"set": Members([0, 1, 2]),
    b"map": Pairs([(0, Truth(value=False)), (1, Truth(value=True)), (2, Truth(value=False))]),
    b"verbatim": Verbatim(b"This is a verbatim\nstring"),
    b"true": Truth(value=True),
    b"false": Truth(value=False),
    b"bignum": BigNumber(b"1234567999999999999999999999999999999"),
    b"nullarray": NULL_ARRAY,
    b"attrib": Attributed([(b"key-popularity", [b"key:123", 90])], b"Some real reply following the attribute"),
}


def _help(call: Call) -> Reply:
    return [Status(line.encode()) for line in help_texts(call.profile)["debug"]]


_SUBCOMMANDS: Final[Mapping[bytes, tuple[Callable[[Call], Reply], int]]] = {
    b"help": (_help, 2),
    b"sleep": (_sleep, 3),
    b"set-active-expire": (_set_active_expire, 3),
    b"populate": (_populate, -3),
    b"object": (_object, -3),
    b"digest": (_digest, 2),
    b"digest-value": (_digest_value, -2),
    b"error": (_error, 3),
    b"change-repl-id": (_change_repl_id, 2),
    b"protocol": (_protocol, 3),
    b"reload": (reload, -2),
    b"loadaof": (load_append_only_file, 2),
    b"set-skip-checksum-validation": (_set_skip_checksum, 3),
    b"stringmatch-len": (_string_match, 4),
    b"log": (_nothing, 3),
    b"quicklist-packed-threshold": (_nothing, 3),
    b"pause-cron": (_pause_cron, 3),
    b"set-disable-deny-scripts": (_allow_scripts_all, 3),
    b"replybuffer": (_replybuffer, 4),
    b"reply-copy-avoidance": (_nothing, 3),
    b"dict-resizing": (_nothing, 3),
}

DEBUG_COMMANDS: Final[Sequence[Command]] = (
    Command("debug", debug, -2, "admin noscript loading stale", group="server"),
)
