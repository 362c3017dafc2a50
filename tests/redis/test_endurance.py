"""The endurance runs in small: processes and the server are killed, nothing is lost. `make endure` is a long one."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import trio
from redis_streams import Event, NewEvent, Reclaim, Runtime
from redis_streams.simulations.real import RedisServer
from support.load import wait_settled
from support.servers import ServerFactory, servers_at_hand

TWO_WAYS = [
    pytest.param(binary, id=".".join(map(str, version)))
    for version, binary in servers_at_hand().items()
    if version[:2] in ((7, 0), (8, 6))
]
ENDURANCE = Path(__file__).resolve().parents[1] / "endurance"
SHORT = ("--events", "2400", "--seconds", "4", "--every", "0.5")

pytestmark = pytest.mark.real_time


def run(program: str, server: Path, *arguments: str) -> tuple[int, str]:
    """What the long runs do, for some seconds: the exit code, and all that was said."""
    command = [sys.executable, str(ENDURANCE / program), "--server", str(server), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.redis
@pytest.mark.parametrize("binary", TWO_WAYS)
def test_nothing_is_lost_when_processes_and_the_server_are_killed(binary: Path) -> None:
    """With the fallbacks for 7.0 and with the commands of 8.6: all handled, repeats explained, nothing pending."""
    code, said = run("run.py", binary, *SHORT, "--seed", "11")  # kills consumers, the publisher and twice the server
    assert code == 0, said
    assert "2,400 events handled" in said, said


def test_the_judge_finds_what_was_acknowledged_before_its_handler(redis_server: RedisServer) -> None:
    """A bug that is put into the consumers on purpose."""
    bug = ("--planted", "acknowledged before the handler", "--handler-ms", "40", "--events", "1500")
    code, said = run("run.py", redis_server.binary, *SHORT, "--seed", "7", *bug)  # kills consumers only
    assert code == 1, said
    assert " lost: e" in said, said


def test_what_dead_consumers_left_is_worked_off(redis_server: RedisServer) -> None:
    """All of it, the tail before what is declined comes again, at a small part of a core for all reclaimers."""
    code, said = run("stale.py", redis_server.binary, "--entries", "2000", "--idle-ms", "500")
    assert code == 0, said


@pytest.mark.parametrize("binary", TWO_WAYS)
async def test_handlers_of_twenty_times_the_idle_limit_run_once(
    binary: Path, redis_server_factory: ServerFactory
) -> None:
    """Also what waits for one of them meanwhile, and though another consumer has nothing else to do."""
    server, runs = redis_server_factory(binary), Counter[object]()
    reclaim = Reclaim(interval_ms=20, min_idle_ms=150)

    async def handle(event: Event[object]) -> None:
        runs[event.payload] += 1
        await trio.sleep(20 * 0.15 if event.payload else 0)

    slow, idle = Runtime(server.url), Runtime(server.url)
    for name, runtime in (("slow", slow), ("idle", idle)):
        runtime.add_handler("s", "g", handle, consumer=name, block_ms=100, reclaim=reclaim)
    async with slow:
        await slow.publish_many("s", [NewEvent("a", number) for number in (1, 2, 0)])
        async with idle:
            await wait_settled(server, stream="s", group="g")
    assert runs == {0: 1, 1: 1, 2: 1}


MANY_THAT_WAIT = """
redis.call('XGROUP', 'CREATE', KEYS[1], 'g', '0', 'MKSTREAM')
for n = 1, 5000 do redis.call('ZADD', KEYS[2], 1e15, redis.call('XADD', KEYS[1], '*', 'n', n)) end
return #redis.call('XREADGROUP', 'GROUP', 'g', 'gone', 'STREAMS', KEYS[1], '>')[1][2]
"""


async def test_retries_that_wait_cost_the_server_next_to_nothing(redis_server: RedisServer) -> None:
    """However many there are, and however often the reclaimer looks: less than a tenth of a core."""

    def micros() -> int:
        stats = redis_server.cli("INFO", "commandstats")
        return sum(map(int, re.findall(r"cmdstat_(?:xpending|evalsha):calls=\d+,usec=(\d+)", stats)))

    assert redis_server.cli("EVAL", MANY_THAT_WAIT, 2, "s", "{s}:retries:g") == 5000
    runtime = Runtime(redis_server.url)
    runtime.add_handler("s", "g", lambda _: None, reclaim=Reclaim(interval_ms=1, min_idle_ms=1))
    async with runtime:
        await trio.sleep(0.2)
        begun, before = time.monotonic(), micros()
        await trio.sleep(1)
        share = (micros() - before) / 1e6 / (time.monotonic() - begun)
    assert 0 < share < 0.1
