"""Which fields INFO has in each version, in which order.

They were written down from real servers (`recorded/info.jsonl`, by tests/support/record_info.py) with what an empty one
says; that stands where this server has no number of its own. A version that was not at hand has the fields of the next
older one, and at the end of each section what is known to be new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import cast

from .._profile import Profile

Field = tuple[str, object]


def completed(profile: Profile, section: str, fields: Iterable[Field]) -> Iterator[Field]:
    """The fields of a section, with those that only real servers have something to say for."""
    known = dict(fields)
    for name, empty in _recorded(profile).get(section, ()):
        yield name, known.pop(name, empty)
    yield from known.items()


@lru_cache
def _recorded(profile: Profile) -> Mapping[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    text = files("redis_streams.simulations.server").joinpath("recorded/info.jsonl").read_text("utf-8")
    for line in text.splitlines():
        section, version, fields = cast("tuple[str, str, list[tuple[str, str]]]", json.loads(line))
        if profile.since(*map(int, version.split("."))):
            found[section] = fields
    return found
