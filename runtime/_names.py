"""Consumer names made from a template, so that the same configuration serves all processes of a deployment."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from typing import Final

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_OF_ENVIRONMENT: Final = "env:"


def expand(template: str, environ: Mapping[str, str] | None = None, *, whose: str = "consumer") -> str:
    """The name that a template stands for, here and now: a fork has a ``{pid}`` of its own.

    Args:
        template: a name with ``{host}``, ``{pid}`` or ``{env:NAME}`` in it, or without any.
        environ: the environment variables; None: those of this process.
        whose: name it is, for messages.

    Raises:
        ValueError: a placeholder that nobody knows, or an environment variable that is not set.
    """

    def fill(place: re.Match[str]) -> str:
        word = place.group(1)
        if word in _KNOWN:
            return _KNOWN[word]()
        variable = word.removeprefix(_OF_ENVIRONMENT)
        if variable in ("", word):
            raise ValueError(
                f"{whose} name {template!r}: nobody knows {place.group()}; write {{host}}, {{pid}} or {{env:NAME}}"
            )
        value = (os.environ if environ is None else environ).get(variable)
        if not value:
            raise ValueError(f"{whose} name {template!r}: the environment variable {variable} is not set")
        return value

    return _PLACE.sub(fill, template)


def _process_id() -> str:
    return str(os.getpid())


_KNOWN: Final[Mapping[str, Callable[[], str]]] = {"host": socket.gethostname, "pid": _process_id}
