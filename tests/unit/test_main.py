"""The command line: what it prints, where, and with which exit code."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from redis_streams.__main__ import main


@pytest.fixture(autouse=True)
def no_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REDIS_URL", "STREAM_NAME", "CONSUMER_GROUP", "CONSUMER_NAME"):
        monkeypatch.delenv(variable, raising=False)


def test_config_check_shows_every_value_and_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, environment, default; the password is not shown."""
    file = tmp_path / "events.yaml"
    file.write_text("redis_streams: {url: 'redis://:secret@db', consumer: {count: 10, group: a}}")
    monkeypatch.setenv("CONSUMER_GROUP", "b")
    assert main(["config", "check", str(file)]) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert rows["redis_streams.url"] == ["redis://:***@db:6379/0", "file"]
    assert rows["redis_streams.consumer.count"] == ["10", "file"]
    assert rows["redis_streams.consumer.group"] == ["b", "CONSUMER_GROUP"]
    assert rows["redis_streams.retry.base_delay"] == ["0.1", "default"]
    assert rows["redis_streams.producer.stream"] == ["-", "default"]
    assert err == ""


def test_config_check_tells_every_mistake_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, exit code 1, nothing on stdout."""
    file = tmp_path / "events.yaml"
    file.write_text("redis_streams: {consumer: {blok_ms: 5000, count: many}}")
    assert main(["config", "check", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"redis-streams: {file}: redis_streams.consumer.blok_ms: unknown key (value 5000); did you mean 'block_ms'?",
        f"redis-streams: {file}: redis_streams.consumer.count: must be a whole number, not 'many'",
    ]


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["config"], ["config", "check"], ["config", "check", "a", "b"]])
def test_wrong_usage_exits_with_two(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage on stderr."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: redis-streams" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("dead list '' g", "STREAM"),
        ("dead show s '' 1-0", "GROUP"),
        ("dead purge '' g --all", "STREAM"),
        ("schedule list ''", "STREAM"),
        ("schedule cancel s x ''", "ID"),
        ("group list ''", "STREAM"),
        ("group pause s ''", "GROUP"),
        ("group seek s '' --to 0", "GROUP"),
    ],
)
def test_a_name_that_is_empty_is_told_with_its_argument(
    command: str, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a shell makes one of a variable that is not set; it was a traceback, or a name that nobody saw."""
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(command))
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {argument}: a name is not empty\n")


@pytest.mark.parametrize("argv", [["--help"], ["demo", "--help"], ["config", "--help"], ["config", "check", "--help"]])
def test_help_shows_examples(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help ends with lines that one can copy."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "  redis-streams " in capsys.readouterr().out.split("examples:")[1]


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Name and version."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("redis-streams ")


def check_config(file: Path, text: str = "redis_streams: {}", redirection: str = "", **environ: str) -> tuple[int, str]:
    """Have a shell run `redis-streams config check`; its exit code, and what it says on stderr."""
    file.write_text(text)
    command = f"{shlex.join([sys.executable, '-m', 'redis_streams', 'config', 'check', str(file)])} {redirection}"
    ended = subprocess.run(
        ["sh", "-c", command], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stderr


def test_a_reader_that_has_enough_is_no_mistake(tmp_path: Path) -> None:
    """`redis-streams config check FILE | head -0` ends without a traceback."""
    file = tmp_path / "events.yaml"
    file.write_text("redis_streams: {}")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "redis_streams", "config", "check", str(file)]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_output_that_takes_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    """The command has acted by then: a traceback looks as if it had not."""
    told = check_config(tmp_path / "events.yaml", redirection=">/dev/full")
    assert told == (1, "redis-streams: the answer can't be written: No space left on device\n")


def test_who_closed_the_output_wants_no_answer(tmp_path: Path) -> None:
    assert check_config(tmp_path / "events.yaml", redirection=">&-") == (0, "")


def test_what_a_terminal_can_not_show_is_escaped(tmp_path: Path) -> None:
    """As where LANG says nothing in a container."""
    text = "redis_streams: {consumer: {name: 'caf\u00e9'}}"
    assert check_config(tmp_path / "events.yaml", text, PYTHONIOENCODING="ascii") == (0, "")


def test_a_number_is_shown_as_it_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It was rounded to six digits."""
    file = tmp_path / "events.yaml"
    file.write_text("redis_streams: {retention: {max_age_seconds: 1234567}, consumer: {drain_seconds: 0.25}}")
    assert main(["config", "check", str(file)]) == 0
    rows = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]}
    assert rows["redis_streams.retention.max_age_seconds"] == "1234567"
    assert rows["redis_streams.consumer.drain_seconds"] == "0.25"
    assert rows["redis_streams.retry.max_delay"] == "30"
