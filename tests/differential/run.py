"""`make differential`: random commands on real servers and on the simulated one, until so many were answered alike.

``python tests/differential/run.py [--commands 20000] [--profile 7.0] [--kind lists] [--table FILE]``

First the sequences that are kept, then random commands. It fails when something is answered differently, and then the
fewest commands that show it are kept as a further sequence; and when, of the commands on streams, something that stands
in the inventory was not seen.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from differential.grammar import KINDS, commands
from differential.page import page
from differential.sequences import FOLDER, sequences, written
from differential.trial import Coverage, play, try_commands
from differential.twin import Difference
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Profile
from support.servers import servers_at_hand

PLAN_COMMANDS = 60
ROUND_EXAMPLES = 50
REPORT_COMMANDS = 5_000
MORE = 3
"""How many times the commands that were asked for are told, at most, while something was not seen yet."""


def play_kept(server: RedisServer, profile: str, coverage: Coverage) -> None:
    """The sequences that are kept."""
    for kept in sequences():
        if kept.is_for(Profile.of(profile)):
            play(server, profile, kept.protocol, kept.plan, coverage)


def play_random(server: RedisServer, profile: str, kind: str, wanted: int, coverage: Coverage) -> None:
    """So many random commands, and more where some kind of answer is still missing."""
    begun, before, told = time.monotonic(), coverage.commands, 0
    protocols = [2, 3] if profile >= "6" else [2]

    @settings(
        max_examples=ROUND_EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        plan=st.lists(commands(Profile.of(profile), kind), min_size=20, max_size=PLAN_COMMANDS),
        protocol=st.sampled_from(protocols),
    )
    def check(plan: list[tuple[int, list[bytes]]], protocol: int) -> None:
        try_commands(server, profile, protocol, plan, coverage, kind)

    while (done := coverage.commands - before) < wanted * (MORE if holes_of(profile, kind, coverage) else 1):
        if done >= told + REPORT_COMMANDS:
            told = done
            rate, missing = done / (time.monotonic() - begun), len(holes_of(profile, kind, coverage))
            print(f"{profile} {kind}: {done:,} of {wanted:,} commands, {rate:,.0f}/s, {missing} not seen", flush=True)
        check()


def holes_of(profile: str, kind: str, coverage: Coverage) -> list[str]:
    """What should have been seen; only streams have an inventory."""
    if kind != "streams":
        return []
    return [f"{item.command}: {item.what}" for item in coverage.holes(version_of(profile))]


def version_of(profile: str) -> tuple[int, int]:
    """As numbers."""
    major, minor = profile.split(".")
    return int(major), int(minor)


def run_one(profile: str, binary: Path, kind: str, wanted: int) -> tuple[str, str, Coverage, list[str]]:
    """So many commands of one kind on one server; returns what was seen, and what is wrong, as words."""
    coverage = Coverage()
    with RedisServer(binary) as server:
        try:
            if kind == "streams":
                play_kept(server, profile, coverage)
            play_random(server, profile, kind, wanted, coverage)
        except Difference as difference:
            path = FOLDER / f"found_{kind}_{profile.replace('.', '_')}.txt"
            about = "Found by the differential: say here what broke"
            path.write_text(written(about, profile, difference.protocol, difference.plan))
            return profile, kind, coverage, [f"differs {difference}\nkept as {path}: give it a name"]
    wrong = [f"was not seen: {hole}" for hole in holes_of(profile, kind, coverage)]
    if kind == "streams":
        wrong += [f"is not in the inventory: {name}: {what}" for name, what in coverage.unlisted(version_of(profile))]
    return profile, kind, coverage, wrong


def main() -> int:
    """Run; 1 when something was answered differently, or was not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000, help="for each profile (default: 20000)")
    parser.add_argument("--profile", action="append", help="only these, as in 7.0")
    parser.add_argument("--kind", default="streams", help=f"of values, or all: {', '.join(KINDS)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="servers at once (default: processors)")
    parser.add_argument("--table", type=Path, help="write the coverage here")
    options = parser.parse_args()
    servers = {f"{major}.{minor}": binary for (major, minor, _), binary in servers_at_hand().items()}
    work = [
        (profile, binary, kind, options.commands)
        for kind in (KINDS if options.kind == "all" else [options.kind])
        for profile, binary in servers.items()
        if profile in VERSIONS and profile in (options.profile or VERSIONS)
    ]
    covered: dict[str, Coverage] = {}
    failed = not work
    with ProcessPoolExecutor(options.jobs) as pool:
        for profile, kind, coverage, wrong in pool.map(run_one, *zip(*work, strict=True)) if work else ():
            failed |= bool(wrong)
            print(f"{profile} {kind}: {coverage.commands:,} commands, {'WRONG' if wrong else 'all alike'}")
            print("".join(f"{profile} {kind} {each}\n" for each in wrong), end="", flush=True)
            if kind == "streams":
                covered[profile] = coverage
    if options.table is not None:
        options.table.write_text(page(covered))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
