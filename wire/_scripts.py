"""Lua scripts, loaded from `scripts/`.

Redis runs each by itself, so what several of them need stands in `scripts/parts/`, and a script that has a line
``-- With: NAME, NAME`` gets these parts in its place.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

from attrs import frozen

from . import scripts


@frozen
class Script:
    """A Lua script by its name; Redis knows it by the SHA-1 of its source."""

    name: str
    source: str
    sha: str


_WITH = re.compile(r"^-- With: (.+)\n", re.MULTILINE)


@cache
def load(name: str) -> Script:
    """The script in ``scripts/NAME.lua``."""
    source = _WITH.sub(lambda line: "\n".join(map(_part, line[1].split(", "))), _text(f"{name}.lua"))
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


def _part(name: str) -> str:
    return _text(f"parts/{name}.lua")


def _text(path: str) -> str:
    return files(scripts).joinpath(path).read_text(encoding="utf-8")
