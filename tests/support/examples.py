"""How many examples Hypothesis tries where its usual hundred is not right."""

from hypothesis import settings

USUAL = 100


def examples(many: int) -> int:
    """So many, or as many fewer as the profile asks for: a smoke test loads one of a tenth."""
    return max(1, many * settings.default.max_examples // USUAL)
