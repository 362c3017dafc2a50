"""Records as lines of JSON, which go from a process of the run to the one that keeps its journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeVar, cast

from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn
from typing_extensions import override

from ....actors import ActorEvent
from ....wire import EntryId, LinkEvent
from ...history import Record

T = TypeVar("T")


class RaisedElsewhere(Exception):
    """An error of another process: its text, in a class of its name."""

    @override
    def __str__(self) -> str:
        return str(self.args[0])


def record_to_line(record: Record) -> str:
    """The record as JSON, without a line end."""
    return json.dumps(_converter().unstructure(record))


def record_from_line(line: str | bytes) -> Record:
    """The record that a line says.

    Raises:
        ValueError, cattrs.BaseValidationError: it says none.
    """
    return cast("Record", _known(_converter(), json.loads(line)))


@cache
def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(bytes, lambda value: value.decode("latin-1"))
    converter.register_structure_hook(bytes, lambda value, _: str(value).encode("latin-1"))
    converter.register_unstructure_hook(EntryId, str)
    converter.register_structure_hook(EntryId, lambda value, _: EntryId.parse(str(value)))
    converter.register_unstructure_hook_func(
        _is_error, lambda error: None if error is None else {"type": type(error).__name__, "text": str(error)}
    )
    converter.register_structure_hook_func(_is_error, lambda given, _: _error(given))
    converter.register_unstructure_hook_factory(_has_kind, lambda kind: _with_kind(converter, kind))
    converter.register_structure_hook(ActorEvent | LinkEvent, lambda given, _: _known(converter, given))
    return converter


def _has_kind(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record | ActorEvent | LinkEvent)


def _with_kind(converter: Converter, kind: type[T]) -> Callable[[T], dict[str, object]]:
    plain = make_dict_unstructure_fn(kind, converter)
    return lambda value: {"kind": kind.__name__, **plain(value)}


def _known(converter: Converter, given: object) -> Record | ActorEvent | LinkEvent:
    fields = dict(cast("dict[str, object]", given))
    kind = str(fields.pop("kind", None))
    for family in (Record, ActorEvent, LinkEvent):
        for known in _all_of(family):
            if known.__name__ == kind:
                return cast("Record | ActorEvent | LinkEvent", converter.structure(fields, known))
    raise ValueError(f"{kind!r} is no kind of record or event")


def _all_of(family: type[T]) -> Iterator[type[T]]:
    for kind in family.__subclasses__():
        yield kind
        yield from _all_of(kind)


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _error(given: object) -> Exception:
    said = cast("dict[str, str]", given)
    named = cast("type[RaisedElsewhere]", type(said["type"], (RaisedElsewhere,), {}))
    return named(said["text"])
