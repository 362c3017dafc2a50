"""Writes `docs/reference.md` from the code: ``python tests/support/reference.py`` prints it, ``--write`` writes it."""

import inspect
import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import redis_streams
from redis_streams import ActorEvent, Config, GroupOptions, Limits, Timeouts
from redis_streams.wire import LinkEvent

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"

GROUPS = {
    "For Trio": [
        "Runtime",
        "GroupOptions",
        "ReaderOptions",
        "ConsumerGroup",
        "Seek",
        "Reclaim",
        "StreamOptions",
        "Retention",
        "Replicated",
        "Event",
        "Lease",
        "NewEvent",
        "event_type",
        "Snapshot",
    ],
    "Dead letters": ["DeadLetters", "DeadLetter", "DeadLetterFilter", "Redriven", "DeadLetterManager"],
    "Publishing later": ["Schedules", "Schedule", "ScheduleManager"],
    "Without Trio": ["StreamProducer", "StreamConsumer", "StreamManager", "ConsumerGroupManager", "RedisConnection"],
    "Configuration": ["Config", "ConfigError"],
    "Codecs": ["Codec", "Content", "JsonCodec", "FieldsCodec", "UndecodableEntry"],
    "Retries and outages": ["RetryPolicy", "RetryLater", "Reject", "Dependency"],
    "Policies": ["Retry", "Timeouts", "Limits", "Backoff", "Ports"],
    "Watching": ["log_event", "describe"],
    "Ids and addresses": ["EntryId", "ServerAddress"],
}

MADE_WITH = ("Runtime", "StreamConsumer", "StreamProducer", "RedisConnection")
VALUES = ("Reclaim", "RetryPolicy", "Retry", "Timeouts", "Limits", "Backoff")

TYPES = """## Types for annotations

| | |
|---|---|
| `Json` | Anything that JSON can say. |
| `Observer` | A function that hears everything that happens, in the task where it happens; it must not block. |
| `RuntimeEvent` | What it hears: an `ActorEvent`, or one of `LinkUp` and `LinkDown`. |
| `ActorEvent` | Something happened to the actor at `path`. |
"""

HEAD = """# Reference

All public names of `redis_streams`, each with what its docstring says first; `help(redis_streams.Runtime)` and your
editor show the rest. This page is made from the code: `python tests/support/reference.py --write`.

Three packages beneath are public too: `redis_streams.actors` (supervisors, stages, mailboxes, for actors of your own),
`redis_streams.wire` (the Redis client) and `redis_streams.simulations` (for
[tests of your handlers](testing-your-handlers.md)).
"""

ENVIRONMENT = """## Environment variables

They override the file; an empty one counts as absent. They are read by `Config.load`, `Runtime.from_config`,
`Runtime.from_environment`, `StreamConsumer.from_config` and `StreamProducer.from_config`.

| variable | instead of |
|---|---|
| `REDIS_URL` | `url` |
| `STREAM_NAME` | `producer.stream`, which is what the consumer reads too where no `consumer.stream` is given |
| `CONSUMER_GROUP` | `consumer.group` |
| `CONSUMER_NAME` | `consumer.name` |
| `MAX_DELIVERIES` | `consumer.max_deliveries` |
"""

COMMANDS = r"""## Command line

| | |
|---|---|
| `redis-streams demo` | see events flow through actors, with faults, and count what is lost |
| `redis-streams simulate [SCENARIO …]` | run applications under faults, in virtual time, and judge what happened |
| `redis-streams serve` | run the simulated Redis server, so that any client can talk to it; Ctrl-C ends it |
| `redis-streams config check FILE` | show what a configuration file says, or all that is wrong with it |
| `redis-streams group list STREAM` | list the consumer groups of a stream: how far they are, and which are paused |
| `redis-streams group pause\|resume STREAM GROUP` | have all processes of a group begin nothing more, and go on |
| `redis-streams group seek STREAM GROUP --to PLACE` | have a group go on at another place, or see what that would do |
| `redis-streams dead list\|show\|edit\|redrive\|purge STREAM GROUP` | look after the dead letters of a consumer group |
| `redis-streams schedule list\|cancel STREAM` | see what is to be published later, and cancel it |
| `redis-streams doctor` | show what a Redis can do, which ways are taken with it, and how safe it keeps what it has |
"""


def said(thing: object) -> str:
    """The first paragraph of a docstring, in one line."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split())


def rows(names: Iterable[str]) -> str:
    """A table of names and what they are."""
    body = "".join(f"| `{name}` | {said(getattr(redis_streams, name))} |\n" for name in names)
    return f"| | |\n|---|---|\n{body}"


def attributes(cls: type, section: str = "Attributes") -> dict[str, str]:
    """What a class says about each of its attributes, or of its arguments."""
    found: dict[str, str] = {}
    name = ""
    lines = (inspect.getdoc(cls) or "").partition(f"{section}:\n")[2].splitlines()
    for line in lines:
        if line.startswith("    ") and not line.startswith("     "):
            name, _, text = line.strip().partition(": ")
            found[name] = text
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return {each.strip(): text for names, text in found.items() for each in names.split(",")}


def shown(default: object) -> str:
    """A default as one would write it."""
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return ""
    return f"`{default}`" if isinstance(default, redis_streams.EntryId) else f"`{default!r}`"


def in_yaml(default: object) -> str:
    """A default as one would write it in a file."""
    if default is None or isinstance(default, Mapping):
        return ""
    if isinstance(default, tuple):
        return f"`{list(default)}`"
    return (
        f"`{str(default).lower()}`"
        if isinstance(default, bool)
        else f'`"{default}"`'
        if isinstance(default, str)
        else f"`{default}`"
    )


def parameters(cls: type) -> str:
    """A table of a class's parameters, as its docstring has them."""
    about = attributes(cls, "Args")
    body = ""
    for name, parameter in inspect.signature(cls).parameters.items():
        default = (
            ""
            if parameter.default is parameter.empty
            else f"`{getattr(parameter.default, '__name__', None) or repr(parameter.default)}`"
        )
        body += f"| `{name}` | {default} | {about.get(name, '')} |\n"
    return f"| parameter | default | |\n|---|---|---|\n{body}"


def options(cls: type) -> str:
    """A table of a class's attributes."""
    about = attributes(cls)
    body = "".join(
        f"| `{each.name}` | {shown(each.default)} | {about.get(each.name, '')} |\n" for each in attrs.fields(cls)
    )
    return f"| option | default | |\n|---|---|---|\n{body}"


def keys(cls: type = Config, path: str = "") -> Iterable[str]:
    """Each key of the configuration, with its default. What a key is, is often said where it goes."""
    about = {"url": "the server.", **attributes(GroupOptions), **attributes(Timeouts), **attributes(Limits)}
    about.update(attributes(redis_streams.StreamOptions))
    about.update(attributes(cls))
    for each in attrs.fields(cls):
        key = f"{path}{each.name}"
        if attrs.has(type(each.default)):
            yield from keys(type(each.default), f"{key}.")
        else:
            yield f"| `{key}` | {in_yaml(each.default)} | {about.get(each.name, '')} |"


def events() -> Iterable[str]:
    """Each event that an observer may hear, the loudest first."""
    known = [cls for base in (ActorEvent, LinkEvent) for cls in base.__subclasses__()]
    # attrs makes a second class where there are slots; the first one is still about.
    classes = [cls for cls in known if getattr(sys.modules[cls.__module__], cls.__name__, None) is cls]
    for cls in sorted(classes, key=lambda cls: (-cls.level, cls.__name__)):
        yield f"| `{cls.__name__}` | {logging.getLevelName(cls.level)} | {said(cls)} |"


def page() -> str:
    """The whole page."""
    grouped = {name for names in GROUPS.values() for name in names}
    exported = [name for name in redis_streams.__all__ if name not in grouped]
    errors = [name for name in exported if isinstance(getattr(redis_streams, name), type(Exception))]
    errors = [name for name in errors if issubclass(getattr(redis_streams, name), Exception)]
    parts = [HEAD, *(f"## {title}\n\n{rows(names)}" for title, names in GROUPS.items())]
    parts.append(TYPES)
    parts.append(f"## Errors\n\n{rows(errors)}")
    parts.append(f"## Options of a group\n\nKeywords of `Runtime.handler`.\n\n{options(GroupOptions)}")
    parts.append(f"## Options of a reader\n\nKeywords of `Runtime.reader`.\n\n{options(redis_streams.ReaderOptions)}")
    parts.append(f"## Options of a stream\n\nKeywords of `Runtime.stream`.\n\n{options(redis_streams.StreamOptions)}")
    parts += [f"## Parameters of {name}\n\n{parameters(getattr(redis_streams, name))}" for name in MADE_WITH]
    parts += [f"## Fields of {name}\n\n{options(getattr(redis_streams, name))}" for name in VALUES]
    table = "\n".join(keys())
    parts.append(
        "## Configuration keys\n\nOf a YAML file, under `redis_streams:`.\n\n"
        f"| key | default | |\n|---|---|---|\n{table}\n"
    )
    parts += [ENVIRONMENT, COMMANDS]
    heard = "\n".join(events())
    parts.append(
        "## Events\n\nWhat an `observer` hears. Each has `level`, and `words()` for a line of a log.\n\n"
        f"| event | level | |\n|---|---|---|\n{heard}\n"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page())
    else:
        sys.stdout.write(page())
