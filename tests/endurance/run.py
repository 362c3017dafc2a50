"""`make endure`: somebody is killed every second, and nothing is lost.

``python tests/endurance/run.py [--seed 1] [--events 200000] [--seconds 180] [--server BINARY]``

Four consumers and a publisher, each a process, on a redis-server that writes everything to its disk before it answers
(`appendonly yes`, `appendfsync always`). Every second one of the six is killed with SIGKILL and comes back a little
later; a consumer sometimes under a new name, so that others have to take over what it held. Some events fail at first,
and are tried again. When the time is over and everything is published, the pending list has to empty; then all are
stopped, and `judge` looks at what they wrote down.

A seed says who is killed and what becomes of it. What is in whose hands then is up to the machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attrs import define, field, frozen
from endurance import programs
from endurance.journal import Tail, published_in, runs_in
from endurance.judge import Evidence, Judgement, Limits, Outage, judge
from endurance.programs import GROUP, HELD_MAX, IDLE_MS, STREAM, Part
from endurance.troop import Post, Troop
from redis_streams.simulations.planted import BUGS
from redis_streams.simulations.real import RedisServer

CONSUMERS = 4
BACK_SECONDS_MAX = 0.5
"""How long a post stays empty at most; the average is half of it."""
PUBLISH_SECONDS_MAX = 1200.0
"""A run in which publishing takes so long has failed."""
EMPTY_SECONDS = 60.0
"""From the last kill, when all is published, until the pending list must be empty: a dozen times the idle limit."""
SERVER = {"auto-aof-rewrite-min-size": "16mb"}
"""What is killed every few seconds reads its whole file each time: by default 64 MB of it at least."""
LOOK_SECONDS = 0.02
TELL_SECONDS = 5.0
UNREAD_MAX = 1000
"""How many of them are counted."""


@frozen
class Choice:
    """What a seed decides about one kill."""

    victim: int
    """The post by its number; the number after the last one is the server."""
    back_seconds: float
    takes_new_name: bool


def choices(seed: int, posts: int) -> list[Choice]:
    """The kills of a run, in their order; more than any run has."""
    rng = Random(seed)
    return [
        Choice(rng.randrange(posts + 1), rng.uniform(0, BACK_SECONDS_MAX), rng.random() < 0.5) for _ in range(10_000)
    ]


@define(eq=False)
class Conductor:
    """One run: who is there, whom it strikes, and what was seen."""

    server: RedisServer
    troop: Troop
    options: argparse.Namespace
    begun: float = field(factory=time.monotonic)
    outages: list[Outage] = field(factory=list)
    handled: Tail = field(init=False)
    renamed: Counter[str] = field(factory=Counter)
    _told: float = 0.0
    _handled_before: int = 0

    def __attrs_post_init__(self) -> None:
        """Count what its processes write down."""
        self.handled = Tail(self.troop.folder, b" ended ")

    def go(self) -> Evidence:
        """The whole run."""
        posts = self.troop.posts
        posts += [Post(f"worker-{number}", programs.consume, self._consumer) for number in range(CONSUMERS)]
        publisher = Post("publisher", programs.publish, self._publisher)
        posts.append(publisher)
        end = self.begun + self.options.seconds
        self._kill_until(end)
        while not publisher.done:
            self._step()
            if time.monotonic() > end + PUBLISH_SECONDS_MAX:
                self.troop.troubles.append("publishing did not come to its end")
                break
        self._wait_empty()
        self.troop.stop_all()
        return self._evidence()

    def _kill_until(self, end: float) -> None:
        next_kill = self.begun + self.options.every
        for choice in choices(self.options.seed, len(self.troop.posts)):
            while time.monotonic() < next_kill or not self._strike(choice):
                self._step()
                if time.monotonic() >= end:
                    return
            # Not all that were missed at once, should a server have been long in coming.
            next_kill = max(next_kill, time.monotonic() - self.options.every / 2) + self.options.every

    def _step(self) -> None:
        self.troop.start_due()
        time.sleep(LOOK_SECONDS)
        self.troop.look()
        if time.monotonic() >= self._told + TELL_SECONDS:
            self._tell()

    def _strike(self, choice: Choice) -> bool:
        """False where the victim is not there: it is struck as soon as it is."""
        if choice.victim == len(self.troop.posts):
            since = time.monotonic()
            self.server.kill()
            self.server.restart()
            self.outages.append(Outage(since, time.monotonic()))
            return True
        post = self.troop.posts[choice.victim]
        killed = self.troop.kill(post, after_seconds=choice.back_seconds)
        if killed and choice.takes_new_name and post.program is programs.consume:
            first = post.name.partition(".")[0]
            self.renamed[first] += 1
            post.name = f"{first}.{self.renamed[first]}"
        return killed or post.done

    def _wait_empty(self) -> None:
        end = time.monotonic() + EMPTY_SECONDS
        while time.monotonic() < end:
            if self._left() == (0, 0):
                return
            self._step()

    def _consumer(self, post: Post) -> Part:
        return self._part(post, self.troop.folder / f"{len(self.troop.all)}.journal")

    def _publisher(self, post: Post) -> Part:
        return self._part(post, self.troop.folder / "published.journal")

    def _part(self, post: Post, journal: Path) -> Part:
        options = self.options
        return Part(
            self.server.url,
            post.name,
            journal,
            IDLE_MS,
            options.handler_ms / 1000,
            options.planted,
            options.events,
            options.rate,
        )

    def _left(self) -> tuple[int, int]:
        """How many entries are pending, and how many nobody has read.

        Not by what Redis calls the lag: up to 7.0 at least it counts anew what an append-only file brings back.
        """
        if not self.server.cli("EXISTS", STREAM):
            return 0, 0
        groups = self.server.cli("XINFO", "GROUPS", STREAM)
        if not groups:
            return 0, self.server.cli("XLEN", STREAM)
        group = dict(zip(groups[0][::2], groups[0][1::2], strict=True))
        last = group["last-delivered-id"]
        rows = self.server.cli("XRANGE", STREAM, last, "+", "COUNT", UNREAD_MAX)
        return group["pending"], sum(row[0] != last for row in rows)

    def _tell(self) -> None:
        (pending, unread), seconds = self._left(), time.monotonic() - self.begun
        published = published_in(self.troop.folder / "published.journal")
        handled = self.handled.look()
        rate = (handled - self._handled_before) / (time.monotonic() - self._told) if self._told else 0
        self._told, self._handled_before = time.monotonic(), handled
        more = "+" if unread >= UNREAD_MAX - 1 else ""
        print(
            f"{seconds:5.0f} s  {published:>9,} published  {handled:>9,} handled ({rate:,.0f}/s)  "
            f"unread {unread:,}{more}  pending {pending}  "
            f"{len(self.troop.kills)} processes and {len(self.outages)} servers killed",
            flush=True,
        )

    def _evidence(self) -> Evidence:
        pending, unread = self._left()
        runs = [
            run
            for incarnation in self.troop.all
            if incarnation.journal.name != "published.journal"
            for run in runs_in(incarnation.journal, incarnation.number)
        ]
        known = published_in(self.troop.folder / "published.journal")
        return Evidence(
            published=[programs.event_id(number) for number in range(known)],
            runs=runs,
            kills=self.troop.kills,
            outages=self.outages,
            length=self.server.cli("XLEN", STREAM),
            pending=pending,
            unread=unread,
            dead=self.server.cli("XLEN", f"{{{STREAM}}}:dead:{GROUP}"),
            troubles=[*self.troop.troubles, *self.troop.crashes()],
        )


def told(judgement: Judgement, conductor: Conductor) -> str:
    """The result in words."""
    of = Counter(judgement.repeated)
    repeated = sum(of.values())
    version = ".".join(map(str, conductor.server.version))
    lines = [
        (
            f"Redis {version}, seed {conductor.options.seed}: {judgement.handled:,} events handled in "
            f"{time.monotonic() - conductor.begun:.0f} s, {len(conductor.troop.kills)} processes and "
            f"{len(conductor.outages)} servers killed"
        ),
        f"the server was away for {_away_seconds(conductor.outages)}",
        (
            f"{repeated} runs were repeated: {of['failure']} had failed, {of['process']} for the end of their process "
            f"({judgement.most_by_one_kill} at most for one), {of['server']} for the server's"
        ),
        *(f"WRONG: {fault}" for fault in judgement.faults),
    ]
    return "\n".join(lines)


def _away_seconds(outages: Sequence[Outage]) -> str:
    lengths = [outage.until - outage.since for outage in outages]
    return f"{sum(lengths):.1f} s, {max(lengths, default=0):.1f} s at most at a time"


def main() -> int:
    """One run; returns 0 if all is well."""
    options = _options()
    options.rate = options.events / options.seconds * 1.05 if options.seconds else float("inf")
    with (
        tempfile.TemporaryDirectory(prefix="endurance-") as folder,
        RedisServer(options.server, appendonly="always", config=SERVER) as server,
    ):
        print(f"seed {options.seed}, Redis {'.'.join(map(str, server.version))}, journals in {folder}", flush=True)
        troop = Troop(Path(folder))
        conductor = Conductor(server, troop, options)
        try:
            evidence = conductor.go()
        finally:
            troop.end()
        judgement = judge(evidence, Limits(IDLE_MS / 1000, held_max=HELD_MAX))
        print(told(judgement, conductor), flush=True)
        if judgement.faults and options.keep:
            print(f"kept: {folder}; press Enter to remove it")
            sys.stdin.readline()
    return 1 if judgement.faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kills a process or the server every second, and judges.")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2), "big"))
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=180.0, help="for how long somebody is killed")
    parser.add_argument("--every", type=float, default=1.0, help="seconds from kill to kill")
    parser.add_argument("--handler-ms", type=float, default=2.0, help="what a handler takes")
    parser.add_argument("--server", help="the redis-server to run; by default REDIS_SERVER, or the one on PATH")
    parser.add_argument("--planted", choices=list(BUGS), help="a bug that the consumers are to have")
    parser.add_argument("--keep", action="store_true", help="wait at the end if something is wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
