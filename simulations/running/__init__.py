"""Running plans: one, many, and again."""

from ._run import Outcome, run_plan

__all__ = ["Outcome", "run_plan"]
