"""What a parameter may be set to: values as CONFIG GET tells them, of those that CONFIG SET was given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Final

from ._profile import Profile
from .administration._parameters import BOUNDS

_UNITS: Final = {"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30}
_MEMORY: Final = re.compile(r"([0-9]*)([a-zA-Z]*)")
LONG_MAX: Final = 2**63 - 1
ULONG_MAX: Final = 2**64 - 1
_CLASSES: Final = {"normal": "normal", "slave": "slave", "replica": "slave", "pubsub": "pubsub"}


class WrongValue(ValueError):
    """A parameter cannot have this value; the text says why, as CONFIG SET does."""


def by_kind(profile: Profile, value: str, kind: str) -> str:
    """A value of one of the kinds of which there are many parameters."""
    if kind.startswith("yesno"):
        return yes_or_no(value, kind)
    if kind.startswith("memory"):
        return memory(profile, value, kind)
    if ".." in kind:
        return whole_number(value, kind)
    if "|" in kind:
        names = kind.split("|")
        return one_of(value, names, f"argument(s) must be one of the following: {', '.join(names)}")
    return value


def one_of(value: str, names: Sequence[str], error: str) -> str:
    """One of these names."""
    if value.lower() not in names:
        raise WrongValue(error)
    return value.lower()


def yes_or_no(value: str, kind: str) -> str:
    """Of kind "yesno"; what stands behind it says what yes is refused for."""
    given = one_of(value, ["yes", "no"], "argument must be 'yes' or 'no'")
    if given == "yes" and kind == "yesno:defrag":
        raise WrongValue(
            "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc "
            "like the one shipped by default with the Redis source distribution"
        )
    if given == "yes" and kind == "yesno:tls":
        raise WrongValue("Unable to update TLS configuration. Check server logs.")
    if given == "yes" and kind == "yesno:never":
        raise WrongValue("memory tracking cannot be enabled at runtime")
    return given


def whole_number(value: str, kind: str) -> str:
    """Of a kind like "1..100"."""
    low, _, high = kind.partition("..")
    least, most = -(2**31) if low == "int" else int(low), BOUNDS[high] if high in BOUNDS else int(high)
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", value):
        raise WrongValue("argument couldn't be parsed into an integer")
    if not least <= int(value) <= most:
        raise WrongValue(f"argument must be between {least} and {most} inclusive")
    return value


def memory(profile: Profile, value: str, kind: str) -> str:
    """A number of bytes: 100mb, 1g."""
    limit = kind.partition(":")[2]
    if limit == "percent" and re.fullmatch(r"[0-9]+%", value):
        if int(value[:-1]) > 100:
            raise WrongValue("percentage argument must be less or equal to 100")
        return value
    match = _MEMORY.fullmatch(value)
    if match is None or match[2].lower() not in _UNITS or (match[2] and not match[1]):
        raise WrongValue("argument must be a memory value" if limit != "percent" else _NO_PERCENT)
    size = min(int(match[1] or "0") * _UNITS[match[2].lower()], ULONG_MAX)
    if limit == "percent" and size > LONG_MAX:
        return f"{ULONG_MAX + 1 - size}%"  # the server keeps percentages as negative numbers
    if limit in {"unsigned", "percent"}:
        return str(size)
    if not profile.since(7, 0):
        size = min(size, LONG_MAX)
    least = int(limit or "0")
    if not least <= size <= LONG_MAX:
        raise WrongValue(f"argument must be between {least} and {LONG_MAX} inclusive")
    return str(size)


_NO_PERCENT: Final = "argument must be a memory or percent value"


def save_points(value: str) -> str:
    """Pairs of seconds and changes."""
    words = value.split()
    if len(words) % 2 or not all(word.isdigit() for word in words) or any(int(word) < 1 for word in words[::2]):
        raise WrongValue("Invalid save parameters")
    return " ".join(words)


def output_limits(value: str, before: str) -> str:
    """Classes of clients, each with a hard limit, a soft one and its seconds; what is not named stays as it was."""
    words = value.split()
    if len(words) % 4:
        raise WrongValue("Wrong number of arguments in buffer limit configuration.")
    old = before.split()
    limits = {old[at]: old[at + 1 : at + 4] for at in range(0, len(old), 4)}
    for at in range(0, len(words), 4):
        name = _CLASSES.get(words[at].lower())
        if name is None:
            raise WrongValue("Invalid client class specified in buffer limit configuration.")
        try:
            sizes = [_size(word) for word in words[at + 1 : at + 3]]
            seconds = int(words[at + 3])
        except ValueError:
            raise WrongValue(_WRONG_LIMIT) from None
        if seconds < 0:
            raise WrongValue(_WRONG_LIMIT)
        limits[name] = [*sizes, str(seconds)]
    return " ".join(word for name, limit in limits.items() for word in (name, *limit))


_WRONG_LIMIT: Final = "Error in hard, soft or soft_seconds setting in buffer limit configuration."


def _size(word: str) -> str:
    match = _MEMORY.fullmatch(word)
    if match is None or not match[1] or match[2].lower() not in _UNITS:
        raise ValueError(word)
    return str(int(match[1]) * _UNITS[match[2].lower()])


def percentiles(value: str) -> str:
    """Numbers between 0 and 100."""
    words = value.split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        raise WrongValue("Invalid latency-tracking-info-percentiles parameters") from None
    if any(not 0 <= number <= 100 for number in numbers):
        raise WrongValue("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
    return " ".join(f"{number:g}" for number in numbers)


def scores(value: str) -> str:
    """Three numbers for the operating system's choice of whom to kill."""
    words = value.split()
    if len(words) != 3:
        raise WrongValue("wrong number of arguments")
    if not all(re.fullmatch(r"-?[0-9]+", word) and -2000 <= int(word) <= 2000 for word in words):
        raise WrongValue("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
    return " ".join(words)


def host_name(value: str) -> str:
    """Letters, digits, hyphens and dots."""
    if not re.fullmatch(r"[A-Za-z0-9.-]*", value):
        raise WrongValue("Hostnames may only contain alphanumeric characters, hyphens or dots")
    return value


def node_name(value: str) -> str:
    """A name that CLUSTER NODES could show."""
    if any(char in "!#$%&()*+,:;<>?@[]^{|}~ \t\n\r\"'/\\`=" for char in value):
        raise WrongValue("Announced human node name contained invalid character")
    return value


def address(value: str) -> str:
    """An IP address, or nothing."""
    try:
        if value:
            ip_address(value)
    except ValueError:
        raise WrongValue("Cluster announce IP must be a valid IPv4 or IPv6 address") from None
    return value


def locale(value: str) -> str:
    """A locale that every system has."""
    if value not in {"", "C", "POSIX", "C.UTF-8", "C.utf8"}:
        raise WrongValue("Invalid locale name")
    return value


def file_name(value: str) -> str:
    """A name without a folder."""
    if "/" in value:
        raise WrongValue("dbfilename can't be a path, just a filename")
    return value


def between(value: str, least: int, most: int) -> str:
    """A whole number that is not negative, taken as the nearest one within bounds."""
    return str(min(max(int(whole_number(value, "0..int")), least), most))


SPECIAL: Final[Mapping[str, Callable[[str], str]]] = {
    "save": save_points,
    "hz": lambda value: between(value, 1, 500),
}
"""Parameters that are what no kind says."""

OF_KIND: Final[Mapping[str, Callable[[str], str]]] = {
    "percentiles": percentiles,
    "scores": scores,
    "hostname": host_name,
    "nodename": node_name,
    "address": address,
    "locale": locale,
    "filename": file_name,
}
