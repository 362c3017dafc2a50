"""Where a scenario is, in words that another process understands."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ...world import Scenario


def whereabouts(scenario: Scenario) -> str:
    """Its module, its name, and its file.

    Raises:
        ValueError: it is inside of something, where nobody else gets at it.
    """
    name = scenario.__qualname__ if inspect.isfunction(scenario) else ""
    if not name.isidentifier():
        raise ValueError(f"{scenario!r} is no function of a module, so a process of its own can't import it")
    return f"{scenario.__module__}:{name}:{inspect.getfile(scenario)}"


def find_scenario(where: str) -> Scenario:
    """The scenario that `whereabouts` spoke of.

    Raises:
        ImportError, AttributeError: it is not there.
    """
    module_name, name, file = where.split(":", 2)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError:
        # A file of a user's own, or of tests: not on this process' path.
        spec = importlib.util.spec_from_file_location(module_name, file)
        if spec is None or spec.loader is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        sys.path.append(str(Path(file).parent))  # it may import what lies beside it, as a script does
        spec.loader.exec_module(module)
    return cast("Scenario", getattr(module, name))
