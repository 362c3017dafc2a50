"""Names of a package that are imported when they are asked for, not before.

`redis_streams.simulations` is imported by everybody who opens ``memory://``, and those need no simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module


def lazily(package: str, names: Collection[str], *modules: str) -> Callable[[str], object]:
    """A ``__getattr__`` for a package.

    Args:
        package: its ``__name__``.
        names: which names it has so; for any other one nothing is imported.
        modules: where these are, relative to the package. The first one is looked at first.
    """

    def get(name: str) -> object:
        for module in modules if name in names else ():
            found = vars(import_module(module, package))
            if name in found:
                return found[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
