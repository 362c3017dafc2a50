"""Plans as JSON, for files, replay lines and reports. What can't be read says where and why."""

from __future__ import annotations

import json
from typing import cast

from attrs import asdict
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_unstructure_fn
from cattrs.v import format_exception

from ._effects import KINDS, Effect
from ._plan import FORMAT, At, Plan, Site


class PlanError(ValueError):
    """A text is no plan; the message says what is wrong with it."""


def plan_to_json(plan: Plan, *, indent: int | None = None) -> str:
    """The plan as JSON; what is as by default is left out."""
    return json.dumps({"format": FORMAT, **_converter().unstructure(plan)}, indent=indent)


def plan_from_json(text: str) -> Plan:
    """The plan that a JSON text says.

    Raises:
        PlanError: it says none.
    """
    try:
        given = json.loads(text)
        if not isinstance(given, dict) or given.get("format") != FORMAT:
            raise PlanError(f'a plan is an object with "format": {FORMAT}, not {text[:60]!r}')
        return _converter().structure({key: value for key, value in given.items() if key != "format"}, Plan)
    except json.JSONDecodeError as error:
        raise PlanError(f"this is not JSON ({error}): {text[:60]!r}") from error
    except BaseValidationError as error:
        raise PlanError("; ".join(transform_error(error, format_exception=_in_words))) from error


def _in_words(error: BaseException, kind: type | None) -> str:
    """What our own checks say is better than what can be made of the error's class."""
    return str(error) if type(error) is ValueError else format_exception(error, kind)


def _converter() -> Converter:
    converter = Converter(omit_if_default=True, forbid_extra_keys=True)
    converter.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, Effect),
        lambda effect: {"kind": effect.kind, **asdict(effect)},
    )
    converter.register_structure_hook_func(lambda kind: kind is Effect, lambda given, _: _effect(converter, given))
    converter.register_structure_hook(Site | At, lambda given, _: _moment(converter, given))
    converter.register_unstructure_hook(Site | At, converter.unstructure)
    converter.register_unstructure_hook(At, make_dict_unstructure_fn(At, converter, _cattrs_omit_if_default=False))
    return converter


def _effect(converter: Converter, given: object) -> Effect:
    fields = dict(cast("dict[str, object]", given)) if isinstance(given, dict) else {}
    kind = KINDS.get(str(fields.pop("kind", None)))
    if kind is None:
        raise ValueError(f"an effect has a kind, one of {', '.join(sorted(KINDS))}, not {given!r}")
    return converter.structure(fields, kind)


def _moment(converter: Converter, given: object) -> Site | At:
    if isinstance(given, dict) and "ms" in given:
        return converter.structure(given, At)
    return converter.structure(given, Site)
