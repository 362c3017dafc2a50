"""The parameters of CONFIG GET and SET, and what they are set to."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from .._profile import Profile
from .._values import OF_KIND, SPECIAL, WrongValue, by_kind, memory, output_limits
from ._parameters import parameters

EVENT_CLASSES: Final = "g$lshzxetd"
"""Of notify-keyspace-events: what "A" stands for, in the order in which CONFIG GET tells them."""
SPECIAL_EVENTS: Final = "noc"
"""Classes that "A" does not stand for: new keys, and values that are overwritten, or by others of another kind."""


LEAST_BACKLOG: Final = 16 * 1024


class UnknownParameter(ValueError):
    """There is no parameter of this name, or it cannot have this value."""


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
        self._profile = profile
        self._values = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, value in (given or {}).items():
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise UnknownParameter(f"there is no parameter {name!r} in Redis {profile.name}{meant}")
            try:
                self.set(name, self.checked(name, value))
            except WrongValue as error:
                raise UnknownParameter(f"{name} {value!r}: {error}") from error

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def told(self, name: str) -> str:
        """A parameter as CONFIG GET tells it: with all classes of keyspace events, it is silent on the special ones."""
        value = self._values[name]
        if name == "notify-keyspace-events" and "A" in value:
            return "".join(letter for letter in value if letter not in SPECIAL_EVENTS)
        return value

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
        kind = parameter.kind
        target = parameter.same_as or name
        if target == "notify-keyspace-events":
            return self._events(value)
        if target == "repl-backlog-size":
            return str(max(int(memory(self._profile, value, kind)), LEAST_BACKLOG))
        if kind == "outputlimits":
            return output_limits(value, self._values[target])
        special = SPECIAL.get(target) or OF_KIND.get(kind)
        return by_kind(self._profile, value, kind) if special is None else special(value)

    def _events(self, value: str) -> str:
        since = self._profile.since
        known = EVENT_CLASSES if since(6, 2) else EVENT_CLASSES[:-1]
        special = ("n" if since(7, 0) else "") + ("oc" if since(8, 2) else "")
        others = "KEm" if since(6, 0) else "KE"
        if any(letter not in f"A{known}{special}{others}" for letter in value):
            raise WrongValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        has_all = "A" in value or all(letter in value for letter in known)
        told = ("A" if has_all else known) + special + others
        return "".join(letter for letter in told if letter in value or letter == "A")
