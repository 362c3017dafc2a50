"""Measures this library beside hand-written redis-py loops and FastStream: ``make bench``. See README.md.

Exit status: 0 all targets met, 1 a target missed, 2 not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis
import report
from backlog import Backlog
from redis_streams.simulations.real import RedisServer, ServerFailed, ServerNotFound
from report import Measured
from rounds import Answer, Rounds, WorkerFailedError
from rows import ROWS, Row, quick_events, why_left_out

ROUNDS = 5
QUICK_ROUNDS = 2
SHARED = "as the system hands them out"


def main() -> int:
    """Measure, print, and say by the exit status whether all targets were met."""
    options = _parse()
    chosen = [row for row in ROWS if not options.only or row.name in options.only]
    left_out = {row.name: why for row in chosen if (why := why_left_out(row)) is not None}
    try:
        with _server() as (url, cores), redis.Redis.from_url(url) as client:
            rows = [row for row in chosen if row.name not in left_out]
            measured = _measure(rows, url, client, quick=options.quick)
            about = {"quick": options.quick, "versions": report.versions(client), "machine": report.machine(cores)}
    except (ServerNotFound, ServerFailed, WorkerFailedError, redis.RedisError) as error:
        print(f"\nnot measured: {error}", file=sys.stderr)
        return 2
    if options.json:
        text = json.dumps(report.as_json(measured, left_out, about), indent=2)
        options.json.write_text(text + "\n")
    report.show(measured)
    print(f"Processor cores: {cores}. See benchmarks/README.md for what that does to the ratios.")
    return _conclude(measured, left_out, quick=options.quick)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__.splitlines()[0])
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names, help=f"one of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds, whose figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser.parse_args()


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """The server that REDIS_URL names, or one of our own that lives as long as this run; and which cores are whose."""
    named = os.environ.get("REDIS_URL")
    if named:
        yield named, SHARED
        return
    with RedisServer() as server:
        yield server.url, _keep_apart(server.pid)


def _keep_apart(server: int | None) -> str:
    """The server on a core of its own, this process and with it the workers on the others, where the system can.

    Otherwise server and worker share a core in some rounds: then nothing has to be woken up on another core, one trip
    there and back takes a third of the time, and the ratio of two rounds says which of them was lucky.
    """
    if server is None or not hasattr(os, "sched_setaffinity"):
        return SHARED
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        return f"{first} for the server and the workers alike"
    os.sched_setaffinity(server, [first])
    os.sched_setaffinity(0, others)
    return f"{first} for the server, {', '.join(map(str, others))} for the workers"


def _measure(rows: Sequence[Row], url: str, client: redis.Redis, *, quick: bool) -> list[Measured]:
    backlog = Backlog(client)
    rounds = Rounds(url, backlog, QUICK_ROUNDS if quick else ROUNDS, _show_round)
    measured = []
    try:
        for row in rows:
            events = quick_events(row) if quick else row.events
            _say(f"{row.name}: {row.about}; {row.ours.label} and {row.peer.label}, {events:,} events each\n ")
            measured.append(Measured(row, events, list(rounds.of(row, events)), judged=not quick))
            _say("\n")
    finally:
        backlog.clear()
    return measured


def _show_round(number: int, ours: Answer, peer: Answer) -> None:
    _say(f" {number}: {_short(ours)} and {_short(peer)}")


def _short(answer: Answer) -> str:
    match answer:
        case {"events": int(events), "seconds": float(seconds)}:
            return f"{(rate := events / seconds):,.{0 if rate >= 100 else 2}f}/s"
        case {"latency_ms": {"p50": float(middle)}}:
            return f"{middle:.2f} ms"
        case _:
            return "?"


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _conclude(measured: Sequence[Measured], left_out: dict[str, str], *, quick: bool) -> int:
    for name, why in left_out.items():
        print(f"left out: {name}. {why}")
    if quick:
        print("A smoke run: it is too short for its figures to mean anything, so no target was judged.")
    missed = [one.row.name for one in measured if one.verdict() == "missed"]
    if missed:
        print(f"target missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
