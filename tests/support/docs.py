"""Runs the code of a page as a reader would: block after block, on a server and in a folder of its own.

Four kinds of blocks count. All others are only read.

* ``python``: run, in one namespace for the whole page. What a comment beside a ``print`` says has to be printed.
* any that begins with a comment like ``# worker.py``: written to that file.
* ``console``: each line behind ``$`` is run, and what stands below it has to be printed.
* ``text``: what the block before it has to have printed, line by line.

Ids of streams differ from run to run and ``...`` stands for anything.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

from attrs import define, field
from redis_streams.simulations.real import RedisServer

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS_MAX = 60
ADDRESS = "localhost:6379"
"""Where the pages say that the server is."""

BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
PRINTED = re.compile(r"^.*\bprint\(.*#\s*(?P<said>.+)$", re.MULTILINE)
FILE = re.compile(r"# (?P<name>\w+\.(?:py|yaml))\n")
ENTRY_ID = re.compile(r"\d{13}-\d+")


def pages() -> list[Path]:
    """Every page of the project."""
    found = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("benchmarks/*.md")]
    return sorted(found + [*CHECKOUT.glob("examples/*.md")])


def run_page(page: Path, server: RedisServer | None, folder: Path) -> None:
    """Run all blocks of a page; `server` is the one that it talks of, if it does.

    Raises:
        AssertionError: a block did not print what the page says; the message names the page and the block's line.
    """
    text = page.read_text()
    reader = _Reader(server, folder)
    for block in BLOCK.finditer(text):
        where = f"{page.name}, line {text.count(chr(10), 0, block.start()) + 1}"
        reader.read(block["language"], block["code"], where)


@define
class _Reader:
    """Somebody who works through a page."""

    server: RedisServer | None
    folder: Path
    namespace: dict[str, object] = field(factory=lambda: {"__name__": "page"})
    printed: str = ""

    def read(self, language: str, code: str, where: str) -> None:
        here = code if self.server is None else code.replace(ADDRESS, f"127.0.0.1:{self.server.port}")
        file = FILE.match(code)
        if file:
            (self.folder / file["name"]).write_text(here)
        elif language == "python":
            self._run_python(here, where)
        elif language == "console":
            self._run_console(here, where)
        elif language == "text":
            check_lines(code, self.printed, where)

    def _run_python(self, code: str, where: str) -> None:
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(code, where, "exec"), self.namespace)  # noqa: S102
        self.printed = out.getvalue()
        for said in PRINTED.findall(code):
            check_lines(said, self.printed, where)

    def _run_console(self, code: str, where: str) -> None:
        for part in code.removeprefix("$ ").split("\n$ "):
            command, _, expected = part.partition("\n")
            self.printed = self._run_command(shlex.split(command))
            check_lines(expected, self.printed, where)

    def _run_command(self, words: list[str]) -> str:
        match words:
            case ["redis-cli", *rest] if self.server is not None:
                # --no-raw: as on a terminal, with types and quotes.
                words = [redis_cli(), "-p", str(self.server.port), "--no-raw", *rest]
            case ["redis-streams", "dead" | "group" as what, *rest] if self.server is not None:
                # On the page it is where everybody's first server is.
                words = [sys.executable, "-m", "redis_streams", what, *rest, "--url", self.server.url]
            case ["redis-streams", *rest]:
                words = [sys.executable, "-m", "redis_streams", *rest]
            case ["pytest", *rest]:
                words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *rest]
            case ["python", *rest]:
                words = [sys.executable, *rest]
        environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        ran = subprocess.run(
            words, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        return ran.stdout + ran.stderr


def redis_cli() -> str:
    """The redis-cli on PATH; most servers come with one."""
    return shutil.which("redis-cli") or "redis-cli"


def check_lines(expected: str, printed: str, where: str) -> None:
    """Whether these lines were printed, one after the other, whatever else was between them."""
    rest = iter(_comparable(printed))
    for line in _comparable(expected):
        pattern = re.escape(line).replace(re.escape("..."), ".*")
        assert any(re.fullmatch(pattern, other) for other in rest), f"{where}: {line!r} is not in {printed!r}"


def _comparable(text: str) -> list[str]:
    return [ENTRY_ID.sub("<id>", line).rstrip() for line in text.splitlines() if line.strip()]
