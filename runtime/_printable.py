"""What others wrote, shown to people: a text that stays in its line and sends a terminal nothing."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text, with an escape such as ``\n`` or ``\x1b`` in the place of whatever is no visible character.

    Whoever publishes chooses ids, types and payloads, and what handlers raise quotes them: as they are they could begin
    a line of their own in a log, or move the cursor of whoever reads it.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
