"""CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import OK, Members, Pairs, Reply
from ._tracking import Tracking, TrackingMode


def client_tracking(call: Call) -> Reply:
    """CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix …] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]."""
    mode = _mode(call)
    word = call.words[2].lower()
    if word == b"on":
        _start(call, mode)
    elif word == b"off":
        if call.engine.tracking is not None:
            call.engine.tracking.stop(call.session)
    else:
        raise syntax_error()
    return OK


def _mode(call: Call) -> TrackingMode:
    mode = TrackingMode()
    words = list(call.words[3:])
    while words:
        option = words.pop(0).upper()
        if option == b"REDIRECT" and words:
            if mode.redirect:
                raise CommandError("ERR A client can only redirect to a single other client")
            mode.redirect = integer(words.pop(0))
            if mode.redirect not in call.engine.sessions:
                raise CommandError("ERR The client ID you want redirect to does not exist")
        elif option == b"PREFIX" and words:
            mode.prefixes.append(words.pop(0))
        elif option == b"BCAST":
            mode.broadcasts = True
        elif option == b"OPTIN":
            mode.opts_in = True
        elif option == b"OPTOUT":
            mode.opts_out = True
        elif option == b"NOLOOP":
            mode.no_loop = True
        else:
            raise syntax_error()
    return mode


def _start(call: Call, mode: TrackingMode) -> None:
    engine = call.engine
    old = engine.tracking.modes.get(call.session) if engine.tracking is not None else None
    _check(mode, old)
    if mode.broadcasts:
        had = old.prefixes if old is not None else []
        if call.profile.since(6, 2):
            _check_prefixes(mode.prefixes, had)
        mode.prefixes = [*had, *(prefix for prefix in mode.prefixes or [b""] if prefix not in had)]
    if engine.tracking is None:
        engine.tracking = Tracking(engine)
    engine.tracking.start(call.session, mode)


def _check(mode: TrackingMode, old: TrackingMode | None) -> None:
    differently = "before disabling tracking for this client, and then re-enabling it with a different mode."
    if mode.prefixes and not mode.broadcasts:
        raise CommandError("ERR PREFIX option requires BCAST mode to be enabled")
    if old is not None and old.broadcasts != mode.broadcasts:
        raise CommandError(f"ERR You can't switch BCAST mode on/off {differently}")
    if mode.broadcasts and (mode.opts_in or mode.opts_out):
        raise CommandError("ERR OPTIN and OPTOUT are not compatible with BCAST")
    if mode.opts_in and mode.opts_out:
        raise CommandError("ERR You can't specify both OPTIN mode and OPTOUT mode")
    if old is not None and ((mode.opts_in and old.opts_out) or (mode.opts_out and old.opts_in)):
        raise CommandError(f"ERR You can't switch OPTIN/OPTOUT mode {differently}")


def _check_prefixes(prefixes: Sequence[bytes], had: Sequence[bytes]) -> None:
    tail = b"Prefixes for a single client must not overlap."
    for at, prefix in enumerate(prefixes):
        for other in sorted(had):
            if _overlap(prefix, other):
                raise CommandError(b"ERR Prefix '%b' overlaps with an existing prefix '%b'. %b" % (prefix, other, tail))
        for other in prefixes[at + 1 :]:
            if _overlap(prefix, other):
                text = b"ERR Prefix '%b' overlaps with another provided prefix '%b'. %b" % (prefix, other, tail)
                raise CommandError(text)


def _overlap(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def _mode_of(call: Call) -> TrackingMode | None:
    return call.engine.tracking.modes.get(call.session) if call.engine.tracking is not None else None


def client_caching(call: Call) -> Reply:
    """CLIENT CACHING YES|NO: whether the keys of the next command are tracked."""
    mode = _mode_of(call)
    if mode is None:
        raise CommandError(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
            "enabled"
        )
    word = call.words[2].lower()
    if word == b"yes":
        if not mode.opts_in:
            raise CommandError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
    elif word == b"no":
        if not mode.opts_out:
            raise CommandError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    else:
        raise syntax_error()
    mode.caching = True
    return OK


def client_getredir(call: Call) -> Reply:
    """CLIENT GETREDIR."""
    mode = _mode_of(call)
    return -1 if mode is None else mode.redirect


def client_trackinginfo(call: Call) -> Reply:
    """CLIENT TRACKINGINFO."""
    mode = _mode_of(call)
    flags: list[Reply] = [b"off"]
    if mode is not None:
        flags = list(mode.flags())
    prefixes: list[Reply] = []
    if mode is not None:
        prefixes += sorted(mode.prefixes)
    redirect = -1 if mode is None else mode.redirect
    return Pairs([(b"flags", Members(flags)), (b"redirect", redirect), (b"prefixes", prefixes)])


def _sub(name: str, run: Callable[[Call], Reply], arity: int, since: tuple[int, int] = (6, 0)) -> Command:
    return Command(name, run, arity, "noscript loading stale", since=since, group="connection")


TRACKING_COMMANDS: Final[Sequence[Command]] = (
    _sub("tracking", client_tracking, -3),
    _sub("caching", client_caching, 3),
    _sub("getredir", client_getredir, 2),
    _sub("trackinginfo", client_trackinginfo, 2, (6, 2)),
)
"""Subcommands of CLIENT."""
