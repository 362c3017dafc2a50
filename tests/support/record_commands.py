"""Writes down what real servers say of their commands: ``python tests/support/record_commands.py``.

Of every version at hand: COMMAND and COMMAND DOCS, without prose, go to `commands.jsonl`, and the HELP of every
container to `help.json`, both in `simulations/server/recorded/`. A line tells a command from one version on; it is left
out where nothing changed. What modules add is left out.
"""

import json
from collections.abc import Iterator
from typing import TypeAlias

from redis_streams.simulations.real import RedisServer
from servers import CHECKOUT, servers_at_hand

FOLDER = CHECKOUT / "simulations" / "server" / "recorded"
CONTAINERS = (
    *("acl", "client", "cluster", "command", "config", "debug", "function", "latency", "memory", "module", "object"),
    *("pubsub", "script", "slowlog", "xgroup", "xinfo"),
)
DOCS = ("since", "group", "complexity", "doc_flags", "deprecated_since", "replaced_by")

Row: TypeAlias = dict[str, object]


def main() -> None:
    commands: dict[str, list[Row]] = {}
    helps: dict[str, dict[str, list[str]]] = {}
    for version, binary in servers_at_hand().items():
        name = f"{version[0]}.{version[1]}"
        with RedisServer(binary) as server:
            found = dict(rows_of(server, version))
            for command in {*commands, *found}:
                note(commands.setdefault(command, []), name, found.get(command))
            for container in CONTAINERS:
                help_lines = help_of(server, container)
                said = helps.setdefault(container, {})
                if help_lines and [*said.values()][-1:] != [help_lines]:
                    said[name] = help_lines
    lines = [json.dumps([command, *rows], separators=(",", ":")) for command, rows in sorted(commands.items())]
    (FOLDER / "commands.jsonl").write_text("\n".join(lines) + "\n")
    (FOLDER / "help.json").write_text(json.dumps(helps, indent=1, sort_keys=True) + "\n")


def note(rows: list[Row], version: str, row: Row | None) -> None:
    """Add a row if it differs from the last one; None: the command has gone."""
    last = {key: value for key, value in rows[-1].items() if key != "from"} if rows else {}
    if (row or {}) != last:
        rows.append({"from": version, **(row or {})})


def rows_of(server: RedisServer, version: tuple[int, int, int]) -> Iterator[tuple[str, Row]]:
    docs = pairs(server.cli("COMMAND", "DOCS")) if version >= (7, 0, 0) else {}
    for told in server.cli("COMMAND"):
        if "module" not in told[2]:
            yield from described(told, docs)


def described(told: list, docs: dict) -> Iterator[tuple[str, Row]]:
    name, arity, flags, first, last, step, *more = told
    row: Row = {"arity": arity, "flags": " ".join(flags), "keys": [first, last, step]}
    if more:
        row["categories"] = " ".join(category.removeprefix("@") for category in more[0])
    doc = pairs(docs.get(name, []))
    subdocs = pairs(doc.get("subcommands", []))
    row |= {key: doc[key] for key in DOCS if key in doc}
    if len(more) > 1:
        row |= {"tips": more[1]} if more[1] else {}
        row |= {"specs": [spec_of(spec) for spec in more[2]]} if more[2] else {}
    yield name, row
    for sub in more[3] if len(more) > 3 else ():
        yield from described(sub, subdocs)


def spec_of(spec: list) -> Row:
    told = pairs(spec)
    begin, find = pairs(told["begin_search"]), pairs(told["find_keys"])
    row: Row = {"flags": " ".join(told["flags"])}
    row["begin"] = [begin["type"], *pairs(begin["spec"]).values()]
    row["find"] = [find["type"], *pairs(find["spec"]).values()]
    return {"notes": told["notes"], **row} if "notes" in told else row


def pairs(flat: list) -> dict:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def help_of(server: RedisServer, container: str) -> list[str] | None:
    try:
        said = server.cli(container, "HELP")
    except Exception:  # noqa: BLE001  # it has none in this version
        return None
    return said if isinstance(said, list) else None


if __name__ == "__main__":
    main()
