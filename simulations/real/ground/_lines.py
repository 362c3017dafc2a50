"""Records as lines of JSON, which go from a process of the run to the one that keeps its journal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TypeVar, cast

from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn
from typing_extensions import override

from ....actors import ActorEvent, text_of
from ....wire import EntryId, LinkEvent
from ...history import Record

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

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
    converter.register_unstructure_hook_func(_is_error, lambda error: None if error is None else _said_of(error))
    converter.register_structure_hook_func(_is_error, lambda given, _: _error(cast("Mapping[str, object]", given)))
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


def _said_of(error: BaseException) -> dict[str, object]:
    """With what is in it and behind it: whether a crash is excused lies there."""
    if isinstance(error, BaseExceptionGroup):
        return {"group": error.message, "errors": [_said_of(each) for each in error.exceptions]}
    cause = None if error.__cause__ is None else _said_of(error.__cause__)
    return {"type": type(error).__name__, "text": text_of(error), "cause": cause}


def _error(said: Mapping[str, object]) -> Exception:
    if "group" in said:
        return ExceptionGroup(
            str(said["group"]), [_error(each) for each in cast("list[dict[str, object]]", said["errors"])]
        )
    named = cast("type[RaisedElsewhere]", type(str(said["type"]), (RaisedElsewhere,), {}))
    error = named(said["text"])
    error.__cause__ = None if said["cause"] is None else _error(cast("dict[str, object]", said["cause"]))
    return error
