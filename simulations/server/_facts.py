"""What a real server of a version says of its commands: flags, categories, where their keys are.

It was written down from real servers (`recorded/commands.jsonl`, by tests/support/record_commands.py); a version that
was not at hand has what the next older one says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TypedDict, cast

from attrs import frozen

from ._profile import Profile


class _Spec(TypedDict, total=False):
    notes: str
    flags: str
    begin: list[str | int]
    find: list[str | int]


_Row = TypedDict(
    "_Row",
    {
        "from": str,
        "arity": int,
        "flags": str,
        "keys": list[int],
        "categories": str,
        "tips": list[str],
        "specs": list[_Spec],
        "since": str,
        "group": str,
        "complexity": str,
        "doc_flags": list[str],
        "deprecated_since": str,
        "replaced_by": str,
    },
    total=False,
)


@frozen
class KeySpec:
    """Where a command has keys, and what becomes of them.

    Attributes:
        flags: "RO", "RW", "OW" or "RM", with "access", "update", "insert", "delete" and others.
        begin: ("index", word) or ("keyword", word, from where) or ("unknown",).
        find: ("range", last, step, limit) or ("keynum", where the number is, first, step) or ("unknown",).
        notes: what COMMAND INFO adds for people.
    """

    flags: Sequence[str]
    begin: Sequence[str | int]
    find: Sequence[str | int]
    notes: str = ""


@frozen
class Facts:
    """A command, or a subcommand, as COMMAND tells it.

    Attributes:
        arity, flags, keys, categories, tips, specs: as in COMMAND INFO.
        docs: names and values of COMMAND DOCS that are no prose.
    """

    arity: int
    flags: Sequence[str]
    keys: tuple[int, int, int]
    categories: Sequence[str]
    tips: Sequence[str]
    specs: Sequence[KeySpec]
    docs: Mapping[str, str | Sequence[str]]


@lru_cache
def facts(profile: Profile) -> Mapping[str, Facts]:
    """Of every command of a version, by full name as in "xgroup|create"; subcommands have their own since 7.0."""
    version = profile.version[:2]
    found: dict[str, Facts] = {}
    for line in files(__package__).joinpath("recorded/commands.jsonl").read_text("utf-8").splitlines():
        name, *rows = cast("list[str | _Row]", json.loads(line))
        row = _row_of(cast("list[_Row]", rows), version)
        if row is not None and "arity" in row and ("|" not in str(name) or profile.since(7, 0)):
            found[str(name)] = _facts(row)
    return found


def flags_of(profile: Profile, name: str) -> Sequence[str]:
    """The flags of a command, by its full name."""
    known = facts(profile).get(name) or facts(profile).get(name.partition("|")[0])
    return () if known is None else known.flags


def _row_of(rows: Sequence[_Row], version: tuple[int, int]) -> _Row | None:
    known = [row for row in rows if _version(row["from"]) <= version]
    if known:
        return known[-1]
    # It came between two versions that were at hand.
    return rows[0] if _version(rows[0].get("since", "99.0")) <= version else None


def _facts(row: _Row) -> Facts:
    first, last, step = row["keys"]
    docs: dict[str, str | Sequence[str]] = {}
    for name in ("since", "group", "complexity", "doc_flags", "deprecated_since", "replaced_by"):
        if name in row:
            docs[name] = row[name]
    return Facts(
        row["arity"],
        row["flags"].split(),
        (first, last, step),
        row.get("categories", "").split(),
        row.get("tips", []),
        [
            KeySpec(spec["flags"].split(), spec["begin"], spec["find"], spec.get("notes", ""))
            for spec in row.get("specs", [])
        ],
        docs,
    )


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


@lru_cache
def key_specs(name: str) -> Sequence[KeySpec]:
    """Where a command's keys are: what the newest version says, as those before 7.0 say little."""
    return _newest_specs().get(name, ())


@lru_cache
def _newest_specs() -> Mapping[str, Sequence[KeySpec]]:
    return {name: each.specs for name, each in {**facts(Profile.of("7.0")), **facts(Profile.of("8.6"))}.items()}


@lru_cache
def help_since() -> Mapping[str, tuple[int, int]]:
    """The first version that has HELP, of each container."""
    return {container: min(map(_version, texts)) for container, texts in _helps().items() if texts}


@lru_cache
def _helps() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = files(__package__).joinpath("recorded/help.json").read_text("utf-8")
    return cast("dict[str, dict[str, list[str]]]", json.loads(text))


@lru_cache
def help_texts(profile: Profile) -> Mapping[str, Sequence[str]]:
    """What the HELP of each container says in a version; containers that have none are left out."""
    found: dict[str, Sequence[str]] = {}
    for container, texts in _helps().items():
        known = [lines for name, lines in texts.items() if _version(name) <= profile.version[:2]]
        if known:
            found[container] = known[-1]
    return found
