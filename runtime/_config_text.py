"""A configuration file's text, and what stands under our key in it, as plain data."""

import difflib
import re
from pathlib import Path

import yaml
from typing_extensions import override

SECTION = "redis_streams"
"""The top-level key that is ours; a file may have others, for other programs."""

Keys = tuple[str, ...]
_SHOWN_CHARACTERS = 80


class ConfigError(ValueError):
    """A configuration that cannot be used: one line for each problem, with where it stands and what to write.

    Args:
        problems: the lines.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    @override
    def __str__(self) -> str:
        return "\n".join(self.problems)


class _Loader(yaml.SafeLoader):
    """YAML without two of its surprises: repeated keys, and dates that are no text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._looked_at = set[yaml.MappingNode]()

    @override
    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # Once, and before: what is merged (<<) into a section stands beside the keys that override it then.
        if node not in self._looked_at:
            self._looked_at.add(node)
            _check_keys([key for key, _ in node.value])
        super().flatten_mapping(node)

    @override
    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        try:
            made: object = super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError) as error:
            # Not str(error): it quotes the value. An AttributeError is what comes of a date that looks like none.
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"can't be read as {kind}", node.start_mark) from error
        return made


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check_keys(keys: list[yaml.Node]) -> None:
    seen = set[str]()
    for key in keys:
        if not isinstance(key, yaml.ScalarNode):
            kind = "a section" if isinstance(key, yaml.MappingNode) else "a list"
            raise yaml.constructor.ConstructorError(None, None, f"a key is one word, not {kind}", key.start_mark)
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
        seen.add(key.value)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: is no UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
        ) from error


def read_yaml(text: str, source: str) -> object:
    """What stands under `redis_streams` in a YAML text.

    Raises:
        ConfigError: it is no YAML, or has no such section.
    """
    try:
        content: object = yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader, with two surprises fewer
    except yaml.MarkedYAMLError as error:
        # Not str(error): it quotes the line, and a password may stand there.
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise ConfigError(f"{source}: {where}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{source}: is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{source}: must have a section {SECTION!r}, but is {shown(content)}")
    if SECTION not in content:
        keys = [str(key) for key in content]
        hint = f"; is it {near(SECTION, keys)}?" if near(SECTION, keys) else ""
        raise ConfigError(f"{source}: the section {SECTION!r} is missing{hint}")
    endless = _endless(content[SECTION], (SECTION,), frozenset())
    if endless is not None:
        raise ConfigError(f"{source}: {'.'.join(endless)}: contains itself, by an alias")
    return content[SECTION]


def _endless(tree: object, keys: Keys, around: frozenset[int]) -> Keys | None:
    """Where something stands that it stands in itself, which an alias (*) can say."""
    if id(tree) in around:
        return keys
    if isinstance(tree, dict):
        inside = [(str(key), value) for key, value in tree.items()]
    elif isinstance(tree, list):
        inside = [(str(place), value) for place, value in enumerate(tree, 1)]
    else:
        return None
    places = (_endless(value, (*keys, key), around | {id(tree)}) for key, value in inside)
    return next((place for place in places if place is not None), None)


def near(key: str, known: list[str]) -> str | None:
    """The known key that was meant, as it seems, in quotes."""
    found = difflib.get_close_matches(key, known, n=1)
    return repr(found[0]) if found else None


def shown(value: object) -> str:
    """A value as it is written in YAML, or what kind of thing it is; never a password in a URL."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return str(value)
    masked = re.sub(r"(password=)[^&\s]*", r"\1***", re.sub(r"//[^@\s]*@", "//***@", value))
    return repr(masked if len(masked) <= _SHOWN_CHARACTERS else masked[:_SHOWN_CHARACTERS] + "…")
