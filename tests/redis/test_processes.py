"""Consumers as processes: what one leaves behind when it is killed, and how one stops when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis_streams import NewEvent, StreamProducer
from redis_streams.simulations.real import RedisServer
from support.servers import ServerFactory, servers_at_hand

TWO_WAYS = [
    pytest.param(binary, id=".".join(map(str, version)))
    for version, binary in servers_at_hand().items()
    if version[:2] in ((7, 0), (8, 6))
]
"""A version with the fallbacks for newer commands, and one that has them."""
WORKER = Path(__file__).resolve().parents[1] / "support" / "worker.py"
SECONDS = 20.0
LOG_LINES_MAX = 30

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.real_time]


@contextmanager
def worker(
    server: RedisServer,
    name: str,
    seconds: float,
    log: Path,
    *,
    concurrency: int = 5,
    drain: float = 8,
    idle_ms: int = 600,
    on_lease_lost: str = "cancel",
    delivery: str = "at_least_once",
) -> Iterator[subprocess.Popen[bytes]]:
    """A consumer process; killed at the end if it is still there."""
    numbers = map(str, (seconds, concurrency, drain, idle_ms))
    command = [sys.executable, str(WORKER), server.url, name, *numbers, on_lease_lost, delivery]
    with log.open("wb") as stderr, subprocess.Popen(command, stderr=stderr) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what Redis shows."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not within {SECONDS:g} s: {what}"
        time.sleep(0.01)


def publish(server: RedisServer, count: int) -> set[str]:
    """Publish events; returns their ids."""
    events = [NewEvent("placed", number, None, f"e{number}") for number in range(count)]
    with StreamProducer(server.url, "orders") as producer:
        producer.publish_many(events)
    return {event.event_id for event in events}


def counts(server: RedisServer, key: str) -> dict[str, int]:
    """How often each event was begun, or finished."""
    flat = server.cli("HGETALL", key)
    return dict(zip(flat[::2], map(int, flat[1::2]), strict=True))


def pending(server: RedisServer) -> int:
    """Entries that were delivered and not acknowledged."""
    return server.cli("XPENDING", "orders", "billing")[0]


def test_what_a_killed_process_held_is_handled_by_another(any_redis_server: RedisServer, tmp_path: Path) -> None:
    """SIGKILL while handlers run: nothing is lost, and only what was in hand may be handled twice."""
    ids = publish(any_redis_server, 100)
    with worker(any_redis_server, "victim", 0.2, tmp_path / "victim") as victim:
        wait_until(lambda: len(counts(any_redis_server, "runs")) >= 5, "some events handled")
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        assert pending(any_redis_server) >= 5
    with worker(any_redis_server, "heir", 0.01, tmp_path / "heir"):
        wait_until(lambda: set(counts(any_redis_server, "runs")) == ids, "all events handled")
        wait_until(lambda: pending(any_redis_server) == 0, "nothing pending")
    begun = counts(any_redis_server, "begun")
    # Of 5 handlers at a time: those that ran, and those before them whose acknowledgement was on its way.
    assert sum(number > 1 for number in begun.values()) <= 10
    log = (tmp_path / "heir").read_text()
    assert "took over" in log
    assert len(log.splitlines()) <= LOG_LINES_MAX, log


def test_at_most_once_nothing_runs_twice_and_a_kill_loses_what_ran(redis_server: RedisServer, tmp_path: Path) -> None:
    """SIGKILL while handlers run; what was read and had not begun another process handles."""
    ids = publish(redis_server, 60)
    with worker(redis_server, "victim", 0.2, tmp_path / "victim", delivery="at_most_once") as victim:
        wait_until(lambda: len(counts(redis_server, "runs")) >= 5, "some events handled")
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    with worker(redis_server, "heir", 0.01, tmp_path / "heir", delivery="at_most_once") as heir:
        wait_until(lambda: len(counts(redis_server, "runs")) >= len(ids) - 5, "what was not lost is handled")
        wait_until(lambda: pending(redis_server) == 0, "nothing pending")
        heir.terminate()
        assert heir.wait(SECONDS) == 0
    assert set(counts(redis_server, "begun").values()) == {1}
    assert len(ids - counts(redis_server, "runs").keys()) <= 5


def test_a_process_that_slept_asks_what_is_still_its_own(redis_server: RedisServer, tmp_path: Path) -> None:
    """After a pause of the machine or a collection of garbage it begins nothing that others took over meanwhile."""
    ids = publish(redis_server, 20)
    with worker(redis_server, "sleeper", 0.3, tmp_path / "sleeper") as sleeper:
        wait_until(lambda: len(counts(redis_server, "begun")) == 10, "5 done, 5 begun")
        time.sleep(0.1)  # for the acknowledgements of the five
        sleeper.send_signal(signal.SIGSTOP)
        with worker(redis_server, "heir", 0.001, tmp_path / "heir"):
            wait_until(lambda: set(counts(redis_server, "runs")) == ids, "taken over and handled")
            sleeper.send_signal(signal.SIGCONT)
            wait_until(lambda: "somebody else owns" in (tmp_path / "sleeper").read_text(), "the sleeper noticed")
            wait_until(lambda: pending(redis_server) == 0, "all settled")
            time.sleep(0.4)  # for handlers that would still run
    begun = counts(redis_server, "begun")
    assert sum(number > 1 for number in begun.values()) <= 5, "only those that were running when it fell asleep"


def test_a_process_that_slept_cancels_what_it_lost(redis_server: RedisServer, tmp_path: Path) -> None:
    """Handlers that run when it falls asleep for three times the idle limit finish nothing that others took over."""
    ids = publish(redis_server, 5)
    with worker(redis_server, "sleeper", 60, tmp_path / "sleeper") as sleeper:
        wait_until(lambda: set(counts(redis_server, "begun")) == ids, "all begun")
        sleeper.send_signal(signal.SIGSTOP)
        time.sleep(3 * 0.6)
        with worker(redis_server, "heir", 0.001, tmp_path / "heir"):
            wait_until(lambda: set(counts(redis_server, "runs")) == ids, "taken over and handled")
            wait_until(lambda: pending(redis_server) == 0, "all settled")
        sleeper.send_signal(signal.SIGCONT)
        wait_until(lambda: set(counts(redis_server, "cancelled")) == ids, "the sleeper's handlers are cancelled")
        publish(redis_server, 6)
        wait_until(lambda: "e5" in counts(redis_server, "begun"), "their places are free")
    assert set(counts(redis_server, "runs").values()) == {1}


@pytest.mark.parametrize("binary", TWO_WAYS)
def test_a_process_that_slept_cannot_acknowledge(
    binary: Path, redis_server_factory: ServerFactory, tmp_path: Path
) -> None:
    """Three times the idle limit, and then its handlers end: what they handled stays pending under its new owner."""
    server = redis_server_factory(binary)
    ids = publish(server, 5)
    with worker(server, "sleeper", 1, tmp_path / "sleeper", on_lease_lost="finish") as sleeper:
        wait_until(lambda: set(counts(server, "begun")) == ids, "all begun")
        sleeper.send_signal(signal.SIGSTOP)
        time.sleep(3 * 0.6)
        with worker(server, "heir", 60, tmp_path / "heir"):
            wait_until(lambda: set(counts(server, "begun").values()) == {2}, "taken over and begun again")
            sleeper.send_signal(signal.SIGCONT)
            wait_until(lambda: set(counts(server, "runs")) == ids, "the sleeper's handlers end")
            wait_until(lambda: "somebody else owns" in (tmp_path / "sleeper").read_text(), "the sleeper noticed")
            sleeper.send_signal(signal.SIGTERM)
            assert sleeper.wait(SECONDS) == 0, "it has said all that it had to say"
            assert server.cli("XPENDING", "orders", "billing")[3] == [["heir", "5"]]


def test_a_process_that_comes_back_under_its_name_goes_on_at_once(redis_server: RedisServer, tmp_path: Path) -> None:
    """It does not wait for the idle limit: what is pending under its name is its own."""
    ids = publish(redis_server, 30)
    with worker(redis_server, "same", 0.2, tmp_path / "first", idle_ms=60_000) as process:
        wait_until(lambda: len(counts(redis_server, "begun")) >= 5, "some events begun")
        process.kill()
    with worker(redis_server, "same", 0.01, tmp_path / "second", idle_ms=60_000):
        wait_until(lambda: set(counts(redis_server, "runs")) == ids, "all events handled")
        wait_until(lambda: pending(redis_server) == 0, "nothing pending")
    assert "pending under its own name" in (tmp_path / "second").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_process_that_is_told_to_stop_drains(how: signal.Signals, redis_server: RedisServer, tmp_path: Path) -> None:
    """Afterwards nothing is pending, and what was handled is what was acknowledged: nobody does it again."""
    ids = publish(redis_server, 300)
    with worker(redis_server, "one", 0.02, tmp_path / "one") as process:
        wait_until(lambda: len(counts(redis_server, "runs")) > 20, "some events handled")
        process.send_signal(how)
        assert process.wait(SECONDS) == 0, (tmp_path / "one").read_text()
    assert pending(redis_server) == 0
    handled = counts(redis_server, "runs")
    assert handled == counts(redis_server, "begun")
    [flat] = redis_server.cli("XINFO", "GROUPS", "orders")
    assert len(handled) == dict(zip(flat[::2], flat[1::2], strict=True))["entries-read"]
    with worker(redis_server, "two", 0.001, tmp_path / "two"):
        wait_until(lambda: set(counts(redis_server, "runs")) == ids, "the rest handled")
    assert set(counts(redis_server, "runs").values()) == {1}
    assert len((tmp_path / "one").read_text().splitlines()) <= LOG_LINES_MAX


@pytest.mark.parametrize("redis_is_away", [False, True], ids=["", "redis-away"])
def test_a_second_signal_ends_the_drain(redis_server: RedisServer, tmp_path: Path, *, redis_is_away: bool) -> None:
    """Handlers are cancelled, and what they were at is handed back, for another to take at once."""
    ids = publish(redis_server, 30)
    slow, patient, hour_ms = 3600.0, 3600.0, 3_600_000
    with worker(redis_server, "one", slow, tmp_path / "one", drain=patient, idle_ms=hour_ms) as process:
        wait_until(lambda: len(counts(redis_server, "begun")) == 5, "five events begun")
        process.send_signal(signal.SIGTERM)
        if redis_is_away:
            redis_server.kill()
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)
            assert "stopped without Redis" in (tmp_path / "one").read_text()
            return
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0, (tmp_path / "one").read_text()
    with worker(redis_server, "two", 0.001, tmp_path / "two", idle_ms=hour_ms):
        wait_until(lambda: set(counts(redis_server, "runs")) == ids, "all handled")
    assert set(counts(redis_server, "runs").values()) == {1}


def test_a_process_that_is_stopped_while_redis_is_away_still_ends(redis_server: RedisServer, tmp_path: Path) -> None:
    """It can't acknowledge or hand back anything then, and says so; others take it over after the idle limit."""
    publish(redis_server, 30)
    with worker(redis_server, "one", 0.05, tmp_path / "one", drain=1) as process:
        wait_until(lambda: len(counts(redis_server, "runs")) > 3, "some events handled")
        redis_server.kill()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    log = (tmp_path / "one").read_text()
    assert "stopped without Redis" in log
    assert len(log.splitlines()) <= LOG_LINES_MAX, log
