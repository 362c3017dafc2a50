"""The built-in scenarios: small applications whose promises are judged."""

from ._planned import behave, publish_planned
from ._registry import SCENARIOS, BuiltIn

__all__ = ["SCENARIOS", "BuiltIn", "behave", "publish_planned"]
