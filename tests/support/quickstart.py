"""Runs the quickstart's code as a reader would: block by block, as it stands, but for the address of the server."""

import re
import signal
import subprocess
import threading
from pathlib import Path

URL = "redis://localhost:6379"
SECONDS_MAX = 30.0


def code_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def block_with(text: str, words: str) -> str:
    """The first Python block that contains these words."""
    return next(block for block in code_blocks(text, "python") if words in block)


def run_producer(python: Path, block: str, url: str, folder: Path) -> str:
    """Run a block to its end; returns what it printed."""
    program = [python, "-c", block.replace(URL, url)]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=True, timeout=SECONDS_MAX).stdout


def run_consumer(python: Path, block: str, url: str, folder: Path, *, until: str) -> str:
    """Run a block until it prints a line with `until`, then press Ctrl-C; returns all that it printed.

    Raises:
        AssertionError: it did not end well, or not in time.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what we start would inherit it
    program = [python, "-u", "-c", block.replace(URL, url)]
    with subprocess.Popen(program, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        too_late = threading.Timer(SECONDS_MAX, process.kill)
        too_late.start()
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if until in line:
                process.send_signal(signal.SIGINT)
        code = process.wait()
        too_late.cancel()
    printed = "".join(lines)
    assert code == 0, f"the block ended with {code} and had printed:\n{printed}"
    return printed
