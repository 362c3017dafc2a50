"""Taking a single error out of the exception groups that nurseries put around it."""

from __future__ import annotations

import sys
from types import TracebackType

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


class unwrapped:  # noqa: N801 - reads as `with unwrapped():`
    """Raise what is alone in its groups as itself, so that ``except ConnectFailed:`` works around a runtime.

    Several errors at once stay a group.
    """

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Raise the one error inside."""
        inner = error
        while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
            inner = inner.exceptions[0]
        if inner is error or inner is None:
            return
        # The error keeps its own cause and context: the groups around it say nothing that it does not.
        inner.__suppress_context__ = inner.__cause__ is not None or inner.__suppress_context__
        raise inner from inner.__cause__
