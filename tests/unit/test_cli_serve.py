"""`redis-streams serve` on its first five minutes: what is wrong is said in a line, with the value and what to do."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from redis_streams.__main__ import main

GREETING = re.compile(r"Redis 7\.0\.15, simulated, at 127\.0\.0\.1:(\d+); Ctrl-C ends it\.\n")


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What it says on stderr, where it ends with 1."""
    assert main(["serve", "--port", "0", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("redis-streams: ")
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--version", "9.9"), "--version: there is no profile '9.9'; there are 5.0, 6.0, 6.2"),
        (("--config", "nonsense", "1"), "--config: there is no parameter 'nonsense' in Redis 7.0\n"),
        (("--config", "maxmemry", "1"), "no parameter 'maxmemry' in Redis 7.0; did you mean 'maxmemory'?"),
        (("--config", "maxmemory", "much"), "--config: maxmemory 'much': argument must be a memory value"),
        (("--dir", "/none/here"), "--dir: there is no folder /none/here: make it first (mkdir -p /none/here)"),
        (("--config", "dir", "/none/here"), "there is no folder /none/here"),
        (("--bind", "host.invalid"), "cannot listen at host.invalid:0"),
        (("--bind", "192.0.2.1"), "--bind wants an address of this machine"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the value, and what there is instead."""
    assert said in complaint(capsys, *arguments)


def test_a_folder_in_which_nothing_can_be_written_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not when the first client writes."""
    file = tmp_path / "file"
    file.touch()
    assert f"--dir: no file can be made in {file} (" in complaint(capsys, "--dir", str(file))


def test_a_port_that_is_taken_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    """With what can be done about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = complaint(capsys, "--port", str(port))
    assert said.endswith(f"port {port} of 127.0.0.1 is taken: choose another with --port, or end what uses it\n")


@pytest.mark.parametrize("port", ["99999", "-1", "abc", "7300x", "٣"])
def test_what_is_no_port_is_said_to_be_none(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage, with the value."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", f"--port={port}"])
    assert ended.value.code == 2
    assert f"{port!r} is no port: a number up to 65535, or 0 for any free one" in capsys.readouterr().err


def test_the_help_says_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    """With examples, and each option's default."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(words in said for words in ("default 7300", "default 7.0", "default 127.0.0.1", "examples:"))


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SHUTDOWN"])
def test_it_says_where_it_is_and_ends_when_it_is_told_to(how: str) -> None:
    """Without a word more, although a client is connected."""
    command = [sys.executable, "-m", "redis_streams", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = GREETING.fullmatch(process.stdout.readline())
        assert found is not None
        with redis.Redis(port=int(found[1])) as client:
            assert client.ping()
            if how == "SHUTDOWN":
                client.shutdown(nosave=True)
            else:
                process.send_signal(getattr(signal, how))
            assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
