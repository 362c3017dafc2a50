"""`make differential`: random commands on real servers and on the simulated one, until so many were answered alike.

``python tests/differential/run.py [--commands 20000] [--profile 7.0] [--kind lists] [--table FILE]``
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from differential.grammar import commands
from differential.trial import Coverage, try_commands
from differential.twin import Difference
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Profile
from support.servers import servers_at_hand

PLAN_COMMANDS = 60
ROUND_EXAMPLES = 50


def run_profile(profile: str, binary: Path, wanted: int, kind: str) -> tuple[Coverage, str | None]:
    """So many commands; returns what was seen, and the first difference as words."""
    coverage, begun = Coverage(), time.monotonic()
    with RedisServer(binary) as server:

        @settings(
            max_examples=ROUND_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            plan=st.lists(commands(Profile.of(profile), kind), min_size=20, max_size=PLAN_COMMANDS),
            protocol=st.sampled_from([2, 3] if profile >= "6" else [2]),
        )
        def check(plan: list[tuple[int, list[bytes]]], protocol: int) -> None:
            try_commands(server, profile, protocol, plan, coverage, kind)

        while coverage.commands < wanted:
            try:
                check()
            except Difference as difference:
                return coverage, str(difference)
            rate = coverage.commands / (time.monotonic() - begun)
            print(
                f"\r{profile} {kind}: {coverage.commands:,} of {wanted:,} commands, {rate:,.0f}/s ", end="", flush=True
            )
    print()
    return coverage, None


def main() -> int:
    """Run; 1 when something was answered differently."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000, help="for each profile (default: 20000)")
    parser.add_argument("--profile", action="append", help="only these, as in 7.0")
    parser.add_argument("--kind", default="streams", help="of values: lists, sets, sorted_sets, hashes, strings, keys")
    parser.add_argument("--table", type=Path, help="write the coverage here")
    options = parser.parse_args()
    failed = False
    tables: list[str] = []
    for version, binary in servers_at_hand().items():
        profile = f"{version[0]}.{version[1]}"
        if profile not in VERSIONS or (options.profile and profile not in options.profile):
            continue
        coverage, difference = run_profile(profile, binary, options.commands, options.kind)
        tables.append(f"## {profile}\n\n{coverage.commands:,} commands.\n\n{coverage.table()}")
        if difference is not None:
            failed = True
            print(f"\n{profile} differs {difference}")
    if options.table is not None:
        options.table.write_text("\n".join(tables))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
