"""The part of a configuration that says what becomes of events whose handlers fail.

A file can't hold classes, so errors are named as one would import them: ``ConnectionError``, ``shop.errors.SoldOut``.
"""

import builtins
import importlib
import math
from collections.abc import Mapping
from typing import Literal

from attrs import Attribute, field, frozen, validators

from ..actors import Dependency, RetryPolicy


def error_class(name: str) -> type[Exception]:
    """The class of errors of this name; its module is imported.

    Raises:
        ValueError: there is none.
    """
    module, _, last = name.rpartition(".")
    try:
        found: object = getattr(importlib.import_module(module) if module else builtins, last)
    except (ImportError, AttributeError, ValueError, TypeError):  # TypeError: as in "..errors.Gone"
        raise ValueError(f"{name!r} is no class of errors that can be imported") from None
    if not isinstance(found, type) or not issubclass(found, Exception):
        raise ValueError(f"{name!r} is no class of errors")  # noqa: TRY004 - to cattrs one bad value among others
    return found


def _are_errors(_instance: object, _attribute: "Attribute[tuple[str, ...]]", names: tuple[str, ...]) -> None:
    for name in names:
        error_class(name)


def _are_some_errors(instance: object, attribute: "Attribute[tuple[str, ...]]", names: tuple[str, ...]) -> None:
    if not names:
        raise ValueError("'errors' must name the errors that say that it is away, as in [ConnectionError]")
    _are_errors(instance, attribute, names)


def _is_positive(_instance: object, attribute: "Attribute[float]", value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise ValueError(f"'{attribute.name}' must be a number > 0: {value}")


def _is_share(_instance: object, attribute: "Attribute[float]", value: float) -> None:
    if not 0 <= value <= 10:
        raise ValueError(f"'{attribute.name}' must be a number from 0 to 10: {value}")


@frozen
class RetryPolicyConfig:
    """When an event whose handler failed is delivered again; the numbers are those of `RetryPolicy`.

    Attributes:
        immediate: so many retries at once, before any that waits.
        delay_seconds: before the first retry that waits; null: as long as the idle limit.
        max_delay_seconds: the longest delay.
        jitter: by how much a delay is longer at random, as a share of it.
        reject: errors whose events go to the dead letters at once.
    """

    immediate: int = field(default=0, validator=validators.ge(0))
    delay_seconds: float | None = field(default=None, validator=_is_positive)
    max_delay_seconds: float = field(default=3600.0, validator=_is_positive)
    jitter: float = field(default=0.5, validator=_is_share)
    reject: tuple[str, ...] = field(default=(), validator=_are_errors)

    def policy(self) -> RetryPolicy | None:
        """The same, as a group takes it; None where all is as by default."""
        if self == RetryPolicyConfig():
            return None
        errors: dict[type[Exception], RetryPolicy | Literal["reject"]] = {
            error_class(name): "reject" for name in self.reject
        }
        return RetryPolicy(self.immediate, self.delay_seconds, self.max_delay_seconds, self.jitter, errors)


@frozen
class DependencyConfig:
    """Something that handlers need and that may be away; the numbers are those of `Dependency`."""

    errors: tuple[str, ...] = field(default=(), validator=_are_some_errors)
    after: int = field(default=5, validator=validators.ge(2))
    delay_seconds: float = field(default=1.0, validator=_is_positive)
    max_delay_seconds: float = field(default=60.0, validator=_is_positive)


def dependencies(known: Mapping[str, DependencyConfig]) -> tuple[Dependency, ...]:
    """The same, as a group takes them."""
    return tuple(
        Dependency(name, tuple(map(error_class, said.errors)), said.after, said.delay_seconds, said.max_delay_seconds)
        for name, said in known.items()
    )
