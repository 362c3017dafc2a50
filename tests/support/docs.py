"""Runs the Python blocks of a page as a reader would: one after the other, on a server of their own."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

from support.quickstart import URL, code_blocks

CHECKOUT = Path(__file__).resolve().parents[2]
COMMENT = re.compile(r"^.*\bprint\(.*#\s*(?P<said>.+)$", re.MULTILINE)


def run_page(page: Path, url: str) -> str:
    """Run all Python blocks of a page in one namespace; returns what they printed.

    Raises:
        AssertionError: a block that says in a comment beside `print` what it prints did not print it.
    """
    namespace: dict[str, object] = {"__name__": "page"}
    printed = ""
    for number, block in enumerate(code_blocks(page.read_text(), "python")):
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(block.replace(URL, url), f"{page.name}, block {number}", "exec"), namespace)  # noqa: S102
        said = out.getvalue()
        for expected in COMMENT.findall(block):
            assert expected in said, f"{page.name}, block {number}: {expected!r} was to be printed, not {said!r}"
        printed += said
    return printed


def pages() -> list[Path]:
    """Every page of the project."""
    found = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("benchmarks/*.md")]
    return sorted(found + [*CHECKOUT.glob("examples/*.md")])
