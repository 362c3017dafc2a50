"""CONFIG: the server's parameters while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError, wrong_arity
from .._glob import fits
from .._profile import Profile
from .._reply import OK, Pairs, Reply
from .._values import WrongValue
from ._parameters import HIDDEN
from ._statistics import Statistics

_WILDCARDS: Final = b"[*?"
_SUBCOMMAND: Final = "ERR Unknown subcommand or wrong number of arguments for '{}'. Try CONFIG HELP."


def config_get(call: Call) -> Reply:
    """CONFIG GET pattern [pattern …]."""
    if len(call.words) > 3 and not call.profile.since(7, 0):
        raise CommandError(_SUBCOMMAND.format(call.words[1].decode("latin-1")))
    configuration = call.engine.configuration
    found: dict[bytes, bytes] = {}
    for pattern in call.words[2:]:
        for name in configuration.names():
            # A name without wildcards is told as it was asked for.
            exact = call.profile.since(7, 0) and not any(char in _WILDCARDS for char in pattern)
            hidden = not exact and _is_hidden(call.profile, name, pattern)
            if not hidden and fits(name.encode(), pattern, ignore_case=True):
                found[pattern if exact else name.encode()] = _bytes(configuration.told(name))
    return Pairs(list(found.items()))


def _is_hidden(profile: Profile, name: str, pattern: bytes) -> bool:
    """Whether a parameter is not among those that a pattern stands for."""
    if not profile.since(7, 0):
        return name == "replicaof" and fits(b"slaveof", pattern, ignore_case=True)  # one name of it is enough
    return name in HIDDEN and (name != "aof-disable-auto-gc" or profile.since(7, 2))


def config_set(call: Call) -> Reply:
    """CONFIG SET name value [name value …]: all or nothing."""
    modern = call.profile.since(7, 0)
    if len(call.words) > 4 and not modern:
        raise CommandError(_SUBCOMMAND.format(call.words[1].decode("latin-1")))
    if len(call.words) % 2:
        raise wrong_arity("config|set")
    names = [_text(word).lower() for word in call.words[2::2]]
    for name, word in zip(names, call.words[2::2], strict=True):
        if name not in call.engine.configuration:
            raise CommandError(
                b"ERR Unknown option or number of arguments for CONFIG SET - '%b'" % word
                if modern
                else b"ERR Unsupported CONFIG parameter: %b" % word
            )
    checked: dict[str, str] = {}
    for name, value in zip(names, call.words[3::2], strict=True):
        try:
            checked[name] = _checked(call, name, _text(value), known=checked)
        except WrongValue as error:
            raise CommandError(_refusal(call, name, _text(value), str(error))) from None
    _set_all(call, checked)
    return OK


def _set_all(call: Call, checked: Mapping[str, str]) -> None:
    """Set these; if one of them cannot hold, all are as they were."""
    before = {name: call.engine.configuration[name] for name in checked}
    for name, setting in checked.items():
        _set(call, name, setting)
    for name, setting in checked.items():
        why = call.engine.applied(name, setting)
        if why is not None:
            for each, old in before.items():
                _set(call, each, old)
            raise CommandError(_refusal(call, name, setting, why))


def _checked(call: Call, name: str, value: str, *, known: Mapping[str, str]) -> str:
    if name in known:
        raise WrongValue("duplicate parameter")
    configuration = call.engine.configuration
    if configuration.parameters[name].kind == "fixed":
        raise WrongValue("can't set immutable config")
    if configuration.parameters[name].kind == "protected" and configuration["enable-protected-configs"] == "no":
        raise WrongValue("can't set protected config")
    if configuration.parameters[name].kind == "folder" and value != configuration[name]:
        # A server in memory has no folder to go to.
        raise CommandError("ERR Changing directory: No such file or directory")
    return configuration.checked(name, value)


def _refusal(call: Call, name: str, value: str, why: str) -> str:
    if call.profile.since(7, 0):
        return f"ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
    if call.engine.configuration.parameters[name].kind == "fixed":
        return f"ERR Unsupported CONFIG parameter: {name}"
    if name == "dbfilename" and not call.profile.since(6, 0):
        return f"ERR {why}"
    if call.profile.since(6, 0) and name not in _REFUSED_WITHOUT_REASON and why != "wrong number of arguments":
        return f"ERR Invalid argument '{value}' for CONFIG SET '{name}' - {why.replace('argument(s)', 'argument')}"
    return f"ERR Invalid argument '{value}' for CONFIG SET '{name}'"


_REFUSED_WITHOUT_REASON: Final = frozenset({"save", "notify-keyspace-events", "client-output-buffer-limit"})


def _set(call: Call, name: str, value: str) -> None:
    call.engine.configuration.set(name, value)
    call.engine.settings_changed()
    if name == "requirepass":
        call.engine.users.set_default_password(value)


def config_resetstat(call: Call) -> Reply:
    """CONFIG RESETSTAT."""
    call.engine.statistics = Statistics()
    return OK


def config_rewrite(_call: Call) -> Reply:
    """CONFIG REWRITE: there is no file."""
    raise CommandError("ERR The server is running without a config file")


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_FLAGS: Final = "admin noscript loading stale"

CONFIG_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "config",
        None,
        -2,
        group="server",
        subcommands=(
            Command("get", config_get, -3, _FLAGS, group="server"),
            Command("set", config_set, -4, _FLAGS, group="server"),
            Command("resetstat", config_resetstat, 2, _FLAGS, group="server"),
            Command("rewrite", config_rewrite, 2, _FLAGS, group="server"),
        ),
    ),
)
