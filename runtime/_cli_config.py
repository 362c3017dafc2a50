"""`redis-streams config check`: what a configuration file comes to, or all that is wrong with it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from ..wire import ServerAddress
from ._cli import Commands, UserError, say
from ._config import Config, load_config
from ._config_text import SECTION, ConfigError, Keys

_EXAMPLES = """\
  redis-streams config check events.yaml
  REDIS_URL=redis://db:6379 redis-streams config check events.yaml
"""


def add_config(commands: Commands) -> None:
    """Add `config` with its commands."""
    config = commands.group("config", summary="look at configuration files", examples=_EXAMPLES)
    check = config.add(
        "check",
        _check,
        summary="show each value in force and where it comes from, or all that is wrong",
        examples=_EXAMPLES,
    )
    check.add_argument("file", metavar="FILE", type=Path, help="a YAML file with a section redis_streams")


def _check(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    try:
        loaded = load_config(path, os.environ)
    except ConfigError as error:
        raise UserError(str(error)) from error
    rows = [
        (".".join((SECTION, *keys)), _written(value), loaded.origins.get(keys, "default"))
        for keys, value in _settings(loaded.value)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    say(f"{path} is valid; in force:")
    for name, value, origin in rows:
        say(f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {origin}")
    return 0


def _settings(config: Config) -> Iterator[tuple[Keys, object]]:
    yield ("url",), str(ServerAddress.parse(config.url))
    for section in attrs.fields(Config):
        if attrs.has(type(getattr(config, section.name))):
            yield from _inside(getattr(config, section.name), (section.name,))


def _inside(value: object, keys: Keys) -> Iterator[tuple[Keys, object]]:
    """What stands in a section, and in the sections in it."""
    kind = type(value)
    if attrs.has(kind):
        for name in attrs.fields_dict(kind):
            yield from _inside(getattr(value, name), (*keys, name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _inside(each, (*keys, str(name)))
    else:
        yield keys, value


def _written(value: object) -> str:
    """A value as one would write it in the file."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
