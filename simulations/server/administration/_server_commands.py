"""The server as a whole: TIME, SAVE, SLOWLOG, LATENCY, MEMORY, SHUTDOWN and the like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call, Command
from .._errors import CommandError, syntax_error
from .._reply import OK, Reply, Status, Verbatim
from ..rdb._snapshot import snapshot

if TYPE_CHECKING:
    from .._engine import Engine


def time(call: Call) -> Reply:
    """TIME."""
    seconds, microseconds = divmod(call.engine.now_us, 1_000_000)
    return [b"%d" % seconds, b"%d" % microseconds]


def lastsave(call: Call) -> Reply:
    """LASTSAVE: when the last snapshot was made; at first, when the server started."""
    return (call.engine.saved_ms or call.engine.started_us // 1000) // 1000


def save(call: Call) -> Reply:
    """SAVE."""
    if _is_saving(call):
        raise CommandError("ERR Background save already in progress")
    write_snapshot(call.engine)
    return OK


def write_snapshot(engine: Engine) -> None:
    """Have all that there is be on the disk, if anything is.

    Raises:
        CommandError: it cannot be written.
    """
    try:
        engine.files.snapshot.write(snapshot(engine, is_kept=engine.files.snapshot.IS_KEPT))
    except OSError as error:
        raise CommandError("ERR") from error
    engine.note_saved()


def bgsave(call: Call) -> Reply:
    """BGSAVE [SCHEDULE]: it takes as long as rdb-key-save-delay says of each key."""
    if len(call.words) > 2 or (len(call.words) == 2 and call.words[1].upper() != b"SCHEDULE"):
        raise syntax_error()
    if _is_saving(call):
        raise CommandError("ERR Background save already in progress")
    write_snapshot(call.engine)
    if call.profile.since(6, 0):
        keys = sum(len(database.values) for database in call.engine.databases)
        delay_ms = keys * call.engine.configuration.number("rdb-key-save-delay") / 1000
        call.engine.files.is_saving_until_ms = call.engine.timer_ms + max(0.0, delay_ms)
    return Status(b"Background saving started")


def _is_saving(call: Call) -> bool:
    return call.engine.files.is_saving_until_ms > call.engine.timer_ms


def bgrewriteaof(call: Call) -> Reply:
    """BGREWRITEAOF."""
    files = call.engine.files
    if files.is_rewriting:
        raise CommandError("ERR Background append only file rewriting already in progress")
    files.rewrite_wanted = files.are_kept
    return Status(b"Background append only file rewriting started")


def shutdown(call: Call) -> Reply:
    """SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]."""
    options = {word.upper() for word in call.words[1:]}
    known = {b"SAVE", b"NOSAVE"} | ({b"NOW", b"FORCE", b"ABORT"} if call.profile.since(7, 0) else set())
    if not options <= known or {b"SAVE", b"NOSAVE"} <= options or (b"ABORT" in options and len(options) > 1):
        raise syntax_error()
    if b"ABORT" in options:
        raise CommandError("ERR No shutdown in progress.")
    if call.engine.runner.is_busy and b"NOSAVE" not in options:
        raise CommandError(call.engine.runner.busy_text)
    if b"SAVE" in options:
        write_snapshot(call.engine)
    call.engine.files.saves_at_end = b"NOSAVE" not in options
    call.engine.ended = True
    call.session.closing = call.session.aborted = True
    return OK


def lolwut(call: Call) -> Reply:
    """LOLWUT: the version, without a picture."""
    return Verbatim(f"Redis ver. {'.'.join(map(str, call.profile.version))}\n".encode())


def _sub(name: str, run: Callable[[Call], Reply], arity: int, flags: str, since: tuple[int, int] = (1, 0)) -> Command:
    return Command(name, run, arity, flags, since=since, group="server")


_ADMIN: Final = "admin loading stale"

SERVER_COMMANDS: Final[Sequence[Command]] = (
    _sub("time", time, 1, "loading stale fast"),
    _sub("lastsave", lastsave, 1, "loading stale fast admin"),
    _sub("save", save, 1, "admin noscript no_async_loading no_multi"),
    _sub("bgsave", bgsave, -1, "admin noscript no_async_loading"),
    _sub("bgrewriteaof", bgrewriteaof, 1, "admin noscript no_async_loading"),
    _sub("shutdown", shutdown, -1, "admin noscript loading stale no_multi allow_busy"),
    _sub("lolwut", lolwut, -1, "readonly fast", (5, 0)),
)
