"""`make endure-stale`: a long pending list of dead consumers is worked off, and what that costs the server.

``python tests/endurance/stale.py [--entries 100000] [--server BINARY]``

Ten consumers read everything and were never heard of again. Some processes take it over; the first tenth of it is
declined by its handler three times, so something old is always there again; and new events come all the while. Redis
writes down what each command took it (SLOWLOG), so what the reclaimers cost is known apart from everything else.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attrs import define, field, frozen
from endurance import programs
from endurance.journal import runs_in
from endurance.judge import Run
from endurance.programs import GROUP, STREAM, Part, event_id
from endurance.troop import Post, Troop
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import EntryId, load

DEAD_CONSUMERS = 10
PROCESSES = 2
SHARE_MAX = 0.10
"""Of one core, for the reclaimers of all processes together."""
AGAIN_PART_MAX = 0.05
"""Entries that may be handled a second time before the tail is handled once: a scan that began at the start again and
again would never get beyond those that are declined."""
SLOWLOG_MAX = 100_000
KINDS_SHOWN = 10
LIVE_PER_SECOND = 50.0
LOOK_SECONDS = 1.0
SECONDS_MAX = 900.0
RECLAIMERS = ("reclaimer looks", "reclaimer asks what waits", "reclaimer asks what is due")
SCRIPTS = {
    load(name).sha: kind
    for name, kind in {
        "waiting": RECLAIMERS[1],
        "due": RECLAIMERS[2],
        "claim": "claims",
        "begin": "begins again",
        "settle": "settles",
        "renew": "renews",
        "take_own": "recovers",
    }.items()
}


@define
class Costs:
    """What commands took, by their kind: how many, and microseconds of the server's only thread."""

    number: Counter[str] = field(factory=Counter)
    micros: Counter[str] = field(factory=Counter)
    _last: int = -1

    def look(self, server: RedisServer) -> None:
        """Add what the server has written down since the last time."""
        newest = server.cli("SLOWLOG", "GET", 1)[0][0]
        for number, _, micros, words, address, *_ in server.cli("SLOWLOG", "GET", newest - self._last):
            # What a script calls is in the script's own time already, and comes from nowhere.
            if self._last < number <= newest and address not in ("", "?:0"):
                self.number[kind_of(words)] += 1
                self.micros[kind_of(words)] += micros
        self._last = newest

    def share(self, kinds: Iterable[str], seconds: float, overhead_micros: float) -> float:
        """What part of a core these kinds took, with what a command costs beside its work."""
        return sum(self.micros[kind] + self.number[kind] * overhead_micros for kind in kinds) / (seconds * 1e6)


def kind_of(words: Sequence[str]) -> str:
    """What a command is for."""
    if not words:
        return "reads that waited"  # their words are gone by the time that they are served
    if words[0].upper() in ("EVALSHA", "EVAL"):
        return SCRIPTS.get(words[1], "other scripts")
    if words[0].upper() == "XPENDING" and "IDLE" in words:
        return RECLAIMERS[0]
    return words[0].upper()


@frozen
class Worked:
    """What came of it; times in seconds, of a clock that all processes share."""

    entries: int
    begun: float
    seconds: float
    costs: Costs
    server_seconds: float
    """What the server's processor worked, all in all."""
    runs: Sequence[Run]
    asked: Mapping[str, float]
    """When each of the new events was about to be published."""

    @property
    def share(self) -> float:
        """What part of a core all reclaimers took together."""
        return self.costs.share(RECLAIMERS, self.seconds, self.overhead_micros)

    @property
    def overhead_micros(self) -> float:
        """What a command costs the server beside its own work: reading it, and writing the answer."""
        rest = self.server_seconds * 1e6 - sum(self.costs.micros.values())
        return max(0.0, rest / sum(self.costs.number.values()))


def prepare(server: RedisServer, troop: Troop, entries: int, idle_ms: int) -> None:
    """A pending list of so many entries, of consumers that are gone, all of them idle for long enough."""
    journal = troop.folder / "prepared.journal"
    part = Part(server.url, "", journal, idle_ms, 0.0, None, entries, math.inf)
    post = Post("preparing", programs.publish, lambda _: part)
    troop.posts.append(post)
    while not post.done:
        troop.start_due()
        time.sleep(0.05)
        troop.look()
    troop.posts.clear()
    server.cli("XGROUP", "CREATE", STREAM, GROUP, "0")
    for number in range(DEAD_CONSUMERS):
        count = -(-entries // DEAD_CONSUMERS)
        server.cli("XREADGROUP", "GROUP", GROUP, f"dead-{number}", "COUNT", count, "STREAMS", STREAM, ">")
    assert server.cli("XPENDING", STREAM, GROUP)[0] == entries
    time.sleep(idle_ms / 1000)


def work_off(server: RedisServer, troop: Troop, entries: int, idle_ms: int) -> Worked:
    """Have it worked off, and look what it costs."""

    def part(post: Post) -> Part:
        journal = troop.folder / f"{post.name}.journal"
        return Part(server.url, post.name, journal, idle_ms, 0.0, None, entries, LIVE_PER_SECOND)

    posts = [Post(f"worker-{number}", programs.work_off, part) for number in range(PROCESSES)]
    live = Post("live", programs.publish_live, part)
    troop.posts.extend([*posts, live])
    for setting in (("slowlog-max-len", SLOWLOG_MAX), ("slowlog-log-slower-than", 0)):
        server.cli("CONFIG", "SET", *setting)
    costs, begun, before = Costs(), time.monotonic(), _server_seconds(server)
    last_stale = EntryId.parse(server.cli("XINFO", "STREAM", STREAM)[7])
    while time.monotonic() < begun + SECONDS_MAX:
        troop.start_due()
        time.sleep(LOOK_SECONDS)
        troop.look()
        costs.look(server)
        pending, least, *_ = server.cli("XPENDING", STREAM, GROUP)
        print(f"{time.monotonic() - begun:5.0f} s  {pending:>8,} pending", flush=True)
        if not pending or EntryId.parse(least) > last_stale:
            break
    seconds, server_seconds = time.monotonic() - begun, _server_seconds(server) - before
    troop.stop_all()
    runs = [run for post in posts for run in runs_in(troop.folder / f"{post.name}.journal", 0)]
    lines = (troop.folder / "live.journal").read_text().splitlines()
    asked = {line.split(" ")[2]: int(line.split(" ")[0]) / 1e9 for line in lines}
    return Worked(entries, begun, seconds, costs, server_seconds, runs, asked)


def _server_seconds(server: RedisServer) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(worked: Worked) -> list[str]:
    """What there is to say."""
    costs, seconds, overhead = worked.costs, worked.seconds, worked.overhead_micros
    first = first_ends(worked.runs)
    ends = sorted(end - worked.begun for event, end in first.items() if event not in worked.asked)
    tail = max(first.get(event, math.inf) for event in _tail(worked.entries)) - worked.begun
    waits = sorted(run.begun - worked.asked[run.event] for run in worked.runs if run.event in worked.asked)
    return [
        (
            f"worked off in {seconds:.0f} s ({worked.entries / seconds:,.0f}/s); the server worked for "
            f"{worked.server_seconds:.1f} s, {overhead:.0f} µs of it beside each command"
        ),
        f"{'':30} {'commands':>10} {'ms':>10} {'of a core':>10}",
        *(
            f"{kind:30} {costs.number[kind]:>10,} {micros / 1000:>10,.0f} "
            f"{costs.share([kind], seconds, overhead):>10.2%}"
            for kind, micros in costs.micros.most_common(KINDS_SHOWN)
        ),
        f"all reclaimers together: {worked.share:.2%} of a core",
        (
            f"half of all were handled after {ends[len(ends) // 2]:.1f} s, the tail after {tail:.1f} s, before which "
            f"{_repeats_before(worked, worked.begun + tail)} others were handled again"
        ),
        (
            f"{len(waits)} new events meanwhile: half of them waited {waits[len(waits) // 2] * 1000:.0f} ms, "
            f"one in a hundred {waits[len(waits) * 99 // 100] * 1000:.0f} ms, one {waits[-1] * 1000:.0f} ms"
        ),
    ]


def faults_of(worked: Worked) -> list[str]:
    """What must not be."""
    first = first_ends(worked.runs)
    missing = [event_id(number) for number in range(worked.entries) if event_id(number) not in first]
    if missing:
        return [f"{len(missing)} were not handled: {', '.join(missing[:5])}"]
    faults = []
    again = _repeats_before(worked, max(first[event] for event in _tail(worked.entries)))
    if again > worked.entries * AGAIN_PART_MAX:
        faults.append(f"{again} were handled again before the tail was handled once")
    if worked.share > SHARE_MAX:
        faults.append(f"the reclaimers load the server by {worked.share:.0%} of a core")
    return faults


def first_ends(runs: Iterable[Run]) -> dict[str, float]:
    """When each event was first handled."""
    first: dict[str, float] = {}
    for run in runs:
        if run.ended is not None:
            first[run.event] = min(run.ended, first.get(run.event, run.ended))
    return first


def _tail(entries: int) -> Sequence[str]:
    return [event_id(number) for number in range(entries - max(1, entries // 100), entries)]


def _repeats_before(worked: Worked, end: float) -> int:
    runs = [run.event for run in worked.runs if run.begun < end]
    return len(runs) - len(set(runs))


def main() -> int:
    """One run; returns 0 if all is well."""
    parser = argparse.ArgumentParser(description="Works off what dead consumers left, and says what it costs.")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--idle-ms", type=int, default=2000, help="the idle limit of the group")
    parser.add_argument("--server", help="the redis-server to run; by default REDIS_SERVER, or the one on PATH")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="endurance-") as folder, RedisServer(options.server) as server:
        print(f"Redis {'.'.join(map(str, server.version))}", flush=True)
        troop = Troop(Path(folder))
        try:
            prepare(server, troop, options.entries, options.idle_ms)
            worked = work_off(server, troop, options.entries, options.idle_ms)
        finally:
            troop.end()
        faults = [*faults_of(worked), *troop.troubles, *troop.crashes()]
        print("\n".join([*told(worked), *(f"WRONG: {fault}" for fault in faults)]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
