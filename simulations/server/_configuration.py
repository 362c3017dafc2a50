"""The parameters of CONFIG GET and SET, and what they are set to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ._parameters import BOUNDS, Parameter, parameters
from ._profile import Profile

_UNITS: Final = {"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30}
_MEMORY: Final = re.compile(r"(-?[0-9]+)([a-zA-Z]*)")
EVENT_CLASSES: Final = "g$lshzxetd"
"""Of notify-keyspace-events: what "A" stands for, in the order in which CONFIG GET tells them."""


class UnknownParameter(ValueError):
    """There is no parameter of this name, or it cannot have this value."""


class WrongValue(ValueError):
    """A parameter cannot have this value; the text says why, as CONFIG SET does."""


class Configuration:
    """Values by name, as text.

    Args:
        profile: which parameters there are.
        given: those that differ from their defaults, as in redis.conf.

    Raises:
        UnknownParameter: there is none of a name that is given, or it cannot have that value.
    """

    def __init__(self, profile: Profile, given: Mapping[str, str] | None = None) -> None:
        self.parameters = parameters(profile)
        self._has_all_events = profile.since(6, 0)
        self._values = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, value in (given or {}).items():
            if name not in self.parameters:
                raise UnknownParameter(f"there is no parameter {name!r} in Redis {profile.name}")
            try:
                self.set(name, self.checked(name, value))
            except WrongValue as error:
                raise UnknownParameter(f"{name} {value!r}: {error}") from error

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """All parameters, in the order of their names."""
        return list(self._values)

    def number(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self._values[name])

    def set(self, name: str, value: str) -> None:
        """Set a parameter that exists, under all its names."""
        target = self.parameters[name].same_as or name
        for each, parameter in self.parameters.items():
            if target in {each, parameter.same_as}:
                self._values[each] = value

    def checked(self, name: str, value: str) -> str:
        """A value as CONFIG GET will tell it.

        Raises:
            WrongValue: the parameter cannot have it.
        """
        parameter = self.parameters[name]
        special = {"save": _save_points, "notify-keyspace-events": self._events}.get(name)
        if special is not None:
            return special(value)
        if parameter.kind == "yesno":
            return _one_of(value, ["yes", "no"], "argument must be 'yes' or 'no'")
        if parameter.kind == "memory":
            return _memory(value)
        if ".." in parameter.kind:
            return _whole_number(value, parameter)
        if "|" in parameter.kind:
            names = parameter.kind.split("|")
            return _one_of(value, names, f"argument(s) must be one of the following: {', '.join(names)}")
        return value

    def _events(self, value: str) -> str:
        known = EVENT_CLASSES if self._has_all_events else EVENT_CLASSES[:-1]
        if any(letter not in f"A{known}KEmn" for letter in value):
            raise WrongValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        has_all = "A" in value or all(letter in value for letter in known)
        classes = "A" if has_all else "".join(letter for letter in known if letter in value)
        return classes + "".join(letter for letter in "KEmn" if letter in value)


def _one_of(value: str, names: list[str], error: str) -> str:
    if value.lower() not in names:
        raise WrongValue(error)
    return value.lower()


def _whole_number(value: str, parameter: Parameter) -> str:
    low, _, high = parameter.kind.partition("..")
    least, most = -(2**31) if low == "int" else int(low), BOUNDS[high] if high in BOUNDS else int(high)
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", value):
        raise WrongValue("argument couldn't be parsed into an integer")
    if not least <= int(value) <= most:
        raise WrongValue(f"argument must be between {least} and {most} inclusive")
    return value


def _memory(value: str) -> str:
    match = _MEMORY.fullmatch(value)
    if match is None or match[2].lower() not in _UNITS or match[1].startswith("-"):
        raise WrongValue("argument must be a memory value")
    return str(int(match[1]) * _UNITS[match[2].lower()])


def _save_points(value: str) -> str:
    words = value.split()
    if len(words) % 2 or not all(word.isdigit() for word in words) or any(int(word) < 1 for word in words[::2]):
        raise WrongValue("Invalid save parameters")
    return " ".join(words)
