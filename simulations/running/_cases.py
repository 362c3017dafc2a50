"""What can be simulated, by name: the built-in scenarios, and those in files of users.

A name is all that goes from one process to another: whoever runs a plan looks its scenario up again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

from attrs import frozen

from ..checkers import AT_LEAST_ONCE, Checker
from ..plan import PRESETS, Domain, Plan, draw_plan
from ..plan._effects import KINDS
from ..scenarios import SCENARIOS
from ..world import Scenario
from ._canary import CANARY, canary


class UnknownScenario(ValueError):
    """There is no such scenario; the message says which there are, or what is wrong with its file."""


@frozen
class Case:
    """A scenario with all that is needed to try it.

    Attributes:
        name: a built-in one's, or ``file.py:function``.
        scenario: the application.
        checkers: the promises that are judged.
        domain: what its plans may hold.
    """

    name: str
    scenario: Scenario
    checkers: Sequence[Checker] = AT_LEAST_ONCE
    domain: Domain = Domain()

    def plan(self, seed: int, preset: str) -> Plan:
        """The plan of a seed."""
        return draw_plan(seed, self.name, self.domain, preset)

    def kinds(self, preset: str) -> frozenset[str]:
        """The faults that its plans may hold."""
        chosen = PRESETS[preset]
        every = frozenset(KINDS) if chosen.kinds is None else chosen.kinds
        allowed = every if self.domain.kinds is None else every & self.domain.kinds
        return allowed | frozenset(self.domain.always if chosen.faults_max else ())


def built_in_names() -> Sequence[str]:
    """The scenarios that come with the library."""
    return tuple(SCENARIOS)


def find_case(name: str) -> Case:
    """The scenario of this name.

    A user's file may say in ``CHECKERS`` which promises are judged, otherwise all are; and in ``DOMAIN`` what its
    plans may hold.

    Raises:
        UnknownScenario: there is none.
    """
    if name == CANARY:
        return Case(CANARY, canary)
    if name in SCENARIOS:
        built_in = SCENARIOS[name]
        return Case(name, built_in.run, domain=built_in.domain)
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        there = ", ".join(SCENARIOS)
        raise UnknownScenario(f"there is no scenario {name!r}; there are {there}; yours are named file.py:function")
    module = _load(Path(file))
    scenario = getattr(module, function, None)
    if not callable(scenario):
        raise UnknownScenario(f"{file} has no function {function!r}")
    checkers = cast("Sequence[Checker]", getattr(module, "CHECKERS", AT_LEAST_ONCE))
    domain = getattr(module, "DOMAIN", Domain())
    if not isinstance(domain, Domain):
        raise UnknownScenario(f"{file}: DOMAIN is a redis_streams.simulations.plan.Domain, not {domain!r}")
    return Case(name, cast("Scenario", scenario), checkers, domain)


def _load(file: Path) -> ModuleType:
    """The module of a file, as if it had been imported from its folder."""
    path = file.resolve()
    if not path.is_file():
        raise UnknownScenario(f"there is no file {file}")
    name = f"{path.stem}_{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnknownScenario(f"{file} can't be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # it may import what lies beside it, as a script does
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UnknownScenario(f"{file} can't be imported: {type(error).__name__}: {error}") from error
    return module
