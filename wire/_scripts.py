"""Lua scripts, loaded from `scripts/`."""

from __future__ import annotations

import hashlib
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


@cache
def load(name: str) -> Script:
    """The script in ``scripts/NAME.lua``."""
    source = files(scripts).joinpath(f"{name}.lua").read_text(encoding="utf-8")
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
