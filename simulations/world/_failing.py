"""An error in the words of a run: what it is, and where in the user's code it was raised."""

from __future__ import annotations

import os.path
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from ...actors import text_of

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

_OURS: Final = (str(Path(__file__).parents[2]), str(Path(trio.__file__).parent))
_LIBRARIES: Final = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def in_words(error: BaseException) -> str:
    """The error itself, without the groups around it, and its place."""
    inner = _inner(error)
    return f"{type(inner).__name__}: {text_of(inner)}{place_of(inner)}"


def place_of(error: BaseException) -> str:
    """Where it was raised, as in " at shop.py:12, in charge"; "" where no line of the user's code was under way.

    That is the innermost line outside of libraries: what those raise is mostly about what they were given.
    """
    lines = [(frame.f_code, line) for frame, line in traceback.walk_tb(_inner(error).__traceback__)]
    theirs = [(code, line) for code, line in lines if not _within(code.co_filename, _OURS)]
    own = [(code, line) for code, line in theirs if not _within(code.co_filename, _LIBRARIES)]
    if not theirs:
        return ""
    code, line = (own or theirs)[-1]
    return f" at {_short(code.co_filename)}:{line}, in {code.co_name}"


def _inner(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _within(file: str, folders: Sequence[str]) -> bool:
    return any(file.startswith(folder + os.path.sep) for folder in folders)


def _short(file: str) -> str:
    """As it is seen from here."""
    return os.path.relpath(file) if _within(file, [str(Path.cwd())]) else Path(file).name
