"""Tables in a terminal: with rich where it is installed (the extra ``terminal``), in plain columns elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._cli import say
from ._printable import printable

PLAIN_WIDTH_MAX = 60
"""Characters of one cell in plain columns; longer ones would tear the table apart."""


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under heads; without any head there is no line for them. What stands in them may be others'."""
    rows = [[printable(cell) for cell in row] for row in rows]
    # A program that reads it gets plain lines, whole.
    if sys.stdout.isatty():
        try:
            _print_rich(heads, rows)
        except ModuleNotFoundError:
            pass
        else:
            return
    _print_plain(heads, rows)


def print_text(text: str) -> None:
    """Some lines as they are, of whoever wrote them."""
    for line in text.split("\n"):
        say(f"  {printable(line)}")


def _print_rich(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE  # noqa: PLC0415 - an extra
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE, show_header=any(heads), pad_edge=False)
    for head in heads:
        # Ids and times stay whole; what is long is folded.
        table.add_column(head, no_wrap=head != heads[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_plain(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    cells = [heads, *rows] if any(heads) else rows
    widths = [min(PLAIN_WIDTH_MAX, max(map(len, column))) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(f"  {line.rstrip()}")
