"""Validators for what users say: of the right type, or an error with the name and the value, where it was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from attrs import Attribute

T = TypeVar("T")


class _Named(Protocol):
    """What is looked at, an attribute of an attrs class."""

    @property
    def name(self) -> str: ...


def whole(_options: object, attribute: _Named, value: object) -> None:
    """It is an int: Redis takes no other number for a count or a time in milliseconds, and 500.0 is one of those."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{attribute.name} must be a whole number, as an int, not {value!r}")


def number(_options: object, attribute: _Named, value: object) -> None:
    """It is an int or a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{attribute.name} must be a number, not {value!r}")


def instance(kind: type[T]) -> Callable[[object, Attribute[T], T], None]:
    """It is one of this class; attrs' own validator says so with the whole attribute."""

    def check(_options: object, attribute: Attribute[T], value: object) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{attribute.name} must be a {kind.__name__}, not {value!r}")

    return check


def whole_or_none(options: object, attribute: _Named, value: object) -> None:
    """It is an int, if it is said."""
    if value is not None:
        whole(options, attribute, value)


def number_or_none(options: object, attribute: _Named, value: object) -> None:
    """It is an int or a float, if it is said."""
    if value is not None:
        number(options, attribute, value)
