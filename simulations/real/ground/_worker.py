"""A process of a run on real ground: ``python -m redis_streams.simulations.real.ground._worker DESCRIPTOR POSTING``."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import trio

from ...planted import BUGS
from ._journal import RunClock
from ._part import play
from ._post import Post, Posting
from ._whereabouts import find_scenario


def play_posting(word: str, line: int) -> None:
    """Play the part that the posting says.

    Args:
        word: the posting.
        line: the descriptor of the process' end of its line.
    """
    post = Post(Posting.from_argument(word), line)
    scenario = find_scenario(post.posting.scenario)
    post.wait_begin()
    with BUGS[post.posting.plant].planted() if post.posting.plant else nullcontext():
        trio.run(play, post, scenario, clock=RunClock(post.clock))


if __name__ == "__main__":
    play_posting(sys.argv[2], int(sys.argv[1]))
