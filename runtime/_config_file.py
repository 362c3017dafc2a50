"""Reads YAML into attrs classes so strictly that every mistake is told, at once, where it stands.

Three steps. PyYAML makes plain data (a repeated key is an error, a date stays text). The environment's variables are
laid over it. Cattrs structures it, without ever turning one type into another; all that is wrong in all sections comes
out as one exception group, which becomes one line for each mistake.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar, get_args, get_origin

import attrs
import cattrs
from attrs import frozen
from cattrs.errors import AttributeValidationNote, ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from ._config_text import SECTION, ConfigError, Keys, near, shown

T = TypeVar("T")
Hook = Callable[[object, object], object]
_SECRET_KEY = re.compile("pass|secret|token|credential", re.IGNORECASE)


@frozen
class Loaded(Generic[T]):
    """A configuration, and where those of its values come from that are no defaults.

    Attributes:
        value: the configuration.
        origins: keys to "file" or the name of an environment variable.
    """

    value: T
    origins: Mapping[Keys, str]


# -- plain data to classes


def structured(
    kind: type[T], content: object, environ: Mapping[str, str], variables: Mapping[str, Keys], source: str
) -> Loaded[T]:
    """Make a configuration of plain data, overridden by environment variables.

    Args:
        kind: the attrs class to make.
        content: what stands in the section; None is an empty one.
        environ: the environment; an empty variable counts as absent.
        variables: the variables to look at, and the keys that they override.
        source: what errors call the file.

    Raises:
        ConfigError: all that cannot be used.
    """
    origins: dict[Keys, str] = dict.fromkeys(_leaves(content), "file")
    tree = content
    for variable, keys in variables.items():
        if environ.get(variable):
            tree = _overridden(tree, keys, _of_variable(environ[variable], kind, keys))
            origins[keys] = variable
    try:
        return Loaded(_CONVERTER.structure(tree, kind), origins)
    except ClassValidationError as error:
        problems = _problems(error, (), tree)
        lines = [_told(keys, problem, origins, source) for keys, problem in problems]
        raise ConfigError(*lines) from None
    except ValueError as error:
        raise ConfigError(_told((), str(error), origins, source)) from None


def _of_variable(text: str, kind: type, keys: Keys) -> object:
    """A variable is text. Where the key wants a number it is read as one; what is none is told as a mistake."""
    first, *rest = keys
    wanted = attrs.fields_dict(kind)[first].type
    if rest and isinstance(wanted, type):
        return _of_variable(text, wanted, tuple(rest))
    if wanted in (str, str | None):
        return text
    try:
        return int(text)
    except ValueError:
        return text


def _overridden(tree: object, keys: Keys, value: object) -> object:
    """The tree with one value replaced; what is no section stays as it is, to be told as the mistake that it is."""
    if tree is not None and not isinstance(tree, dict):
        return tree
    first, *rest = keys
    branch: dict[str, object] = dict(tree or {})
    branch[first] = _overridden(branch.get(first), tuple(rest), value) if rest else value
    return branch


def _leaves(tree: object, keys: Keys = ()) -> Iterator[Keys]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*keys, str(key)))
    elif tree is not None:
        yield keys


def _number(value: object, _: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"must be a number, not {shown(value)}")


def _whole_number(value: object, _: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"must be a whole number, not {shown(value)}")


def _truth(value: object, _: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, not {shown(value)}")


def _text(value: object, _: object) -> str:
    if isinstance(value, str):
        return _sayable(value)
    # Not with the value: 007 is a 7 by now, and a `no` is false.
    hint = ": write it in quotes, as it stands there" if isinstance(value, (int, float)) else ""
    raise ValueError(f"must be text, not {shown(value)}{hint}")


def _sayable(text: str) -> str:
    try:
        text.encode("utf-8", "surrogateescape")  # as it is sent: a variable may hold other bytes
    except UnicodeEncodeError:
        raise ValueError(f"must be text that UTF-8 can say, not {shown(text)}") from None
    return text


def _is_mapping(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _texts(value: object, _: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise ValueError(f"must be a list of texts, not {shown(value)}")


def _sections_hook(kind: object) -> Hook:
    """How cattrs makes sections of one kind by their names, so that all mistakes are found."""
    section: object = get_args(kind)[1]

    def structure(content: object, _: object) -> object:
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise ValueError(f"must be a section with names as keys, not {shown(content)}")  # noqa: TRY004
        made, problems = dict[str, object](), list[Exception]()
        for name, inside in content.items():
            try:
                made[str(name)] = _CONVERTER.structure(inside, section)  # type: ignore[arg-type]  # a class
            except Exception as error:  # noqa: BLE001 - all mistakes are told at once
                error.__notes__ = [AttributeValidationNote("", str(name), section)]  # type: ignore[attr-defined]
                problems.append(error)
        if problems:
            raise ClassValidationError("", problems, Mapping)
        return made

    return structure


def _section_hook(kind: type[attrs.AttrsInstance]) -> Hook:
    """How cattrs makes one attrs class: each attribute by its type and validator, so that all mistakes are found."""
    attributes = attrs.fields(kind)
    names = [attribute.name for attribute in attributes]
    make = make_dict_structure_fn(
        kind,
        _CONVERTER,
        **{attribute.name: cattrs.override(struct_hook=_checked(attribute)) for attribute in attributes},  # type: ignore[arg-type]  # its own options begin with _cattrs, no key of ours does
    )

    def structure(content: object, _: object) -> object:
        if content is None:
            return kind()
        if not isinstance(content, dict):
            # Not TypeError: to cattrs this is one bad value among others.
            example = f"must be a section with keys such as {names[0]!r}"
            raise ValueError(f"{example}, not {shown(content)}")  # noqa: TRY004
        return make(content, kind)

    return structure


def _checked(attribute: "attrs.Attribute[object]") -> Hook:
    def structure(value: object, _: object) -> object:
        made: object = _CONVERTER.structure(value, attribute.type or object)
        if attribute.validator is not None:
            try:
                attribute.validator(None, attribute, made)
            except ValueError as error:
                raise ValueError(_plain(str(error), attribute.name, made, value)) from error
        return made

    return structure


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(int, _whole_number)
_CONVERTER.register_structure_hook(float, _number)
_CONVERTER.register_structure_hook(bool, _truth)
_CONVERTER.register_structure_hook(str, _text)
_CONVERTER.register_structure_hook_func(lambda kind: bool(kind == tuple[str, ...]), _texts)
_CONVERTER.register_structure_hook_factory(_is_mapping, _sections_hook)
_CONVERTER.register_structure_hook_factory(attrs.has, _section_hook)


# -- mistakes to lines


def _problems(error: ClassValidationError, keys: Keys, content: object) -> Iterator[tuple[Keys, str]]:
    """Each mistake in the group, with its keys."""
    section: dict[object, object] = content if isinstance(content, dict) else {}
    of_attributes, of_the_section = error.group_exceptions()
    for problem in of_the_section:
        if isinstance(problem, ForbiddenExtraKeysError):
            known = [attribute.name for attribute in attrs.fields(problem.cl)]
            for key in problem.extra_fields:
                yield (*keys, str(key)), _unknown(str(key), section[key], known)
        else:
            yield keys, str(problem)
    for problem, note in of_attributes:
        inside = (*keys, note.name)
        if isinstance(problem, ClassValidationError):
            yield from _problems(problem, inside, section[note.name])
        else:
            yield inside, str(problem)


def _unknown(key: str, value: object, known: list[str]) -> str:
    meant = near(key, known)
    hint = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
    told = "'***'" if _SECRET_KEY.search(key) and isinstance(value, (str, int)) else shown(value)
    return f"unknown key (value {told}); {hint}"


def _plain(message: str, name: str, made: object, value: object) -> str:
    """The sentence of one of attrs' validators, without the name that stands in front of the line already."""
    told = message.removeprefix(f"'{name}' ")
    return f"{told.removesuffix(f': {made}')}, not {shown(value)}" if told != message else message


def _told(keys: Keys, problem: str, origins: Mapping[Keys, str], source: str) -> str:
    origin = origins.get(keys, "file")
    if origin != "file":
        return f"environment variable {origin}: {problem}"
    return f"{source}: {'.'.join((SECTION, *keys))}: {problem}"
