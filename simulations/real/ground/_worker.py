"""A process of a run on real ground: ``python -m redis_streams.simulations.real.ground._worker POSTING``."""

from __future__ import annotations

import sys

import trio

from ._journal import RunClock
from ._part import play
from ._post import Post, Posting
from ._whereabouts import find_scenario


def main(word: str) -> None:
    """Play the part that the posting says."""
    post = Post(Posting.from_argument(word))
    scenario = find_scenario(post.posting.scenario)
    post.wait_begin()
    trio.run(play, post, scenario, clock=RunClock(post.clock))


if __name__ == "__main__":
    main(sys.argv[1])
