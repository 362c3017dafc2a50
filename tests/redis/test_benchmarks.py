"""The benchmarks run, for real, in a moment. What they measure is not looked at: tests say nothing about speed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis_streams.simulations.real import RedisServer

# Some twenty processes, one after the other: on a busy machine each takes seconds to start.
SECONDS = 300
pytestmark = pytest.mark.timeout(SECONDS + 20)

RUN = Path(__file__).resolve().parents[2] / "benchmarks" / "run.py"


def bench(*args: str, url: str | None) -> subprocess.CompletedProcess[str]:
    """Without a URL it starts a server of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    if url is not None:
        environment["REDIS_URL"] = url
    command = [sys.executable, str(RUN), "--quick", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=SECONDS)


def test_each_kind_of_row_gives_its_figures(redis_server: RedisServer, tmp_path: Path) -> None:
    """Publishing, consuming and latency, as a table and as JSON; what else is on the server stays as it is."""
    redis_server.cli("SET", "somebody-else", "1")
    file = tmp_path / "figures.json"
    names = ["consume", "publish-one", "blocking", "latency"]
    ended = bench(*[f"--only={name}" for name in names], "--json", str(file), url=redis_server.url)
    assert ended.returncode == 0, ended.stderr
    assert all(name in ended.stdout for name in names)
    assert "no target was judged" in ended.stdout
    found = json.loads(file.read_text())
    assert [row["name"] for row in found["rows"]] == names
    assert found["left_out"] == {}
    assert found["versions"]["redis-server"] == ".".join(map(str, redis_server.version))
    assert found["machine"]["placement"] == "as the system hands them out"
    for row in found["rows"]:
        check_row(row)
    assert redis_server.cli("KEYS", "*") == ["somebody-else"]


def check_row(row: dict[str, object]) -> None:
    rounds, figures = row["rounds"], row["figures"]
    assert len(rounds) == 2
    assert all(answer["events"] == row["events"] for pair in rounds for answer in (pair["ours"], pair["peer"]))
    if row["kind"] == "latency":
        assert figures["ours"]["latency_ms_p50"]["median"] > 0
        assert figures["peer"]["ping_ms_p99"]["median"] > 0
    else:
        assert figures["ours"]["low"] <= figures["ours"]["median"] <= figures["ours"]["high"]
        assert len(figures["ratios"]) == 2
        assert row["verdict"] == ("no target" if row["target"] is None else "not judged")


@pytest.mark.usefixtures("redis_server")
def test_faststream_is_measured_or_missed_aloud() -> None:
    ended = bench("--only", "consume-faststream", url=None)
    assert ended.returncode == 0, ended.stderr
    check_measured_or_missed(ended.stdout, "consume-faststream", "FastStream", "faststream")


def test_the_simulated_server_is_measured_beside_fakeredis_and_beside_itself(redis_server: RedisServer) -> None:
    """The row without fakeredis is measured in any case."""
    ended = bench("--only", "simulated-xack", "--only", "simulated-xack-long", url=redis_server.url)
    assert ended.returncode == 0, ended.stderr
    assert "100 entries" in ended.stdout
    check_measured_or_missed(ended.stdout, "simulated-xack", "fakeredis", "fakeredis")


def check_measured_or_missed(told: str, row: str, name: str, module: str) -> None:
    assert name in told
    if find_spec(module) is None:
        assert f"left out: {row}. {name} is not installed" in told
        assert "pip install -e '.[bench]'" in told


@pytest.mark.usefixtures("redis_server")
def test_without_a_server_nothing_is_called_measured() -> None:
    ended = bench("--only", "publish-one", url="redis://127.0.0.1:1/0")
    assert ended.returncode == 2
    assert "not measured" in ended.stderr
