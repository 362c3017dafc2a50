"""A failure told so that a person sees what went wrong: at most 40 lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from ..checkers import lifelines
from ._narrate import counted, narrate, whole_plan_in_words
from ._replay import replay_line
from ._run import Outcome
from ._store import Finding

LINES_MAX = 40
PLAN_LINES_MAX = 12
WIDTH = 118
AGAIN = "redis-streams simulate --replay '{}'"
REPLAY_MAX = 1500
"""Characters of a replay line that one would still copy; a longer one is a file's name."""


def tell(
    finding: Finding, outcome: Outcome | None, *, path: str = "", again: str = AGAIN, page: str = ""
) -> Sequence[str]:
    """The promise that was broken, the plan in words, the life of the event concerned, and how to see it again.

    Args:
        finding: the failure.
        outcome: of its smallest plan; None where there is none, as the process was lost with it.
        path: of the file where it is kept.
        again: what brings it back; ``{}`` stands for the replay line, or for the path if that line is too long.
        page: of its page, where there is one.
    """
    head = [*_headline(finding), "", *_plan(finding)]
    foot = ["", "  to see it again:", f"    {again.replace('{}', _replay(finding, path))}"]
    if page:
        foot.append(f"  as a page: {page}")
    room = LINES_MAX - len(head) - len(foot) - 2
    return [*head, *_life(finding, outcome, room), *foot]


def _headline(finding: Finding) -> Iterator[str]:
    where = f"scenario {finding.plan.scenario}, seed {finding.drawn.seed}"
    what = {
        "violated": f"BROKEN: {finding.promise}",
        "not live": "NOT LIVE: liveness",
        "crashed": "CRASHED",
        "nondeterministic": "NONDETERMINISTIC",
    }[finding.status]
    yield f"{what} ({where})"
    for line in finding.words.splitlines()[:8]:
        yield from textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="    ")[:4]


def _plan(finding: Finding) -> Iterator[str]:
    drawn = finding.drawn
    before = f"{counted(len(drawn.faults), 'fault')} and {counted(len(drawn.events), 'event')}"
    from_what = f", shrunk from {before} in {finding.runs} runs"
    yield f"  the plan{from_what if finding.runs else ''}:"
    lines = list(whole_plan_in_words(finding.plan))
    yield from (f"    {line[:WIDTH]}" for line in lines[:PLAN_LINES_MAX])
    if len(lines) > PLAN_LINES_MAX:
        yield f"    and {len(lines) - PLAN_LINES_MAX} more"


def _life(finding: Finding, outcome: Outcome | None, room: int) -> Iterator[str]:
    if outcome is None:
        return
    if finding.event_ids:
        lines = lifelines(outcome.history, finding.event_ids, lines_max=room)
        if len(finding.event_ids) == 1:
            lines = lines[1:]  # Its name, which the next line has.
        yield from ("", f"  the life of {' and '.join(finding.event_ids[:3])}:", *(f"  {line}" for line in lines))
        return
    told = list(narrate(outcome.history))
    yield from ("", "  how it ended:", *(f"  {line[:WIDTH]}" for line in told[-room:]))


def _replay(finding: Finding, path: str) -> str:
    line = replay_line(finding.plan)
    return line if len(line) <= REPLAY_MAX or not path else path
