"""Redis' own command-line clients, which some tests run."""

import os
import shutil

import pytest

HOW = "it comes with most servers, and with Debian's redis-tools"


def need(program: str) -> str:
    """The path of redis-cli or redis-benchmark; without it a test is skipped, and fails where CI=true.

    A CI that leaves tests out in silence proves nothing.
    """
    path = shutil.which(program)
    if path is not None:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {program}, and there is none on PATH: {HOW}", pytrace=False)
    pytest.skip(f"needs {program}: {HOW}")
