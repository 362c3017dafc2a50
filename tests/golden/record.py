"""Writes down what real servers answer, so that the simulated one can be compared where there are none.

``python tests/golden/record.py [--profile 7.0]``

For each version at hand one file: the kept sequences of the differential, and some random commands of every kind. While
it records it compares; what the simulated server does not answer alike is told and left out.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from differential.grammar import KINDS, commands
from differential.sequences import sequences
from differential.trial import Coverage, play, try_commands
from differential.twin import Difference
from golden.replay import FOLDER, Recording, line_of
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Profile
from support.servers import servers_at_hand

RANDOM_TRIALS = {"streams": 24}
OTHER_TRIALS = 6
TRIAL_COMMANDS = 40


def record(profile: str, server: RedisServer) -> list[Recording]:
    """All that is kept of one version."""
    recordings = [
        Recording(kept.name, kept.protocol, play(server, profile, kept.protocol, kept.plan, Coverage()))
        for kept in sequences()
        if kept.is_for(Profile.of(profile))
    ]
    for kind in KINDS:
        recordings += _record_random(profile, server, kind)
    return recordings


def _record_random(profile: str, server: RedisServer, kind: str) -> list[Recording]:
    recordings: list[Recording] = []

    @seed(0)
    @settings(
        max_examples=RANDOM_TRIALS.get(kind, OTHER_TRIALS),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        plan=st.lists(commands(Profile.of(profile), kind), min_size=TRIAL_COMMANDS, max_size=TRIAL_COMMANDS),
        protocol=st.sampled_from([2, 3] if profile >= "6" else [2]),
    )
    def play_one(plan: list[tuple[int, list[bytes]]], protocol: int) -> None:
        try:
            steps = try_commands(server, profile, protocol, plan, Coverage(), kind)
        except Difference as difference:
            print(f"{profile} {kind}: left out, as the simulated server {difference}")
            return
        recordings.append(Recording(f"{kind}-{len(recordings) + 1}", protocol, steps))

    play_one()
    return recordings


def main() -> None:
    """Record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="append", help="only these, as in 7.0")
    options = parser.parse_args()
    for (major, minor, _), binary in servers_at_hand().items():
        profile = f"{major}.{minor}"
        if profile not in VERSIONS or profile not in (options.profile or VERSIONS):
            continue
        with RedisServer(binary) as server:
            recordings = record(profile, server)
        path = FOLDER / f"{profile}.jsonl.gz"
        text = "".join(line_of(recording) + "\n" for recording in recordings)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"{path.name}: {sum(len(each.steps) for each in recordings):,} commands in {len(recordings)} recordings")


if __name__ == "__main__":
    main()
