"""Changing a line of production code while it is loaded, and changing it back.

A planted bug answers "what if this line were not here?". So it is written as one would change the file: the line as it
stands, and what becomes of it. The code of the function is compiled anew with the line changed and put into the
function that is there, so whoever imported that has the bug too. A line that is not there any more is an error: a
planted bug that changes nothing proves nothing.
"""

from __future__ import annotations
import __future__

import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from types import CodeType, FunctionType
from typing import Final

from attrs import frozen

from ...wire import load
from ..world import forget_scripts

LUA: Final = ".lua"


class DoesNotFit(LookupError):
    """The production code is not what a planted bug was written for; the message says where."""


@frozen
class Edit:
    """One line that is changed, or a few.

    Attributes:
        where: a function, as ``actors._link:Link.kill_former``; or one of our scripts, as ``settle.lua``.
        old: what stands there, once.
        new: what is put in its place.
    """

    where: str
    old: str
    new: str


@frozen
class Scale:
    """A number that is changed, so that a run of twenty events is large. No bug: it is changed for sound runs too.

    Attributes:
        where: a module, as ``actors._reclaimer``.
        name: of the constant.
        value: what it is to be; None: no limit.
    """

    where: str
    name: str
    value: int | None


@contextmanager
def edited(edits: Sequence[Edit], scales: Sequence[Scale] = ()) -> Iterator[None]:
    """Within this the production code is as these say; afterwards it is as it was.

    Raises:
        DoesNotFit: what is to be changed is not there.
    """
    with ExitStack() as changes:
        for scale in scales:
            changes.callback(_set_constant(scale))
        for where in dict.fromkeys(edit.where for edit in edits):
            change = _change_script if where.endswith(LUA) else _change_function
            changes.callback(change(where, [edit for edit in edits if edit.where == where]))
        yield


def _set_constant(scale: Scale) -> Callable[[], None]:
    module = _module(scale.where)
    before: object = getattr(module, scale.name)
    setattr(module, scale.name, scale.value)
    return lambda: setattr(module, scale.name, before)


def _change_function(where: str, edits: Sequence[Edit]) -> Callable[[], None]:
    function = _function(where)
    before = function.__code__
    function.__code__ = _compiled(edits, function)
    return lambda: setattr(function, "__code__", before)


def _compiled(edits: Sequence[Edit], function: FunctionType) -> CodeType:
    lines, first = inspect.getsourcelines(function)
    source = _changed(edits, textwrap.dedent("".join(lines)))
    # Behind so many empty lines, tracebacks name the lines of the file.
    whole = compile("\n" * (first - 1) + source, function.__code__.co_filename, "exec", _ANNOTATIONS, dont_inherit=True)
    return next(
        code for code in whole.co_consts if isinstance(code, CodeType) and code.co_name == function.__code__.co_name
    )


_ANNOTATIONS: Final = __future__.annotations.compiler_flag
"""As all modules have it: annotations are not looked at."""


def _change_script(where: str, edits: Sequence[Edit]) -> Callable[[], None]:
    """Scripts are loaded once, so the one that everybody has is changed."""
    script = load(where.removesuffix(LUA))
    before = script.source

    def set_source(source: str) -> None:
        object.__setattr__(script, "source", source)
        object.__setattr__(script, "sha", hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
        forget_scripts()

    set_source(_changed(edits, before))
    return lambda: set_source(before)


def _changed(edits: Sequence[Edit], source: str) -> str:
    for edit in edits:
        times = source.count(edit.old)
        if times != 1:
            raise DoesNotFit(f"{edit.where} has {times} times what is to be changed once: {edit.old!r}")
        source = source.replace(edit.old, edit.new)
    return source


def _function(where: str) -> FunctionType:
    module, _, path = where.partition(":")
    found: object = _module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    if not isinstance(found, FunctionType):
        raise DoesNotFit(f"{where} is no function")
    return found


def _module(name: str) -> object:
    return import_module(f"...{name}", __package__)
