"""Typed events: an attrs class is an event type, and cattrs structures it on arrival."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

import attrs
import cattrs
from cattrs.preconf.json import make_converter

from ._errors import UndecodableEntry

C = TypeVar("C", bound=type)

_NAME_ATTRIBUTE = "__event_type__"

_AS_THEY_ARE: Final = frozenset((dict, list, str, int, float, bool, type(None)))
"""Types of which it is known without asking that they are no attrs classes."""


def event_type(name: str) -> Callable[[C], C]:
    """Class decorator: events of this class have this type name, instead of the name of the class.

    ::

        @event_type("order.placed")
        @attrs.frozen
        class OrderPlaced: ...
    """
    if not name:
        raise ValueError("event_type needs a non-empty name like 'order.placed'")

    def decorate(cls: C) -> C:
        setattr(cls, _NAME_ATTRIBUTE, name)
        return cls

    return decorate


def type_name(cls: type) -> str:
    """The event type name of a class.

    Raises:
        TypeError: it is not an attrs class, so there is nothing that cattrs could structure.
    """
    if not attrs.has(cls):
        raise TypeError(
            f"{cls.__name__} is not an attrs class, so it names no event type: give event_type='order.placed', or a "
            "NewEvent; a class of your own is decorated with @attrs.frozen"
        )
    # From the class itself, not inherited: a subclass is an event type of its own.
    name = cls.__dict__.get(_NAME_ATTRIBUTE, cls.__name__)
    return str(name)


class Structure:
    """Turns instances into JSON and back; the converter can be had to teach it more types."""

    @cached_property
    def converter(self) -> cattrs.Converter:
        """Made when it is asked for: it takes ten milliseconds, and many runtimes never see a typed event."""
        return make_converter()

    def to_json(self, instance: object) -> object:
        """What an instance of an attrs class looks like in JSON; anything else is left to the encoder as it is."""
        cls = type(instance)
        if cls in _AS_THEY_ARE or not attrs.has(cls):
            return instance
        plain: object = self.converter.unstructure(instance)
        return plain

    def from_json(self, payload: object, cls: type) -> object:
        """An instance of the class.

        Raises:
            UndecodableEntry: the payload does not fit; the message names each field at fault.
        """
        try:
            instance: object = self.converter.structure(payload, cls)
        except Exception as error:
            faults = "; ".join(cattrs.transform_error(error))
            raise UndecodableEntry(f"payload does not fit {cls.__name__}: {faults}") from error
        return instance
