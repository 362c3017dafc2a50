"""The frame of the command line: each command adds its parser, mistakes become one line on stderr."""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from ._printable import printable

DISTRIBUTION = "redis-streams-trio"
EXIT_INTERRUPTED = 130
"""What shells report for a program that Ctrl-C ended: 128 + SIGINT."""

Run = Callable[[argparse.Namespace], int]
"""What a command does: arguments to exit code."""

_EXAMPLES = """\
examples:
  redis-streams demo                       see actors and a server crash, and no event lost
  redis-streams config check events.yaml   show what is in force, or all that is wrong
  redis-streams dead list orders billing   what a consumer group could not handle, and why
  redis-streams group list orders          who reads a stream, and how far behind
"""


class UserError(Exception):
    """Something that the user can mend; each line of it is told on stderr, without a traceback."""


class Commands:
    """The commands of `redis-streams`, or of one group of them such as `config`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(self, name: str, run: Run, *, summary: str, examples: str = "") -> argparse.ArgumentParser:
        """Add a command.

        Args:
            name: what is typed.
            run: what it does.
            summary: what it is for, in one sentence without its full stop.
            examples: lines for the end of its help.

        Returns:
            Its parser, for its arguments.
        """
        parser = self._parser(name, summary, examples)
        parser.set_defaults(run=run)
        return parser

    def group(self, name: str, *, summary: str, examples: str = "") -> Commands:
        """Add a command that has commands of its own."""
        return Commands(self._parser(name, summary, examples))

    def _parser(self, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
        return self._subparsers.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"examples:\n{examples}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )


def run(add_commands: Sequence[Callable[[Commands], None]], argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name.

    Args:
        add_commands: for each command, what adds it.
        argv: the arguments; None: those of the process.

    Returns:
        The exit code: 0 well, 1 not well, 130 interrupted. Wrong usage exits with 2, as argparse does.
    """
    parser = argparse.ArgumentParser(
        prog="redis-streams",
        description="Events through supervised actors on Redis Streams.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"redis-streams {installed_version()}")
    commands = Commands(parser)
    for add in add_commands:
        add(commands)
    arguments = parser.parse_args(argv)
    chosen: Run = arguments.run
    return _run(chosen, arguments)


def installed_version() -> str:
    """The version of the installed distribution; "(not installed)" in a bare checkout."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def say(line: str = "") -> None:
    """Print one line of a command's answer."""
    with _answering():
        print(line)  # noqa: T201  # the one place where a command speaks


def agrees(question: str) -> bool:
    """Ask whoever is at the terminal; who ends the input says no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        say()
        return False


def _run(chosen: Run, arguments: argparse.Namespace) -> int:
    _prepare_output(sys.stdout)
    try:
        code = chosen(arguments)
        with _answering():
            sys.stdout.flush()
    except UserError as error:
        for line in str(error).splitlines():
            _complain(line)
        return 1
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `redis-streams … | head` is no mistake.
        _write_no_more()
        return 0
    except _AnswerFailed as failed:
        _write_no_more()
        _complain(str(failed))
        return 1
    return code


def _prepare_output(output: TextIO | None) -> None:
    """A terminal that can't show a character gets an escape; an output that was closed takes nothing."""
    if output is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end of the process
    elif isinstance(output, io.TextIOWrapper):
        with suppress(OSError):  # What looked like a file may be a pipe by now.
            output.reconfigure(errors="backslashreplace")


class _AnswerFailed(Exception):
    """The command may have acted, and can't say so."""


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _AnswerFailed(f"the answer can't be written: {error.strerror}") from error


def _write_no_more() -> None:
    """Python flushes once more on its way out: let it have somewhere to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(line: str) -> None:
    print(f"redis-streams: {printable(line)}", file=sys.stderr)  # noqa: T201  # as `say`, for mistakes
