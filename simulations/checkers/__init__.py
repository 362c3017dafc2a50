"""One file for each promise: what must hold in every history."""

from ._verdict import Checker, Verdict

__all__ = ["Checker", "Verdict"]
